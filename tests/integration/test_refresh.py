"""G1, G5, E5, C7: one renewal for everybody, revoke wins, a dead provider is not a dead grant."""

import concurrent.futures
import threading
import time

import pytest

from rig.gateway import oauth2_entry
from rig.process import until
from rig.sandbox import decide

CALLERS = 100


def providers(sandbox):
    names = ("crowd", "revoked", "outage", "dead", "refusing", "garbage", "late", "silent", "forced")
    entries = {}
    for name in names:
        provider = sandbox.provider(name)
        entries[name] = provider, oauth2_entry(provider)
    return entries


def connect_expired(gateway, provider, name, user):
    """A grant whose access token has ended; whatever comes next lives for an hour."""
    provider.configure(access_ttl=1)
    gateway.connect(name, user)
    provider.configure(access_ttl=3600)
    time.sleep(1.1)


def test_crowd_on_two_replicas_is_one_renewal_and_one_token(replicas, shared_installation, user):
    """G1, law 3: the provider holds its answer while everybody asks."""
    provider = shared_installation.providers["crowd"]
    connect_expired(replicas[0], provider, "crowd", user)
    provider.fault(grant_type="refresh_token", hold=True)
    with concurrent.futures.ThreadPoolExecutor(2 * CALLERS) as pool:
        calls = [pool.submit(replicas[number % 2].token, "crowd", user) for number in range(2 * CALLERS)]
        provider.wait_until_held()
        time.sleep(1.0)  # lets the callers queue up behind it
        assert provider.release() == 1
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {200}, {answer.text for answer in answers}
    assert {answer.json()["access_token"] for answer in answers} == set(provider.living("access", user)[-1:])
    assert provider.requests("token:refresh_token") == 1 and provider.ledger()["reuse"] == 0


def test_revoke_wins_over_a_renewal_under_way(gateway, installation, user):
    """G5, law 8."""
    provider = installation.providers["revoked"]
    connect_expired(gateway, provider, "revoked", user)
    provider.fault(grant_type="refresh_token", hold=True)
    answers = []
    reader = threading.Thread(target=lambda: answers.append(gateway.token("revoked", user)))
    reader.start()
    provider.wait_until_held()
    assert gateway.revoke("revoked", user).status_code == 200
    provider.release()
    reader.join(20)
    assert answers[0].status_code == 401 and "access_token" not in answers[0].json()
    assert gateway.token("revoked", user).json()["error"] == "not_authenticated"
    until(lambda: not provider.living("access", user) and not provider.living("refresh", user), what="the end of all tokens")


def test_outage_serves_the_living_token_then_says_when_to_come_back(gateway, installation, user):
    """Laws 1, 2 and 7."""
    provider = installation.providers["outage"]
    provider.configure(access_ttl=8)
    gateway.connect("outage", user)
    token = gateway.access_token("outage", user, min_ttl=1)
    time.sleep(4.5)
    provider.down()

    def degraded():
        answer = gateway.token("outage", user, min_ttl=1).json()
        assert answer["access_token"] == token
        return answer.get("degraded")

    until(degraded, 2.5, 0.1, "a degraded answer")
    time.sleep(4.0)
    answer = gateway.token("outage", user)
    assert (answer.status_code, answer.json()["error"]) == (503, "provider_unavailable")
    assert int(answer.headers["retry-after"]) >= 1

    provider.up()
    provider.configure(access_ttl=3600)
    renewed = until(
        lambda: (answer := gateway.token("outage", user)).status_code == 200 and answer, 30, 0.5, "the recovery"
    )
    assert renewed.json()["access_token"] in provider.living("access", user)
    assert provider.ledger()["reuse"] == 0


