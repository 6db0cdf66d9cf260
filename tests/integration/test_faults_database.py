"""H2, H3, H4: the database restarts, loses its connections, hangs, is gone or full; what callers see and how soon it is over."""

import time

import psycopg
import pytest

from rig.cluster import Cluster, Disk
from rig.database import SqliteDatabase
from rig.faults import World
from rig.privileges import not_tested
from rig.process import until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def world(tmp_path_factory, cluster, sandbox):
    folder = tmp_path_factory.mktemp("postgres")
    world = World(folder, cluster.database(folder), sandbox)
    yield world
    world.stop()


def test_restart(world, cluster):
    """H2"""
    world.through("PostgreSQL restarted at once", lambda: cluster.control("-m", "immediate", "restart"), lambda: None, 0.5)


def test_terminated_connections(world, cluster):
    """H2"""

    def terminate():
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            for _ in range(20):
                connection.execute(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{world.installation.database.name}'"
                )
                time.sleep(0.1)

    world.through("PostgreSQL ends all connections, 20 times", terminate, lambda: None, 0)


def test_gone(world, cluster):
    row = world.through(
        "PostgreSQL down", lambda: cluster.control("-m", "fast", "stop"), lambda: cluster.control("start"), 3.0
    )
    assert "503 unavailable" in row.seen


def test_frozen(world, cluster):
    """H3"""
    world.through("PostgreSQL frozen (SIGSTOP)", cluster.freeze, cluster.thaw, 8.0)


def test_renewal_is_not_begun_while_its_result_cannot_be_kept(world, cluster):
    """H4, G6, law 4."""
    world.let_token_end()
    requests = world.provider.requests("token:refresh_token")
    cluster.control("-m", "fast", "stop")
    try:
        answer = world.gateway.token("faults", world.user)
    finally:
        cluster.control("start")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert world.provider.requests("token:refresh_token") == requests
    until(lambda: world.gateway.token("faults", world.user).status_code == 200, 30, 0.1, "the renewal")
    world.nothing_lost()


def full_disk(what, disk, world):
    """Reads go on; a renewal whose result cannot be stored is not begun, and comes by itself once there is space."""
    world.through(what + " full, a living token is read", disk.fill, disk.empty, 2.0)
    world.let_token_end()
    requests = world.provider.requests("token:refresh_token")
    disk.fill()
    try:
        answers = [world.gateway.token("faults", world.user) for _ in range(3)]
        asked = world.provider.requests("token:refresh_token") - requests
    finally:
        disk.empty()
    assert asked <= 1, "a token whose successor is not stored yet is not spent again"
    assert {answer.status_code for answer in answers} <= ({503} if asked == 0 else {200, 503})
    until(lambda: world.gateway.token("faults", world.user).status_code == 200, 40, 0.1, "the renewal")
    world.nothing_lost()


def test_full_disk_under_sqlite(tmp_path, sandbox):
    """H4"""
    try:
        disk = Disk(4)
    except OSError as error:
        not_tested(error, "a full disk needs root and file systems of one's own")
    try:
        database = SqliteDatabase(disk.folder)
        world = World(tmp_path / "gateway", database, sandbox)
        full_disk("SQLite's disk", disk, world)
        world.stop()
        assert database.rows("PRAGMA integrity_check") == [("ok",)]
    finally:
        disk.remove()


def test_full_disk_under_postgres(tmp_path, sandbox):
    """H4"""
    try:
        cluster = Cluster(tmp_path / "cluster", megabytes=160)
    except OSError as error:
        not_tested(error, "a full disk needs root and file systems of one's own")
    try:
        world = World(tmp_path / "gateway", cluster.database(tmp_path), sandbox)
        full_disk("PostgreSQL's disk", cluster.disk, world)
        world.stop()
    finally:
        cluster.end()
