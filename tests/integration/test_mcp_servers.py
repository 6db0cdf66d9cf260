"""The example MCP servers: from the tool to the link, the consent in a browser, "done", and the result."""

import json
import os
import queue
import re
import subprocess
import sys
import time

import pytest
from conftest import make_installation
from mcp_types import ElicitResult

from rig.browser import choose, person
from rig.gateway import google_entry
from rig.google_apis import GoogleApis
from rig.mcp_servers import SERVERS, HttpServer, Session, environment, over_stdio
from rig.process import ROOT
from rig.transcript import Transcript

SCOPES = [
    "openid",
    "email",
    "https://www.googleapis.com/auth/adwords",
    "https://www.googleapis.com/auth/analytics.readonly",
]
NODE = os.environ.get("AGW_NODE_DIR", ROOT / "build/node")
CUSTOMER = "123-456-7890"
PROVIDER = {"rotation": "never", "revocation_ends": "account", "id_token_claims": {"hd": "example.com"}}
FIRST_TOOL = {
    "ads": ("list_accounts", ["1234567890", "9876543210"]),
    "analytics": ("list_properties", [{"id": "4711", "name": "Shop", "account": "Example"}]),
}


def providers(sandbox):
    provider = sandbox.provider("google", **PROVIDER)
    return {"google": (provider, google_entry(provider))}


@pytest.fixture(scope="module")
def installation(request, tmp_path_factory, sandbox):
    installation = make_installation(request, tmp_path_factory, sandbox, "sqlite")
    yield installation
    installation.database.drop()


@pytest.fixture
def provider(installation):
    provider = installation.providers["google"]
    provider.configure(access_ttl=3600)
    return provider


@pytest.fixture
def apis(provider):
    apis = GoogleApis(provider)
    yield apis
    apis.stop()


@pytest.fixture(params=["stdio", "http"])
def connect(request, gateway, apis, tmp_path):
    """Connects the SDK's client to a server by that transport."""
    started = []

    def connect(server, elicit=None, transcript=None):
        environ = environment(gateway, apis)
        if request.param == "stdio":
            return Session(over_stdio(server, environ), elicit, transcript)
        started.append(HttpServer(server, environ, tmp_path))
        return Session(started[-1].url, elicit, transcript)

    connect.transport = request.param
    yield connect
    for server in started:
        server.stop()


def link_in(text):
    return re.search(r"^https?://\S+$", text, re.M)[0]


def consent(browser, link, account, transcript=None):
    with person(browser) as page:
        page.goto(link)
        pages = [f"{page.url}\n{page.title()}"]
        choose(page, account)
        assert "Authentication Successful" in page.content()
        pages.append(f"{page.url}\n{page.inner_text('main')}")
    for shown in pages if transcript else ():
        transcript.says("person sees", shown)


def connect_expired(gateway, provider, user):
    provider.configure(access_ttl=1)
    gateway.connect("google", user, scopes=SCOPES)
    provider.configure(access_ttl=3600)
    time.sleep(1.1)


@pytest.mark.parametrize("server", ["ads", "analytics"])
def test_link_consent_done_result(connect, server, browser, gateway, provider, apis, user):
    """With AGW_TRANSCRIPTS=DIR the whole sequence is written there."""
    tool, expected = FIRST_TOOL[server]
    transcript = Transcript(gateway.installation.root_key)
    with connect(server, transcript=transcript) as session:
        failed, text = session.call(tool, user_email=user)
        assert failed and 'come back and say "done"' in text
        assert apis.calls == []
        consent(browser, link_in(text), user, transcript)
        transcript.says("person", "done")
        assert session.call(tool, user_email=user) == (False, expected)
    transcript.says("Google was asked for", ", ".join(apis.calls))
    transcript.keep(f"{server}-{connect.transport}.txt")
    for token in provider.living("access", user) + provider.living("refresh", user):
        assert token not in transcript.text(), "the client sees no token"


def test_server_on_the_official_sdk_gives_the_link_and_then_the_result(connect, browser, user):
    with connect("profile") as session:
        failed, text = session.call("profile", user_email=user)
        assert failed and 'come back and say "done"' in text
        consent(browser, link_in(text), user)
        assert session.call("profile", user_email=user) == (False, {"email": user})


