"""The realtime half of the Mistral adapter, on real sockets."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mistralai.client import Mistral
from mistralai.client.models import AudioFormat
from pydantic import SecretStr
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as serve_websocket
from websockets.http11 import Request, Response

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from tests.doubles.numbered_audio import frame
from tests.waiting import until
from transcription.errors import (
    NotFound,
    ProviderError,
    ProviderKeyRefused,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from transcription.providers.base import (
    LanguageDetected,
    RealtimeEvent,
    RealtimeOptions,
    TextDelta,
    TranscriptDone,
)
from transcription.providers.mistral.realtime import MistralRealtime, MistralSession

VERSION_2 = "voxtral-mini-transcribe-realtime-2602"
VERSION_3 = "voxtral-mini-transcribe-realtime-3"
KEY = "key-of-ours"
FRAMES = [frame(number) for number in range(4)]


@asynccontextmanager
async def _provider(script: Script | None = None) -> AsyncIterator[ProviderServer]:
    async with serve(ScriptedEngine(script), host="127.0.0.1", port=0) as server:
        yield server


@asynccontextmanager
async def _played(
    play: Callable[[ServerConnection], Awaitable[None]], **options: Any
) -> AsyncIterator[str]:
    """Play a provider's socket by hand; gives its `http:` address."""
    async with serve_websocket(play, "127.0.0.1", 0, **options) as server:
        yield _url(server)


def _url(server: Server, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


def _mistral(url: str, *, connect_seconds: float = 5.0) -> MistralRealtime:
    return MistralRealtime(server_url=url, api_key=SecretStr(KEY), connect_seconds=connect_seconds)


async def _heard(session: MistralSession) -> list[RealtimeEvent]:
    events: list[RealtimeEvent] = []
    await session.listen(events.append)
    return events


async def _opened(url: str, **options: Any) -> None:
    async with _mistral(url, **options).open_realtime(RealtimeOptions(VERSION_2)):
        raise AssertionError


CREATED = json.dumps(
    {
        "type": "session.created",
        "session": {
            "request_id": "by-hand",
            "model": VERSION_2,
            "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
        },
    }
)


@pytest.mark.parametrize(
    "options",
    [
        RealtimeOptions(VERSION_2),
        RealtimeOptions(VERSION_2, language="en", target_streaming_delay_ms=480),
        RealtimeOptions(VERSION_3, "de", ("Utter", "Voxtral é"), 1000),
    ],
    ids=["bare", "hints", "all"],
)
async def test_our_frames_are_the_sdks_frames(options: RealtimeOptions) -> None:
    """Asked for the same, we and the SDK's own client send the same JSON with the same key."""
    async with (
        _provider() as server,
        Mistral(api_key=KEY, server_url=server.url) as sdk,
        _mistral(server.url).open_realtime(options) as session,
    ):
        for pcm in FRAMES:
            await session.send(pcm)
        await session.end()
        await _heard(session)
        theirs = await sdk.audio.realtime.connect(
            options.model,
            AudioFormat(encoding="pcm_s16le", sample_rate=16_000),
            options.target_streaming_delay_ms,
            context_bias=list(options.context_bias) or None,
            language=options.language,
        )
        async with theirs:
            for pcm in FRAMES:
                await theirs.send_audio(pcm)
            await theirs.flush_audio()
            await theirs.end_audio()
            async for event in theirs:
                if event.type == "transcription.done":
                    break
        ours, sdks = server.sessions
    assert ours.messages == sdks.messages
    assert [message["type"] for message in ours.messages] == [
        "session.update",
        *["input_audio.append"] * 4,
        "input_audio.flush",
        "input_audio.end",
    ]
    assert ours.model == sdks.model
    assert ours.headers["authorization"] == sdks.headers["authorization"] == f"Bearer {KEY}"


async def test_no_compression_is_offered() -> None:
    """PCM hardly compresses: permessage-deflate would cost CPU and memory for nothing."""
    async with _provider() as server:
        async with _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)):
            pass
        assert "sec-websocket-extensions" not in server.sessions[0].headers


