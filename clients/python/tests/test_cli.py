"""`mcp-auth-client import-google-tokens`: who must sign in again, and who need not."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import respx

from mcp_auth_client.cli import DONE, FAILED, SOMEBODY_LEFT, main

from .conftest import ALICE, KEY, LINK, URL, error_answer, sign_in_answer

TOKEN = "1//refresh-canary"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_URL", URL)
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY", KEY)


@pytest.fixture
def folder(tmp_path: Path, gateway: respx.MockRouter) -> Path:
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=grants())
    gateway.post("/auth/init").mock(
        return_value=httpx.Response(200, json={"auth_url": LINK, "session_id": "s", "expires_at": "t"})
    )
    return tmp_path


def grants(*providers: str) -> httpx.Response:
    lines = [{"provider": provider, "status": "active"} for provider in providers]
    return httpx.Response(200, json={"user_email": ALICE, "providers": lines})


def put(folder: Path, name: str, **content: str) -> Path:
    file = folder / name
    file.write_text(json.dumps({"token": "ya29.canary", "client_id": "c", **content}))
    return file


def run(folder: Path, *options: str) -> int:
    return main(["import-google-tokens", str(folder), *options])


def test_list_tells_who_must_sign_in_and_starts_nothing(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "session-1.json", account="Alice@Company.com", refresh_token=TOKEN)
    assert run(folder) == SOMEBODY_LEFT
    output = capsys.readouterr().out
    assert f"session-1.json\t{ALICE}\tmust sign in, or --import" in output
    assert "canary" not in output
    assert [call.request.method for call in gateway.calls] == ["GET"]


def test_links_are_made_for_those_who_are_not_connected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, f"{ALICE}.json")
    assert run(folder, "--links") == SOMEBODY_LEFT
    assert f"must sign in: {LINK}" in capsys.readouterr().out


def test_somebody_connected_is_left_alone(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=grants("google"))
    put(folder, f"{ALICE}.json")
    assert run(folder, "--links") == DONE
    assert "connected already" in capsys.readouterr().out


def test_import_hands_over_the_token_and_keeps_the_file(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    route = gateway.post("/auth/import").mock(return_value=httpx.Response(200, json={"success": True}))
    file = put(folder, "s.json", email=ALICE, refresh_token=TOKEN)
    before = file.read_bytes()
    assert run(folder, "--import") == DONE
    body = json.loads(route.calls.last.request.content)
    assert body == {"provider": "google", "user_email": ALICE, "refresh_token": TOKEN}
    assert file.read_bytes() == before
    output = capsys.readouterr()
    assert "imported" in output.out
    assert "canary" not in output.out + output.err


def test_import_of_an_ended_token_prints_the_link(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.post("/auth/import").mock(return_value=sign_in_answer("refresh_failed"))
    put(folder, "s.json", email=ALICE, refresh_token=TOKEN)
    assert run(folder, "--import") == SOMEBODY_LEFT
    assert f"must sign in: {LINK}" in capsys.readouterr().out


def test_import_of_another_accounts_token_is_not_taken_for_connected(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = error_answer(409, "conflict", "Another account's.", details={"reason": "identity_mismatch"})
    gateway.post("/auth/import").mock(return_value=refusal)
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=grants("google"))
    put(folder, "s.json", email=ALICE, refresh_token=TOKEN)
    assert run(folder, "--import") == SOMEBODY_LEFT
    assert "refused: Another account's." in capsys.readouterr().out


def test_import_of_somebody_connected_counts_as_done(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.post("/auth/import").mock(return_value=error_answer(409, "conflict"))
    gateway.get(f"/auth/providers/{ALICE}").mock(return_value=grants("google"))
    put(folder, "s.json", email=ALICE, refresh_token=TOKEN)
    assert run(folder, "--import") == DONE
    assert "connected already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "code"), [(502, "provider_error"), (503, "provider_unavailable"), (400, "invalid_request")]
)
def test_import_goes_on_after_a_file_that_fails(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str], status: int, code: str
) -> None:
    refusal = error_answer(status, code, "What happened.", retry_after=90)
    gateway.post("/auth/import").mock(side_effect=[refusal, httpx.Response(200, json={"success": True})])
    for name in ("a.json", "b.json"):
        put(folder, name, email=ALICE, refresh_token=TOKEN)
    assert run(folder, "--import") == FAILED
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"a.json\t{ALICE}\tfailed: What happened.",
        f"b.json\t{ALICE}\timported",
        "2 files, 1 connected, 1 left, 1 of them failed.",
    ]
    assert "canary" not in output.out + output.err


def test_import_ends_at_once_without_a_gateway_key(
    folder: Path, gateway: respx.MockRouter, capsys: pytest.CaptureFixture[str]
) -> None:
    route = gateway.post("/auth/import").mock(return_value=error_answer(401, "invalid_api_key"))
    for name in ("a.json", "b.json"):
        put(folder, name, email=ALICE, refresh_token=TOKEN)
    assert run(folder, "--import") == FAILED
    assert route.call_count == 1
    assert "does not accept the API key" in capsys.readouterr().err


def test_users_file_says_whose_a_session_is(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "42.json")
    assert run(folder) == SOMEBODY_LEFT
    assert "42.json\t-\tskipped: whose it is cannot be told" in capsys.readouterr().out
    users = tmp_path_factory.mktemp("users") / "users.csv"
    users.write_text(f"42,{ALICE}\n")
    assert run(folder, "--users", str(users)) == SOMEBODY_LEFT
    assert f"42.json\t{ALICE}\tmust sign in: the file has no refresh token" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "why"), [("{", "not JSON"), ("[]", "no JSON object"), ("x" * (1 << 21), "too large")])
def test_what_is_no_token_file_is_skipped_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    (folder / "odd.json").write_text(text)
    assert run(folder) == SOMEBODY_LEFT
    assert f"odd.json\t-\tskipped: {why}" in capsys.readouterr().out


def test_wrong_users_file_names_the_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users = folder / "users.csv"
    users.write_text(f"1,{ALICE}\n2,nobody\n")
    assert run(folder, "--users", str(users)) == FAILED
    assert "line 2" in capsys.readouterr().err


def test_missing_key_and_missing_folder_are_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder / "nothing") == FAILED
    assert "is no folder" in capsys.readouterr().err
    put(folder, f"{ALICE}.json")
    monkeypatch.delenv("AUTH_GATEWAY_API_KEY")
    assert run(folder) == FAILED
    assert "AUTH_GATEWAY_API_KEY" in capsys.readouterr().err
