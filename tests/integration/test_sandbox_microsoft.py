"""The sandbox plays Microsoft: tenants, refresh tokens that multiply, an administrator's consent."""

import json

import httpx
import pytest

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of
from test_sandbox import decoded

CALLBACK = "http://127.0.0.1:9/callback"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"
SCOPES = "openid profile email offline_access User.Read"


@pytest.fixture
def microsoft(sandbox):
    return sandbox.provider("microsoft", plays="microsoft")


def token(microsoft, tenant="common", headers=None, **form):
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    form = {name: value for name, value in form.items() if value}
    return httpx.post(f"{microsoft.url}/{tenant}/oauth2/v2.0/token", data=form, headers=headers)


def auth_url(microsoft, tenant="common", scope=SCOPES, extra=""):
    url = f"{microsoft.url}/{tenant}/oauth2/v2.0/authorize?response_type=code&client_id={CLIENT_ID}"
    return f"{url}&redirect_uri={CALLBACK}&state=s&scope={scope.replace(' ', '+')}{extra}"


def sign_in(microsoft, tenant="common", scope=SCOPES, **choices):
    code = query_of(decide(auth_url(microsoft, tenant, scope), "alice@example.com", **choices))["code"]
    answer = token(microsoft, tenant, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.text
    return answer.json()


def claims(jwt):
    return json.loads(decoded(jwt.split(".")[1]))


def refresh(microsoft, text):
    return token(microsoft, grant_type="refresh_token", refresh_token=text)


def test_answer_leaves_offline_access_out_and_needs_it_for_a_refresh_token(microsoft):
    answer = sign_in(microsoft)
    assert answer["scope"] == "openid profile email User.Read" and answer["ext_expires_in"] == answer["expires_in"]
    assert "refresh_token" not in sign_in(microsoft, scope="openid")


def test_account_is_of_the_tenant_that_its_token_names(microsoft):
    acme, globex = (claims(sign_in(microsoft, organisation=name)["id_token"]) for name in ("acme", "globex"))
    assert acme["iss"] == f"{microsoft.url}/{acme['tid']}/v2.0" and acme["tid"] != globex["tid"]
    assert acme["oid"] != globex["oid"] and acme["xms_edov"] is True
    assert claims(sign_in(microsoft, "consumers")["id_token"])["tid"] == PERSONAL
    assert claims(sign_in(microsoft, acme["tid"])["id_token"])["tid"] == acme["tid"]
    foreign = httpx.post(
        auth_url(microsoft, acme["tid"]),
        data={"account": "alice@example.com", "decision": "allow", "organisation": "globex"},
    )
    assert foreign.status_code == 400
    issuer = httpx.get(f"{microsoft.url}/common/v2.0/.well-known/openid-configuration").json()["issuer"]
    assert issuer == f"{microsoft.url}/{{tenantid}}/v2.0"


def test_old_refresh_tokens_stay(microsoft):
    first = sign_in(microsoft)["refresh_token"]
    second = refresh(microsoft, first).json()["refresh_token"]
    assert first != second and refresh(microsoft, first).status_code == refresh(microsoft, second).status_code == 200


@pytest.mark.parametrize(
    "changes, status, error, number",
    [({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
     ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
     ({"refresh_token": "unknown"}, 400, "invalid_grant", 70000),
     ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003)],
)  # fmt: skip
def test_errors_have_words_and_numbers(microsoft, changes, status, error, number):
    answer = token(microsoft, **{"grant_type": "refresh_token", "refresh_token": "x", **changes})
    told = answer.json()
    assert (answer.status_code, told["error"], told["error_codes"]) == (status, error, [number])
    assert told["error_description"].startswith(f"AADSTS{number}: ") and told["trace_id"] and told["correlation_id"]


def test_browsers_are_not_given_tokens_for_a_secret(microsoft):
    answer = token(microsoft, headers={"Origin": "https://x.example"}, grant_type="refresh_token", refresh_token="x")
    assert answer.json()["error_codes"] == [9002326]


def test_withdrawal_ends_refresh_tokens_while_access_tokens_live(microsoft):
    answer = sign_in(microsoft)
    assert microsoft.happen("withdraw", account="alice@example.com") == []
    assert refresh(microsoft, answer["refresh_token"]).json()["error"] == "invalid_grant"
    me = httpx.get(f"{microsoft.url}/graph/v1.0/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert me.json()["id"] == claims(answer["id_token"])["oid"]


def test_app_gets_a_token_where_an_administrator_let_it_in(microsoft):
    url = f"{microsoft.url}/organizations/v2.0/adminconsent?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s"
    back = query_of(decide(f"{url}&scope=x/.default", "alice@example.com", organisation="globex"))
    assert back["admin_consent"] == "True" and back["state"] == "s" and "code" not in back
    ask = lambda tenant: token(microsoft, tenant, grant_type="client_credentials", scope="x/.default")  # noqa: E731
    assert ask(back["tenant"]).json()["access_token"] in microsoft.living("access")
    assert ask("acme.onmicrosoft.com").json()["error"] == "unauthorized_client"
    microsoft.happen("uninstall", organisation="globex")
    assert ask(back["tenant"]).json()["error"] == "unauthorized_client"
    denied = query_of(decide(url, "alice@example.com", "deny"))
    assert denied["error"] == "access_denied" and denied["error_description"].startswith("AADSTS65004")


def test_form_post_sends_the_code_in_a_form(microsoft):
    page = httpx.post(
        auth_url(microsoft, extra="&response_mode=form_post"),
        data={"account": "alice@example.com", "decision": "allow"},
    )
    assert page.status_code == 200 and f'action="{CALLBACK}"' in page.text and 'name="code"' in page.text


def test_device_needs_no_secret(microsoft):
    start = httpx.post(
        f"{microsoft.url}/common/oauth2/v2.0/devicecode", data={"client_id": CLIENT_ID, "scope": SCOPES}
    ).json()
    assert start["user_code"] in start["message"]
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    poll = lambda: token(microsoft, client_secret="", grant_type=grant, device_code=start["device_code"])  # noqa: E731
    assert poll().json()["error"] == "authorization_pending"
    form = {"user_code": start["user_code"], "decision": "allow", "account": "alice@example.com"}
    httpx.post(start["verification_uri"], data=form)
    microsoft.sandbox.shift_clock(60)
    try:
        assert poll().json()["refresh_token"] in microsoft.living("refresh")
    finally:
        microsoft.sandbox.shift_clock(0)
