"""Answers that arrive after something newer: what is kept is what is true now."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import httpx
import pytest
import respx

from mcp_auth_client import AuthClient, AuthRequiredException, SyncAuthClient
from mcp_auth_client._cache import TokenCache
from mcp_auth_client._calls import Answer
from mcp_auth_client.models import Token

from .conftest import ALICE, sign_in_answer, token_answer

REVOKED = httpx.Response(200, json={"success": True, "message": "m"})
ASKED_OTHERWISE = 5
"""A `min_ttl`: the request is not shared with those that ask for another."""


class Held:
    """The first answer waits until it is let go; the second is there at once."""

    def __init__(self, first: httpx.Response, second: httpx.Response) -> None:
        self._first = first
        self._second = second
        self.arrived = threading.Event()
        self.gate = threading.Event()

    def blocking(self, _: httpx.Request) -> httpx.Response:
        if self.arrived.is_set():
            return self._second
        self.arrived.set()
        assert self.gate.wait(10)
        return self._first

    async def waiting(self, request: httpx.Request) -> httpx.Response:
        if self.arrived.is_set():
            return self._second
        return await asyncio.to_thread(self.blocking, request)

    async def has_arrived(self) -> None:
        assert await asyncio.to_thread(self.arrived.wait, 10)


async def test_token_under_way_during_a_revocation_is_not_kept(client: AuthClient, gateway: respx.MockRouter) -> None:
    held = Held(token_answer("revoked"), sign_in_answer())
    gateway.post("/auth/token").mock(side_effect=held.waiting)
    gateway.delete("/auth/revoke").mock(return_value=REVOKED)
    slow = asyncio.create_task(client.get_token("google", ALICE))
    await held.has_arrived()
    await client.revoke("google", ALICE)
    with pytest.raises(AuthRequiredException):
        await asyncio.wait_for(client.get_token("google", ALICE), 5)
    held.gate.set()
    assert await slow == "revoked"
    with pytest.raises(AuthRequiredException):
        await client.get_token("google", ALICE)


def test_token_under_way_during_a_revocation_is_not_kept_by_threads(
    blocking: SyncAuthClient, gateway: respx.MockRouter
) -> None:
    held = Held(token_answer("revoked"), sign_in_answer())
    gateway.post("/auth/token").mock(side_effect=held.blocking)
    gateway.delete("/auth/revoke").mock(return_value=REVOKED)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(blocking.get_token, "google", ALICE)
        assert held.arrived.wait(10)
        blocking.revoke("google", ALICE)
        later = pool.submit(blocking.get_token, "google", ALICE)
        try:
            assert isinstance(later.exception(5), AuthRequiredException)
        finally:
            held.gate.set()
        assert slow.result(10) == "revoked"
    with pytest.raises(AuthRequiredException):
        blocking.get_token("google", ALICE)


async def test_slow_answer_does_not_replace_a_refreshed_token(client: AuthClient, gateway: respx.MockRouter) -> None:
    held = Held(token_answer("older", 3000), token_answer("newer", 3600))
    gateway.post("/auth/token").mock(side_effect=held.waiting)
    slow = asyncio.create_task(client.get_token("google", ALICE, min_ttl=ASKED_OTHERWISE))
    await held.has_arrived()
    assert await client.get_token("google", ALICE, force_refresh=True) == "newer"
    held.gate.set()
    assert await slow == "older"
    assert await client.get_token("google", ALICE) == "newer"


def test_slow_answer_does_not_replace_a_refreshed_token_of_threads(
    blocking: SyncAuthClient, gateway: respx.MockRouter
) -> None:
    held = Held(token_answer("older", 3000), token_answer("newer", 3600))
    gateway.post("/auth/token").mock(side_effect=held.blocking)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(blocking.get_token, "google", ALICE, min_ttl=ASKED_OTHERWISE)
        assert held.arrived.wait(10)
        assert blocking.get_token("google", ALICE, force_refresh=True) == "newer"
        held.gate.set()
        assert slow.result(10) == "older"
    assert blocking.get_token("google", ALICE) == "newer"


NOW = datetime.now(timezone.utc)
KEY = ("user", "google", ALICE)
ANSWER = Answer(200, httpx.Headers(), b"")


def token(text: str, ttl: float | None = 3600) -> Token:
    return Token(text, "Bearer", None if ttl is None else NOW + timedelta(seconds=ttl), None, ())


def kept(cache: TokenCache) -> str | None:
    found = cache.find(KEY, 0)
    return None if found is None else found.access_token


@pytest.mark.parametrize("ends", [3600, None])
def test_of_two_that_end_alike_the_one_asked_for_later_is_kept(ends: float | None) -> None:
    cache = TokenCache()
    first, second = cache.ask(), cache.ask()
    cache.put(KEY, token("second", ends), second, ANSWER)
    cache.put(KEY, token("first", ends), first, ANSWER)
    assert kept(cache) == "second"


def test_refresh_that_was_overtaken_by_a_reader_of_the_old_token_is_kept() -> None:
    cache = TokenCache()
    refresh, reader = cache.ask(), cache.ask()
    answers: list[Callable[[], None]] = [
        lambda: cache.put(KEY, token("old", 600), reader, ANSWER),
        lambda: cache.put(KEY, token("new", 3600), refresh, ANSWER),
    ]
    for put in answers + answers[:1]:
        put()
    assert kept(cache) == "new"


def test_token_asked_for_after_another_was_kept_replaces_it_though_it_ends_sooner() -> None:
    cache = TokenCache()
    cache.put(KEY, token("long", None), cache.ask(), ANSWER)
    cache.put(KEY, token("short", 600), cache.ask(), ANSWER)
    assert kept(cache) == "short"


def test_forgetting_concerns_what_was_asked_for_before_and_its_own_keys() -> None:
    cache = TokenCache()
    before = cache.ask()
    cache.forget("user", "google", "bob@company.com")
    cache.put(KEY, token("of another"), before, ANSWER)
    assert kept(cache) == "of another"
    cache.forget(*KEY)
    cache.put((*KEY, "scope"), token("with scopes"), before, ANSWER)
    assert cache.find((*KEY, "scope"), 0) is None
    cache.put(KEY, token("asked for since"), cache.ask(), ANSWER)
    assert kept(cache) == "asked for since"
