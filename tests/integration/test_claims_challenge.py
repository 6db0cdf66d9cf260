"""A grant that ends with a claims challenge: the link of the next consent carries what Microsoft demands, and only that one."""

import copy
import json

import pytest
import yaml

from rig.browser import choose, person
from rig.process import ROOT, until
from rig.sandbox import CLIENT_ID, CLIENT_SECRET, query_of

CHALLENGE = {"access_token": {"capolids": {"essential": True, "values": ["policy-1"]}}}
OWN = {"id_token": {"xms_edov": {"essential": True}}}
LIFE = 2  # seconds of access tokens
ENVIRONMENT = {"SANDBOX_CLIENT_ID": CLIENT_ID, "SANDBOX_CLIENT_SECRET": CLIENT_SECRET}


def providers(sandbox):
    ENVIRONMENT["SANDBOX_URL"] = sandbox.http_url
    shipped = yaml.safe_load((ROOT / "config/providers.yaml").read_text())["providers"]["sandbox-microsoft"]
    made = {}
    for name, claims in {"plain": {}, "demanding": {"claims": json.dumps(OWN)}}.items():
        # One each: a refusal that waits for this grant's renewal must not meet another's.
        provider = sandbox.provider("microsoft", plays="microsoft", access_ttl=LIFE)
        options = {"authority_url": provider.url, "graph_url": f"{provider.url}/graph", **claims}
        made[name] = provider, {**copy.deepcopy(shipped), "identity": "match", "options": options}
    return made


def claims_of(url):
    text = query_of(url).get("claims")
    return text and json.loads(text)


def refuse_renewals(provider):
    body = {"error": "interaction_required", "error_description": "AADSTS50076: ...", "error_codes": [50076],
            "suberror": "basic_action", "claims": json.dumps(CHALLENGE)}  # fmt: skip
    provider.fault("token", grant_type="refresh_token", status=400, body=json.dumps(body))


@pytest.mark.parametrize("entry, own", [("plain", {}), ("demanding", OWN)])
def test_next_consent_answers_the_challenge_that_ended_the_grant(gateway, installation, browser, user, entry, own):
    provider = installation.providers[entry]
    first = gateway.init(entry, user)
    assert claims_of(first["auth_url"]) == (own or None)
    gateway.connect(entry, user)

    refuse_renewals(provider)
    refused = until(
        lambda: (answer := gateway.token(entry, user)).status_code == 401 and answer.json(), 10, 0.2, "the end of the grant"
    )
    assert refused["error"] == "refresh_failed"
    assert claims_of(refused["auth_url"]) == {**CHALLENGE, **own}
    assert claims_of(gateway.init(entry, user)["auth_url"]) == {**CHALLENGE, **own}

    with person(browser) as page:
        page.goto(refused["auth_url"])
        assert claims_of(page.url) == {**CHALLENGE, **own}
        choose(page, user)
        page.wait_for_url("**/auth/callback/**")
    assert gateway.status(refused)["status"] == "completed"
    assert gateway.access_token(entry, user) in provider.living("access", user)
    assert claims_of(gateway.init(entry, user)["auth_url"]) == (own or None), "it is answered"
