#!/usr/bin/env python3
"""Holds the README's table of providers to what the plugins say of themselves.

Usage: provider_table.py SOURCE_FOLDER BUILD_FOLDER [--write]

The table stands between the two comments below; --write renews it. Exit code 1 when it is not what
`auth-gateway plugins list` prints.
"""

import os
import pathlib
import subprocess
import sys

START, END = "<!-- plugins: start -->\n", "<!-- plugins: end -->\n"
SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])


def listed():
    environment = {"PATH": os.environ.get("PATH", ""), "AUTH_GATEWAY_PLUGIN_DIR": str(BUILD / "plugins")}
    command = [BUILD / "bin" / "auth-gateway", "plugins", "list"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def main():
    readme = SOURCE / "README.md"
    before, mark, rest = readme.read_text(encoding="utf-8").partition(START)
    written, end, after = rest.partition(END)
    if not mark or not end:
        sys.exit(f"{readme.name} has no place for the table: {START.strip()} and {END.strip()}")
    table = listed()
    if "--write" in sys.argv:
        readme.write_text(before + START + table + END + after, encoding="utf-8")
    elif written != table:
        sys.exit(f"README.md: the table of providers is not what the plugins say. Run:\n"
                 f"  tests/docs/provider_table.py . build --write\n\nThey say:\n{table}")


main()
