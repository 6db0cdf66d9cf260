"""Thousands of connections at once, most of them idle or dripping: whether the others notice, and what memory it takes."""

import json
import subprocess
import sys
import time

from common import ROOT, median, resident_mib, say
from load import load
from reads import LIFE
from gateway import Gateway, Postgres

OPEN, IDLE, DRIPPING = 4_000, 1_000, 1_000
RATE = 500
SETTLE = 6.0  # seconds: all have asked once, deadlines have passed


def crowds(options, folder, keys, report):
    gateway = Gateway("crowded", folder, Postgres(folder, "crowd"), keys)
    gateway.prepare()
    gateway.seed("users", 0, 1_000, LIFE)
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
        tails.append(run.p99_ms)
        say(f"crowd {number + 1}: p99 {run.p99_ms:.1f} ms, {memory[-1]:.0f} MiB, {seen[-1]}")
    served = min(one["served"] for one in seen)
    what = f"{OPEN:,} open connections, {IDLE:,} idle and {DRIPPING:,} dripping sockets"
    report.add(f"{what}: of the open ones served", f"{OPEN:,}", f"{served:,}", served == OPEN)
    report.add(f"p99 of others beside them, {RATE} requests/s", "< 500 ms", f"{median(tails):.1f} ms", median(tails) < 500)
    report.add("memory meanwhile", "< 150 MiB", f"{max(memory):.0f} MiB", max(memory) < 150)
