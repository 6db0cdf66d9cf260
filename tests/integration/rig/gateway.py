"""The real gateway: its command line, its process, and the HTTP API as a caller uses it."""

import base64
import os
import secrets
import ssl
import subprocess

import httpx
import yaml

from .process import BUILD, Process, free_port, until
from .sandbox import CLIENT_ID, CLIENT_SECRET, SCOPES, decide

BINARY = BUILD / "bin/auth-gateway"


def new_encryption_key():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def oauth2_entry(provider, **entry):
    """A providers.yaml entry for the built-in provider: everything from YAML."""
    options = {
        "authorization_url": f"{provider.url}/authorize",
        "token_url": f"{provider.url}/token",
        "revocation_url": f"{provider.url}/revoke",
        "userinfo_url": f"{provider.url}/userinfo",
        "issuer": provider.url,
        **entry.pop("options", {}),
    }
    return {
        "plugin": "oauth2",
        "client_id": CLIENT_ID,
        "client_secret": "${SANDBOX_SECRET}",
        "scopes": list(SCOPES),
        "allow_private": True,
        "refresh": {"proactive": "off"},  # tests make tokens end on purpose
        "options": options,
        **entry,
    }


def google_entry(provider, **entry):
    """Google's own plugin, its addresses turned to the sandbox."""
    options = {
        "authorization_url": f"{provider.url}/authorize",
        "token_url": f"{provider.url}/token",
        "revocation_url": f"{provider.url}/revoke",
        "userinfo_url": f"{provider.url}/userinfo",
        "jwks_url": f"{provider.url}/jwks",
        "issuer": provider.url,
        **entry.pop("options", {}),
    }
    return {**oauth2_entry(provider, **entry), "plugin": "google", "scopes": ["openid", "email"], "options": options}


class Installation:
    """What replicas of one gateway share: keys, database, providers.yaml, environment."""

    def __init__(self, folder, database, providers, **environment):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.database = database
        self.root_key = secrets.token_urlsafe(32)
        self.encryption_key = new_encryption_key()
        self.config = folder / "providers.yaml"
        self.environment = environment
        self.write_providers(providers)

    def write_providers(self, providers, installations=()):
        document = {"version": 1, "providers": providers}
        if installations:
            document["installations"] = list(installations)
        text = yaml.safe_dump(document, sort_keys=False)
        draft = self.config.with_suffix(".new")
        draft.write_text(text)
        draft.rename(self.config)

    def let_end(self, provider, user=None):
        """The access tokens of an entry ended a minute ago, and the schedule of renewals looks at them now."""
        meant = f"provider_id = '{provider}'" + (f" AND profile_id = '{user}'" if user else "")
        self.database.change(
            "UPDATE oauth_credentials SET issued_at = issued_at - 3660000, token_expiry = token_expiry - 3660000, "
            f"renew_at = 0 WHERE {meant}"
        )

    def environ(self, **changes):
        environ = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "ENVIRONMENT": "development",
            "HOST": "127.0.0.1",
            "DATABASE_URL": self.database.url,
            "AUTH_GATEWAY_ENCRYPTION_KEY": self.encryption_key,
            "AUTH_GATEWAY_API_KEY": self.root_key,
            "AUTH_GATEWAY_CONFIG": str(self.config),
            "LOG_LEVEL": "trace",
            "LOG_FORMAT": "json",
            "SANDBOX_SECRET": CLIENT_SECRET,
            **self.environment,
            **changes,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                environ.setdefault(name, os.environ[name])
        return {name: value for name, value in environ.items() if value is not None}

    def command(self, *arguments, check=True, **changes):
        """Runs `auth-gateway ARGUMENTS`; the finished process with its texts."""
        done = subprocess.run(
            [str(BINARY), *map(str, arguments)],
            env=self.environ(**changes),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        if check:
            assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, **changes):
        return Gateway(self, **changes)


class Gateway:
    """One running process, in a `network` of its own and with no more than `descriptors`, where they are given."""

    count = 0

    def __init__(self, installation, **changes):
        Gateway.count += 1
        self.installation = installation
        self.database = installation.database
        self.port = changes.pop("port", None) or free_port()
        certificate = changes.get("AUTH_GATEWAY_TLS_CERT")
        self.trust = ssl.create_default_context(cafile=certificate) if certificate else True
        network = changes.pop("network", None)
        descriptors = changes.pop("descriptors", None)
        limited = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        host = network.callers.inside if network else "127.0.0.1"
        self.url = f"{'https' if certificate else 'http'}://{host}:{self.port}"
        base = changes.pop("OAUTH_CALLBACK_BASE", self.url)
        self.environ = installation.environ(PORT=str(self.port), HOST=host, OAUTH_CALLBACK_BASE=base, **changes)
        self.log = installation.folder / f"gateway-{Gateway.count}.log"
        command = [*(network.enter if network else []), *limited, BINARY, "serve", "--config", installation.config]
        self.process = Process(command, self.log, self.environ, installation.folder)
        self.http = httpx.Client(
            base_url=self.url,
            timeout=40,
            verify=self.trust,
            limits=httpx.Limits(max_connections=256, max_keepalive_connections=256),
        )
        until(self._healthy, 20, what="the gateway's health")

    def _healthy(self):
        assert self.process.alive(), f"the gateway ended at once:\n{self.process.text()}"
        try:
            return httpx.get(f"{self.url}/health", timeout=5, verify=self.trust).status_code == 200
        except httpx.TransportError:
            return False

    def logs(self):
        return self.process.text()

    def stop(self):
        self.http.close()
        return self.process.stop()

    def kill(self):
        self.http.close()
        self.process.kill()

    # ---- the API
    def api(self, method, path, key=None, **options):
        headers = {"X-API-Key": key or self.installation.root_key, **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def post(self, path, body, **options):
        return self.api("POST", path, json=body, **options)

    def init(self, provider, user, **extra):
        answer = self.post("/auth/init", {"provider": provider, "user_email": user, **extra})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def callback(self, url):
        """What the browser does with the address that the provider sends it to."""
        return httpx.get(url, timeout=40, verify=self.trust)

    def consent(self, provider, user, account=None, **extra):
        """From the link to the page; the flow and the page."""
        flow = self.init(provider, user, **extra)
        return flow, self.callback(decide(flow["auth_url"], account or user))

    def connect(self, provider, user, account=None, **extra):
        """A consent that must succeed."""
        flow, page = self.consent(provider, user, account, **extra)
        assert page.status_code == 200, page.text
        assert self.status(flow)["status"] == "completed", page.text
        return flow

    def status(self, flow):
        answer = self.http.get(f"/auth/status/{flow['session_id']}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def token(self, provider, user, key=None, **extra):
        return self.post("/auth/token", {"provider": provider, "user_email": user, **extra}, key=key)

    def access_token(self, provider, user, **extra):
        answer = self.token(provider, user, **extra)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def revoke(self, provider, user):
        return self.api("DELETE", "/auth/revoke", json={"provider": provider, "user_email": user})

    def audit(self):
        """Event and outcome words of the audit log, oldest first."""
        return self.database.rows("SELECT event, outcome FROM audit_log ORDER BY 1")
