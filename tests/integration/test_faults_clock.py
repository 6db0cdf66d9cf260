"""G8: the clock of the gateway's machine jumps while it runs; those of provider and database do not."""

import time

import pytest

from rig.database import DATABASES
from rig.faketime import FakeClock
from rig.faults import Observer, Row, World
from rig.process import until
from rig.sandbox import Sandbox

HOUR, DAY = 3_600, 86_400


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory):
    """Its clock is turned too."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture(params=["sqlite", "postgres"])
def world(request, tmp_path, own_sandbox):
    clock = FakeClock(tmp_path)
    database = DATABASES[request.param](tmp_path)
    own_sandbox.shift_clock(0)
    world = World(tmp_path / "gateway", database, own_sandbox, **clock.environment)
    world.clock = clock
    yield world
    world.stop()
    database.drop()


def in_words(seconds):
    amount = abs(seconds) // HOUR
    return f"{'forward' if seconds > 0 else 'back'} by {'an hour' if amount == 1 else f'{amount} hours'}"


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY])
def test_jump_makes_at_most_one_renewal_and_no_failure(world, jump):
    """There and back: each time the token served is one that the provider takes, and the provider is not asked again and again."""
    for offset, direction in ((jump, jump), (0, -jump)):
        requests = world.provider.requests("token:refresh_token")
        observer = Observer(world.gateway, "faults", world.user)
        try:
            until(lambda: observer.well_since(0), what="the first reads")
            broken = time.monotonic()
            world.clock.jump(offset)
            time.sleep(2.0)
            mended = time.monotonic()
        finally:
            observer.end()
        asked = world.provider.requests("token:refresh_token") - requests
        row = Row(f"The gateway's clock jumps {in_words(direction)} ({world.installation.database.kind})", observer, broken, mended)
        row.tell()
        assert row.seen == ["200 token"] and row.slowest < 2.0
        assert asked <= 1
        world.nothing_lost()


def test_token_got_under_a_fast_clock_is_not_served_past_its_end(world, own_sandbox):
    """Law 1: its end was counted from a moment that had not come. Once the clock is right again the gateway does not believe it."""
    world.clock.jump(HOUR)
    world.gateway.access_token("faults", world.user)  # renewed: the earlier one seems to be over
    world.clock.jump(0)
    requests = world.provider.requests("token:refresh_token")
    world.gateway.access_token("faults", world.user)
    until(lambda: world.provider.requests("token:refresh_token") > requests, what="a renewal under the right clock")
    world.clock.jump(HOUR + 60)  # as time does
    own_sandbox.shift_clock(HOUR + 60)
    world.nothing_lost()


def test_failure_under_a_fast_clock_does_not_delay_the_next_attempt(world):
    """A back-off that ends in an hour, because it began in an hour, is none."""
    world.let_token_end()
    world.clock.jump(DAY)
    world.provider.down()
    assert world.gateway.token("faults", world.user).status_code == 503
    world.provider.up()
    world.clock.jump(0)
    until(lambda: world.gateway.token("faults", world.user).status_code == 200, 10, 0.1, "the renewal")
    world.nothing_lost()


def test_jump_during_a_renewal_spends_no_token_twice(world):
    """Law 3: by the new time the lease is long over while its holder still waits for the provider."""
    world.let_token_end()
    world.provider.fault(grant_type="refresh_token", hold=True)
    requests = world.provider.requests("token:refresh_token")
    observers = [Observer(world.gateway, "faults", world.user) for _ in range(3)]
    try:
        world.provider.wait_until_held()
        world.clock.jump(HOUR)
        time.sleep(1.0)
        world.provider.release()
        begun = time.monotonic()
        until(lambda: all(observer.well_since(begun) for observer in observers), what="tokens")
    finally:
        for observer in observers:
            observer.end()
    assert world.provider.requests("token:refresh_token") - requests <= 2, "the one held, and one as its token is an hour old by then"
    world.nothing_lost()
