"""G2, H1, H6: a process may end at any moment, in good order or not."""

import contextlib
import signal
import threading
import time

import httpx
import pytest

from rig import vault
from rig.gateway import oauth2_entry
from rig.process import until


def providers(sandbox):
    policies = {
        "graceful": {"rotation": "grace", "grace_seconds": 120},
        "strict": {"rotation": "always_revoke_family"},
        "living": {"rotation": "grace", "grace_seconds": 120},
        "paused": {"rotation": "grace", "grace_seconds": 120},
        "stopping": {},
        "rolling": {},
    }
    entries = {}
    for name, policy in policies.items():
        provider = sandbox.provider(name, **policy)
        entries[name] = provider, oauth2_entry(provider)
    return entries


@contextlib.contextmanager
def running(installation):
    """A gateway of the test's own, since the test ends it."""
    gateway = installation.start()
    try:
        yield gateway
    finally:
        if gateway.process.alive():
            gateway.stop()


@pytest.fixture
def process(installation):
    with running(installation) as gateway:
        yield gateway


def expire(provider, gateway, name, user):
    provider.configure(access_ttl=1)
    gateway.connect(name, user)
    provider.configure(access_ttl=3600)
    time.sleep(1.1)


def ask_held(gateway, provider, name, user, **extra):
    """A caller whose renewal the provider has done and not yet answered."""
    provider.fault(grant_type="refresh_token", hold=True)
    answers = []

    def call():
        try:
            answers.append(gateway.token(name, user, **extra))
        except httpx.TransportError as error:  # the process is killed under it
            answers.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    provider.wait_until_held()
    return caller, answers


def kill_during_renewal(installation, gateway, name, user):
    provider = installation.providers[name]
    expire(provider, gateway, name, user)
    caller, _ = ask_held(gateway, provider, name, user)
    gateway.kill()
    provider.release()
    caller.join(20)
    return provider


def test_killed_during_a_renewal_recovers_where_the_provider_is_lenient(installation, process, user):
    provider = kill_during_renewal(installation, process, "graceful", user)
    second = installation.start()
    try:
        answer = until(
            lambda: (got := second.token("graceful", user)).status_code == 200 and got, 60, 0.5, "the recovery"
        )
        assert answer.json()["access_token"] in provider.living("access", user)
        newest = provider.tokens("refresh", user, "alive")[-1]["value"]
        assert vault.holds(installation.database, installation.encryption_key, newest)
        assert provider.ledger()["reuse"] == 1, "the old token is tried once"
    finally:
        assert second.stop() == 0


def test_killed_during_a_renewal_asks_for_consent_where_the_provider_is_strict(installation, process, user):
    provider = kill_during_renewal(installation, process, "strict", user)
    second = installation.start()
    try:
        answer = until(
            lambda: (got := second.token("strict", user)).status_code == 401 and got, 60, 0.5, "the verdict"
        )
        assert answer.json()["error"] == "refresh_failed" and answer.json()["auth_url"]
        asked = provider.requests("token:refresh_token")
        assert second.token("strict", user).status_code == 401
        assert provider.requests("token:refresh_token") == asked == 2, "no loop"
    finally:
        assert second.stop() == 0


def test_living_token_is_served_after_a_crash(shared_installation, user):
    """Law 4: with an open intent the access token is used to its end before the old refresh token is tried."""
    provider = shared_installation.providers["living"]
    with running(shared_installation) as first:
        first.connect("living", user)
        token = first.access_token("living", user)
        time.sleep(31)  # a token that has just come is not renewed
        caller, _ = ask_held(first, provider, "living", user, min_ttl=3700)
        first.kill()
        provider.release()
        caller.join(20)
    with running(shared_installation) as second:
        assert second.access_token("living", user) == token
    assert provider.ledger()["reuse"] == 0


def test_asked_to_end_during_a_renewal_answers_first(installation, process, user):
    """H6."""
    provider = installation.providers["stopping"]
    expire(provider, process, "stopping", user)
    caller, answers = ask_held(process, provider, "stopping", user)
    process.process.terminate()
    time.sleep(1.0)
    assert process.process.alive(), "it waits for the renewal"
    provider.release()
    caller.join(20)
    assert answers[0].status_code == 200
    assert answers[0].json()["access_token"] in provider.living("access", user)
    assert process.process.wait(30) == 0
    newest = provider.tokens("refresh", user, "alive")[-1]["value"]
    assert vault.holds(installation.database, installation.encryption_key, newest)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_gateway_ends_at_once_and_well(installation, process, number):
    began = time.monotonic()
    process.process.child.send_signal(number)
    assert process.process.wait(10) == 0
    assert time.monotonic() - began < 5


def test_replica_that_was_paused_beyond_its_lease_overwrites_nothing(replicas, shared_installation, user):
    """G3: the answer waits in its socket while another replica renews."""
    slow, other = replicas
    provider = shared_installation.providers["paused"]
    expire(provider, slow, "paused", user)
    caller, _ = ask_held(slow, provider, "paused", user)
    slow.process.child.send_signal(signal.SIGSTOP)
    try:
        provider.release()
        renewed = until(
            lambda: (got := other.token("paused", user)).status_code == 200 and got, 60, 0.5, "the other's renewal"
        ).json()["access_token"]
    finally:
        slow.process.child.send_signal(signal.SIGCONT)
    caller.join(30)
    for replica in (slow, other):
        token = replica.access_token("paused", user)
        assert token == renewed and token in provider.living("access", user)
    sealed = vault.open_all(shared_installation.database, shared_installation.encryption_key)
    assert any(token in text for token in provider.living("refresh", user) for text in sealed)


def test_rolling_restart_fails_no_reader(replicas, shared_installation, user):
    """H6: readers go on at one replica while the other is replaced."""
    first, second = replicas
    first.connect("rolling", user)
    answers, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            answers.append(second.token("rolling", user).status_code)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(2):
            third = shared_installation.start()
            assert third.access_token("rolling", user)
            assert third.stop() == 0
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert len(answers) > 100 and set(answers) == {200}
