"""An issuer of access tokens with its JWKS on loopback."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

USER = "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"
OTHER_USER = "b7d1f5a4-0a55-4a0c-8f0e-5a1a3f7f0b02"


class Issuer:
    """Signs tokens, keeps them, and publishes its keys.

    `down` answers 503 until it is cleared, `slow` takes so many seconds for each answer.
    """

    def __init__(self) -> None:
        self.url = ""
        self.fetches = 0
        self.down = False
        self.slow = 0.0
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.kid = ""
        self.issued: list[str] = []
        self.rotate()

    def rotate(self, *, forget: bool = False) -> None:
        """Sign with a new key from now on; `forget` withdraws the old ones."""
        if forget:
            self.keys.clear()
        self.kid = uuid4().hex
        self.keys[self.kid] = ec.generate_private_key(ec.SECP256R1())

    def token(
        self, user: str = USER, *, key: Any = None, kid: str | None = None, **claims: Any
    ) -> str:
        """Return an access token as Supabase Auth writes it; a claim of None is left out."""
        payload = {
            "iss": f"{self.url}/auth/v1",
            "aud": "authenticated",
            "role": "authenticated",
            "sub": user,
            "exp": int(time.time()) + 3600,
            "iat": int(time.time()),
            "session_id": str(uuid4()),
            "is_anonymous": False,
            **claims,
        }
        token = jwt.encode(
            {name: value for name, value in payload.items() if value is not None},
            key if key is not None else self.keys[self.kid],
            algorithm="ES256",
            headers={"kid": kid or self.kid},
        )
        self.issued.append(token)
        return token

    def jwks(self) -> dict[str, Any]:
        """Return the public keys (RFC 7517)."""
        keys = []
        for kid, key in self.keys.items():
            public: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(key.public_key()))
            keys.append({**public, "kid": kid, "alg": "ES256", "use": "sig"})
        return {"keys": keys}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, whatever it asks for."""
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        await asyncio.sleep(self.slow)
        status = "503 Service Unavailable" if self.down else "200 OK"
        body = b"{}" if self.down else json.dumps(self.jwks()).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serve_issuer() -> AsyncIterator[Issuer]:
    """Serve an issuer's keys on loopback."""
    issuer = Issuer()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    async with server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield issuer
