"""What the wheel asks for, by Python version."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

OLDEST = "3.10"


def wanted(python: str, extra: str) -> set[str]:
    requirements = [Requirement(text) for text in importlib.metadata.requires("mcp-auth-client") or ()]
    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
    return {need.name for need in requirements if need.marker is None or need.marker.evaluate(environment)}


def runs_on(package: str, python: str) -> bool:
    return SpecifierSet(importlib.metadata.metadata(package)["Requires-Python"]).contains(f"{python}.0")


@pytest.mark.parametrize("extra", ["", "mcp", "fastmcp"])
@pytest.mark.parametrize("python", [OLDEST, "3.11", "3.13"])
def test_every_requirement_exists_for_the_python_that_it_is_wanted_on(python: str, extra: str) -> None:
    assert all(runs_on(package, python) for package in wanted(python, extra))


def test_extras_bring_what_they_are_called() -> None:
    assert wanted(OLDEST, "mcp") == {"httpx", "mcp"}
    assert wanted("3.11", "fastmcp") == {"httpx", "fastmcp"}
    assert wanted(OLDEST, "fastmcp") == {"httpx"}, "fastmcp 4.2 is for 3.11 and later"


def test_promised_python_is_the_oldest_of_the_core() -> None:
    assert importlib.metadata.metadata("mcp-auth-client")["Requires-Python"] == f">={OLDEST}"
    assert runs_on("httpx", OLDEST)


def test_missing_fastmcp_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mcp_auth_client.fastmcp", raising=False)
    monkeypatch.setitem(sys.modules, "fastmcp.exceptions", None)
    with pytest.raises(ImportError, match=r"mcp-auth-client\[fastmcp\].*Python 3\.11.*mcpserver"):
        importlib.import_module("mcp_auth_client.fastmcp")


def test_missing_mcp_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mcp_auth_client.mcpserver", raising=False)
    monkeypatch.delitem(sys.modules, "mcp_auth_client._mcp_sign_in", raising=False)
    monkeypatch.setitem(sys.modules, "mcp.server.session", None)
    with pytest.raises(ImportError, match=r"mcp-auth-client\[mcp\]"):
        importlib.import_module("mcp_auth_client.mcpserver")
