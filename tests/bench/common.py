"""Processes, ports and addresses of the bench. Standard library only: it runs where `./dev bench` runs."""

import contextlib
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AGW_BUILD_DIR", ROOT / "build")).resolve()
BIN = BUILD / "bin"

# What may not happen however slow the machine is: an answer that should have been a token, a call too many. It fails
# the run at its end.
problems = []


def problem(where, what):
    problems.append(f"{where}: {what}")
    say(f"WRONG: {where}: {what}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, data=None, headers=None, method=None):
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read(), answer.headers


def answers(url):
    try:
        return ask(url)[0] == 200
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def process(command, log, **options):
    with open(log, "ab") as sink:
        child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, **options)
    try:
        yield child
    finally:
        child.terminate()
        child.wait(timeout=40)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, cwd=ROOT, **options)


def wait_for(url, child, log):
    begun = time.monotonic()
    while not answers(url):
        if child.poll() is not None:
            sys.exit(f"bench: a server ended early; its log:\n{pathlib.Path(log).read_text()[-2000:]}")
        if time.monotonic() - begun > 60:
            sys.exit(f"bench: no answer from {url}")
        time.sleep(0.002)


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


median = statistics.median


def version(command, pattern):
    printed = subprocess.run(command, capture_output=True, text=True)
    found = re.search(pattern, printed.stdout + printed.stderr)
    return found[0] if found else "unknown"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    name = cpu[1] if cpu else platform.machine()
    return f"{os.cpu_count()} cores ({name}), {release[1] if release else platform.system()}"


class Figure:
    """One line of the table. `reached` None: there is no goal."""

    def __init__(self, what, goal, value, reached):
        self.line = f"| {what} | {goal} | {value} | {'' if reached is None else 'yes' if reached else '**no**'} |"
        self.reached = reached
        say(self.line)
