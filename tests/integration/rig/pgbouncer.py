"""PgBouncer between a gateway and the PostgreSQL server."""

import os
import shutil
import socket
import urllib.parse

from .process import Process, free_port, until


class PgBouncer:
    """Pools by `mode`: `session`, `transaction` or `statement`. `url(database)` leads through it."""

    def __init__(self, folder, server_url, mode):
        folder.mkdir(parents=True, exist_ok=True)
        self.server = urllib.parse.urlsplit(server_url)
        self.port = free_port()
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"* = host={self.server.hostname} port={self.server.port} user={self.server.username}"
            f" password={self.server.password}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = {mode}\n"
            + ("user = postgres\n" if os.geteuid() == 0 else "")  # it refuses to run as root
        )
        command = [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", settings]
        self.process = Process(command, folder / "pgbouncer.log")
        until(self._listens, 10, what="PgBouncer")

    def _listens(self):
        assert self.process.alive(), self.process.text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, database_url):
        parts = urllib.parse.urlsplit(database_url)
        return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self.port}").geturl()

    def stop(self):
        self.process.stop()
