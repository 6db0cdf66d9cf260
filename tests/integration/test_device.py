"""Consent on another device (RFC 8628): the shipped entries of Google, GitHub and Microsoft, a person in a real browser at the provider's
page, and the gateway that asks until they have decided."""

import copy
import time

import pytest
import yaml

from conftest import make_installation
from rig.browser import choose, person
from rig.process import ROOT, until
from rig.sandbox import CLIENT_ID, CLIENT_SECRET

NAMES = ["google", "github", "microsoft"]
POLLS = "token:urn:ietf:params:oauth:grant-type:device_code"
INTERVAL = 5  # seconds, as all three say
ENVIRONMENT = {"SANDBOX_CLIENT_ID": CLIENT_ID, "SANDBOX_CLIENT_SECRET": CLIENT_SECRET}


def providers(sandbox):
    """The shipped entries, each at a provider of this module's own."""
    shipped = yaml.safe_load((ROOT / "config/providers.yaml").read_text())["providers"]
    ENVIRONMENT["SANDBOX_URL"] = sandbox.http_url
    made = {}
    for name in NAMES:
        provider = sandbox.provider(name, plays=name)
        text = yaml.safe_dump(shipped[f"sandbox-{name}"]).replace("${SANDBOX_URL}/" + name, provider.url)
        entry = yaml.safe_load(text)
        if name == "microsoft":
            entry["identity"] = "match"  # its tenants own their addresses' domains; else it would be confirm
        made[name] = (provider, entry)
    google, entry = made["google"]
    made["confirmed"] = (google, {**copy.deepcopy(entry), "identity": "confirm"})
    return made


def begin(gateway, provider, user):
    answer = gateway.post("/auth/device", {"provider": provider, "user_email": user})
    assert answer.status_code == 200, answer.text
    return answer.json()


def approve(browser, begun, account, decision="Allow", picture=None):
    """The person, at the provider's own page."""
    with person(browser) as page:
        page.goto(begun["verification_uri"])
        page.locator('input[name="user_code"]').fill(begun["user_code"].lower().replace("-", ""))
        page.get_by_role("button", name="Continue").click()
        if picture:
            page.screenshot(path=picture, full_page=True)
        choose(page, account, decision)
        text = page.inner_text("main")
    assert ("connected" if decision == "Allow" else "said no") in text


def outcome(gateway, begun, seconds=20):
    return until(
        lambda: (status := gateway.status(begun))["status"] != "pending" and status, seconds, 0.2, "the person's decision"
    )


@pytest.mark.parametrize("name", NAMES)
def test_approved_at_the_providers_page_gives_a_token(gateway, installation, browser, user, artefacts, name):
    provider = installation.providers[name]
    begun = begin(gateway, name, user)
    assert begun["verification_uri"].startswith(provider.url) and begun["interval"] == INTERVAL
    assert gateway.status(begun)["status"] == "pending"
    assert gateway.token(name, user).json()["error"] == "not_authenticated"
    approve(browser, begun, user, picture=artefacts / f"device-{name}.png")
    done = outcome(gateway, begun)
    assert done == {"status": "completed", "session_id": begun["session_id"], "user_email": user, "provider": name}
    assert gateway.access_token(name, user) in provider.living("access", user)
    assert ("consent_completed", "ok") in gateway.audit() and ("device_flow_started", "ok") in gateway.audit()
    stored = str(gateway.database.rows("SELECT device_code, status FROM oauth_sessions"))
    assert "completed" in stored and begun["user_code"] not in stored


@pytest.mark.parametrize("name", NAMES)
def test_refused_at_the_providers_page_fails_the_flow(gateway, browser, user, name):
    begun = begin(gateway, name, user)
    approve(browser, begun, user, decision="Deny")
    assert outcome(gateway, begun)["error"] == "access_denied"
    assert gateway.token(name, user).json()["error"] == "not_authenticated"


def test_forwarded_device_code_gives_nobody_a_token(gateway, installation, browser, user):
    """A1: somebody starts a flow for themselves and talks a victim into approving its code."""
    provider, victim = installation.providers["google"], f"victim-{user}"
    begun = begin(gateway, "google", user)
    approve(browser, begun, victim)
    assert outcome(gateway, begun)["error"] == "identity_mismatch"
    for who in (user, victim):
        assert gateway.token("google", who).json()["error"] == "not_authenticated"
    assert provider.living("access", victim) == [] == provider.living("refresh", victim)
    assert ("flow_identity_mismatch", "identity_mismatch") in gateway.audit()


def test_entry_that_wants_a_confirmation_is_refused_with_the_way_out(gateway, installation, user):
    before = installation.providers["google"].requests("device")
    answer = gateway.post("/auth/device", {"provider": "confirmed", "user_email": user})
    assert answer.status_code == 400 and answer.json()["details"] == {"field": "provider"}, answer.text
    assert "POST /auth/init" in answer.json()["message"]
    assert installation.providers["google"].requests("device") == before


def test_code_that_runs_out_fails_the_flow(gateway, installation, sandbox, user):
    begun = begin(gateway, "microsoft", user)
    sandbox.shift_clock(3600)
    try:
        assert outcome(gateway, begun)["error"] == "Session expired"
    finally:
        sandbox.shift_clock(0)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_gateway_killed_and_started_again_goes_on_asking(request, tmp_path_factory, sandbox, browser, user, kind):
    installation = make_installation(request, tmp_path_factory, sandbox, kind)
    provider = installation.providers["github"]
    first = installation.start()
    try:
        before = provider.requests(POLLS)
        begun = begin(first, "github", user)
        until(lambda: provider.requests(POLLS) > before, 15, 0.1, "the first question")
        time.sleep(0.3)  # its answer is written down; otherwise the next replica waits until the claim is over
    finally:
        first.kill()
    approve(browser, begun, user)
    second = installation.start(port=first.port)  # another address would be another entry
    try:
        assert outcome(second, begun, 45)["status"] == "completed"
        assert second.access_token("github", user) in provider.living("access", user)
    finally:
        assert second.stop() == 0
        installation.database.drop()


def test_two_replicas_ask_as_often_as_one(replicas, shared_installation, browser, user):
    provider = shared_installation.providers["google"]
    before, started = provider.requests(POLLS), time.monotonic()
    begun = begin(replicas[0], "google", user)
    until(lambda: provider.requests(POLLS) >= before + 3, 30, 0.1, "three questions")
    asked = provider.requests(POLLS) - before
    assert asked <= (time.monotonic() - started) / INTERVAL, "no question before the interval is over"
    approve(browser, begun, user)
    assert outcome(replicas[1], begun)["status"] == "completed"
    assert len(provider.living("access", user)) == 1
