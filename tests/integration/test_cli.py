"""The commands of auth-gateway as an operator runs them. Needs the binary and nothing else of the rig."""

import hashlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("AGW_BUILD_DIR", ROOT / "build")).resolve() / "bin/auth-gateway"
KEPT = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")
API_KEY = "agw_9fK2mXw7QpLr4TzN8vBcYh3JdGs6AeUo1RtFiMnDxWqZ"
CANARY = "CANARY-0123456789abcdef0123456789abcdef"
PROVIDERS = """\
version: 1
providers:
  one:
    plugin: oauth2
    client_id: ${ONE_ID}
    client_secret: ${ONE_SECRET}
    scopes: [openid]
    options:
      authorization_url: https://id.example.com/authorize
      token_url: https://id.example.com/token
"""


class Operator:
    """A folder with providers.yaml and a database, and the commands run in it."""

    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "gateway.db"
        self.config = folder / "providers.yaml"
        self.config.write_text(PROVIDERS)
        self.key = self.run("generate-keys").stdout.strip()

    def environ(self, **changes):
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        environ |= {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "AUTH_GATEWAY_CONFIG": str(self.config),
            "AUTH_GATEWAY_ENCRYPTION_KEY": getattr(self, "key", None),
            "AUTH_GATEWAY_API_KEY": API_KEY,
            "PORT": "0",
            "ONE_ID": "client",
            "ONE_SECRET": CANARY,
            **changes,
        }
        return {name: value for name, value in environ.items() if value is not None}

    def run(self, *words, **changes):
        return subprocess.run(
            [BINARY, *words], env=self.environ(**changes), cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def good(self, *words, **changes):
        done = self.run(*words, **changes)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *words, code=1, **changes):
        done = self.run(*words, **changes)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def serve(self, **changes):
        return Served(self, **changes)


class Served:
    """A gateway that answers, and its log."""

    def __init__(self, operator, **changes):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = operator.folder / f"serve-{self.port}.log"
        with open(self.log, "wb") as sink:
            self.child = subprocess.Popen(
                [BINARY, "serve"], env=operator.environ(PORT=str(self.port), **changes), cwd=operator.folder, stderr=sink
            )
        self.until(lambda: self.get("/health/live")[0] == 200)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(10)

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            assert self.child.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def get(self, path):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"X-API-Key": API_KEY})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, None
        except OSError:
            return 0, None

    def providers(self):
        return {entry["id"]: entry for entry in self.get("/providers")[1]["providers"]}

    def events(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def logged(self, event):
        return [entry for entry in self.events() if entry["event"] == event]

    def send(self, number):
        self.child.send_signal(number)


@pytest.fixture
def operator(tmp_path):
    tmp_path.chmod(0o700)
    return Operator(tmp_path)


# ---- words and exit codes


def test_help_and_version_are_successes(operator):
    assert "serve" in operator.good("--help")
    for words in ("version",), ("--version",):
        text = operator.good(*words)
        assert re.match(r"auth-gateway \d+\.\d+\.\d+\n", text)
        assert all(library in text for library in ("Poco", "OpenSSL", "libcurl", "SQLite", "libpq"))


@pytest.mark.parametrize("words", [(), ("serv",), ("config",), ("serve", "--confg", "x"), ("api-keys", "create")])
def test_wrong_usage_ends_with_2(operator, words):
    operator.refused(*words, code=2)


def test_mistyped_command_names_the_nearest(operator):
    assert 'did you mean "generate-keys"?' in operator.refused("generate-key", code=2)


# ---- keys


def test_generated_keys_are_bare_on_standard_output(operator):
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}=\n", operator.good("generate-keys"))
    assert re.fullmatch(r"agw_[A-Za-z0-9_-]{49}\n", operator.good("generate-keys", "--api-key"))


