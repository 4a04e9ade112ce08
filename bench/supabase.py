"""`python -m bench.supabase`: signing keys, access tokens, and the ledger's functions over HTTP.

The answers have PostgREST's shape and cost next to nothing, so that a relay pays for its calls
and not for a database.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.commands import commands, tell
from local_stack.serving import listen, serve, url_of

_KID = "bench"


class Supabase:
    """One project: a key, and sessions that are open or settled."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.granted: dict[str, float] = {}
        self.settled = 0
        self._functions: dict[str, Callable[..., Any]] = {
            "open_transcription": self._open,
            "touch_transcriptions": self._touch,
            "close_transcription": self._close,
        }

    def token(self, issuer: str) -> str:
        """Return an access token of a new user, as Supabase Auth writes it."""
        now = int(time.time())
        claims = {
            "iss": issuer,
            "aud": "authenticated",
            "role": "authenticated",
            "sub": str(uuid4()),
            "session_id": str(uuid4()),
            "is_anonymous": False,
            "iat": now,
            "exp": now + 3600,
        }
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": _KID})

    async def jwks(self, _: Request) -> JSONResponse:
        """Publish the key (RFC 7517)."""
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return JSONResponse({"keys": [{**public, "kid": _KID, "alg": "ES256", "use": "sig"}]})

    async def call(self, request: Request) -> JSONResponse:
        """Call one of the ledger's functions."""
        function = self._functions[request.path_params["function"]]
        return JSONResponse(function(**await request.json()))

    def _open(self, session_id: str, requested_seconds: float, **_: Any) -> dict[str, Any]:
        self.granted[session_id] = requested_seconds
        return {"id": session_id, "granted_seconds": requested_seconds, "cut_by": "max_duration"}

    def _touch(self, session_ids: list[str], **_: Any) -> list[dict[str, Any]]:
        return [
            {"id": one, "state": "open", "granted_seconds": self.granted[one]}
            for one in session_ids
            if one in self.granted
        ]

    def _close(
        self, session_id: str, audio_seconds: float, status: str, **_: Any
    ) -> dict[str, Any]:
        # Also what it has settled already: an answer that came too late is asked for again.
        granted = self.granted.pop(session_id, audio_seconds)
        self.settled += 1
        return {
            "id": session_id,
            "counted": True,
            "status": status,
            "charged_seconds": audio_seconds,
            "returned_seconds": granted - audio_seconds,
            "cost_microdollars": round(100 * audio_seconds),
        }


async def _serve() -> None:
    supabase = Supabase()
    routes = [
        Route("/auth/v1/.well-known/jwks.json", supabase.jwks),
        Route("/rest/v1/rpc/{function}", supabase.call, methods=["POST"]),
    ]
    listener = listen("supabase", "127.0.0.1", 0)
    issuer = f"{url_of(listener)}/auth/v1"
    async with serve(Starlette(routes=routes), listener):
        tell({"port": listener.getsockname()[1]})
        async for command in commands():
            if command["do"] == "tokens":
                tell({"tokens": [supabase.token(issuer) for _ in range(command["count"])]})
            else:
                if command["do"] == "forget":
                    supabase.granted.clear()
                tell({"open": len(supabase.granted), "settled": supabase.settled})


if __name__ == "__main__":
    uvloop.run(_serve())
