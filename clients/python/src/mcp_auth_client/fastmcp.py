"""`@require_auth` for tools of FastMCP servers (package `fastmcp`)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec

try:
    from fastmcp.exceptions import ToolError
    from fastmcp.server.dependencies import get_context
except ModuleNotFoundError as missing:
    raise ImportError(
        'mcp_auth_client.fastmcp needs the package fastmcp: pip install "mcp-auth-client[fastmcp]". It is for '
        "Python 3.11 and later; on 3.10 use the official SDK and mcp_auth_client.mcpserver."
    ) from missing

from . import decorators
from ._mcp_sign_in import DEFAULT_WAIT, NotDone, ToolCall, run_tool, with_sign_in
from .client import AuthClient
from .decorators import UserOf
from .sync_client import SyncAuthClient

__all__ = ["require_auth"]

P = ParamSpec("P")


def require_auth(
    client: AuthClient | SyncAuthClient,
    *,
    provider: str,
    scopes: Sequence[str] | None = None,
    user_email: UserOf = "user_email",
    wait: float = DEFAULT_WAIT,
) -> Callable[[Callable[P, Any]], Callable[P, Awaitable[Any]]]:
    """As `mcp_auth_client.require_auth`, and the person gets to sign in: a client that can show links is asked to,
    and the tool runs once they are back, at most `wait` seconds later; any other gets the link as the tool's text.

    Put it below `@server.tool`. Other errors of this package become the tool's text, too.
    """
    guard = decorators.require_auth(client, provider=provider, scopes=scopes, user_email=user_email)

    def decorate(function: Callable[P, Any]) -> Callable[P, Awaitable[Any]]:
        guarded = guard(function)

        @functools.wraps(function)
        async def tool(*args: P.args, **kwargs: P.kwargs) -> Any:
            try:
                return await with_sign_in(lambda: run_tool(guarded, args, kwargs), client, _this_call(), wait)
            except NotDone as told:
                raise ToolError(str(told)) from None

        return tool

    return decorate


def _this_call() -> ToolCall:
    context = get_context()
    request = context.request_context
    if request is None:
        raise ToolError("This tool can only be called by an MCP client.")
    return ToolCall(
        session=context.session,
        protocol_version=request.protocol_version,
        request_id=context.request_id,
        input_responses=context.input_responses,
        request_state=context.request_state,
    )
