"""From the link to the token, through renewals, to the end: what the gateway is for."""

import datetime
import time

import pytest

from rig.browser import DESKTOP, PHONE, choose, fits, person
from rig.gateway import google_entry, oauth2_entry
from rig.sandbox import decide, query_of

ENVIRONMENT = {"AUTH_GATEWAY_REDIRECT_ALLOW_LIST": "http://127.0.0.1:9/connected"}


# How Google differs: refresh tokens stay, a revocation ends all of the account, nobody proves to be the client for it,
# no `iss` in the callback, and `hd` says that the Workspace vouches for the address.
GOOGLE = {
    "rotation": "never",
    "revocation_ends": "account",
    "revocation_auth": False,
    "callback_iss": False,
    "id_token_claims": {"hd": "example.com"},
}


def providers(sandbox):
    corporate = sandbox.provider("corporate")
    google = sandbox.provider("google", **GOOGLE)
    return {
        "corporate": (corporate, oauth2_entry(corporate)),
        "google": (google, google_entry(google)),
    }


@pytest.fixture(params=["corporate", "google"])
def name(request):
    return request.param


@pytest.fixture
def provider(installation, name):
    provider = installation.providers[name]
    provider.configure(access_ttl=3600)
    yield provider
    provider.up()


def test_consent_token_and_revoke(gateway, provider, name, user):
    before = gateway.token(name, user)
    assert before.status_code == 401
    assert before.json()["error"] == "not_authenticated" and before.json()["auth_required"] is True
    assert before.json()["auth_url"] and before.json()["session_id"]

    flow = gateway.init(name, user)
    assert gateway.status(flow)["status"] == "pending"
    page = gateway.callback(decide(flow["auth_url"], user))
    assert page.status_code == 200 and "Authentication Successful" in page.text
    assert gateway.status(flow) == {
        "status": "completed", "session_id": flow["session_id"], "user_email": user, "provider": name,
    }  # fmt: skip

    answer = gateway.token(name, user)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert token["access_token"] == provider.living("access", user)[-1]
    assert token["token_type"] == "Bearer" and "openid" in token["scopes"]
    end = datetime.datetime.fromisoformat(token["expires_at"].replace("Z", "+00:00"))
    life = (end - datetime.datetime.now(datetime.UTC)).total_seconds()
    assert 3500 < life <= 3600

    listed = gateway.api("GET", f"/auth/providers/{user}").json()
    assert listed["user_email"] == user
    assert [entry["provider"] for entry in listed["providers"]] == [name]

    revoked = gateway.revoke(name, user)
    assert revoked.status_code == 200
    assert revoked.json()["success"] is True and revoked.json()["revoked_at_provider"] is True
    assert revoked.json()["message"] == f"Credentials revoked for {user} ({name})"
    assert provider.living("access", user) == [] and provider.living("refresh", user) == []
    assert gateway.token(name, user).json()["error"] == "not_authenticated"
    assert gateway.revoke(name, user).status_code == 404


def test_expired_tokens_are_renewed_again_and_again_and_never_with_an_old_refresh_token(gateway, provider, name, user):
    provider.configure(access_ttl=2)
    gateway.connect(name, user)
    seen = [gateway.access_token(name, user)]
    for _ in range(3):
        time.sleep(2.1)
        seen.append(gateway.access_token(name, user))
        assert seen[-1] in provider.living("access", user)
    assert len(set(seen)) == 4
    assert provider.ledger()["reuse"] == 0


def test_address_is_compared_without_case(gateway, provider, name, user):
    gateway.connect(name, user.upper(), account=user)
    assert gateway.access_token(name, user.capitalize()) in provider.living("access", user)


def test_second_consent_replaces_the_first(gateway, provider, name, user):
    gateway.connect(name, user)
    gateway.connect(name, user)
    listed = gateway.api("GET", f"/auth/providers/{user}").json()["providers"]
    assert len(listed) == 1
    assert gateway.access_token(name, user) in provider.living("access", user)


def test_redirect_after_gets_status_and_session_only(gateway, provider, name, user):
    flow = gateway.init(name, user, redirect_after="http://127.0.0.1:9/connected?from=shop")
    answer = gateway.callback(decide(flow["auth_url"], user))
    assert answer.status_code in (302, 303)
    assert answer.headers["location"].startswith("http://127.0.0.1:9/connected?")
    assert query_of(answer.headers["location"]) == {
        "from": "shop", "status": "completed", "session_id": flow["session_id"],
    }  # fmt: skip


def test_denied_consent_is_told_and_stores_nothing(gateway, provider, name, user):
    flow = gateway.init(name, user)
    page = gateway.callback(decide(flow["auth_url"], user, "deny"))
    assert page.headers["content-type"].startswith("text/html") and "Authentication Successful" not in page.text
    assert gateway.status(flow)["status"] == "failed"
    assert gateway.token(name, user).json()["error"] == "not_authenticated"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_person_consents_in_a_browser(gateway, provider, name, user, browser, artefacts, viewport):
    flow = gateway.init(name, user)
    width = viewport["width"]
    with person(browser, viewport) as page:
        page.goto(flow["auth_url"])
        page.screenshot(path=artefacts / f"{name}-consent-{width}.png", full_page=True)
        assert fits(page)
        choose(page, user)
        page.get_by_text("Authentication Successful").first.wait_for()
        page.screenshot(path=artefacts / f"{name}-done-{width}.png", full_page=True)
        assert fits(page)
        assert page.locator("script").count() == 0
    assert gateway.status(flow)["status"] == "completed"
    assert gateway.access_token(name, user) in provider.living("access", user)


def test_person_who_denies_sees_what_happened(gateway, provider, name, user, browser, artefacts):
    flow = gateway.init(name, user)
    with person(browser, PHONE) as page:
        page.goto(flow["auth_url"])
        choose(page, user, "Deny")
        page.wait_for_url("**/auth/callback/**")
        page.screenshot(path=artefacts / f"{name}-denied.png", full_page=True)
        assert fits(page)
    assert gateway.status(flow)["status"] == "failed"
