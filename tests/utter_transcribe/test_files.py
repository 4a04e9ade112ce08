"""Laws of the HTTP client."""

import asyncio
import json
import os
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from shared_schema.batch import DeltaEvent, FinalEvent, SegmentEvent, TranscriptionOptions
from shared_schema.errors import ErrorCode
from tests.doubles.http import File, serve_answers
from tests.utter_transcribe.listener import Tokens
from utter_transcribe.errors import ApiError, AudioError, UnreachableError
from utter_transcribe.files import Api, Clone, StreamEvent

TAKE = bytes(range(256)) * 1000
ANSWER = {"text": "hello", "model": "m", "duration_seconds": 3.5, "request_id": "r"}
VOICE = {
    "voice_id": "v1",
    "name": "Mine",
    "language": "en",
    "duration_seconds": 12.5,
    "created_at": "2026-01-02T03:04:05Z",
}


def problem(code: ErrorCode, status: int, **fields: Any) -> Response:
    """Return a problem document (RFC 9457)."""
    body = {
        "type": "about:blank",
        "title": "No",
        "status": status,
        "detail": "not like this",
        "code": code,
        "retryable": False,
    }
    return JSONResponse(body | fields, status, media_type="application/problem+json")


def events(*bodies: dict[str, Any], cut: int | None = None) -> Response:
    """Return server-sent events, in pieces that respect no boundary."""
    text = "".join(
        f"event: {body['type']}\r\ndata: {json.dumps(body, ensure_ascii=False)}\r\n\r\n"
        for body in bodies
    )
    data = (": hello\r\n\r\n" + text).encode()[:cut]

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 7):
            yield data[at : at + 7]

    return StreamingResponse(pieces(), media_type="text/event-stream")


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """A file to upload."""
    file = tmp_path / "take.wav"
    file.write_bytes(TAKE)
    return file


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file above the usual limit."""
    file = tmp_path / "large.wav"
    with file.open("wb") as sparse:
        sparse.truncate(60_000_000)
    return file


@asynccontextmanager
async def connection_to(
    peer: Callable[[StreamReader, StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve one raw connection and yield the address."""
    ended = asyncio.Event()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await peer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await ended.wait()


async def collect(api: Api, take: Path) -> list[StreamEvent]:
    """Return all events of a streamed transcription."""
    return [event async for event in api.stream(take)]


async def test_a_file_is_uploaded_whole_with_its_options(take: Path) -> None:
    """File and options arrive as the form wants them, and progress is told to the end."""
    told: list[tuple[int, int]] = []
    options = TranscriptionOptions(
        language="English", context_bias=("Utter", "Voxtral"), timestamps="word", diarize=True
    )
    async with (
        serve_answers(JSONResponse(ANSWER)) as service,
        Api(service.url, Tokens()) as api,
    ):
        answer = await api.transcribe(take, options, progress=lambda *at: told.append(at))
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/api/transcriptions")
    assert asked.headers["authorization"] == "Bearer token-1"
    assert len(asked.headers["idempotency-key"]) == 36
    assert asked.files == {"audio": File("take.wav", "audio/x-wav", TAKE)}
    assert sorted(asked.fields) == [
        ("context_bias", "Utter"),
        ("context_bias", "Voxtral"),
        ("diarize", "true"),
        ("language", "English"),
        ("timestamps", "word"),
    ]
    assert answer.text == "hello"
    assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
    assert told[-1] == (256_000, 256_000)


async def test_words_come_while_they_are_made(take: Path) -> None:
    """Server-sent events are read as they are, also with line separators in the text."""
    answer = events(
        {"type": "delta", "text": "one\u2028two\u0085"},
        {"type": "segment", "text": "one", "start": 0, "end": 1.5},
        {**ANSWER, "type": "final"},
    )
    async with serve_answers(answer) as service, Api(service.url, Tokens()) as api:
        got = await collect(api, take)
    assert service.asked[0].headers["accept"] == "text/event-stream"
    assert got == [
        DeltaEvent(text="one\u2028two\u0085"),
        SegmentEvent(text="one", start=0, end=1.5),
        FinalEvent.model_validate(ANSWER),
    ]


