"""Google Analytics for MCP clients. Whose properties: the user's own, with a token from the auth gateway.

AUTH_GATEWAY_URL=... AUTH_GATEWAY_API_KEY=... python server.py [--http PORT]
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

SCOPES = ["openid", "email", "https://www.googleapis.com/auth/analytics.readonly"]
ADMIN = os.environ.get("GOOGLE_ANALYTICS_ADMIN_URL", "https://analyticsadmin.googleapis.com")
DATA = os.environ.get("GOOGLE_ANALYTICS_DATA_URL", "https://analyticsdata.googleapis.com")

auth = AuthClient()
server: FastMCP[Any] = FastMCP("google-analytics")
signed_in = require_auth(auth, provider="google", scopes=SCOPES)


@server.tool
@signed_in
async def list_properties(user_email: str) -> list[dict[str, str]]:
    """The Google Analytics properties that the user can see."""
    found: list[dict[str, str]] = []
    page: dict[str, str] = {}
    while True:
        answer = await call(user_email, "GET", f"{ADMIN}/v1beta/accountSummaries", params=page)
        for account in answer.get("accountSummaries", []):
            for item in account.get("propertySummaries", []):
                property_id = item["property"].removeprefix("properties/")
                found.append({"id": property_id, "name": item["displayName"], "account": account["displayName"]})
        if not answer.get("nextPageToken"):
            return found
        page = {"pageToken": answer["nextPageToken"]}


@server.tool
@signed_in
async def run_report(
    user_email: str,
    property_id: str,
    metrics: list[str],
    dimensions: list[str] | None = None,
    start_date: str = "28daysAgo",
    end_date: str = "yesterday",
) -> list[dict[str, str]]:
    """A report, one row for each combination of the dimensions, for example metrics=["activeUsers"]."""
    if not property_id.isdecimal():
        raise ToolError("property_id is a number; list_properties tells which there are.")
    body = {
        "dateRanges": [{"startDate": start_date, "endDate": end_date}],
        "metrics": [{"name": name} for name in metrics],
        "dimensions": [{"name": name} for name in dimensions or []],
    }
    answer = await call(user_email, "POST", f"{DATA}/v1beta/properties/{property_id}:runReport", json=body)
    names = [header["name"] for part in ("dimensionHeaders", "metricHeaders") for header in answer.get(part, [])]
    cells = ("dimensionValues", "metricValues")
    return [
        dict(zip(names, [cell["value"] for part in cells for cell in row.get(part, [])], strict=True))
        for row in answer.get("rows", [])
    ]


async def call(user_email: str, method: str, url: str, **options: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(auth=GatewayAuth(auth, "google", user_email, scopes=SCOPES), timeout=30) as http:
        try:
            response = await http.request(method, url, **options)
        except httpx.TransportError as fault:
            raise ToolError(f"Google Analytics cannot be reached: {type(fault).__name__}.") from None
    if response.is_success:
        return dict(response.json())
    try:
        why = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        why = response.reason_phrase
    raise ToolError(f"Google Analytics answers {response.status_code}: {why}")


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--http", type=int, metavar="PORT", help="serve http://127.0.0.1:PORT/mcp instead of stdio")
    port = options.parse_args().http
    if port is None:
        server.run(show_banner=False)
    else:
        server.run(transport="http", host="127.0.0.1", port=port, show_banner=False)
