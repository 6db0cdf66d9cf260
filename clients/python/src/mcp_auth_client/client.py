"""The asynchronous client."""

from __future__ import annotations

import asyncio
import ssl
import weakref
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar, cast

import httpx

from . import _calls
from ._attempts import AnswerTooLarge, Attempts, AttemptTimeout, Chance, httpx_timeout
from ._cache import Key, TokenCache
from ._calls import MAX_ANSWER, Answer, Call
from ._errors import success, with_names
from ._waiting import SignInWait
from .config import Settings
from .exceptions import AuthGatewayError, GatewayFaultError, ProviderNotConfiguredError
from .models import AuthFlow, FlowStatus, Installation, InstallLink, ProviderGrant, Revocation, Token

__all__ = ["AuthClient"]

T = TypeVar("T")


class AuthClient:
    """Asks the auth gateway for tokens; keeps them in memory until there may be newer ones.

    One object for a whole program. Safe from any number of tasks, and from one event loop after another.
    Without arguments the address and the key come from AUTH_GATEWAY_URL and AUTH_GATEWAY_API_KEY (or
    AUTH_GATEWAY_API_KEY_FILE). `timeout` bounds every call, repetitions included, in seconds.
    """

    def __init__(
        self,
        gateway_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = Settings.resolve(gateway_url, api_key, timeout)
        self._verify = verify
        self._transport = transport
        self._chance = Chance()
        self._cache = TokenCache(self._chance.clock)
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )
        self._flights: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, asyncio.Task[Any]]] = (
            weakref.WeakKeyDictionary()
        )

    def __repr__(self) -> str:
        return f"AuthClient({self._settings.gateway_url!r})"

    @property
    def gateway_url(self) -> str:
        return self._settings.gateway_url

    # ---- users
    async def get_token(
        self,
        provider: str,
        user_email: str,
        *,
        min_ttl: int | None = None,
        scopes: Sequence[str] | None = None,
        force_refresh: bool = False,
    ) -> str:
        """An access token that works for `min_ttl` more seconds; `AuthRequiredException` with the link otherwise."""
        token = await self.get_token_details(
            provider, user_email, min_ttl=min_ttl, scopes=scopes, force_refresh=force_refresh
        )
        return token.access_token

    async def get_token_details(
        self,
        provider: str,
        user_email: str,
        *,
        min_ttl: int | None = None,
        scopes: Sequence[str] | None = None,
        force_refresh: bool = False,
    ) -> Token:
        """The same with its end, its scopes and whether the provider is down meanwhile."""
        call = _calls.token(provider, user_email, min_ttl=min_ttl, scopes=scopes, force_refresh=force_refresh)
        key = ("user", provider, user_email.lower(), *sorted(scopes or ()))
        return await self._token(key, call, min_ttl, fresh=force_refresh)

    async def replace_token(
        self, provider: str, user_email: str, rejected: str, *, scopes: Sequence[str] | None = None
    ) -> str:
        """After an API answered 401 to `rejected`: the newer token that is there already, or one refreshed now."""
        self._cache.forget_token(rejected, "user", provider, user_email.lower())
        token = await self.get_token(provider, user_email, scopes=scopes)
        if token != rejected:
            return token
        return await self.get_token(provider, user_email, scopes=scopes, force_refresh=True)

    async def init_oauth(
        self,
        provider: str,
        user_email: str,
        *,
        scopes: Sequence[str] | None = None,
        redirect_after: str | None = None,
    ) -> AuthFlow:
        """Starts a sign-in: `auth_url` for the person, `session_id` to follow it."""
        return cast(AuthFlow, await self._ask(_calls.init(provider, user_email, scopes, redirect_after)))

    async def is_authenticated(self, provider: str, user_email: str) -> bool:
        """Whether the user has connected the provider and need not sign in again."""
        if self._cache.find(("user", provider, user_email.lower()), 0) is not None:
            return True
        grants = await self.providers(user_email)
        return any(grant["provider"] == provider and grant["status"] == "active" for grant in grants)

    async def status(self, session_id: str) -> FlowStatus:
        """How a sign-in stands."""
        return cast(FlowStatus, await self._ask(_calls.status(session_id)))

    async def confirm(self, session_id: str, code: str) -> FlowStatus:
        """Finishes a sign-in whose page showed the person a code."""
        return cast(FlowStatus, await self._ask(_calls.confirm(session_id, code)))

    async def wait_until_authenticated(self, session_id: str, *, timeout: float = 300.0) -> FlowStatus:
        """Waits until the person has signed in. `SignInFailedError` says why not, `SignInTimeoutError` that the
        time is over; the link may work on."""
        wait = SignInWait(session_id, timeout, self._chance.clock)
        while True:
            done = wait.judge(await self.status(session_id))
            if done is not None:
                return done
            await asyncio.sleep(wait.pause())

    async def providers(self, user_email: str) -> list[ProviderGrant]:
        """What the user has connected, as far as this key may see."""
        answer = await self._ask(_calls.grants(user_email))
        return cast("list[ProviderGrant]", answer.get("providers", []))

    async def revoke(self, provider: str, user_email: str) -> Revocation:
        """Ends the grant, here and at the provider. `NotFoundError` when there is none."""
        try:
            return cast(Revocation, await self._ask(_calls.revoke(provider, user_email)))
        finally:
            self._cache.forget("user", provider, user_email.lower())

    async def import_refresh_token(self, provider: str, user_email: str, refresh_token: str) -> dict[str, Any]:
        """Hands over what another program was given; the gateway verifies it before it stores it."""
        return await self._ask(_calls.import_grant(provider, user_email, refresh_token))

    # ---- installations of organisations
    async def get_installation_token(
        self,
        platform: str,
        org_id: str | None = None,
        *,
        installation_id: str | None = None,
        kind: str | None = None,
        min_ttl: int | None = None,
    ) -> str:
        """An access token of an organisation's installation; without an owner, of the only one there is."""
        call = _calls.installation_token(
            platform, org_id=org_id, installation_id=installation_id, kind=kind, min_ttl=min_ttl
        )
        key = ("installation", platform, org_id or "", installation_id or "", kind or "")
        return (await self._token(key, call, min_ttl)).access_token

    async def list_installations(
        self, platform: str | None = None, *, org_id: str | None = None, status: str | None = None
    ) -> list[Installation]:
        """All that this key may see, page after page."""
        found: list[Installation] = []
        cursor: str | None = None
        while True:
            answer = await self._ask(_calls.installations(platform, org_id, status, cursor))
            found.extend(cast("list[Installation]", answer.get("installations", [])))
            cursor = answer.get("next_cursor")
            if not cursor:
                return found

    async def start_installation(
        self, platform: str, *, org_id: str | None = None, redirect_after: str | None = None
    ) -> InstallLink:
        """The link by which somebody installs the platform's app for an organisation."""
        return cast(InstallLink, await self._ask(_calls.install(platform, org_id, redirect_after)))

    # ---- the way to the gateway
    async def aclose(self) -> None:
        """Closes this event loop's connections; the client works on with new ones."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> AuthClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _token(self, key: Key, call: Call, min_ttl: int | None, *, fresh: bool = False) -> Token:
        cached = None if fresh else self._cache.find(key, min_ttl)
        if cached is not None:
            return cached

        async def fetch() -> Token:
            asked = self._cache.ask()
            answer = await self._send(call)
            try:
                token = _calls.token_of(success(call, answer, self.gateway_url))
            except (KeyError, ValueError):
                raise GatewayFaultError(f"What answers at {self.gateway_url} gave a token that is none.") from None
            self._cache.put(key, token, asked, answer)
            return token

        flight = ("fresh" if fresh else str(min_ttl), str(self._cache.forgotten(key)), *key)
        return await self._single(flight, self._named(fetch))

    async def _single(self, key: Key, work: Callable[[], Awaitable[T]]) -> T:
        """One such request at a time; whoever comes meanwhile gets its result. It outlives who asked first."""
        flights = self._flights.setdefault(asyncio.get_running_loop(), {})
        task = flights.get(key)
        if task is None:

            async def fly() -> T:
                try:
                    return await work()
                finally:
                    del flights[key]

            task = flights[key] = asyncio.ensure_future(fly())
            # Where nobody waits any more, nobody wants its error either.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return cast(T, await asyncio.shield(task))

    async def _ask(self, call: Call) -> dict[str, Any]:
        async def work() -> dict[str, Any]:
            return success(call, await self._send(call), self.gateway_url)

        return await self._named(work)()

    def _named(self, work: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        """Adds the names of the providers that work, where one does not."""

        async def named() -> T:
            try:
                return await work()
            except ProviderNotConfiguredError as error:
                call = _calls.configured_providers()
                try:
                    listed = success(call, await self._send(call), self.gateway_url)
                except AuthGatewayError:
                    raise error from None
                raise with_names(error, listed) from None

        return named

    async def _send(self, call: Call) -> Answer:
        attempts = Attempts(call, self._settings, self._chance)
        while True:
            limit = attempts.limit()
            try:
                answer = await asyncio.wait_for(self._attempt(call, limit), limit)
            except asyncio.TimeoutError:
                pause = attempts.after_fault(AttemptTimeout())
            except (httpx.TransportError, AnswerTooLarge) as fault:
                pause = attempts.after_fault(fault)
            else:
                again = attempts.after_answer(answer)
                if again is None:
                    return answer
                pause = again
            await asyncio.sleep(pause)

    async def _attempt(self, call: Call, limit: float) -> Answer:
        client = self._client()
        request = call.request(client, self._settings.api_key)
        request.extensions["timeout"] = httpx_timeout(limit).as_dict()
        response = await client.send(request, stream=True)
        try:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise AnswerTooLarge
            return Answer(response.status_code, response.headers, content)
        finally:
            await response.aclose()

    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None or client.is_closed:
            client = self._clients[loop] = httpx.AsyncClient(
                base_url=self.gateway_url, verify=self._verify, transport=self._transport
            )
        return client
