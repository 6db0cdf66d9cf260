"""Tokens: from the gateway, from memory, once for many."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import respx

from mcp_auth_client import AuthClient, AuthRequiredException, SyncAuthClient

from .conftest import ALICE, KEY, LINK, SESSION, Clock, rfc3339, sign_in_answer, token_answer


async def test_token_is_asked_for_as_the_contract_says(client: AuthClient, gateway: respx.MockRouter) -> None:
    route = gateway.post("/auth/token").mock(return_value=token_answer())
    assert await client.get_token("google", ALICE, min_ttl=120, scopes=["a", "b"]) == "token-1"
    request = route.calls.last.request
    assert request.headers["x-api-key"] == KEY
    assert json.loads(request.content) == {
        "provider": "google",
        "user_email": ALICE,
        "min_ttl": 120,
        "scopes": ["a", "b"],
    }


async def test_token_is_kept_until_refresh_after_and_not_longer(
    client: AuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    route = gateway.post("/auth/token").mock(side_effect=[token_answer("one"), token_answer("two")])
    assert await client.get_token("google", ALICE) == "one"
    clock.now += 3290
    assert await client.get_token("google", ALICE.upper()) == "one"
    assert route.call_count == 1
    clock.now += 20
    assert await client.get_token("google", ALICE) == "two"


async def test_kept_token_too_short_for_min_ttl_is_asked_for_again(
    client: AuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    gateway.post("/auth/token").mock(side_effect=[token_answer("one"), token_answer("two")])
    assert await client.get_token("google", ALICE) == "one"
    clock.now += 1000
    assert await client.get_token("google", ALICE, min_ttl=3000) == "two"


async def test_kept_token_works_for_a_minute_more_unless_asked_otherwise(
    client: AuthClient, blocking: SyncAuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    async def get(min_ttl: int | None) -> tuple[str, str]:
        return await client.get_token("google", ALICE, min_ttl=min_ttl), blocking.get_token(
            "google", ALICE, min_ttl=min_ttl
        )

    def one(_: httpx.Request) -> httpx.Response:
        return token_answer("one", 100, refresh_after=rfc3339(100))

    route = gateway.post("/auth/token").mock(side_effect=one)
    assert await get(None) == ("one", "one")
    clock.now += 30
    assert await get(None) == ("one", "one")
    assert route.call_count == 2
    clock.now += 20
    assert await get(0) == ("one", "one")
    assert route.call_count == 2
    route.mock(side_effect=lambda _: token_answer("two"))
    assert await get(None) == ("two", "two")
    assert route.call_count == 4


async def test_kept_installation_token_works_for_a_minute_more(
    client: AuthClient, blocking: SyncAuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    def short(_: httpx.Request) -> httpx.Response:
        return token_answer("short", 100, refresh_after=rfc3339(100))

    route = gateway.get("/oauth/token/github").mock(side_effect=short)
    for count in (2, 4):
        assert await client.get_installation_token("github", "1001") == "short"
        assert blocking.get_installation_token("github", "1001") == "short"
        assert route.call_count == count
        clock.now += 50


async def test_token_that_lives_less_than_a_minute_is_asked_for_every_time(
    client: AuthClient, blocking: SyncAuthClient, gateway: respx.MockRouter
) -> None:
    def short(_: httpx.Request) -> httpx.Response:
        return token_answer("short", 30, refresh_after=rfc3339(30))

    route = gateway.post("/auth/token").mock(side_effect=short)
    for count in (2, 4):
        assert await client.get_token("google", ALICE) == "short"
        assert blocking.get_token("google", ALICE) == "short"
        assert route.call_count == count
    assert await client.get_token("google", ALICE, min_ttl=0) == "short"
    assert blocking.get_token("google", ALICE, min_ttl=0) == "short"
    assert route.call_count == 4


async def test_wrong_clock_of_this_machine_does_not_matter(
    client: AuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    answer = token_answer("one", expires_at="2001-01-01T11:00:00Z", refresh_after="2001-01-01T10:55:00Z")
    answer.headers["Date"] = "Mon, 01 Jan 2001 10:00:00 GMT"
    route = gateway.post("/auth/token").mock(side_effect=[answer, token_answer("two")])
    await client.get_token("google", ALICE)
    clock.now += 3290
    assert await client.get_token("google", ALICE) == "one"
    clock.now += 15
    assert await client.get_token("google", ALICE) == "two"
    assert route.call_count == 2


async def test_token_without_end_is_asked_for_again_after_five_minutes(
    client: AuthClient, gateway: respx.MockRouter, clock: Clock
) -> None:
    gateway.post("/auth/token").mock(side_effect=[token_answer("one", None), token_answer("two", None)])
    assert await client.get_token("slack", ALICE) == "one"
    clock.now += 290
    assert await client.get_token("slack", ALICE) == "one"
    clock.now += 20
    assert await client.get_token("slack", ALICE) == "two"


async def test_two_hundred_callers_at_once_are_one_request(client: AuthClient, gateway: respx.MockRouter) -> None:
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        arrived.set()
        await gate.wait()
        return token_answer()

    route = gateway.post("/auth/token").mock(side_effect=slow)
    callers = [asyncio.create_task(client.get_token("google", ALICE)) for _ in range(200)]
    await arrived.wait()
    gate.set()
    assert set(await asyncio.gather(*callers)) == {"token-1"}
    assert route.call_count == 1


async def test_caller_that_gives_up_does_not_spoil_it_for_the_others(
    client: AuthClient, gateway: respx.MockRouter
) -> None:
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        arrived.set()
        await gate.wait()
        return token_answer()

    route = gateway.post("/auth/token").mock(side_effect=slow)
    first, second = (asyncio.create_task(client.get_token("google", ALICE)) for _ in range(2))
    await arrived.wait()
    first.cancel()
    gate.set()
    assert await second == "token-1"
    assert route.call_count == 1


async def test_owners_do_not_share_tokens(client: AuthClient, gateway: respx.MockRouter) -> None:
    def mine(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        return token_answer(f"{body['provider']} {body['user_email']} {body.get('scopes')}")

    gateway.post("/auth/token").mock(side_effect=mine)
    wishes = [
        ("google", ALICE, None),
        ("google", "bob@company.com", None),
        ("slack", ALICE, None),
        ("google", ALICE, ["x"]),
    ]
    for _ in range(2):
        for provider, user, scopes in wishes:
            assert await client.get_token(provider, user, scopes=scopes) == f"{provider} {user} {scopes}"


async def test_missing_grant_raises_with_everything_the_person_needs(
    client: AuthClient, gateway: respx.MockRouter
) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    with pytest.raises(AuthRequiredException) as caught:
        await client.get_token("google", ALICE)
    needed = caught.value
    assert (needed.auth_url, needed.session_id) == (LINK, SESSION)
    assert (needed.provider, needed.user_email, needed.code) == ("google", ALICE, "not_authenticated")
    assert str(needed) == (
        f'Please sign in with google as {ALICE}.\nOpen this link, allow the access, come back and say "done":\n{LINK}'
    )


async def test_missing_scopes_are_named(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer("missing_scopes", granted=["a"], missing=["b", "c"]))
    with pytest.raises(AuthRequiredException, match="must be allowed more as alice@company.com: b, c") as caught:
        await client.get_token("google", ALICE, scopes=["a", "b", "c"])
    assert caught.value.missing_scopes == ("b", "c")


async def test_dead_grant_says_so(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer("refresh_failed"))
    with pytest.raises(AuthRequiredException, match="is no longer valid"):
        await client.get_token("google", ALICE)


async def test_sign_in_that_this_key_may_not_start_says_so(client: AuthClient, gateway: respx.MockRouter) -> None:
    answer = httpx.Response(401, json={"error": "not_authenticated", "message": "x", "auth_required": True})
    gateway.post("/auth/token").mock(return_value=answer)
    with pytest.raises(AuthRequiredException, match="its API key may not start a sign-in"):
        await client.get_token("google", ALICE)


async def test_failure_is_not_kept(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(side_effect=[sign_in_answer(), token_answer()])
    with pytest.raises(AuthRequiredException):
        await client.get_token("google", ALICE)
    assert await client.get_token("google", ALICE) == "token-1"


async def test_rejected_token_is_replaced_by_a_newer_one_or_refreshed(
    client: AuthClient, gateway: respx.MockRouter
) -> None:
    route = gateway.post("/auth/token").mock(
        side_effect=[token_answer("one"), token_answer("one"), token_answer("two"), token_answer("three")]
    )
    assert await client.get_token("google", ALICE) == "one"
    assert await client.replace_token("google", ALICE, "one") == "two"
    assert json.loads(route.calls.last.request.content)["force_refresh"] is True
    assert await client.replace_token("google", ALICE, "one") == "two", "somebody has replaced it already"
    assert route.call_count == 3


async def test_revoke_forgets_the_kept_token(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(side_effect=[token_answer(), sign_in_answer()])
    gateway.delete("/auth/revoke").mock(return_value=httpx.Response(200, json={"success": True, "message": "m"}))
    await client.get_token("google", ALICE)
    assert (await client.revoke("google", ALICE))["success"] is True
    with pytest.raises(AuthRequiredException):
        await client.get_token("google", ALICE)


def test_client_works_in_one_event_loop_after_another(gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(side_effect=lambda _: token_answer(ttl=1))
    client = AuthClient("http://gateway.test:8000", KEY)
    for _ in range(2):
        assert asyncio.run(client.get_token("google", ALICE)) == "token-1"


def test_threads_at_once_are_one_request(blocking: SyncAuthClient, gateway: respx.MockRouter) -> None:
    gate = threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        gate.wait(10)
        return token_answer()

    route = gateway.post("/auth/token").mock(side_effect=slow)
    with ThreadPoolExecutor(32) as pool:
        callers = [pool.submit(blocking.get_token, "google", ALICE) for _ in range(32)]
        gate.set()
        assert {caller.result(10) for caller in callers} == {"token-1"}
    assert route.call_count == 1


def test_blocking_client_raises_the_same(blocking: SyncAuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    with pytest.raises(AuthRequiredException) as caught:
        blocking.get_token("google", ALICE)
    assert caught.value.auth_url == LINK
    gateway.post("/auth/token").mock(return_value=token_answer())
    assert blocking.get_token("google", ALICE) == "token-1"


async def test_token_object_does_not_print_its_token(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=token_answer("canary", degraded=True))
    token = await client.get_token_details("google", ALICE)
    assert token.degraded
    assert token.scopes == ("openid", "email")
    assert token.expires_at is not None
    assert token.expires_at.tzinfo is not None
    assert "canary" not in repr(token)
