"""Prints how many unread messages a user has. The way it was: a client secret and a token file on this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import httpx

TOKENS = os.environ.get("GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token")
API = os.environ.get("GMAIL_URL", "https://gmail.googleapis.com")


def access_token(user_email: str) -> str:
    stored = json.loads(Path("tokens", f"{user_email}.json").read_text(encoding="utf-8"))
    answer = httpx.post(
        TOKENS,
        data={
            "grant_type": "refresh_token",
            "refresh_token": stored["refresh_token"],
            "client_id": os.environ["GOOGLE_CLIENT_ID"],
            "client_secret": os.environ["GOOGLE_CLIENT_SECRET"],
        },
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def unread(user_email: str) -> int:
    headers = {"Authorization": f"Bearer {access_token(user_email)}"}
    answer = httpx.get(f"{API}/gmail/v1/users/me/labels/INBOX", headers=headers, timeout=30)
    answer.raise_for_status()
    return int(answer.json()["messagesUnread"])


if __name__ == "__main__":
    print(unread(sys.argv[1]))