async def test_an_error_in_the_stream_is_raised(take: Path) -> None:
    """The stream's `error` is the same error as a problem document."""
    answer = events(
        {"type": "delta", "text": "one"},
        {"type": "error", "message": "gone", "code": "provider_unavailable", "retryable": True},
    )
    async with serve_answers(answer) as service, Api(service.url, Tokens()) as api:
        with pytest.raises(ApiError, match="gone") as error:
            await collect(api, take)
    assert error.value.status == 502
    assert error.value.failure.code is ErrorCode.PROVIDER_UNAVAILABLE
    assert error.value.failure.retryable


@pytest.mark.parametrize(
    "answer",
    [
        events({"type": "delta", "text": "one"}),
        events({"type": "delta", "text": "one"}, {**ANSWER, "type": "final"}, cut=90),
        events({"type": "mood"}),
        PlainTextResponse("<html>"),
    ],
    ids=["no final", "cut", "unknown", "no events"],
)
async def test_an_answer_that_breaks_off_is_no_answer(answer: Response, take: Path) -> None:
    """Without its `final` a stream is a failure, which may pass."""
    async with serve_answers(answer) as service, Api(service.url, Tokens()) as api:
        with pytest.raises(UnreachableError):
            await collect(api, take)


async def test_a_problem_is_told_whole(take: Path) -> None:
    """A problem document becomes a typed error with its code and its wait."""
    answer = problem(ErrorCode.SESSION_LIMIT, 429, retryable=True)
    answer.headers["Retry-After"] = "12"
    async with serve_answers(answer) as service, Api(service.url, Tokens()) as api:
        with pytest.raises(ApiError, match="not like this") as error:
            await api.transcribe(take)
    failure = error.value.failure
    assert (error.value.status, failure.code) == (429, ErrorCode.SESSION_LIMIT)
    assert (failure.retryable, failure.retry_after) == (True, 12)


@pytest.mark.parametrize(("status", "retryable"), [(502, True), (404, False)])
async def test_an_error_of_something_between_is_judged_by_its_status(
    status: int, retryable: bool
) -> None:
    """An answer that is no problem document, such as a proxy's, still is an error."""
    answer = PlainTextResponse("<html>", status)
    async with serve_answers(answer) as service, Api(service.url, Tokens()) as api:
        with pytest.raises(ApiError, match=str(status)) as error:
            await api.usage()
    assert error.value.failure.retryable is retryable


async def test_an_expired_token_is_refreshed_once(take: Path) -> None:
    """After `token_expired` the whole call is made again, once, with a fresh token."""
    expired = problem(ErrorCode.TOKEN_EXPIRED, 401)
    tokens = Tokens()
    async with (
        serve_answers(expired, JSONResponse(ANSWER)) as service,
        Api(service.url, tokens) as api,
    ):
        assert (await api.transcribe(take)).text == "hello"
    assert tokens.asked == [False, True]
    first, second = service.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert second.files["audio"].data == TAKE

    async with serve_answers(expired) as service, Api(service.url, tokens) as api:
        with pytest.raises(ApiError):
            await api.usage()
    assert len(service.asked) == 2


async def test_a_voice_is_cloned_listed_and_deleted(take: Path) -> None:
    """The calls about voices say what the service expects and give what it says."""
    detail = VOICE | {
        "transcript": "twelve words or so",
        "transcript_source": "edited",
        "audio_url": "http://x/y",
        "audio_url_expires_in": 60,
    }
    async with (
        serve_answers(
            JSONResponse(VOICE, 201),
            JSONResponse({"voices": [VOICE]}),
            JSONResponse(detail),
            JSONResponse(VOICE),
            Response(status_code=204),
        ) as service,
        Api(service.url, Tokens()) as api,
    ):
        clone = Clone(
            *("Mine", "English", "twelve words or so", "edited"),
            settled_by="ear",
            window_start_ms=1500,
            consent=True,
        )
        voice = await api.clone(take, clone)
        assert await api.voices() == (voice,)
        assert (await api.voice("v1")).transcript_source == "edited"
        assert await api.rename_voice("v1", "Ours") == voice
        await api.delete_voice("v1")
    assert [(asked.method, asked.path) for asked in service.asked] == [
        ("POST", "/api/clone"),
        ("GET", "/api/voices"),
        ("GET", "/api/voices/v1"),
        ("PATCH", "/api/voices/v1"),
        ("DELETE", "/api/voices/v1"),
    ]
    assert service.asked[0].files["audio"].data == TAKE
    assert dict(service.asked[0].fields) == {
        "name": "Mine",
        "language": "English",
        "transcript": "twelve words or so",
        "transcript_source": "edited",
        "settled_by": "ear",
        "window_start_ms": "1500",
        "consent": "true",
    }


