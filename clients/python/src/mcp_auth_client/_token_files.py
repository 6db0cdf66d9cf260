"""The token files that MCP servers kept before: `tokens/{session_id}.json`, as google-auth writes them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .exceptions import ConfigurationError

LARGEST = 1 << 20  # octets; the files have a few hundred
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_EMAIL_FIELDS = ("user_email", "email", "account")


@dataclass(frozen=True)
class TokenFile:
    name: str
    user_email: str | None = None
    refresh_token: str | None = field(default=None, repr=False)
    fault: str | None = None
    """Why it is no token file, in words."""


def read_folder(folder: Path, users: Mapping[str, str]) -> list[TokenFile]:
    """All `*.json` in the folder, by name. `users` says whose a session is where the file does not."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder.")
    return [_read(path, users) for path in sorted(folder.glob("*.json"))]


def read_users(file: Path) -> dict[str, str]:
    """Lines `session_id,user_email`."""
    users: dict[str, str] = {}
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.reader(lines), start=1):
                if not row:
                    continue
                if len(row) != 2 or not _EMAIL.fullmatch(row[1].strip()):
                    raise ConfigurationError(f"{file}, line {number}: expected session_id,user_email.")
                users[row[0].strip()] = row[1].strip().lower()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{file} cannot be read.") from None
    return users


def _read(path: Path, users: Mapping[str, str]) -> TokenFile:
    try:
        if path.stat().st_size > LARGEST:
            return TokenFile(path.name, fault="too large for a token file")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return TokenFile(path.name, fault=error.strerror or "cannot be read")
    except (ValueError, RecursionError):
        return TokenFile(path.name, fault="not JSON")
    if not isinstance(content, dict):
        return TokenFile(path.name, fault="no JSON object")
    token = content.get("refresh_token")
    return TokenFile(
        path.name,
        user_email=users.get(path.stem) or _email_in(content) or _email(path.stem),
        refresh_token=token if isinstance(token, str) and token else None,
    )


def _email_in(content: Mapping[str, object]) -> str | None:
    return next((found for name in _EMAIL_FIELDS if (found := _email(content.get(name)))), None)


def _email(text: object) -> str | None:
    return text.lower() if isinstance(text, str) and _EMAIL.fullmatch(text) else None
