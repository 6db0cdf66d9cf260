"""What providers tell by themselves: the sandbox's real webhooks to a real gateway, whose tokens end with what they tell."""

import copy
import hashlib
import hmac
import http.client
import json
import re
import time

import httpx
import pytest

from rig.gateway import oauth2_entry
from rig.organisations import (
    ALICE,
    WEBHOOK_SECRET,
    install,
    install_without_browser,
    only_active,
    organisation_providers,
    token,
)
from rig.process import until

ENVIRONMENT = {}
LIMIT = 2 << 20


def providers(sandbox):
    entries = organisation_providers(sandbox, ENVIRONMENT)
    github, entry = entries["github"]
    google, meta, oidc = (sandbox.provider(name, plays=name) for name in ("google", "meta", "oidc"))
    entries["without-secret"] = github, {**copy.deepcopy(entry), "webhook_secret": "${NO_WEBHOOK_SECRET:-}"}
    entries["without-events"] = oidc, oauth2_entry(oidc)
    entries["google"] = google, {
        **oauth2_entry(google),
        "plugin": "google",
        "scopes": ["openid", "email"],
        "options": {
            "authorization_url": f"{google.url}/o/oauth2/v2/auth",
            "token_url": f"{google.url}/token",
            "revocation_url": f"{google.url}/revoke",
            "userinfo_url": f"{google.url}/v1/userinfo",
            "jwks_url": f"{google.url}/oauth2/v3/certs",
            "issuer": google.url,
        },
    }
    entries["meta"] = meta, {
        **oauth2_entry(meta, webhook_secret="${WEBHOOK_SECRET}"),
        "plugin": "meta",
        "scopes": ["email"],
        "options": {"base_url": meta.url, "graph_url": f"{meta.url}/graph"},
    }
    return entries


@pytest.fixture
def played(installation, gateway):
    """The imitations, their events on the way to this gateway."""
    for name in ("github", "jira", "slack", "google", "meta"):
        policy = {"webhook_url": f"{gateway.url}/oauth/webhooks/{name}"}
        if name in ("github", "jira", "slack"):
            policy["installed_url"] = f"{gateway.url}/oauth/callback/{name}"
        installation.providers[name].configure(**policy)
    return installation.providers


@pytest.fixture
def acme(gateway, played):
    """The app at GitHub, let into Acme; nothing of it is left afterwards."""
    row = install_without_browser(gateway, "github")
    yield row
    if gateway.api("GET", f"/oauth/installations/{row['id']}").json()["status"] != "revoked":
        told(played["github"], "uninstall", organisation="acme")


def told(provider, event, status=200, **about):
    """What the gateway answered to each webhook of this event."""
    deliveries = provider.happen(event, **about)
    assert [line["status"] for line in deliveries] == [status] * len(deliveries), deliveries
    return deliveries


def again(delivery, url=None, **headers):
    """The same octets with the same headers, as somebody who listened would send them."""
    sent = {**delivery["headers"], **headers}
    return httpx.post(url or delivery["url"], content=delivery["body"], headers=sent, timeout=40)


def audit_of(gateway, event):
    return gateway.database.rows(f"SELECT count(*) FROM audit_log WHERE event = '{event}'")[0][0]  # noqa: S608


@pytest.mark.parametrize("name", ["github", "slack"])
def test_install_token_uninstall_at_the_provider(gateway, played, browser, name):
    row = install(gateway, browser, name)
    served = token(gateway, name, org_id=row["external_org_id"]).json()["access_token"]
    assert served in played[name].living("access")

    told(played[name], "uninstall", organisation="acme")
    refused = token(gateway, name, org_id=row["external_org_id"])
    assert refused.status_code == 401 and refused.json()["error"] == "not_authenticated", refused.text
    assert token(gateway, name, installation_id=row["id"]).status_code == 401
    ended = gateway.api("GET", f"/oauth/installations/{row['id']}").json()
    assert ended["status"] == "revoked" and ended["revoked_at"]
    listed = gateway.api("GET", "/oauth/installations", params={"platform": name, "status": "active"}).json()
    assert listed["installations"] == []
    assert served not in gateway.logs()
    # And the way back in is open.
    fresh = install(gateway, browser, name)
    assert fresh["id"] != row["id"]
    assert token(gateway, name, org_id=row["external_org_id"]).status_code == 200
    told(played[name], "uninstall", organisation="acme")


