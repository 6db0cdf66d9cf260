"""The sandbox provider, its control API, and a person who answers its consent page."""

import re
import secrets
import urllib.parse

import httpx

from .process import BUILD, Process, until

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"
SCOPES = ["openid", "email", "offline_access"]


class Sandbox:
    """One process; tests take providers of their own from it. Its clients reach it at the address `host`."""

    def __init__(self, folder, host="127.0.0.1"):
        folder.mkdir(parents=True, exist_ok=True)
        listen = host if host == "127.0.0.1" else "0.0.0.0"
        self.process = Process(
            [BUILD / "bin/oauth-sandbox", "--host", listen, "--port", 0, "--https-port", 0, "--state-dir", folder],
            folder / "sandbox.log",
        )
        urls = until(self._urls, 60, what="the sandbox's addresses")  # it makes three RSA keys first
        self.http_url, self.https_url = (url.replace(listen, host) for url in urls)
        self.certificate = folder / "tls.crt"
        self.http = httpx.Client(base_url=urls[0].replace(listen, "127.0.0.1"), timeout=30)  # controlled from here alone

    def _urls(self):
        assert self.process.alive(), self.process.text()
        urls = re.findall(r"^oauth-sandbox listening on (\S+)$", self.process.text(), re.M)
        return urls if len(urls) == 2 else None

    def provider(self, name="test", **policy):
        return Provider(self, f"{name}-{secrets.token_hex(4)}", policy)

    def shift_clock(self, seconds):
        self.http.post("/_control/clock", json={"offset_seconds": seconds}).raise_for_status()

    def stop(self):
        self.http.close()
        return self.process.stop()


class Provider:
    """One imitated provider. `ledger()` is the oracle: every token it ever issued, and what became of it."""

    def __init__(self, sandbox, name, policy):
        self.sandbox = sandbox
        self.name = name
        self.url = f"{sandbox.http_url}/{name}"
        self.https_url = f"{sandbox.https_url}/{name}"
        self.control = f"/_control/providers/{name}"
        self.policy = {}
        self.configure(**policy)

    def configure(self, **policy):
        self.policy.update(policy)
        answer = self.sandbox.http.put(self.control, json=self.policy)
        assert answer.status_code == 200, answer.text
        return answer.json()

    # ---- faults
    def fault(self, endpoint="token", **fault):
        answer = self.sandbox.http.post(f"{self.control}/faults", json={"endpoint": endpoint, **fault})
        assert answer.status_code == 200, answer.text

    def down(self, endpoint="token"):
        self.fault(endpoint, times=-1, status=503, body="down for maintenance")

    def up(self):
        self.sandbox.http.delete(f"{self.control}/faults").raise_for_status()

    def holding(self):
        return self.sandbox.http.get(f"{self.control}/faults").json()["holding"]

    def wait_until_held(self, count=1):
        until(lambda: self.holding() >= count, what=f"{count} held requests")

    def release(self):
        return self.sandbox.http.post(f"{self.control}/release", json={}).json()["released"]

    def happen(self, event, **about):
        """An uninstallation, a suspension ...: as its button at the provider. The webhooks sent for it, and their answers."""
        answer = self.sandbox.http.post(f"{self.control}/events", json={"event": event, **about})
        assert answer.status_code == 200, answer.text
        return answer.json()["deliveries"]

    def deliveries(self):
        return self.sandbox.http.get(f"{self.control}/deliveries").json()["deliveries"]

    def app(self):
        """What the provider tells whoever registers a client there; the private key too."""
        return self.sandbox.http.get(f"{self.control}/app").json()

    def withdraw(self, account=""):
        """The person removes the client in their account settings."""
        return self.sandbox.http.post(f"{self.control}/revoke", json={"account": account}).json()["revoked"]

    # ---- the oracle
    def ledger(self):
        return self.sandbox.http.get(f"{self.control}/ledger").json()

    def requests(self, what):
        return self.ledger()["requests"].get(what, 0)

    def tokens(self, kind, account=None, state=None):
        return [
            token
            for token in self.ledger()["tokens"]
            if token["kind"] == kind
            and (account is None or token["account"] == account)
            and (state is None or token["state"] == state)
        ]

    def living(self, kind, account=None):
        return [token["value"] for token in self.tokens(kind, account, "alive")]


def decide(auth_url, account, decision="allow", **choices):
    """Answers the consent page as its form does; the address that the browser is sent to."""
    answer = httpx.post(auth_url, data={"account": account, "decision": decision, **choices}, timeout=30)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def with_query(url, **changes):
    """`url` with parameters replaced; None removes one."""
    parts = urllib.parse.urlsplit(url)
    query = {**dict(urllib.parse.parse_qsl(parts.query)), **changes}
    query = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()
