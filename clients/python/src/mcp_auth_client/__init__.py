"""Access tokens from an Auth Gateway: ask, use, and never keep a client secret or a refresh token."""

from .client import AuthClient
from .decorators import require_auth
from .exceptions import (
    ApiKeyError,
    AuthGatewayError,
    AuthRequiredException,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    GatewayFaultError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    InvalidRequestError,
    NotFoundError,
    ProviderError,
    ProviderNotConfiguredError,
    RateLimitedError,
    SignInFailedError,
    SignInTimeoutError,
)
from .http_auth import GatewayAuth, GatewayBearer, SyncGatewayAuth
from .hybrid import HybridToken, HybridTokenProvider
from .models import Token
from .sync_client import SyncAuthClient

__all__ = [
    "ApiKeyError",
    "AuthClient",
    "AuthGatewayError",
    "AuthRequiredException",
    "ConfigurationError",
    "ConflictError",
    "ForbiddenError",
    "GatewayAuth",
    "GatewayBearer",
    "GatewayFaultError",
    "GatewayUnavailableError",
    "GatewayUnreachableError",
    "HybridToken",
    "HybridTokenProvider",
    "InvalidRequestError",
    "NotFoundError",
    "ProviderError",
    "ProviderNotConfiguredError",
    "RateLimitedError",
    "SignInFailedError",
    "SignInTimeoutError",
    "SyncAuthClient",
    "SyncGatewayAuth",
    "Token",
    "require_auth",
]
