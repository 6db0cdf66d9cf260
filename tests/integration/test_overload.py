"""D4, K2, K3: too many connections, slow clients, a caller that takes all it can get.

`./dev bench overload` runs the same for longer, with wrk as a crowd of five, ten and forty times the clients that the
gateway needs for its peak, and prints the figures.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import threading
import time

import pytest

from rig.gateway import oauth2_entry

LONG = float(os.environ.get("AGW_OVERLOAD_SECONDS", "0"))
SECONDS = LONG or 3
LIVE = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"


def providers(sandbox):
    provider = sandbox.provider("overload")
    return {"works": (provider, oauth2_entry(provider))}


@pytest.fixture(scope="module")
def gateway(shared_installation):
    gateway = shared_installation.start(LOG_LEVEL="warning")
    yield gateway
    assert gateway.stop() == 0


def told(title, **figures):
    if LONG:
        print(f"\n{title}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))


def connect(gateway):
    plug = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
    plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return plug


@contextlib.contextmanager
def sockets(gateway, count):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(gateway)) for _ in range(count)]


def asked(plug, request=LIVE):
    """The status of one answer, read to its end."""
    plug.sendall(request)
    return status_of(plug)


def status_of(plug):
    text = b""
    while b"\r\n\r\n" not in text:
        more = plug.recv(65536)
        assert more, "closed without an answer"
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += plug.recv(65536)
    return int(head[9:12])


def token_request(key, user):
    body = json.dumps({"provider": "works", "user_email": user}).encode()
    return (
        f"POST /auth/token HTTP/1.1\r\nHost: gateway\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def memory(gateway):
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def latencies(gateway, request, seconds, rate=50):
    """Milliseconds of answers at a steady rate, over one connection; every one must be a 200."""
    took = []
    with connect(gateway) as plug:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            assert asked(plug, request) == 200
            took.append((time.monotonic() - begun) * 1000)
            time.sleep(max(0, 1 / rate - (time.monotonic() - begun)))
    return took


def p99(took):
    return statistics.quantiles(took, n=100)[98]


def test_thousand_idle_and_thousand_dripping_sockets_delay_nobody(gateway, user):
    """D4."""
    gateway.connect("works", user)
    request = token_request(gateway.installation.root_key, user)
    stop = threading.Event()

    def drip():
        while not stop.wait(0.2):
            for plug in dripping:
                with contextlib.suppress(OSError):  # ended by its deadline
                    plug.send(b"G")

    with sockets(gateway, 1000), sockets(gateway, 1000) as dripping:
        dripper = threading.Thread(target=drip)
        dripper.start()
        try:
            took = latencies(gateway, request, SECONDS)
        finally:
            stop.set()
            dripper.join()
        told("1,000 idle and 1,000 dripping sockets", p99_ms=round(p99(took), 1), memory_MiB=round(memory(gateway)))
        assert p99(took) < 500
        assert memory(gateway) < 150


def test_four_thousand_open_connections_are_served(gateway):
    with sockets(gateway, 4000) as plugs:
        for plug in plugs:
            plug.sendall(LIVE)
        assert {status_of(plug) for plug in plugs} == {200}
        told("4,000 open connections", memory_MiB=round(memory(gateway)))
        assert memory(gateway) < 150
        begun = time.monotonic()
        assert {asked(plug) for plug in plugs[::40]} == {200}
        told("a hundred of them asked again, one after the other", seconds=round(time.monotonic() - begun, 3))


def test_key_whose_requests_all_wait_delays_no_other_key(gateway, shared_installation, user):
    """K3: more requests than there are threads, all waiting for a provider that does not answer."""
    provider = shared_installation.providers["works"]
    made = shared_installation.command(
        "api-keys", "create", "--name", f"noisy-{time.monotonic_ns()}", "--operations", "token", "--providers", "*",
        "--owners", "*",
    )  # fmt: skip
    noisy = max(made.stdout.split(), key=len)
    provider.configure(access_ttl=1)
    gateway.connect("works", "slow@example.com")
    provider.configure(access_ttl=3600)
    gateway.connect("works", user)
    quiet = token_request(gateway.installation.root_key, user)
    alone = latencies(gateway, quiet, 1)
    time.sleep(1.1)  # the other grant is over now
    provider.fault(grant_type="refresh_token", hold=True)
    with sockets(gateway, 1000) as plugs:
        for plug in plugs:
            plug.sendall(token_request(noisy, "slow@example.com"))
        provider.wait_until_held()
        beside = latencies(gateway, quiet, 2)
        told("beside 1,000 waiting requests of another key", p99_ms=round(p99(beside), 1), alone_ms=round(p99(alone), 1))
        provider.up()
        provider.release()
        statuses = [status_of(plug) for plug in plugs]
    assert p99(beside) < 500
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 100
    assert provider.ledger()["requests"]["token:refresh_token"] == 1


def test_strangers_do_not_take_the_descriptors_of_a_renewal(shared_installation, user):
    """D4: under a low limit of open files, somebody else keeps as many sockets open as the gateway lets."""
    gateway = shared_installation.start(LOG_LEVEL="warning", descriptors=300)
    gateway.connect("works", user)
    shared_installation.let_end("works", user)
    with contextlib.ExitStack() as plugs:
        for _ in range(400):
            address = ("127.0.0.1", gateway.port)
            plugs.enter_context(socket.create_connection(address, timeout=20, source_address=("127.0.0.2", 0)))
        assert gateway.token("works", user).status_code == 200
        assert "accept_paused" not in gateway.logs(), "there were descriptors all the time"
    assert '"connections":"150"' in gateway.logs()
    assert gateway.stop() == 0


if LONG:

    def test_many_times_the_clients_get_as_many_answers(gateway, user, tmp_path):
        """K2."""
        gateway.connect("works", user)
        script = tmp_path / "token.lua"
        script.write_text(
            f'wrk.method = "POST"\nwrk.headers["X-API-Key"] = "{gateway.installation.root_key}"\n'
            'wrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = '{json.dumps({'provider': 'works', 'user_email': user})}'\n"
        )

        def useful(connections):
            command = [shutil.which("wrk"), "-t2", f"-c{connections}", f"-d{SECONDS:.0f}s", "--latency", "-s", script, f"{gateway.url}/auth/token"]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            refused = int((re.search(r"Non-2xx or 3xx responses: (\d+)", out) or [0, 0])[1])
            total = int(re.search(r"(\d+) requests in", out)[1])
            return (total - refused) / SECONDS, refused / SECONDS, re.search(r"99%\s+(\S+)", out)[1]

        peak, _, _ = useful(100)
        for crowd in (500, 1000, 4000):
            answers, refused, slow = useful(crowd)
            told(f"{crowd} clients", useful_of_peak=f"{answers / peak:.0%}", useful_a_second=round(answers),
                 refused_a_second=round(refused), p99=slow)  # fmt: skip
            assert answers >= 0.8 * peak
