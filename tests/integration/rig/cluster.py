"""A PostgreSQL server of a test's own, which may be ended, stopped and starved."""

import os
import pathlib
import signal
import subprocess
import tempfile

from .database import PostgresDatabase
from .process import ROOT, Process, until

_TELL = 'printf "%s\\n%s\\n%s\\n" "$AGW_TEST_POSTGRES_URL" "$AGW_TEST_POSTGRES_CTL" "$AGW_TEST_POSTGRES_DATA" >"$0"; exec sleep infinity'


class Cluster:
    """Lives in memory, or on a disk of its own of `megabytes`; `folder` takes its log. Listens `also_at` an address."""

    def __init__(self, folder, megabytes=None, also_at=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.disk = Disk(megabytes) if megabytes else None
        told = folder / "told"
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AGW_TEST_POSTGRES")}
        if self.disk:
            environ["TMPDIR"] = str(self.disk.folder)
        if also_at:
            environ["AGW_POSTGRES_ALSO_AT"] = also_at
        command = [ROOT / "tests/support/with-postgres", "sh", "-c", _TELL, told]
        self.process = Process(command, folder / "cluster.log", environ)
        lines = until(
            lambda: told.exists() and len(text := told.read_text().splitlines()) == 3 and text, 60, what="the server"
        )
        self.url, self.ctl, self.data = lines

    def database(self, folder):
        return PostgresDatabase(folder, self.url)

    def postmaster(self):
        return int(pathlib.Path(self.data, "postmaster.pid").read_text().split()[0])

    def control(self, *arguments):
        subprocess.run([self.ctl, *arguments], check=True, timeout=60)

    def processes(self):
        """The server's own process and those it started."""
        first = self.postmaster()
        children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def freeze(self):
        self.frozen = self.processes()
        for pid in self.frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self.frozen:
            os.kill(pid, signal.SIGCONT)

    def end(self):
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)  # what it waits for; it tidies up itself
        self.process.wait(60)
        if self.disk:
            self.disk.remove()


class Disk:
    """A small file system. `OSError` where the kernel or the privileges refuse one."""

    def __init__(self, megabytes):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agw-disk-"))
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", self.folder], capture_output=True, text=True
        )
        if done.returncode:
            self.folder.rmdir()
            raise OSError(f"no file system of one's own here: {done.stderr.strip()}")

    def fill(self):
        with open(self.folder / "ballast", "wb", buffering=0) as ballast:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while ballast.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue

    def empty(self):
        (self.folder / "ballast").unlink()

    def remove(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)
        self.folder.rmdir()