async def test_both_ways_to_send_are_one_stream() -> None:
    """What is offered and what is sent arrives whole and in order."""
    async with (
        _provider() as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        for pcm in FRAMES:
            assert session.offer(pcm)
            await session.send(pcm)
        await session.end()
        await _heard(session)
        assert bytes(server.sessions[0].audio) == b"".join(pcm * 2 for pcm in FRAMES)


async def test_what_is_said_becomes_our_events() -> None:
    """Language, deltas and the whole become events of ours; nothing of the SDK's leaks."""
    script = Script(text="one two", language="en")
    async with (
        _provider(script) as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        assert session.request_id == server.sessions[0].request_id
        for pcm in FRAMES:
            await session.send(pcm)
        await session.end()
        assert await _heard(session) == [
            LanguageDetected("en"),
            TextDelta("one"),
            TextDelta(" two"),
            TranscriptDone("one two", "en", billed_seconds=1),
        ]


async def test_unknown_events_are_passed_over() -> None:
    """Garbage, bytes, segments, turns and events of tomorrow change nothing."""
    odd: list[str | bytes] = [
        "{",
        "null",
        b"\x00\x01",
        '{"type": 7}',
        '{"type": "transcription.text.delta"}',
        '{"type": "transcription.text.delta", "text": 7}',
        '{"type": "transcription.done"}',
        '{"type": "error"}',
        '{"type": "turn.start"}',
        '{"type": "transcription.segment", "text": "x", "start": 0, "end": 1}',
        '{"type": "transcription.tomorrow"}',
        CREATED,
    ]

    async def play(socket: ServerConnection) -> None:
        await socket.send('{"type": "weather"}')
        await socket.send(CREATED)
        for message in odd:
            await socket.send(message)
        await socket.send('{"type": "transcription.text.delta", "text": "a", "new": {}}')
        await socket.send(
            '{"type": "transcription.done", "model": "m", "text": "a", "language": null, '
            '"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}'
        )
        await socket.wait_closed()

    async with (
        _played(play) as url,
        _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        assert await _heard(session) == [TextDelta("a"), TranscriptDone("a")]


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
    script: Script, kind: type[ProviderError], words: float | None
) -> None:
    """Each refusal of the handshake is the error that it means, with the time to wait."""
    async with _provider(script) as server:
        with pytest.raises(ProviderError) as failure:
            await _opened(server.url)
    assert type(failure.value) is kind
    assert failure.value.retry_after == words


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ({"message": "bad language", "code": 422}, ProviderRejected, "bad language"),
        ({"message": {"detail": "bad"}, "code": 400}, ProviderRejected, "bad"),
        ({"message": {"detail": [{"msg": "odd"}]}, "code": 422}, ProviderRejected, "odd"),
        ({"message": "slow down", "code": 429}, ProviderRateLimited, None),
        ({"message": "secret detail", "code": 3804}, ProviderUnavailable, None),
        ({"message": f"no {KEY}", "code": 401}, ProviderKeyRefused, None),
    ],
    ids=lambda value: str(value.get("code")) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("created", [False, True])
async def test_an_error_event(
    created: bool, error: dict[str, Any], kind: type[ProviderError], words: str | None
) -> None:
    """An error event is the error that it means, before the session is open or after."""

    async def play(socket: ServerConnection) -> None:
        if created:
            await socket.send(CREATED)
        await socket.send(json.dumps({"type": "error", "error": error}))

    async with _played(play) as url:
        with pytest.raises(ProviderError) as failure:
            async with _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session:
                await _heard(session)
    assert type(failure.value) is kind
    assert (words or "recogniser") in failure.value.message
    assert "secret" not in failure.value.message
    assert KEY not in failure.value.message


@pytest.mark.parametrize("created", [False, True])
@pytest.mark.parametrize("code", [1000, 1011, None])
async def test_a_close_before_the_end(created: bool, code: int | None) -> None:
    """A socket that ends before the transcript does is a provider that failed."""

    async def play(socket: ServerConnection) -> None:
        if created:
            await socket.send(CREATED)
        if code is None:
            socket.transport.abort()
        else:
            await socket.close(code)

    async with _played(play) as url:
        with pytest.raises(ProviderUnavailable):
            async with _mistral(url).open_realtime(RealtimeOptions(VERSION_2)) as session:
                await _heard(session)


async def test_a_redirect_is_not_followed() -> None:
    """Our key goes to the address that was set, and to no other that an answer names."""
    asked: list[str] = []

    async def other(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.headers.get("Authorization", ""))

    async with _played(other) as elsewhere:

        def redirect(_: ServerConnection, request: Request) -> Response:
            answer = _.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
            answer.headers["Location"] = elsewhere.replace("http:", "ws:")
            return answer

        async with _played(other, process_request=redirect) as url:
            with pytest.raises(ProviderUnavailable):
                await _opened(url)
    assert asked == []


async def test_a_certificate_must_be_vouched_for(tmp_path: Path) -> None:
    """Over TLS the provider's certificate is checked before our key is sent."""
    asked: list[str] = []

    async def note(socket: ServerConnection) -> None:
        asked.append("somebody")

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(_self_signed(tmp_path))
    async with serve_websocket(note, "127.0.0.1", 0, ssl=tls) as server:
        with pytest.raises(ProviderUnavailable):
            await _opened(_url(server, "https"))
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
async def test_a_slow_start_is_given_up(script: Script) -> None:
    """The start has a limit, and what was opened by then is closed."""
    async with _provider(script) as server:
        with pytest.raises(ProviderUnavailable):
            await _opened(server.url, connect_seconds=0.1)
        await _is_closed(server)


@pytest.mark.parametrize(
    "script",
    [Script(connect_delay_ms=600), Script(created_delay_ms=60_000)],
    ids=["handshake", "created"],
)
async def test_an_opening_can_be_cancelled(script: Script) -> None:
    """Whoever stops waiting for a session leaves no socket behind."""
    async with _provider(script) as server:
        opening = asyncio.create_task(_opened(server.url))
        await until(lambda: len(server.sessions) == 1)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await _is_closed(server)


async def test_a_deadline_around_the_reader_fires() -> None:
    """Cancellation is not swallowed: a reader ends by its deadline, and so does its socket."""
    async with _provider() as server:
        with pytest.raises(TimeoutError):
            async with (
                _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
                asyncio.timeout(0.1),
            ):
                await _heard(session)
        await _is_closed(server)


async def test_leaving_closes_in_order() -> None:
    """A session that is left says goodbye, and is gone within a second."""
    async with _provider() as server:
        async with _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session:
            await session.send(FRAMES[0])
        async with asyncio.timeout(1):
            await _is_closed(server)
        assert server.sessions[0].close_code == 1000


async def test_a_provider_that_reads_nothing_can_be_left() -> None:
    """Audio that nobody takes waits in bounded buffers, and holds up nobody's end."""
    async with _provider(Script(stop_reading_at_frame=1)) as server:
        loop = asyncio.get_running_loop()
        session_open = _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2))
        async with session_open as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_send_for_ever(session), 0.5)
            assert not session.offer(FRAMES[0])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.end(), 0.1)
            left_at = loop.time()
        assert loop.time() - left_at < 1


