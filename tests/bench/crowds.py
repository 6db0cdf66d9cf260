"""Thousands of connections at once: idle and dripping ones, which others must not notice, and ones that ask for too much."""

import json
import subprocess
import sys
import time

from common import ROOT, median, problem, resident_mib, say, wait_for
from gateway import Gateway, Postgres
from load import Crowd, load
from reads import LIFE

OPEN, IDLE, DRIPPING = 4_000, 1_000, 1_000
PRESSING = (500, 4_000)
RATE = 500
SETTLE = 6.0  # seconds: all have asked once, deadlines have passed


def crowds(options, folder, keys, report):
    gateway = Gateway("crowded", folder, Postgres(folder, "crowd"), keys)
    gateway.prepare()
    gateway.seed("users", 0, 1_000, LIFE)
    quiet_crowd(options, gateway, report)
    overload(options, gateway, report)


def overload(options, gateway, report):
    """Clients that take no refusal for an answer: they ask again at once. What is refused here is no fault."""
    seen, seconds = [], max(options.seconds, 5)  # thousands of connections take a second to come
    for number in range(options.rounds):
        with gateway.process() as child:
            wait_for(gateway.url + "/health", child, gateway.log)
            peak, *crowds = (
                Crowd(gateway.url, 1_000, gateway.keys, seconds, connections=clients) for clients in (100, *PRESSING)
            )
        seen.append([crowd.useful / peak.useful for crowd in crowds])
        for clients, crowd in zip(PRESSING, crowds):
            say(f"overload {number + 1}: {clients:,} clients: {crowd.useful:,.0f} useful answers a second of {peak.useful:,.0f}, "
                f"{crowd.rate - crowd.useful:,.0f} refused, p99 {crowd.p99_ms:.0f} ms")  # fmt: skip
    for clients, shares in zip(PRESSING, zip(*seen)):
        report.add(f"{clients:,} clients that never wait: useful answers, of those to 100 clients", "≥ 0.8",
                   f"{median(shares):.2f}", median(shares) >= 0.8)  # fmt: skip


def quiet_crowd(options, gateway, report):
    tails, memory, seen = [], [], []
    for number in range(options.rounds):
        with gateway.serving() as child:
            command = [sys.executable, ROOT / "tests/bench/crowd.py", *map(str, (gateway.port, OPEN, IDLE, DRIPPING))]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
                crowd.stdout.readline()
                time.sleep(SETTLE)
                run = load([gateway], users=1_000, connections=50, rate=RATE, seconds=options.seconds)
                memory.append(resident_mib(child.pid))
                crowd.terminate()
                seen.append(json.loads(crowd.stdout.read()))
        if seen[-1]["served"] != OPEN:
            problem("crowd", f"of {OPEN:,} open connections {seen[-1]['served']:,} were served")
        tails.append(run.p99_ms)
        say(f"crowd {number + 1}: p99 {run.p99_ms:.1f} ms, {memory[-1]:.0f} MiB, {seen[-1]}")
    served = min(one["served"] for one in seen)
    what = f"{OPEN:,} open connections, {IDLE:,} idle and {DRIPPING:,} dripping sockets"
    report.add(f"{what}: of the open ones served", f"{OPEN:,}", f"{served:,}", served == OPEN)
    report.add(f"p99 of others beside them, {RATE} requests/s", "< 500 ms", f"{median(tails):.1f} ms", median(tails) < 500)
    report.add("memory meanwhile", "< 150 MiB", f"{max(memory):.0f} MiB", max(memory) < 150)
