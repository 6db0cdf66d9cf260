"""C6, F11, J1, J2, J4: no secret leaves the vault, whatever goes wrong.

Every secret is planted with a mark, or noted down where it is made by chance; then every surface is searched.
"""

import json
import pathlib
import re
import secrets
import time

import pytest

from rig.gateway import Installation, oauth2_entry
from rig.database import DATABASES
from rig.sandbox import decide, query_of

MARK = f"CANARY-{secrets.token_hex(8)}"
SURFACES = ["command line", "environment", "log", "database", "answers", "pages", "metrics"]
# RS256 tokens of the sandbox all begin so.
ID_TOKEN = b"eyJhbGciOiJSUzI1NiIs"


def encryption_key():
    """44 characters of base64url that are a key and carry the mark."""
    return ("CANARY-" + secrets.token_hex(18))[:42] + "A="


class Notebook:
    """What must be found nowhere, and what was seen."""

    def __init__(self):
        self.secrets = {MARK.encode(), ID_TOKEN}
        self.surfaces = {}

    def note(self, secret):
        assert len(secret) >= 12, "too short to be told from chance"
        self.secrets.add(secret.encode())

    def see(self, surface, octets):
        self.surfaces[surface] = self.surfaces.get(surface, b"") + octets

    def answer(self, surface, response):
        head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        self.see(surface, head.encode() + b"\n" + response.content)

    def leaks(self):
        return {surface for surface, octets in self.surfaces.items() if self.found(octets)}

    def found(self, octets):
        return any(secret in octets for secret in self.secrets)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def run(request, tmp_path_factory, sandbox):
    """A day in the life of a gateway at the most talkative log level; the notebook of it."""
    folder = tmp_path_factory.mktemp("canaries")
    client = {"client_id": "sandbox-client", "client_secret": f"{MARK}-client-secret"}
    provider = sandbox.provider("canary", token_prefix=f"{MARK}-", clients=[client])
    database = DATABASES[request.param](folder)
    installation = Installation(
        folder, database, {"vault": oauth2_entry(provider), "check": oauth2_entry(provider, identity="confirm")},
        SANDBOX_SECRET=client["client_secret"], AUTH_GATEWAY_ACCESS_LOG="all",
    )  # fmt: skip
    installation.root_key = f"{MARK}-{secrets.token_urlsafe(16)}"
    installation.encryption_key = encryption_key()
    notebook = Notebook()
    notebook.note(installation.encryption_key)
    gateway = installation.start()
    try:
        live(notebook, gateway, installation, provider)
        for surface, name in (("command line", "cmdline"), ("environment", "environ")):
            notebook.see(surface, proc(gateway.process.pid, name))
    finally:
        gateway.stop()
    notebook.see("log", gateway.logs().encode())
    notebook.see("database", database.everything())
    for token in provider.ledger()["tokens"]:
        notebook.note(token["value"])
        if token.get("code_verifier"):
            notebook.note(token["code_verifier"])
    yield notebook, gateway, provider
    database.drop()


