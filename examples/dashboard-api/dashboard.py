"""GET /connections/EMAIL: which providers the user has connected, and a link for each that is missing.

Usage: dashboard.py PORT. Put it behind your own sign-in: it tells anybody about everybody.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from mcp_auth_client import AuthGatewayError, SyncAuthClient

PROVIDERS = ("google",)
client = SyncAuthClient()


def connections(user_email: str) -> dict[str, dict[str, object]]:
    active = {grant["provider"] for grant in client.providers(user_email) if grant["status"] == "active"}
    return {
        provider: {"connected": True}
        if provider in active
        else {"connected": False, "link": client.init_oauth(provider, user_email)["auth_url"]}
        for provider in PROVIDERS
    }


class Dashboard(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        place, _, user_email = self.path.lstrip("/").partition("/")
        if place != "connections" or not user_email:
            return self.answer(404, {"message": "There is only /connections/EMAIL."})
        try:
            self.answer(200, connections(unquote(user_email)))
        except AuthGatewayError as error:
            self.answer(502, {"message": str(error)})

    def answer(self, status: int, content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Dashboard).serve_forever()
