"""What callers see while something is broken, and how soon all is well again."""

import os
import threading
import time

import httpx

from .gateway import Installation, oauth2_entry
from .process import until

SLOWEST_REFUSAL = 6.0  # seconds: five for the storage, one for a machine under load
SOON = 5.0  # seconds until reads are well after the database is


class Observer:
    """Asks for a grant's token again and again, and remembers each answer."""

    def __init__(self, gateway, provider, user, **extra):
        self.ask = lambda: gateway.token(provider, user, **extra)
        self.answers = []  # (when asked, seconds, status, word)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.ending.wait(0.02):
            asked = time.monotonic()
            try:
                answer = self.ask()
                seen = (answer.status_code, answer.json().get("error", "token"))
            except httpx.HTTPError as error:
                seen = (0, type(error).__name__)
            self.answers.append((asked, time.monotonic() - asked, *seen))

    def since(self, moment):
        return [answer for answer in list(self.answers) if answer[0] >= moment]

    def well_since(self, moment):
        """Whether the latest answers since then are tokens."""
        latest = self.since(moment)[-3:]
        return len(latest) == 3 and all(status == 200 for _, _, status, _ in latest)

    def end(self):
        self.ending.set()
        self.thread.join()


class Row:
    """One line of the table: what was seen from `broken` to `mended`, and from then on."""

    def __init__(self, what, observer, broken, mended):
        self.what = what
        during = [answer for answer in observer.answers if broken <= answer[0] < mended]
        self.seen = sorted({f"{status} {word}" for _, _, status, word in during})
        self.slowest = max((seconds for _, seconds, _, _ in during), default=0.0)
        failed = [asked + seconds for asked, seconds, status, _ in observer.since(mended) if status != 200]
        self.recovery = max((end - mended for end in failed), default=0.0)
        self.unexpected = {
            word for _, _, status, word in observer.answers if status not in (200, 502, 503)
        }

    def tell(self):
        line = f"| {self.what} | {', '.join(self.seen)} | {self.slowest:.2f} | {self.recovery:.2f} |"
        print(line)
        if table := os.environ.get("AGW_FAULT_TABLE"):
            with open(table, "a") as sink:
                sink.write(line + "\n")


class World:
    """A gateway on a database, a provider, and a grant; a test breaks what is around them."""

    user = "alice@example.com"

    def __init__(self, folder, database, sandbox, policy=None, **start):
        self.provider = sandbox.provider("faults", **(policy or {}))
        self.installation = Installation(folder, database, {"faults": oauth2_entry(self.provider)})
        self.gateway = self.installation.start(**start)
        self.gateway.connect("faults", self.user)

    def through(self, what, breaks, mends, seconds=2.0, slowest=SLOWEST_REFUSAL, soon=SOON):
        """The fault for some seconds, with a reader all the time, and that nothing is lost. The line of the table."""
        observer = Observer(self.gateway, "faults", self.user)
        try:
            until(lambda: observer.well_since(0), what="the first reads")
            broken = time.monotonic()
            breaks()
            time.sleep(seconds)
            mends()
            mended = time.monotonic()
            until(lambda: observer.well_since(mended), slowest + soon + 20, what="the recovery")
        finally:
            observer.end()
        row = Row(what, observer, broken, mended)
        row.tell()
        assert not row.unexpected
        assert row.slowest < slowest and row.recovery < soon
        self.nothing_lost()
        return row

    def let_token_end(self):
        """The next read needs the provider; what comes then lives for an hour."""
        self.provider.configure(access_ttl=1)
        self.gateway.connect("faults", self.user)
        self.provider.configure(access_ttl=3600)
        time.sleep(1.1)

    def nothing_lost(self):
        token = self.gateway.access_token("faults", self.user)
        assert token in self.provider.living("access", self.user)
        ledger = self.provider.ledger()
        assert ledger["reuse"] == ledger["reuse_in_grace"], "a spent refresh token was sent where it ends the grant"
        assert self.gateway.http.get("/health").status_code == 200

    def stop(self):
        assert self.gateway.stop() == 0
