"""When a call is tried again, and when it is over. Time and chance are given, so that tests own them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from ._calls import Answer, Call
from ._errors import NOT_CONFIGURED, retry_after
from .config import Settings
from .exceptions import AuthGatewayError, GatewayFaultError, GatewayUnreachableError

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 3.0
CONNECT_TIMEOUT = 5.0
LONGEST_ATTEMPT = 20.0  # the gateway itself waits up to 15 s for a provider's refresh

# Nothing reached the gateway.
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class AttemptTimeout(Exception):
    """An answer did not come, or did not end, in time."""


class AnswerTooLarge(Exception):
    pass


@dataclass(frozen=True)
class Chance:
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random


class Attempts:
    """The life of one call. Ask `limit()` before each attempt, then tell what came."""

    def __init__(self, call: Call, settings: Settings, chance: Chance) -> None:
        self._call = call
        self._settings = settings
        self._chance = chance
        self._begun = chance.clock()
        self._failures = 0

    def limit(self) -> float:
        """Seconds that the next attempt may take."""
        return max(min(self._remaining(), LONGEST_ATTEMPT), 0.001)

    def after_answer(self, answer: Answer) -> float | None:
        """The pause before the next attempt; None: this is the answer."""
        if answer.status not in (429, 503):
            return None
        body = answer.json()
        if body is not None and body.get("error") in NOT_CONFIGURED:
            return None
        pause = self._pause(retry_after(answer) or 0.0)
        return pause if pause < self._remaining() else None

    def after_fault(self, fault: Exception) -> float:
        """The pause before the next attempt; raises when it was the last."""
        if isinstance(fault, AnswerTooLarge):
            raise GatewayFaultError(
                f"What answers at {self._settings.gateway_url} sends more than a gateway does. Is the address right?"
            ) from None
        pause = self._pause(0.0)
        if (self._call.repeatable or isinstance(fault, _UNSENT)) and pause < self._remaining():
            return pause
        raise self._unreachable(fault) from None

    def _unreachable(self, fault: Exception) -> AuthGatewayError:
        waited = self._chance.clock() - self._begun
        tries = "1 try" if self._failures == 1 else f"{self._failures} tries"
        return GatewayUnreachableError(
            f"No answer from the auth gateway at {self._settings.gateway_url} within {waited:.1f} s "
            f"({tries}; the last ended with {_told(fault)}).",
            address=self._settings.gateway_url,
            waited=waited,
        )

    def _pause(self, least: float) -> float:
        self._failures += 1
        longest = min(FIRST_PAUSE * 2.0**self._failures, LONGEST_PAUSE)
        return least + longest * (0.5 + self._chance.random() / 2)

    def _remaining(self) -> float:
        return self._settings.timeout - (self._chance.clock() - self._begun)


def httpx_timeout(limit: float) -> httpx.Timeout:
    return httpx.Timeout(limit, connect=min(limit, CONNECT_TIMEOUT))


def _told(fault: Exception) -> str:
    if isinstance(fault, (AttemptTimeout, httpx.TimeoutException)):
        return "no answer in time"
    if isinstance(fault, httpx.ConnectError):
        return f"no connection: {fault}" if str(fault) else "no connection"
    if isinstance(fault, httpx.RemoteProtocolError):
        return "the connection cut"
    return type(fault).__name__
