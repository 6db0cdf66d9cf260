"""The sandbox plays GitHub: an app's tokens, installations and webhooks."""

import hashlib
import hmac
import json
import time

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from rig.sandbox import CLIENT_ID, CLIENT_SECRET, decide, query_of
from rig.webhooks import Listener
from test_sandbox import encoded

CALLBACK = "http://127.0.0.1:9/callback"
JSON = {"Accept": "application/json"}
BASIC = (CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def github(sandbox):
    return sandbox.provider("github", plays="github", installed_url=CALLBACK)


def exchange(github, headers=JSON, **form):
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
    return httpx.post(f"{github.url}/login/oauth/access_token", data=form, headers=headers)


def sign_in(github, account="alice@example.com"):
    url = f"{github.url}/login/oauth/authorize?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=s&scope=repo"
    back = query_of(decide(url, account))
    assert back["iss"] == f"{github.url}/login/oauth" and back["state"] == "s"
    return exchange(github, code=back["code"], redirect_uri=CALLBACK).json()


def api(github, method, path, token=None, **extra):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.request(method, f"{github.url}/api/v3{path}", headers=headers, **extra)


def app_jwt(github, **claims):
    key = serialization.load_pem_private_key(github.app()["private_key"].encode(), None)
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 540, "iss": CLIENT_ID, **claims}
    text = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return f"{text}.{encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def install(github, account="alice@example.com", organisation="acme", **choices):
    url = f"{github.url}/apps/sandbox-app/installations/new?state=s"
    return query_of(decide(url, account, organisation=organisation, **choices))


def mint(github, installation, **body):
    return api(github, "POST", f"/app/installations/{installation}/access_tokens", app_jwt(github), json=body)


def test_answers_are_forms_unless_json_is_asked_for_and_errors_have_status_200(github):
    assert sign_in(github)["access_token"].startswith("ghu_")
    plain = exchange(github, headers={}, code="0" * 20)
    assert plain.status_code == 200 and plain.text.startswith("error=bad_verification_code&")
    assert exchange(github, client_secret="wrong").json()["error"] == "incorrect_client_credentials"


def test_refresh_ends_the_old_pair_at_once(github):
    old = sign_in(github)
    assert (old["expires_in"], old["refresh_token_expires_in"], old["scope"]) == (28800, 15897600, "")
    new = exchange(github, grant_type="refresh_token", refresh_token=old["refresh_token"]).json()
    assert api(github, "GET", "/user", old["access_token"]).json()["message"] == "Bad credentials"
    assert api(github, "GET", "/user", new["access_token"]).json()["login"] == "alice"
    again = exchange(github, grant_type="refresh_token", refresh_token=old["refresh_token"])
    assert again.json()["error"] == "bad_refresh_token"


def test_revocation_ends_one_token_or_the_grant(github):
    first, second = sign_in(github), sign_in(github)
    for what, token in (("token", first), ("grant", second)):
        body = json.dumps({"access_token": token["access_token"]})
        path = f"{github.url}/api/v3/applications/{CLIENT_ID}/{what}"
        answers = [httpx.request("DELETE", path, content=body, auth=BASIC).status_code for _ in range(2)]
        assert answers == [204, 404]
    assert github.living("refresh") == []


def test_installation_id_is_listed_for_whoever_installed_it_only(github):
    back = install(github)
    assert back["setup_action"] == "install" and back["state"] == "s"
    person = exchange(github, code=back["code"]).json()["access_token"]
    listed = api(github, "GET", "/user/installations", person).json()["installations"]
    assert [str(one["id"]) for one in listed] == [back["installation_id"]]
    assert listed[0]["account"]["login"] == "acme"
    stranger = sign_in(github, "mallory@example.com")["access_token"]
    assert api(github, "GET", "/user/installations", stranger).json()["total_count"] == 0
    assert install(github)["setup_action"] == "update"
    assert install(github, decision="request", organisation="globex").keys() == {"setup_action", "state"}


@pytest.mark.parametrize("claims", [{"iat": 2**33}, {"exp": 1}, {"exp": 2**33}, {"iss": "somebody"}])
def test_app_must_sign_what_is_true_now(github, claims):
    assert api(github, "GET", "/app", app_jwt(github)).json()["slug"] == "sandbox-app"
    assert api(github, "GET", "/app", app_jwt(github, **claims)).status_code == 401
    assert api(github, "GET", "/app", app_jwt(github)[:-4] + "AAAA").status_code == 401


def test_installation_token_is_narrowed_and_ends_with_the_installation(github):
    installation = install(github)["installation_id"]
    answer = mint(github, installation, repositories=["api"], permissions={"contents": "read"})
    assert answer.status_code == 201 and answer.json()["permissions"] == {"contents": "read"}
    token = answer.json()["token"]
    assert token.startswith("ghs_100001_") and len(token) > 300
    assert api(github, "GET", "/installation/repositories", token).json()["repositories"][0]["name"] == "api"
    assert mint(github, installation, permissions={"contents": "write"}).status_code == 422
    assert mint(github, installation, repositories=["nowhere"]).status_code == 422
    github.happen("suspend", organisation="acme")
    assert mint(github, installation).status_code == 403
    assert api(github, "GET", "/installation/repositories", token).status_code == 401
    github.happen("uninstall", organisation="acme")
    assert mint(github, installation).status_code == 404


def test_webhooks_are_signed_and_name_the_installation(github):
    installation = install(github)["installation_id"]
    sign_in(github)
    with Listener() as listener:
        github.configure(webhook_url=listener.url)
        for event in ("suspend", "unsuspend", "new_permissions_accepted", "uninstall"):
            assert github.happen(event, organisation="acme")[0]["status"] == 200
        assert github.happen("withdraw", account="alice@example.com")[0]["status"] == 200
    actions = []
    for headers, body in listener.got:
        digest = hmac.new(b"sandbox-webhook-secret", body, hashlib.sha256).hexdigest()
        assert headers["X-Hub-Signature-256"] == f"sha256={digest}" and headers["X-GitHub-Delivery"]
        event = json.loads(body)
        actions.append((headers["X-GitHub-Event"], event["action"]))
        assert str(event.get("installation", {}).get("id", installation)) == installation
    assert actions == [
        ("installation", "suspend"), ("installation", "unsuspend"), ("installation", "new_permissions_accepted"),
        ("installation", "deleted"), ("github_app_authorization", "revoked"),
    ]  # fmt: skip


def test_device_waits_for_the_person(github):
    start = httpx.post(f"{github.url}/login/device/code", data={"client_id": CLIENT_ID}, headers=JSON).json()
    grant = "urn:ietf:params:oauth:grant-type:device_code"

    def poll():
        form = {"client_id": CLIENT_ID, "grant_type": grant, "device_code": start["device_code"]}
        return httpx.post(f"{github.url}/login/oauth/access_token", data=form, headers=JSON).json()

    assert poll()["error"] == "authorization_pending"
    assert (poll()["error"], poll()["interval"]) == ("slow_down", 15)
    page = httpx.post(start["verification_uri"], data={"user_code": start["user_code"].lower().replace("-", "")})
    assert "wants to use your account" in page.text
    form = {"user_code": start["user_code"], "decision": "allow", "account": "alice@example.com"}
    httpx.post(start["verification_uri"], data=form)
    github.sandbox.shift_clock(60)
    try:
        assert poll()["access_token"] in github.living("access")
        assert poll()["error"] == "incorrect_device_code"
    finally:
        github.sandbox.shift_clock(0)
