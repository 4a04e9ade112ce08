"""The deployment as a browser meets it: through its proxies, at its public address."""

import asyncio
import ssl
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.typing import Origin

from edge_functions.doctor.finding import Fault, Skipped
from shared_schema.account import PublicConfig
from transcription.settings import Settings

OPEN_SECONDS: Final = 10.0
HEAD_SECONDS: Final = 10.0
"""How long a proxy may wait for a body before it passes a request on."""
_TRANSCRIPTIONS: Final = "/api/transcriptions"
_PROBLEM: Final = "application/problem+json"


class Site:
    """Looks at a deployment from the outside.

    Args:
        settings: Those that the services are meant to run with.
        url: The address that people type, without a slash at its end.
        http: Client to ask with; the caller owns it.
        tls: How certificates are verified.
    """

    def __init__(
        self, settings: Settings, url: str, http: httpx.AsyncClient, tls: ssl.SSLContext
    ) -> None:
        self._settings = settings
        self.url = url
        self._http = http
        self._tls = tls
        self._config: PublicConfig | None = None
        parts = urlsplit(url)
        self.origin = Origin(f"{parts.scheme}://{parts.netloc}")

    @property
    def realtime_url(self) -> str:
        """Where clients open their sockets."""
        assert self._config is not None  # noqa: S101 - needs `answers`
        told = urljoin(self.url, self._config.realtime_url or "")
        return told.replace("http", "ws", 1) if told.startswith("http") else told

    def socket(self) -> connect:
        """Return a socket at the realtime address, to be opened as a page opens it."""
        url = self.realtime_url
        return connect(
            url,
            origin=self.origin,
            ssl=self._tls if url.startswith("wss:") else None,
            open_timeout=OPEN_SECONDS,
            compression=None,
            proxy=None,
        )

    async def answers(self) -> str:
        """Fetch the public configuration, and compare it with the settings."""
        answer = await self._ask("GET", "/api/config")
        try:
            self._config = PublicConfig.model_validate_json(answer.content)
        except ValidationError:
            raise Fault(
                f"{self.url}/api/config answers {answer.status_code}, and not as the functions do",
                "let the proxy send every path but the realtime one to the functions",
            ) from None
        told, expected = self._config.supabase_url, self._settings.public_supabase_url
        if told != expected:
            raise Fault(
                f"{self.url} names the project {told}, and the settings name {expected}",
                "restart the services with these settings, or give --site their address",
            )
        ready = await self._ask("GET", "/readyz")
        if ready.status_code == 503:
            state = object_of(ready)
            why, named = state.get("status", "no status"), ", ".join(state.get("settings", ()))
            raise Fault(
                f"{self.url} is not ready: {why} {named}".rstrip(),
                f"correct {named} and restart" if named else "wait, or read the functions' log",
            )
        return f"{self.url} answers and is ready"

    async def origins(self) -> str:
        """Ask as a browser does before a page's call."""
        answer = await self._ask(
            "OPTIONS",
            _TRANSCRIPTIONS,
            {
                "Origin": self.origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,idempotency-key",
            },
        )
        if answer.headers.get("Access-Control-Allow-Origin") not in {self.origin, "*"}:
            raise Fault(
                f"pages of {self.origin} may not call",
                f"add {self.origin} to ALLOWED_ORIGINS and restart bridges and functions",
            )
        return f"pages of {self.origin} may call"

    async def hops(self) -> str:
        """Compare the proxies that reported an address with those that are trusted."""
        told = object_of(await self._ask("GET", "/readyz")).get("forwarded")
        if not isinstance(told, int):
            raise Skipped("these services do not tell how many proxies they see")
        trusted = self._settings.trusted_proxy_hops
        if told == 0 and self.url.startswith("https:"):
            raise Fault(
                "the proxy does not tell callers' addresses, so all callers share one limit",
                "let it add X-Forwarded-For (deploy/nginx.conf, deploy/Caddyfile)",
            )
        if told != trusted:
            risk = (
                "callers can forge their address"
                if told < trusted
                else "all callers share the proxy's address and its limits"
            )
            raise Fault(
                f"{told} proxies report an address, and TRUSTED_PROXY_HOPS is {trusted}: {risk}",
                f"set TRUSTED_PROXY_HOPS={told} and restart bridges and functions",
            )
        return f"{told} proxies report an address, as TRUSTED_PROXY_HOPS says"

    async def body_size(self) -> str:
        """Announce the largest upload and send nothing of it: the functions ask for a token."""
        size = self._settings.max_upload_bytes
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                status, head = await self._announce(size)
        except TimeoutError:
            raise Skipped(
                "the proxy waits for the whole body, so its limit shows with a large upload only"
            ) from None
        except OSError as error:
            raise _unreached(self.url, error) from None
        if _PROBLEM not in head:
            raise Fault(
                f"the proxy answers {status} to an upload of {size:,} bytes",
                f"raise its limit on bodies to {size + 2 * 1024**2:,} bytes, or switch it off "
                "(nginx: client_max_body_size 0)",
            )
        if status == 413:
            raise Fault(
                f"the services refuse {size:,} bytes, which MAX_UPLOAD_BYTES allows",
                "restart the functions with these settings",
            )
        return f"uploads of {size:,} bytes pass"

    async def websocket(self) -> str:
        """Open a socket at the realtime address, as a page does, and close it."""
        url = self.realtime_url
        try:
            async with self.socket():
                pass
        except InvalidStatus as refused:
            status = refused.response.status_code
            if status == 403:
                raise Fault(
                    f"the bridge refuses sockets from {self.origin} (403)",
                    f"add {self.origin} to ALLOWED_ORIGINS and restart bridges and functions",
                ) from None
            raise Fault(
                f"{url} answers {status} in place of a WebSocket",
                "let the proxy pass Upgrade and Connection on, with HTTP/1.1, to the bridge "
                "(deploy/nginx.conf)",
            ) from None
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise Fault(
                f"{url} opens no WebSocket ({type(error).__name__})",
                "check BRIDGE_PUBLIC_URL, and that the proxy reaches a bridge",
            ) from None
        return f"{url} opens a WebSocket"

    async def _announce(self, size: int) -> tuple[int, str]:
        parts = urlsplit(self.url)
        is_secure = parts.scheme == "https"
        reader, writer = await asyncio.open_connection(
            parts.hostname,
            parts.port or (443 if is_secure else 80),
            ssl=self._tls if is_secure else None,
        )
        try:
            writer.write(
                f"POST {_TRANSCRIPTIONS} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {size}\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ConnectionError(str(error)) from None
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
        status = head.split(" ", 2)[1]
        return int(status) if status.isdecimal() else 0, head

    async def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(20):
                return await self._http.request(method, self.url + path, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unreached(self.url, error) from None


def _unreached(url: str, error: Exception) -> Fault:
    return Fault(
        f"{url} cannot be reached ({type(error).__name__})",
        "check the proxy, its certificate and DNS, or give --site another address",
    )


def object_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one where there is none."""
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
