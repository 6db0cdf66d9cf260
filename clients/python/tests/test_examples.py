"""The small programs under examples/. The MCP servers among them have end-to-end tests."""

from __future__ import annotations

import importlib.util
import json
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from urllib.request import urlopen

import httpx
import pytest
import respx

from mcp_auth_client import SyncAuthClient

from .conftest import ALICE, KEY, LINK, URL, error_answer, token_answer

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_URL", URL)
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY", KEY)


def load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_indexer_lists_repositories_with_the_organisations_token(
    gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.get("/oauth/token/github", params={"org_id": "1001"}).mock(return_value=token_answer("gateways"))
    with respx.mock as github:
        repositories = github.get("https://api.github.com/orgs/acme/repos").mock(
            return_value=httpx.Response(200, json=[{"full_name": "acme/site"}])
        )
        assert await load("indexer-worker/worker.py").main("1001", "acme") == 0
    assert repositories.calls.last.request.headers["authorization"] == "Bearer gateways"
    output = capsys.readouterr()
    assert (output.out, output.err) == ("acme/site\n", "acme: with the token of the gateway\n")


async def test_indexer_falls_back_and_says_so(
    gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.get("/oauth/token/github").mock(return_value=error_answer(404, "not_found"))
    monkeypatch.setenv("GITHUB_TOKEN", "static")
    with respx.mock as github:
        repositories = github.get("https://api.github.com/orgs/acme/repos").mock(
            return_value=httpx.Response(200, json=[])
        )
        assert await load("indexer-worker/worker.py").main("1001", "acme") == 0
    assert repositories.calls.last.request.headers["authorization"] == "Bearer static"
    assert "with the token of the environment" in capsys.readouterr().err


async def test_indexer_without_any_token_ends_with_a_sentence(
    gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.get("/oauth/token/github").mock(return_value=error_answer(404, "not_found", "Not installed."))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    assert await load("indexer-worker/worker.py").main("1001", "acme") == 1
    assert "Not installed." in capsys.readouterr().err


@pytest.mark.parametrize("status", ["active", "needs_consent"])
def test_dashboard_tells_who_is_connected_and_gives_the_link(gateway: respx.MockRouter, status: str) -> None:
    grants = {"user_email": ALICE, "providers": [{"provider": "google", "status": status}]}
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=httpx.Response(200, json=grants))
    flow = {"auth_url": LINK, "session_id": "s", "expires_at": "t"}
    gateway.post("/auth/init").mock(return_value=httpx.Response(200, json=flow))
    dashboard = load("dashboard-api/dashboard.py")
    server = ThreadingHTTPServer(("127.0.0.1", 0), dashboard.Dashboard)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with urlopen(f"http://127.0.0.1:{server.server_port}/connections/{ALICE}", timeout=20) as answer:
            told = json.load(answer)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert told == {"google": {"connected": True} if status == "active" else {"connected": False, "link": LINK}}


INBOX = "https://gmail.googleapis.com/gmail/v1/users/me/labels/INBOX"


def test_plain_service_before_and_after_give_the_same(
    gateway: respx.MockRouter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / f"{ALICE}.json").write_text('{"refresh_token": "1//old"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "id")
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", "secret")
    gateway.post("/auth/token").mock(return_value=token_answer("new"))
    with respx.mock as google:
        google.post("https://oauth2.googleapis.com/token").mock(
            return_value=httpx.Response(200, json={"access_token": "old"})
        )
        inbox = google.get(INBOX).mock(return_value=httpx.Response(200, json={"messagesUnread": 7}))
        assert load("plain-service/before.py").unread(ALICE) == 7
        with SyncAuthClient() as client:
            assert load("plain-service/after.py").unread(client, ALICE) == 7
    assert [call.request.headers["authorization"] for call in inbox.calls] == ["Bearer old", "Bearer new"]