def test_withdrawn_consent_asks_for_a_new_one(gateway, installation, user):
    provider = installation.providers["dead"]
    connect_expired(gateway, provider, "dead", user)
    assert provider.withdraw(user) == 1
    answer = gateway.token("dead", user)
    body = answer.json()
    assert (answer.status_code, body["error"]) == (401, "refresh_failed")
    assert body["message"] == "Refresh token expired. Please re-authenticate."
    assert body["auth_required"] is True and body["session_id"] and body["expires_at"]
    requests = provider.requests("token")
    assert gateway.token("dead", user).json()["error"] == "refresh_failed"
    assert provider.requests("token") == requests, "a dead grant is not tried again"

    assert gateway.callback(decide(body["auth_url"], user)).status_code == 200
    assert gateway.access_token("dead", user) in provider.living("access", user)


def test_refused_client_is_the_operators_business_and_kills_no_grant(gateway, installation, user):
    """E5: `invalid_client`."""
    provider = installation.providers["refusing"]
    connect_expired(gateway, provider, "refusing", user)
    provider.fault(times=-1, status=401, body='{"error":"invalid_client"}')
    answer = gateway.token("refusing", user)
    assert (answer.status_code, answer.json()["error"]) == (502, "provider_misconfigured")
    provider.up()
    until(lambda: gateway.token("refusing", user).status_code == 200, 30, 0.5, "the recovery")
    assert provider.ledger()["reuse"] == 0


NONSENSE = {
    "html": {"status": 200, "body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}},
    "waf": {"status": 403, "body": "<html>Blocked</html>", "headers": {"Content-Type": "text/html"}},
    "limited": {"status": 429, "body": "{}", "headers": {"Retry-After": "1"}},
    "unknown word": {"status": 400, "body": '{"error":"who_knows"}'},
    "empty": {"status": 200, "body": ""},
    "no token": {"status": 200, "body": '{"token_type":"Bearer"}'},
    "no answer": {"raw": ""},
    "reset": {"reset": True},
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_from_the_provider_is_no_reason_to_lose_a_grant(gateway, installation, user, kind):
    """E5, E6, law 7."""
    provider = installation.providers["garbage"]
    connect_expired(gateway, provider, "garbage", user)
    provider.fault(grant_type="refresh_token", times=-1, **NONSENSE[kind])
    answer = gateway.token("garbage", user)
    provider.up()
    assert answer.status_code in (502, 503), answer.text
    assert "Sign in" not in answer.text and "who_knows" not in answer.text
    until(lambda: gateway.token("garbage", user).status_code == 200, 40, 0.25, "the recovery")
    assert provider.ledger()["reuse"] == 0


def test_answer_cut_in_the_middle_is_not_stored(gateway, installation, user):
    """E4: the provider has rotated, its answer is lost on the way."""
    provider = installation.providers["late"]
    provider.configure(rotation="grace", grace_seconds=60)
    connect_expired(gateway, provider, "late", user)
    provider.fault(grant_type="refresh_token", cut_at=40)
    assert gateway.token("late", user).status_code in (502, 503)
    recovered = until(
        lambda: (answer := gateway.token("late", user)).status_code == 200 and answer, 40, 0.5, "the recovery"
    )
    assert recovered.json()["access_token"] in provider.living("access", user)


def test_answer_without_refresh_token_keeps_the_old_one(gateway, installation, user):
    """Law 6."""
    provider = installation.providers["silent"]
    provider.configure(rotation="never", access_ttl=2)
    gateway.connect("silent", user)
    for _ in range(2):
        time.sleep(2.1)
        assert gateway.access_token("silent", user) in provider.living("access", user)
    assert len(provider.tokens("refresh", user)) == 1 and provider.tokens("refresh", user)[0]["uses"] >= 2


def test_renewal_on_demand_happens_once_in_thirty_seconds(replicas, shared_installation, user):
    provider = shared_installation.providers["forced"]
    replicas[0].connect("forced", user)
    first = replicas[0].access_token("forced", user)
    assert replicas[1].access_token("forced", user, force_refresh=True) == first
    time.sleep(30.5)
    second = replicas[1].access_token("forced", user, force_refresh=True)
    assert second != first and second in provider.living("access", user)
    assert replicas[0].access_token("forced", user, force_refresh=True) == second
    assert provider.requests("token:refresh_token") == 1
