"""The sandbox keeps the promises that the other tests build on."""

import base64
import hashlib
import json
import secrets
import ssl
import threading
import time

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of, with_query

CALLBACK = "http://127.0.0.1:9/callback"


def encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Client:
    """A plain OAuth client of one provider."""

    def __init__(self, provider):
        self.provider = provider
        self.verifier = secrets.token_urlsafe(48)
        self.state = secrets.token_urlsafe(8)
        self.nonce = secrets.token_urlsafe(8)

    def auth_url(self, **changes):
        url = f"{self.provider.url}/authorize?response_type=code"
        return with_query(
            url,
            **{
                "client_id": CLIENT_ID,
                "redirect_uri": CALLBACK,
                "scope": "openid email",
                "state": self.state,
                "nonce": self.nonce,
                "code_challenge": encoded(hashlib.sha256(self.verifier.encode()).digest()),
                "code_challenge_method": "S256",
                **changes,
            },
        )

    def code(self, account="alice@example.com", **changes):
        return query_of(decide(self.auth_url(**changes), account))["code"]

    def post(self, path, auth=(CLIENT_ID, CLIENT_SECRET), **form):
        return httpx.post(f"{self.provider.url}/{path}", data=form, auth=auth)

    def exchange(self, code, **changes):
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier, **changes}
        return self.post("token", grant_type="authorization_code", **form)

    def tokens(self, account="alice@example.com"):
        answer = self.exchange(self.code(account))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self, token, **extra):
        return self.post("token", grant_type="refresh_token", refresh_token=token, **extra)

    def userinfo(self, access_token):
        return httpx.get(f"{self.provider.url}/userinfo", headers={"Authorization": f"Bearer {access_token}"})


@pytest.fixture
def provider(sandbox):
    return sandbox.provider()


@pytest.fixture
def client(provider):
    return Client(provider)


def refused(answer, code):
    return answer.status_code == 400 and answer.json()["error"] == code


def test_discovery_names_the_endpoints_by_the_address_that_was_asked(sandbox, provider):
    metadata = httpx.get(f"{provider.url}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == provider.url
    assert metadata["token_endpoint"] == f"{provider.url}/token"
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    secure = httpx.get(
        f"{sandbox.https_url}/.well-known/openid-configuration",
        verify=ssl.create_default_context(cafile=str(sandbox.certificate)),
    ).json()
    assert secure["issuer"] == sandbox.https_url


def test_https_certificate_is_not_trusted_by_others(sandbox):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(sandbox.https_url)


def test_id_token_is_signed_and_says_who_consented(client):
    answer = client.tokens("carol@example.com")
    head, claims, signature = answer["id_token"].split(".")
    key = httpx.get(f"{client.provider.url}/jwks").json()["keys"][0]
    assert json.loads(decoded(head)) == {"alg": "RS256", "kid": key["kid"], "typ": "JWT"}
    numbers = [int.from_bytes(decoded(key[name]), "big") for name in ("e", "n")]
    rsa.RSAPublicNumbers(*numbers).public_key().verify(
        decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    claims = json.loads(decoded(claims))
    assert claims["iss"] == client.provider.url and claims["aud"] == CLIENT_ID and claims["nonce"] == client.nonce
    assert claims["email"] == "carol@example.com" and claims["email_verified"] is False
    info = client.userinfo(answer["access_token"]).json()
    assert (info["sub"], info["email"]) == (claims["sub"], claims["email"])


def test_code_works_once_and_a_second_use_revokes_what_it_gave(client):
    code = client.code()
    tokens = client.exchange(code).json()
    assert refused(client.exchange(code), "invalid_grant")
    assert client.userinfo(tokens["access_token"]).status_code == 401
    assert refused(client.refresh(tokens["refresh_token"]), "invalid_grant")
    assert client.provider.ledger()["code_replays"] == 1


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": CALLBACK + "/"}, {"code": "code-unknown"}],
)
def test_exchange_that_does_not_fit_the_request_is_refused(client, changes):
    assert refused(client.exchange(**{"code": client.code(), **changes}), "invalid_grant")


def test_code_expires(sandbox, client):
    client.provider.configure(code_ttl=1)
    code = client.code()
    time.sleep(1.1)
    assert refused(client.exchange(code), "invalid_grant")


@pytest.mark.parametrize("changes", [{"code_challenge": None}, {"code_challenge_method": "plain"}])
def test_authorization_needs_pkce_with_s256(client, changes):
    answer = query_of(decide(client.auth_url(**changes), "alice@example.com"))
    assert answer["error"] == "invalid_request" and "code" not in answer


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"redirect_uri": "http://user@127.0.0.1/"},
    ],
)
def test_nothing_is_redirected_to_an_address_that_is_not_the_clients(client, changes):
    answer = httpx.post(client.auth_url(**changes), data={"account": "alice@example.com", "decision": "allow"})
    assert answer.status_code == 400 and "location" not in answer.headers


