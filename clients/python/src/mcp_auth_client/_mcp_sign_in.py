"""How an MCP tool lets its user sign in: a URL elicitation where the client can show one, else the link as text.

Two ways of asking, by the protocol version that was agreed on: up to 2025-11-25 the server sends a request in the
middle of the call; from 2026-07-28 on the call ends with what is needed, and the client calls again.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mcp.server.session import ServerSession
from mcp_types import ElicitRequest, ElicitRequestURLParams, ElicitResult, InputRequiredResult, InputResponses
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from .client import AuthClient
from .exceptions import AuthGatewayError, AuthRequiredException, SignInTimeoutError
from .sync_client import SyncAuthClient

T = TypeVar("T")

QUESTION = "sign_in"
STATE_PREFIX = "sign-in:"
MOST_SIGN_INS = 3  # a tool may need more than one provider
DEFAULT_WAIT = 45.0
"""Seconds that a call waits for a person who has agreed to open the link: clients give up after 60."""


@dataclass(frozen=True)
class ToolCall:
    """What is used of a framework's request context."""

    session: ServerSession
    protocol_version: str
    request_id: str | int
    input_responses: InputResponses | None
    request_state: str | None


class NotDone(Exception):
    """The text that the tool answers with instead of its result."""


async def with_sign_in(
    run: Callable[[], Awaitable[T]], client: AuthClient | SyncAuthClient, call: ToolCall, wait: float
) -> T | InputRequiredResult:
    """Runs a tool; asks its user to sign in when that is what it needs. `NotDone` is for the model to read."""
    try:
        await _finish_asking(client, call, wait)
        for _ in range(MOST_SIGN_INS):
            try:
                return await run()
            except AuthRequiredException as needed:
                if not needed.auth_url or not needed.session_id or not _shows_links(call.session):
                    raise
                if call.protocol_version in MODERN_PROTOCOL_VERSIONS:
                    return _question(needed)
                await _ask_now(client, call, needed, wait)
        return await run()
    except AuthGatewayError as error:
        raise NotDone(str(error)) from None


def _shows_links(session: ServerSession) -> bool:
    capabilities = session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    return elicitation is not None and elicitation.url is not None


def _question(needed: AuthRequiredException) -> InputRequiredResult:
    params = ElicitRequestURLParams(message=needed.reason, url=needed.auth_url or "")
    return InputRequiredResult(
        input_requests={QUESTION: ElicitRequest(params=params)}, request_state=f"{STATE_PREFIX}{needed.session_id}"
    )


async def _finish_asking(client: AuthClient | SyncAuthClient, call: ToolCall, wait: float) -> None:
    """When this call is the one after the question: what the person said, and then did."""
    answer = (call.input_responses or {}).get(QUESTION)
    if not isinstance(answer, ElicitResult) or not (call.request_state or "").startswith(STATE_PREFIX):
        return
    if answer.action != "accept":
        raise NotDone(_declined())
    await _wait(client, (call.request_state or "").removeprefix(STATE_PREFIX), wait, "")


async def _ask_now(
    client: AuthClient | SyncAuthClient, call: ToolCall, needed: AuthRequiredException, wait: float
) -> None:
    elicitation = str(uuid.uuid4())
    if not call.session.can_send_request:
        raise needed
    answer = await call.session.elicit_url(
        message=needed.reason,
        url=needed.auth_url or "",
        elicitation_id=elicitation,
        related_request_id=call.request_id,
    )
    if answer.action != "accept":
        raise NotDone(_declined())
    await _wait(client, needed.session_id or "", wait, needed.auth_url or "")
    await call.session.send_elicit_complete(elicitation, related_request_id=call.request_id)


async def _wait(client: AuthClient | SyncAuthClient, session_id: str, wait: float, link: str) -> None:
    try:
        if isinstance(client, AuthClient):
            await client.wait_until_authenticated(session_id, timeout=wait)
        else:
            await asyncio.to_thread(client.wait_until_authenticated, session_id, timeout=wait)
    except SignInTimeoutError:
        where = f"\n{link}" if link else ""
        raise NotDone(f'The sign-in is not finished yet. Finish it, come back and say "done".{where}') from None


def _declined() -> str:
    return "The sign-in was declined, so nothing was done. Call the tool again to get a new link."


async def run_tool(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A coroutine function as it is, a plain one beside the event loop."""
    if asyncio.iscoroutinefunction(function):
        return await function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
