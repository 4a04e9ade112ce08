"""Moonshine as a worker's ear."""

import math
from array import array
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

pytest.importorskip("moonshine_voice", reason="there is no wheel of Moonshine for this machine")
from moonshine_voice import get_assets_path

from bench.hearing import BECKETT, TWO_CITIES
from local_stack.provider.moonshine.hearing import MoonshineHearing
from local_stack.provider.moonshine.lines import Lines
from local_stack.provider.offline.audio import BYTES_PER_SECOND, read_audio
from local_stack.provider.offline.models import Model, choose
from tests.local_stack.provider.wire import frames_of, sample_pcm, sample_text
from utter_transcribe.wer import word_error_rate

ASSETS = Path(get_assets_path())


@pytest.fixture(scope="session")
def hearing() -> MoonshineHearing:
    """The model, loaded once."""
    hearing = MoonshineHearing(Model("moonshine"), clock=lambda: 0.0)  # never falls behind
    assert 0 < hearing.load() < 2
    return hearing


def live(hearing: MoonshineHearing, pcm: bytes) -> str:
    """What is heard of a stream."""
    return "".join(text for _, text in pieces(hearing, pcm))


def pieces(hearing: MoonshineHearing, pcm: bytes) -> list[tuple[int, str]]:
    """What is heard of a stream, with how much of it had come, in bytes."""
    session, frames = hearing.live(), list(frames_of(pcm))
    ends = list(accumulate(map(len, frames)))
    told = [
        (end, text) for end, frame in zip(ends, frames, strict=True) for text in session.hear(frame)
    ]
    told.append((ends[-1], session.flush()))
    assert session.text.contradicted <= 0.03 * session.text.early
    return told


def test_the_sample(hearing: MoonshineHearing) -> None:
    """The sample is heard with case and punctuation, live, from its first words on, and whole."""
    pcm, text = sample_pcm("reference"), sample_text("reference")
    told = pieces(hearing, pcm)
    assert word_error_rate(text, "".join(piece for _, piece in told)) == 0
    assert told[0][0] <= 2.0 * BYTES_PER_SECOND
    whole = " ".join(one.text for one in hearing.file(pcm, words=False))
    assert word_error_rate(text, whole) <= 0.03
    assert whole.startswith("When the train")
    assert whole.endswith("came home.")


def test_old_spelling() -> None:
    """What old books write in two parts is one word."""
    said = ["To-morrow, to-day and to-night", "to morrow", "from day to day", "to nights"]
    one = SimpleNamespace(line_id=1, start_time=0.0, duration=1.0, is_complete=False)
    heard = iter(SimpleNamespace(lines=[SimpleNamespace(**vars(one), text=text)]) for text in said)
    stream = SimpleNamespace(start=lambda: None, update_transcription=lambda: next(heard))
    lines = Lines(SimpleNamespace(create_stream=lambda **_: stream))
    assert [lines.update()[0].text for _ in said] == [
        "Tomorrow, today and tonight",
        "tomorrow",
        "from day to day",
        "to nights",
    ]


@pytest.mark.parametrize(
    ("name", "text", "most"), [("two_cities", TWO_CITIES, 0.12), ("beckett", BECKETT, 0.17)]
)
def test_people(hearing: MoonshineHearing, name: str, text: str, most: float) -> None:
    """People are heard, live and whole."""
    pcm = read_audio((ASSETS / f"{name}.wav").read_bytes())
    assert word_error_rate(text, live(hearing, pcm)) <= most
    whole = " ".join(one.text for one in hearing.file(pcm, words=False))
    assert word_error_rate(text, whole) <= most


@pytest.mark.parametrize("dbfs", [-20.0, -38.0, -50.0])
@pytest.mark.parametrize("kind", ["nothing", "white", "hum"])
def test_noise_has_no_text(hearing: MoonshineHearing, kind: str, dbfs: float) -> None:
    """To silence and noise there is nothing to say, live and whole."""
    rms, dice = 32_768 * 10 ** (dbfs / 20), Random(1)  # noqa: S311 - noise, not a secret
    sounds: dict[str, Callable[[int], float]] = {
        "nothing": lambda _: 0.0,
        "white": lambda _: dice.gauss(0, rms),
        "hum": lambda n: rms * 1.41 * math.sin(2 * math.pi * 50 * n / 16_000),
    }
    pcm = array("h", (round(sounds[kind](n)) for n in range(10 * 16_000))).tobytes()
    assert live(hearing, pcm) == ""
    assert list(hearing.file(pcm, words=False)) == []


def test_words_have_times(hearing: MoonshineHearing) -> None:
    """Words of a file lie in order within their line, and joined they are its text."""
    (line,) = hearing.file(sample_pcm("short"), words=True)
    assert " ".join(word.text for word in line.words) == line.text
    times = [time for word in line.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert (
        line.start <= times[0] < times[-1] <= line.end < len(sample_pcm("short")) / BYTES_PER_SECOND
    )


def test_another_model(tmp_path: Path) -> None:
    """A folder with a model is served; one without, or of another kind, is told in one line."""
    settings = {"LOCAL_MODEL_DIR": str(tmp_path), "LOCAL_MODEL_LANGUAGE": "es"}
    with pytest.raises(RuntimeError, match=r"^LOCAL_MODEL_DIR: .* holds no model"):
        choose(None, settings)
    for file in (ASSETS / "tiny-en").iterdir():
        (tmp_path / file.name).symlink_to(file)
    model = choose(None, settings)
    assert (model.title, model.has_word_times) == ("Moonshine, tiny, es", False)
    with pytest.raises(RuntimeError, match=r"^LOCAL_MODEL_ARCH: 'huge' is none of tiny,"):
        choose(None, settings | {"LOCAL_MODEL_ARCH": "huge"})
    wrong = choose(None, settings | {"LOCAL_MODEL_ARCH": "medium-streaming"})
    with pytest.raises(RuntimeError, match="no medium-streaming model in"):
        MoonshineHearing(wrong).load()
