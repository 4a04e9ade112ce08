"""Laws of the command, as a process of its own against services played by scripts."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from shared_schema.errors import ErrorCode
from shared_schema.server_messages import LiveSegment, Turn
from tests.doubles.bridge import Line, scripted_bridge
from tests.doubles.http import serve_answers
from tests.doubles.numbered_audio import numbers, recording
from tests.utter_transcribe import preloaded
from tests.utter_transcribe.listener import eventually
from tests.utter_transcribe.test_audio import wav
from tests.utter_transcribe.test_files import ANSWER, VOICE, events, problem

pytestmark = pytest.mark.process

COMMAND = (sys.executable, "-c", "from utter_transcribe.cli import main; main()")
_ENVIRONMENT = {"PATH": os.environ["PATH"], "COLUMNS": "80", "UTTER_TOKEN": "mine"}


@pytest.fixture
def take(tmp_path: Path) -> Path:
    """Two seconds and a half of audio."""
    file = tmp_path / "take.wav"
    file.write_bytes(wav(recording(25)))
    return file


async def good(line: Line) -> None:
    """Be a session as it should be."""
    await line.transcribe()


@asynccontextmanager
async def command(
    folder: Path, *arguments: str | Path, **environment: str
) -> AsyncIterator[Process]:
    """Run the command; it is gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *map(str, arguments),
        cwd=folder,
        env=_ENVIRONMENT | environment,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(
    folder: Path, *arguments: str | Path, stdin: bytes = b"", **environment: str
) -> tuple[int | None, str, str]:
    """Return the exit status, and what was written to standard output and standard error."""
    environment = _ENVIRONMENT | environment
    if sys.platform == "linux":  # the frameworks of macOS do not outlive a fork
        return await preloaded.run(folder, [*map(str, arguments)], environment, stdin)
    async with command(folder, *arguments, **environment) as process:
        out, err = await process.communicate(stdin)
        return process.returncode, out.decode(), err.decode()


async def test_a_file_becomes_its_words(tmp_path: Path, take: Path) -> None:
    """Piped, standard output holds the bare transcript and nothing else."""
    async with scripted_bridge(good) as bridge:
        done = await run(tmp_path, "live", take, "--speed", "0", "--url", bridge.url)
    assert done == (0, "word0 word5 word10 word15 word20\n", "")
    assert numbers(bridge.lines[0].audio) == list(range(25))
    assert bridge.lines[0].token == "mine"


async def test_options_reach_the_service(tmp_path: Path, take: Path) -> None:
    """Language and expected words are asked for, by option; the address by environment."""
    async with scripted_bridge(good) as bridge:
        arguments = ["--language", "German", "--bias", "Utter", "--bias", "Voxtral", "--speed", "0"]
        done = await run(tmp_path, "live", take, *arguments, UTTER_REALTIME_URL=bridge.url)
    assert done[0] == 0
    assert bridge.lines[0].start["language"] == "German"
    assert bridge.lines[0].start["context_bias"] == ["Utter", "Voxtral"]


