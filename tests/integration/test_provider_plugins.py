"""People's grants by each provider's own plugin, at the sandbox that plays it: consent, token, three renewals, revocation."""

import pytest

from rig.process import until
from rig.sandbox import CLIENT_ID

LIFE = 4  # seconds of an access token: renewed at its half

ENTRIES = {
    "github": lambda provider: {
        "scopes": [],
        "options": {"base_url": provider.url, "api_url": f"{provider.url}/api/v3", "app_slug": "sandbox-app"},
    },
    "google": lambda provider: {
        "scopes": ["openid", "email"],
        "options": {
            "authorization_url": f"{provider.url}/o/oauth2/v2/auth",
            "token_url": f"{provider.url}/token",
            "revocation_url": f"{provider.url}/revoke",
            "userinfo_url": f"{provider.url}/v1/userinfo",
        },
    },
    "jira": lambda provider: {
        "scopes": ["read:me", "read:jira-work", "offline_access"],
        "options": {"auth_url": provider.url, "api_url": f"{provider.url}/api"},
    },
    "meta": lambda provider: {
        "scopes": ["email"],
        "options": {"base_url": provider.url, "graph_url": f"{provider.url}/graph"},
    },
    "microsoft": lambda provider: {
        "scopes": ["openid", "offline_access", "User.Read"],
        "options": {"authority_url": provider.url, "graph_url": f"{provider.url}/graph"},
    },
    "slack": lambda provider: {"scopes": ["search:read"], "options": {"base_url": provider.url}},
}


def providers(sandbox):
    made = {}
    for name, entry in ENTRIES.items():
        provider = sandbox.provider(name, plays=name, access_ttl=LIFE)
        made[name] = (
            provider,
            {
                "plugin": name,
                "client_id": CLIENT_ID,
                "client_secret": "${SANDBOX_SECRET}",
                "allow_private": True,
                "identity": "none",
                **entry(provider),
            },
        )
    return made


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_a_grant_lives_from_consent_to_revocation(gateway, installation, user, name):
    provider = installation.providers[name]
    gateway.connect(name, user)
    seen = [gateway.access_token(name, user)]
    assert seen[0] in provider.living("access")
    for _ in range(3):
        until(lambda: gateway.access_token(name, user) != seen[-1], what="a renewed token")
        seen.append(gateway.access_token(name, user))
        assert seen[-1] in provider.living("access")
    assert len(set(seen)) == 4
    answer = gateway.revoke(name, user)
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"]
    assert gateway.token(name, user).status_code == 401
    if answer.json()["revoked_at_provider"]:
        assert seen[-1] not in provider.living("access")
    for secret in seen:
        assert secret not in gateway.logs()
