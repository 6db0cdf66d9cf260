"""MCP tools whose user must sign in: FastMCP and the SDK's own server, each with clients of both protocol eras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import mcp
import pytest
import respx
from fastmcp import FastMCP
from mcp.client.context import ClientRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult

from mcp_auth_client import AuthClient
from mcp_auth_client import fastmcp as for_fastmcp
from mcp_auth_client import mcpserver as for_mcpserver

from .conftest import ALICE, LINK, SESSION, Clock, error_answer, sign_in_answer, token_answer

Server = FastMCP[Any] | MCPServer[Any]


def fastmcp_server(client: AuthClient) -> Server:
    server: FastMCP[Any] = FastMCP("test")

    @server.tool
    @for_fastmcp.require_auth(client, provider="google", wait=20)
    async def campaigns(user_email: str, limit: int = 3) -> str:
        """Lists campaigns."""
        return " ".join([await client.get_token("google", user_email)] * limit)

    return server


def sdk_server(client: AuthClient) -> Server:
    server: MCPServer[Any] = MCPServer("test")

    @server.tool()
    @for_mcpserver.require_auth(client, provider="google", wait=20)
    async def campaigns(user_email: str, limit: int = 3) -> str:
        """Lists campaigns."""
        return " ".join([await client.get_token("google", user_email)] * limit)

    return server


@pytest.fixture(params=[fastmcp_server, sdk_server], ids=["fastmcp", "sdk"])
def server(request: pytest.FixtureRequest, client: AuthClient) -> Server:
    make: Callable[[AuthClient], Server] = request.param
    return make(client)


class Person:
    """What the client's user does with an elicitation."""

    def __init__(self, gateway: respx.MockRouter, action: str = "accept", then: str = "completed") -> None:
        self.gateway = gateway
        self.action = action
        self.then = then
        self.shown: list[ElicitRequestURLParams] = []

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestURLParams)
        self.shown.append(params)
        if self.then == "completed":
            self.gateway.post("/auth/token").mock(return_value=token_answer())
        answer = {"status": self.then, "session_id": SESSION, "error": "identity_mismatch"}
        self.gateway.get(f"/auth/status/{SESSION}").mock(return_value=httpx.Response(200, json=answer))
        return ElicitResult.model_validate({"action": self.action})


@pytest.fixture(params=["legacy", "auto"], ids=["handshake", "modern"])
def mode(request: pytest.FixtureRequest) -> Any:
    return request.param


def connect(server: Server, mode: Any, person: Person | None = None) -> mcp.Client:
    inner = server._mcp_server if isinstance(server, FastMCP) else server
    return mcp.Client(inner, mode=mode, elicitation_callback=person)


async def call(client: mcp.Client) -> tuple[bool, str]:
    result = await client.call_tool("campaigns", {"user_email": ALICE, "limit": 1})
    return result.is_error, "\n".join(part.text for part in result.content if part.type == "text")


async def test_arguments_of_the_tool_are_its_own(server: Server, mode: Any) -> None:
    async with connect(server, mode) as session:
        tool = (await session.list_tools()).tools[0]
    assert tool.description == "Lists campaigns."
    assert sorted(tool.input_schema["properties"]) == ["limit", "user_email"]
    assert tool.input_schema["required"] == ["user_email"]


async def test_user_with_a_token_just_gets_the_result(server: Server, mode: Any, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=token_answer())
    async with connect(server, mode) as session:
        assert await call(session) == (False, "token-1")


async def test_client_that_shows_no_links_gets_text_and_done_works(
    server: Server, mode: Any, gateway: respx.MockRouter
) -> None:
    gateway.post("/auth/token").mock(side_effect=[sign_in_answer(), token_answer()])
    async with connect(server, mode) as session:
        failed, text = await call(session)
        assert failed
        assert f'come back and say "done":\n{LINK}' in text
        assert await call(session) == (False, "token-1")


async def test_client_that_shows_links_is_asked_and_gets_the_result(
    server: Server, mode: Any, gateway: respx.MockRouter
) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    person = Person(gateway)
    async with connect(server, mode, person) as session:
        assert await call(session) == (False, "token-1")
    (shown,) = person.shown
    assert (shown.url, shown.message) == (LINK, f"Please sign in with google as {ALICE}.")


async def test_person_who_declines_is_not_asked_again(server: Server, mode: Any, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    person = Person(gateway, action="decline", then="pending")
    async with connect(server, mode, person) as session:
        failed, text = await call(session)
    assert failed
    assert "The sign-in was declined" in text
    assert len(person.shown) == 1


async def test_person_who_takes_long_is_told_to_come_back(
    server: Server, mode: Any, gateway: respx.MockRouter, clock: Clock
) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    async with connect(server, mode, Person(gateway, then="pending")) as session:
        failed, text = await call(session)
    assert failed
    assert 'Finish it, come back and say "done".' in text
    assert 20 <= sum(clock.slept) < 21


async def test_sign_in_that_fails_tells_why(server: Server, mode: Any, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    async with connect(server, mode, Person(gateway, then="failed")) as session:
        failed, text = await call(session)
    assert failed
    assert "identity_mismatch" in text


async def test_other_errors_are_text_without_a_traceback(
    server: Server, mode: Any, gateway: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.post("/auth/token").mock(return_value=error_answer(403, "invalid_api_key"))
    async with connect(server, mode) as session:
        failed, text = await call(session)
    assert failed
    assert "AUTH_GATEWAY_API_KEY" in text
    assert "Traceback" not in caplog.text


async def test_tool_of_the_sdk_may_have_a_context_of_its_own(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=token_answer())
    server: MCPServer[Any] = MCPServer("test")

    @server.tool()
    @for_mcpserver.require_auth(client, provider="google")
    async def campaigns(user_email: str, limit: int, context: Context[Any, Any]) -> str:
        return f"{context.request_id is not None}"

    async with connect(server, "auto") as session:
        assert await call(session) == (False, "True")
