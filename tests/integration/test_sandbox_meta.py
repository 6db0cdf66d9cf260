"""The sandbox plays Meta: tokens that are extended while they live, and proof that it is the app who calls."""

import hashlib
import hmac
import json

import httpx
import pytest

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of
from rig.webhooks import Listener
from test_sandbox import decoded

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def meta(sandbox):
    return sandbox.provider("meta", plays="meta")


def graph(meta, method, path, token=None, **query):
    if token:
        proof = hmac.new(CLIENT_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        query = {"access_token": token, "appsecret_proof": proof, **query}
    return httpx.request(method, f"{meta.url}/graph/v25.0{path}", params=query)


def ask(meta, **query):
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **query}
    return graph(meta, "GET", "/oauth/access_token", **client)


def extend(meta, token):
    return ask(meta, grant_type="fb_exchange_token", fb_exchange_token=token)


def sign_in(meta, account="alice@example.com", scope="email,pages_show_list", **choices):
    url = f"{meta.url}/v25.0/dialog/oauth?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s&scope={scope}"
    address = decide(url, account, **choices)
    assert address.endswith("#_=_")
    return ask(meta, code=query_of(address)["code"], redirect_uri=CALLBACK).json()["access_token"]


def test_short_token_is_exchanged_for_a_long_one_and_lives_on(meta):
    short = sign_in(meta)
    answer = extend(meta, short).json()
    assert answer["expires_in"] == 5183944 and "refresh_token" not in answer and "scope" not in answer
    assert {short, answer["access_token"]} <= set(meta.living("access"))


def test_expired_token_cannot_be_extended(meta):
    short = sign_in(meta)
    meta.sandbox.shift_clock(6000)
    try:
        error = extend(meta, short).json()["error"]
    finally:
        meta.sandbox.shift_clock(0)
    assert (error["code"], error["error_subcode"], error["type"]) == (190, 463, "OAuthException")


def test_app_proves_itself_with_each_call(meta):
    token = sign_in(meta)
    me = graph(meta, "GET", "/me", token, fields="id,email").json()
    assert me["email"] == "alice@example.com"
    assert graph(meta, "GET", "/me", access_token=token).json()["error"]["code"] == 100
    assert graph(meta, "GET", "/me", token, appsecret_proof="0" * 64).json()["error"]["code"] == 100
    facts = graph(meta, "GET", "/debug_token", input_token=token, access_token=f"{CLIENT_ID}|{CLIENT_SECRET}").json()
    assert (facts["data"]["app_id"], facts["data"]["user_id"]) == (CLIENT_ID, me["id"])


def test_declined_permission_is_listed_and_missing(meta):
    url = f"{meta.url}/v25.0/dialog/oauth?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s&scope=email"
    code = query_of(decide(url, "alice@example.com", scopes_chosen="yes"))["code"]
    token = ask(meta, code=code, redirect_uri=CALLBACK).json()["access_token"]
    listed = graph(meta, "GET", "/me/permissions", token).json()["data"]
    assert {"permission": "email", "status": "declined"} in listed
    assert "email" not in graph(meta, "GET", "/me", token, fields="id,email").json()


def test_each_page_has_a_token_of_its_own(meta):
    pages = graph(meta, "GET", "/me/accounts", sign_in(meta)).json()["data"]
    assert len({page["access_token"] for page in pages}) == 2


def test_removal_ends_every_token_of_the_person(meta):
    tokens = [sign_in(meta), sign_in(meta)]
    assert graph(meta, "DELETE", "/me/permissions", tokens[0]).json() == {"success": True}
    assert meta.living("access") == []
    assert graph(meta, "GET", "/me", tokens[1]).json()["error"]["error_subcode"] == 458


def test_used_code_and_wrong_secret_have_numbers(meta):
    assert ask(meta, code="unknown", redirect_uri=CALLBACK).json()["error"]["code"] == 100
    assert ask(meta, client_secret="wrong").json()["error"]["code"] == 101


def test_person_who_says_no_is_told_in_metas_words(meta):
    url = f"{meta.url}/v25.0/dialog/oauth?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s&scope=email"
    back = query_of(decide(url, "alice@example.com", "deny"))
    assert (back["error"], back["error_reason"], back["error_code"]) == ("access_denied", "user_denied", "200")


def test_removal_is_told_by_a_signed_request(meta):
    person = graph(meta, "GET", "/me", sign_in(meta)).json()["id"]
    with Listener() as listener:
        meta.configure(webhook_url=listener.url)
        meta.happen("withdraw", account="alice@example.com")
    [(_, body)] = listener.got
    signature, payload = query_of(f"?{body.decode()}")["signed_request"].split(".")
    assert decoded(signature) == hmac.new(CLIENT_SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    claims = json.loads(decoded(payload))
    assert (claims["algorithm"], claims["user_id"]) == ("HMAC-SHA256", person)
    assert meta.living("access") == []
