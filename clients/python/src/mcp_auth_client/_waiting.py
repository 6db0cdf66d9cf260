"""How long a sign-in is waited for, and what its states mean to who waits."""

from __future__ import annotations

from collections.abc import Callable

from .exceptions import SignInFailedError, SignInTimeoutError
from .models import FlowStatus

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 3.0


class SignInWait:
    def __init__(self, session_id: str, timeout: float, clock: Callable[[], float]) -> None:
        self._session_id = session_id
        self._timeout = timeout
        self._clock = clock
        self._end = clock() + timeout
        self._pause = FIRST_PAUSE / 1.5

    def judge(self, status: FlowStatus) -> FlowStatus | None:
        """The status once it is a good end, None while there is hope; raises otherwise."""
        state = status["status"]
        if state == "completed":
            return status
        if state == "failed":
            why = status.get("error", "unknown")
            raise SignInFailedError(f"The sign-in did not succeed: {why}.", code=why)
        if self._clock() < self._end:
            return None
        if state == "awaiting_confirmation":
            raise SignInTimeoutError(
                "The person has consented, but nobody has confirmed the code that they were shown.", code=state
            )
        raise SignInTimeoutError(f"The person did not finish signing in within {self._timeout:.0f} s.", code=state)

    def pause(self) -> float:
        """Longer each time, up to 3 s, and not beyond the end."""
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
        return max(min(self._pause, self._end - self._clock()), 0.05)
