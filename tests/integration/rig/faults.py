"""What callers see while something is broken, and how soon all is well again."""

import os
import threading
import time

import httpx


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
