"""A fresh bearer for httpx and requests, and one repetition after a 401."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import requests
import respx

from mcp_auth_client import AuthClient, GatewayAuth, GatewayBearer, SyncAuthClient, SyncGatewayAuth

from .conftest import ALICE, token_answer

API = "https://api.test/data"


@pytest.fixture
def tokens(gateway: respx.MockRouter) -> respx.Route:
    """Whoever forces a refresh gets a better token."""

    def answer(request: httpx.Request) -> httpx.Response:
        return token_answer("good" if json.loads(request.content).get("force_refresh") else "old")

    return gateway.post("/auth/token").mock(side_effect=answer)


@pytest.fixture
def elsewhere() -> Iterator[respx.MockRouter]:
    """Every host but the gateway."""
    with respx.mock(assert_all_called=False) as router:
        yield router


def only_good(request: httpx.Request) -> httpx.Response:
    good = request.headers["authorization"] == "Bearer good"
    return httpx.Response(200 if good else 401, json={"body": request.content.decode()})


async def test_httpx_repeats_once_with_a_newer_token(
    client: AuthClient, tokens: respx.Route, elsewhere: respx.MockRouter
) -> None:
    api = elsewhere.post(API).mock(side_effect=only_good)
    async with httpx.AsyncClient(auth=GatewayAuth(client, "google", ALICE)) as http:
        response = await http.post(API, json={"a": 1})
    assert response.status_code == 200
    assert json.loads(response.json()["body"]) == {"a": 1}
    assert api.call_count == 2


async def test_httpx_repeats_no_more_than_once(
    client: AuthClient, tokens: respx.Route, elsewhere: respx.MockRouter
) -> None:
    api = elsewhere.get(API).mock(return_value=httpx.Response(401))
    async with httpx.AsyncClient(auth=GatewayAuth(client, "google", ALICE)) as http:
        assert (await http.get(API)).status_code == 401
    assert api.call_count == 2


def test_blocking_httpx_does_the_same(
    blocking: SyncAuthClient, tokens: respx.Route, elsewhere: respx.MockRouter
) -> None:
    api = elsewhere.post(API).mock(side_effect=only_good)
    with httpx.Client(auth=SyncGatewayAuth(blocking, "google", ALICE)) as http:
        assert http.post(API, content=b"x").json() == {"body": "x"}
    assert api.call_count == 2


def test_async_auth_in_a_blocking_client_is_told(client: AuthClient) -> None:
    with httpx.Client(auth=GatewayAuth(client, "google", ALICE)) as http, pytest.raises(RuntimeError, match="SyncGa"):
        http.get(API)


async def test_blocking_auth_in_an_async_client_is_told(blocking: SyncAuthClient) -> None:
    async with httpx.AsyncClient(auth=SyncGatewayAuth(blocking, "google", ALICE)) as other:
        with pytest.raises(RuntimeError, match="takes GatewayAuth"):
            await other.get(API)


class Api(BaseHTTPRequestHandler):
    """A server on this machine: what `requests` does cannot be told from a mock."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        good = self.headers.get("Authorization") == "Bearer good"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", f"http://localhost:{self.server.server_port}/elsewhere")  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.mark.parametrize("body", [b"some octets", io.BytesIO(b"some octets")], ids=["octets", "file"])
def test_requests_repeats_once_with_the_same_body(
    blocking: SyncAuthClient, tokens: respx.Route, server: str, body: bytes | io.BytesIO
) -> None:
    response = requests.post(server, data=body, auth=GatewayBearer(blocking, "google", ALICE), timeout=10)
    assert (response.status_code, response.content) == (200, b"some octets")
    assert [earlier.status_code for earlier in response.history] == [401]


def test_requests_session_keeps_working(blocking: SyncAuthClient, tokens: respx.Route, server: str) -> None:
    with requests.Session() as session:
        session.auth = GatewayBearer(blocking, "google", ALICE)
        for _ in range(3):
            assert session.post(server, data=b"x", timeout=10).status_code == 200
