"""The gateway's error answers as exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._calls import Answer, Call
from .config import KEY_VARIABLE
from .exceptions import (
    ApiKeyError,
    AuthGatewayError,
    AuthRequiredException,
    ConflictError,
    ForbiddenError,
    GatewayFaultError,
    GatewayUnavailableError,
    InvalidRequestError,
    NotFoundError,
    ProviderError,
    ProviderNotConfiguredError,
    RateLimitedError,
)

CURED_BY_SIGN_IN = ("not_authenticated", "refresh_failed", "missing_scopes")
NOT_CONFIGURED = ("unknown_provider", "provider_not_configured")

_BY_CODE: dict[str, Callable[..., AuthGatewayError]] = {
    "invalid_request": InvalidRequestError,
    "invalid_email": InvalidRequestError,
    "invalid_scope": InvalidRequestError,
    "invalid_redirect": InvalidRequestError,
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "provider_error": ProviderError,
    "provider_misconfigured": ProviderError,
    "internal_error": GatewayFaultError,
    "integrity_error": GatewayFaultError,
}
_WITH_PAUSE: dict[str, Callable[..., AuthGatewayError]] = {
    "rate_limited": RateLimitedError,
    "provider_unavailable": GatewayUnavailableError,
    "unavailable": GatewayUnavailableError,
}
# For answers without a word that we know: of a proxy in between, or of a later gateway.
_BY_STATUS: dict[int, Callable[..., AuthGatewayError]] = {
    400: InvalidRequestError,
    403: ForbiddenError,
    405: InvalidRequestError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    502: ProviderError,
}


def success(call: Call, answer: Answer, gateway_url: str) -> dict[str, Any]:
    """The answer's object; raises what the gateway says, in this package's words."""
    body = answer.json()
    if answer.status == 200 and body is not None:
        return body
    raise _failure(call, answer, body, gateway_url)


def retry_after(answer: Answer) -> float | None:
    """Seconds, from the header. Dates, which the gateway never sends, count as nothing."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _failure(call: Call, answer: Answer, body: dict[str, Any] | None, gateway_url: str) -> AuthGatewayError:
    if body is None or not isinstance(body.get("error"), str):
        if answer.status in (429, 503):
            return _paused(answer.status)(
                f"{gateway_url} answers {answer.status}.", status=answer.status, retry_after=retry_after(answer)
            )
        return GatewayFaultError(
            f"What answers at {gateway_url} does not speak as an auth gateway does (HTTP {answer.status} to "
            f"{call.method} {call.path.split('/', 2)[1]}). Is the address right?",
            status=answer.status,
        )
    code: str = body["error"]
    facts: dict[str, Any] = {
        "code": code,
        "status": answer.status,
        "request_id": body.get("request_id"),
        "details": body.get("details") if isinstance(body.get("details"), dict) else None,
    }
    message = str(body.get("message") or code)
    if code in CURED_BY_SIGN_IN:
        return AuthRequiredException(
            body.get("auth_url"),
            provider=call.provider,
            user_email=call.user_email,
            session_id=body.get("session_id"),
            missing_scopes=body.get("missing") or (),
            expires_at=body.get("expires_at"),
            **facts,
        )
    if code == "invalid_api_key":
        return ApiKeyError(
            f"The auth gateway at {gateway_url} does not accept the API key in {KEY_VARIABLE} "
            f"(or {KEY_VARIABLE}_FILE, or api_key): {message}",
            **facts,
        )
    if code in NOT_CONFIGURED:
        return ProviderNotConfiguredError(message, **facts)
    if code in _WITH_PAUSE:
        return _WITH_PAUSE[code](message, retry_after=retry_after(answer), **facts)
    if code in _BY_CODE:
        return _BY_CODE[code](message, **facts)
    if answer.status in (429, 503):
        return _paused(answer.status)(message, retry_after=retry_after(answer), **facts)
    return _BY_STATUS.get(answer.status, GatewayFaultError)(message, **facts)


def _paused(status: int) -> Callable[..., AuthGatewayError]:
    return RateLimitedError if status == 429 else GatewayUnavailableError


def with_names(error: ProviderNotConfiguredError, listed: dict[str, Any]) -> ProviderNotConfiguredError:
    """The same, telling what works instead. `listed` is the answer of GET /providers."""
    lines = listed.get("providers")
    names = [
        str(line["id"])
        for line in (lines if isinstance(lines, list) else [])
        if isinstance(line, dict) and line.get("state") == "ready" and "id" in line
    ]
    works = ", ".join(sorted(names)) or "none that this API key may use"
    return ProviderNotConfiguredError(
        f"{error.message.rstrip()} Providers that work there: {works}.",
        configured=sorted(names),
        code=error.code,
        status=error.status,
        request_id=error.request_id,
        details=error.details,
    )
