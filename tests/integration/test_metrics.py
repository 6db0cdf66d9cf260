"""C10, D10, K5, J1: what the gateway counts and logs about its callers, and to whom it tells it."""

import json
import re

import httpx
import pytest

from rig.gateway import oauth2_entry
from rig.process import free_port

ENVIRONMENT = {"AUTH_GATEWAY_ACCESS_LOG": "all", "AUTH_GATEWAY_RATE_LIMIT_CONSENTS": "40"}


def providers(sandbox):
    provider = sandbox.provider("metrics")
    return {"works": (provider, oauth2_entry(provider))}


@pytest.fixture(scope="module")
def gateway(installation):
    port = free_port()
    gateway = installation.start(METRICS_PORT=str(port))
    gateway.metrics_url = f"http://127.0.0.1:{port}"
    yield gateway
    assert gateway.stop() == 0


def scrape(gateway):
    """Each series with its value."""
    answer = httpx.get(f"{gateway.metrics_url}/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    series = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            series[name] = float(value)
    return series


def answered(series, method, route, status):
    return series.get(f'auth_gateway_http_requests_total{{method="{method}",route="{route}",status="{status}"}}', 0)


def test_counters_are_what_was_done(gateway, user):
    before = scrape(gateway)
    gateway.connect("works", user)
    for _ in range(7):
        assert gateway.token("works", user).status_code == 200
    for _ in range(3):
        assert gateway.api("GET", "/providers", key="nobody-knows-this-key").status_code == 403
    after = scrape(gateway)

    def more(*labels):
        return answered(after, *labels) - answered(before, *labels)

    assert more("POST", "/auth/init", 200) == 1
    assert more("GET", "/auth/callback/{provider}", 200) == 1
    assert more("POST", "/auth/token", 200) == 7
    assert more("GET", "/providers", 403) == 3
    timed = 'auth_gateway_http_request_seconds_count{method="POST",route="/auth/token"}'
    assert after[timed] - before.get(timed, 0) == 7
    exchanged = 'auth_gateway_provider_calls_total{operation="exchange",outcome="ok",provider="works"}'
    assert after[exchanged] - before.get(exchanged, 0) == 1
    refused = "auth_gateway_api_key_refusals_total"
    assert after[refused] - before[refused] == 3
    assert after["auth_gateway_database_up"] == after["auth_gateway_encryption_up"] == 1
    assert after['auth_gateway_provider_up{provider="works"}'] == 1


def test_many_users_add_no_series(gateway):
    gateway.api("GET", "/auth/providers/nobody@example.com")
    before = scrape(gateway).keys()
    for number in range(200):
        assert gateway.api("GET", f"/auth/providers/user{number}@example.com").status_code == 200
    assert scrape(gateway).keys() == before


def test_metrics_are_not_for_every_key(gateway, installation):
    assert gateway.http.get("/metrics").status_code == 403
    made = installation.command(
        "api-keys", "create", "--name", "collector", "--operations", "metrics", "--providers", "*", "--owners", "*"
    )
    key = max(made.stdout.split(), key=len)
    answer = gateway.api("GET", "/metrics", key=key)
    assert answer.status_code == 200 and "auth_gateway_http_requests_total" in answer.text
    assert gateway.token("works", "nobody@example.com", key=key).status_code == 403
    assert httpx.get(f"{gateway.metrics_url}/auth/token").status_code == 404


def test_access_log_has_a_line_for_each_answer_and_no_word_of_whom_it_was_about(gateway, user):
    gateway.connect("works", user)
    answer = gateway.token("works", user)
    gateway.http.get("/health?who=somebody")
    lines = [json.loads(line) for line in gateway.logs().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    mine = [line for line in requests if line["request_id"] == answer.headers["x-request-id"]]
    assert len(mine) == 1
    line = mine[0]
    assert (line["method"], line["route"], line["status"], line["peer"]) == ("POST", "/auth/token", "200", "127.0.0.1")
    assert line["key"] == "root" and re.fullmatch(r"\d+\.\d{3}", line["ms"])
    text = "\n".join(json.dumps(line) for line in requests)
    assert "@" not in text and "somebody" not in text and "state" not in text
    assert "/auth/callback/{provider}" in text


def test_links_are_limited_and_a_missing_token_comes_without_one(gateway):
    """C10."""
    codes = {gateway.post("/auth/init", {"provider": "works", "user_email": "x@example.com"}).status_code for _ in range(50)}
    assert codes == {200, 429}
    refused = gateway.post("/auth/init", {"provider": "works", "user_email": "x@example.com"})
    assert refused.json()["error"] == "rate_limited" and int(refused.headers["retry-after"]) >= 1
    known, stranger = (gateway.token("works", f"{who}@example.com") for who in ("x", "nobody-else"))
    assert known.status_code == stranger.status_code == 401
    assert known.json()["auth_url"] and "auth_url" not in stranger.json()
    assert scrape(gateway)['auth_gateway_rate_limited_total{limit="consents"}'] >= 10
