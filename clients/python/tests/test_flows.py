"""Signing in, what a user has, and installations of organisations."""

from __future__ import annotations

import json

import httpx
import pytest
import respx

from mcp_auth_client import (
    AuthClient,
    InvalidRequestError,
    SignInFailedError,
    SignInTimeoutError,
    SyncAuthClient,
)

from .conftest import ALICE, LINK, SESSION, Clock, token_answer


def status(state: str, **more: str) -> httpx.Response:
    return httpx.Response(200, json={"status": state, "session_id": SESSION, **more})


async def test_init_gives_link_and_session(client: AuthClient, gateway: respx.MockRouter) -> None:
    flow = {"auth_url": LINK, "session_id": SESSION, "expires_at": "2026-11-25T10:00:00Z"}
    route = gateway.post("/auth/init").mock(return_value=httpx.Response(200, json=flow))
    assert await client.init_oauth("google", ALICE, redirect_after="https://app.test/done") == flow
    assert json.loads(route.calls.last.request.content) == {
        "provider": "google",
        "user_email": ALICE,
        "redirect_after": "https://app.test/done",
    }


async def test_status_needs_no_key(client: AuthClient, gateway: respx.MockRouter) -> None:
    route = gateway.get(f"/auth/status/{SESSION}").mock(return_value=status("pending"))
    assert (await client.status(SESSION))["status"] == "pending"
    assert "x-api-key" not in route.calls.last.request.headers


async def test_waiting_ends_when_the_person_is_done(
    client: AuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    answers = [status("pending"), status("awaiting_confirmation"), status("completed", user_email=ALICE)]
    gateway.get(f"/auth/status/{SESSION}").mock(side_effect=answers)
    assert (await client.wait_until_authenticated(SESSION))["user_email"] == ALICE
    assert len(clock.slept) == 2


async def test_waiting_tells_why_it_failed(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.get(f"/auth/status/{SESSION}").mock(return_value=status("failed", error="identity_mismatch"))
    with pytest.raises(SignInFailedError, match="identity_mismatch") as caught:
        await client.wait_until_authenticated(SESSION)
    assert caught.value.code == "identity_mismatch"


async def test_waiting_has_an_end(client: AuthClient, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.get(f"/auth/status/{SESSION}").mock(return_value=status("pending"))
    with pytest.raises(SignInTimeoutError, match="within 60 s"):
        await client.wait_until_authenticated(SESSION, timeout=60)
    assert 60 <= sum(clock.slept) < 61


def test_blocking_wait_is_the_same(blocking: SyncAuthClient, gateway: respx.MockRouter, clock: Clock) -> None:
    gateway.get(f"/auth/status/{SESSION}").mock(side_effect=[status("pending"), status("completed")])
    assert blocking.wait_until_authenticated(SESSION)["status"] == "completed"


@pytest.mark.parametrize(("state", "expected"), [("active", True), ("needs_consent", False)])
async def test_is_authenticated_asks_without_starting_a_sign_in(
    client: AuthClient, gateway: respx.MockRouter, state: str, expected: bool
) -> None:
    grants = {"user_email": ALICE, "providers": [{"provider": "google", "status": state}]}
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=httpx.Response(200, json=grants))
    assert await client.is_authenticated("google", ALICE) is expected
    assert await client.is_authenticated("slack", ALICE) is False


@pytest.mark.parametrize("session", ["", ".", ".."])
async def test_empty_names_never_become_another_path(client: AuthClient, session: str) -> None:
    with pytest.raises(InvalidRequestError):
        await client.status(session)


async def test_names_are_escaped_in_paths(client: AuthClient, gateway: respx.MockRouter) -> None:
    route = gateway.route().mock(return_value=status("pending"))
    await client.status("../providers?x=1#y")
    assert route.calls.last.request.url.raw_path == b"/auth/status/..%2Fproviders%3Fx%3D1%23y"


async def test_installation_token_is_addressed_and_kept_by_organisation(
    client: AuthClient, gateway: respx.MockRouter
) -> None:
    def mine(request: httpx.Request) -> httpx.Response:
        return token_answer(f"token of {request.url.params.get('org_id')}")

    route = gateway.get("/oauth/token/github").mock(side_effect=mine)
    for _ in range(2):
        assert await client.get_installation_token("github", "acme") == "token of acme"
        assert await client.get_installation_token("github", "umbrella") == "token of umbrella"
    assert route.call_count == 2


async def test_installations_come_page_after_page(client: AuthClient, gateway: respx.MockRouter) -> None:
    pages = [
        {"installations": [{"id": "1"}], "next_cursor": "c"},
        {"installations": [{"id": "2"}], "next_cursor": None},
    ]
    route = gateway.get("/oauth/installations").mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    assert [line["id"] for line in await client.list_installations("github")] == ["1", "2"]
    assert dict(route.calls.last.request.url.params) == {"platform": "github", "cursor": "c"}


def test_blocking_client_lists_the_same(blocking: SyncAuthClient, gateway: respx.MockRouter) -> None:
    gateway.get("/oauth/installations").mock(return_value=httpx.Response(200, json={"installations": [{"id": "1"}]}))
    assert blocking.list_installations() == [{"id": "1"}]


async def test_installation_link_comes_from_the_gateway(client: AuthClient, gateway: respx.MockRouter) -> None:
    link = {"install_url": "https://gateway.test/oauth/install/github?ticket=t", "state_expires_at": "x"}
    route = gateway.post("/oauth/install/github").mock(return_value=httpx.Response(200, json=link))
    assert (await client.start_installation("github", org_id="acme"))["install_url"].endswith("ticket=t")
    assert json.loads(route.calls.last.request.content) == {"org_id": "acme"}
