"""Google's Ads and Analytics APIs, as far as the example servers use them. Only a token that lives in the sandbox opens them."""

import http.server
import json
import re
import threading

CAMPAIGNS = [
    {"campaign": {"resourceName": f"customers/1234567890/campaigns/{number}", "id": str(number), "name": name, "status": status}}
    for number, name, status in ((111, "Spring", "ENABLED"), (222, "Brand", "PAUSED"), (333, "Autumn", "ENABLED"))
]
SUMMARIES = {
    "accountSummaries": [
        {
            "name": "accountSummaries/1000",
            "account": "accounts/1000",
            "displayName": "Example",
            "propertySummaries": [{"property": "properties/4711", "displayName": "Shop", "propertyType": "PROPERTY_TYPE_ORDINARY"}],
        }
    ]
}
COUNTRIES = (("Germany", "31"), ("France", "12"))


class GoogleApis:
    """`ledger` of the provider is asked at every call; `calls` are the paths that were answered with data."""

    def __init__(self, provider):
        self.provider = provider
        self.calls = []
        apis = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer({})

            def do_POST(self):
                self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def answer(self, body):
                status, content = apis.answer(self.command, self.path, self.headers, body)
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024  # hundreds of calls arrive at once; the kernel drops what does not fit

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, headers, body):
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.provider.living("access"):
            return failure(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        content = self.data(method, path.split("?")[0], headers, body)
        if content is None:
            return failure(404, "NOT_FOUND", "Requested entity was not found.")
        if "error" not in content:
            self.calls.append(path)
            return 200, content
        return content["error"]["code"], content

    def data(self, method, path, headers, body):
        if path == "/v1beta/accountSummaries" and method == "GET":
            return SUMMARIES
        if path == "/v1beta/properties/4711:runReport" and method == "POST":
            return report(body)
        if re.match(r"/v\d+/customers", path) and not headers.get("developer-token"):
            return failure(401, "UNAUTHENTICATED", "Developer token was not found.")[1]
        if re.fullmatch(r"/v\d+/customers:listAccessibleCustomers", path) and method == "GET":
            return {"resourceNames": ["customers/1234567890", "customers/9876543210"]}
        if re.fullmatch(r"/v\d+/customers/1234567890/googleAds:search", path) and method == "POST":
            return page_of_campaigns(body)
        return None


def failure(code, status, message):
    return code, {"error": {"code": code, "message": message, "status": status}}


def page_of_campaigns(body):
    """Two rows a page."""
    if not body["query"].startswith("SELECT "):
        return failure(400, "INVALID_ARGUMENT", "Error in query: unexpected input.")[1]
    start = int(body.get("pageToken", "0"))
    page = {"results": CAMPAIGNS[start : start + 2], "fieldMask": "campaign.id,campaign.name,campaign.status"}
    return {**page, "nextPageToken": str(start + 2)} if start + 2 < len(CAMPAIGNS) else page


def report(body):
    dimensions = [item["name"] for item in body["dimensions"]]
    metrics = [item["name"] for item in body["metrics"]]
    rows = [
        {"dimensionValues": [{"value": country}] * len(dimensions), "metricValues": [{"value": users}] * len(metrics)}
        for country, users in COUNTRIES
    ]
    return {
        "dimensionHeaders": [{"name": name} for name in dimensions],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
        "rows": rows,
        "rowCount": len(rows),
        "kind": "analyticsData#runReport",
    }