def proc(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    except PermissionError:
        return b""  # closed even to the gateway's own user


def live(notebook, gateway, installation, provider):
    made = installation.command(
        "api-keys", "create", "--name", "canary", "--operations", "token", "--providers", "*", "--owners", "*"
    )
    key = max(made.stdout.split(), key=len)
    notebook.note(key)

    def start(entry, user):
        answer = gateway.post("/auth/init", {"provider": entry, "user_email": user})
        flow = answer.json()
        query = query_of(flow["auth_url"])
        notebook.note(query["state"])
        # The link itself carries the state; nothing else may.
        public = answer.text.replace(query["state"], "").encode()
        notebook.see("answers", public)
        return flow

    def consent(entry, user, account=None):
        flow = start(entry, user)
        url = decide(flow["auth_url"], account or user)
        notebook.answer("pages", gateway.callback(url))
        notebook.answer("pages", gateway.callback(url))
        notebook.answer("answers", gateway.http.get(f"/auth/status/{flow['session_id']}"))
        return flow

    def token(user, **extra):
        answer = gateway.token("vault", user, **extra)
        if answer.status_code == 200:
            notebook.note(answer.json()["access_token"])
            notebook.see("answers", answer.text.replace(answer.json()["access_token"], "").encode())
        else:
            # A new link may be in it.
            body = answer.json()
            state = query_of(body["auth_url"])["state"] if "auth_url" in body else ""
            notebook.see("answers", answer.text.replace(state, "").encode() if state else answer.content)
        return answer

    provider.configure(access_ttl=2)
    consent("vault", "alice@example.com")
    assert token("alice@example.com", key=key).status_code == 200
    time.sleep(2.1)
    assert token("alice@example.com").status_code == 200

    # Failures: of identity, of the exchange, of renewals in several ways.
    consent("vault", "bob@example.com", account="mallory@example.com")
    consent("check", "bob@example.com", account="mallory@example.com")
    provider.fault(status=400, body=f'{{"error":"invalid_grant","error_description":"{MARK}-in-a-body"}}')
    consent("vault", "carl@example.com")
    provider.fault("userinfo", times=-1, status=500, body=f"{MARK}-in-a-body")
    provider.fault(body=f'{{"access_token":"{MARK}-access-odd","token_type":"mac"}}')
    consent("vault", "dora@example.com")
    provider.up()
    for fault in (
        {"status": 500, "body": f"<html>{MARK}-in-a-body"},
        {"status": 400, "body": f'{{"error":"the token {MARK} is unknown"}}'},
        {"body": f'{{"access_token":["{MARK}-access-odd"]}}'},
        {"cut_at": 30},
    ):
        user = f"user-{secrets.token_hex(3)}@example.com"
        consent("vault", user)
        time.sleep(2.1)
        provider.fault(grant_type="refresh_token", **fault)
        assert token(user).status_code >= 500
        provider.up()
    provider.withdraw("alice@example.com")
    time.sleep(2.1)
    assert token("alice@example.com").status_code == 401

    # What strangers send.
    notebook.answer("answers", gateway.api("GET", "/providers"))
    notebook.answer("answers", gateway.api("GET", "/auth/providers/alice@example.com"))
    for path in ("/health", "/openapi.json", "/docs"):
        notebook.answer("answers", gateway.http.get(path))
    notebook.answer("answers", gateway.post("/auth/token", {"provider": "vault", "user_email": "x"}))
    provider.configure(access_ttl=3600)
    consent("vault", "eve@example.com")
    provider.fault("revoke", times=2, status=503, body=f"{MARK}-in-a-body")
    notebook.answer("answers", gateway.revoke("vault", "eve@example.com"))
    consent("vault", "fay@example.com")
    notebook.answer("answers", gateway.revoke("vault", "fay@example.com"))
    notebook.answer("metrics", gateway.api("GET", "/metrics"))


def test_the_run_did_what_it_says(run):
    """Otherwise nothing would have had the chance to leak."""
    notebook, gateway, provider = run
    counts = provider.ledger()["requests"]
    assert counts["token:refresh_token"] >= 4 and counts["revoke"] >= 2 and counts["token:authorization_code"] >= 8
    events = [json.loads(line)["event"] for line in gateway.logs().splitlines()]
    assert {"listening", "stopped"} <= set(events) and len(events) > 10
    assert {"request", "listening"} <= set(events), "the access log is part of it"
    assert set(notebook.surfaces) == set(SURFACES)
    assert all(len(octets) > 10 for surface, octets in notebook.surfaces.items() if surface != "environment")


@pytest.mark.parametrize("surface", SURFACES)
def test_no_secret_is_found(run, surface):
    notebook, _, _ = run
    octets = notebook.surfaces[surface]
    places = [
        octets[max(0, at.start() - 60) : at.end() + 40]
        for secret in notebook.secrets
        for at in re.finditer(re.escape(secret), octets)
    ]
    assert places == []


def test_a_planted_secret_is_found_on_every_surface(run):
    """The search can fail."""
    notebook, _, provider = run
    kinds = {token["kind"] for token in provider.ledger()["tokens"]}
    assert kinds == {"code", "access", "refresh"}
    for secret in notebook.secrets:
        for octets in notebook.surfaces.values():
            middle = len(octets) // 2
            assert notebook.found(octets[:middle] + secret + octets[middle:])


def test_log_has_one_line_for_each_event(run):
    """J3."""
    _, gateway, _ = run
    for line in gateway.logs().splitlines():
        assert {"time", "level", "event"} <= set(json.loads(line)), line
