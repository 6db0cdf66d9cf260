"""Tokens in memory, each until the gateway may have a newer one."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from ._calls import Answer
from .models import Token

CAPACITY = 10_000
DEFAULT_MIN_TTL = 60
"""Seconds that a token works on where nothing else is asked for; the gateway's own default."""
WITHOUT_END = 300.0
"""Seconds after which a token that does not expire is asked for again: it may have been revoked."""
COARSE_DATE = 1.0  # an HTTP date has whole seconds

Key = tuple[str, ...]


class Asked(NamedTuple):
    """When a request left: in the order of events, and by the clock."""

    turn: int
    moment: float


class _Entry(NamedTuple):
    token: Token
    fresh_until: float
    dies_at: float
    asked: int
    stored: int


class TokenCache:
    """Not locked: one event loop or one lock around it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns = 0
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._forgotten: OrderedDict[Key, int] = OrderedDict()

    def find(self, key: Key, min_ttl: int | None) -> Token | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._clock()
        if now >= entry.fresh_until or entry.dies_at - now < (DEFAULT_MIN_TTL if min_ttl is None else min_ttl):
            return None
        self._entries.move_to_end(key)
        return entry.token

    def ask(self) -> Asked:
        """Call it before the request leaves, so that a slow answer never looks younger."""
        return Asked(self._turn(), self._clock())

    def put(self, key: Key, token: Token, asked: Asked, answer: Answer) -> None:
        """Keeps the token, unless it was asked for before the key was forgotten, or there is a newer one."""
        if asked.turn < self.forgotten(key) or self._newer_than(key, token, asked):
            return
        now = _gateway_time(answer)

        def left(moment: datetime | None, otherwise: float) -> float:
            return otherwise if moment is None else (moment - now).total_seconds() - COARSE_DATE

        dies_at = asked.moment + left(token.expires_at, math.inf)
        fresh_until = asked.moment + left(token.refresh_after, WITHOUT_END)
        self._entries[key] = _Entry(token, min(fresh_until, dies_at), dies_at, asked.turn, self._turn())
        self._entries.move_to_end(key)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)

    def forget(self, *beginning: str) -> None:
        """All entries whose key begins so, and what was asked for by now and has not come yet."""
        for key in [key for key in self._entries if key[: len(beginning)] == beginning]:
            del self._entries[key]
        self._forgotten[beginning] = self._turn()
        self._forgotten.move_to_end(beginning)
        while len(self._forgotten) > CAPACITY:
            self._forgotten.popitem(last=False)

    def forget_token(self, token: str, *beginning: str) -> None:
        """The entries whose key begins so and that hold this token."""
        for key, entry in list(self._entries.items()):
            if key[: len(beginning)] == beginning and entry.token.access_token == token:
                del self._entries[key]

    def forgotten(self, key: Key) -> int:
        """The turn of the last `forget` that concerned the key; 0: there was none."""
        return max(self._forgotten.get(key[:length], 0) for length in range(len(key) + 1))

    def _newer_than(self, key: Key, token: Token, asked: Asked) -> bool:
        """Whether a newer token is kept. Of two that were under way at once, the one that ends later is newer;
        if they end alike, the one asked for later."""
        kept = self._entries.get(key)
        if kept is None or asked.turn > kept.stored:
            return False
        return (_end(kept.token), kept.asked) > (_end(token), asked.turn)

    def _turn(self) -> int:
        self._turns += 1
        return self._turns


def _end(token: Token) -> float:
    return math.inf if token.expires_at is None else token.expires_at.timestamp()


def _gateway_time(answer: Answer) -> datetime:
    """By the gateway's clock, which its times are of; this machine's may be wrong."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(timezone.utc)
    except (KeyError, ValueError, TypeError):
        return datetime.now(timezone.utc)