def test_jira_tells_of_no_end_and_the_next_refresh_finds_it(gateway, played, browser):
    """Atlassian has no event for it; its other events are verified and change nothing."""
    played["jira"].configure(access_ttl=2)
    row = install(gateway, browser, "jira")
    served = token(gateway, "jira", org_id=row["external_org_id"]).json()["access_token"]
    (delivery,) = told(played["jira"], "issue_created", organisation="acme")
    assert json.loads(delivery["answer"]) == {"status": "nothing"}
    forged = delivery["headers"]["Authorization"][:-4] + "AAAA"
    assert again(delivery, Authorization=forged).status_code == 401
    assert played["jira"].happen("withdraw", account=ALICE) == []
    assert served not in played["jira"].living("access")
    refused = until(lambda: (answer := token(gateway, "jira", org_id=row["external_org_id"])).status_code == 401 and answer)
    assert refused.json()["error"] in ("refresh_failed", "not_authenticated"), refused.text


def test_suspension_ends_tokens_until_it_is_lifted(gateway, played, acme):
    address = {"org_id": acme["external_org_id"]}
    before = token(gateway, "github", **address).json()["access_token"]
    told(played["github"], "suspend", organisation="acme")
    suspended = token(gateway, "github", **address)
    assert suspended.status_code == 401 and suspended.json()["details"]["status"] == "suspended", suspended.text
    told(played["github"], "unsuspend", organisation="acme")
    after = token(gateway, "github", **address).json()["access_token"]
    assert after != before and after in played["github"].living("access")
    assert acme["permissions"].get("pull_requests") != "write"
    told(played["github"], "new_permissions_accepted", organisation="acme")
    assert only_active(gateway, "github")["permissions"]["pull_requests"] == "write"


def test_replay_has_no_effect(gateway, played, acme):
    (delivery,) = told(played["github"], "suspend", organisation="acme")
    told(played["github"], "unsuspend", organisation="acme")
    suspensions = audit_of(gateway, "installation_suspended")
    replayed = again(delivery)
    assert replayed.status_code == 200 and replayed.json() == {"status": "replayed"}, replayed.text
    assert token(gateway, "github", org_id=acme["external_org_id"]).status_code == 200
    assert audit_of(gateway, "installation_suspended") == suspensions


def test_forged_and_misdirected_events_have_no_effect(gateway, played, acme):
    (delivery,) = told(played["github"], "new_permissions_accepted", organisation="acme")
    body = json.loads(delivery["body"])
    body["action"] = "deleted"
    changed = {**delivery, "body": json.dumps(body)}
    signature = delivery["headers"]["X-Hub-Signature-256"]
    for forged in (
        again(changed),
        again(delivery, **{"X-Hub-Signature-256": signature.replace("sha256=", "sha1=")}),
        again(delivery, **{"X-Hub-Signature-256": ""}),
        again(delivery, url=f"{gateway.url}/oauth/webhooks/slack"),
        again(delivery, url=f"{gateway.url}/oauth/webhooks/jira"),
        again(delivery, url=f"{gateway.url}/oauth/webhooks/google"),
        again(delivery, url=f"{gateway.url}/oauth/webhooks/meta"),
    ):
        assert forged.status_code == 401 and forged.json()["error"] == "invalid_signature", forged.text
    assert token(gateway, "github", org_id=acme["external_org_id"]).status_code == 200


def test_who_cannot_take_events_says_who_must_act(gateway, played, acme):
    (delivery,) = told(played["github"], "new_permissions_accepted", organisation="acme")
    at = f"{gateway.url}/oauth/webhooks"
    unknown = again(delivery, url=f"{at}/nobody")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown_provider")
    unset = again(delivery, url=f"{at}/without-secret")
    assert (unset.status_code, unset.json()["error"]) == (503, "provider_not_configured")
    assert "webhook_secret" in unset.json()["message"] and "administrator of this gateway" in unset.json()["message"]
    deaf = again(delivery, url=f"{at}/without-events")
    assert deaf.status_code == 404 and "remove this address" in deaf.json()["message"]
    assert httpx.delete(f"{at}/github").status_code == 405