async def test_a_long_list_of_voices_is_read_to_its_end() -> None:
    """What the client lists is every page, in the service's order."""
    second, third = VOICE | {"voice_id": "v2"}, VOICE | {"voice_id": "v3"}
    async with (
        serve_answers(
            JSONResponse({"voices": [VOICE, second], "next": "2026-11-29T10:00:00.000001Z"}),
            JSONResponse({"voices": [third]}),
        ) as service,
        Api(service.url, Tokens()) as api,
    ):
        assert [voice.voice_id for voice in await api.voices()] == ["v1", "v2", "v3"]
    assert [asked.path for asked in service.asked] == [
        "/api/voices",
        "/api/voices?before=2026-11-29T10:00:00.000001Z",
    ]


async def test_a_bundle_that_breaks_off_is_no_bundle(tmp_path: Path) -> None:
    """A download leaves a whole file, or what was there before."""

    async def cut(_: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"PK"
            raise ConnectionError

        return StreamingResponse(pieces(), headers={"Content-Length": "15"})

    whole = Response(b"PK and the rest", media_type="application/zip")
    target = tmp_path / "a.zip"
    async with serve_answers(whole, cut) as service, Api(service.url, Tokens()) as api:
        await api.bundle("v1", target, "fish")
        with pytest.raises(UnreachableError):
            await api.bundle("v1", target)
    assert os.listdir(tmp_path) == ["a.zip"]
    assert target.read_bytes() == b"PK and the rest"
    paths = [asked.path for asked in service.asked]
    assert paths == ["/api/voices/v1/bundle?preset=fish", "/api/voices/v1/bundle"]


async def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A file that cannot be read is told before anything is sent."""
    async with serve_answers(JSONResponse(ANSWER)) as service, Api(service.url, Tokens()) as api:
        with pytest.raises(AudioError, match=r"there is no file gone\.wav"):
            await api.transcribe(tmp_path / "gone.wav")
    assert service.asked == []


async def test_a_refusal_before_the_end_of_the_upload_is_read(large: Path) -> None:
    """A service that refuses a large file early is understood, not called unreachable."""
    answer = problem(ErrorCode.PAYLOAD_TOO_LARGE, 413, detail="at most 50 MiB")

    async def refuse_early(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 413 No\r\nContent-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + bytes(answer.body))
        while await reader.read(65536):  # lingers, as a server should
            pass

    async with connection_to(refuse_early) as url, Api(url, Tokens()) as api:
        with pytest.raises(ApiError, match="50 MiB") as error:
            await api.transcribe(large)
    assert error.value.failure.code is ErrorCode.PAYLOAD_TOO_LARGE


async def test_a_cut_upload_of_a_large_file_names_the_limit(large: Path) -> None:
    """Where a service cuts an upload without a word, its size is the likely reason."""

    async def cut(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with connection_to(cut) as url, Api(url, Tokens()) as api:
        with pytest.raises(UnreachableError, match=r"57\.2 MiB.*50 MiB"):
            await api.transcribe(large)


async def test_nobody_there_may_pass(take: Path) -> None:
    """A service that is not reached is worth another try."""
    async with serve_answers(JSONResponse(ANSWER)) as service:
        pass
    async with Api(service.url, Tokens()) as api:
        with pytest.raises(UnreachableError, match="cannot reach"):
            await api.transcribe(take)
