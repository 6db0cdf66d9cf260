"""E5, E6, C7: the provider is down, slow, dripping, limiting or talks nonsense while a renewal is needed; what callers see."""

import time

import pytest

from rig.faults import Observer, Row
from rig.gateway import oauth2_entry
from rig.process import until

FAULTS = {
    "answers 503": {"status": 503, "body": "down for maintenance"},
    "answers 429, Retry-After 1": {"status": 429, "body": "{}", "headers": {"Retry-After": "1"}},
    "answers a page of HTML": {"status": 200, "body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}},
    "resets the connection": {"reset": True},
    "takes 12 s to answer": {"delay_ms": 12_000, "status": 503, "body": "late"},
    "drips an octet a second": {"drip_ms": 1_000, "status": 200, "body": "x" * 60},
}
OUTBOUND_DEADLINE = 10.0  # seconds
SOON = 12.0  # seconds: the back-off after a few failures


def providers(sandbox):
    provider = sandbox.provider("hindered")
    return {"hindered": (provider, oauth2_entry(provider))}


@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)  # the database has no part in it
@pytest.mark.parametrize("fault", FAULTS)
def test_renewal_comes_by_itself_once_the_provider_is_well(gateway, installation, user, fault):
    """Law 7: nothing is lost, nobody waits past the deadline, and the living token of another is served meanwhile."""
    provider = installation.providers["hindered"]
    other = "other-" + user
    provider.configure(access_ttl=3600)
    gateway.connect("hindered", other)
    provider.configure(access_ttl=1)
    gateway.connect("hindered", user)
    provider.configure(access_ttl=3600)
    time.sleep(1.1)
    provider.fault(grant_type="refresh_token", times=-1, **FAULTS[fault])
    broken = time.monotonic()
    needy, served = Observer(gateway, "hindered", user), Observer(gateway, "hindered", other)
    try:
        until(lambda: len(needy.answers) >= 2, 30, what="answers")
        provider.up()
        mended = time.monotonic()
        until(lambda: needy.well_since(mended), 60, what="the recovery")
    finally:
        needy.end()
        served.end()
    row = Row("Provider " + fault, needy, broken, mended)
    row.tell()
    assert not row.unexpected
    assert row.slowest < OUTBOUND_DEADLINE + 2 and row.recovery < SOON + OUTBOUND_DEADLINE
    assert {status for _, _, status, _ in served.answers} == {200}
    assert gateway.access_token("hindered", user) in provider.living("access", user)
    assert provider.ledger()["reuse"] == 0