def test_rotation_puts_a_new_key_in_front(operator):
    lines = dict(line.split("=", 1) for line in operator.good("generate-keys", "--rotate").splitlines())
    assert lines["AUTH_GATEWAY_ROTATION_KEYS"] == operator.key
    assert lines["AUTH_GATEWAY_ENCRYPTION_KEY"] != operator.key
    assert "not set" in operator.refused("generate-keys", "--rotate", AUTH_GATEWAY_ENCRYPTION_KEY=None)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "thirty-two-characters-are-no-key",
        "A" * 43 + "=",
        "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
        "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4",
        " cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e",
        "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e8=",
        "Zm9v",
        "a passphrase without its salt, however long it may be",
        "0" * 64,
        "!" * 44,
    ],
)
def test_text_that_is_no_key_stops_the_start(operator, text):
    """F2."""
    begun = time.monotonic()
    said = operator.refused("serve", AUTH_GATEWAY_ENCRYPTION_KEY=text)
    assert time.monotonic() - begun < 5
    assert "generate-keys" in said and (len(text) < 4 or text not in said)
    assert not operator.database.exists()


@pytest.mark.parametrize("text", [None, "", "short", "x" * 40, "change-me-change-me-change-me-change-me"])
def test_weak_root_key_stops_the_start(operator, text):
    """C3."""
    assert "generate-keys --api-key" in operator.refused("serve", AUTH_GATEWAY_API_KEY=text)


def test_every_fault_of_the_environment_is_told_at_once(operator):
    said = operator.refused("serve", PORT="high", LOG_LEVEL="loud", AUTH_GATEWAY_API_KEY="weak", DATABASE_URL="mysql://x")
    for name in "PORT", "LOG_LEVEL", "AUTH_GATEWAY_API_KEY", "DATABASE_URL":
        assert f"{name}: " in said


def test_production_wants_tls(operator):
    assert "production needs TLS" in operator.refused(
        "serve", ENVIRONMENT="production", OAUTH_CALLBACK_BASE="https://auth.example.com"
    )


# ---- database and callers


def test_seed_writes_the_configured_providers_without_their_secrets(operator):
    assert "Providers written: one." in operator.good("init-db", "--seed")
    assert operator.database.stat().st_mode & 0o077 == 0
    assert CANARY.encode() not in operator.database.read_bytes()


