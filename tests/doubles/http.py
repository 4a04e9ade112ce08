"""An HTTP service of answers laid out beforehand, on a loopback port."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local_stack.serving import listen, serve, url_of


@dataclass
class File:
    """An uploaded file."""

    filename: str | None
    content_type: str | None
    data: bytes


@dataclass
class Asked:
    """One request: what it said; a form as its fields in order."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    fields: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)


Answer = Response | Callable[[Request], Awaitable[Response]]


@dataclass
class HttpDouble:
    """Answers in order; the last answer is given again and again."""

    answers: list[Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def _handle(self, request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        asked = Asked(request.method, path, dict(request.headers), await request.body())
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                for name, value in form.multi_items():
                    if isinstance(value, UploadFile):
                        data = await value.read()
                        asked.files[name] = File(value.filename, value.content_type, data)
                    else:
                        asked.fields.append((name, value))
        self.asked.append(asked)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return answer if isinstance(answer, Response) else await answer(request)


@asynccontextmanager
async def serve_answers(*answers: Answer) -> AsyncIterator[HttpDouble]:
    """Serve `answers` on a free loopback port."""
    listener = listen("test", "127.0.0.1", 0)
    double = HttpDouble(list(answers), url_of(listener))
    methods = ["GET", "POST", "PATCH", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", double._handle, methods=methods)])
    async with serve(app, listener):
        yield double
