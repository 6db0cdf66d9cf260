"""A1, A2: whoever consents, nobody gets somebody else's account."""

import re
import secrets

import pytest

from rig.browser import choose, person
from rig.gateway import oauth2_entry
from rig.sandbox import decide


def providers(sandbox):
    def entry(**more):
        provider = sandbox.provider("forward")
        return provider, oauth2_entry(provider, **more)

    return {
        "matched": entry(identity="match"),
        "confirmed": entry(identity="confirm"),
        "unchecked": entry(identity="none"),
    }


@pytest.fixture
def mallory():
    return f"mallory-{secrets.token_hex(4)}@example.com"


@pytest.fixture
def bob():
    return f"bob-{secrets.token_hex(4)}@example.com"


def events(gateway, user):
    rows = gateway.database.rows("SELECT * FROM audit_log")
    return [row for row in rows if any(value == user for value in row)]


def assert_nobody_gains(gateway, provider, flow, consented, *people):
    state = gateway.status(flow)
    assert state["status"] == "failed" and state["error"]
    for someone in people:
        answer = gateway.token("matched", someone)
        assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")
    assert provider.tokens("access", consented), "the provider gave tokens, so there was something to end"
    assert provider.living("access", consented) == [] and provider.living("refresh", consented) == []
    asked_for = people[0]
    assert any("flow_identity_mismatch" in map(str, row) for row in events(gateway, asked_for))


def test_forwarded_provider_link_gives_nobody_a_token(gateway, installation, browser, mallory, bob, artefacts):
    provider = installation.providers["matched"]
    flow = gateway.init("matched", mallory)
    with person(browser) as victim:
        victim.goto(flow["auth_url"])
        choose(victim, bob)
        victim.wait_for_url("**/auth/callback/**")
        assert "Authentication Successful" not in victim.content()
        assert mallory not in victim.content(), "the address of whoever asked is masked"
        victim.screenshot(path=artefacts / "identity-mismatch.png", full_page=True)
    assert_nobody_gains(gateway, provider, flow, bob, mallory, bob)


def test_link_that_the_attacker_opened_first_gives_nobody_a_token(gateway, installation, browser, mallory, bob):
    provider = installation.providers["matched"]
    flow = gateway.init("matched", mallory)
    with person(browser) as attacker, person(browser) as victim:
        attacker.goto(flow["auth_url"])
        victim.goto(attacker.url)
        choose(victim, bob)
        victim.wait_for_url("**/auth/callback/**")
        attacker.reload()
    assert_nobody_gains(gateway, provider, flow, bob, mallory, bob)


def test_forwarded_callback_gives_nobody_a_token(gateway, installation, browser, mallory, bob):
    """The attacker asks for the victim's address, consents with an own account and lets the victim finish."""
    provider = installation.providers["matched"]
    flow = gateway.init("matched", bob)
    caught = decide(flow["auth_url"], mallory)  # the attacker's own cookie jar, stopped before the callback
    with person(browser) as victim:
        victim.goto(caught)
        assert "Authentication Successful" not in victim.content()
    assert_nobody_gains(gateway, provider, flow, mallory, bob, mallory)


def test_unverified_address_is_no_proof(gateway, installation):
    provider = installation.providers["matched"]
    flow, page = gateway.consent("matched", "carol@example.com")
    assert "Authentication Successful" not in page.text
    assert_nobody_gains(gateway, provider, flow, "carol@example.com", "carol@example.com")


def test_absent_address_is_no_proof(gateway, installation, user):
    provider = installation.providers["matched"]
    without = {"email": None, "email_verified": None}
    provider.configure(id_token_claims=without, userinfo_claims=without)
    try:
        flow, _ = gateway.consent("matched", user)
    finally:
        provider.configure(id_token_claims={}, userinfo_claims={})
    assert_nobody_gains(gateway, provider, flow, user, user)


def test_same_address_of_another_account_is_refused(gateway, installation, user):
    """The address was given to somebody else at the provider: its stable subject is new."""
    provider = installation.providers["matched"]
    gateway.connect("matched", user)
    kept = gateway.access_token("matched", user)
    claims = {"sub": "a-newcomer"}
    provider.configure(id_token_claims=claims, userinfo_claims=claims)
    try:
        flow, _ = gateway.consent("matched", user)
    finally:
        provider.configure(id_token_claims={}, userinfo_claims={})
    assert gateway.status(flow)["status"] == "failed"
    assert gateway.access_token("matched", user) == kept
    assert provider.living("access", user) == [kept]


# ---- identity: confirm


def code_on(page):
    found = re.findall(r"<(?:code|strong|output|p|span|b|div)[^>]*>\s*([A-Z0-9]{3,5}[- ]?[A-Z0-9]{3,5})\s*<", page.text)
    assert len(found) == 1, page.text
    return found[0]


def confirm(gateway, flow, code):
    return gateway.post("/auth/confirm", {"session_id": flow["session_id"], "code": code})


def test_unconfirmed_consent_is_served_to_nobody_and_the_code_completes_it(gateway, installation, mallory, bob):
    provider = installation.providers["confirmed"]
    flow, page = gateway.consent("confirmed", mallory, account=bob)
    waiting = gateway.status(flow)
    assert waiting["status"] == "awaiting_confirmation" and bob not in waiting["account"]
    assert gateway.token("confirmed", mallory).json()["error"] == "not_authenticated"
    assert gateway.token("confirmed", bob).json()["error"] == "not_authenticated"

    assert confirm(gateway, flow, code_on(page)).status_code == 200
    assert gateway.status(flow)["status"] == "completed"
    assert gateway.access_token("confirmed", mallory) in provider.living("access", bob)


def test_code_stands_on_the_page_only(gateway, installation, mallory, bob):
    flow, page = gateway.consent("confirmed", mallory, account=bob)
    code = code_on(page)
    answers = [gateway.http.get(f"/auth/status/{flow['session_id']}").text, gateway.logs()]
    assert not any(code in text for text in answers)


def test_five_wrong_codes_end_the_flow_and_the_tokens(gateway, installation, mallory, bob):
    provider = installation.providers["confirmed"]
    flow, page = gateway.consent("confirmed", mallory, account=bob)
    right = code_on(page)
    wrong = re.sub(r"[A-Z0-9]", lambda match: "7" if match[0] != "7" else "8", right)
    for _ in range(5):
        assert confirm(gateway, flow, wrong).status_code in (400, 409)
    assert gateway.status(flow)["status"] == "failed"
    assert confirm(gateway, flow, right).status_code == 409
    assert gateway.token("confirmed", mallory).json()["error"] == "not_authenticated"
    assert provider.living("refresh", bob) == [] and provider.living("access", bob) == []


# ---- identity: none


def test_without_a_check_the_consent_belongs_to_whoever_asked(gateway, installation, mallory, bob):
    provider = installation.providers["unchecked"]
    gateway.connect("unchecked", mallory, account=bob)
    assert gateway.access_token("unchecked", mallory) in provider.living("access", bob)


def test_link_reused_by_a_second_person_is_refused(gateway, installation, user, bob):
    provider = installation.providers["matched"]
    flow = gateway.init("matched", user)
    assert gateway.callback(decide(flow["auth_url"], user)).status_code == 200
    late = gateway.callback(decide(flow["auth_url"], bob))
    assert late.status_code == 400
    assert provider.tokens("access", bob) == []
    assert gateway.access_token("matched", user) in provider.living("access", user)
