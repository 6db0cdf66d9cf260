"""A server with token files moves in: `POST /auth/import`, and the Python client's command for it."""

import json
import os
import subprocess
import sys

import httpx
import pytest

from rig.gateway import google_entry, oauth2_entry
from rig.mcp_servers import CLIENT_SOURCE
from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of

CALLBACK = "http://127.0.0.1:9/callback"


def providers(sandbox):
    policy = {"rotation": "never", "revocation_ends": "account", "revocation_auth": False, "pkce": "optional"}
    google = sandbox.provider("google", **policy, id_token_claims={"hd": "example.com"}, userinfo_claims={"hd": "example.com"})
    rotating = sandbox.provider("rotating", rotation="always_revoke_family", pkce="optional")
    confirming = sandbox.provider("confirming", pkce="optional")
    return {
        "google": (google, google_entry(google)),
        "rotating": (rotating, oauth2_entry(rotating)),
        "confirming": (confirming, oauth2_entry(confirming, identity="confirm")),
    }


def kept_elsewhere(provider, account):
    """The refresh token of a server that is a client of its own right, with the gateway's client id."""
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "scope": "openid email offline_access"}
    page = httpx.URL(f"{provider.url}/authorize", params={**asked, "state": "elsewhere"})
    form = {"grant_type": "authorization_code", "code": query_of(decide(str(page), account))["code"], "redirect_uri": CALLBACK}
    answer = httpx.post(f"{provider.url}/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))
    assert answer.status_code == 200, answer.text
    return answer.json()["refresh_token"]


def hand_over(gateway, name, user, token, **options):
    body = {"provider": name, "user_email": user, "refresh_token": token}
    return gateway.post("/auth/import", body, **options)


@pytest.fixture(params=["google", "rotating"])
def name(request):
    return request.param


@pytest.fixture
def provider(installation, name):
    return installation.providers[name]


def test_imported_token_is_served_and_renewed(gateway, installation, provider, name, user):
    offered = kept_elsewhere(provider, user)
    answer = hand_over(gateway, name, user, offered)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] and "openid" in answer.json()["scopes"]
    first = gateway.access_token(name, user)
    assert first in provider.living("access", user)
    assert (offered in provider.living("refresh", user)) == (name == "google")
    renewed = gateway.post("/oauth/refresh", {"provider": name, "user_email": user})
    assert renewed.status_code == 200 and provider.ledger()["reuse"] == 0, renewed.text
    assert gateway.revoke(name, user).json()["revoked_at_provider"]
    assert provider.living("refresh", user) == []
    for place in (gateway.logs().encode(), installation.database.everything(), answer.content):
        assert offered.encode() not in place and first.encode() not in place


def test_token_of_another_account_is_refused(gateway, provider, name, user):
    other = f"other-{user}"
    offered = kept_elsewhere(provider, other)
    answer = hand_over(gateway, name, user, offered)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict"), answer.text
    assert answer.json()["details"] == {"reason": "identity_mismatch"}
    assert gateway.token(name, user).json()["error"] == "not_authenticated"
    # Without a successor the old server works on; a successor that nobody has is withdrawn.
    assert provider.living("refresh", other) == ([offered] if name == "google" else [])


def test_ended_token_is_answered_with_the_link(gateway, provider, name, user):
    offered = kept_elsewhere(provider, user)
    provider.withdraw(user)
    answer = hand_over(gateway, name, user, offered)
    assert (answer.status_code, answer.json()["error"]) == (401, "refresh_failed"), answer.text
    assert gateway.callback(decide(answer.json()["auth_url"], user)).status_code == 200
    assert gateway.access_token(name, user)


def test_connected_user_stays_connected_and_nothing_is_tried(gateway, provider, name, user):
    offered = kept_elsewhere(provider, user)
    gateway.connect(name, user)
    tried = provider.requests("token:refresh_token")
    assert hand_over(gateway, name, user, offered).status_code == 409
    assert provider.requests("token:refresh_token") == tried


def test_token_is_not_lost_while_the_provider_cannot_say_whose_it_is(gateway, installation, user):
    provider = installation.providers["rotating"]
    offered = kept_elsewhere(provider, user)
    tried = provider.requests("token:refresh_token")
    provider.down("userinfo")
    answer = hand_over(gateway, "rotating", user, offered)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), answer.text
    assert gateway.token("rotating", user).json()["error"] == "not_authenticated"
    provider.up()
    assert hand_over(gateway, "rotating", user, offered).status_code == 200
    assert gateway.access_token("rotating", user) in provider.living("access", user)
    assert provider.requests("token:refresh_token") == tried + 1 and provider.ledger()["reuse"] == 0


def test_where_only_the_person_can_tell_nothing_is_imported(gateway, installation, user):
    provider = installation.providers["confirming"]
    answer = hand_over(gateway, "confirming", user, kept_elsewhere(provider, user))
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": "provider"}), answer.text
    assert provider.requests("token:refresh_token") == 0


def test_import_is_a_permission_of_its_own(gateway, installation, user):
    def key_for(name, operations):
        command = ["api-keys", "create", "--name", f"{name}-{user.partition('@')[0]}", "--operations", operations]
        made = installation.command(*command, "--providers", "google", "--owners", "*@example.com")
        return max(made.stdout.split(), key=len)

    offered = kept_elsewhere(installation.providers["google"], user)
    refused = hand_over(gateway, "google", user, offered, key=key_for("others", "consent,token,list,revoke,metrics"))
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    mover = key_for("mover", "import")
    assert hand_over(gateway, "google", user, offered, key=mover).status_code == 200
    assert gateway.token("google", user, key=mover).status_code == 403


def test_command_imports_a_folder_and_says_who_is_left(gateway, installation, user, tmp_path):
    provider = installation.providers["google"]
    ended, swapped = f"ended-{user}", f"swapped-{user}"
    kept = {who: kept_elsewhere(provider, who) for who in (user, ended)}
    provider.withdraw(ended)
    kept[swapped] = kept_elsewhere(provider, f"other-{user}")
    for who, token in kept.items():
        file = {"token": "ya29.old", "refresh_token": token, "client_id": CLIENT_ID, "account": who}
        (tmp_path / f"{who.partition('@')[0]}.json").write_text(json.dumps(file))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def command(*options):
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CLIENT_SOURCE),
            "AUTH_GATEWAY_URL": gateway.url,
            "AUTH_GATEWAY_API_KEY": installation.root_key,
        }
        run = [sys.executable, "-m", "mcp_auth_client.cli", "import-google-tokens", str(tmp_path), *options]
        return subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60)

    done = command("--import")
    lines = {line.split("\t")[1]: line.split("\t")[2] for line in done.stdout.splitlines() if "\t" in line}
    assert done.returncode == 1 and done.stderr == "", done.stderr
    assert lines[user] == "imported"
    assert lines[swapped].startswith("refused: The refresh token belongs to another account")
    link = lines[ended].removeprefix("must sign in: ")
    assert "3 files, 1 connected, 2 left." in done.stdout
    assert not any(token in done.stdout for token in kept.values())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

    assert gateway.callback(decide(link, ended)).status_code == 200
    again = command("--import")
    assert again.stdout.count("connected already") == 2, again.stdout
    assert gateway.access_token("google", user) in provider.living("access", user)


def test_audit_says_who_imported_what(gateway, installation, user):
    provider = installation.providers["google"]
    assert hand_over(gateway, "google", user, kept_elsewhere(provider, user)).status_code == 200
    events = {event for event, outcome in gateway.audit() if outcome == "ok"}
    assert {"import_started", "grant_imported"} <= events
