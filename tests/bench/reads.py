"""Reads of living tokens: the most that can be had, the tail at a steady rate, few grants against many."""

import contextlib
import json
import os
import random
import sys
import time

import peer
from common import ask, median, problem, resident_mib, say, wait_for
from gateway import Gateway, Postgres, Sqlite
from load import CONNECTIONS, Crowd, load, wrk

LIFE = 86_400  # seconds: no renewal is due during the run
STEADY_RATE = 1_000
# Seconds before each round: a server has stood still for three others' rounds, and its copies are too old by then.
WARM_UP = 3
FASTAPI = "FastAPI + asyncpg + cryptography"


def token_request(user, key):
    body = json.dumps({"provider": "sandbox", "user_email": f"user{user:05d}@example.com"}, separators=(",", ":"))
    return body.encode(), {"Content-Type": "application/json", "X-API-Key": key}


def check_owners(name, url, users, keys):
    """Random users get their own token: bench_seed writes the user's number into it."""
    for user in random.sample(range(users), min(200, users)):
        _, body, _ = ask(url + "/auth/token", *token_request(user, keys.root))
        if not json.loads(body)["access_token"].startswith(f"bench-{user:05d}-"):
            sys.exit(f"bench: {name} gave user {user} somebody else's token")


def made(kind, name, folder, keys, users, **environment):
    """A gateway whose new database has that many grants."""
    gateway = Gateway(name, folder, kind(folder, f"g{users}"), keys, **environment)
    say(f"Filling {gateway.database.name} with {users:,} grants")
    gateway.prepare()
    gateway.seed("users", 0, users, LIFE)
    return gateway


def throughput(options, folder, keys, report):
    """All servers in turn, round for round, so that a slow minute of the machine is one of all."""
    gateways = [made(kind, kind.name, folder, keys, options.users) for kind in (Sqlite, Postgres)]
    rates, tails = {}, {}
    with contextlib.ExitStack() as running:
        for gateway in gateways:
            running.enter_context(gateway.serving())
        urls = {gateway.name: gateway.url for gateway in gateways}
        workers = peer.best_workers(folder, gateways[1], options.users)
        urls[FASTAPI] = running.enter_context(peer.fastapi(folder, gateways[1], workers))
        for name, url in urls.items():
            check_owners(name, url, options.users, keys)
        _, body, headers = ask(gateways[0].url + "/auth/token", *token_request(0, keys.root))
        urls = {"nginx": running.enter_context(peer.nginx(folder, body, headers)), **urls}
        for number in range(options.rounds):
            for name, url in urls.items():
                Crowd(url, options.users, keys, WARM_UP)
                rate, tail = wrk(name, url, options.users, keys, options.seconds)
                rates.setdefault(name, []).append(rate)
                tails.setdefault(name, []).append(tail)
                say(f"round {number + 1}: {name} {rate:,.0f}/s, p99 {tail:.1f} ms")
        steady(options, gateways, report)
    rates = {name: median(values) for name, values in rates.items()}
    nginx, fastapi = rates["nginx"], rates[FASTAPI]
    report.table(
        f"`POST /auth/token`, {options.users:,} users, {CONNECTIONS} connections; nginx with {os.cpu_count()} workers, "
        f"FastAPI with {workers}",
        "| | requests/s | of nginx | of FastAPI | p99 |\n|---|---:|---:|---:|---:|",
        [f"| {name} | {rate:,.0f} | {rate / nginx:.2f} | {rate / fastapi:.1f} | {median(tails[name]):.1f} ms |"
         for name, rate in rates.items()],
    )  # fmt: skip
    postgres, sqlite = rates["PostgreSQL"], rates["SQLite"]
    what = f"reads, PostgreSQL, {CONNECTIONS} connections"
    report.add(f"{what}, of nginx with the same bytes", "≥ 0.5", f"{postgres / nginx:.2f}", postgres >= 0.5 * nginx)
    report.add(f"{what}, of FastAPI", "≥ 10", f"{postgres / fastapi:.1f}", postgres >= 10 * fastapi)
    report.add("the same with SQLite, of PostgreSQL", "≥ 1", f"{sqlite / postgres:.2f}", sqlite >= postgres)


def steady(options, gateways, report):
    for gateway in gateways:
        runs = [
            load([gateway], users=options.users, connections=CONNECTIONS, rate=STEADY_RATE, seconds=options.seconds)
            for _ in range(options.rounds)
        ]
        tail, worst = median(run.p99_ms for run in runs), max(run.max_ms for run in runs)
        behind = median(run.behind_p99_ms for run in runs)
        report.add(
            f"p99 at a steady {STEADY_RATE:,} requests/s, {gateway.name}", "< 2 ms",
            f"{tail:.2f} ms (slowest {worst:.1f} ms; {behind:.2f} ms of it the generator's)", tail < 2,
        )  # fmt: skip


def scale(options, folder, keys, report):
    """Reads that all go to the database: of 1,000 users in a small table, of as many spread over a big one, and of all there."""
    few, many = 1_000, options.many
    without = {"AUTH_GATEWAY_CACHED_GRANTS": "0"}
    for kind in [Postgres] if options.quick else [Postgres, Sqlite]:
        small = made(kind, f"{kind.name} with {few:,}", folder, keys, few, **without)
        big = made(kind, f"{kind.name} with {many:,}", folder, keys, many, **without)
        rates = {"small": [], "spread": [], "all": []}
        with small.serving(), big.serving():
            for number in range(options.rounds):
                for name, gateway, users, stride in (
                    ("small", small, few, 1), ("spread", big, few, many // few), ("all", big, many, 1)
                ):  # fmt: skip
                    rates[name].append(wrk(gateway.name, gateway.url, users, keys, options.seconds, stride)[0])
                say(f"round {number + 1}: " + ", ".join(f"{name} {values[-1]:,.0f}/s" for name, values in rates.items()))
        small_rate, spread, whole = (median(values) for values in rates.values())
        report.add(
            f"cost of a read from the database, 1,000 users among {many:,} grants, of that among 1,000, {kind.name}", "≤ 1.2",
            f"{small_rate / spread:.2f}", small_rate <= 1.2 * spread,
        )  # fmt: skip
        report.add(f"the same, users picked from all {many:,}", "", f"{small_rate / whole:.2f}", None)
        if kind is Sqlite:
            for gateway in (small, big):
                os.unlink(gateway.database.file)


def start(options, folder, keys, report):
    """From the start of the process to the first healthy answer; memory half a second later."""
    for kind in (Sqlite, Postgres):
        gateway = Gateway(kind.name, folder, kind(folder, "start"), keys)
        gateway.prepare()
        times, memory = [], []
        for _ in range(options.rounds):
            begun = time.monotonic()
            with gateway.process() as child:
                wait_for(gateway.url + "/health", child, gateway.log)
                times.append((time.monotonic() - begun) * 1000)
                time.sleep(0.5)
                memory.append(resident_mib(child.pid))
                providers = json.loads(ask(gateway.url + "/providers", headers={"X-API-Key": keys.root})[1])
        loaded = {entry.get("plugin") for entry in providers["providers"] if entry.get("configured")}
        if len(loaded - {"oauth2", None}) < 6:
            problem(kind.name, f"only these plugins were loaded: {loaded}")
        report.add(f"start to the first healthy answer, six plugins, {kind.name}", "< 300 ms",
                   f"{median(times):.0f} ms", median(times) < 300)  # fmt: skip
        report.add(f"idle memory, {kind.name}", "< 50 MiB", f"{median(memory):.0f} MiB", median(memory) < 50)
