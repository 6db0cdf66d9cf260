"""Prints how many unread messages a user has. With the auth gateway: no secret and no file on this machine."""

from __future__ import annotations

import os
import sys

import httpx

from mcp_auth_client import AuthGatewayError, SyncAuthClient, SyncGatewayAuth

API = os.environ.get("GMAIL_URL", "https://gmail.googleapis.com")


def unread(client: SyncAuthClient, user_email: str) -> int:
    with httpx.Client(auth=SyncGatewayAuth(client, "google", user_email), timeout=30) as http:
        answer = http.get(f"{API}/gmail/v1/users/me/labels/INBOX")
    answer.raise_for_status()
    return int(answer.json()["messagesUnread"])


if __name__ == "__main__":
    try:
        print(unread(SyncAuthClient(), sys.argv[1]))
    except AuthGatewayError as error:
        sys.exit(str(error))
