"""The REST contract from outside: each error word, each limit, each header."""

import json
import os
import pathlib
import re
import socket
import subprocess

import pytest

from rig.gateway import oauth2_entry

ENVIRONMENT = {"AUTH_GATEWAY_REDIRECT_ALLOW_LIST": "https://app.example.com/done"}


def providers(sandbox):
    provider = sandbox.provider("surface")
    return {
        "works": (provider, oauth2_entry(provider)),
        "unset": (provider, {**oauth2_entry(provider), "client_secret": "${NOBODY_SET_THIS}"}),
    }


def refused(answer, status, word):
    body = answer.json()
    assert (answer.status_code, body.get("error")) == (status, word), answer.text
    assert body["message"] and body["request_id"] == answer.headers["x-request-id"]
    return body


INIT = {"provider": "works", "user_email": "alice@example.com"}


@pytest.mark.parametrize(
    "change, status, word, field",
    [
        ({"user_email": "alice"}, 400, "invalid_email", "user_email"),
        ({"user_email": "a" * 250 + "@example.com"}, 400, "invalid_email", "user_email"),
        ({"user_email": 5}, 400, "invalid_request", "user_email"),
        ({"user_email": None}, 400, "invalid_request", "user_email"),
        ({"provider": None}, 400, "invalid_request", "provider"),
        ({"provider": "nowhere"}, 404, "unknown_provider", None),
        ({"provider": "unset"}, 503, "provider_not_configured", None),
        ({"scopes": "openid"}, 400, "invalid_request", "scopes"),
        ({"scopes": ["open id"]}, 400, "invalid_scope", "scopes"),
        ({"redirect_after": "https://evil.example/"}, 400, "invalid_redirect", "redirect_after"),
        ({"redirect_after": "https://app.example.com.evil.example/done"}, 400, "invalid_redirect", "redirect_after"),
        ({"redirect_after": "https://app.example.com@evil.example/done"}, 400, "invalid_redirect", "redirect_after"),
        ({"redirect_after": "javascript:alert(1)"}, 400, "invalid_redirect", "redirect_after"),
        ({"redirect_after": "//evil.example/"}, 400, "invalid_redirect", "redirect_after"),
        ({"is_admin": True}, 400, "invalid_request", "is_admin"),
    ],
)
def test_init_refuses_what_is_wrong_and_names_the_field(gateway, change, status, word, field):
    body = {name: value for name, value in {**INIT, **change}.items() if value is not None}
    error = refused(gateway.post("/auth/init", body), status, word)
    if field:
        assert field in json.dumps(error["details"])


@pytest.mark.parametrize(
    "text",
    [
        b'{"provider":"works","user_email":"a@example.com","provider":"works"}',
        b"{",
        b"[]",
        b'"text"',
        b"",
        b'{"provider":"works","user_email":"a@example.com"} trailing',
        b"[" * 5000,
        b'{"provider":"works","user_email":"\xff@example.com"}',
    ],
)
def test_text_that_is_not_one_plain_object_is_refused(gateway, text):
    answer = gateway.api("POST", "/auth/token", content=text, headers={"Content-Type": "application/json"})
    refused(answer, 400, "invalid_request")


def test_key_must_be_right_and_given_in_one_way(gateway):
    missing = gateway.http.post("/auth/token", json=INIT)
    wrong = gateway.post("/auth/token", INIT, key="x" * 43)
    assert refused(missing, 403, "invalid_api_key")["message"] == refused(wrong, 403, "invalid_api_key")["message"]
    root = gateway.installation.root_key
    bearer = {"Authorization": f"Bearer {root}"}
    assert gateway.http.post("/auth/token", json=INIT, headers=bearer).status_code == 401
    assert gateway.post("/auth/token", INIT, headers=bearer).status_code == 400
    assert gateway.http.post(f"/auth/token?api_key={root}", json=INIT).status_code in (400, 403)
    assert gateway.http.post("/auth/token", json=INIT, headers={"Cookie": f"X-API-Key={root}"}).status_code == 403


def test_named_key_may_do_what_it_was_made_for(installation, gateway):
    """C1, C3."""
    made = installation.command(
        "api-keys", "create", "--name", f"indexer-{installation.database.kind}", "--operations", "token",
        "--providers", "works", "--owners", "alice@example.com",
    )  # fmt: skip
    key = max(made.stdout.split(), key=len)
    assert len(key) >= 43
    refused(gateway.token("works", "alice@example.com", key=key), 401, "not_authenticated")
    refused(gateway.token("works", "bob@example.com", key=key), 403, "forbidden")
    refused(gateway.token("unset", "alice@example.com", key=key), 403, "forbidden")
    refused(gateway.post("/auth/init", INIT, key=key), 403, "forbidden")
    refused(gateway.api("DELETE", "/auth/revoke", key=key, json=INIT), 403, "forbidden")
    refused(gateway.api("GET", "/auth/providers/alice@example.com", key=key), 403, "forbidden")
    assert key.encode() not in installation.database.everything()


def test_missing_scopes_says_which(gateway, installation, user):
    gateway.connect("works", user)
    body = refused(gateway.token("works", user, scopes=["openid", "calendar"]), 401, "missing_scopes")
    assert body["missing"] == ["calendar"] and "openid" in body["granted"] and body["auth_url"]


