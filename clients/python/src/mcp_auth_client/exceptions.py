"""Everything this package raises. One base, one class for each person who must act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "ApiKeyError",
    "AuthGatewayError",
    "AuthRequiredException",
    "ConfigurationError",
    "ConflictError",
    "ForbiddenError",
    "GatewayFaultError",
    "GatewayUnavailableError",
    "GatewayUnreachableError",
    "InvalidRequestError",
    "NotFoundError",
    "ProviderError",
    "ProviderNotConfiguredError",
    "RateLimitedError",
    "SignInFailedError",
    "SignInTimeoutError",
]


class AuthGatewayError(Exception):
    """Base of all. `str()` is a sentence for a person; it never holds a token or a key."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        request_id: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """The gateway's error word, as in docs/clients.md; empty for faults on this side."""
        self.status = status
        self.request_id = request_id
        """What the gateway's operator finds the request by."""
        self.details = details or {}


class ConfigurationError(AuthGatewayError):
    """The client was set up wrong. The message names the variable or argument."""


class AuthRequiredException(AuthGatewayError):
    """The person must sign in. The message says where, fit to be shown to them."""

    def __init__(
        self,
        auth_url: str | None = None,
        *,
        provider: str | None = None,
        user_email: str | None = None,
        session_id: str | None = None,
        missing_scopes: Sequence[str] = (),
        code: str = "not_authenticated",
        expires_at: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.auth_url = auth_url
        self.provider = provider
        self.user_email = user_email
        self.session_id = session_id
        self.missing_scopes = tuple(missing_scopes)
        self.expires_at = expires_at
        super().__init__(self._text(code), code=code, status=status, request_id=request_id, details=details)

    @property
    def reason(self) -> str:
        """Why, in one sentence, without the link."""
        return self.message.partition("\n")[0]

    def _text(self, code: str) -> str:
        provider = self.provider or "the provider"
        who = f" as {self.user_email}" if self.user_email else ""
        if code == "refresh_failed":
            why = f"The sign-in with {provider}{who} is no longer valid."
        elif self.missing_scopes:
            why = f"{provider} must be allowed more{who}: {', '.join(self.missing_scopes)}."
        else:
            why = f"Please sign in with {provider}{who}."
        if not self.auth_url:
            return f"{why}\nThis service cannot make the link: its API key may not start a sign-in."
        return f'{why}\nOpen this link, allow the access, come back and say "done":\n{self.auth_url}'


class ApiKeyError(AuthGatewayError):
    """The gateway does not know this API key, or it was revoked or has expired."""


class ForbiddenError(AuthGatewayError):
    """The API key is known and may not do this with that provider or owner."""


class InvalidRequestError(AuthGatewayError):
    """The gateway refuses what it was sent; `details["field"]` names the field."""


class ProviderNotConfiguredError(AuthGatewayError):
    """The gateway has no such provider, or it lacks settings there. `configured` are those that work."""

    def __init__(self, message: str, *, configured: Sequence[str] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.configured = tuple(configured)


class NotFoundError(AuthGatewayError):
    """Nothing there: an installation, a session, a grant to revoke."""


class ConflictError(AuthGatewayError):
    """It was done already, or something stands in its way."""


class RateLimitedError(AuthGatewayError):
    """Too many requests; ask again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class GatewayUnavailableError(AuthGatewayError):
    """The gateway or the provider cannot do it now; ask again after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class GatewayUnreachableError(AuthGatewayError):
    """Nothing answered at `address` for `waited` seconds."""

    def __init__(self, message: str, *, address: str, waited: float) -> None:
        super().__init__(message)
        self.address = address
        self.waited = waited


class ProviderError(AuthGatewayError):
    """The provider gave nonsense, or refuses the gateway's client: its administrator must look."""


class GatewayFaultError(AuthGatewayError):
    """The gateway failed inside, or something that is not the gateway answered."""


class SignInFailedError(AuthGatewayError):
    """A sign-in that was waited for ended without success; `code` is the gateway's word for why."""


class SignInTimeoutError(AuthGatewayError):
    """The person did not finish signing in while it was waited for. The link may still work."""
