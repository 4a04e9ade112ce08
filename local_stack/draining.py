"""Answers given before a body was read reach their client.

A socket that is closed with unread bytes in it is reset, and the answer may be lost on the way.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 67_108_864
MAX_SECONDS = 10.0


class DrainingMiddleware:
    """Sends an early answer whole, then reads on for a bounded while before it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        # Who waits for `100 Continue` has sent no body yet.
        if scope["type"] == "http" and not any(name == b"expect" for name, _ in scope["headers"]):
            body = _Body(receive, send)
            await self._app(scope, body.receive, body.send)
        else:
            await self._app(scope, receive, send)


class _Body:
    """One request's body, and how far it was read."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._unread = True

    async def receive(self) -> Message:
        message = await self._receive()
        self._unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not (last and self._unread):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        try:
            async with asyncio.timeout(MAX_SECONDS):
                await self._drain()
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b""})

    async def _drain(self) -> None:
        seen = 0
        while self._unread and seen < MAX_BYTES:
            seen += len((await self.receive()).get("body", b""))
