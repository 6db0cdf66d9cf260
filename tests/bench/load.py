"""The two load generators: wrk for the most that a server can do, bench_load for a steady rate and for single answers."""

import json
import re
import subprocess

from common import BUILD, ROOT, problem

CONNECTIONS = 100
THREADS = 2


class Crowd:
    """wrk: clients that ask again as soon as they have an answer, whatever it was, for users picked at random."""

    def __init__(self, url, users, keys, seconds, stride=1, connections=CONNECTIONS):
        command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", ROOT / "tests/bench/token.lua",
                   url + "/auth/token", "--", str(users), str(keys.api), str(stride)]  # fmt: skip
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.total = int(re.search(r"(\d+) requests in", printed)[1])
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
        broken = re.search(r"Socket errors: (.*)", printed)
        self.wrong, self.broken = int(wrong[1]) if wrong else 0, broken[1] if broken else ""
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1])
        self.useful = self.rate * (self.total - self.wrong) / max(self.total, 1)
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed).groups()
        self.p99_ms = float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def wrk(name, *arguments, **options):
    """A crowd of whose answers each must be a 200; requests a second and the 99th percentile in ms."""
    crowd = Crowd(*arguments, **options)
    if crowd.wrong or crowd.broken:
        problem(name, f"of {crowd.total:,} answers {crowd.wrong} were no 200; socket errors: {crowd.broken or 'none'}")
    return crowd.rate, crowd.p99_ms


class Load:
    """bench_load on some gateways. `good`, `failures`, `tokens` (different ones), `p99_ms` ... once it is over."""

    def __init__(self, gateways, **options):
        command = [BUILD / "tests/bench_load", "--ports", ",".join(str(gateway.port) for gateway in gateways),
                   "--key-file", gateways[0].keys.api]  # fmt: skip
        for name, value in options.items():
            command += [f"--{name}"] if value is True else [f"--{name}", value]
        self.name = ", ".join(gateway.name for gateway in gateways)
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.child.terminate()
        return self.result()

    def result(self):
        printed, _ = self.child.communicate()
        if self.child.returncode:
            raise RuntimeError("bench_load failed")
        self.__dict__.update(json.loads(printed))
        if self.failures:
            problem(self.name, ", ".join(f"{times} x {how}" for how, times in self.failures.items()))
        return self


def load(gateways, **options):
    return Load(gateways, **options).result()
