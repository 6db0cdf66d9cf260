"""E1, E2, C5, H2, I10: certificates, private addresses, a database that goes away, a file that changes."""

import signal
import time

import httpx
import pytest

from rig.gateway import oauth2_entry
from rig.process import until
from rig.sandbox import decide


def over_tls(provider, **entry):
    """Everything but the consent page by HTTPS."""
    options = {
        "token_url": f"{provider.https_url}/token",
        "revocation_url": f"{provider.https_url}/revoke",
        "userinfo_url": f"{provider.https_url}/userinfo",
        "issuer": [provider.https_url, provider.url],
    }
    return oauth2_entry(provider, options=options, **entry)


def providers(sandbox):
    def entry(make, **more):
        provider = sandbox.provider("operations")
        return provider, make(provider, **more)

    return {
        "plain": entry(oauth2_entry),
        "secure": entry(over_tls),
        "walled": entry(oauth2_entry, allow_private=False),
    }


@pytest.fixture(scope="module")
def files(sandbox):
    return {
        "AUTH_GATEWAY_TLS_CERT": str(sandbox.certificate),
        "AUTH_GATEWAY_TLS_KEY": str(sandbox.certificate.with_name("tls.key")),
    }


def test_gateway_and_provider_speak_tls_to_those_they_trust(shared_installation, sandbox, files, user):
    provider = shared_installation.providers["secure"]
    gateway = shared_installation.start(AUTH_GATEWAY_CA_FILE=str(sandbox.certificate), **files)
    try:
        gateway.connect("secure", user)
        assert gateway.access_token("secure", user) in provider.living("access", user)
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{gateway.url}/health")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{gateway.port}/health")
    finally:
        assert gateway.stop() == 0


def test_provider_with_an_unknown_certificate_gets_no_request(replicas, shared_installation, user):
    """E2."""
    provider = shared_installation.providers["secure"]
    before = provider.requests("token")
    flow, page = replicas[0].consent("secure", user)
    assert page.status_code == 503 and replicas[0].status(flow)["status"] == "failed"
    assert provider.requests("token") == before


def test_private_address_is_refused_unless_the_entry_allows_it(replicas, shared_installation, user):
    """E1."""
    provider = shared_installation.providers["walled"]
    flow, page = replicas[0].consent("walled", user)
    assert "Authentication Successful" not in page.text
    assert replicas[0].status(flow)["status"] == "failed"
    assert provider.requests("token") == 0


def test_consent_at_one_replica_is_served_by_the_other(replicas, shared_installation, user):
    provider = shared_installation.providers["plain"]
    flow = replicas[0].init("plain", user)
    url = decide(flow["auth_url"], user).replace(replicas[0].url, replicas[1].url)
    assert replicas[1].callback(url).status_code == 200
    assert replicas[0].status(flow)["status"] == "completed"
    tokens = {replica.access_token("plain", user) for replica in replicas}
    assert tokens == set(provider.living("access", user))
    assert replicas[0].revoke("plain", user).status_code == 200
    until(lambda: replicas[1].token("plain", user).status_code == 401, 1, 0.01, "the refusal at the other replica")
    assert replicas[1].token("plain", user).json()["error"] == "not_authenticated"


def test_revoked_key_is_refused_everywhere_within_a_second(replicas, shared_installation, user):
    """C5."""
    permissions = ("--operations", "token", "--providers", "*", "--owners", "*")
    made = shared_installation.command("api-keys", "create", "--name", "short-lived", *permissions)
    key = max(made.stdout.split(), key=len)
    replicas[0].connect("plain", user)
    assert [replica.token("plain", user, key=key).status_code for replica in replicas] == [200, 200]
    shared_installation.command("api-keys", "revoke", "short-lived")
    time.sleep(1.0)
    answers = [replica.token("plain", user, key=key) for replica in replicas]
    assert [answer.json()["error"] for answer in answers] == ["invalid_api_key"] * 2


def test_database_that_goes_away_is_told_and_comes_back_by_itself(replicas, shared_installation, user):
    """H2."""
    gateway = replicas[0]
    gateway.connect("plain", user)
    token = gateway.access_token("plain", user)
    database = shared_installation.database
    database.close()
    try:
        # What was read already is served from memory as long as a revocation elsewhere would have been heard of.
        until(lambda: gateway.token("plain", user).status_code == 503, 5, 0.1, "the refusal")
        began = time.monotonic()
        answer = gateway.token("plain", user)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1 and time.monotonic() - began < 6
        assert database.name not in answer.text and "SELECT" not in answer.text
        health = gateway.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert gateway.http.get("/health/ready").status_code == 503
        assert gateway.http.get("/health/live").status_code == 200
    finally:
        database.open()
    until(lambda: gateway.http.get("/health").status_code == 200, 15, 0.1, "the recovery")
    assert gateway.access_token("plain", user) == token


def test_changed_file_is_taken_and_a_broken_one_changes_nothing(shared_installation, replicas, user):
    """I10."""
    gateway = replicas[0]
    good = shared_installation.config.read_text()
    newcomer = good + "".join(
        f"  {line}\n" for line in (
            "newcomer:", "  plugin: oauth2", "  client_id: x", "  client_secret: ${SANDBOX_SECRET}", "  scopes: [openid]",
            "  options:", "    authorization_url: https://id.example/a", "    token_url: https://id.example/t",
        )
    )  # fmt: skip

    def names():
        return {entry["id"] for entry in gateway.api("GET", "/providers").json()["providers"]}

    try:
        shared_installation.config.write_text(good[: len(good) // 2] + "\n  : [")
        until(lambda: "config_refused" in gateway.logs(), 10, what="the refusal")
        assert names() == {"plain", "secure", "walled"}

        shared_installation.config.write_text(newcomer)
        gateway.process.child.send_signal(signal.SIGHUP)
        until(lambda: "newcomer" in names(), 5, what="the new provider")
    finally:
        shared_installation.config.write_text(good)
    until(lambda: "newcomer" not in names(), 10, what="the old file")
    gateway.connect("plain", user)


def test_signal_that_means_nothing_leaves_the_others_heard(shared_installation):
    gateway = shared_installation.start()
    gateway.process.child.send_signal(signal.SIGUSR1)
    assert gateway.stop() == 0
