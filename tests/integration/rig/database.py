"""A database of one's own: a SQLite file, or a new database on the PostgreSQL server of AGW_TEST_POSTGRES_URL."""

import contextlib
import os
import secrets
import sqlite3
import subprocess
import urllib.parse

import psycopg


class SqliteDatabase:
    kind = "sqlite"

    def __init__(self, folder):
        self.file = folder / "gateway.db"
        self.url = f"sqlite:///{self.file}"  # four slashes: an absolute path

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql):
        """Returns how many rows it changed."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=10)) as connection, connection:
            return connection.execute(sql).rowcount

    def tables(self):
        return [row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def everything(self):
        """All octets that reached the disk: file, journal, write-ahead log."""
        return b"".join(path.read_bytes() for path in sorted(self.file.parent.glob(self.file.name + "*")))

    def drop(self):
        pass


class PostgresDatabase:
    kind = "postgres"

    def __init__(self, _folder, server=None):
        self.server = server or os.environ["AGW_TEST_POSTGRES_URL"]
        self.name = f"agw_e2e_{secrets.token_hex(6)}"
        self._admin(f"CREATE DATABASE {self.name}")
        parts = urllib.parse.urlsplit(self.server)
        self.url = parts._replace(path="/" + self.name).geturl()

    def _admin(self, sql):
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql)

    def rows(self, sql):
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql):
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).rowcount

    def tables(self):
        return [row[0] for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]

    def everything(self):
        return subprocess.run(["pg_dump", self.url], check=True, capture_output=True).stdout

    def close(self):
        """Nobody gets in, and whoever is in is thrown out: to its clients, the server is gone."""
        self._admin(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self._admin(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.name}'")

    def open(self):
        self._admin(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")

    def drop(self):
        self._admin(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


DATABASES = {"sqlite": SqliteDatabase, "postgres": PostgresDatabase}


def texts(database):
    """Every text in every row of every table."""
    for table in database.tables():
        for row in database.rows(f"SELECT * FROM {table}"):
            for value in row:
                if isinstance(value, (bytes, memoryview)):
                    yield bytes(value).decode("utf-8", "replace")
                elif isinstance(value, str):
                    yield value
