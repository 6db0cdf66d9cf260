"""POST /auth/token on FastAPI, asyncpg and cryptography: what the gateway is compared with.

Written to be fast, as somebody would who has read the manuals of its parts:

- uvicorn with uvloop and httptools and without an access log; the bench tries a worker for each core and twice as many,
  and takes what is faster;
- the endpoint parses the body itself with orjson and answers with bytes from orjson: no Pydantic model on either way,
  which most such programs have;
- asyncpg prepares the statement once on each connection, and each worker has a pool of 10, so that nobody waits for one
  at 100 clients;
- Fernet objects are made once, and the API key is compared as a SHA-256 digest that is kept in memory.

It reads the very rows that the gateway reads, with the same key, and answers with the same fields. It leaves out what
the gateway does besides: permissions of keys, refreshes, metrics, the check that a ciphertext stands in its own row.
"""

import contextlib
import datetime
import hashlib
import hmac
import os
import pathlib
import time
import uuid

import asyncpg
import orjson
from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI, Request, Response

KEY_DIGEST = hashlib.sha256(pathlib.Path(os.environ["AUTH_GATEWAY_API_KEY_FILE"]).read_text().strip().encode()).digest()
FERNET = Fernet(pathlib.Path(os.environ["AUTH_GATEWAY_ENCRYPTION_KEY_FILE"]).read_text().strip())
SELECT = "SELECT access_token, issued_at, token_expiry, scopes FROM oauth_credentials WHERE profile_id = $1 AND provider_id = $2"
MIN_TTL_MS = 60_000
BUFFER_MS = 300_000
PARTS_OF_A_PLACE = 5  # docs/storage-format.md


@contextlib.asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


def answer(status, body):
    headers = {"X-Request-Id": str(uuid.uuid4()), "Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, "application/json")


def secret_of(text):
    """Without the place that the gateway writes before a secret."""
    plain = FERNET.decrypt(text)
    at = 1
    for _ in range(PARTS_OF_A_PLACE):
        at += 2 + int.from_bytes(plain[at : at + 2], "big")
    return plain[at:].decode()


def moment(millis):
    return datetime.datetime.fromtimestamp(millis // 1000, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@app.get("/health")
async def health():
    return answer(200, {"status": "healthy"})


@app.post("/auth/token")
async def token(request: Request):
    key = request.headers.get("x-api-key", "")
    if not hmac.compare_digest(hashlib.sha256(key.encode()).digest(), KEY_DIGEST):
        return answer(403, {"error": "invalid_api_key"})
    try:
        body = orjson.loads(await request.body())
        provider, user = body["provider"], body["user_email"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return answer(400, {"error": "invalid_request"})
    row = await request.app.state.pool.fetchrow(SELECT, user, provider)
    if row is None:
        return answer(401, {"error": "not_authenticated"})
    sealed, issued, end, scopes = row
    if end is not None and end - time.time() * 1000 < MIN_TTL_MS:
        return answer(503, {"error": "provider_unavailable"})
    try:
        access = secret_of(sealed)
    except InvalidToken:
        return answer(500, {"error": "integrity_error"})
    return answer(200, {
        "access_token": access,
        "token_type": "Bearer",
        "expires_at": end and moment(end),
        "scopes": orjson.loads(scopes),
        "refresh_after": end and moment(max(issued + (end - issued) // 2, end - BUFFER_MS)),
    })  # fmt: skip
