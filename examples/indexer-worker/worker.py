"""Indexes an organisation's repositories on GitHub. Usage: worker.py ID ORGANISATION

ID is the account's number, by which the gateway knows it: https://api.github.com/orgs/ORGANISATION tells it.
"""

from __future__ import annotations

import asyncio
import os
import sys

import httpx

from mcp_auth_client import AuthGatewayError, HybridTokenProvider

API = os.environ.get("GITHUB_API_URL", "https://api.github.com")


async def repositories(tokens: HybridTokenProvider, org_id: str, organisation: str) -> list[str]:
    token = await tokens.get_token_with_source("github", org_id)
    print(f"{organisation}: with the token of the {token.source}", file=sys.stderr)
    headers = {"Authorization": f"Bearer {token.access_token}", "Accept": "application/vnd.github+json"}
    async with httpx.AsyncClient(base_url=API, headers=headers, timeout=30) as http:
        answer = await http.get(f"/orgs/{organisation}/repos", params={"per_page": 100})
        answer.raise_for_status()
    return [repository["full_name"] for repository in answer.json()]


async def main(org_id: str, organisation: str) -> int:
    try:
        for name in await repositories(HybridTokenProvider(), org_id, organisation):
            print(name)
    except AuthGatewayError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2])))
