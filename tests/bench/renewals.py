"""Renewals: a crowd at one expired grant, thousands of grants that end together, and how many fit into a second."""

import contextlib
import time

from common import median, problem, say
from gateway import Gateway, Postgres
from load import Load, load
from sandbox import PROVIDER, providers_yaml, sandbox

HERD = 1_000
STORM_DELAY_MS = 50
STORM_LIMIT = 120.0  # seconds; what is not renewed by then is given up
BUFFER = 300  # seconds before their end: TOKEN_REFRESH_BUFFER_SECONDS
READERS_RATE = 300
REFRESHES = 2_000
HOUR_MS = 3_600_000


class World:
    """A provider whose consents are all in one database, and two replicas on it."""

    def __init__(self, folder, keys, provider, users):
        self.provider = provider
        self.database = Postgres(folder, "storm")
        # Some renew by themselves what is due, the others only what is read: a crowd must find its grant as it was.
        self.replicas, self.lazy_replicas = (self._replicas(folder, keys, proactive) for proactive in ("all", "off"))
        say(f"Letting {users:,} people consent")
        lines = provider.consents(users)
        self.replicas[0].prepare()
        given = folder / "consents"
        given.write_text("\n".join(lines) + "\n")
        with open(given) as source:
            self.replicas[0].seed("given", PROVIDER, provider.url, -5, stdin=source)
        given.unlink()

    def _replicas(self, folder, keys, proactive):
        config = folder / f"{proactive}.yaml"
        config.write_text(providers_yaml(self.provider.url, proactive))
        return [
            Gateway(f"replica {number}", folder, self.database, keys, config, SANDBOX_CLIENT_SECRET="sandbox-secret")
            for number in (1, 2)
        ]

    def let_end(self, first, count, seconds):
        """These users' tokens end together in that time; they were issued an hour ago. No gateway runs meanwhile."""
        now = int(time.time() * 1000)
        issued, end = now - HOUR_MS, now + seconds * 1000
        self.database.sql(
            f"UPDATE oauth_credentials SET token_expiry = {end}, issued_at = {issued}, renew_at = {(issued + end) // 2} "
            f"WHERE profile_id >= 'user{first:05d}' AND profile_id < 'user{first + count:05d}'"
        )

    def rest(self):
        """All other tokens live for a day."""
        self.let_end(0, 100_000, 86_400)

    def renewed_since(self, millis):
        return int(self.database.sql(f"SELECT count(*) FROM oauth_credentials WHERE issued_at >= {millis}"))

    @contextlib.contextmanager
    def serving(self, replicas):
        with contextlib.ExitStack() as running:
            yield [running.enter_context(replica.serving()) for replica in replicas]


def renewals(options, folder, keys, report):
    with sandbox(folder) as provider:
        world = World(folder, keys, provider, options.storm)
        herd(options, world, report)
        refreshes(options, world, report)
        storm(options, world, report)
        _, reuse = provider.counts()
        if reuse:
            problem("sandbox", f"{reuse} spent refresh tokens were sent again")


def herd(options, world, report):
    seen = []
    world.provider.configure(STORM_DELAY_MS)
    for number in range(options.rounds):
        world.rest()
        world.let_end(number, 1, -5)
        before, _ = world.provider.counts()
        with world.serving(world.lazy_replicas):
            run = load(world.lazy_replicas, provider=PROVIDER, first=number, users=1, connections=HERD, requests=HERD)
        calls = world.provider.counts()[0] - before
        seen.append((calls, run.good, run.tokens))
        if seen[-1] != (1, HERD, 1):
            problem("herd", f"{calls} calls, {run.good} tokens, {run.tokens} different")
        say(f"herd {number + 1}: {calls} calls, {run.good} tokens, {run.tokens} different, {run.seconds * 1000:.0f} ms")
    worst = max(seen, key=lambda one: (one[0], HERD - one[1], one[2]))
    report.add(
        f"{HERD:,} callers at once on one expired grant, two replicas (worst round)", f"1 call, {HERD:,} × the same token",
        f"{worst[0]} call{'s' if worst[0] != 1 else ''}, {worst[1]:,} tokens, {worst[2]} different",
        all(one == (1, HERD, 1) for one in seen),
    )  # fmt: skip


def refreshes(options, world, report):
    """Expired grants are read as fast as answers come: each read is one renewal."""
    world.provider.configure(0)
    count = min(REFRESHES, options.storm)
    rates = []
    for number in range(options.rounds):
        world.rest()
        world.let_end(0, count, -5)
        before, _ = world.provider.counts()
        with world.serving(world.lazy_replicas[:1]):
            run = load(world.lazy_replicas[:1], provider=PROVIDER, users=count, each=True, connections=64, requests=count)
        calls = world.provider.counts()[0] - before
        if calls != count:
            problem("refreshes", f"{count} expired grants took {calls} calls")
        rates.append(run.good / run.seconds)
        say(f"refreshes {number + 1}: {rates[-1]:,.0f}/s, p99 {run.p99_ms:.0f} ms")
    report.add("refreshes a second, one gateway, provider on the same machine", "", f"{median(rates):,.0f}", None)


def storm(options, world, report):
    """All grants are due when the replicas start and would end together 300 s later; every one of them is read now and then."""
    world.provider.configure(STORM_DELAY_MS)
    seen = []
    for number in range(options.rounds):
        world.let_end(0, 100_000, BUFFER)
        before, _ = world.provider.counts()
        begun = time.time()
        with world.serving(world.replicas):
            readers = Load(world.replicas, provider=PROVIDER, users=options.storm, each=True, connections=50,
                           rate=READERS_RATE, seconds=STORM_LIMIT + 30)  # fmt: skip
            took = wait_for_all(world, options.storm, begun)
            run = readers.stop()
        calls = world.provider.counts()[0] - before
        failed = sum(run.failures.values())
        seen.append((calls, failed, took, run.p99_ms))
        if calls != options.storm:
            problem("storm", f"{options.storm:,} grants took {calls:,} calls")
        say(f"storm {number + 1}: {calls:,} calls, {took:.0f} s, {run.good:,} reads, {failed} failed, p99 {run.p99_ms:.1f} ms")
    calls, failed = max(one[0] for one in seen), sum(one[1] for one in seen)
    took = median(one[2] for one in seen)
    report.add(
        f"{options.storm:,} grants that end together, provider answers in {STORM_DELAY_MS} ms, two replicas",
        f"{options.storm:,} calls, no failed read, < 60 s",
        f"{calls:,} calls, {failed} of the steady reads failed (p99 {median(one[3] for one in seen):.1f} ms), {took:.0f} s",
        calls == options.storm and failed == 0 and took < 60 and all(one[0] == options.storm for one in seen),
    )  # fmt: skip


def wait_for_all(world, count, begun):
    """Seconds from `begun`, when they were due, until the last one is renewed."""
    since = int(begun * 1000)
    while (renewed := world.renewed_since(since)) < count:
        if time.time() - begun > STORM_LIMIT:
            say(f"only {renewed:,} of {count:,} were renewed after {STORM_LIMIT:.0f} s")
            break
        time.sleep(0.5)
    return time.time() - begun
