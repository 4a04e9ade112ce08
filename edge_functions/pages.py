"""The built page at `/` and `/clone`, and the page without a framework at `/legacy/clone`."""

import os
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from edge_functions.services import ServicesOf

TEMPLATES: Final = Path(__file__).parent / "templates"
_INDEX: Final = "index.html"
_ASK_AGAIN: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"

_templates = Jinja2Templates(TEMPLATES)
router = APIRouter(include_in_schema=False)


@router.get("/legacy/clone")
async def legacy_clone(request: Request, services: ServicesOf) -> Response:
    """The page for those who embed no component."""
    settings = services.shell.settings
    return _templates.TemplateResponse(
        request,
        "legacy_clone.html",
        {
            "max_upload_bytes": settings.max_upload_bytes,
            "min_audio_seconds": settings.min_audio_seconds,
            "max_audio_seconds": settings.max_audio_seconds,
        },
        headers={"Cache-Control": _ASK_AGAIN},
    )


def add_page(app: FastAPI, folder: Path) -> None:
    """Serve a built page, if there is one. Added last, it takes what is left over."""
    index = folder / _INDEX
    if index.is_file():
        # For those who run it without a proxy that compresses: a third of the bytes.
        page = GZipMiddleware(_Page(folder, index), minimum_size=1024, compresslevel=6)
        app.mount("/", page, name="page")


class _Page(StaticFiles):
    """Files whose names hold a digest of their content are kept for ever; others are asked for."""

    def __init__(self, folder: Path, index: Path) -> None:
        # Not `html`: it answers with redirects, to whatever host the request claims to be for.
        super().__init__(directory=folder)
        self._index = index

    async def get_response(self, path: str, scope: Scope) -> Response:
        # The page has one route of its own; everything else that is no file is not there.
        if path in {".", "clone"}:
            return FileResponse(self._index, headers={"Cache-Control": _ASK_AGAIN})
        response = await super().get_response(path, scope)
        in_assets = path.split(os.sep, 1)[0] == "assets"
        response.headers["Cache-Control"] = _FOR_EVER if in_assets else _ASK_AGAIN
        return response
