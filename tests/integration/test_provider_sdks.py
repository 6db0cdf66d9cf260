"""The imitations are read by the providers' own libraries, which nobody here wrote."""

import json
import os
import pathlib
import subprocess

READERS = pathlib.Path(__file__).parent / "peers/provider-sdks/readers.mjs"


def read(reader, provider, url=None):
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PACKAGES": str(pathlib.Path(os.environ["AGW_NODE_DIR"]) / "provider-sdks"),
        "URL": url or provider.url,
        "APP": json.dumps(provider.app()),
        "NODE_EXTRA_CA_CERTS": str(provider.sandbox.certificate),
    }
    done = subprocess.run(
        ["node", READERS, reader], env=environ, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_octokit_signs_as_the_app_and_uses_a_narrowed_installation_token(sandbox):
    github = sandbox.provider("github", plays="github", installed_url="http://127.0.0.1:9/callback")
    got = read("githubApp", github)
    assert got["repositories"] == ["api"] and got["slug"] == "sandbox-app" and got["selection"] == "selected"
    assert got["token"] in github.living("access")


def test_octokit_exchanges_refreshes_checks_and_deletes_a_users_tokens(sandbox):
    github = sandbox.provider("github", plays="github")
    got = read("githubUser", github)
    assert got["login"] == "alice" and got["deleted"] == 204
    assert got["first"]["token"] != got["second"]["token"] and got["second"]["expiresAt"] and got["second"]["refreshToken"]
    assert "incorrect or expired" in got["reused"] and "still pending" in got["pending"]
    assert github.living("access") == github.living("refresh") == []


def test_slacks_installer_stores_both_tokens_and_its_client_revokes_one(sandbox):
    slack = sandbox.provider("slack", plays="slack")
    got = read("slack", slack)
    stored = got["stored"]
    assert stored["team"]["name"] == "Globex" and stored["enterprise"]["id"].startswith("E")
    assert stored["bot"]["scopes"] == ["chat:write", "users:read"] and stored["user"]["scopes"] == ["search:read"]
    assert stored["bot"]["expiresAt"] and got["who"]["user_id"] == stored["bot"]["userId"]
    assert got["renewed"]["access_token"] in slack.living("access")
    assert got["revoked"] is True and "token_revoked" in got["after"]
    assert stored["bot"]["token"] not in slack.living("access")


def test_googles_library_verifies_the_id_token_and_keeps_its_refresh_token(sandbox):
    google = sandbox.provider("google", plays="google")
    got = read("google", google)
    assert got["email"] == "alice@example.com" and got["kept"] is True and got["first"] != got["renewed"]
    assert got["scopes"] == ["openid", "https://www.googleapis.com/auth/userinfo.email"]
    assert got["revoked"] == 200 and "invalid_grant" in got["after"]
    assert google.living("access") == google.living("refresh") == []


def test_msal_signs_in_renews_silently_and_acts_as_the_app(sandbox):
    microsoft = sandbox.provider("microsoft", plays="microsoft")
    got = read("microsoft", microsoft, microsoft.https_url)
    assert got["claims"]["tid"] == got["tenant"] and got["claims"]["preferred_username"] == "alice@example.com"
    assert len({got["first"], got["renewed"], got["own"]} & set(microsoft.living("access"))) == 3
    assert "AADSTS700016" in got["refused"]
