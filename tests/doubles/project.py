"""A Supabase project as the bridge sees it: the keys of Auth, and the ledger's functions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_stack.serving import listen, serve, url_of
from tests.doubles.auth import Issuer

SECRET_KEY = "sb_secret_of_the_project"

Json = dict[str, Any]


@dataclass
class Project:
    """Signs tokens, publishes its keys and keeps a ledger that grants all that is asked for.

    Attributes:
        issuer: Its `url` is the project's.
        opened: Arguments of each session that was opened, by its id.
        closed: Arguments with which each was settled, by its id.
        away: Whether the database cannot be reached.
    """

    issuer: Issuer = field(default_factory=Issuer)
    opened: dict[str, Json] = field(default_factory=dict)
    closed: dict[str, Json] = field(default_factory=dict)
    away: bool = False

    async def keys(self, _: Request) -> Response:
        """Answer with the key set."""
        return JSONResponse(self.issuer.jwks())

    async def call(self, request: Request) -> Response:
        """Answer as PostgREST does: arguments are a JSON object, the answer is the value."""
        if request.headers.get("apikey") != SECRET_KEY:
            return JSONResponse({"message": "Invalid API key"}, 401)
        if self.away:
            return JSONResponse({"code": "PGRST001", "message": "no connection"}, 503)
        given: Json = await request.json()
        match request.path_params["function"]:
            case "open_transcription":
                return JSONResponse(self._open(given))
            case "touch_transcriptions":
                return JSONResponse([self._lease(one) for one in given["session_ids"]])
            case "close_transcription":
                return JSONResponse(self._close(given))
            case other:
                return JSONResponse({"code": "PGRST202", "message": other}, 404)

    def _open(self, given: Json) -> Json:
        self.opened[given["session_id"]] = given
        return {
            "id": given["session_id"],
            "granted_seconds": given["requested_seconds"],
            "cut_by": "max_duration",
            "lease_seconds": given["lease_seconds"],
        }

    def _lease(self, session_id: str) -> Json:
        seconds = self.opened[session_id]["requested_seconds"]
        return {"id": session_id, "state": "open", "granted_seconds": seconds}

    def _close(self, given: Json) -> Json:
        session_id, seconds = given["session_id"], given["audio_seconds"]
        counted = self.closed.setdefault(session_id, given) is given
        return {
            "id": session_id,
            "counted": counted,
            "status": given["status"],
            "charged_seconds": seconds,
            "returned_seconds": self.opened[session_id]["requested_seconds"] - seconds,
            "cost_microdollars": round(seconds * 100),
        }


@asynccontextmanager
async def serve_project() -> AsyncIterator[Project]:
    """Serve a project on loopback."""
    project = Project()
    app = Starlette(
        routes=[
            Route("/auth/v1/.well-known/jwks.json", project.keys),
            Route("/rest/v1/rpc/{function}", project.call, methods=["POST"]),
        ]
    )
    with listen("project", "127.0.0.1", 0) as listener:
        project.issuer.url = url_of(listener)
        async with serve(app, listener):
            yield project
