"""Organisations at the providers that the sandbox plays: their entries, and the way in."""

import httpx

from rig.browser import person
from rig.gateway import oauth2_entry
from rig.sandbox import decide

ALICE = "alice@example.com"
WEBHOOK_SECRET = "sandbox-webhook-secret"


def organisation_providers(sandbox, environment):
    """GitHub, Jira and Slack by name: the imitation and its entry, which refers to `environment`."""
    played = {name: sandbox.provider(name, plays=name) for name in ("github", "jira", "slack")}
    github, jira, slack = played.values()
    environment.update(GITHUB_KEY=github.app()["private_key"], WEBHOOK_SECRET=WEBHOOK_SECRET)
    options = {
        "github": {"base_url": github.url, "api_url": f"{github.url}/api/v3", "app_slug": "sandbox-app"},
        "jira": {"auth_url": jira.url, "api_url": f"{jira.url}/api"},
        "slack": {"base_url": slack.url, "bot_scopes": ["chat:write"]},
    }
    more = {
        "github": {"scopes": [], "private_key": "${GITHUB_KEY}", "allow_public_install": True},
        "jira": {"scopes": ["read:me", "read:jira-work", "offline_access"]},
        "slack": {"scopes": ["users:read"]},
    }
    return {
        name: (
            provider,
            {
                **oauth2_entry(provider, webhook_secret="${WEBHOOK_SECRET}"),
                "plugin": name,
                "options": options[name],
                **more[name],
            },
        )
        for name, provider in played.items()
    }


def install(gateway, browser, name):
    """Alice lets the app into Acme; the line of the list that tells so."""
    link = gateway.post(f"/oauth/install/{name}", {})
    assert link.status_code == 200, link.text
    with person(browser) as page:
        page.goto(link.json()["install_url"])
        page.locator(f'input[name="account"][value="{ALICE}"]').check()
        page.locator('input[name="organisation"][value="acme"]').check()
        page.get_by_role("button", name="Install" if name == "github" else "Allow").click()
        page.wait_for_url(f"{gateway.url}/oauth/callback/**")
        assert page.locator("h1").inner_text() == "Installation Successful", page.inner_text("main")
        assert "acme" in page.inner_text("main").lower()
    return only_active(gateway, name)


def install_without_browser(gateway, name):
    """The same by the forms alone."""
    link = gateway.post(f"/oauth/install/{name}", {}).json()["install_url"]
    with httpx.Client(timeout=40) as client:
        begun = client.get(link)
        page = client.get(decide(begun.headers["location"], ALICE, organisation="acme"))
    assert page.status_code == 200, page.text
    return only_active(gateway, name)


def only_active(gateway, name):
    listed = gateway.api("GET", "/oauth/installations", params={"platform": name, "status": "active"}).json()
    assert len(listed["installations"]) == 1, listed
    return listed["installations"][0]


def token(gateway, name, **address):
    return gateway.api("GET", f"/oauth/token/{name}", params=address)
