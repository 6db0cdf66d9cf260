"""The two load generators: wrk for the most that a server can do, bench_load for a steady rate and for single answers."""

import json
import re
import subprocess

from common import BUILD, ROOT, problem

CONNECTIONS = 100
THREADS = 2


def wrk(name, url, users, keys, seconds, stride=1):
    """Requests a second and the 99th percentile in ms, of users picked at random."""
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", ROOT / "tests/bench/token.lua",
               url + "/auth/token", "--", str(users), str(keys.api), str(stride)]  # fmt: skip
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    broken = re.search(r"Socket errors: (.*)", printed)
    if wrong or broken:
        total = re.search(r"(\d+) requests in", printed)[1]
        problem(name, f"of {total} answers {wrong[1] if wrong else 0} were no 200; socket errors: {broken[1] if broken else 'none'}")
    milliseconds = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1]), float(value) * milliseconds[unit]


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
