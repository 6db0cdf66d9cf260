"""The gateway first, the environment second, and it can be seen which it was."""

from __future__ import annotations

import logging

import httpx
import pytest
import respx

from mcp_auth_client import (
    ApiKeyError,
    AuthClient,
    ConfigurationError,
    HybridTokenProvider,
    NotFoundError,
)

from .conftest import Clock, error_answer, token_answer


@pytest.fixture
def hybrid(client: AuthClient, monkeypatch: pytest.MonkeyPatch) -> HybridTokenProvider:
    monkeypatch.setenv("GITHUB_TOKEN", "canary-static")
    return HybridTokenProvider(client)


async def test_connected_organisation_gets_the_gateways_token(
    hybrid: HybridTokenProvider, gateway: respx.MockRouter
) -> None:
    gateway.get("/oauth/token/github", params={"org_id": "acme"}).mock(return_value=token_answer())
    token = await hybrid.get_token_with_source("github", "acme")
    assert (token.access_token, token.source, token.reason) == ("token-1", "gateway", "")
    assert await hybrid.get_token("github", "acme") == "token-1"


@pytest.mark.parametrize(
    "answer",
    [
        error_answer(404, "not_found", "No such installation."),
        error_answer(401, "not_authenticated"),
        error_answer(404, "unknown_provider"),
        error_answer(503, "provider_unavailable", retry_after=99),
        error_answer(502, "provider_error"),
        httpx.ConnectError("refused"),
    ],
    ids=str,
)
async def test_otherwise_the_static_one_with_the_reason_and_a_line_in_the_log(
    hybrid: HybridTokenProvider,
    gateway: respx.MockRouter,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    answer: httpx.Response | Exception,
) -> None:
    gateway.get("/providers").mock(return_value=httpx.Response(200, json={"providers": []}))
    gateway.get("/oauth/token/github").mock(side_effect=[answer] if isinstance(answer, httpx.Response) else answer)
    caplog.set_level(logging.WARNING)
    token = await hybrid.get_token_with_source("github", "acme")
    assert (token.access_token, token.source) == ("canary-static", "environment")
    assert token.reason
    assert "using GITHUB_TOKEN for github, organisation acme" in caplog.text
    assert "canary" not in caplog.text + repr(token)


@pytest.mark.parametrize("code", ["invalid_api_key", "forbidden"])
async def test_refused_key_is_not_covered_up(hybrid: HybridTokenProvider, gateway: respx.MockRouter, code: str) -> None:
    gateway.get("/oauth/token/github").mock(return_value=error_answer(403, code))
    with pytest.raises(Exception, match="Said by the gateway") as caught:
        await hybrid.get_token("github", "acme")
    assert code == "forbidden" or isinstance(caught.value, ApiKeyError)


async def test_neither_has_one_raises_what_the_gateway_said(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.get("/oauth/token/slack").mock(return_value=error_answer(404, "not_found", "No such installation."))
    with pytest.raises(NotFoundError, match="No such installation"):
        await HybridTokenProvider(client, variables={"slack": "SLACK_BOT_TOKEN"}).get_token("slack", "T1")


async def test_variable_can_have_another_name(
    client: AuthClient, gateway: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "static")
    gateway.get("/oauth/token/slack").mock(return_value=error_answer(404, "not_found"))
    assert await HybridTokenProvider(client, variables={"slack": "SLACK_BOT_TOKEN"}).get_token("slack") == "static"


async def test_without_a_gateway_only_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="neither AUTH_GATEWAY_URL nor GITHUB_TOKEN is set"):
        await HybridTokenProvider().get_token("github")
    monkeypatch.setenv("GITHUB_TOKEN", "static")
    assert (await HybridTokenProvider().get_token_with_source("github")).source == "environment"