@pytest.mark.parametrize("server", ["ads", "profile"])
def test_client_that_shows_links_gets_the_result_in_one_call(connect, server, browser, user):
    shown = queue.Queue()

    async def elicit(context, params):
        shown.put(params.url)
        return ElicitResult(action="accept")

    tool, result = {"ads": FIRST_TOOL["ads"], "profile": ("profile", {"email": user})}[server]
    with connect(server, elicit) as session:
        call = session.start(tool, user_email=user)
        consent(browser, shown.get(timeout=60), user)
        assert call.result(60) == (False, result)


def test_tools_of_both_servers_give_what_google_answers(connect, gateway, user):
    gateway.connect("google", user, scopes=SCOPES)
    with connect("ads") as ads:
        failed, campaigns = ads.call("list_campaigns", user_email=user, customer_id=CUSTOMER)
        assert not failed and [campaign["name"] for campaign in campaigns] == ["Spring", "Brand", "Autumn"], "both pages"
        failed, rows = ads.call("run_gaql", user_email=user, customer_id=CUSTOMER, query="SELECT campaign.id FROM campaign")
        assert not failed and len(rows) == 3
        failed, text = ads.call("run_gaql", user_email=user, customer_id=CUSTOMER, query="DELETE")
        assert failed and text.endswith("Google Ads answers 400: Error in query: unexpected input.")
    with connect("analytics") as analytics:
        report = {"property_id": "4711", "metrics": ["activeUsers"], "dimensions": ["country"]}
        assert analytics.call("run_report", user_email=user, **report) == (
            False,
            [{"country": "Germany", "activeUsers": "31"}, {"country": "France", "activeUsers": "12"}],
        )


def test_200_calls_on_one_expired_token_are_one_renewal(gateway, provider, apis, tmp_path, user):
    """G1: two servers, so that the gateway, not only the client, has to join them."""
    connect_expired(gateway, provider, user)
    before = provider.requests("token:refresh_token")
    environ = environment(gateway, apis)
    servers = [HttpServer(name, environ, tmp_path) for name in ("ads", "analytics")]
    try:
        with Session(servers[0].url) as ads, Session(servers[1].url) as analytics:
            calls = [ads.start("list_accounts", user_email=user) for _ in range(100)]
            calls += [analytics.start("list_properties", user_email=user) for _ in range(100)]
            results = [call.result(90) for call in calls]
    finally:
        for server in servers:
            server.stop()
    assert results == [(False, FIRST_TOOL["ads"][1])] * 100 + [(False, FIRST_TOOL["analytics"][1])] * 100
    assert provider.requests("token:refresh_token") == before + 1


def test_gateway_that_restarts_is_waited_for(request, tmp_path_factory, sandbox, user):
    installation = make_installation(request, tmp_path_factory, sandbox, "sqlite")
    apis = GoogleApis(installation.providers["google"])
    first = installation.start()
    first.connect("google", user, scopes=SCOPES)
    with Session(over_stdio("ads", environment(first, apis))) as session:
        failed, _ = session.call("list_accounts", user_email="somebody-else@example.com")
        assert failed, "the server is up, and has no token in memory"
        assert first.stop() == 0
        call = session.start("list_accounts", user_email=user)
        second = installation.start(port=first.port)
        assert call.result(60) == (False, FIRST_TOOL["ads"][1])
    assert second.stop() == 0
    apis.stop()


def test_refused_key_is_a_sentence_for_the_operator(gateway, apis, user):
    with Session(over_stdio("ads", environment(gateway, apis, key="x" * 40))) as session:
        failed, text = session.call("list_accounts", user_email=user)
    assert failed and "AUTH_GATEWAY_API_KEY" in text and "Traceback" not in text


@pytest.mark.parametrize("server", ["ads", "analytics"])
def test_inspector_gets_the_link_and_then_the_result(gateway, apis, browser, server, user):
    tool, expected = FIRST_TOOL[server]
    environ = environment(gateway, apis)

    def inspect():
        command = [f"{NODE}/mcp-inspector/node_modules/.bin/mcp-inspector", "--cli"]
        for name in sorted(set(environ) - {"PATH", "LANG", "HOME"}):
            command += ["-e", f"{name}={environ[name]}"]
        command += [sys.executable, str(SERVERS[server])]
        command += ["--method", "tools/call", "--tool-name", tool, "--tool-arg", f"user_email={user}"]
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL
        ).stdout

    (part,) = json.loads(inspect())["content"]
    consent(browser, link_in(part["text"]), user)
    assert json.loads(inspect())["structuredContent"] == {"result": expected}
