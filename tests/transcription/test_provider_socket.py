"""The socket with a provider: what is the same over every wire, on real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request, Response

from local_stack.provider import ProviderServer, Script, serve
from tests.doubles.numbered_audio import frame
from tests.doubles.played import heard, played, url_of
from tests.waiting import until, within
from tests.wires import OPENAI, VLLM, Wire, over_every_wire
from transcription.errors import (
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import RealtimeOptions, RealtimeSession

pytestmark = over_every_wire

FRAMES = [frame(number) for number in range(4)]


@asynccontextmanager
async def _provider(wire: Wire, script: Script | None = None) -> AsyncIterator[ProviderServer]:
    async with serve(wire.engine(script), wire=wire.served.wire()) as server:
        yield server


@asynccontextmanager
async def _session(wire: Wire, url: str, seconds: float = 5.0) -> AsyncIterator[RealtimeSession]:
    async with wire.live(url, seconds).open_realtime(RealtimeOptions(wire.live_model)) as session:
        yield session


async def _opened(wire: Wire, url: str, seconds: float = 5.0) -> None:
    async with _session(wire, url, seconds):
        raise AssertionError


async def test_no_compression_is_offered(wire: Wire) -> None:
    """PCM hardly compresses: permessage-deflate would cost CPU and memory for nothing."""
    async with _provider(wire) as server:
        async with _session(wire, server.url):
            pass
        assert "sec-websocket-extensions" not in server.sessions[0].headers


async def test_both_ways_to_send_are_one_stream(wire: Wire) -> None:
    """What is offered and what is sent arrives whole and in order."""
    async with (
        _provider(wire) as server,
        _session(wire, server.url) as session,
    ):
        for pcm in FRAMES:
            await session.send(pcm)
            if not session.offer(pcm):
                assert wire is OPENAI  # which makes audio anew, and so takes it by `send` alone
                await session.send(pcm)
        await session.end()
        await heard(session)
        sent = b"".join(pcm * 2 for pcm in FRAMES)
        assert bytes(server.sessions[0].audio) == wire.carried(sent)


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        (Script(refuse_status=400), ProviderRejected, None),
        (Script(refuse_status=401), ProviderKeyRefused, None),
        (Script(refuse_status=403), ProviderKeyRefused, None),
        (Script(refuse_status=429, retry_after=7), ProviderRateLimited, 7.0),
        (Script(refuse_status=500), ProviderUnavailable, None),
        (Script(refuse_status=503, retry_after=3), ProviderUnavailable, 3.0),
    ],
    ids=lambda value: str(value.refuse_status) if isinstance(value, Script) else "",
)
async def test_a_refused_handshake(
    wire: Wire, script: Script, kind: type[ProviderError], words: float | None
) -> None:
    """Each refusal of the handshake is the error that it means, with the time to wait."""
    async with _provider(wire, script) as server:
        with pytest.raises(ProviderError) as failure:
            await _opened(wire, server.url)
    if wire is VLLM and script.refuse_status == 403:
        kind = ProviderRejected  # vLLM says by it that it has no realtime; a wrong key is 401
    assert type(failure.value) is kind
    assert failure.value.retry_after == words


@pytest.mark.parametrize("created", [False, True])
@pytest.mark.parametrize("code", [1000, 1011, None])
async def test_a_close_before_the_end(wire: Wire, created: bool, code: int | None) -> None:
    """A socket that ends before the transcript does is a provider that failed."""

    async def play(socket: ServerConnection) -> None:
        if created:
            await socket.send(wire.created)
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code)

    async with played(play) as url:
        with pytest.raises(ProviderUnavailable):
            async with _session(wire, url) as session:
                await heard(session)


async def test_a_redirect_is_not_followed(wire: Wire) -> None:
    """Our key goes to the address that was set, and to no other that an answer names."""
    asked: list[str] = []

    async def other(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.headers.get("Authorization", ""))

    async with played(other) as elsewhere:

        def redirect(_: ServerConnection, request: Request) -> Response:
            answer = _.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
            answer.headers["Location"] = elsewhere.replace("http:", "ws:")
            return answer

        async with played(other, process_request=redirect) as url:
            with pytest.raises(ProviderUnavailable):
                await _opened(wire, url)
    assert asked == []


async def test_a_certificate_must_be_vouched_for(wire: Wire, tmp_path: Path) -> None:
    """Over TLS the provider's certificate is checked before our key is sent."""
    asked: list[str] = []

    async def note(socket: ServerConnection) -> None:
        asked.append("someone")

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(_self_signed(tmp_path))
    async with serve_websocket(note, "127.0.0.1", 0, ssl=tls) as server:
        with pytest.raises(ProviderUnavailable):
            await _opened(wire, url_of(server, "https"))
    assert asked == []


