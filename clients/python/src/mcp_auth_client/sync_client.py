"""The same client for programs without an event loop."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
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

__all__ = ["SyncAuthClient"]

T = TypeVar("T")


class SyncAuthClient:
    """`AuthClient` method for method, blocking. One object for a whole program; safe from many threads."""

    def __init__(
        self,
        gateway_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 30.0,
        verify: ssl.SSLContext | bool = True,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = Settings.resolve(gateway_url, api_key, timeout)
        self._chance = Chance()
        self._lock = threading.Lock()
        self._cache = TokenCache(self._chance.clock)
        self._flights: dict[Key, Future[Token]] = {}
        self._client = httpx.Client(base_url=self.gateway_url, verify=verify, transport=transport)

    def __repr__(self) -> str:
        return f"SyncAuthClient({self._settings.gateway_url!r})"

    @property
    def gateway_url(self) -> str:
        return self._settings.gateway_url

    # ---- users
    def get_token(
        self,
        provider: str,
        user_email: str,
        *,
        min_ttl: int | None = None,
        scopes: Sequence[str] | None = None,
        force_refresh: bool = False,
    ) -> str:
        token = self.get_token_details(
            provider, user_email, min_ttl=min_ttl, scopes=scopes, force_refresh=force_refresh
        )
        return token.access_token

    def get_token_details(
        self,
        provider: str,
        user_email: str,
        *,
        min_ttl: int | None = None,
        scopes: Sequence[str] | None = None,
        force_refresh: bool = False,
    ) -> Token:
        call = _calls.token(provider, user_email, min_ttl=min_ttl, scopes=scopes, force_refresh=force_refresh)
        key = ("user", provider, user_email.lower(), *sorted(scopes or ()))
        return self._token(key, call, min_ttl, fresh=force_refresh)

    def replace_token(
        self, provider: str, user_email: str, rejected: str, *, scopes: Sequence[str] | None = None
    ) -> str:
        with self._lock:
            self._cache.forget_token(rejected, "user", provider, user_email.lower())
        token = self.get_token(provider, user_email, scopes=scopes)
        if token != rejected:
            return token
        return self.get_token(provider, user_email, scopes=scopes, force_refresh=True)

    def init_oauth(
        self,
        provider: str,
        user_email: str,
        *,
        scopes: Sequence[str] | None = None,
        redirect_after: str | None = None,
    ) -> AuthFlow:
        return cast(AuthFlow, self._ask(_calls.init(provider, user_email, scopes, redirect_after)))

    def is_authenticated(self, provider: str, user_email: str) -> bool:
        with self._lock:
            if self._cache.find(("user", provider, user_email.lower()), 0) is not None:
                return True
        grants = self.providers(user_email)
        return any(grant["provider"] == provider and grant["status"] == "active" for grant in grants)

    def status(self, session_id: str) -> FlowStatus:
        return cast(FlowStatus, self._ask(_calls.status(session_id)))

    def confirm(self, session_id: str, code: str) -> FlowStatus:
        return cast(FlowStatus, self._ask(_calls.confirm(session_id, code)))

    def wait_until_authenticated(self, session_id: str, *, timeout: float = 300.0) -> FlowStatus:
        wait = SignInWait(session_id, timeout, self._chance.clock)
        while True:
            done = wait.judge(self.status(session_id))
            if done is not None:
                return done
            time.sleep(wait.pause())

    def providers(self, user_email: str) -> list[ProviderGrant]:
        return cast("list[ProviderGrant]", self._ask(_calls.grants(user_email)).get("providers", []))

    def revoke(self, provider: str, user_email: str) -> Revocation:
        try:
            return cast(Revocation, self._ask(_calls.revoke(provider, user_email)))
        finally:
            with self._lock:
                self._cache.forget("user", provider, user_email.lower())

    def import_refresh_token(self, provider: str, user_email: str, refresh_token: str) -> dict[str, Any]:
        return self._ask(_calls.import_grant(provider, user_email, refresh_token))

    # ---- installations of organisations
    def get_installation_token(
        self,
        platform: str,
        org_id: str | None = None,
        *,
        installation_id: str | None = None,
        kind: str | None = None,
        min_ttl: int | None = None,
    ) -> str:
        call = _calls.installation_token(
            platform, org_id=org_id, installation_id=installation_id, kind=kind, min_ttl=min_ttl
        )
        key = ("installation", platform, org_id or "", installation_id or "", kind or "")
        return self._token(key, call, min_ttl).access_token

    def list_installations(
        self, platform: str | None = None, *, org_id: str | None = None, status: str | None = None
    ) -> list[Installation]:
        found: list[Installation] = []
        cursor: str | None = None
        while True:
            answer = self._ask(_calls.installations(platform, org_id, status, cursor))
            found.extend(cast("list[Installation]", answer.get("installations", [])))
            cursor = answer.get("next_cursor")
            if not cursor:
                return found

    def start_installation(
        self, platform: str, *, org_id: str | None = None, redirect_after: str | None = None
    ) -> InstallLink:
        return cast(InstallLink, self._ask(_calls.install(platform, org_id, redirect_after)))

    # ---- the way to the gateway
    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> SyncAuthClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _token(self, key: Key, call: Call, min_ttl: int | None, *, fresh: bool = False) -> Token:
        with self._lock:
            flight_key = ("fresh" if fresh else str(min_ttl), str(self._cache.forgotten(key)), *key)
            cached = None if fresh else self._cache.find(key, min_ttl)
            if cached is not None:
                return cached
            flight = self._flights.get(flight_key)
            if flight is None:
                mine = self._flights[flight_key] = Future()
        if flight is not None:
            return flight.result()
        try:
            token = self._named(lambda: self._fetch(key, call))
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(token)
            return token
        finally:
            with self._lock:
                del self._flights[flight_key]

    def _fetch(self, key: Key, call: Call) -> Token:
        with self._lock:
            asked = self._cache.ask()
        answer = self._send(call)
        try:
            token = _calls.token_of(success(call, answer, self.gateway_url))
        except (KeyError, ValueError):
            raise GatewayFaultError(f"What answers at {self.gateway_url} gave a token that is none.") from None
        with self._lock:
            self._cache.put(key, token, asked, answer)
        return token

    def _ask(self, call: Call) -> dict[str, Any]:
        return self._named(lambda: success(call, self._send(call), self.gateway_url))

    def _named(self, work: Callable[[], T]) -> T:
        """Adds the names of the providers that work, where one does not."""
        try:
            return work()
        except ProviderNotConfiguredError as error:
            call = _calls.configured_providers()
            try:
                listed = success(call, self._send(call), self.gateway_url)
            except AuthGatewayError:
                raise error from None
            raise with_names(error, listed) from None

    def _send(self, call: Call) -> Answer:
        attempts = Attempts(call, self._settings, self._chance)
        while True:
            try:
                answer = self._attempt(call, attempts.limit())
            except (httpx.TransportError, AttemptTimeout, AnswerTooLarge) as fault:
                pause = attempts.after_fault(fault)
            else:
                again = attempts.after_answer(answer)
                if again is None:
                    return answer
                pause = again
            time.sleep(pause)

    def _attempt(self, call: Call, limit: float) -> Answer:
        end = self._chance.clock() + limit
        request = call.request(self._client, self._settings.api_key)
        request.extensions["timeout"] = httpx_timeout(limit).as_dict()
        response = self._client.send(request, stream=True)
        try:
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise AnswerTooLarge
                if self._chance.clock() > end:
                    raise AttemptTimeout
            return Answer(response.status_code, response.headers, content)
        finally:
            response.close()
