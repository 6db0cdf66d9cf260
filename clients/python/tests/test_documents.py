"""docs/clients.md shows files of examples/ as they are; `--write` as an argument of this file copies them in."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mcp_auth_client import _errors

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/clients.md"
SHOWN = re.compile(r"<!-- (examples/[^ :]+)(?:: (\w+))? -->\n(?:```python\n.*?```\n)?", re.S)


def shown(match: re.Match[str]) -> str:
    code = (ROOT / match[1]).read_text(encoding="utf-8")
    mark = match[0].partition("\n")[0]
    if match[2] == "tool":  # from the client to the end of the first tool
        start = code.index("auth = AuthClient()")
        code = code[start : code.index("\n\n\n", code.index("async def", start)) + 1]
    else:
        code = code.partition('\n\nif __name__ == "__main__":')[0].rstrip() + "\n"
    return f"{mark}\n```python\n{code}```\n"


def test_page_shows_the_files_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(SHOWN.findall(text)) == 5
    assert SHOWN.sub(shown, text) == text


def test_page_tells_about_every_error_word() -> None:
    words = {
        *_errors._BY_CODE,
        *_errors._WITH_PAUSE,
        *_errors.CURED_BY_SIGN_IN,
        *_errors.NOT_CONFIGURED,
        "invalid_api_key",
    }
    table = PAGE.read_text(encoding="utf-8").partition("## Errors\n")[2]
    assert words == set(re.findall(r"`([a-z]+_?[a-z_]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", table, re.M)))) - {
        "error"
    }


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(SHOWN.sub(shown, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