async def test_more_than_text_can_be_asked_for(tmp_path: Path, take: Path) -> None:
    """Model, delay, speakers and turns are asked for by option; what comes is told aside."""

    async def beside(line: Line) -> None:
        await line.ready()
        segment = LiveSegment(text=" one", start=0.5, end=1.25, speaker="speaker_1")
        for message in (Turn(event="eager_end", at=1.5), segment):
            await line.socket.send(message.to_json())
        await line.hear()
        await line.say("one")
        await line.final()

    async with scripted_bridge(beside) as bridge:
        options = ["--model", "m", "--delay", "480", "--diarize", "--turns", "--speed", "0"]
        done = await run(tmp_path, "live", take, *options, "--url", bridge.url)
        (tmp_path / "ann.wav").write_bytes(b"voice")
        given = ["--speaker", "Ann=ann.wav", "--turn", "min_silence_ms=300", "--speed", "0"]
        await run(tmp_path, "live", take, *given, "--url", bridge.url)
        as_json = await run(tmp_path, "live", take, *options, "--json", "--url", bridge.url)
    start = bridge.lines[0].start
    assert (start["model"], start["target_streaming_delay_ms"]) == ("m", 480)
    assert (start["diarize"], start["turn_detection"]) == (True, True)
    second = bridge.lines[1].start
    assert (second["diarize"], second["turn_detection"]["min_silence_ms"]) == (True, 300)
    assert second["speaker_references"] == [{"name": "Ann", "audio": "dm9pY2U="}]
    assert done == (0, "one\n", "1.5 s: turn, eager end\n0.5 to 1.2 s, speaker_1: one\n")
    told = [json.loads(line) for line in as_json[1].splitlines()]
    assert {"event": "turn", "phase": "eager_end", "at": 1.5} in told
    assert [one["speaker"] for one in told if one["event"] == "segment"] == ["speaker_1"]


async def test_standard_input_is_a_recording_too(tmp_path: Path) -> None:
    """Raw audio from a pipe is streamed as it comes, to its end."""
    async with scripted_bridge(good) as bridge:
        done = await run(tmp_path, "live", "-", "--url", bridge.url, stdin=recording(12))
    assert done == (0, "word0 word5\n", "")


async def test_words_are_written_as_they_come(tmp_path: Path) -> None:
    """A word is on standard output before the recording ends; Ctrl-C then ends it well."""
    async with (
        scripted_bridge(good) as bridge,
        command(tmp_path, "live", "-", "--url", bridge.url) as process,
    ):
        assert process.stdin
        assert process.stdout
        process.stdin.write(recording(6))
        assert await process.stdout.readexactly(5) == b"word0"
        process.stdin.write(recording(6)[3200:])
        await eventually(lambda: len(bridge.lines[0].audio) == 11 * 3200)
        process.send_signal(signal.SIGINT)
        assert await process.stdout.read() == b" word5\n"
        assert await process.wait() == 0
    assert bridge.lines[0].stopped


async def test_a_second_interrupt_ends_at_once(tmp_path: Path) -> None:
    """Who does not want to wait for the last words need not."""

    async def never_final(line: Line) -> None:
        await line.ready()
        await line.hear()
        await line.socket.wait_closed()

    async with (
        scripted_bridge(never_final) as bridge,
        command(tmp_path, "live", "-", "--url", bridge.url) as process,
    ):
        await eventually(lambda: bridge.lines and bridge.lines[0].start)
        process.send_signal(signal.SIGINT)
        await eventually(lambda: bridge.lines[0].stopped)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
        await bridge.lines[0].closed.wait()


async def test_json_tells_every_event(tmp_path: Path, take: Path) -> None:
    """With `--json` every line is an object, from the opening to the result."""
    async with scripted_bridge(good) as bridge:
        status, out, err = await run(
            tmp_path, "live", take, "--speed", "0", "--json", "--url", bridge.url
        )
    told: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert told[0]["event"] == "opened"
    words = [event for event in told if event["event"] == "words"]
    assert words[1] == {"event": "words", "delta": " word5", "text": "word0 word5"}
    assert {event["event"] for event in told} == {"opened", "words", "acked", "finished"}
    assert told[-1]["event"] == "finished"
    assert told[-1]["result"]["text"] == "word0 word5 word10 word15 word20"


async def test_a_seam_that_changes_words_begins_a_new_line(tmp_path: Path, take: Path) -> None:
    """Whatever was written before, the last line is the whole transcript."""

    async def dies(line: Line) -> None:
        await line.ready()
        await line.hear(ms=2000)
        await line.ack()
        await line.say("the quick brown fog")
        await line.drop()

    async def goes_on(line: Line) -> None:
        await line.ready()
        await line.hear()
        await line.say("quick brown fox jumps")
        await line.final()

    async with scripted_bridge(dies, goes_on) as bridge:
        status, out, err = await run(tmp_path, "live", take, "--speed", "0", "--url", bridge.url)
    assert (status, out.splitlines()) == (
        0,
        ["the quick brown fog", "the quick brown fox jumps"],
    )
    assert "nothing is lost" in err


