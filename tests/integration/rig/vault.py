"""Reads the gateway's ciphertexts with Python's own Fernet."""

from cryptography.fernet import Fernet, InvalidToken

from .database import texts


def open_all(database, *keys):
    """Every text in the database that one of `keys` decrypts."""
    plaintexts = []
    for text in texts(database):
        if not text.startswith("gAAAA"):
            continue
        for key in keys:
            try:
                plaintexts.append(Fernet(key).decrypt(text.encode()).decode("utf-8", "replace"))
            except InvalidToken:
                continue
    return plaintexts


def holds(database, key, secret):
    return any(secret in plaintext for plaintext in open_all(database, key))
