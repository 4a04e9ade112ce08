"""The one address: routes to auth, REST and storage, and CORS for pages."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local_stack.errors import HttpError

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
EXPOSED_HEADERS = [
    *("Content-Range", "Content-Length", "ETag", "X-Supabase-Api-Version"),
    *("Location", "Upload-Offset", "Upload-Length", "Tus-Resumable"),
]


async def _unsupported(request: Request) -> Response:
    message = f"local_stack does not support {request.method} {request.url.path}"
    return JSONResponse({"code": "not_implemented", "message": message}, 501)


def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # not received: the client left in the middle of its body


def _answer(request: Request, error: Exception) -> Response:
    if not isinstance(error, HttpError):
        raise error
    return error.response(request)


def create_app(services: list[BaseRoute]) -> Starlette:
    """The gateway over the services' routes.

    Everything else is answered with 501 and named: nothing that Supabase has is missing silently.
    """
    return Starlette(
        routes=[*services, Route("/{path:path}", _unsupported, methods=METHODS)],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=METHODS,
                allow_headers=["*"],
                expose_headers=EXPOSED_HEADERS,
                max_age=3600,
            ),
        ],
        exception_handlers={HttpError: _answer, ClientDisconnect: _gone},
    )
