"""Organisations that providers.yaml declares: tokens without a consent here, and the provider's word about them."""

import json

import pytest
import yaml

from rig.organisations import ALICE, install_without_browser, organisation_providers, token
from rig.process import until
from rig.sandbox import decide, query_of

BOT = "xoxb-declared"
ENVIRONMENT = {"BOT_TOKEN": BOT}
SLACK = {"provider": "slack", "org": "T0DECLARED", "static_token": "${BOT_TOKEN}"}


def providers(sandbox):
    return organisation_providers(sandbox, ENVIRONMENT)


def declared_rows(gateway):
    rows = gateway.api("GET", "/oauth/installations").json()["installations"]
    return [row for row in rows if row["declared"]]


def declare(gateway, *lines):
    """Writes them into providers.yaml, which every replica reads anew."""
    installation = gateway.installation
    entries = yaml.safe_load(installation.config.read_text())["providers"]
    installation.write_providers(entries, lines)


def until_declared(gateway, *orgs):
    until(lambda: [row["external_org_id"] for row in declared_rows(gateway)] == list(orgs), what="the declarations being read")


@pytest.fixture
def acme():
    """Lets the app into Acme at GitHub without this gateway, as an owner did long ago; what the file says of it."""

    def let_in(gateway, **more):
        github = gateway.installation.providers["github"]
        github.configure(installed_url=f"{gateway.url}/oauth/callback/github", webhook_url=f"{gateway.url}/oauth/webhooks/github")
        back = decide(f"{github.url}/apps/sandbox-app/installations/new", ALICE, organisation="acme")
        (delivery,) = github.happen("new_permissions_accepted", organisation="acme")
        account = json.loads(delivery["body"])["installation"]["account"]
        return {"provider": "github", "org": str(account["id"]), "installation_id": query_of(back)["installation_id"], **more}

    return let_in


def test_declared_ones_serve_without_a_consent_and_stay_in_the_file(gateway, acme):
    line = acme(gateway)
    declare(gateway, line, SLACK)
    until_declared(gateway, line["org"], SLACK["org"])
    minted, static = declared_rows(gateway)
    served = token(gateway, "github", org_id=line["org"]).json()["access_token"]
    assert served in gateway.installation.providers["github"].living("access")
    assert token(gateway, "github", installation_id=minted["id"]).json()["access_token"] == served, "kept"
    assert token(gateway, "slack", org_id=SLACK["org"]).json()["access_token"] == BOT
    for row in (minted, static):
        refused = gateway.api("DELETE", f"/oauth/installations/{row['id']}")
        assert refused.status_code == 409 and "providers file" in refused.json()["message"], refused.text
    assert BOT not in gateway.logs() and served not in gateway.logs()


def test_stored_one_goes_first_only_if_the_file_says_so(gateway, acme):
    declare(gateway)
    until_declared(gateway)
    line = acme(gateway)
    stored = install_without_browser(gateway, "github")
    assert stored["external_org_id"] == line["org"]
    for more, first in (({}, True), ({"prefer_stored": True}, False)):
        declare(gateway, {**line, **more})
        until(
            lambda first=first: (token(gateway, "github", org_id=line["org"]).json()["installation_id"] != stored["id"]) == first,
            what="the declaration being read",
        )


def test_suspension_told_to_one_replica_holds_at_the_other_at_once(replicas, acme):
    first, second = replicas
    github = first.installation.providers["github"]
    line = acme(first)
    declare(first, line)
    before = set()
    for gateway in replicas:
        until_declared(gateway, line["org"])
        before.add(token(gateway, "github", org_id=line["org"]).json()["access_token"])
    assert len(before) == 2, "each replica makes and keeps its own"
    (delivery,) = github.happen("suspend", organisation="acme")
    assert delivery["status"] == 200, delivery
    for gateway in (second, first):
        refused = token(gateway, "github", org_id=line["org"])
        assert refused.status_code == 401 and refused.json()["details"]["status"] == "suspended", refused.text
    (delivery,) = github.happen("unsuspend", organisation="acme")
    assert delivery["status"] == 200, delivery
    after = token(second, "github", org_id=line["org"]).json()["access_token"]
    assert after not in before and after in github.living("access")
