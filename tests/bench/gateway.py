"""Gateways under measurement: keys, databases filled with grants, processes, and what their logs say of refusals."""

import collections
import contextlib
import json
import os
import secrets
import sqlite3
import subprocess
import urllib.parse

from common import BIN, BUILD, ROOT, free_port, problem, process, run, wait_for

COLUMNS = (
    "id, profile_id, provider_id, issuer, subject, access_token, refresh_token, issued_at, token_expiry, scopes, "
    "created_at, consented_at, updated_at, renew_at"
)


class Keys:
    def __init__(self, folder):
        self.encryption = folder / "encryption-key"
        self.api = folder / "api-key"
        for file, arguments in ((self.encryption, []), (self.api, ["--api-key"])):
            made = run(BIN / "auth-gateway", "generate-keys", *arguments, capture_output=True)
            file.touch(mode=0o600)
            file.write_bytes(made.stdout)
        self.root = self.api.read_text().strip()


class Sqlite:
    name = "SQLite"

    def __init__(self, folder, name):
        self.file = folder / f"{name}.db"
        self.url = f"sqlite:///{self.file}"

    def load(self, rows):
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            places = ", ".join("?" * len(COLUMNS.split(",")))
            lines = (line.rstrip("\n").split("\t") for line in rows)
            connection.executemany(f"INSERT INTO oauth_credentials ({COLUMNS}) VALUES ({places})", lines)
            connection.execute("ANALYZE")


class Postgres:
    """A database of its own on the server of AGW_TEST_POSTGRES_URL."""

    name = "PostgreSQL"

    def __init__(self, folder, name):
        del folder
        server = os.environ["AGW_TEST_POSTGRES_URL"]
        database = f"bench_{name}_{secrets.token_hex(4)}"
        self.url = server
        self.sql(f"CREATE DATABASE {database}")
        self.url = urllib.parse.urlsplit(server)._replace(path="/" + database).geturl()

    def psql(self, *arguments, **options):
        return run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url, *arguments, **options)

    def sql(self, text):
        return self.psql("-A", "-t", "-c", text, capture_output=True, text=True).stdout.strip()

    def load(self, rows):
        self.psql("-c", f"COPY oauth_credentials ({COLUMNS}) FROM STDIN", stdin=rows)
        self.sql("VACUUM ANALYZE oauth_credentials")


class Gateway:
    """One gateway on a database. `config` is its providers.yaml."""

    def __init__(self, name, folder, database, keys, config=ROOT / "config/providers.yaml", **environment):
        self.name = name
        self.database = database
        self.keys = keys
        self.config = config
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"gateway-{name}-{self.port}.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database.url,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "AUTH_GATEWAY_ENCRYPTION_KEY_FILE": str(keys.encryption),
            "AUTH_GATEWAY_API_KEY_FILE": str(keys.api),
            # With these, config/providers.yaml loads six plugins. Nothing listens there: no refresh is due.
            "SANDBOX_URL": "http://127.0.0.1:9",
            "SANDBOX_CLIENT_ID": "bench",
            "SANDBOX_CLIENT_SECRET": "bench-secret",
            **environment,
        }

    def prepare(self):
        run(BIN / "auth-gateway", "init-db", env=self.environment)

    def seed(self, *arguments, **options):
        """Rows from bench_seed into the database."""
        command = [str(BUILD / "tests/bench_seed"), *map(str, arguments)]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True, **options) as child:
            self.database.load(child.stdout)
        if child.returncode:
            raise RuntimeError("bench_seed failed")

    def process(self):
        command = [BIN / "auth-gateway", "serve", "--config", self.config]
        return process(command, self.log, cwd=ROOT, env=self.environment)

    @contextlib.contextmanager
    def serving(self):
        """Runs it. Whatever it answered that was no 200 meanwhile is a problem of the run."""
        self.seen = self.log.stat().st_size if self.log.exists() else 0
        with self.process() as child:
            wait_for(self.url + "/health", child, self.log)
            yield child
        if refused := self.refusals():
            problem(self.name, ", ".join(f"{times} x {what}" for what, times in refused.most_common()))

    def refusals(self):
        """Statuses and error words that its access log has, and its warnings; nothing when all was well."""
        counts = collections.Counter()
        with open(self.log) as lines:
            lines.seek(self.seen)
            for line in lines:
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if entry.get("event") == "request" and entry["route"] != "none":  # that is: of a whole request
                    counts[f"{entry['status']} {entry['error']} on {entry['route']}"] += 1
                elif entry.get("level") in ("warning", "error"):
                    counts[f"log: {entry['event']}"] += 1
        return counts if any(not what.startswith("log: ") for what in counts) else collections.Counter()