async def test_a_refusal_is_one_line(tmp_path: Path, take: Path) -> None:
    """What ends it early stands on standard error, the words so far on standard output."""

    async def quota(line: Line) -> None:
        await line.ready()
        await line.hear(ms=1000)
        await line.say("so far")
        await line.final("partial", ErrorCode.QUOTA_EXCEEDED)
        await line.error(ErrorCode.QUOTA_EXCEEDED)

    async with scripted_bridge(quota) as bridge:
        done = await run(tmp_path, "live", take, "--speed", "0", "--url", bridge.url)
    assert done == (1, "so far\n", "ended early: Today's minutes are used up\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["live", "gone.wav"], "there is no file gone.wav"),
        (["live", "notes.wav"], "notes.wav is no audio that can be read"),
        (["live", "take.wav", "--url", "example.org"], "not an address of a realtime service"),
        (["live", "take.wav", "--bias", "x" * 4001], "at most 4000 characters"),
        (["live", "take.wav", "--speaker", "ann"], "a speaker is NAME=FILE, not 'ann'"),
        (["file", "take.wav", "--speaker", "ann=gone.wav"], "gone.wav: No such file"),
        (["live", "take.wav", "--turn", "patience=1"], "patience"),
        (["file", "gone.wav"], "there is no file gone.wav"),
        (["file", "take.wav", "--bias", "x" * 4001], "at most 4000 characters"),
        (["demo", "--sample", "take.wav"], "take.txt is missing"),
        (["live"], "give a FILE, - or --microphone"),
        (["live", "take.wav", "--microphone"], "one of them only"),
        (["file", "take.wav", "--url", "http://127.0.0.1:9"], "`make demo` starts everything"),
        (["usage", "--url", "http://127.0.0.1:9"], "Does it run?"),
    ],
)
async def test_a_mistake_is_told_in_one_line(
    tmp_path: Path, take: Path, arguments: list[str], says: str
) -> None:
    """Nothing is sent, nothing is started, and there is no traceback."""
    (tmp_path / "notes.wav").write_text("dear diary\n" * 100)
    status, out, err = await run(tmp_path, *arguments)
    assert (status, out) == (1, "")
    assert says in err
    assert err.startswith("utter-transcribe: ")
    assert err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["notes.wav", take.name]


@pytest.mark.parametrize("command", ["live", "file"])
@pytest.mark.parametrize("token", ["eyJhbGci.eyJz\rdWIi.c2ln", "\u201ceyJhbGci.c2ln\u201d"])
async def test_a_token_that_cannot_be_sent_is_not_shown(
    tmp_path: Path, take: Path, command: str, token: str
) -> None:
    """A token with a character that no header carries is told as that, in one line without it."""
    status, out, err = await run(tmp_path, command, take, UTTER_TOKEN=token)
    assert (status, out) == (1, "")
    assert "access token" in err
    assert "eyJ" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["live", "file"])
async def test_a_proxy_that_cannot_be_used_is_named(
    tmp_path: Path, take: Path, command: str
) -> None:
    """The line names the variable, and not what stands in it."""
    arguments: list[str | Path] = [command, take, "--token", "a.b.c", "--url", "https://p.example"]
    proxy = "socks5://me:hunter2@127.0.0.1:9"
    status, out, err = await run(tmp_path, *arguments, ALL_PROXY=proxy)
    assert (status, out) == (1, "")
    assert "ALL_PROXY: " in err
    assert "hunter2" not in err
    assert err.count("\n") == 1


async def test_without_a_token_it_says_how_to_get_one(tmp_path: Path, take: Path) -> None:
    """Without token and without Supabase nothing is tried."""
    status, _, err = await run(tmp_path, "live", take, UTTER_TOKEN="")
    assert status == 1
    assert "SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY" in err


