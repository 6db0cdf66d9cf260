"""Tokens in memory, each until the gateway may have a newer one."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ._calls import Answer
from .models import Token

CAPACITY = 10_000
WITHOUT_END = 300.0
"""Seconds after which a token that does not expire is asked for again: it may have been revoked."""
COARSE_DATE = 1.0  # an HTTP date has whole seconds

Key = tuple[str, ...]


class TokenCache:
    """Not locked: one event loop or one lock around it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: OrderedDict[Key, tuple[Token, float, float]] = OrderedDict()

    def find(self, key: Key, min_ttl: float) -> Token | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        token, fresh_until, dies_at = entry
        now = self._clock()
        if now >= fresh_until or dies_at - now < min_ttl:
            return None
        self._entries.move_to_end(key)
        return token

    def put(self, key: Key, token: Token, asked_at: float, answer: Answer) -> None:
        """`asked_at`: this clock's time before the request left, so that a slow answer never looks younger."""
        now = _gateway_time(answer)

        def left(moment: datetime | None, otherwise: float) -> float:
            return otherwise if moment is None else (moment - now).total_seconds() - COARSE_DATE

        dies_at = asked_at + left(token.expires_at, math.inf)
        fresh_until = asked_at + left(token.refresh_after, WITHOUT_END)
        self._entries[key] = (token, min(fresh_until, dies_at), dies_at)
        self._entries.move_to_end(key)
        while len(self._entries) > CAPACITY:
            self._entries.popitem(last=False)

    def forget(self, *beginning: str, token: str | None = None) -> None:
        """All entries whose key begins so; with `token`, those that hold it."""
        for key in [key for key in self._entries if key[: len(beginning)] == beginning]:
            if token is None or self._entries[key][0].access_token == token:
                del self._entries[key]


def _gateway_time(answer: Answer) -> datetime:
    """By the gateway's clock, which its times are of; this machine's may be wrong."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(timezone.utc)
    except (KeyError, ValueError, TypeError):
        return datetime.now(timezone.utc)
