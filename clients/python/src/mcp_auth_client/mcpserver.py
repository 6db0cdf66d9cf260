"""`@require_auth` for tools of the official SDK's `MCPServer` (package `mcp`)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

try:
    from mcp.server.mcpserver import Context
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.server.mcpserver.utilities.context_injection import find_context_parameter

    from ._mcp_sign_in import DEFAULT_WAIT, NotDone, ToolCall, run_tool, with_sign_in
except ModuleNotFoundError as missing:
    raise ImportError(
        'mcp_auth_client.mcpserver needs the package mcp: pip install "mcp-auth-client[mcp]".'
    ) from missing

from . import decorators
from .client import AuthClient
from .decorators import UserOf
from .sync_client import SyncAuthClient

__all__ = ["require_auth"]

CONTEXT = "mcp_auth_context"


def require_auth(
    client: AuthClient | SyncAuthClient,
    *,
    provider: str,
    scopes: Sequence[str] | None = None,
    user_email: UserOf = "user_email",
    wait: float = DEFAULT_WAIT,
) -> Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]]:
    """As `mcp_auth_client.fastmcp.require_auth`. Put it below `@server.tool()`."""
    guard = decorators.require_auth(client, provider=provider, scopes=scopes, user_email=user_email)

    def decorate(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        guarded = guard(function)
        own = find_context_parameter(function)

        @functools.wraps(function)
        async def tool(*args: Any, **kwargs: Any) -> Any:
            context: Context[Any, Any] = kwargs[own] if own else kwargs.pop(CONTEXT)
            try:
                return await with_sign_in(lambda: run_tool(guarded, args, kwargs), client, _call_of(context), wait)
            except NotDone as told:
                raise ToolError(str(told)) from None

        if not own:
            _ask_for_context(tool, function)
        return tool

    return decorate


def _ask_for_context(tool: Callable[..., Any], function: Callable[..., Any]) -> None:
    """The SDK hands its context to whoever has a parameter of that type; it is not one of the tool's arguments."""
    signature = inspect.signature(function)
    parameter = inspect.Parameter(CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=Context)
    tool.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), parameter]
    )
    tool.__annotations__ = {**function.__annotations__, CONTEXT: Context}


def _call_of(context: Context[Any, Any]) -> ToolCall:
    request = context.request_context
    return ToolCall(
        session=request.session,
        protocol_version=request.protocol_version,
        request_id=context.request_id,
        input_responses=context.input_responses,
        request_state=context.request_state,
    )
