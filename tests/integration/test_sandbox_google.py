"""The sandbox plays Google: refresh tokens that come once and stay, devices, and signed security events."""

import json

import httpx
import pytest

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of
from rig.webhooks import Listener
from test_sandbox import decoded

CALLBACK = "http://127.0.0.1:9/callback"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def google(sandbox):
    return sandbox.provider("google", plays="google")


def post(google, path, **form):
    return httpx.post(f"{google.url}/{path}", data=form)


def token(google, **form):
    return post(google, "token", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **form)


def sign_in(google, account="alice@example.com", extra="&access_type=offline&prompt=consent", **choices):
    url = f"{google.url}/o/oauth2/v2/auth?response_type=code&client_id={CLIENT_ID}&redirect_uri={CALLBACK}"
    back = query_of(decide(f"{url}&scope=openid+email&state=s{extra}", account, **choices))
    assert back["state"] == "s" and "iss" not in back
    return token(google, grant_type="authorization_code", code=back["code"], redirect_uri=CALLBACK).json()


def claims(jwt):
    return json.loads(decoded(jwt.split(".")[1]))


def test_refresh_token_comes_with_the_first_offline_consent_or_when_asked_again(google):
    assert "refresh_token" not in sign_in(google, extra="")
    assert "refresh_token" not in sign_in(google, extra="&access_type=offline")
    assert "refresh_token" in sign_in(google, "bob@example.com", extra="&access_type=offline")
    first = sign_in(google)
    renewed = token(google, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert "refresh_token" not in renewed and renewed["access_token"] != first["access_token"]
    assert first["refresh_token"].startswith("1//") and first["access_token"].startswith("ya29.")
    assert (first["expires_in"], first["scope"]) == (3599, "openid https://www.googleapis.com/auth/userinfo.email")


def test_unticked_scope_is_not_granted(google):
    assert sign_in(google, scopes_chosen="yes", scope="openid")["scope"] == "openid"


def test_workspace_vouches_for_its_addresses_only(google):
    assert claims(sign_in(google)["id_token"])["hd"] == "example.com"
    assert "hd" not in claims(sign_in(google, "dave@gmail.com")["id_token"])
    unverified = claims(sign_in(google, "carol@example.com")["id_token"])
    assert "hd" not in unverified and unverified["email_verified"] is False


def test_revocation_ends_the_account_and_knows_its_tokens(google):
    one, two = sign_in(google), sign_in(google)
    assert post(google, f"revoke?token={one['access_token']}").status_code == 200
    assert google.living("refresh") == [] and google.living("access") == []
    again = post(google, "revoke", token=two["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")
    dead = token(google, grant_type="refresh_token", refresh_token=two["refresh_token"])
    assert dead.json() == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


def test_device_errors_have_statuses_of_their_own(google):
    start = post(google, "device/code", client_id=CLIENT_ID, scope="email").json()
    assert start["expires_in"] == 1800 and "verification_uri" not in start
    poll = lambda: token(google, grant_type=DEVICE, device_code=start["device_code"])  # noqa: E731
    pending, hasty = poll(), poll()
    assert (pending.status_code, pending.json()["error"]) == (428, "authorization_pending")
    assert (hasty.status_code, hasty.json()["error"]) == (403, "slow_down")
    form = {"user_code": start["user_code"], "decision": "deny", "account": "alice@example.com"}
    httpx.post(start["verification_url"], data=form)
    google.sandbox.shift_clock(60)
    try:
        assert (poll().status_code, google.living("access")) == (403, [])
    finally:
        google.sandbox.shift_clock(0)


def test_withdrawal_is_told_by_a_security_event(google):
    subject = claims(sign_in(google)["id_token"])["sub"]
    with Listener() as listener:
        google.configure(webhook_url=listener.url)
        google.happen("withdraw", account="alice@example.com")
        google.happen("verification")
    told, checked = [(headers, claims(body.decode())) for headers, body in listener.got]
    assert told[0]["Content-Type"] == "application/secevent+jwt"
    assert (told[1]["iss"], told[1]["aud"]) == (f"{google.url}/", CLIENT_ID) and "exp" not in told[1]
    event = told[1]["events"]["https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked"]
    assert event["subject"] == {"subject_type": "iss-sub", "iss": f"{google.url}/", "sub": subject}
    assert list(checked[1]["events"]) == ["https://schemas.openid.net/secevent/risc/event-type/verification"]
    assert google.living("refresh") == []