async def test_a_local_stack_is_found(tmp_path: Path, take: Path) -> None:
    """In the folder of a local stack no option is needed; `.env` and environment go before."""
    (tmp_path / ".local").mkdir()
    session = {"access_token": "local", "refresh_token": "r", "expires_in": 3600}
    async with (
        serve_answers(JSONResponse(session)) as auth,
        scripted_bridge(good) as bridge,
    ):
        (tmp_path / ".local" / "env").write_text(
            f"SUPABASE_URL={auth.url}\nSUPABASE_PUBLISHABLE_KEY=local-key\n"
        )
        (tmp_path / ".env").write_text("SUPABASE_PUBLISHABLE_KEY=own-key\n")
        done = await run(
            tmp_path, "live", take, "--speed", "0", "--url", bridge.url, UTTER_TOKEN=""
        )
    assert done[0] == 0
    assert bridge.lines[0].token == "local"
    assert auth.asked[0].headers["apikey"] == "own-key"


async def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path, take: Path) -> None:
    """A closed pipe is no reason for a traceback."""
    async with scripted_bridge(good) as bridge:
        reader, writer = os.pipe()
        os.close(reader)
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("live", str(take), "--speed", "0", "--url", bridge.url),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "UTTER_TOKEN": "mine"},
            stdin=DEVNULL,
            stdout=writer,
            stderr=PIPE,
        )
        os.close(writer)
        _, err = await process.communicate()
    assert (process.returncode, err) == (1, b"")


PARTS = [
    {"text": " one two", "start": 0, "end": 1.25},
    {"text": " three", "start": 1.5, "end": 2, "speaker": "ann"},
]

LINES = "    0.00     1.25  one two\n    1.50     2.00  ann: three\n"


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ([], "one two three\n"),
        (
            ["--timestamps", "segment"],
            "    0.00     1.25  one two\n    1.50     2.00  ann: three\n",
        ),
        (
            ["--format", "srt"],
            "1\n00:00:00,000 --> 00:00:01,250\none two\n\n"
            "2\n00:00:01,500 --> 00:00:02,000\nann: three\n",
        ),
        (
            ["--format", "vtt"],
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\none two\n\n"
            "00:00:01.500 --> 00:00:02.000\n<v ann>three\n",
        ),
        (
            ["--diarize", "--model", "m"],
            "    0.00     1.25  one two\n    1.50     2.00  ann: three\n",
        ),
    ],
)
async def test_a_whole_file_is_transcribed(
    tmp_path: Path, take: Path, option: list[str], expected: str
) -> None:
    """Standard output holds the text, or a line for every part with its times."""
    answer = events(
        {"type": "delta", "text": "one two"},
        {"type": "delta", "text": " three"},
        {**ANSWER, "type": "final", "text": "one two three", "segments": PARTS}
        | {"warnings": ["language was ignored"]},
    )
    async with serve_answers(answer) as service:
        status, out, err = await run(tmp_path, "file", take, *option, "--url", service.url)
    assert (status, out) == (0, expected)
    assert "note: language was ignored" in err
    assert service.asked[0].files["audio"].filename == "take.wav"


async def test_a_terminal_shows_a_bar_while_the_file_is_sent(tmp_path: Path, take: Path) -> None:
    """On a terminal a bar tells what is sent and then listened to, and leaves the bare text."""
    ours, theirs = os.openpty()
    answer = events({**ANSWER, "type": "final", "text": "one two three"})
    async with serve_answers(answer) as service:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("file", str(take), "--url", service.url),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "UTTER_TOKEN": "mine", "TERM": "xterm"},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=theirs,
        )
        out, _ = await process.communicate()
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert (process.returncode, out) == (0, b"one two three\n")
    assert "Sending take.wav" in shown
    assert "Listening" in shown
    assert "78.2/78.2 KiB" in shown


