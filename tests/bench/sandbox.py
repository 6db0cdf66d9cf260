"""A provider with thousands of consents: the sandbox, and the rows that a gateway would have stored for them."""

import concurrent.futures
import contextlib
import http.client
import json
import re
import time
import urllib.parse

from common import BIN, ask, process

PROVIDER = "storm"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
REDIRECT = "http://127.0.0.1/done"
WRITERS = 8


def providers_yaml(url, proactive):
    """`proactive` all: the gateway renews by itself what is due; off: when it is read."""
    return f"""version: 1
providers:
  {PROVIDER}:
    plugin: oauth2
    client_id: sandbox-client
    client_secret: ${{SANDBOX_CLIENT_SECRET}}
    scopes: [openid, email, offline_access]
    allow_private: true
    refresh: {{ proactive: {proactive} }}
    options:
      issuer: {url}
      authorization_url: {url}/authorize
      token_url: {url}/token
      revocation_url: {url}/revoke
      userinfo_url: {url}/userinfo
"""


class Sandbox:
    def __init__(self, url):
        self.root = url
        self.url = f"{url}/{PROVIDER}"
        self.control = f"{url}/_control/providers/{PROVIDER}"
        self.configure(0)

    def configure(self, delay_ms):
        policy = {"delay_ms": delay_ms, "id_token": False, "pkce": "optional", "access_ttl": 3600}
        ask(self.control, json.dumps(policy).encode(), {"Content-Type": "application/json"}, "PUT")

    def counts(self):
        """Refresh requests so far, and uses of spent refresh tokens."""
        counts = json.loads(ask(self.control + "/counts")[1])
        return counts["requests"].get("token:refresh_token", 0), counts["reuse"]

    def consents(self, users):
        """Lines `profile access refresh` of that many people who consented."""
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            parts = pool.map(self._consents, [range(start, users, WRITERS) for start in range(WRITERS)])
            return [line for part in parts for line in part]

    def _consents(self, users):
        place = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        asked = {"client_id": CLIENT["client_id"], "redirect_uri": REDIRECT, "response_type": "code",
                 "scope": "openid email offline_access", "state": "bench"}  # fmt: skip
        page = f"{place.path}/authorize?{urllib.parse.urlencode(asked)}"
        lines = []
        for user in users:
            profile = f"user{user:05d}@example.com"
            connection.request("POST", page, urllib.parse.urlencode({"account": profile, "decision": "allow"}), form)
            answer = connection.getresponse()
            answer.read()
            code = re.search(r"[?&]code=([^&]+)", answer.headers["Location"])[1]
            exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **CLIENT}
            connection.request("POST", f"{place.path}/token", urllib.parse.urlencode(exchange), form)
            tokens = json.loads(connection.getresponse().read())
            lines.append(f"{profile} {tokens['access_token']} {tokens['refresh_token']}")
        return lines


@contextlib.contextmanager
def sandbox(folder):
    log = folder / "sandbox.log"
    with process([BIN / "oauth-sandbox", "--port", 0], log) as child:
        while not (found := re.search(r"^oauth-sandbox listening on (\S+)$", log.read_text(), re.M)):
            if child.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.01)
        yield Sandbox(found[1])
