"""A gateway by respx, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import respx

from mcp_auth_client import AuthClient, SyncAuthClient
from mcp_auth_client._attempts import Chance

URL = "http://gateway.test:8000"
KEY = "key-0123456789abcdef0123456789abcdef"
ALICE = "alice@company.com"
LINK = "https://provider.test/authorize?state=abc"
SESSION = "775740fe-56eb-4b32-a2fc-5d0afe778251"


class Clock:
    """Time that the test advances; sleeping advances it too."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.block(seconds)

    def block(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def rfc3339(seconds_from_now: float) -> str:
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds_from_now)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def token_answer(token: str = "token-1", ttl: float | None = 3600, **more: Any) -> httpx.Response:
    body = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_at": None if ttl is None else rfc3339(ttl),
        "scopes": ["openid", "email"],
        "refresh_after": None if ttl is None else rfc3339(ttl - 300),
        **more,
    }
    return httpx.Response(200, json=body)


def error_answer(status: int, code: str, message: str = "Said by the gateway.", **more: Any) -> httpx.Response:
    headers = {"Retry-After": str(more["retry_after"])} if "retry_after" in more else {}
    body = {"error": code, "message": message, "request_id": "r-1", **more}
    return httpx.Response(status, json=body, headers=headers)


def sign_in_answer(code: str = "not_authenticated", **more: Any) -> httpx.Response:
    return error_answer(
        401, code, auth_required=True, auth_url=LINK, session_id=SESSION, expires_at=rfc3339(900), **more
    )


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTH_GATEWAY_URL", "AUTH_GATEWAY_API_KEY", "AUTH_GATEWAY_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def gateway() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mcp_auth_client.client.asyncio.sleep", clock.sleep)
    monkeypatch.setattr("mcp_auth_client.sync_client.time.sleep", clock.block)
    monkeypatch.setattr("mcp_auth_client.client.Chance", lambda: Chance(clock, lambda: 0.0))
    monkeypatch.setattr("mcp_auth_client.sync_client.Chance", lambda: Chance(clock, lambda: 0.0))
    return clock


@pytest.fixture
async def client(clock: Clock, gateway: respx.MockRouter) -> AsyncIterator[AuthClient]:
    async with AuthClient(URL, KEY) as client:
        yield client


@pytest.fixture
def blocking(clock: Clock, gateway: respx.MockRouter) -> Iterator[SyncAuthClient]:
    with SyncAuthClient(URL, KEY) as client:
        yield client
