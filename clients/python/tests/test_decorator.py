"""`@require_auth` finds whose call it is, and lets nobody in without a token."""

from __future__ import annotations

import inspect
import json

import pytest
import respx

from mcp_auth_client import AuthClient, AuthRequiredException, ConfigurationError, SyncAuthClient, require_auth

from .conftest import ALICE, LINK, sign_in_answer, token_answer


def asked_for(route: respx.Route) -> str:
    return str(json.loads(route.calls.last.request.content)["user_email"])


@pytest.fixture
def granted(gateway: respx.MockRouter) -> respx.Route:
    return gateway.post("/auth/token").mock(return_value=token_answer())


async def test_user_is_found_in_any_position(client: AuthClient, granted: respx.Route) -> None:
    @require_auth(client, provider="google")
    async def send(to: str, user_email: str, *, subject: str = "none") -> str:
        return f"{to} {user_email} {subject}"

    assert await send("bob", ALICE) == f"bob {ALICE} none"
    assert asked_for(granted) == ALICE
    assert await send("bob", user_email="carol@company.com", subject="s") == "bob carol@company.com s"
    assert asked_for(granted) == "carol@company.com"


async def test_default_of_the_parameter_counts(client: AuthClient, granted: respx.Route) -> None:
    @require_auth(client, provider="google")
    async def send(user_email: str = ALICE) -> str:
        return user_email

    assert await send() == ALICE


async def test_another_parameter_or_a_function_may_tell_the_user(client: AuthClient, granted: respx.Route) -> None:
    @require_auth(client, provider="google", user_email="owner")
    async def by_name(owner: str) -> None: ...

    @require_auth(client, provider="google", user_email=lambda account: f"{account}@company.com")
    async def by_function(account: str) -> None: ...

    await by_name("x@company.com")
    assert asked_for(granted) == "x@company.com"
    await by_function("y")
    assert asked_for(granted) == "y@company.com"


async def test_function_without_a_token_does_not_run(client: AuthClient, gateway: respx.MockRouter) -> None:
    gateway.post("/auth/token").mock(return_value=sign_in_answer())
    ran = []

    @require_auth(client, provider="google")
    async def send(user_email: str) -> None:
        ran.append(user_email)

    with pytest.raises(AuthRequiredException) as caught:
        await send(ALICE)
    assert caught.value.auth_url == LINK
    assert ran == []


def test_plain_functions_take_the_blocking_client(blocking: SyncAuthClient, granted: respx.Route) -> None:
    @require_auth(blocking, provider="google", scopes=["a"])
    def send(user_email: str) -> str:
        return "sent"

    assert send(ALICE) == "sent"
    assert json.loads(granted.calls.last.request.content)["scopes"] == ["a"]


def test_function_without_the_parameter_is_refused_when_it_is_written(client: AuthClient) -> None:
    with pytest.raises(ConfigurationError, match="has no parameter 'user_email'"):

        @require_auth(client, provider="google")
        async def send(to: str) -> None: ...


def test_wrong_kind_of_client_is_refused_when_it_is_written(client: AuthClient, blocking: SyncAuthClient) -> None:
    with pytest.raises(ConfigurationError, match="needs a SyncAuthClient"):

        @require_auth(client, provider="google")
        def plain(user_email: str) -> None: ...

    with pytest.raises(ConfigurationError, match="needs an AuthClient"):

        @require_auth(blocking, provider="google")
        async def coroutine(user_email: str) -> None: ...


def test_decorated_function_looks_like_itself(client: AuthClient) -> None:
    @require_auth(client, provider="google")
    async def send(to: str, user_email: str) -> str:
        """Sends."""
        return to

    assert (send.__name__, send.__doc__) == ("send", "Sends.")
    assert list(inspect.signature(send).parameters) == ["to", "user_email"]
    assert inspect.iscoroutinefunction(send)


async def test_wrong_arguments_are_the_usual_type_error(client: AuthClient, granted: respx.Route) -> None:
    @require_auth(client, provider="google")
    async def send(user_email: str) -> None: ...

    with pytest.raises(TypeError):
        await send(ALICE, "more")  # type: ignore[call-arg]
    assert not granted.called
