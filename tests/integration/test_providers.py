"""Every provider that the sandbox plays, by the entries of the shipped providers.yaml: in a real browser from the consent through
three renewals to the end, judged by the sandbox's ledger."""

import re

import pytest
import yaml

from rig.browser import choose, person
from rig.process import ROOT, until
from rig.sandbox import CLIENT_ID, CLIENT_SECRET, Provider

NAMES = ["google", "github", "jira", "meta", "microsoft", "slack"]
CONFIRMED = {"meta", "microsoft", "slack"}  # they vouch for no e-mail address, so a code on the page stands for it
REFRESH_TOKENS = set(NAMES) - {"meta"}
ENDS_AT_PROVIDER = set(NAMES) - {"microsoft"}
LIVES = dict.fromkeys(NAMES, 2) | {"meta": 10}  # seconds of access tokens; Meta extends only those that live


def providers(sandbox):
    shipped = yaml.safe_load((ROOT / "config/providers.yaml").read_text())["providers"]
    played = {f"sandbox-{name}": Provider(sandbox, name, {}) for name in NAMES}
    for name, life in LIVES.items():
        played[f"sandbox-{name}"].configure(access_ttl=life)
    ENVIRONMENT.update(SANDBOX_URL=sandbox.http_url, SANDBOX_CLIENT_ID=CLIENT_ID, SANDBOX_CLIENT_SECRET=CLIENT_SECRET)
    for name in played:
        shipped[name]["refresh"] = {"proactive": "off"}  # the test counts what its reads renew
    return {name: (provider, shipped[name]) for name, provider in played.items()}


ENVIRONMENT = {}
# The storage makes no difference to a provider.
pytestmark = pytest.mark.parametrize("installation", ["sqlite"], indirect=True, scope="module")


@pytest.mark.parametrize("name", NAMES)
def test_consent_three_renewals_and_revoke(gateway, installation, browser, user, name):
    provider, entry = installation.providers[f"sandbox-{name}"], f"sandbox-{name}"
    flow = gateway.init(entry, user)
    with person(browser) as page:
        page.goto(flow["auth_url"])
        choose(page, user)
        page.wait_for_url("**/auth/callback/**")
        text = page.inner_text("main")
    if name in CONFIRMED:
        assert gateway.status(flow)["status"] == "awaiting_confirmation", text
        code = re.search(r"^[A-Z0-9]{3,5}[- ]?[A-Z0-9]{3,5}$", text, re.M)[0]
        assert gateway.post("/auth/confirm", {"session_id": flow["session_id"], "code": code}).status_code == 200
    assert gateway.status(flow)["status"] == "completed", text

    seen = [gateway.access_token(entry, user)]
    assert seen[0] in provider.living("access", user)
    for _ in range(3):
        old = seen[-1]
        new = until(lambda: (token := gateway.access_token(entry, user)) != old and token, what="a renewal")  # noqa: B023
        assert new in provider.living("access", user)
        seen.append(new)
    assert len(set(seen)) == 4 and provider.ledger()["reuse"] == 0
    assert bool(provider.living("refresh", user)) == (name in REFRESH_TOKENS)

    revoked = gateway.revoke(entry, user)
    assert revoked.status_code == 200 and revoked.json()["revoked_at_provider"] is (name in ENDS_AT_PROVIDER), revoked.text
    if name in ENDS_AT_PROVIDER:
        assert seen[-1] not in provider.living("access", user)
    assert gateway.token(entry, user).json()["error"] == "not_authenticated"
    logs = gateway.logs()
    assert not [token for token in seen if token in logs]