async def test_a_file_as_json_is_the_whole_answer(tmp_path: Path, take: Path) -> None:
    """With `--json` standard output is the service's answer, as it stands on the wire."""
    answer = events({"type": "delta", "text": "hel"}, {**ANSWER, "type": "final"})
    async with serve_answers(answer) as service:
        status, out, _ = await run(tmp_path, "file", take, "--json", "--url", service.url)
    assert status == 0
    assert json.loads(out) == ANSWER


async def test_a_file_that_is_refused_is_one_line(tmp_path: Path, take: Path) -> None:
    """A problem document is told by its detail."""
    async with serve_answers(problem(ErrorCode.INVALID_AUDIO, 422)) as service:
        status, out, err = await run(tmp_path, "file", take, "--url", service.url)
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == "utter-transcribe: not like this"


async def test_voices_are_listed(tmp_path: Path) -> None:
    """Each voice is a line with its id; as JSON a list."""
    async with serve_answers(JSONResponse({"voices": [VOICE]})) as service:
        status, out, _ = await run(tmp_path, "voices", "--url", service.url)
        as_json = await run(tmp_path, "voices", "--json", "--url", service.url)
    assert status == 0
    assert out.splitlines()[1].split() == ["Mine", "en", "12.5", "2026-01-02", "03:04", "v1"]
    assert [one["voice_id"] for one in json.loads(as_json[1])] == ["v1"]
    assert service.asked[0].path == "/api/voices"


async def test_a_voice_is_shown_and_downloaded(tmp_path: Path) -> None:
    """One voice is its figures and its text, JSON, or a zip that is there whole or not at all."""
    detail = VOICE | {
        "transcript": "[bold] twelve words",
        "transcript_source": "edited",
        "settled_by": "ear",
        "consent": True,
        "audio_url": "http://x/y",
        "audio_url_expires_in": 60,
    }
    zipped = Response(b"PK and the rest", media_type="application/zip")
    answers = (JSONResponse(detail), JSONResponse(detail), zipped, zipped)
    async with serve_answers(*answers) as service:
        address = ("--url", service.url)
        status, out, _ = await run(tmp_path, "voice", "v1", *address)
        as_json = await run(tmp_path, "voice", "v1", "--json", *address)
        asked = ("voice", "../v1", "--preset", "f5-tts", "--bundle")
        downloaded = await run(tmp_path, *asked, "a.zip", *address)
        nowhere = await run(tmp_path, *asked, "not/there.zip", *address)
    assert (status, out.splitlines()[-1]) == (0, "[bold] twelve words")
    assert "ear" in out
    assert json.loads(as_json[1])["settled_by"] == "ear"
    assert downloaded == (0, "", "")
    assert os.listdir(tmp_path) == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"PK and the rest"
    assert service.asked[2].path == "/api/voices/../v1/bundle?preset=f5-tts"
    assert (nowhere[0], "not/there.zip cannot be written" in nowhere[2]) == (1, True)


