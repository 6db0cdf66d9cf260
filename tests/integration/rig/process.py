"""A child process with a log file, ended by its own id."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("AGW_BUILD_DIR", ROOT / "build")).resolve()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, seconds=10.0, every=0.02, what="the condition"):
    """Waits for something observable; its value. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(every)


class Process:
    def __init__(self, command, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        self.command = [str(part) for part in command]
        with open(self.log, "ab") as sink:
            self.child = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=env, cwd=cwd,
                process_group=0,
            )  # fmt: skip

    @property
    def pid(self):
        return self.child.pid

    def text(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.child.poll() is None

    def terminate(self):
        if self.alive():
            self.child.send_signal(signal.SIGTERM)

    def kill(self):
        """As a crash would: nothing is tidied up. What it started goes with it: `node` may be a script around the real one."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self.child.wait()

    def wait(self, seconds=30):
        return self.child.wait(timeout=seconds)

    def stop(self, seconds=30):
        self.terminate()
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command[0]} did not end within {seconds} s of SIGTERM") from None
