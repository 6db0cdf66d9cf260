"""A token of the gateway, or the static one that was there before it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .client import AuthClient
from .exceptions import (
    AuthGatewayError,
    AuthRequiredException,
    ConfigurationError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    NotFoundError,
    ProviderError,
    ProviderNotConfiguredError,
)

__all__ = ["HybridToken", "HybridTokenProvider"]

log = logging.getLogger("mcp_auth_client")

# The organisation is not connected there, or the gateway cannot tell now. A refused key is neither.
_FALL_BACK = (
    AuthRequiredException,
    NotFoundError,
    ProviderNotConfiguredError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    ProviderError,
)


@dataclass(frozen=True)
class HybridToken:
    access_token: str = field(repr=False)
    source: Literal["gateway", "environment"]
    reason: str = ""
    """Why it is not the gateway's."""


class HybridTokenProvider:
    """Asks the gateway first, then the environment: `GITHUB_TOKEN` for `github`, unless `variables` says otherwise.

    Without a client and without AUTH_GATEWAY_URL only the environment is asked: how a service begins to move.
    """

    def __init__(self, client: AuthClient | None = None, *, variables: Mapping[str, str] | None = None) -> None:
        if client is None and os.environ.get("AUTH_GATEWAY_URL"):
            client = AuthClient()
        self._client = client
        self._variables = dict(variables or {})

    async def get_token(self, platform: str, org_id: str | None = None) -> str:
        return (await self.get_token_with_source(platform, org_id)).access_token

    async def get_token_with_source(self, platform: str, org_id: str | None = None) -> HybridToken:
        """The same, saying where it came from. When both have none, the gateway's error is raised."""
        refused: AuthGatewayError = ConfigurationError("AUTH_GATEWAY_URL is not set.")
        if self._client is not None:
            try:
                token = await self._client.get_installation_token(platform, org_id)
            except _FALL_BACK as error:
                refused = error
            else:
                return HybridToken(token, "gateway")
        variable = self._variables.get(platform, f"{platform.upper().replace('-', '_')}_TOKEN")
        static = os.environ.get(variable, "").strip()
        if not static:
            if self._client is None:
                raise ConfigurationError(
                    f"There is no {platform} token: neither AUTH_GATEWAY_URL nor {variable} is set."
                )
            log.warning("no %s token: the gateway has none, and %s is not set", platform, variable)
            raise refused
        log.warning(
            "using %s for %s, organisation %s: %s", variable, platform, org_id or "any", refused.code or refused
        )
        return HybridToken(static, "environment", reason=refused.message)
