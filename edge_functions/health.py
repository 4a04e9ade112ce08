"""`GET /healthz`: alive. `GET /readyz`: may take work."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from edge_functions.services import ServicesOf

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Answer for as long as the process lives."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz")
async def readyz(request: Request, services: ServicesOf) -> Response:
    """Answer 503 while starting, while draining, and while no audio can be read.

    `forwarded` tells how many proxies have reported an address on the way here.
    """
    told = services.shell.readiness(draining=services.in_flight.draining)
    if told["status"] == "ready" and not await services.inspector.ready():
        told["status"] = "no_audio_worker"
    reports = ",".join(request.headers.getlist("X-Forwarded-For"))
    told["forwarded"] = sum(bool(one.strip()) for one in reports.split(","))
    return JSONResponse(told, 200 if told["status"] == "ready" else 503)