async def test_a_text_is_checked(tmp_path: Path, take: Path) -> None:
    """Where text and recording differ is told with times, and by the exit status."""
    doubt = {
        "kind": "changed",
        "text": "[brown]",
        "first_word": 1,
        "end_word": 2,
        "slight": False,
        "first_character": 4,
        "end_character": 9,
        "start": 61.5,
        "end": 62,
        "readings": [{"witness": "final_pass", "text": "green", "agrees": False}],
    }
    missing = {"kind": "after_last_word", "start": 66, "end": 70}
    differs = {"rate": 0.9, "doubts": [doubt], "coverage": [missing]}
    slight = {"rate": 1, "doubts": [doubt | {"slight": True}], "coverage": []}
    answers = [JSONResponse(ANSWER | {"match": one}) for one in (differs, differs, slight)]
    (tmp_path / "said.txt").write_text("\ufeffThe brown fox", encoding="utf-8")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe")
    async with serve_answers(*answers, JSONResponse(ANSWER)) as service:
        asked = ("check", take, "--url", service.url, "--text")
        status, out, err = await run(tmp_path, *asked, "@said.txt")
        as_json = await run(tmp_path, *asked, "@said.txt", "--json")
        exact = await run(tmp_path, *asked, "@said.txt")
        old = await run(tmp_path, *asked, "The brown fox")
        wrong = [await run(tmp_path, *asked, one) for one in ("@nothing.txt", "@odd.txt", " ")]
    assert (status, err) == (3, "")
    lines = out.splitlines()
    assert lines[:2] == [
        "90.0% of the text match the recording.",
        "Nothing is written for the end, 1:06 to 1:10.",
    ]
    assert lines[-1].split() == ["1:01", "[brown]", "green"]
    assert (as_json[0], json.loads(as_json[1])["match"]["rate"]) == (3, 0.9)
    assert exact[0] == 0
    assert exact[1].startswith("The text matches the recording, except where it may have been")
    assert "perhaps heard wrong" in exact[1]
    assert dict(service.asked[0].fields) == {"check_text": "The brown fox"}
    assert (old[0], "does not compare texts" in old[2]) == (1, True)
    assert [one[0] for one in wrong] == [1] * 3
    for one, words in zip(wrong, ("cannot be read", "is not UTF-8", "check_text"), strict=True):
        assert words in one[2]


async def test_usage_is_told(tmp_path: Path) -> None:
    """What was used today, what is left, and when the minutes return."""
    kind = {
        "used_seconds": 90,
        "reserved_seconds": 30,
        "limit_seconds": 600,
        "cost_microdollars": 0,
    }
    used = {
        "realtime": kind,
        "batch": kind | {"used_seconds": 0, "reserved_seconds": 0},
        "cost_microdollars": 12_300,
        "open_sessions": [],
        "max_open_sessions": 1,
        "resets_at": "2026-01-03T00:00:00Z",
    }
    async with serve_answers(JSONResponse(used)) as service:
        done = await run(tmp_path, "usage", "--url", service.url)
        as_json = await run(tmp_path, "usage", "--json", "--url", service.url)
    assert done[1].splitlines() == [
        "live:  1.5 of 10 min used today, 8.0 left",
        "files: 0.0 of 10 min used today, 10.0 left",
        "cost:  $0.0123",
        "The minutes return at 2026-01-03 00:00 UTC.",
    ]
    assert json.loads(as_json[1])["cost_microdollars"] == 12_300


async def test_every_command_shows_examples(tmp_path: Path) -> None:
    """The help of each command ends with commands to try."""
    for name in ("live", "file", "check", "voices", "voice", "usage", "init", "demo"):
        status, out, _ = await run(tmp_path, name, "--help")
        assert status == 0
        assert f"utter-transcribe {name}" in out.partition("Examples:")[2], name


@pytest.mark.timeout(90)
async def test_a_service_that_is_not_there_is_named(tmp_path: Path, take: Path) -> None:
    """After the last try the command names the service that it never reached, and `make demo`."""
    status, out, err = await run(tmp_path, "live", take, "--url", "http://127.0.0.1:9")
    assert (status, out) == (1, "")
    assert "ws://127.0.0.1:9/api/transcriptions/realtime was never reached" in err
    assert "`make demo` starts everything" in err


async def test_a_terminal_is_told_what_is_waited_for(tmp_path: Path) -> None:
    """`live -` without a pipe says what it expects, and how to use the microphone instead."""
    ours, theirs = os.openpty()
    async with scripted_bridge(good) as bridge:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "live", "-", "--url", bridge.url),
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "UTTER_TOKEN": "mine"},
            stdin=theirs,
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stderr
        line = (await process.stderr.readline()).decode()
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    os.close(ours)
    os.close(theirs)
    assert line.startswith("waiting for audio on standard input: WAV, or raw PCM")
    assert "--microphone" in line
