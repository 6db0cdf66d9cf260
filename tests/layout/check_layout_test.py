#!/usr/bin/env python3
"""Each rule of check_layout.py finds its fault: one small repository a fault, and the sentence that must be printed."""

import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check_layout.py")

# file, its text, what the check must say (empty: nothing)
CASES = {
    "clean": ("core/broker/a.cpp", '#include "storage/storage.hpp"\n// like google\n', ""),
    "include upward": ("core/storage/a.cpp", '#include "broker/tokens.hpp"\n', "includes go down only"),
    "include sideways": ("core/net/a.cpp", '#include "crypto/hash.hpp"\n', "includes go down only"),
    "provider named": ("core/broker/a.cpp", 'if (id == "google") {}\n', "shared code names a provider (google)"),
    "long file": ("sdk/a.hpp", "\n" * 401, "401 lines"),
    "machine path": ("README.md", "see /home/somebody/notes\n", "a path of somebody's machine"),
    "broken link": ("README.md", "[x](docs/none.md)\n", "link to docs/none.md, which is not there"),
    "promise without test": ("docs/security.md", "## Promises\n| kept | `Promise.IsKept_Always` |\n", "there is no test IsKept_Always"),
    "plugin on Poco": ("plugins/x/x.cpp", "#include <Poco/Net/Net.h>\n", "not Poco/"),
}
# C source of a plugin, linker arguments, what the check must say
PLUGINS = {
    "good": ("void auth_gateway_provider_v1(void) {}", [], ""),
    "second export": ("void auth_gateway_provider_v1(void) {} void other(void) {}", [], "exports auth_gateway_provider_v1, other"),
    "foreign library": ("void auth_gateway_provider_v1(void) {}", ["-Wl,--no-as-needed", "-lcrypto"], "needs libcrypto"),
}


def run(arguments, folder):
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True)


def judge(name, expected, outcome, broken):
    good = outcome.returncode == (1 if expected else 0) and expected in outcome.stdout
    if not good:
        broken.append(name)
        print(f"{name}: expected {expected or 'no fault'!r}, got exit {outcome.returncode}: {outcome.stdout}{outcome.stderr}")


def main():
    broken = []
    for name, (path, text, expected) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            run(["git", "init", "-q"], folder)
            run(["git", "add", "-A"], folder)
            judge(name, expected, run([sys.executable, CHECK, "--root", folder], folder), broken)
    for name, (source, linking, expected) in PLUGINS.items():
        with tempfile.TemporaryDirectory() as folder:
            run(["git", "init", "-q"], folder)
            plugins = pathlib.Path(folder) / "build" / "plugins"
            plugins.mkdir(parents=True)
            (pathlib.Path(folder) / "p.c").write_text(source)
            built = run(["cc", "-shared", "-fPIC", "-o", str(plugins / "p.so"), "p.c", *linking], folder)
            assert built.returncode == 0, built.stderr
            judge(name, expected, run([sys.executable, CHECK, "--root", folder, "build"], folder), broken)
    print(f"{len(CASES) + len(PLUGINS) - len(broken)} passed, {len(broken)} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