def test_nothing_there_is_not_found(gateway, user):
    refused(gateway.revoke("works", user), 404, "not_found")
    refused(gateway.api("GET", "/nowhere"), 404, "not_found")
    unknown = gateway.http.get("/auth/status/00000000-0000-4000-8000-000000000000")
    refused(unknown, 404, "not_found")


def test_finished_flow_cannot_be_confirmed(gateway, user):
    flow = gateway.connect("works", user)
    refused(gateway.post("/auth/confirm", {"session_id": flow["session_id"], "code": "123456"}), 409, "conflict")


@pytest.mark.parametrize(
    "method, path, allowed",
    [("GET", "/auth/token", "POST"), ("PUT", "/auth/init", "POST"), ("GET", "/auth/revoke", "DELETE"), ("POST", "/health", "GET")],
)
def test_wrong_method_names_the_right_one(gateway, method, path, allowed):
    answer = gateway.api(method, path, json={} if method != "GET" else None)
    assert answer.status_code == 405 and allowed in answer.headers["allow"]


def test_body_limits(gateway):
    large = gateway.api("POST", "/auth/token", content=b" " * 70_000, headers={"Content-Type": "application/json"})
    assert large.status_code == 413
    form = gateway.api("POST", "/auth/token", data={"provider": "works"})
    assert form.status_code == 415


def test_head_is_get_without_its_body(gateway):
    head, get = gateway.http.head("/health"), gateway.http.get("/health")
    assert head.status_code == get.status_code == 200 and head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost"])
def test_no_other_site_is_let_in(gateway, origin):
    """B7."""
    preflight = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    answers = [
        gateway.http.options("/auth/token", headers=preflight),
        gateway.post("/auth/token", INIT, headers={"Origin": origin}),
    ]
    assert not any(name.startswith("access-control-") for answer in answers for name in answer.headers)


def test_no_banner_and_no_sniffing(gateway):
    for answer in (gateway.http.get("/health"), gateway.api("GET", "/nowhere")):
        assert "server" not in answer.headers and "x-powered-by" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_health_speaks_of_its_parts(gateway):
    body = gateway.http.get("/health").json()
    assert (body["status"], body["database"], body["encryption"]) == ("healthy", "connected", "operational")
    assert body["timestamp"].endswith("Z") and body["version"]
    assert gateway.http.get("/health/live").status_code == 200
    assert gateway.http.get("/health/ready").status_code == 200


def test_providers_are_listed_with_their_state(gateway):
    listed = {entry["id"]: entry for entry in gateway.api("GET", "/providers").json()["providers"]}
    assert set(listed) == {"works", "unset"}
    assert "NOBODY_SET_THIS" in json.dumps(listed["unset"])


SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 40\r\n",
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "list of lengths": b"Content-Length: 2, 2\r\n",
    "signed length": b"Content-Length: +2\r\n",
    "space before colon": b"Transfer-Encoding : chunked\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n",
    "folded": b"X-A: b\r\n c\r\nContent-Length: 2\r\n",
    "no colon": b"Garbage\r\nContent-Length: 2\r\n",
    "second host": b"Host: other\r\nContent-Length: 2\r\n",
}


@pytest.mark.parametrize("kind", SMUGGLED)
def test_ambiguous_request_is_refused_and_nothing_after_it_is_read(gateway, kind):
    """D1."""
    head = b"POST /auth/token HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n" + SMUGGLED[kind] + b"\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as peer:
        peer.sendall(head + b"{}GET /health HTTP/1.1\r\nHost: gateway\r\n\r\n")
        received = b""
        while chunk := peer.recv(65536):
            received += chunk
    answers = re.findall(rb"^HTTP/1\.1 (\d+)", received, re.M)
    assert answers == ([b"501"] if kind == "unknown coding" else [b"400"])


def test_post_that_tells_no_length_has_no_body(gateway):
    """RFC 9112 section 6.3, as `curl -X POST` sends it: what follows is the next request."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as peer:
        key = gateway.installation.root_key.encode()
        peer.sendall(b"POST /auth/token HTTP/1.1\r\nHost: gateway\r\nX-API-Key: " + key + b"\r\n\r\n")
        peer.sendall(b"GET /health/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
        received = b""
        while chunk := peer.recv(65536):
            received += chunk
    assert re.findall(rb"HTTP/1\.1 (\d+) ", received) == [b"415", b"200"]


def test_openapi_is_sound(gateway, tmp_path):
    answer = gateway.http.get("/openapi.json")
    assert answer.status_code == 200 and answer.json()["openapi"].startswith("3.1")
    document = tmp_path / "openapi.json"
    document.write_text(answer.text)
    rules = tmp_path / "redocly.yaml"
    rules.write_text("extends: [minimal]\n")
    tool = pathlib.Path(os.environ["AGW_NODE_DIR"]) / "node/node_modules/.bin/redocly"
    linted = subprocess.run(
        [tool, "lint", document, "--config", rules, "--format", "stylish"],
        env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_openapi_has_every_path_of_the_contract(gateway):
    paths = set(gateway.http.get("/openapi.json").json()["paths"])
    wanted = {
        "/auth/init", "/auth/device", "/auth/token", "/auth/revoke", "/auth/confirm", "/auth/status/{session_id}",
        "/auth/providers/{user_email}", "/auth/callback/{provider}", "/health", "/providers",
    }  # fmt: skip
    assert wanted <= paths
