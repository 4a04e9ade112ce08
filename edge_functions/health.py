"""`GET /healthz`: alive. `GET /readyz`: may take work."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from edge_functions.services import ServicesOf

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Answer for as long as the process lives."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def readyz(services: ServicesOf) -> Response:
    """Answer 503 while starting, while draining, and while no audio can be read."""
    if services.work.draining:
        status = "draining"
    elif not services.warm.is_set():
        status = "starting"
    else:
        status = "ready" if await services.inspector.ready() else "no_audio_worker"
    told = {"status": status, "provider": services.health.told()}
    return JSONResponse(told, 200 if status == "ready" else 503)