def _self_signed(folder: Path) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "self-signed.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize(
    "script",
    [Script(connect_delay_ms=600), Script(created_delay_ms=60_000)],
    ids=["handshake", "created"],
)
async def test_a_slow_start_is_given_up(wire: Wire, script: Script) -> None:
    """The start has a limit, and what was opened by then is closed."""
    async with _provider(wire, script) as server:
        with pytest.raises(ProviderUnavailable):
            await _opened(wire, server.url, 0.1)
        await _is_closed(server)


@pytest.mark.parametrize(
    "script",
    [Script(connect_delay_ms=600), Script(created_delay_ms=60_000)],
    ids=["handshake", "created"],
)
async def test_an_opening_can_be_cancelled(wire: Wire, script: Script) -> None:
    """A cancelled open leaves no socket behind."""
    async with _provider(wire, script) as server:
        opening = asyncio.create_task(_opened(wire, server.url))
        await until(lambda: len(server.sessions) == 1)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await _is_closed(server)


async def test_a_deadline_around_the_reader_fires(wire: Wire) -> None:
    """Cancellation is not swallowed: a reader ends by its deadline, and so does its socket."""
    async with _provider(wire) as server:
        with pytest.raises(TimeoutError):
            async with (
                _session(wire, server.url) as session,
                asyncio.timeout(0.1),
            ):
                await heard(session)
        await _is_closed(server)


async def test_leaving_closes_in_order(wire: Wire) -> None:
    """A session that is left says goodbye, and is gone within a second."""
    async with _provider(wire) as server:
        async with _session(wire, server.url) as session:
            await session.send(FRAMES[0])
        async with within(1):
            await _is_closed(server)
        assert server.sessions[0].close_code == 1000


async def test_a_provider_that_reads_nothing_can_be_left(wire: Wire) -> None:
    """Audio that nobody takes waits in bounded buffers, and holds up nobody's end."""
    async with _provider(wire, Script(stop_reading_at_frame=1)) as server:
        loop = asyncio.get_running_loop()
        session_open = _session(wire, server.url)
        async with session_open as session:
            with pytest.raises(TimeoutError):
                await _send_until_stuck(session)
            assert not session.offer(FRAMES[0])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.end(), 0.1)
            left_at = loop.time()
        assert loop.time() - left_at < 1


async def test_a_provider_that_is_gone_takes_nothing(wire: Wire) -> None:
    """Audio for a socket that is closed is an error of the provider's; an end is none."""
    async with (
        _provider(wire, Script(drop_at_frame=1)) as server,
        _session(wire, server.url) as session,
    ):
        await session.send(FRAMES[0])
        with pytest.raises(ProviderUnavailable):
            await heard(session)
        assert not session.offer(FRAMES[0])
        with pytest.raises(ProviderUnavailable):
            await session.send(FRAMES[0])
        await session.end()


async def test_a_path_before_the_wire_is_kept(wire: Wire) -> None:
    """The provider may be reached under a path of a gateway's."""
    asked: list[str] = []

    async def play(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.path)

    async with played(play) as url:
        with pytest.raises(ProviderUnavailable):
            await _opened(wire, f"{url}/gateway/")
    assert asked == [f"/gateway{wire.target}"]


async def _send_until_stuck(session: RealtimeSession) -> None:
    while True:
        await asyncio.wait_for(session.send(bytes(65_536)), 0.5)


async def _is_closed(server: ProviderServer) -> None:
    for record in server.sessions:
        await asyncio.wait_for(record.closed.wait(), 2)