def test_denied_consent_gives_an_error_and_no_code(client):
    answer = query_of(decide(client.auth_url(), "alice@example.com", "deny"))
    assert answer["error"] == "access_denied" and answer["state"] == client.state and "code" not in answer


def test_client_must_authenticate_in_one_way(client):
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    wrong = client.post("token", auth=(CLIENT_ID, "wrong"), **form)
    assert wrong.status_code == 401 and wrong.json()["error"] == "invalid_client"
    assert "www-authenticate" in wrong.headers
    assert client.post("token", auth=None, **form).status_code == 401
    assert refused(client.post("token", **form, client_id=CLIENT_ID, client_secret=CLIENT_SECRET), "invalid_request")
    in_form = client.post("token", auth=None, **form, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    assert refused(in_form, "invalid_grant")


def test_repeated_parameters_are_refused(client):
    body = "grant_type=refresh_token&refresh_token=a&refresh_token=b"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{client.provider.url}/token", content=body, headers=headers, auth=(CLIENT_ID, CLIENT_SECRET))
    assert refused(answer, "invalid_request")


def test_rotation_always_refuses_the_old_refresh_token_and_keeps_the_new_one(client):
    client.provider.configure(rotation="always")
    old = client.tokens()["refresh_token"]
    new = client.refresh(old).json()["refresh_token"]
    assert refused(client.refresh(old), "invalid_grant")
    assert client.refresh(new).status_code == 200
    assert client.provider.ledger()["reuse"] == 1


def test_reuse_revokes_the_family_where_the_policy_says_so(client):
    client.provider.configure(rotation="always_revoke_family")
    old = client.tokens()["refresh_token"]
    newest = client.refresh(old).json()
    assert refused(client.refresh(old), "invalid_grant")
    assert refused(client.refresh(newest["refresh_token"]), "invalid_grant")
    assert client.userinfo(newest["access_token"]).status_code == 401
    assert client.provider.living("refresh") == []


def test_rotation_never_keeps_the_refresh_token(client):
    client.provider.configure(rotation="never")
    token = client.tokens()["refresh_token"]
    answers = [client.refresh(token).json() for _ in range(3)]
    assert all("refresh_token" not in answer for answer in answers)
    assert client.provider.tokens("refresh")[0]["uses"] == 3
    assert client.provider.ledger()["reuse"] == 0


def test_grace_lets_the_old_refresh_token_work_for_a_while(sandbox, client):
    client.provider.configure(rotation="grace", grace_seconds=1)
    old = client.tokens()["refresh_token"]
    assert [client.refresh(old).status_code for _ in range(2)] == [200, 200]
    time.sleep(2.1)
    assert refused(client.refresh(old), "invalid_grant")
    assert (client.provider.ledger()["reuse"], client.provider.ledger()["reuse_in_grace"]) == (2, 1)


def test_refresh_may_narrow_scopes_and_not_widen_them(client):
    token = client.tokens()["refresh_token"]
    assert refused(client.refresh(token, scope="openid admin"), "invalid_scope")
    assert client.refresh(token, scope="openid").json()["scope"] == "openid"


def test_revocation_ends_the_whole_family_and_is_silent_about_strangers(client):
    tokens = client.tokens()
    client.refresh(tokens["refresh_token"])
    assert client.post("revoke", token=tokens["access_token"]).status_code == 200
    assert client.provider.living("refresh") == [] and client.provider.living("access") == []
    assert client.post("revoke", token="never-seen").status_code == 200


def test_revocation_can_end_all_that_an_account_gave(client):
    client.provider.configure(revocation_ends="account")
    first, second = client.tokens(), client.tokens()
    other = client.tokens("bob@example.com")
    client.post("revoke", token=first["refresh_token"])
    assert client.userinfo(second["access_token"]).status_code == 401
    assert client.userinfo(other["access_token"]).status_code == 200


def test_revocation_may_do_without_the_clients_proof(client):
    tokens = client.tokens()
    assert client.post("revoke", auth=None, token=tokens["access_token"]).status_code == 401
    client.provider.configure(revocation_auth=False)
    assert client.post("revoke", auth=None, token=tokens["access_token"]).status_code == 200
    assert client.provider.living("refresh") == []


@pytest.mark.parametrize(
    "policy, seen",
    [
        ({"access_ttl": 60}, 60),
        ({"access_ttl": 60, "expires_in": "text"}, "60"),
        ({"expires_in": "absent"}, None),
        ({"access_ttl": 0}, None),
    ],
)
def test_expires_in_is_told_as_the_policy_says(client, policy, seen):
    client.provider.configure(**policy)
    assert client.tokens().get("expires_in") == seen


def test_policy_leaves_out_what_it_says(client):
    client.provider.configure(id_token=False, refresh_token=False, scope_in_answer=False, callback_iss=False)
    location = query_of(decide(client.auth_url(), "alice@example.com"))
    assert "iss" not in location
    assert set(client.exchange(location["code"]).json()) == {"access_token", "token_type", "expires_in"}


def test_granted_scopes_limit_what_was_asked_for(client):
    client.provider.configure(granted_scopes=["openid"])
    assert client.tokens()["scope"] == "openid"


def test_claims_can_be_changed_and_removed(client):
    client.provider.configure(userinfo_claims={"email": None, "sub": "other"})
    info = client.userinfo(client.tokens()["access_token"]).json()
    assert info["sub"] == "other" and "email" not in info


def test_shifted_clock_ends_tokens(sandbox, client):
    tokens = client.tokens()
    sandbox.shift_clock(3601)
    try:
        assert client.userinfo(tokens["access_token"]).status_code == 401
        assert client.provider.tokens("access")[0]["state"] == "expired"
    finally:
        sandbox.shift_clock(0)


def test_withdrawn_consent_kills_the_accounts_tokens_only(client):
    alice, bob = client.tokens("alice@example.com"), client.tokens("bob@example.com")
    assert client.provider.withdraw("alice@example.com") == 1
    assert refused(client.refresh(alice["refresh_token"]), "invalid_grant")
    assert client.refresh(bob["refresh_token"]).status_code == 200


def test_error_fault_takes_no_effect_and_happens_as_often_as_asked(client):
    token = client.tokens()["refresh_token"]
    client.provider.fault(times=2, status=503, body="<html>busy</html>", headers={"Retry-After": "7"})
    answers = [client.refresh(token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "7" and answers[0].text == "<html>busy</html>"
    assert client.provider.ledger()["reuse"] == 0


def test_fault_can_wait_for_one_grant_type(client):
    client.provider.fault(grant_type="refresh_token", status=500)
    token = client.tokens()["refresh_token"]
    assert client.refresh(token).status_code == 500


def test_held_answer_has_taken_effect_and_comes_after_release(client):
    token = client.tokens()["refresh_token"]
    client.provider.fault(hold=True)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(client.refresh(token)))
    caller.start()
    client.provider.wait_until_held()
    assert client.provider.tokens("refresh")[0]["state"] == "spent" and answers == []
    assert client.provider.release() == 1
    caller.join(10)
    assert answers[0].status_code == 200


def test_cut_raw_and_reset_answers_break_the_connection(client):
    token = client.tokens()["refresh_token"]
    client.provider.fault(cut_at=10)
    client.provider.fault(raw="")
    client.provider.fault(reset=True)
    for _ in range(3):
        with pytest.raises(httpx.TransportError):
            client.refresh(token)


def test_dripping_answer_is_slow_and_whole(client):
    token = client.tokens()["refresh_token"]
    client.provider.fault(drip_ms=1)
    began = time.monotonic()
    assert client.refresh(token).status_code == 200
    assert time.monotonic() - began > 0.3


@pytest.mark.parametrize(
    "path, body, field",
    [
        ("", {"rotation": "sometimes"}, "rotation"),
        ("", {"acces_ttl": 5}, "acces_ttl"),
        ("", {"access_ttl": "5"}, "access_ttl"),
        ("/faults", {"endpoint": "nowhere"}, "endpoint"),
        ("/faults", {"endpoint": "token", "times": 0}, "times"),
    ],
)
def test_control_api_names_the_field_that_is_wrong(provider, path, body, field):
    call = provider.sandbox.http.post if path else provider.sandbox.http.put
    answer = call(provider.control + path, json=body)
    assert answer.status_code == 400 and field in answer.json()["error_description"]


def test_control_api_is_closed_to_browsers_of_other_sites(provider):
    text = provider.sandbox.http.post("/_control/reset", content="{}", headers={"Content-Type": "text/plain"})
    rebound = provider.sandbox.http.get(f"{provider.control}/ledger", headers={"Host": "evil.example"})
    assert (text.status_code, rebound.status_code) == (400, 403)


def test_consent_page_escapes_what_it_shows_and_allows_nothing_but_its_style(client):
    page = httpx.get(client.auth_url(scope="<script>alert(1)</script>", login_hint='"><img src=x>'))
    assert "<script" not in page.text and "<img" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_page_offers_the_hinted_account_and_takes_a_typed_one(client):
    page = httpx.get(client.auth_url(login_hint="dave@example.org"))
    assert 'value="dave@example.org" checked' in page.text
    form = {"account": "alice@example.com", "other": "erin@example.org", "decision": "allow"}
    answer = httpx.post(client.auth_url(), data=form)
    tokens = client.exchange(query_of(answer.headers["location"])["code"]).json()
    assert client.userinfo(tokens["access_token"]).json()["email"] == "erin@example.org"
