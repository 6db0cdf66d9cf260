"""`mcp-auth-client`: moves a server's users into the gateway."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ._token_files import TokenFile, read_folder, read_users
from .exceptions import (
    AuthGatewayError,
    AuthRequiredException,
    ConfigurationError,
    ConflictError,
    GatewayUnavailableError,
    InvalidRequestError,
    ProviderError,
)
from .sync_client import SyncAuthClient

DONE, SOMEBODY_LEFT, FAILED = 0, 1, 2

# About one file; the next may go well.
_ABOUT_ONE = (ProviderError, GatewayUnavailableError, InvalidRequestError)

Act = Callable[[SyncAuthClient, str, TokenFile], tuple[bool, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 everybody is connected, 1 somebody must still sign in, 2 something failed."""
    options = _parser().parse_args(arguments)
    try:
        return _import_google_tokens(options)
    except AuthGatewayError as error:
        print(f"mcp-auth-client: {error}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcp-auth-client",
        description="The gateway's address and key come from AUTH_GATEWAY_URL and AUTH_GATEWAY_API_KEY (or _FILE).",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    move = commands.add_parser(
        "import-google-tokens",
        help="move the users of a server that kept token files",
        description="Tells who must sign in again. Reads the token files; never changes or deletes one.",
    )
    move.add_argument("folder", type=Path, metavar="DIR", help="where the {session_id}.json are")
    move.add_argument("--provider", default="google", help="the gateway's provider entry (default: google)")
    move.add_argument("--users", type=Path, metavar="FILE", help="lines session_id,user_email, where files do not tell")
    how = move.add_mutually_exclusive_group()
    how.add_argument("--links", action="store_true", help="make a sign-in link for everybody who is not connected")
    how.add_argument(
        "--import",
        dest="hand_over",
        action="store_true",
        help="hand the refresh tokens to the gateway, which tries each before it keeps it; "
        "the key needs the operation import",
    )
    return parser


def _import_google_tokens(options: argparse.Namespace) -> int:
    files = read_folder(options.folder, read_users(options.users) if options.users else {})
    if not files:
        raise ConfigurationError(f"There is no *.json in {options.folder}.")
    act: Act = _hand_over if options.hand_over else _link if options.links else _look
    left = failed = 0
    with SyncAuthClient() as client:
        for file in files:
            try:
                connected, said = _about(client, options.provider, file, act)
            except _ABOUT_ONE as error:
                connected, said = False, f"failed: {error.message}"
                failed += 1
            left += not connected
            print(f"{file.name}\t{file.user_email or '-'}\t{said}")
    of_them = f", {failed} of them failed" if failed else ""
    print(f"{len(files)} files, {len(files) - left} connected, {left} left{of_them}.")
    if failed:
        return FAILED
    return SOMEBODY_LEFT if left else DONE


def _about(client: SyncAuthClient, provider: str, file: TokenFile, act: Act) -> tuple[bool, str]:
    if file.fault:
        return False, f"skipped: {file.fault}"
    if not file.user_email:
        return False, "skipped: whose it is cannot be told; add a line for it to --users"
    return act(client, provider, file)


def _look(client: SyncAuthClient, provider: str, file: TokenFile) -> tuple[bool, str]:
    if client.is_authenticated(provider, file.user_email or ""):
        return True, "connected already"
    if file.refresh_token is None:
        return False, "must sign in: the file has no refresh token"
    return False, "must sign in, or --import"


def _link(client: SyncAuthClient, provider: str, file: TokenFile) -> tuple[bool, str]:
    if client.is_authenticated(provider, file.user_email or ""):
        return True, "connected already"
    return False, f"must sign in: {client.init_oauth(provider, file.user_email or '')['auth_url']}"


def _hand_over(client: SyncAuthClient, provider: str, file: TokenFile) -> tuple[bool, str]:
    if file.refresh_token is None:
        return _link(client, provider, file)
    try:
        client.import_refresh_token(provider, file.user_email or "", file.refresh_token)
    except AuthRequiredException as needed:
        return False, f"must sign in: {needed.auth_url or needed.reason}"
    except ConflictError as conflict:
        connected = conflict.details.get("reason") != "identity_mismatch" and client.is_authenticated(
            provider, file.user_email or ""
        )
        return connected, "connected already" if connected else f"refused: {conflict.message}"
    return True, "imported"


if __name__ == "__main__":
    sys.exit(main())
