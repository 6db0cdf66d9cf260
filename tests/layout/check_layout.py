#!/usr/bin/env python3
"""Rules of the tree that no compiler checks. Usage: check_layout.py [--root FOLDER] [BUILD_FOLDER]

With a build folder the finished plugins are looked at too. Each broken rule is one line; exit code 1 when there is any.
"""

import argparse
import pathlib
import re
import subprocess
import sys


# A folder of core/ may include itself and the folders named here (core/CMakeLists.txt says the same to the linker).
LAYERS = {
    "base": [],
    "domain": ["base"],
    "crypto": ["base"],
    "config": ["base", "domain", "crypto"],
    "storage": ["base", "domain"],
    "plugin": ["base", "domain"],
    "net": ["base"],
    "broker": ["base", "domain", "crypto", "config", "storage", "plugin", "net"],
    "api": ["base", "domain", "crypto", "config", "storage", "plugin", "net", "broker"],
    "app": ["base", "domain", "crypto", "config", "storage", "plugin", "net", "broker", "api"],
}
# Folders whose code serves every provider, so that it names none. config/ reads providers.yaml and app/ wires.
NEUTRAL = ["base", "domain", "crypto", "storage", "plugin", "net", "broker", "api"]
PROVIDER_NAME = re.compile(r"\b(google|github|slack|microsoft|entra|azure|facebook|jira|atlassian)\b", re.IGNORECASE)
LONGEST = 400
CODE = {".cpp", ".hpp", ".h", ".c", ".py"}
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|work|root|Users)/[A-Za-z0-9_.-]+")
# What a plugin may need at run time: the C and C++ run time and nothing else.
RUNTIME = re.compile(r"^(libc|libm|libgcc_s|libstdc\+\+|libc\+\+|libc\+\+abi|libunwind|ld-linux.*)\.so|^linux-vdso")
ENTRY = "auth_gateway_provider_v1"

parser = argparse.ArgumentParser()
parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parents[2])
parser.add_argument("build", type=pathlib.Path, nargs="?")
arguments = parser.parse_args()
ROOT = arguments.root.resolve()
faults = []


def fault(path, line, text):
    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    faults.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def without_comments(text):
    """The text with comments blanked, so that line numbers stay."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r"//[^\n]*|/\*.*?\*/", blank, text, flags=re.DOTALL)


def check_includes(path, text):
    folder = path.relative_to(ROOT).parts[1]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([a-z_]+)/', line)
        if match and match[1] in LAYERS and match[1] != folder and match[1] not in LAYERS[folder]:
            fault(path, number, f"core/{folder} must not include {match[1]}/: includes go down only")


def check_plugin_includes(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*["<]([a-zA-Z_]+)/', line)
        if match and (match[1] in LAYERS or match[1] in {"Poco", "openssl", "boost", "curl"}):
            fault(path, number, f"a plugin includes the sdk and the standard library, not {match[1]}/")


def check_provider_names(path, text):
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = PROVIDER_NAME.search(line)
        if match:
            fault(path, number, f"shared code names a provider ({match[0]})")


def check_links(path, text):
    text = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    for match in re.finditer(r"\[[^\]]*\]\(([^)\s]+)\)", text):
        target = match[1].split("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            continue
        if not (path.parent / target).exists():
            fault(path, text[: match.start()].count("\n") + 1, f"link to {target}, which is not there")


def check_source(path):
    relative = path.relative_to(ROOT)
    text = text_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        match = MACHINE_PATH.search(line)
        if match and relative.parts[0] != "tests":
            fault(path, number, f"a path of somebody's machine ({match[0]})")
    if path.suffix == ".md":
        check_links(path, text)
    if path.suffix not in CODE or relative.parts[0] not in {"core", "sdk", "plugins", "tests"}:
        return
    lines = text.count("\n")
    if lines > LONGEST:
        fault(path, 0, f"{lines} lines; past {LONGEST} a file has a second purpose")
    if relative.parts[0] == "core" and len(relative.parts) > 2:
        check_includes(path, text)
        if relative.parts[1] in NEUTRAL:
            check_provider_names(path, text)
    if relative.parts[0] == "plugins":
        check_plugin_includes(path, text)


def check_promises():
    """The last table of docs/security.md names tests for each promise; they must exist."""
    document = ROOT / "docs" / "security.md"
    if not document.exists():
        return
    tests = "\n".join(text_of(path) for path in tracked_files() if "tests" in path.parts and path.suffix in CODE)
    promises = False
    for number, line in enumerate(text_of(document).splitlines(), 1):
        promises = promises or line.startswith("## Promises")
        cells = line.split("|") if promises else []
        for suite, name in re.findall(r"`(?:(\w+)\.)?(\w+)`", cells[2]) if len(cells) == 4 else []:
            if not re.search(rf"\({suite},\s*{name}\b" if suite else rf"def {name}\b", tests):
                fault(document, number, f"there is no test {name}")


def check_plugin(path):
    symbols = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    exported = sorted(line.split()[-1] for line in symbols.splitlines() if line.strip())
    if exported != [ENTRY]:
        fault(path, 0, f"exports {', '.join(exported) or 'nothing'}; a plugin exports {ENTRY} alone")
    dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic):
        if not RUNTIME.match(library):
            fault(path, 0, f"needs {library}; a plugin links the C and C++ run time alone")


def main():
    for path in tracked_files():
        check_source(path)
    check_promises()
    if arguments.build:
        plugins = sorted((arguments.build / "plugins").glob("*.so"))
        if not plugins:
            faults.append(f"{arguments.build}/plugins: no plugin was built")
        for path in plugins:
            check_plugin(path.resolve())
    print("\n".join(faults) if faults else "The layout is as agreed.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
