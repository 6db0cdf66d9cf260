"""Who the user is at Google, for MCP clients: the smallest server, on the official SDK (`mcp`) instead of FastMCP.

AUTH_GATEWAY_URL=... AUTH_GATEWAY_API_KEY=... python server.py [--http PORT]
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import httpx
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from mcp_auth_client import AuthClient, GatewayAuth
from mcp_auth_client.mcpserver import require_auth

USERINFO = os.environ.get("GOOGLE_USERINFO_URL", "https://openidconnect.googleapis.com/v1/userinfo")

auth = AuthClient()
server: MCPServer[Any] = MCPServer("google-profile")
signed_in = require_auth(auth, provider="google")


@server.tool()
@signed_in
async def profile(user_email: str) -> dict[str, str]:
    """The name and the address of the user's Google account."""
    async with httpx.AsyncClient(auth=GatewayAuth(auth, "google", user_email), timeout=30) as http:
        try:
            response = await http.get(USERINFO)
        except httpx.TransportError as fault:
            raise ToolError(f"Google cannot be reached: {type(fault).__name__}.") from None
    if not response.is_success:
        raise ToolError(f"Google answers {response.status_code}.")
    claims = response.json()
    return {claim: claims[claim] for claim in ("name", "email") if claim in claims}


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--http", type=int, metavar="PORT", help="serve http://127.0.0.1:PORT/mcp instead of stdio")
    port = options.parse_args().http
    if port is None:
        server.run()
    else:
        server.run("streamable-http", host="127.0.0.1", port=port)
