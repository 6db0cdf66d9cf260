"""F1, F4, F6, F7: keys are changed while the gateway works; a wrong one changes nothing."""

import hashlib
import re
import threading

import pytest
from cryptography.fernet import Fernet, InvalidToken

from rig import vault
from rig.gateway import new_encryption_key, oauth2_entry
from rig.process import until
from rig.database import texts


def providers(sandbox):
    provider = sandbox.provider("keys")
    return {"keys": (provider, oauth2_entry(provider))}


def ciphertexts(database):
    return [text for text in texts(database) if text.startswith("gAAAA")]


def readable(database, key):
    return sum(1 for text in ciphertexts(database) if opens(key, text))


def opens(key, text):
    try:
        Fernet(key).decrypt(text.encode())
        return True
    except InvalidToken:
        return False


def test_python_reads_what_the_gateway_sealed(installation, user):
    gateway = installation.start()
    try:
        gateway.connect("keys", user)
    finally:
        gateway.stop()
    provider = installation.providers["keys"]
    plaintexts = vault.open_all(installation.database, installation.encryption_key)
    for secret in (*provider.living("access", user), *provider.living("refresh", user)):
        assert any(secret in text for text in plaintexts)
    assert vault.open_all(installation.database, new_encryption_key()) == []


def test_gateway_reads_what_python_sealed_and_nothing_from_another_place(installation, user):
    """F5: the same plaintext, sealed anew by Python, is accepted; a neighbour's ciphertext is not."""
    gateway = installation.start()
    other = f"other-{user}"
    fernet = Fernet(installation.encryption_key)
    try:
        gateway.connect("keys", user)
        gateway.connect("keys", other)
        token = gateway.access_token("keys", user)
        own = fernet.encrypt(fernet.decrypt(cell(installation.database, user).encode())).decode()
        put(installation.database, user, own)
        assert gateway.access_token("keys", user) == token

        # What others write into the database is seen a moment later.
        put(installation.database, user, cell(installation.database, other))
        answer = until(lambda: (seen := gateway.token("keys", user)).status_code != 200 and seen, what="the other row")
        assert (answer.status_code, answer.json()["error"]) == (500, "integrity_error")
        put(installation.database, user, own)
        until(lambda: gateway.token("keys", user).status_code == 200, what="the own row")
        assert gateway.access_token("keys", user) == token
    finally:
        gateway.stop()


def cell(database, user):
    return database.rows(f"SELECT access_token FROM oauth_credentials WHERE profile_id = '{user}'")[0][0]


def put(database, user, sealed):
    sql = f"UPDATE oauth_credentials SET access_token = '{sealed}' WHERE profile_id = '{user}'"
    assert database.change(sql) == 1


def test_wrong_key_is_refused_and_nothing_is_written(installation, user):
    """F4."""
    gateway = installation.start()
    gateway.connect("keys", user)
    gateway.stop()
    before = fingerprint(installation.database)
    wrong = new_encryption_key()
    done = installation.command("serve", "--config", installation.config, check=False, AUTH_GATEWAY_ENCRYPTION_KEY=wrong, PORT="0")
    assert done.returncode == 1
    assert wrong not in done.stdout + done.stderr and installation.encryption_key not in done.stdout + done.stderr
    assert fingerprint(installation.database) == before


def fingerprint(database):
    if database.kind == "sqlite":
        return hashlib.sha256(database.file.read_bytes()).hexdigest()
    rows = "\n".join(sorted(texts(database)))
    return hashlib.sha256(rows.encode()).hexdigest()


@pytest.mark.parametrize("text", ["short", "x" * 44, "A" * 43 + "=", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="])
def test_text_that_is_no_key_is_refused_with_the_cure(installation, text):
    """F2."""
    done = installation.command("serve", "--config", installation.config, check=False, AUTH_GATEWAY_ENCRYPTION_KEY=text, PORT="0")
    assert done.returncode == 1
    assert "generate-keys" in done.stdout + done.stderr and text not in done.stdout + done.stderr


def test_key_is_changed_beside_traffic_and_the_old_one_removed(installation):
    """F6: new key in front, restart, re-encrypt while tokens are read and renewed, drop the old key."""
    provider = installation.providers["keys"]
    provider.configure(access_ttl=2)
    people = [f"rotated-{number}@example.com" for number in range(8)]
    gateway = installation.start()
    for person in people:
        gateway.connect("keys", person)
    gateway.stop()

    old = installation.encryption_key
    made = installation.command("generate-keys", "--rotate")
    new = re.search(r"[A-Za-z0-9_-]{43}=", made.stdout)[0]
    assert new != old
    assert readable(installation.database, old) > 0 and readable(installation.database, new) == 0

    installation.encryption_key = new
    installation.environment["AUTH_GATEWAY_ROTATION_KEYS"] = old
    gateway = installation.start()
    failures, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            for person in people:
                answer = gateway.token("keys", person)
                if answer.status_code != 200 or answer.json()["access_token"] not in provider.living("access", person):
                    failures.append(answer.text)

    readers = [threading.Thread(target=read) for _ in range(2)]
    try:
        for reader in readers:
            reader.start()
        dry = installation.command("reencrypt-tokens", "--dry-run")
        assert readable(installation.database, old) > 0, dry.stdout
        installation.command("reencrypt-tokens")
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert readable(installation.database, old) == 0
    assert readable(installation.database, new) == len(ciphertexts(installation.database))
    assert provider.ledger()["reuse"] == 0
    gateway.stop()

    del installation.environment["AUTH_GATEWAY_ROTATION_KEYS"]
    gateway = installation.start()
    try:
        for person in people:
            assert gateway.access_token("keys", person) in provider.living("access", person)
    finally:
        gateway.stop()
    for person in people:
        living = provider.living("refresh", person)
        assert any(vault.holds(installation.database, new, token) for token in living)


def test_key_that_rows_still_need_cannot_be_left_out(installation, user):
    """F7."""
    gateway = installation.start()
    gateway.connect("keys", user)
    gateway.stop()
    newer = new_encryption_key()
    start = ("serve", "--config", installation.config)
    with_both = {"AUTH_GATEWAY_ENCRYPTION_KEY": newer, "AUTH_GATEWAY_ROTATION_KEYS": installation.encryption_key}
    both = installation.start(**with_both)
    both.stop()
    alone = installation.command(*start, check=False, AUTH_GATEWAY_ENCRYPTION_KEY=newer, PORT="0")
    assert alone.returncode == 1
    back = installation.start(**with_both)
    assert back.access_token("keys", user)
    back.stop()
    installation.command("reencrypt-tokens", **with_both)
    installation.encryption_key = newer
    last = installation.start()
    assert last.access_token("keys", user)
    last.stop()
