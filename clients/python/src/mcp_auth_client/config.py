"""Where the gateway is and with which key: arguments, or the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from .exceptions import ConfigurationError

__all__ = ["Settings"]

URL_VARIABLE = "AUTH_GATEWAY_URL"
KEY_VARIABLE = "AUTH_GATEWAY_API_KEY"


@dataclass(frozen=True)
class Settings:
    gateway_url: str
    api_key: str = field(repr=False)
    timeout: float
    """Seconds for a whole call, repetitions included."""

    @classmethod
    def resolve(cls, gateway_url: str | None, api_key: str | None, timeout: float) -> Settings:
        """`ConfigurationError` names what is missing or wrong."""
        if not 0 < timeout < 3600:
            raise ConfigurationError("timeout must be a number of seconds between 0 and 3600.")
        return cls(
            gateway_url=_checked_url(gateway_url or os.environ.get(URL_VARIABLE, "")),
            api_key=_checked_key(api_key or _key_from_environment()),
            timeout=timeout,
        )


def _checked_url(url: str) -> str:
    if not url.strip():
        raise ConfigurationError(
            f"The address of the auth gateway is missing: set {URL_VARIABLE}, for example "
            f"http://localhost:8000, or pass gateway_url."
        )
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{URL_VARIABLE} (or gateway_url) must be an address like https://auth.company.com, "
            f"without user name, query or fragment."
        )
    return url


def _key_from_environment() -> str:
    key = os.environ.get(KEY_VARIABLE, "")
    file = os.environ.get(f"{KEY_VARIABLE}_FILE", "")
    if key and file:
        raise ConfigurationError(f"Set {KEY_VARIABLE} or {KEY_VARIABLE}_FILE, not both.")
    if not file:
        return key
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"The file that {KEY_VARIABLE}_FILE names cannot be read: {reason}.") from None


def _checked_key(key: str) -> str:
    key = key.strip()
    if not key:
        raise ConfigurationError(
            f"The API key for the auth gateway is missing: set {KEY_VARIABLE} or {KEY_VARIABLE}_FILE, "
            f"or pass api_key. An administrator makes one by: auth-gateway api-keys create"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(f"{KEY_VARIABLE} (or api_key) is not a key: it has characters that no key has.")
    return key
