"""Where the address and the key come from, and what is said when they are missing or wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_auth_client import AuthClient, ConfigurationError, SyncAuthClient

from .conftest import KEY, URL


def test_environment_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_URL", URL + "/")
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY", KEY)
    assert AuthClient().gateway_url == URL
    assert SyncAuthClient().gateway_url == URL


def test_key_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY_FILE", str(tmp_path / "key"))
    assert AuthClient(URL)._settings.api_key == KEY


def test_missing_address_names_the_variable() -> None:
    with pytest.raises(ConfigurationError, match="set AUTH_GATEWAY_URL"):
        AuthClient(api_key=KEY)


def test_missing_key_names_the_variables_and_the_command() -> None:
    with pytest.raises(ConfigurationError, match="AUTH_GATEWAY_API_KEY or AUTH_GATEWAY_API_KEY_FILE.*api-keys create"):
        AuthClient(URL)


def test_key_and_file_together_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY", KEY)
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ConfigurationError, match="not both"):
        AuthClient(URL)


def test_unreadable_file_names_the_variable_and_not_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUTH_GATEWAY_API_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(ConfigurationError, match="AUTH_GATEWAY_API_KEY_FILE.*No such file") as caught:
        AuthClient(URL)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["gateway:8000", "ftp://gateway", "http://", "http://user:secret@gateway", "http://gateway?x=1", "http://g:99999"],
)
def test_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="AUTH_GATEWAY_URL") as caught:
        AuthClient(url, KEY)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "zeile\nzwei", "schlüssel"])
def test_key_with_impossible_characters_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="AUTH_GATEWAY_API_KEY") as caught:
        AuthClient(URL, key)
    assert key not in str(caught.value)


def test_nothing_prints_the_key() -> None:
    client = AuthClient(URL, KEY)
    assert KEY not in repr(client)
    assert KEY not in repr(client._settings)
