"""What goes wrong, how often it is tried again, and what the caller is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import httpx
import pytest
import respx

from mcp_auth_client import (
    ApiKeyError,
    AuthClient,
    AuthGatewayError,
    ConflictError,
    ForbiddenError,
    GatewayFaultError,
    GatewayUnavailableError,
    GatewayUnreachableError,
    InvalidRequestError,
    NotFoundError,
    ProviderError,
    ProviderNotConfiguredError,
    RateLimitedError,
    SyncAuthClient,
)

from .conftest import ALICE, KEY, URL, Clock, error_answer, token_answer

Get = Callable[[], str]


@pytest.fixture(params=["async", "sync"])
def get(request: pytest.FixtureRequest, gateway: respx.MockRouter, clock: Clock) -> Get:
    """The same promises of both clients."""
    if request.param == "sync":
        return lambda: SyncAuthClient(URL, KEY).get_token("google", ALICE)
    return lambda: asyncio.run(AuthClient(URL, KEY).get_token("google", ALICE))


def test_gateway_that_is_busy_is_asked_again_when_it_says(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.post("/auth/token").mock(side_effect=[error_answer(503, "unavailable", retry_after=7), token_answer()])
    assert get() == "token-1"
    assert len(clock.slept) == 1
    assert 7 <= clock.slept[0] < 8


def test_pause_longer_than_the_time_left_ends_it_at_once(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.post("/auth/token").mock(return_value=error_answer(503, "provider_unavailable", retry_after=60))
    with pytest.raises(GatewayUnavailableError) as caught:
        get()
    assert caught.value.retry_after == 60
    assert caught.value.code == "provider_unavailable"
    assert clock.slept == []


def test_pauses_grow_and_the_whole_is_bounded(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.post("/auth/token").mock(return_value=error_answer(503, "unavailable"))
    with pytest.raises(GatewayUnavailableError):
        get()
    assert clock.slept[:4] == sorted(clock.slept[:4])
    assert max(clock.slept) <= 3
    assert sum(clock.slept) <= 30


def test_restart_of_the_gateway_is_not_noticed(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    refused = httpx.ConnectError("Connection refused")
    cut = httpx.RemoteProtocolError("Server disconnected")
    gateway.post("/auth/token").mock(side_effect=[cut, refused, refused, token_answer()])
    assert get() == "token-1"


def test_unreachable_gateway_tells_address_and_time(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.post("/auth/token").mock(side_effect=httpx.ConnectError("Connection refused"))
    with pytest.raises(GatewayUnreachableError) as caught:
        get()
    told = str(caught.value)
    assert f"No answer from the auth gateway at {URL} within " in told
    assert "tries; the last ended with no connection: Connection refused" in told
    assert caught.value.address == URL
    assert 20 < caught.value.waited <= 30
    assert caught.value.__cause__ is None


def test_gateway_that_hangs_is_given_up(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    def hang(_: httpx.Request) -> httpx.Response:
        clock.now += 20
        raise httpx.ReadTimeout("")

    gateway.post("/auth/token").mock(side_effect=hang)
    with pytest.raises(GatewayUnreachableError, match="2 tries; the last ended with no answer in time"):
        get()


def test_refused_key_names_the_variable_and_is_not_repeated(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    route = gateway.post("/auth/token").mock(return_value=error_answer(403, "invalid_api_key", "Unknown key."))
    with pytest.raises(ApiKeyError, match="AUTH_GATEWAY_API_KEY") as caught:
        get()
    assert KEY not in str(caught.value)
    assert route.call_count == 1


@pytest.mark.parametrize(("status", "code"), [(404, "unknown_provider"), (503, "provider_not_configured")])
def test_provider_that_does_not_work_tells_which_do(
    get: Get, gateway: respx.MockRouter, clock: Clock, status: int, code: str
) -> None:
    gateway.post("/auth/token").mock(return_value=error_answer(status, code, "There is no such provider."))
    listed = [{"id": "slack", "state": "ready"}, {"id": "github", "state": "ready"}, {"id": "jira", "state": "failed"}]
    gateway.get("/providers").mock(return_value=httpx.Response(200, json={"providers": listed}))
    with pytest.raises(ProviderNotConfiguredError, match="Providers that work there: github, slack.") as caught:
        get()
    assert caught.value.configured == ("github", "slack")
    assert clock.slept == []


def test_provider_that_does_not_work_is_told_even_when_the_list_is_not(
    get: Get, gateway: respx.MockRouter, clock: Clock
) -> None:
    gateway.post("/auth/token").mock(return_value=error_answer(404, "unknown_provider", "No such provider."))
    gateway.get("/providers").mock(return_value=error_answer(403, "forbidden"))
    with pytest.raises(ProviderNotConfiguredError, match="No such provider"):
        get()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", InvalidRequestError),
        (400, "invalid_email", InvalidRequestError),
        (400, "invalid_scope", InvalidRequestError),
        (403, "forbidden", ForbiddenError),
        (404, "not_found", NotFoundError),
        (409, "conflict", ConflictError),
        (429, "rate_limited", RateLimitedError),
        (500, "internal_error", GatewayFaultError),
        (500, "integrity_error", GatewayFaultError),
        (502, "provider_error", ProviderError),
        (502, "provider_misconfigured", ProviderError),
        (409, "a_word_of_tomorrow", ConflictError),
        (418, "a_word_of_tomorrow", GatewayFaultError),
    ],
)
def test_each_error_word_is_an_exception_with_its_facts(
    get: Get, gateway: respx.MockRouter, clock: Clock, status: int, code: str, kind: type[AuthGatewayError]
) -> None:
    answer = error_answer(status, code, "What happened.", details={"field": "scopes"}, retry_after=90)
    gateway.post("/auth/token").mock(return_value=answer)
    with pytest.raises(kind, match="What happened.") as caught:
        get()
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status, caught.value.request_id) == (code, status, "r-1")
    assert caught.value.details == {"field": "scopes"}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>login</html>"),
        httpx.Response(200, json=["a"]),
        httpx.Response(200, json={"access_token": ""}),
        httpx.Response(200, json={"access_token": 5}),
        httpx.Response(200, json={"access_token": "t", "expires_at": "tomorrow"}),
        httpx.Response(200, json={}),
        httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(404, text="not found"),
        httpx.Response(200, content=b" " * (2 << 20)),
    ],
)
def test_what_is_not_a_gateway_is_told_from_one(
    get: Get, gateway: respx.MockRouter, clock: Clock, answer: httpx.Response
) -> None:
    gateway.post("/auth/token").mock(return_value=answer)
    with pytest.raises(GatewayFaultError, match=URL):
        get()


def test_busy_proxy_without_json_is_waited_for(get: Get, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.post("/auth/token").mock(side_effect=[httpx.Response(503, text="<html>"), token_answer()])
    assert get() == "token-1"


async def test_what_may_not_be_done_twice_is_sent_once(client: AuthClient, gateway: respx.MockRouter) -> None:
    revoke = gateway.delete("/auth/revoke").mock(side_effect=httpx.ReadError("cut"))
    importing = gateway.post("/auth/import").mock(side_effect=httpx.ReadError("cut"))
    with pytest.raises(GatewayUnreachableError, match="1 try"):
        await client.revoke("google", ALICE)
    with pytest.raises(GatewayUnreachableError, match="1 try"):
        await client.import_refresh_token("google", ALICE, "canary")
    assert (revoke.call_count, importing.call_count) == (1, 1)


async def test_what_never_left_may_be_sent_again(client: AuthClient, gateway: respx.MockRouter) -> None:
    answer = httpx.Response(200, json={"success": True, "message": "m"})
    gateway.delete("/auth/revoke").mock(side_effect=[httpx.ConnectError("refused"), answer])
    assert (await client.revoke("google", ALICE))["success"] is True


async def test_nothing_secret_is_logged(
    client: AuthClient, gateway: respx.MockRouter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.post("/auth/token").mock(side_effect=[error_answer(503, "unavailable"), token_answer("canary-token")])
    gateway.post("/auth/import").mock(return_value=error_answer(409, "conflict"))
    await client.get_token("google", ALICE)
    with pytest.raises(ConflictError):
        await client.import_refresh_token("google", ALICE, "canary-refresh")
    assert "canary" not in caplog.text
    assert KEY not in caplog.text
