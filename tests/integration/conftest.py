"""Fixtures: a sandbox for each worker, a gateway for each module and each storage, a browser."""

import os
import re
import secrets

import pytest

from rig.database import DATABASES
from rig.gateway import Installation
from rig.process import BUILD
from rig.sandbox import Sandbox


def pytest_configure(config):
    for name in ("auth-gateway", "oauth-sandbox"):
        if not (BUILD / "bin" / name).exists():
            pytest.exit(f"{BUILD}/bin/{name} is not built", returncode=2)
    if not os.environ.get("AGW_TEST_POSTGRES_URL"):
        pytest.exit("AGW_TEST_POSTGRES_URL is not set; start the tests with tests/integration/run", returncode=2)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory):
    """Pictures of pages, kept with the run."""
    return tmp_path_factory.mktemp("artefacts")


def make_installation(request, tmp_path_factory, sandbox, kind):
    name = re.sub(r"\W+", "-", request.node.name.rsplit(".", 1)[0])[:40]
    folder = tmp_path_factory.mktemp(f"{name}-{kind}")
    database = DATABASES[kind](folder)
    providers = request.module.providers(sandbox)
    environment = getattr(request.module, "ENVIRONMENT", {})
    installation = Installation(folder, database, {name: entry for name, (_, entry) in providers.items()}, **environment)
    installation.providers = {name: provider for name, (provider, _) in providers.items()}
    return installation


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def installation(request, tmp_path_factory, sandbox):
    """Keys, database and providers.yaml of the module's own `providers(sandbox)`; nothing runs yet."""
    installation = make_installation(request, tmp_path_factory, sandbox, request.param)
    yield installation
    installation.database.drop()


@pytest.fixture(scope="module")
def gateway(installation):
    """A running gateway on that installation, which must also end well."""
    gateway = installation.start()
    yield gateway
    assert gateway.stop() == 0, gateway.logs()[-4000:]


@pytest.fixture(scope="module")
def shared_installation(request, tmp_path_factory, sandbox):
    """On PostgreSQL, for replicas."""
    installation = make_installation(request, tmp_path_factory, sandbox, "postgres")
    yield installation
    installation.database.drop()


@pytest.fixture(scope="module")
def replicas(shared_installation):
    """Two gateways behind one public address, as behind a load balancer."""
    first = shared_installation.start()
    second = shared_installation.start(OAUTH_CALLBACK_BASE=first.url)
    yield first, second
    assert [first.stop(), second.stop()] == [0, 0]


@pytest.fixture
def user():
    """Somebody nobody knows yet."""
    return f"user-{secrets.token_hex(4)}@example.com"


@pytest.fixture(scope="session")
def browser():
    from rig.browser import launch

    with launch() as chromium:
        yield chromium
