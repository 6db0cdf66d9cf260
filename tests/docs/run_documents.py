#!/usr/bin/env python3
"""Runs what the documents tell people to run. Usage: run_documents.py SOURCE_FOLDER BUILD_FOLDER

A fenced block counts when one of these comments stands on the line before it:

  <!-- test: start -->     its command runs in the background until all documents are done (`./dev run`)
  <!-- test: run -->       each command must end with success
  <!-- test: answer -->    the JSON of the last command must have the fields of this block, of the same types

and the comment `<!-- test: consent -->` alone opens the link that the start printed and consents, as the text asks.
Everything runs in a copy of the tracked files with the finished programs, on free ports: 8000 and 8001 are replaced.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
DOCUMENTS = ["README.md", "docs"]
MARK = re.compile(r"^<!-- test: (\w+) -->\n(?:```\w*\n(.*?)^```)?", re.MULTILINE | re.DOTALL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def documents():
    for name in DOCUMENTS:
        path = SOURCE / name
        yield from sorted(path.rglob("*.md")) if path.is_dir() else [path]


def make_copy(folder):
    """A checkout as after ./dev build. The parent folders of BUILD are nobody else's, which plugins need."""
    shutil.rmtree(folder, ignore_errors=True)
    names = subprocess.run(["git", "ls-files", "-z"], cwd=SOURCE, capture_output=True, check=True).stdout.decode()
    for name in filter(None, names.split("\0")):
        if (SOURCE / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SOURCE / name, folder / name)
    for part in ("bin", "plugins"):
        shutil.copytree(BUILD / part, folder / "build" / part)
    (folder / "build" / ".product-stamp").touch()


class Reader:
    """Somebody who follows the documents in order."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {"8000": free_port(), "8001": free_port()}
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PORT": self.ports["8000"], "SANDBOX_PORT": self.ports["8001"], "DEV_NO_INSTALL": "1",
        }
        self.output = folder / "start.log"
        self.started = None
        self.last = ""

    def localized(self, text):
        for usual, free in self.ports.items():
            text = re.sub(rf"\b(localhost|127\.0\.0\.1):{usual}\b", rf"\1:{free}", text)
        return text

    def start(self, text):
        with open(self.output, "wb") as sink:
            self.started = subprocess.Popen(["bash", "-ec", text], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                            stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + 60
        while "\nCtrl-C stops both" not in self.output.read_text():
            if self.started.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"it printed no links:\n{self.output.read_text()}")
            time.sleep(0.05)

    def run(self, text):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.localized(text)], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.last = done.stdout
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}{done.stderr}"

    def consent(self, _):
        self.run(f"scripts/try-printed-link {self.output}")

    def answer(self, text):
        expected, found = json.loads(text), json.loads(self.last)
        shape = lambda value: {name: type(field).__name__ for name, field in value.items()}
        assert shape(expected) == shape(found), f"documented {shape(expected)}, found {shape(found)}"

    def stop(self):
        if self.started and self.started.poll() is None:
            os.killpg(self.started.pid, signal.SIGTERM)
            self.started.wait(timeout=30)


def main():
    folder = BUILD / "documents-test"
    make_copy(folder)
    reader, passed, failed = Reader(folder), 0, 0
    try:
        for document in documents():
            text = document.read_text(encoding="utf-8")
            for mark in MARK.finditer(text):
                place = f"{document.relative_to(SOURCE)}:{text[: mark.start()].count(chr(10)) + 1} ({mark[1]})"
                try:
                    getattr(reader, mark[1])(mark[2])
                    passed += 1
                except (AssertionError, AttributeError, ValueError, subprocess.TimeoutExpired) as fault:
                    failed += 1
                    print(f"{place}: {fault}")
    finally:
        reader.stop()
    if not passed:
        failed += 1
        print("no document has a command that is tested")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
