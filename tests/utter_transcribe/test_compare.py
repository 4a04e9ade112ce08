"""Models compared on a recording, against the scripted provider's."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from local_stack.postgres import Postgres
from local_stack.provider import BatchScript, Script
from tests.audio_files import write_audio
from tests.edge_functions.world import World
from tests.edge_functions.world import running as functions
from tests.utter_transcribe.test_cli import run
from tests.ws_bridge.world import running as bridge
from utter_transcribe.auth import GivenToken
from utter_transcribe.compare import Comparison, marked
from utter_transcribe.files import Api

FILES = ("voxtral-mini-2602", "voxtral-mini-transcribe-3")
LIVE = ("voxtral-mini-transcribe-realtime-2602", "voxtral-mini-transcribe-realtime-3")
TWO = [Script(text="one two three"), Script(text="One two tree.", batch=BatchScript(think_ms=50))]


@asynccontextmanager
async def service(
    postgres: Postgres, folder: Path, scripts: list[Script]
) -> AsyncIterator[tuple[World, str]]:
    """Run the functions with both generations of models, and give someone's token."""
    allowed = ",".join((*FILES, *LIVE))
    async with functions(postgres, folder, scripts, allowed_models=allowed) as world:
        ada = await world.stack.person("ada@example.com")
        yield world, await ada.token()


async def test_models_for_files_and_live(postgres: Postgres, tmp_path: Path) -> None:
    """Each model is asked in its own way, timed, priced, and held against the reference."""
    take = write_audio(tmp_path / "take.wav", "wav", seconds=4)
    async with (
        service(postgres, tmp_path, TWO) as (world, token),
        bridge(Script(text="one two three four"), allowed_models=",".join(LIVE)) as live,
        Api(f"http://127.0.0.1:{world.port}", GivenToken(token)) as api,
    ):
        comparison = Comparison(api, live.url, GivenToken(live.issuer.token()), speed=0)
        heard = await comparison.heard(take, FILES, "One, two, three")
        heard += await comparison.heard(take, LIVE, "One, two, three")
        with pytest.raises(ValueError, match=r"not offered there: voxtral-9; ALLOWED_MODELS"):
            await comparison.heard(take, ["voxtral-9"])
    assert [(one.model, one.kind) for one in heard] == [
        (FILES[0], "batch"),
        (FILES[1], "batch"),
        (LIVE[0], "realtime"),
        (LIVE[1], "realtime"),
    ]
    live_text = "one two three four"
    assert [one.text for one in heard] == ["one two three", "One two tree.", live_text, live_text]
    assert [one.word_error_rate for one in heard] == [0.0, 0.3333, 0.3333, 0.3333]
    assert [one.dollars for one in heard] == [0.0002, 0.000233, 0.0004, 0.000533]
    for one in heard:
        assert one.first_word_seconds is not None
        assert one.failure is None
    assert heard[1].final_seconds >= 0.05


@pytest.mark.process
async def test_the_command(postgres: Postgres, tmp_path: Path) -> None:
    """It prints a table with the texts side by side, and JSON for programs."""
    take = write_audio(tmp_path / "take.wav", "wav", seconds=4)
    async with service(postgres, tmp_path, TWO) as (world, token):
        given: list[str | Path] = [
            "compare",
            take,
            "--models",
            ",".join(FILES),
            "--reference",
            "one two three",
        ]
        given += ["--url", f"http://127.0.0.1:{world.port}"]
        given += ["--token", token]
        shown = await run(tmp_path, *given, COLUMNS="100")
        world.engine.script = TWO
        told = await run(tmp_path, *given, "--json", COLUMNS="100")
        world.engine.script = Script(batch=BatchScript(status=422, message="Too quiet"))
        failed = await run(tmp_path, *given, "--json", COLUMNS="100")
    assert (shown[0], shown[2]) == (0, "")
    for words in ("take.wav", *FILES, "0.0%", "33.3%", "$0.00020", "One two [tree.]"):
        assert words in shown[1]
    rows = json.loads(told[1])
    assert [row["word_error_rate"] for row in rows] == [0.0, 0.3333]
    assert [row["text"] for row in rows] == ["one two three", "One two tree."]
    assert failed[0] == 1
    assert "Too quiet" in json.loads(failed[1])[0]["failure"]


@pytest.mark.parametrize(
    ("base", "text", "shown"),
    [
        ("one two three", "One, two three.", "One, two three."),
        ("one two three", "one too three", "one [too] three"),
        ("one two", "one two three four", "one two [three] [four]"),
        ("one two three", "– three", "– three"),
        ("", "one", "[one]"),
        ("one", "", ""),
    ],
)
def test_words_that_differ_are_marked(base: str, text: str, shown: str) -> None:
    """Case and punctuation do not count, and what has no word in it differs from nothing."""
    assert marked(base, text).plain == shown
