"""A fresh bearer token for any HTTP client, and one repetition after a 401."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, Protocol, TypeVar

import httpx

from .client import AuthClient
from .sync_client import SyncAuthClient

__all__ = ["GatewayAuth", "GatewayBearer", "SyncGatewayAuth"]


class GatewayAuth(httpx.Auth):
    """For `httpx.AsyncClient(auth=...)`."""

    requires_request_body = True  # it may be sent twice

    def __init__(
        self, client: AuthClient, provider: str, user_email: str, *, scopes: Sequence[str] | None = None
    ) -> None:
        self._client = client
        self._provider = provider
        self._user_email = user_email
        self._scopes = scopes

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._client.get_token(self._provider, self._user_email, scopes=self._scopes)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            token = await self._client.replace_token(self._provider, self._user_email, token, scopes=self._scopes)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise RuntimeError("GatewayAuth is for httpx.AsyncClient; httpx.Client takes SyncGatewayAuth.")


class SyncGatewayAuth(httpx.Auth):
    """For `httpx.Client(auth=...)`."""

    requires_request_body = True

    def __init__(
        self, client: SyncAuthClient, provider: str, user_email: str, *, scopes: Sequence[str] | None = None
    ) -> None:
        self._client = client
        self._provider = provider
        self._user_email = user_email
        self._scopes = scopes

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._client.get_token(self._provider, self._user_email, scopes=self._scopes)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            token = self._client.replace_token(self._provider, self._user_email, token, scopes=self._scopes)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise RuntimeError("SyncGatewayAuth is for httpx.Client; httpx.AsyncClient takes GatewayAuth.")
        yield request  # makes it a generator, as httpx expects


class PreparedRequest(Protocol):
    """What is used of `requests.PreparedRequest`."""

    headers: Any
    body: Any

    def register_hook(self, event: str, hook: Any) -> None: ...
    def copy(self) -> Any: ...


R = TypeVar("R", bound=PreparedRequest)


class GatewayBearer:
    """For `requests`: `requests.get(url, auth=GatewayBearer(...))`. `requests` itself is not needed here."""

    def __init__(
        self, client: SyncAuthClient, provider: str, user_email: str, *, scopes: Sequence[str] | None = None
    ) -> None:
        self._client = client
        self._provider = provider
        self._user_email = user_email
        self._scopes = scopes

    def __call__(self, request: R) -> R:
        token = self._client.get_token(self._provider, self._user_email, scopes=self._scopes)
        request.headers["Authorization"] = f"Bearer {token}"
        start = request.body.tell() if hasattr(request.body, "tell") else None

        def repeat(response: Any, **options: Any) -> Any:
            sent = response.request
            # A redirect to another host has lost the header: that answer is not about our token.
            if response.status_code != 401 or sent.headers.get("Authorization") != f"Bearer {token}":
                return response
            again = sent.copy()
            if start is not None:
                again.body.seek(start)
            response.content  # noqa: B018  reads it, so that the connection can be used again
            response.close()
            again.headers["Authorization"] = (
                f"Bearer {self._client.replace_token(self._provider, self._user_email, token, scopes=self._scopes)}"
            )
            repeated = response.connection.send(again, **options)
            repeated.history.append(response)
            repeated.request = again
            return repeated

        request.register_hook("response", repeat)
        return request
