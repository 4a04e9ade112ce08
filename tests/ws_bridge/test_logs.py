"""What a process writes: a wide line for each session, and nothing that is secret."""

import asyncio
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.doubles.auth import USER
from tests.doubles.project import SECRET_KEY
from tests.ws_bridge.process import PROVIDER_KEY, Running, bridge
from tests.ws_bridge.world import SILENCE, START, Talk
from tests.ws_bridge.world import running as running_here

SAID = ("aardvark", "bandicoot", "capybara")
"""Words that no log line would hold by chance."""
GOOD = Script(deltas=SAID, language="en")


async def _speak(talk: Talk) -> None:
    for _ in range(4):
        await talk.send(SILENCE)


async def _good(running: Running) -> None:
    async with running.session(language="English", context_bias=["dromedary"]) as talk:
        await _speak(talk)
        (await talk.stopped()).completed()


async def _dropped(running: Running) -> None:
    running.engine.script = Script(deltas=SAID, drop_at_frame=4)
    async with running.session() as talk:
        await _speak(talk)
        (await talk.ended()).failed(ErrorCode.PROVIDER_UNAVAILABLE)


async def _told_of_an_error(running: Running) -> None:
    words = f"{SAID[0]} of {PROVIDER_KEY}"
    for code, told in ((3000, ErrorCode.PROVIDER_UNAVAILABLE), (422, ErrorCode.PROVIDER_REJECTED)):
        running.engine.script = Script(
            deltas=SAID, error_at_frame=4, error_code=code, error_message=words
        )
        async with running.session() as talk:
            await _speak(talk)
            (await talk.ended()).failed(told)


async def _confused(running: Running) -> None:
    garbage = f'{{"type": "transcription.text.delta", "texts": "{SAID[1]}"}}'
    running.engine.script = Script(deltas=SAID, garbage_at_frame=2, garbage=garbage)
    async with running.session() as talk:
        await _speak(talk)
        (await talk.stopped()).completed()


async def _refused_by_the_provider(running: Running) -> None:
    running.engine.script = Script(refuse_status=401, refuse_message=f"no key {PROVIDER_KEY}")
    await running.refused(ErrorCode.PROVIDER_UNAVAILABLE)


async def _without_a_ledger(running: Running) -> None:
    running.engine.script = GOOD
    running.project.away = True
    await running.refused(ErrorCode.LEDGER_UNAVAILABLE)
    running.project.away = False


async def _with_bad_tokens(running: Running) -> list[str]:
    issuer = running.issuer
    expired, unknown = issuer.token(exp=1_000_000_000), issuer.token(kid="nobody-has-it")
    forged = issuer.token()[:-4] + "AAAA"
    tokens = [expired, unknown, forged, "sb_secret_that_leaked"]
    for token in tokens:
        async with running.talk() as talk:
            await talk.send({**START, "access_token": token})
            assert (await talk.ended()).close_code == 4401
        headers = {"Authorization": f"Bearer {token}"}
        with pytest.raises(InvalidStatus):
            await connect(running.url, additional_headers=headers, proxy=None)
    async with running.talk() as talk:
        await talk.send({**START, "acces_token": tokens[0]})
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
    async with running.talk() as talk:
        await talk.send('{"type": "start", "access_token": "' + tokens[1])
        (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(running.url).port)
    writer.write(f"GET / HTTP/1.1\r\nAuthorization: Bearer {tokens[0]}\1\r\n\r\n".encode())
    await reader.read()
    writer.close()
    return tokens


@pytest.mark.process
async def test_nothing_secret_and_no_word_is_written(tmp_path: Path) -> None:
    """At DEBUG, whatever happens: no token, no key and no word of a transcript is written."""
    async with bridge(tmp_path, GOOD, LOG_LEVEL="DEBUG") as running:
        await _good(running)
        await _dropped(running)
        await _told_of_an_error(running)
        await _confused(running)
        await _refused_by_the_provider(running)
        await _without_a_ledger(running)
        tokens = [*running.issuer.issued, *await _with_bad_tokens(running)]
        running.signal(signal.SIGTERM)
        assert await running.exit_code() == 0
    output = "\n".join(running.output)
    parts = {part for token in tokens for part in token.split(".")[1:]}
    for secret in (SECRET_KEY, PROVIDER_KEY, *SAID, "dromedary", "sb_secret", *parts):
        assert secret not in output
    lines = [log for log in running.logs if log["event"] == "transcription"]
    assert [(line["status"], line.get("code")) for line in lines[:7]] == [
        ("complete", None),
        ("partial", "provider_unavailable"),
        ("partial", "provider_unavailable"),
        ("partial", "provider_rejected"),
        ("complete", None),
        ("refused", "provider_unavailable"),
        ("refused", "ledger_unavailable"),
    ]
    assert lines[0]["cost_microdollars"] == 40


async def test_the_wide_line_tells_all_of_a_session() -> None:
    """One line for each session has its ids, times, sizes, outcome and cost."""
    async with running_here(GOOD) as world:
        with capture_logs() as logs:
            world.ledger.closing.close()
            async with world.session(language="English") as talk:
                await _speak(talk)
                (await talk.stopped()).completed()
            world.ledger.closing.open()
            await world.is_clean(upstreams=1)
        (line,) = (log for log in logs if log["event"] == "transcription")
        (record,) = world.provider.sessions
        (session_id,) = world.ledger.entries
        for name in ("wall_seconds", "ready_ms", "first_delta_ms", "finish_ms"):
            assert line.pop(name) >= 0
        assert line == {
            "event": "transcription",
            "log_level": "info",
            "kind": "realtime",
            "provider": "mistral",
            "model": "voxtral-mini-transcribe-realtime-2602",
            "language": "en",
            "session_id": session_id,
            "provider_request_id": record.request_id,
            "user_id": USER,
            "anonymous": False,
            "status": "complete",
            "close_code": 1000,
            "audio_seconds": 0.4,
            "bytes_in": 12_800,
            "frames": 4,
            "deltas": 3,
            "cost_microdollars": 40,
        }


async def test_the_wide_line_of_a_refusal() -> None:
    """A session that was never let in has its line too, with no more than is known."""
    async with running_here() as world:
        with capture_logs() as logs:
            await world.refused(ErrorCode.UNAUTHENTICATED, access_token=None)
            await world.is_clean(upstreams=0)
        (line,) = (log for log in logs if log["event"] == "transcription")
        assert line.pop("wall_seconds") >= 0  # to the millisecond
        assert line == {
            "event": "transcription",
            "log_level": "info",
            "kind": "realtime",
            "provider": "mistral",
            "status": "refused",
            "code": "unauthenticated",
            "close_code": 4401,
        }


async def test_the_line_of_a_bug_has_its_id() -> None:
    """The line of a session that a bug has ended bears the id that the client was told."""
    async with running_here() as world:
        world.ledger.refusal = ZeroDivisionError()
        with capture_logs() as logs:
            error = await world.refused(ErrorCode.INTERNAL)
            await world.is_clean()
        (line,) = (log for log in logs if log["event"] == "transcription")
        assert line["error_id"] in error["message"]
