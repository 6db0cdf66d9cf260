"""H3, E6: what connects the gateway with its database or its provider is cut, or swallows what is sent through it."""

import time

import pytest

from rig.cluster import Cluster
from rig.faults import Observer, Row, World
from rig.network import network_or_skip
from rig.process import free_port, until
from rig.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

OUTBOUND_DEADLINE = 10.0  # seconds
BACK_OFF = 12.0  # seconds: after a few failures


@pytest.fixture(scope="module")
def network():
    network = network_or_skip()
    yield network
    network.remove()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, network):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), also_at=network.database.outside)
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def far_sandbox(tmp_path_factory, network):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), host=network.provider.outside)
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture(scope="module")
def world(tmp_path_factory, network, cluster, far_sandbox):
    folder = tmp_path_factory.mktemp("network")
    port = free_port()
    callback = f"http://{network.callers.inside}:{port}/auth/callback/faults"
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [callback]}
    database = cluster.database(folder)
    far = database.url.replace("127.0.0.1", network.database.outside)
    world = World(folder, database, far_sandbox, {"clients": [client]}, network=network, port=port, DATABASE_URL=far)
    yield world
    world.stop()


@pytest.mark.parametrize("how", ["pull", "swallow"])
def test_database_cut_off(world, network, how):
    """No caller waits for longer than if the database hung, and nobody has to do anything once the way is free again."""
    cable = network.database
    if how == "pull":
        world.through("The way to PostgreSQL is cut", cable.pull, cable.plug, 6.0)
    else:
        world.through("The way to PostgreSQL swallows what it answers", cable.swallow, cable.pass_on, 10.0)


def test_renewal_is_not_begun_while_the_database_is_cut_off(world, network):
    """H4, law 4."""
    world.let_token_end()
    requests = world.provider.requests("token:refresh_token")
    network.database.swallow()
    try:
        answer = world.gateway.token("faults", world.user)
    finally:
        network.database.pass_on()
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert world.provider.requests("token:refresh_token") == requests
    until(lambda: world.gateway.token("faults", world.user).status_code == 200, 30, 0.1, "the renewal")
    world.nothing_lost()


@pytest.mark.parametrize("how", ["pull", "swallow"])
def test_provider_cut_off(world, network, how):
    """Law 7: the renewal comes by itself once the way is free; the living token of another is served all the time."""
    cable = network.provider
    other = "other@example.com"
    world.gateway.connect("faults", other)
    world.let_token_end()
    served = Observer(world.gateway, "faults", other)
    needy = None
    breaks, mends, what = {
        "pull": (cable.pull, cable.plug, "The way to the provider is cut"),
        "swallow": (cable.swallow, cable.pass_on, "The way to the provider swallows what it answers"),
    }[how]
    breaks()
    try:
        broken = time.monotonic()
        needy = Observer(world.gateway, "faults", world.user)
        until(lambda: len(needy.answers) >= 2, 30, what="answers")
        mends()
        mended = time.monotonic()
        until(lambda: needy.well_since(mended), 60, what="the recovery")
    finally:
        served.end()
        if needy:
            needy.end()
    row = Row(what, needy, broken, mended)
    row.tell()
    assert not row.unexpected
    assert row.slowest < OUTBOUND_DEADLINE + 2 and row.recovery < BACK_OFF + OUTBOUND_DEADLINE
    assert {status for _, _, status, _ in served.answers} == {200}
    world.nothing_lost()


def test_answer_of_a_renewal_lost_on_the_way(world, network):
    """G2, law 4: the provider has rotated, its answer never arrives. It takes the earlier token for a while, and is asked once more."""
    world.provider.configure(rotation="grace", grace_seconds=120)
    world.let_token_end()
    world.provider.fault(grant_type="refresh_token", hold=True)
    observer = Observer(world.gateway, "faults", world.user)
    broken = time.monotonic()
    try:
        world.provider.wait_until_held()
        network.provider.swallow()
        world.provider.release()
        until(lambda: any(status for _, _, status, _ in observer.answers), 30, what="an answer")
        network.provider.pass_on()
        mended = time.monotonic()
        until(lambda: observer.well_since(mended), 60, what="the recovery")
    finally:
        observer.end()
    row = Row("The provider's answer to a renewal is lost on the way", observer, broken, mended)
    row.tell()
    assert not row.unexpected and row.slowest < OUTBOUND_DEADLINE + 2
    assert world.provider.ledger()["reuse"] == 1, "asked once more, no oftener"
    world.nothing_lost()
