"""A3, A4, A5, A7, A10, D8: the address that the browser comes back with is an attacker's text until proven."""

import collections
import concurrent.futures

import pytest

from rig.gateway import oauth2_entry
from rig.sandbox import decide, query_of, with_query

COPIES = 200


def providers(sandbox):
    def entry(**options):
        provider = sandbox.provider("state")
        return provider, oauth2_entry(provider, options=options)

    return {"first": entry(), "second": entry(), "announcing": entry(issuer_in_callback=True)}


def finished(gateway, name, user):
    """A flow and the address that its browser would open next."""
    flow = gateway.init(name, user)
    return flow, decide(flow["auth_url"], user)


def refused(page):
    return page.status_code == 400 and "Authentication Successful" not in page.text


def test_state_is_random_and_pkce_is_always_s256(gateway, user):
    queries = [query_of(gateway.init("first", user)["auth_url"]) for _ in range(20)]
    for name in ("state", "code_challenge", "nonce"):
        assert len({query[name] for query in queries}) == 20
    assert all(len(query["state"]) >= 22 for query in queries), "128 bits at least"
    assert {query["code_challenge_method"] for query in queries} == {"S256"}


def test_replayed_callback_is_refused_and_the_grant_stays(gateway, installation, user):
    provider = installation.providers["first"]
    _, url = finished(gateway, "first", user)
    before = provider.requests("token")
    assert gateway.callback(url).status_code == 200
    assert refused(gateway.callback(url))
    assert provider.requests("token") == before + 1
    assert gateway.access_token("first", user) in provider.living("access", user)


def test_concurrent_copies_of_a_callback_ask_the_provider_once(replicas, shared_installation, user):
    provider = shared_installation.providers["first"]
    flow, url = finished(replicas[0], "first", user)
    addresses = [url.replace(replicas[0].url, replicas[number % 2].url) for number in range(COPIES)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        pages = list(pool.map(replicas[0].callback, addresses))
    assert collections.Counter(page.status_code for page in pages) == {200: 1, 400: COPIES - 1}
    assert provider.requests("token") == 1 and provider.ledger()["code_replays"] == 0
    assert replicas[1].status(flow)["status"] == "completed"


def test_state_of_one_provider_is_refused_at_anothers_path(gateway, installation, user):
    first, second = installation.providers["first"], installation.providers["second"]
    before = first.requests("token"), second.requests("token")
    _, url = finished(gateway, "first", user)
    assert refused(gateway.callback(url.replace("/callback/first", "/callback/second")))
    assert (first.requests("token"), second.requests("token")) == before


def test_paths_differ_by_provider(gateway, user):
    uris = {query_of(gateway.init(name, user)["auth_url"])["redirect_uri"] for name in ("first", "second")}
    assert uris == {f"{gateway.url}/auth/callback/first", f"{gateway.url}/auth/callback/second"}


@pytest.mark.parametrize("issuer", ["other", "slash", "case"])
def test_wrong_issuer_is_refused_before_the_provider_is_asked(gateway, installation, user, issuer):
    provider = installation.providers["first"]
    own = provider.url
    wrong = {"other": installation.providers["second"].url, "slash": own + "/", "case": own.upper()}[issuer]
    _, url = finished(gateway, "first", user)
    before = provider.requests("token")
    page = gateway.callback(with_query(url, iss=wrong))
    assert refused(page) and wrong not in page.text
    assert provider.requests("token") == before


def test_missing_issuer_is_refused_where_the_provider_announces_it(gateway, installation, user):
    provider = installation.providers["announcing"]
    _, url = finished(gateway, "announcing", user)
    assert refused(gateway.callback(with_query(url, iss=None)))
    assert provider.requests("token") == 0


def test_missing_issuer_is_fine_where_nothing_is_announced(gateway, user):
    _, url = finished(gateway, "first", user)
    assert gateway.callback(with_query(url, iss=None)).status_code == 200


def test_error_with_a_wrong_issuer_is_not_shown(gateway, user):
    flow = gateway.init("first", user)
    state = query_of(flow["auth_url"])["state"]
    url = f"{gateway.url}/auth/callback/first?error=access_denied&error_description=call+us&state={state}&iss=http://evil.example"
    page = gateway.callback(url)
    assert refused(page) and "call us" not in page.text and "evil.example" not in page.text


def test_injected_code_does_not_fit_the_verifier(gateway, installation, user):
    provider = installation.providers["first"]
    _, attackers = finished(gateway, "first", "mallory@example.com")
    flow, victims = finished(gateway, "first", user)
    page = gateway.callback(with_query(victims, code=query_of(attackers)["code"]))
    assert "Authentication Successful" not in page.text
    assert gateway.token("first", user).json()["error"] == "not_authenticated"
    assert gateway.status(flow)["status"] == "failed"
    assert refused(gateway.callback(victims)), "the state is spent"
    assert provider.living("access", "mallory@example.com") == []


def test_expired_flow_is_refused(gateway, installation, user):
    provider = installation.providers["second"]
    flow, url = finished(gateway, "second", user)
    before = provider.requests("token")
    age(gateway.database, flow["session_id"])
    assert gateway.status(flow) == {"status": "failed", "session_id": flow["session_id"], "error": "Session expired"}
    assert refused(gateway.callback(url))
    assert provider.requests("token") == before


def age(database, session):
    """Lets the flow's time run out, as the clock would."""
    sql = f"UPDATE oauth_sessions SET expires_at = expires_at - 3600000 WHERE id = '{session}'"
    assert database.change(sql) == 1


@pytest.mark.parametrize("query", ["", "state=unknown&code=x", "code=x", "state=a&state=b&code=x", "state=a&code=x&code=y"])
def test_callback_that_nobody_asked_for_is_refused(gateway, query):
    page = gateway.callback(f"{gateway.url}/auth/callback/first?{query}")
    assert refused(page) and page.headers["content-type"] == "text/html; charset=utf-8"


def test_script_in_any_parameter_stays_text(gateway, user):
    flow = gateway.init("first", user)
    state = query_of(flow["auth_url"])["state"]
    payload = '"><script>alert(1)</script>'
    url = with_query(f"{gateway.url}/auth/callback/first", state=state, error=payload, error_description=payload)
    page = gateway.callback(url)
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-store"