async def test_a_provider_that_is_gone_takes_nothing() -> None:
    """Audio for a socket that is closed is an error of the provider's; an end is none."""
    async with (
        _provider(Script(drop_at_frame=1)) as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        await session.send(FRAMES[0])
        with pytest.raises(ProviderUnavailable):
            await _heard(session)
        assert not session.offer(FRAMES[0])
        with pytest.raises(ProviderUnavailable):
            await session.send(FRAMES[0])
        await session.end()


async def test_the_end_is_said_once() -> None:
    """A second end is harmless."""
    async with (
        _provider() as server,
        _mistral(server.url).open_realtime(RealtimeOptions(VERSION_2)) as session,
    ):
        await session.end()
        await session.end()
        await _heard(session)
        types = [message["type"] for message in server.sessions[0].messages]
        assert types == ["session.update", "input_audio.flush", "input_audio.end"]


async def test_a_path_before_the_wire_is_kept() -> None:
    """The provider may be reached under a path of a gateway's."""
    asked: list[str] = []

    async def play(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.path)

    async with _played(play) as url:
        with pytest.raises(ProviderUnavailable):
            await _opened(f"{url}/gateway/")
    assert asked == [f"/gateway/v1/audio/transcriptions/realtime?model={VERSION_2}"]


async def test_what_models_can_do_is_told() -> None:
    """Known models have their delays and languages; an unknown one is not found."""
    mistral = _mistral("http://127.0.0.1:9")
    second, third = [await mistral.realtime_capabilities(one) for one in (VERSION_2, VERSION_3)]
    assert [480 in delays for delays in second.streaming_delays_ms] == [True]
    assert not any(1300 in delays for delays in third.streaming_delays_ms)
    assert any(2400 in delays for delays in third.streaming_delays_ms)
    assert {"en", "de", "ja"} <= second.languages == third.languages
    assert (second.accepts_context_bias, third.accepts_context_bias) == (False, True)
    assert second.max_lag_ms >= 2400
    with pytest.raises(NotFound) as failure:
        await mistral.realtime_capabilities("x" * 1000)
    assert len(failure.value.message) < 200


async def test_warming_up_needs_no_provider() -> None:
    """What makes a first session slow is paid for without calling anybody."""
    await _mistral("http://127.0.0.1:9").warm_up()


async def _send_for_ever(session: MistralSession) -> None:
    while True:
        await session.send(bytes(65_536))


async def _is_closed(server: ProviderServer) -> None:
    for record in server.sessions:
        await asyncio.wait_for(record.closed.wait(), 2)
