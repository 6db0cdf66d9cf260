"""Google Ads for MCP clients. Whose accounts: the user's own, with a token from the auth gateway.

AUTH_GATEWAY_URL=... AUTH_GATEWAY_API_KEY=... GOOGLE_ADS_DEVELOPER_TOKEN=... python server.py [--http PORT]
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import httpx
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError

from mcp_auth_client import AuthClient, GatewayAuth
from mcp_auth_client.fastmcp import require_auth

SCOPES = ["openid", "email", "https://www.googleapis.com/auth/adwords"]
API = os.environ.get("GOOGLE_ADS_API_URL", "https://googleads.googleapis.com")
VERSION = os.environ.get("GOOGLE_ADS_API_VERSION", "v26")
CAMPAIGNS = "SELECT campaign.id, campaign.name, campaign.status FROM campaign ORDER BY campaign.id"

auth = AuthClient()
server: FastMCP[Any] = FastMCP("google-ads")
signed_in = require_auth(auth, provider="google", scopes=SCOPES)


@server.tool
@signed_in
async def list_accounts(user_email: str) -> list[str]:
    """The Google Ads customer ids that the user can reach directly."""
    answer = await ads(user_email, "GET", "customers:listAccessibleCustomers")
    return [name.removeprefix("customers/") for name in answer.get("resourceNames", [])]


@server.tool
@signed_in
async def list_campaigns(user_email: str, customer_id: str) -> list[dict[str, Any]]:
    """The campaigns of one customer: id, name and status."""
    return [row["campaign"] for row in await search(user_email, customer_id, CAMPAIGNS)]


@server.tool
@signed_in
async def run_gaql(user_email: str, customer_id: str, query: str) -> list[dict[str, Any]]:
    """The rows that a query in the Google Ads Query Language yields."""
    return await search(user_email, customer_id, query)


async def search(user_email: str, customer_id: str, query: str) -> list[dict[str, Any]]:
    """All pages."""
    customer = customer_id.replace("-", "")
    if not customer.isdecimal():
        raise ToolError("customer_id is a number like 123-456-7890; list_accounts tells which there are.")
    rows: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        body = {"query": query, **page}
        answer = await ads(user_email, "POST", f"customers/{customer}/googleAds:search", json=body)
        rows.extend(answer.get("results", []))
        if not answer.get("nextPageToken"):
            return rows
        page = {"pageToken": answer["nextPageToken"]}


async def ads(user_email: str, method: str, path: str, **options: Any) -> dict[str, Any]:
    headers = {"developer-token": os.environ.get("GOOGLE_ADS_DEVELOPER_TOKEN", "")}
    if manager := os.environ.get("GOOGLE_ADS_LOGIN_CUSTOMER_ID"):
        headers["login-customer-id"] = manager
    async with httpx.AsyncClient(auth=GatewayAuth(auth, "google", user_email, scopes=SCOPES), timeout=30) as http:
        try:
            response = await http.request(method, f"{API}/{VERSION}/{path}", headers=headers, **options)
        except httpx.TransportError as fault:
            raise ToolError(f"Google Ads cannot be reached: {type(fault).__name__}.") from None
    if response.is_success:
        return dict(response.json())
    try:
        why = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        why = response.reason_phrase
    raise ToolError(f"Google Ads answers {response.status_code}: {why}")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--http", type=int, metavar="PORT", help="serve http://127.0.0.1:PORT/mcp instead of stdio")
    port = options.parse_args().http
    if port is None:
        server.run(show_banner=False)
    else:
        server.run(transport="http", host="127.0.0.1", port=port, show_banner=False)
