"""Ways to break a law on purpose, around the services: to see that the run notices."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chaos.fault_proxy import Door
from chaos.provider import FaultyProvider


class Break(StrEnum):
    """What is broken."""

    SETTLE = "settle"
    CHARGE = "charge"
    RELEASE = "release"
    HEAR = "hear"


async def _swallow_settlements(request: Request, body: bytes) -> Response | bytes | None:
    """Say that a session is settled, and tell the ledger nothing."""
    if not request.url.path.endswith("/rpc/close_transcription"):
        return None
    asked = json.loads(body)
    return JSONResponse(
        {
            "id": asked["session_id"],
            "counted": True,
            "status": asked["status"],
            "charged_seconds": asked["audio_seconds"],
            "returned_seconds": 0,
            "cost_microdollars": 0,
        }
    )


async def _charge_nothing(request: Request, body: bytes) -> Response | bytes | None:
    """Tell the ledger that a session has used nothing."""
    if not request.url.path.endswith("/rpc/close_transcription"):
        return None
    return json.dumps(json.loads(body) | {"audio_seconds": 0}).encode()


async def _swallow_removals(request: Request, _: bytes) -> Response | bytes | None:
    """Say that objects are removed, and remove none."""
    if request.method == "DELETE" and request.url.path.startswith("/storage/v1/object/"):
        return JSONResponse([])
    return None


def do(what: Break, door: Door, engine: FaultyProvider) -> None:
    """Break a law from now on."""
    acts: Mapping[Break, Callable[[], None]] = {
        Break.SETTLE: lambda: setattr(door, "twist", _swallow_settlements),
        Break.CHARGE: lambda: setattr(door, "twist", _charge_nothing),
        Break.RELEASE: lambda: setattr(door, "twist", _swallow_removals),
        Break.HEAR: lambda: setattr(engine.mood, "loses", True),
    }
    acts[what]()
