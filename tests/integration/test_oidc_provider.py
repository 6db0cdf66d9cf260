"""Against a certified provider that this project did not write (npm oidc-provider), by YAML alone.

It demands PKCE with S256, rotates refresh tokens, and ends everything when an old one is used.
"""

import json
import os
import pathlib
import secrets
import time

import httpx
import pytest

from rig.browser import person
from rig.database import SqliteDatabase
from rig.gateway import Installation
from rig.process import Process, free_port, until

SERVER = pathlib.Path(__file__).parent / "peers/oidc-provider/server.mjs"
LIFE = 3  # seconds that its access tokens live


class Peer:
    def __init__(self, folder, redirect_uri):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.secret = secrets.token_urlsafe(24)
        environ = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "CLIENT_SECRET": self.secret,
            "REDIRECT_URI": redirect_uri,
            "ACCESS_TTL": str(LIFE),
            "PACKAGES": str(pathlib.Path(os.environ["AGW_NODE_DIR"]) / "oidc-provider"),
        }
        self.process = Process(["node", SERVER], folder / "peer.log", environ)

    def __enter__(self):
        try:
            until(lambda: self.events("listening"), 30, 0.1, "the peer")
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()  # it holds nothing that is worth an orderly end

    def events(self, name=None):
        lines = [json.loads(line) for line in self.process.text().splitlines() if line.startswith("{")]
        return [line for line in lines if name is None or line["event"] == name]

    def entry(self):
        return {
            "plugin": "oauth2",
            "client_id": "peer-client",
            "client_secret": "${PEER_SECRET}",
            "scopes": ["openid", "email", "offline_access"],
            "identity": "match",
            "allow_private": True,
            "refresh": {"proactive": "off"},  # the test counts what its reads renew
            "options": {
                "authorization_url": f"{self.url}/auth",
                "token_url": f"{self.url}/token",
                "revocation_url": f"{self.url}/token/revocation",
                "userinfo_url": f"{self.url}/me",
                "issuer": self.url,
                "issuer_in_callback": True,
                "client_auth": "basic",
                "authorization_params": {"prompt": "consent"},
            },
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("oidc-provider")


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def peer(folder, port):
    with Peer(folder, f"http://127.0.0.1:{port}/auth/callback/peer") as peer:
        yield peer


@pytest.fixture(scope="module")
def gateway(folder, port, peer):
    installation = Installation(folder, SqliteDatabase(folder), {"peer": peer.entry()}, PEER_SECRET=peer.secret)
    gateway = installation.start(port=port)
    yield gateway
    assert gateway.stop() == 0


def consent(page, account):
    page.locator('input[name="login"]').fill(account)
    page.locator('input[name="password"]').fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/auth/callback/**")


def test_consent_exchange_three_renewals_and_revoke(peer, gateway, browser, user, artefacts):
    flow = gateway.init("peer", user)
    with person(browser) as page:
        page.goto(flow["auth_url"])
        consent(page, user)
        page.screenshot(path=artefacts / "oidc-provider-done.png", full_page=True)
        assert "Authentication Successful" in page.content(), peer.process.text()[-2000:]
    assert gateway.status(flow)["status"] == "completed"

    seen = [gateway.access_token("peer", user)]
    for _ in range(3):
        time.sleep(LIFE)
        seen.append(gateway.access_token("peer", user))
    assert len(set(seen)) == 4
    renewals = [event for event in peer.events("grant.success") if event["type"] == "refresh_token"]
    assert len(renewals) == 3 == len(peer.events("refresh_token.consumed"))
    assert peer.events("grant.error") == [] and peer.events("grant.revoked") == [], "no old token was ever used"
    assert knows(peer, seen[-1])

    answer = gateway.revoke("peer", user)
    assert answer.status_code == 200 and answer.json()["revoked_at_provider"] is True, peer.process.text()[-2000:]
    assert not knows(peer, seen[-1])
    assert gateway.token("peer", user).json()["error"] == "not_authenticated"


def knows(peer, token):
    return httpx.get(f"{peer.url}/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_account_of_somebody_else_is_refused_and_its_tokens_are_ended(peer, gateway, browser, user):
    """A1."""
    flow = gateway.init("peer", user)
    with person(browser) as page:
        page.goto(flow["auth_url"])
        consent(page, f"other-{user}")
        assert "Authentication Successful" not in page.content()
    assert gateway.status(flow)["status"] == "failed"
    until(
        lambda: [event for event in peer.events("request") if event["path"] == "/token/revocation"],
        what="the revocation",
    )
    assert gateway.token("peer", user).json()["error"] == "not_authenticated"
