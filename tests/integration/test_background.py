"""G7, E8, law 9: grants that nobody reads stay alive, replicas share the work, and a provider that is away is left alone."""

import re
import time

import httpx
import pytest

from rig import vault
from rig.gateway import oauth2_entry
from rig.process import free_port, until

PER_SECOND = 20  # of one replica


def providers(sandbox):
    refresh = {
        "kept": {"proactive": "all"},
        "left": {"proactive": "off"},
        "crowd": {"proactive": "all", "per_second": PER_SECOND},
        "away": {"proactive": "all"},
        "sound": {"proactive": "off"},
        "limited": {"proactive": "off"},
    }
    entries = {}
    for name, keys in refresh.items():
        provider = sandbox.provider(name)
        entries[name] = provider, oauth2_entry(provider, refresh=keys)
    return entries


def metric(gateway, name, **labels):
    text = httpx.get(f"{gateway.metrics_url}/metrics").text
    series = name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else 0.0


@pytest.fixture(scope="module")
def gateway(installation):
    port = free_port()
    gateway = installation.start(METRICS_PORT=str(port))
    gateway.metrics_url = f"http://127.0.0.1:{port}"
    yield gateway
    assert gateway.stop() == 0, gateway.logs()[-4000:]


def in_step(installation, gateway, name, user):
    """What the provider holds alive is what the vault holds, and a read gives it."""
    provider = installation.providers[name]
    assert gateway.access_token(name, user) in provider.living("access", user)
    assert vault.holds(installation.database, installation.encryption_key, provider.living("refresh", user)[-1])
    assert provider.ledger()["reuse"] == 0


def test_grant_that_nobody_reads_stays_alive(gateway, installation, user):
    provider = installation.providers["kept"]
    provider.configure(access_ttl=4)
    gateway.connect("kept", user)
    until(lambda: provider.requests("token:refresh_token") >= 3, 30, what="three renewals that nobody asked for")
    provider.configure(access_ttl=3600)
    asked = time.monotonic()
    in_step(installation, gateway, "kept", user)
    assert time.monotonic() - asked < 3
    renewed = metric(gateway, "auth_gateway_renewals_total", provider="kept", cause="schedule", outcome="renewed")
    assert renewed >= 3
    assert metric(gateway, "auth_gateway_leases_total", provider="kept", outcome="taken") >= 3


def test_entry_that_says_off_is_left_to_reads(gateway, installation, user):
    provider = installation.providers["left"]
    gateway.connect("left", user)
    installation.let_end("left")
    time.sleep(4)
    assert provider.requests("token:refresh_token") == 0
    in_step(installation, gateway, "left", user)
    assert provider.requests("token:refresh_token") == 1


def test_provider_that_is_away_is_left_alone_and_met_gently_when_it_is_back(gateway, installation, user):
    """E8: its readers are told at once, its living tokens and other providers go on."""
    away, sound = installation.providers["away"], installation.providers["sound"]
    users = [f"{number}-{user}" for number in range(9)]
    for each in users:
        gateway.connect("away", each)
    gateway.connect("sound", user)
    away.down()
    for each in users[:8]:
        installation.let_end("away", each)
    until(lambda: metric(gateway, "auth_gateway_breaker_open", provider="away") == 1, 30, what="the breaker")
    installation.let_end("sound")
    began = time.monotonic()
    refused = until(lambda: (got := gateway.token("away", users[0])).status_code == 503 and got, 5, what="a refusal")
    assert refused.json()["error"] == "provider_unavailable" and int(refused.headers["retry-after"]) >= 1
    assert gateway.token("away", users[8]).status_code == 200
    in_step(installation, gateway, "sound", user)
    assert time.monotonic() - began < 3
    before = away.requests("token:refresh_token")
    time.sleep(5)
    assert away.requests("token:refresh_token") - before <= 4, "probes, not every grant again and again"
    away.up()
    alive = "SELECT count(*) FROM oauth_credentials WHERE provider_id = 'away' AND token_expiry > "
    until(
        lambda: installation.database.rows(alive + str(int(time.time() * 1000)))[0][0] == len(users),
        150,
        0.5,
        "the recovery of each grant by itself",
    )
    for each in users:
        in_step(installation, gateway, "away", each)
    assert metric(gateway, "auth_gateway_breaker_open", provider="away") == 0


def test_provider_that_says_when_to_come_back_is_obeyed_by_all_its_grants(gateway, installation, user):
    limited = installation.providers["limited"]
    first, second = f"a-{user}", f"b-{user}"
    for each in (first, second):
        gateway.connect("limited", each)
    installation.let_end("limited")
    limited.fault(grant_type="refresh_token", status=429, body="{}", headers={"Retry-After": "4"})
    assert gateway.token("limited", first).status_code == 503
    told = gateway.token("limited", second)
    assert told.status_code == 503 and 1 <= int(told.headers["retry-after"]) <= 4
    assert limited.requests("token:refresh_token") == 1
    time.sleep(4.1)
    for each in (first, second):
        in_step(installation, gateway, "limited", each)


def test_many_grants_that_end_together_are_renewed_once_each_at_the_pace(replicas, shared_installation):
    """G7: two replicas share them; in no second are there more than the two may start."""
    provider = shared_installation.providers["crowd"]
    users = [f"crowd-{number}@example.com" for number in range(150)]
    for number, each in enumerate(users):
        replicas[number % 2].connect("crowd", each)
    shared_installation.let_end("crowd")
    seen = []  # (when, how many)
    end = time.monotonic() + 60
    while (count := provider.requests("token:refresh_token")) < len(users) and time.monotonic() < end:
        seen.append((time.monotonic(), count))
        time.sleep(0.05)
    time.sleep(2)
    assert provider.requests("token:refresh_token") == len(users) and provider.ledger()["reuse"] == 0
    fastest = max(
        (later - count for moment, count in seen for when, later in seen if 0 <= when - moment <= 0.95), default=0
    )
    assert fastest <= 2 * PER_SECOND, fastest
    for number, each in enumerate(users):
        assert replicas[number % 2].access_token("crowd", each) in provider.living("access", each)
    assert provider.requests("token:refresh_token") == len(users)
