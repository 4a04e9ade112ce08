"""What browsers are told to refuse, and not to keep."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


def content_security_policy(*, connect: tuple[str, ...]) -> str:
    """Return the policy of our pages (CSP level 3): our own scripts, and no inline ones.

    Args:
        connect: Addresses that the page calls besides its own host.
    """
    origins = sorted({_origin(url) for url in connect})
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("connect-src 'self'", *origins)),
            # Recordings are played from memory, and voices from signed addresses.
            " ".join(("media-src 'self' blob:", *(o for o in origins if o.startswith("http")))),
            "worker-src 'self' blob:",
            "img-src 'self' data:",
            "style-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class SecurityHeaders:
    """Adds them to every answer.

    Args:
        app: What is served.
        policy: `Content-Security-Policy`.
    """

    def __init__(self, app: ASGIApp, *, policy: str) -> None:
        self._app = app
        self._headers = {**_ALWAYS, "Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)
