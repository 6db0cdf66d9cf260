"""What the gateway answers: its JSON as it is, and tokens as objects that do not print themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

__all__ = ["AuthFlow", "FlowStatus", "InstallLink", "Installation", "ProviderGrant", "Revocation", "Token"]


class AuthFlow(TypedDict):
    """A sign-in that was started. Times are RFC 3339 in UTC."""

    auth_url: str
    session_id: str
    expires_at: str


class _FlowStatusRequired(TypedDict):
    status: Literal["pending", "completed", "failed", "awaiting_confirmation"]
    session_id: str


class FlowStatus(_FlowStatusRequired, total=False):
    expires_at: str
    user_email: str
    provider: str
    error: str
    account: str


class ProviderGrant(TypedDict):
    """One line of what a user has connected."""

    provider: str
    scopes: list[str]
    authenticated_at: str
    token_expires_at: str | None
    status: Literal["active", "needs_consent"]


class _RevocationRequired(TypedDict):
    success: bool
    message: str


class Revocation(_RevocationRequired, total=False):
    revoked_at_provider: bool
    note: str


class Installation(TypedDict, total=False):
    id: str
    platform: str
    external_org_id: str
    external_org_name: str
    external_install_id: str
    scopes: list[str]
    permissions: dict[str, Any]
    metadata: dict[str, Any]
    installed_by: str
    status: str
    token_expires_at: str | None
    created_at: str
    updated_at: str
    revoked_at: str | None


class InstallLink(TypedDict):
    install_url: str
    state_expires_at: str


@dataclass(frozen=True)
class Token:
    """A token that works now. Its text is not part of `repr()`."""

    access_token: str = field(repr=False)
    token_type: str
    expires_at: datetime | None
    """None: it has no end."""
    refresh_after: datetime | None
    """From then on the gateway may have a newer one."""
    scopes: tuple[str, ...]
    degraded: bool = False
    """The provider does not answer; this is the last token it gave."""
    installation_id: str | None = None
    org_id: str | None = None
