"""`@require_auth`: the function runs only when its user has a token."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ParamSpec, TypeVar, cast

from .client import AuthClient
from .exceptions import ConfigurationError
from .sync_client import SyncAuthClient

__all__ = ["require_auth"]

P = ParamSpec("P")
R = TypeVar("R")

UserOf = str | Callable[..., str]


class UserFinder:
    """Finds whose token a call is about: the argument of that name, or what a function makes of the arguments."""

    def __init__(self, function: Callable[..., object], user: UserOf) -> None:
        self._signature = inspect.signature(function)
        self._user = user
        if isinstance(user, str) and user not in self._signature.parameters:
            raise ConfigurationError(
                f"{function.__qualname__}() has no parameter {user!r} to tell whose token it needs. Add it, or pass "
                f"require_auth(user_email=...) another parameter's name or a function that yields the address."
            )

    def find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if not isinstance(self._user, str):
            return self._user(*args, **kwargs)
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return str(bound.arguments[self._user])


def require_auth(
    client: AuthClient | SyncAuthClient,
    *,
    provider: str,
    scopes: Sequence[str] | None = None,
    user_email: UserOf = "user_email",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Raises `AuthRequiredException`, with the link, before the function runs for somebody without a token.

    `user_email` names the parameter that holds the address, in any position, or is a function that gets the
    call's arguments and returns it. Coroutine functions want an `AuthClient`, plain ones a `SyncAuthClient`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        finder = UserFinder(function, user_email)
        if inspect.iscoroutinefunction(function):
            if not isinstance(client, AuthClient):
                raise ConfigurationError(f"{function.__qualname__}() is a coroutine function: it needs an AuthClient.")
            return cast("Callable[P, R]", _coroutine(function, client, provider, scopes, finder))
        if not isinstance(client, SyncAuthClient):
            raise ConfigurationError(f"{function.__qualname__}() is a plain function: it needs a SyncAuthClient.")
        return _plain(function, client, provider, scopes, finder)

    return decorate


def _coroutine(
    function: Callable[P, Awaitable[Any]],
    client: AuthClient,
    provider: str,
    scopes: Sequence[str] | None,
    finder: UserFinder,
) -> Callable[P, Awaitable[Any]]:
    @functools.wraps(function)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        await client.get_token(provider, finder.find(args, kwargs), scopes=scopes)
        return await function(*args, **kwargs)

    return guarded


def _plain(
    function: Callable[P, R],
    client: SyncAuthClient,
    provider: str,
    scopes: Sequence[str] | None,
    finder: UserFinder,
) -> Callable[P, R]:
    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        client.get_token(provider, finder.find(args, kwargs), scopes=scopes)
        return function(*args, **kwargs)

    return guarded
