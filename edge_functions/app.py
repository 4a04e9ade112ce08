"""The application: functions, and the layers around them."""

from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from edge_functions import (
    account,
    bundles,
    clone,
    health,
    openapi,
    pages,
    public_config,
    realtime_token,
    transcriptions,
    user_keys,
    voices,
)
from edge_functions.middleware.guard import Guard
from edge_functions.middleware.observe import REQUEST_ID, Observe, content_security_policy
from edge_functions.multipart import MAX_FIELDS_BYTES
from edge_functions.problem import http_exception, validation_error
from edge_functions.services import Services

_FUNCTIONS: Final = (
    transcriptions,
    realtime_token,
    clone,
    voices,
    bundles,
    account,
    public_config,
    health,
    pages,
)
_DOCUMENT: Final = "/api/openapi.json"
_FORM_OVERHEAD_BYTES: Final = MAX_FIELDS_BYTES + 64 * 1024
"""Fields, and the headers of all parts."""
_SLACK_SECONDS: Final = 300.0
"""Beyond body and provider: the ways to storage and back, each with a limit of its own."""


def api_paths() -> tuple[str, ...]:
    """Return every path below `/api`, with its parameters in braces; some need a setting."""
    routers = [function.router for function in (*_FUNCTIONS, user_keys)]
    found = [route.path for one in routers for route in one.routes if isinstance(route, Route)]
    return tuple(sorted({_DOCUMENT, *(path for path in found if path.startswith("/api/"))}))


def create_app(services: Services) -> FastAPI:
    """Return the application over its parts. The caller, who made the parts, closes them."""
    settings = services.shell.settings
    whole = settings.functions_upload_seconds + settings.provider_file_seconds + _SLACK_SECONDS
    policy = content_security_policy(
        connect=tuple(
            url
            for url in (settings.public_supabase_url, settings.realtime_url, *_direct(services))
            if not url.startswith("/")
        )
    )
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Its own spans and logs would tell addresses, and the words of exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        exception_handlers={
            HTTPException: http_exception,
            RequestValidationError: validation_error,
        },
        middleware=[
            Middleware(Observe, histogram=services.shell.metrics.http_seconds, policy=policy),
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", REQUEST_ID],
                expose_headers=["Retry-After", REQUEST_ID],
                max_age=600,
            ),
            Middleware(
                Guard,
                max_bytes=settings.max_upload_bytes + _FORM_OVERHEAD_BYTES,
                seconds=whole,
            ),
        ],
    )
    app.state.services = services
    for function in _FUNCTIONS:
        app.include_router(function.router)
    if services.own_keys is not None:
        app.include_router(user_keys.router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]

    @app.get(_DOCUMENT, include_in_schema=False)
    async def openapi_document() -> JSONResponse:
        return JSONResponse(app.openapi())

    pages.add_page(app, settings.functions_page_dir)
    return app


def _direct(services: Services) -> tuple[str, ...]:
    """Return where a page talks to the provider, if it may."""
    return () if services.direct is None else (services.direct.url,)
