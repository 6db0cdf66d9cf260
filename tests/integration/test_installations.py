"""An organisation from its link to its token and to its end, in a real browser: what the gateway is for beyond people."""

import json
import subprocess

import httpx
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from mcp_auth_client import AuthRequiredException, SyncAuthClient
from rig.organisations import ALICE, install, install_without_browser, organisation_providers, token
from rig.sandbox import decide, query_of

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
OWN_TYPES = "urn:auth-gateway:token-type"
NAMES = ["github", "jira", "slack"]
ENVIRONMENT = {}


def providers(sandbox):
    return organisation_providers(sandbox, ENVIRONMENT)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def provider(installation, gateway, name):
    provider = installation.providers[name]
    provider.configure(installed_url=f"{gateway.url}/oauth/callback/{name}")
    return provider


def test_link_is_made_for_a_post_without_a_body(gateway, name):
    done = subprocess.run(
        ["curl", "-sS", "-X", "POST", "-H", f"X-API-Key: {gateway.installation.root_key}",
         f"{gateway.url}/oauth/install/{name}"], capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["install_url"].startswith(f"{gateway.url}/oauth/install/{name}?ticket=")


def test_install_list_token_and_end(gateway, provider, name, browser):
    row = install(gateway, browser, name)
    assert (row["platform"], row["external_org_name"].lower(), row["declared"]) == (name, "acme", False)
    answer = token(gateway, name, org_id=row["external_org_id"])
    assert answer.status_code == 200, answer.text
    served = answer.json()["access_token"]
    assert served in provider.living("access")
    assert token(gateway, name, installation_id=row["id"]).json()["access_token"] == served

    ended = gateway.api("DELETE", f"/oauth/installations/{row['id']}")
    assert ended.status_code == 200 and ended.json()["revoked_at_provider"], ended.text
    assert served not in provider.living("access")
    refused = token(gateway, name, org_id=row["external_org_id"])
    assert refused.status_code == 401, refused.text
    assert refused.json()["auth_url"].startswith(f"{gateway.url}/oauth/install/{name}?ticket=")
    assert gateway.api("GET", f"/oauth/installations/{row['id']}").json()["status"] == "revoked"
    assert served not in gateway.logs()


def test_unchanged_token_is_answered_without_a_body(gateway, provider, name):
    row = install_without_browser(gateway, name)
    first = token(gateway, name, org_id=row["external_org_id"])
    again = gateway.api(
        "GET", f"/oauth/token/{name}", params={"installation_id": row["id"]}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert gateway.api("DELETE", f"/oauth/installations/{row['id']}").status_code == 200
    after = gateway.api(
        "GET", f"/oauth/token/{name}", params={"org_id": row["external_org_id"]}, headers={"If-None-Match": first.headers["etag"]}
    )
    assert after.status_code == 401, "a caller's copy does not outlive the installation"


def test_python_client_lists_and_gets_the_organisations_token(gateway, provider, name, browser):
    with SyncAuthClient(gateway.url, gateway.installation.root_key) as client:
        with pytest.raises(AuthRequiredException):
            client.get_installation_token(name, "nobody-of-that-name")
        row = install(gateway, browser, name)
        (listed,) = client.list_installations(name, status="active")
        assert listed["id"] == row["id"]
        token = client.get_installation_token(name, row["external_org_id"])
        assert token in provider.living("access")
        assert client.get_installation_token(name, installation_id=row["id"]) == token
    assert gateway.api("DELETE", f"/oauth/installations/{row['id']}").status_code == 200
    with SyncAuthClient(gateway.url, gateway.installation.root_key) as later, pytest.raises(AuthRequiredException) as needed:
        later.get_installation_token(name, row["external_org_id"])
    assert needed.value.auth_url.startswith(f"{gateway.url}/oauth/install/{name}?ticket=")


def test_stock_library_exchanges_a_token(gateway, provider, name, browser):
    row = install(gateway, browser, name)

    def exchange(method, **form):
        with OAuth2Client("any", gateway.installation.root_key, token_endpoint_auth_method=method) as client:
            return client.fetch_token(f"{gateway.url}/oauth/token", grant_type=EXCHANGE, audience=name, **form)

    by_org = {"subject_token": row["external_org_id"], "subject_token_type": f"{OWN_TYPES}:org_id"}
    by_id = {"subject_token": row["id"], "subject_token_type": f"{OWN_TYPES}:installation_id"}
    for got in (exchange("client_secret_basic", **by_org), exchange("client_secret_post", **by_id)):
        assert got["access_token"] in provider.living("access")
        assert got["token_type"] == "Bearer" and got["expires_in"] > 0
        assert got["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert gateway.api("DELETE", f"/oauth/installations/{row['id']}").status_code == 200
    with pytest.raises(OAuthError) as refused:
        exchange("client_secret_basic", **by_org)
    assert refused.value.error == "invalid_grant"


def test_forged_installation_id_is_refused(gateway, installation):
    """Anybody can open the address that GitHub sends people back to, with anybody's number."""
    provider = installation.providers["github"]
    provider.configure(installed_url=f"{gateway.url}/oauth/callback/github")
    number = query_of(decide(f"{provider.url}/apps/sandbox-app/installations/new", ALICE))["installation_id"]
    with httpx.Client() as mallory:
        begun = mallory.get(f"{gateway.url}/oauth/install/github")
        forged = {"state": query_of(begun.headers["location"])["state"], "installation_id": number, "setup_action": "install"}
        consent = mallory.get(f"{gateway.url}/oauth/callback/github", params=forged)
        assert consent.status_code == 303, consent.text
        refused = mallory.get(decide(consent.headers["location"], "mallory@example.com"))
    assert refused.status_code == 400 and "not one of this account" in refused.text, refused.text
    assert token(gateway, "github", installation_id=number).status_code == 401


def test_install_that_came_back_in_another_browser_is_refused(gateway, installation):
    """A1: whoever began sends the provider's link to Alice, who consents; nothing of hers may be connected."""
    installation.providers["github"].configure(installed_url=f"{gateway.url}/oauth/callback/github")
    begun = httpx.get(f"{gateway.url}/oauth/install/github")
    page = httpx.get(decide(begun.headers["location"], ALICE))
    assert page.status_code == 400 and "another browser" in page.text, page.text
    listed = gateway.api("GET", "/oauth/installations", params={"platform": "github", "status": "active"})
    assert listed.json()["installations"] == []
