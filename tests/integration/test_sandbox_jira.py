"""The sandbox plays Jira: sites as installations, a window for spent refresh tokens, and a Data Center."""

import hashlib
import hmac
import json

import httpx
import pytest

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of, with_query
from rig.webhooks import Listener
from test_sandbox import decoded

CALLBACK = "http://127.0.0.1:9/callback"
SCOPES = "read:jira-work read:jira-user read:confluence-user read:me offline_access"


@pytest.fixture
def jira(sandbox):
    return sandbox.provider("jira", plays="jira")


@pytest.fixture
def site(sandbox):
    return sandbox.provider("site", plays="jira-dc")


def token(jira, **form):
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    return httpx.post(f"{jira.url}/oauth/token", json=form)


def auth_url(jira, **changes):
    query = {
        "audience": "api.atlassian.com", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code",
        "prompt": "consent", "state": "s", "scope": SCOPES,
    }  # fmt: skip
    return with_query(f"{jira.url}/authorize", **{**query, **changes})


def sign_in(jira, scope=SCOPES, **choices):
    code = query_of(decide(auth_url(jira, scope=scope), "alice@example.com", **choices))["code"]
    answer = token(jira, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refresh(jira, text):
    return token(jira, grant_type="refresh_token", refresh_token=text)


def get(jira, path, text):
    return httpx.get(f"{jira.url}/api{path}", headers={"Authorization": f"Bearer {text}"})


@pytest.mark.parametrize("missing", ["audience", "prompt", "scope", "state"])
def test_request_must_be_complete(jira, missing):
    assert query_of(decide(auth_url(jira, **{missing: None}), "alice@example.com"))["error"] == "invalid_request"


def test_spent_refresh_token_works_for_ten_minutes_and_then_ends_everything(jira):
    old = sign_in(jira)["refresh_token"]
    new = refresh(jira, old).json()["refresh_token"]
    assert refresh(jira, old).status_code == 200
    jira.sandbox.shift_clock(601)
    try:
        dead = refresh(jira, old)
        assert dead.status_code == 403
        assert dead.json() == {"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}
        assert refresh(jira, new).status_code == 403
    finally:
        jira.sandbox.shift_clock(0)


def test_wrong_secret_is_access_denied(jira):
    answer = token(jira, client_secret="wrong", grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()["error"]) == (401, "access_denied")


def test_each_site_is_listed_once_for_each_product(jira):
    answer = sign_in(jira, organisation=["acme", "globex"])
    sites = get(jira, "/oauth/token/accessible-resources", answer["access_token"]).json()
    assert sorted(site["name"] for site in sites) == ["acme", "acme", "globex", "globex"]
    assert len({site["id"] for site in sites}) == 2
    me = get(jira, f"/ex/jira/{sites[0]['id']}/rest/api/3/myself", answer["access_token"]).json()
    assert me["accountId"] == get(jira, "/me", answer["access_token"]).json()["account_id"]
    jira.happen("uninstall", organisation="acme")
    assert {site["name"] for site in get(jira, "/oauth/token/accessible-resources", answer["access_token"]).json()} == {
        "globex"
    }


def test_second_consent_strips_the_first(jira):
    first = sign_in(jira)["access_token"]
    sign_in(jira, scope="read:jira-work offline_access")
    refused = get(jira, "/me", first)
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized; scope does not match")


def test_webhook_carries_a_statement_signed_by_the_clients_secret(jira):
    with Listener() as listener:
        jira.configure(webhook_url=listener.url)
        jira.happen("issue_created", organisation="acme")
    [(headers, body)] = listener.got
    signed, signature = headers["Authorization"].removeprefix("Bearer ").rsplit(".", 1)
    assert hmac.new(CLIENT_SECRET.encode(), signed.encode(), hashlib.sha256).digest() == decoded(signature)
    assert json.loads(body)["webhookEvent"] == "jira:issue_created"


def test_site_of_ones_own_rotates_without_grace_and_ends_both_tokens_of_a_pair(site):
    server = f"{site.url}/rest/oauth2/latest"
    metadata = httpx.get(f"{server}/.well-known/oauth-authorization-server").json()
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    query = f"response_type=code&client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s&scope="
    assert query_of(decide(f"{server}/authorize?{query}READ+X", "alice@example.com"))["error"] == "invalid_scope"
    code = query_of(decide(f"{server}/authorize?{query}READ", "alice@example.com"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **client}
    old = httpx.post(metadata["token_endpoint"], data=form).json()
    form = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"], **client}
    new = httpx.post(metadata["token_endpoint"], data=form).json()
    assert httpx.post(metadata["token_endpoint"], data=form).json()["error"] == "invalid_grant"
    assert site.living("access") == [new["access_token"]]
    httpx.post(metadata["revocation_endpoint"], data={"token": new["refresh_token"], **client})
    assert site.living("access") == site.living("refresh") == []
