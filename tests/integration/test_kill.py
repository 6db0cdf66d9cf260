"""G2, H1: kill -9 at each step of a renewal, for each habit of providers; the sandbox's ledger is the judge.

The moment is chosen from outside: the provider holds its answer, or the database's rows are held."""

import contextlib
import sqlite3
import threading
import time

import httpx
import psycopg
import pytest

from rig import vault
from rig.gateway import oauth2_entry
from rig.process import until

# What the provider makes of a spent refresh token, and whether the grant outlives the loss of an answer.
HABITS = {
    "never": ({"rotation": "never"}, True),
    "grace": ({"rotation": "grace", "grace_seconds": 300}, True),
    "always": ({"rotation": "always"}, False),
    "family": ({"rotation": "always_revoke_family"}, False),
}


def providers(sandbox):
    entries = {}
    for name, (policy, _) in HABITS.items():
        provider = sandbox.provider(name, **policy)
        entries[name] = provider, oauth2_entry(provider)
    unattended = sandbox.provider("unattended", rotation="grace", grace_seconds=300)
    entries["unattended"] = unattended, oauth2_entry(unattended, refresh={"proactive": "all"})
    return entries


WAITING = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@contextlib.contextmanager
def rows_held(database):
    """Nobody writes a grant meanwhile, and what waits in the end is not carried out: the server would do that for the dead."""
    if database.kind == "sqlite":
        connection = sqlite3.connect(database.file, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = psycopg.connect(database.url)
        connection.execute("SELECT id FROM oauth_credentials FOR UPDATE")
    try:
        yield
    finally:
        if database.kind == "postgres":
            database.rows(f"SELECT pg_terminate_backend(pid) {WAITING}")
            until(lambda: not blocked(database, 1), what="the end of those who waited")
        connection.close()


def blocked(database, count):
    """Whether so many writers wait for the held rows; a file does not tell, so it gets a moment, shorter than their patience."""
    if database.kind == "sqlite":
        time.sleep(0.5)
        return True
    return database.rows(f"SELECT count(*) {WAITING}")[0][0] >= count


class Renewals:
    """A renewal of one user's grants at all providers, asked for by callers at once."""

    def __init__(self, installation, user):
        self.installation, self.user = installation, user
        self.providers = {name: installation.providers[name] for name in HABITS}
        self.asked_before = {name: provider.requests("token:refresh_token") for name, provider in self.providers.items()}
        self.reuse_before = {name: provider.ledger()["reuse"] for name, provider in self.providers.items()}
        self.gateway = installation.start()
        for name, provider in self.providers.items():
            provider.configure(access_ttl=1)
            self.gateway.connect(name, user)
            provider.configure(access_ttl=3600)
        time.sleep(1.1)
        self.answers = []
        self.callers = [threading.Thread(target=self.ask, args=(name,)) for name in self.providers]

    def ask(self, name):
        with contextlib.suppress(httpx.TransportError):  # the process is killed under it
            self.answers.append((name, self.gateway.token(name, self.user)))

    def begin(self):
        for caller in self.callers:
            caller.start()

    def kill(self):
        self.gateway.kill()
        for provider in self.providers.values():
            provider.release()
        for caller in self.callers:
            caller.join(30)

    def hold(self, **fault):
        for provider in self.providers.values():
            provider.fault(grant_type="refresh_token", hold=True, **fault)

    def wait_until_held(self):
        for provider in self.providers.values():
            provider.wait_until_held()

    def asked_all(self):
        return all(self.asked(name) == 1 for name in self.providers)

    def asked(self, name):
        return self.providers[name].requests("token:refresh_token") - self.asked_before[name]

    def row(self, name):
        sql = f"SELECT status, last_error, open_intents FROM oauth_credentials WHERE provider_id = '{name}' AND profile_id = '{self.user}'"
        return self.installation.database.rows(sql)[0]

    # ---- the judgement
    def settle(self, name, gateway):
        """Reads until there is a token or a verdict; no dead token on the way."""

        def look():
            answer = gateway.token(name, self.user)
            if answer.status_code == 200:
                assert answer.json()["access_token"] in self.providers[name].living("access", self.user)
            return answer.status_code in (200, 401) and answer

        return until(look, 60, 0.3, "a token or a verdict")

    def lives(self, name, gateway, calls):
        provider = self.providers[name]
        assert self.settle(name, gateway).status_code == 200, name
        assert self.asked(name) == calls, name
        newest = provider.living("refresh", self.user)[-1]
        assert vault.holds(self.installation.database, self.installation.encryption_key, newest), name
        assert self.row(name)[0] == "active" and self.row(name)[2] == 0

    def needs_consent(self, name, gateway, calls):
        answer = self.settle(name, gateway)
        assert answer.status_code == 401 and answer.json()["error"] == "refresh_failed" and answer.json()["auth_url"]
        for _ in range(3):
            assert gateway.token(name, self.user).status_code == 401
        assert self.asked(name) == calls, "no loop"
        assert self.row(name)[:2] == ("needs_consent", "refresh_interrupted")


@pytest.fixture
def renewals(installation, user):
    renewals = Renewals(installation, user)
    yield renewals
    renewals.gateway.process.kill()


@contextlib.contextmanager
def restarted(installation):
    gateway = installation.start()
    try:
        yield gateway
    finally:
        assert gateway.stop() == 0


def test_killed_before_the_call_nothing_has_happened(installation, renewals):
    """The write that takes the lease waits for its row: it is not committed, and the provider is not asked."""
    with rows_held(installation.database):
        renewals.begin()
        until(lambda: blocked(installation.database, 1), 5, what="a writer that waits")
        renewals.gateway.process.kill()
    renewals.kill()
    assert not renewals.answers
    with restarted(installation) as gateway:
        for name in HABITS:
            assert renewals.asked(name) == 0
            renewals.lives(name, gateway, calls=1)


def test_killed_after_the_lease_and_before_the_provider_acts_the_old_token_still_works(installation, renewals):
    """The provider has the request and does nothing with it."""
    renewals.hold(process=False, status=503, body="")
    renewals.begin()
    renewals.wait_until_held()
    renewals.kill()
    with restarted(installation) as gateway:
        for name in HABITS:
            assert renewals.row(name)[2] == 1, "the intent is on record"
            renewals.lives(name, gateway, calls=2)
            assert renewals.providers[name].ledger()["reuse"] == renewals.reuse_before[name]


def test_killed_while_the_answer_is_on_its_way_the_grant_lives_or_says_why_not(installation, renewals):
    """The provider has spent the token; nobody has its answer."""
    renewals.hold()
    renewals.begin()
    renewals.wait_until_held()
    renewals.kill()
    with restarted(installation) as gateway:
        for name, (_, survives) in HABITS.items():
            (renewals.lives if survives else renewals.needs_consent)(name, gateway, calls=2)


def test_killed_between_answer_and_commit_the_grant_lives_or_says_why_not(installation, renewals):
    """The gateway has the answer, and its write waits for the row."""
    renewals.hold()
    renewals.begin()
    renewals.wait_until_held()
    with rows_held(installation.database):
        for provider in renewals.providers.values():
            provider.release()
        until(lambda: blocked(installation.database, 1), 5, what="a writer that waits")
        renewals.gateway.process.kill()
    renewals.kill()
    assert not renewals.answers, "an answer is stored before anybody gets it"
    with restarted(installation) as gateway:
        for name, (_, survives) in HABITS.items():
            (renewals.lives if survives else renewals.needs_consent)(name, gateway, calls=2)


def test_killed_after_the_commit_nothing_is_asked_again(installation, renewals):
    renewals.begin()
    until(renewals.asked_all, 20, what="the calls")
    for provider in renewals.providers.values():
        newest = provider.living("access", renewals.user)[-1]
        until(lambda newest=newest: vault.holds(installation.database, installation.encryption_key, newest), 20, what="the commit")
    renewals.kill()
    with restarted(installation) as gateway:
        for name in HABITS:
            renewals.lives(name, gateway, calls=1)
            assert renewals.providers[name].ledger()["reuse"] == renewals.reuse_before[name]


def test_renewal_that_a_crash_interrupted_is_made_good_though_nobody_reads(installation, user):
    """G2: with an open intent and an ended access token the old refresh token is tried once."""
    provider = installation.providers["unattended"]
    first = installation.start()
    first.connect("unattended", user)
    provider.fault(grant_type="refresh_token", hold=True)
    installation.let_end("unattended")
    provider.wait_until_held()
    first.kill()
    provider.release()
    second = installation.start()
    try:
        until(
            lambda: vault.holds(
                installation.database, installation.encryption_key, provider.living("refresh", user)[-1]
            ),
            120,
            0.5,
            "the renewal that nobody asked for",
        )
        assert provider.requests("token:refresh_token") == 2 and provider.ledger()["reuse"] == 1
        assert second.access_token("unattended", user) in provider.living("access", user)
    finally:
        assert second.stop() == 0
