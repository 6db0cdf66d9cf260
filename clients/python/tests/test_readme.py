"""What the README shows runs as it stands."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import mcp
import pytest
import respx

from .conftest import ALICE, KEY, LINK, SESSION, URL, error_answer, sign_in_answer, token_answer

README = Path(__file__).parents[1] / "README.md"


def section(title: str) -> Callable[[], dict[str, Any]]:
    """The python block below that title, ready to run."""
    text = README.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", text, re.S)
    code = compile(block, f"README.md: {title}", "exec")

    def run() -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "readme"}
        # A thread without an event loop of its own, as a program begins.
        failures: list[BaseException] = []

        def work() -> None:
            try:
                exec(code, names)  # noqa: S102  our own README
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if failures:
            raise failures[0]
        return names

    return run


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_URL", URL)
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY", KEY)


def test_a_token(gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.post("/auth/token").mock(side_effect=[sign_in_answer(), token_answer()])
    gateway.get(f"/auth/status/{SESSION}").mock(
        return_value=httpx.Response(200, json={"status": "completed", "session_id": SESSION})
    )
    section("A token")()
    assert LINK in (output := capsys.readouterr().out)
    assert "Alice is connected: True" in output


async def test_a_tool(gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=token_answer())
    server = section("A tool of an MCP server")()["server"]
    async with mcp.Client(server._mcp_server) as session:
        result = await session.call_tool("unread", {"user_email": ALICE})
    assert not result.is_error
    assert "a token of 7 characters" in str(result.content)


def test_any_http_client(gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.post("/auth/token").mock(return_value=token_answer())
    with respx.mock as google:
        api = google.get("https://gmail.googleapis.com/gmail/v1/users/me/profile").mock(
            return_value=httpx.Response(200)
        )
        section("Any HTTP client")()
    assert api.calls.last.request.headers["authorization"] == "Bearer token-1"
    assert capsys.readouterr().out == "200\n"


def test_an_organisations_token(
    gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = section("An organisation's token, with the old variable behind it")
    route = gateway.get("/oauth/token/github").mock(return_value=token_answer())
    run()
    assert capsys.readouterr().out == "the token is from the gateway\n"
    assert route.calls.last.request.url.params["org_id"].isdigit(), "GitHub's accounts are known by number"
    gateway.get("/oauth/token/github").mock(return_value=error_answer(404, "not_found"))
    monkeypatch.setenv("GITHUB_TOKEN", "static")
    run()
    assert capsys.readouterr().out == "the token is from the environment\n"