def test_api_key_is_shown_once_and_only_its_hash_is_kept(operator):
    """C3."""
    operator.good("init-db")
    made = operator.run(
        "api-keys", "create", "--name", "indexer", "--operations", "token,list", "--providers", "one",
        "--owners", "*@example.com", "--expires-days", "30",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert re.fullmatch(r"agw_[A-Za-z0-9_-]{49}", key)
    listed = operator.good("api-keys", "list")
    assert key not in made.stderr + listed
    assert key[:12] in listed and "token, list" in listed and "*@example.com" in listed and "active" in listed
    stored = b"".join(file.read_bytes() for file in operator.database.parent.glob(operator.database.name + "*"))
    assert key.encode() not in stored and hashlib.sha256(key.encode()).hexdigest().encode() in stored

    again = ("api-keys", "create", "--name", "indexer", "--operations", "token", "--providers", "*", "--owners", "*")
    assert "name is in use" in operator.refused(*again)
    operator.good("api-keys", "revoke", "indexer")
    assert "revoked" in operator.good("api-keys", "list")
    operator.refused("api-keys", "revoke", "indexer")
    operator.good(*again)


@pytest.mark.parametrize(
    "words",
    [
        ("--name", "bad name", "--operations", "token"),
        ("--name", "x", "--operations", "fly"),
        ("--name", "x", "--operations", "token", "--expires-days", "0"),
    ],
)
def test_api_key_with_wrong_words_is_not_made(operator, words):
    operator.good("init-db")
    operator.refused("api-keys", "create", *words, "--providers", "*", "--owners", "*", code=2)
    assert "No keys yet" in operator.good("api-keys", "list")


def test_commands_want_a_database_first(operator):
    assert "init-db" in operator.refused("api-keys", "list")


# ---- providers.yaml


def test_config_check_of_a_right_file_says_what_to_do_next(operator):
    said = operator.good("config", "check", str(operator.config), ONE_SECRET=None)
    assert "is right: 1 provider," in said
    assert "one (plugin oauth2): not configured; set ONE_SECRET" in said
    assert "http://localhost:0/auth/callback/one" in said


def test_config_check_names_file_line_column_and_cure(operator):
    operator.config.write_text(PROVIDERS.replace("client_id", "clientid").replace("token_url", "tokn_url"))
    said = operator.refused("config", "check")
    assert f'{operator.config}:4:5: providers.one: unknown key "clientid"; did you mean "client_id"?' not in said
    assert re.search(r'providers\.yaml:5:5: providers\.one: unknown key "clientid"; did you mean "client_id"\?', said)
    assert re.search(r"providers\.yaml:4:5: providers\.one: the key \"client_id\" is missing", said)
    assert re.search(r"providers\.yaml:10:7: providers\.one\.options\.tokn_url: ", said)


def test_config_check_never_quotes_a_secret(operator):
    """I13."""
    operator.config.write_text(PROVIDERS.replace("${ONE_SECRET}", f'"{CANARY}'))
    assert CANARY not in operator.refused("config", "check")


def test_shipped_file_is_right(operator):
    for name in "providers.yaml",:
        said = operator.good("config", "check", str(ROOT / "config" / name))
        assert "sandbox (plugin oauth2)" in said and "google (plugin google)" in said


# ---- the service


def test_reload_takes_good_files_and_refuses_bad_ones(operator):
    """I10."""
    with operator.serve() as gateway:
        assert set(gateway.providers()) == {"one"}
        operator.config.write_text(PROVIDERS + PROVIDERS.split("providers:\n")[1].replace("  one:", "  two:"))
        gateway.send(signal.SIGHUP)
        gateway.until(lambda: set(gateway.providers()) == {"one", "two"})
        operator.config.write_text(PROVIDERS + "    scops: []\n")
        gateway.send(signal.SIGHUP)
        gateway.until(lambda: gateway.logged("config_refused"))
        assert set(gateway.providers()) == {"one", "two"}
        assert any("scops" in entry["text"] for entry in gateway.logged("config_fault"))
        draft = operator.config.with_suffix(".new")
        draft.write_text(PROVIDERS)
        draft.rename(operator.config)
        gateway.until(lambda: set(gateway.providers()) == {"one"})  # without a signal


def test_sigterm_ends_well(operator):
    """H6."""
    with operator.serve() as gateway:
        gateway.send(signal.SIGTERM)
        assert gateway.child.wait(10) == 0
        assert [entry["event"] for entry in gateway.events()][-2:] == ["stopping", "stopped"]


def test_process_shows_no_secret(operator):
    """F10, J4."""
    with operator.serve(LOG_LEVEL="trace") as gateway:
        shown = b""
        for name in "cmdline", "environ":
            try:
                shown += pathlib.Path(f"/proc/{gateway.child.pid}/{name}").read_bytes()
            except PermissionError:
                continue  # closed by PR_SET_DUMPABLE, for everybody but root
        for secret in operator.key, API_KEY, CANARY:
            assert secret.encode() not in shown
            assert secret not in gateway.log.read_text()
        limits = pathlib.Path(f"/proc/{gateway.child.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits)


def test_start_is_quick(operator):
    with operator.serve():
        pass
    begun = time.monotonic()
    with operator.serve():
        assert time.monotonic() - begun < 3  # the goal of 0.3 s is measured by the bench, on an idle machine


def test_second_gateway_on_one_sqlite_file_is_refused(operator):
    """H5."""
    with operator.serve():
        said = operator.refused("serve")
        assert "not_started" in said and str(API_KEY) not in said