@pytest.mark.parametrize(("age", "status"), [(0, 200), (-290, 200), (290, 200), (-310, 401), (310, 401)])
def test_slack_event_counts_for_five_minutes(gateway, played, age, status):
    moment = str(int(time.time()) + age)
    body = json.dumps({"type": "event_callback", "team_id": "T1", "event": {"type": "other"}, "event_id": f"Ev{age}"})
    signed = hmac.new(WEBHOOK_SECRET.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={signed}"}
    answer = httpx.post(f"{gateway.url}/oauth/webhooks/slack", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_providers_that_try_the_address_get_what_they_want(played):
    (slack,) = told(played["slack"], "url_verification")
    assert slack["answer"] == json.loads(slack["body"])["challenge"]
    (meta,) = told(played["meta"], "verification")
    assert meta["method"] == "GET" and f"hub.challenge={meta['answer']}" in meta["url"] and meta["answer"]
    (google,) = told(played["google"], "verification", 202)
    assert google["answer"] == ""


def test_githubs_long_events_are_taken_and_endless_ones_not(gateway, played, acme):
    """An uninstallation lists the organisation's repositories."""

    def signed(size):
        account = {"id": int(acme["external_org_id"]), "login": "acme"}
        event = {"action": "suspend", "installation": {"id": int(acme["external_install_id"]), "account": account}}
        body = json.dumps({**event, "repositories": ["x" * size]})
        digest = hmac.new(WEBHOOK_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "installation", "X-GitHub-Delivery": f"long-{size}"}
        headers |= {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        return httpx.post(f"{gateway.url}/oauth/webhooks/github", content=body, headers=headers, timeout=40)

    endless = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=40)
    endless.putrequest("POST", "/oauth/webhooks/github")
    endless.putheader("Content-Length", str(LIMIT + 1))
    endless.endheaders()
    assert endless.getresponse().status == 413
    taken = signed(LIMIT - 1000)
    assert taken.status_code == 200 and taken.json() == {"status": "applied"}, taken.text
    assert token(gateway, "github", org_id=acme["external_org_id"]).status_code == 401


@pytest.mark.parametrize("event", ["withdraw", "disable"])
def test_googles_security_events_end_the_accounts_grants(gateway, played, user, event):
    gateway.connect("google", user)
    served = gateway.access_token("google", user)
    (delivery,) = told(played["google"], event, 202, account=user)
    refused = gateway.token("google", user)
    assert refused.status_code == 401 and refused.json()["error"] == "not_authenticated", refused.text
    gateway.connect("google", user)
    tampered = delivery["body"][:-4] + "AAAA"
    assert again({**delivery, "body": tampered}).status_code == 401
    assert again(delivery).status_code == 202
    assert gateway.token("google", user).status_code == 200, "a replay must not end the later grant"
    assert served not in gateway.logs()


@pytest.mark.parametrize("event", ["withdraw", "delete_data"])
def test_person_who_leaves_meta_is_forgotten_and_can_look_it_up(gateway, played, browser, user, event):
    flow, confirmation = gateway.consent("meta", user)
    code = re.search(r'class="secret">([^<]+)<', confirmation.text)[1]
    assert gateway.post("/auth/confirm", {"session_id": flow["session_id"], "code": code}).status_code == 200
    assert gateway.token("meta", user).status_code == 200
    (delivery,) = told(played["meta"], event, account=user)
    assert gateway.token("meta", user).json()["error"] == "not_authenticated"
    answer = json.loads(delivery["answer"])
    assert answer.keys() == {"url", "confirmation_code"}
    assert answer["url"].startswith(f"{gateway.url}/oauth/webhooks/meta?") and answer["confirmation_code"] in answer["url"]
    page = browser.new_page()
    try:
        assert page.goto(answer["url"]).status == 200
        assert page.locator("h1").inner_text() == "Done"
        assert answer["confirmation_code"] in page.inner_text("main") and "deleted" in page.inner_text("main")
        assert page.goto(answer["url"][:-4] + "0000").status == 401
        assert "code is wrong" in page.inner_text("main")
    finally:
        page.close()


def test_event_at_one_replica_counts_at_the_other(replicas, shared_installation):
    first, second = replicas
    github = shared_installation.providers["github"]
    github.configure(
        webhook_url=f"{first.url}/oauth/webhooks/github", installed_url=f"{first.url}/oauth/callback/github"
    )
    row = install_without_browser(first, "github")
    assert token(second, "github", org_id=row["external_org_id"]).status_code == 200
    (delivery,) = told(github, "uninstall", organisation="acme")
    assert token(second, "github", org_id=row["external_org_id"]).status_code == 401
    replayed = again(delivery, url=f"{second.url}/oauth/webhooks/github")
    assert replayed.json() == {"status": "replayed"}


def test_what_became_of_them_is_counted(gateway, played, acme):
    def counted(outcome):
        series = f'auth_gateway_webhooks_total{{outcome="{outcome}",provider="github"}} '
        lines = gateway.api("GET", "/metrics").text.splitlines()
        return sum(float(line[len(series) :]) for line in lines if line.startswith(series))

    before = {outcome: counted(outcome) for outcome in ("applied", "replayed", "refused")}
    (delivery,) = told(played["github"], "new_permissions_accepted", organisation="acme")
    again(delivery)
    again(delivery, **{"X-Hub-Signature-256": "sha256=0"})
    assert {outcome: counted(outcome) - value for outcome, value in before.items()} == dict.fromkeys(before, 1)
