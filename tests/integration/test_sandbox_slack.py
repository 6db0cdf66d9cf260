"""The sandbox plays Slack: two tokens of one consent, each with a life of its own, and signed events."""

import hashlib
import hmac
import json

import httpx
import pytest

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of
from rig.webhooks import Listener

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def slack(sandbox):
    return sandbox.provider("slack", plays="slack")


def call(slack, method, token=None, auth=None, **form):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(f"{slack.url}/api/{method}", data=form, headers=headers, auth=auth)
    assert answer.status_code == 200
    return answer.json()


def code(slack, scope="chat:write,users:read", user_scope="search:read", **choices):
    url = f"{slack.url}/oauth/v2/authorize?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s"
    back = query_of(decide(f"{url}&scope={scope}&user_scope={user_scope}", "alice@example.com", **choices))
    assert back["state"] == "s" and "iss" not in back
    return back["code"]


def access(slack, **form):
    return call(slack, "oauth.v2.access", auth=(CLIENT_ID, CLIENT_SECRET), **form)


def install(slack, **choices):
    return access(slack, code=code(slack, **choices), redirect_uri=CALLBACK)


def refresh(slack, token):
    return access(slack, grant_type="refresh_token", refresh_token=token)


def test_consent_gives_a_bot_and_a_user_token(slack):
    answer = install(slack)
    assert answer["ok"] and answer["access_token"].startswith("xoxe.xoxb-1-") and answer["expires_in"] == 43200
    person = answer["authed_user"]
    assert person["access_token"].startswith("xoxe.xoxp-1-") and person["scope"] == "search:read"
    assert answer["scope"] == "chat:write,users:read" and answer["team"]["name"] == "Acme"
    assert answer["enterprise"] is None and answer["is_enterprise_install"] is False
    who = call(slack, "auth.test", person["access_token"])
    assert (who["user_id"], who["team_id"]) == (person["id"], answer["team"]["id"])
    assert call(slack, "auth.test", answer["access_token"])["user_id"] == answer["bot_user_id"]


def test_enterprise_install_has_no_team(slack):
    answer = install(slack, organisation="globex-enterprise")
    assert answer["team"] is None and answer["enterprise"]["name"] == "Globex" and answer["is_enterprise_install"]


def test_user_scopes_alone_give_no_bot_token(slack):
    answer = install(slack, scope="")
    assert "access_token" not in answer and answer["authed_user"]["access_token"]


def test_without_rotation_tokens_have_no_end(slack):
    slack.configure(refresh_token=False)
    answer = install(slack)
    assert answer["access_token"].startswith("xoxb-") and not {"expires_in", "refresh_token"} & answer.keys()
    assert slack.tokens("access")[0]["expires_at"] is None


def test_refresh_answers_at_the_top_and_two_tokens_of_a_kind_live(slack):
    first = install(slack)
    second = refresh(slack, first["authed_user"]["refresh_token"])
    assert second["token_type"] == "user" and second["access_token"].startswith("xoxe.xoxp-1-")
    assert call(slack, "auth.test", first["authed_user"]["access_token"])["ok"]
    refresh(slack, second["refresh_token"])
    assert call(slack, "auth.test", first["authed_user"]["access_token"])["error"] == "token_revoked"
    assert call(slack, "auth.test", first["access_token"])["ok"]


def test_old_refresh_token_works_for_a_short_while(slack):
    slack.configure(grace_seconds=30)
    old = install(slack)["refresh_token"]
    assert refresh(slack, old)["ok"] and refresh(slack, old)["ok"]
    slack.sandbox.shift_clock(31)
    try:
        assert refresh(slack, old)["error"] == "invalid_refresh_token"
    finally:
        slack.sandbox.shift_clock(0)


@pytest.mark.parametrize(
    "changes, error",
    [({"redirect_uri": CALLBACK + "/x"}, "bad_redirect_uri"), ({"code": "1.2.3"}, "invalid_code"),
     ({"grant_type": "password"}, "invalid_grant_type")],
)  # fmt: skip
def test_refusals_have_status_200_and_slacks_words(slack, changes, error):
    assert access(slack, **{"code": code(slack), "redirect_uri": CALLBACK, **changes}) == {"ok": False, "error": error}


def test_client_must_prove_itself(slack):
    assert call(slack, "oauth.v2.access", auth=(CLIENT_ID, "x"), code="1")["error"] == "bad_client_secret"
    assert call(slack, "oauth.v2.access", client_id="x", code="1")["error"] == "invalid_client_id"


def test_pkce_is_for_apps_that_opted_in(slack):
    url = f"{slack.url}/oauth/v2/authorize?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&scope=chat:write"
    url += f"&code_challenge={'x' * 43}&code_challenge_method=S256"
    assert query_of(decide(url, "alice@example.com"))["error"] == "pkce_not_allowed"
    slack.configure(pkce="required")
    assert "code" in query_of(decide(url, "alice@example.com"))


def test_revocation_ends_one_token_with_rotation_and_all_without(slack):
    answer = install(slack)
    assert call(slack, "auth.revoke", answer["access_token"], test="1")["revoked"] is False
    assert call(slack, "auth.revoke", answer["access_token"])["revoked"] is True
    assert call(slack, "auth.test", answer["authed_user"]["access_token"])["ok"]
    slack.configure(refresh_token=False)
    answer = install(slack)
    call(slack, "auth.revoke", answer["access_token"])
    assert call(slack, "auth.test", answer["authed_user"]["access_token"])["error"] == "token_revoked"


def test_email_needs_its_scope(slack):
    poor = install(slack, user_scope="users:read")["authed_user"]
    rich = install(slack, user_scope="users:read,users:read.email")["authed_user"]
    assert "email" not in call(slack, "users.info", poor["access_token"], user=poor["id"])["user"]["profile"]
    profile = call(slack, "users.info", rich["access_token"], user=rich["id"])["user"]["profile"]
    assert profile["email"] == "alice@example.com"


def test_uninstall_ends_all_tokens_and_is_told_by_two_signed_events(slack):
    answer = install(slack)
    with Listener() as listener:
        slack.configure(webhook_url=listener.url)
        slack.happen("url_verification")
        slack.happen("uninstall", organisation="acme")
    events = []
    for headers, body in listener.got:
        signed = b"v0:" + headers["X-Slack-Request-Timestamp"].encode() + b":" + body
        digest = hmac.new(b"sandbox-webhook-secret", signed, hashlib.sha256).hexdigest()
        assert headers["X-Slack-Signature"] == f"v0={digest}"
        events.append(json.loads(body))
    assert events[0]["challenge"] and [event["event"]["type"] for event in events[1:]] == ["tokens_revoked", "app_uninstalled"]
    assert events[1]["event"]["tokens"] == {"oauth": [answer["authed_user"]["id"]], "bot": [answer["bot_user_id"]]}
    assert {event["team_id"] for event in events[1:]} == {answer["team"]["id"]}
    assert call(slack, "auth.test", answer["access_token"])["error"] == "token_revoked"
    assert slack.living("refresh") == []
