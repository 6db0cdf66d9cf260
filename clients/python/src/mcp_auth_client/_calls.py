"""Requests to the gateway as values, for both clients. Nothing here does I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import httpx

from .exceptions import InvalidRequestError
from .models import Token

MAX_ANSWER = 1 << 20  # octets; the gateway's own answers are far smaller


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict)
    with_key: bool = True
    repeatable: bool = True
    """Whether doing it twice is the same as once, so that a lost answer may be asked for again."""
    provider: str | None = None
    user_email: str | None = None

    def request(self, client: httpx.AsyncClient | httpx.Client, api_key: str) -> httpx.Request:
        headers = {"Accept": "application/json"}
        if self.with_key:
            headers["X-API-Key"] = api_key
        content = None
        if self.body is not None:
            content = json.dumps(self.body).encode()
            headers["Content-Type"] = "application/json"
        return client.build_request(self.method, self.path, params=self.query or None, content=content, headers=headers)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)

    def json(self) -> dict[str, Any] | None:
        """The object, or None where the body is none."""
        try:
            value = json.loads(self.content)
        except ValueError:
            return None
        return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def token(
    provider: str,
    user_email: str,
    *,
    min_ttl: int | None,
    scopes: Sequence[str] | None,
    force_refresh: bool,
) -> Call:
    body: dict[str, Any] = {"provider": provider, "user_email": user_email}
    if min_ttl is not None:
        body["min_ttl"] = min_ttl
    if scopes:
        body["scopes"] = list(scopes)
    if force_refresh:
        body["force_refresh"] = True
    return Call("POST", "/auth/token", body, provider=provider, user_email=user_email)


def init(provider: str, user_email: str, scopes: Sequence[str] | None, redirect_after: str | None) -> Call:
    body: dict[str, Any] = {"provider": provider, "user_email": user_email}
    if scopes:
        body["scopes"] = list(scopes)
    if redirect_after:
        body["redirect_after"] = redirect_after
    return Call("POST", "/auth/init", body, provider=provider, user_email=user_email)


def status(session_id: str) -> Call:
    return Call("GET", f"/auth/status/{_segment(session_id)}", with_key=False)


def confirm(session_id: str, code: str) -> Call:
    return Call("POST", "/auth/confirm", {"session_id": session_id, "code": code}, repeatable=False)


def grants(user_email: str) -> Call:
    return Call("GET", f"/auth/providers/{_segment(user_email)}", user_email=user_email)


def revoke(provider: str, user_email: str) -> Call:
    body = {"provider": provider, "user_email": user_email}
    return Call("DELETE", "/auth/revoke", body, repeatable=False, provider=provider, user_email=user_email)


def import_grant(provider: str, user_email: str, refresh_token: str) -> Call:
    body = {"provider": provider, "user_email": user_email, "refresh_token": refresh_token}
    return Call("POST", "/auth/import", body, repeatable=False, provider=provider, user_email=user_email)


def configured_providers() -> Call:
    return Call("GET", "/providers")


def install(platform: str, org_id: str | None, redirect_after: str | None) -> Call:
    body = {name: value for name, value in (("org_id", org_id), ("redirect_after", redirect_after)) if value}
    return Call("POST", f"/oauth/install/{_segment(platform)}", body, provider=platform)


def installations(platform: str | None, org_id: str | None, state: str | None, cursor: str | None) -> Call:
    wanted = {"platform": platform, "org_id": org_id, "status": state, "cursor": cursor}
    return Call("GET", "/oauth/installations", query=_given(wanted), provider=platform)


def installation_token(
    platform: str, *, org_id: str | None, installation_id: str | None, kind: str | None, min_ttl: int | None
) -> Call:
    wanted = {
        "org_id": org_id,
        "installation_id": installation_id,
        "kind": kind,
        "min_ttl": None if min_ttl is None else str(min_ttl),
    }
    return Call("GET", f"/oauth/token/{_segment(platform)}", query=_given(wanted), provider=platform)


def token_of(answer: Mapping[str, Any]) -> Token:
    """`ValueError` or `KeyError` where the answer is no token."""

    def time(name: str) -> datetime | None:
        text = answer.get(name)
        return None if text is None else datetime.fromisoformat(str(text).replace("Z", "+00:00"))

    access_token = answer["access_token"]
    if not isinstance(access_token, str) or not access_token:
        raise ValueError("access_token")
    return Token(
        access_token=access_token,
        token_type=str(answer.get("token_type", "Bearer")),
        expires_at=time("expires_at"),
        refresh_after=time("refresh_after"),
        scopes=tuple(str(scope) for scope in answer.get("scopes") or ()),
        degraded=bool(answer.get("degraded", False)),
        installation_id=answer.get("installation_id"),
        org_id=answer.get("org_id"),
    )


def _segment(text: str) -> str:
    if text in ("", ".", ".."):
        raise InvalidRequestError("A name in the path of a request is empty.", code="invalid_request")
    return quote(text, safe="@")


def _given(wanted: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if value is not None}
