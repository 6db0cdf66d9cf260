"""D11: the TLS certificate is renewed while people are connected."""

import concurrent.futures
import signal
import ssl
import subprocess
import threading

import httpx
import pytest

from rig.gateway import oauth2_entry
from rig.process import until


def providers(sandbox):
    provider = sandbox.provider("certificate")
    return {"works": (provider, oauth2_entry(provider))}


class Pair:
    """Certificate and key in files that a renewal replaces."""

    def __init__(self, folder):
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"
        self.folder = folder
        self.renew()

    def make(self, name):
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        return certificate, key

    def renew(self):
        certificate, key = self.make("next")
        certificate.rename(self.certificate)
        key.rename(self.key)


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


@pytest.fixture
def gateway(shared_installation, pair):
    gateway = shared_installation.start(
        AUTH_GATEWAY_TLS_CERT=str(pair.certificate), AUTH_GATEWAY_TLS_KEY=str(pair.key)
    )
    yield gateway
    assert gateway.stop() == 0


def shown(gateway):
    """The certificate that a new connection gets, PEM."""
    return ssl.get_server_certificate(("127.0.0.1", gateway.port), timeout=10)


def as_pem(path):
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(path.read_text()))


def test_renewed_certificate_is_used_under_load_and_no_handshake_fails(gateway, pair):
    faults, stop = [], threading.Event()

    def connect_again_and_again():
        done = 0
        while not stop.is_set():
            try:
                assert httpx.get(f"{gateway.url}/health/live", verify=False, timeout=10).status_code == 200
            except Exception as fault:  # noqa: BLE001: whatever it is, it counts
                faults.append(repr(fault))
            done += 1
        return done

    with httpx.Client(base_url=gateway.url, verify=gateway.trust) as old, concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert old.get("/health/live").status_code == 200
        load = [pool.submit(connect_again_and_again) for _ in range(4)]
        try:
            for asked in (False, True):
                pair.renew()
                if asked:
                    gateway.process.child.send_signal(signal.SIGHUP)
                until(lambda: shown(gateway) == as_pem(pair.certificate), 15, 0.1, "the new certificate")
            assert old.get("/health/live").status_code == 200, "the connection from before goes on"
        finally:
            stop.set()
        assert sum(each.result() for each in load) > 10
    assert faults == []
    assert gateway.logs().count('"certificate_reloaded"') >= 2


def test_pair_that_does_not_fit_is_refused_and_the_old_one_serves(gateway, pair):
    before = as_pem(pair.certificate)
    good = pair.certificate.read_bytes(), pair.key.read_bytes()
    other, _ = pair.make("other")
    for broken in (other.read_bytes(), b"no certificate", b""):
        pair.certificate.write_bytes(broken)
        refused = gateway.logs().count('"certificate_refused"')
        gateway.process.child.send_signal(signal.SIGHUP)
        until(lambda: gateway.logs().count('"certificate_refused"') > refused, 10, what="the refusal")
        assert shown(gateway) == before
    pair.certificate.write_bytes(good[0])
    gateway.process.child.send_signal(signal.SIGHUP)
    assert shown(gateway) == before
    assert "PRIVATE KEY" not in gateway.logs()
