"""Which wrong texts are found, and which right ones are suspected (`python -m bench.exactness`).

Right pairs are flite's sentences (`passages.txt`) and the recordings of people in Moonshine's
wheel, cut at pauses. Each is spoiled in nine ways, and written otherwise in four that do no harm.
Two engines hear them: `offline` is Moonshine with its own mistakes, `exact` hears what was said.
A mark counts when it is at the right place: a doubt that is not slight, or a verdict on coverage.

Then recordings of three minutes are made of the sentences, with pauses, noise and levels at
random. The part that is proposed of each is heard anew and compared with what is said in it.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from bench import results
from bench.hearing import recordings
from local_stack.provider.moonshine.alignment import align
from local_stack.provider.offline.audio import BYTES_PER_SECOND, SAMPLE_RATE
from local_stack.provider.offline.hearing import Hearing, Utterance, Word
from local_stack.provider.offline.models import choose
from local_stack.samples.make_samples import silence
from shared_schema.match import CoverageKind, Match, Witness
from transcription.match.difference import compare
from transcription.match.doubts import Evidence
from transcription.match.levels import Levels, Voice, levels_of
from transcription.match.match import match
from transcription.match.numerals import numerals
from transcription.match.times import Span, Timed
from transcription.match.words import split

RESULTS: Final = results.FOLDER / "exactness.json"
PASSAGES: Final = Path(__file__).with_name("passages.txt")
VOICES: Final = ("rms", "slt")
SEED: Final = 14
EACH: Final = 45
"""Pairs that each kind is tried with at most: nine kinds make 400."""
WINDOWS: Final = 50
_RECORDING_SECONDS: Final = 180.0
_PROPOSE: Final = """
import { levelsOf } from "./frontend/src/match/levels.ts";
import { propose } from "./frontend/src/match/window.ts";
const pcm = new Int16Array(await new Response(Deno.stdin.readable).arrayBuffer());
console.log(JSON.stringify(propose(levelsOf([pcm], 16_000), 10, 20) ?? null));
"""
"""What the page does, run by Deno."""
_CUT: Final = (0.2, 0.5)
"""The share of a text or of a recording that is cut off."""
INVENTED: Final = "Thank you for watching and see you next time."

Kind = Literal[
    "true", "numerals", "contractions", "case", "punctuation",
    "dropped", "doubled", "swapped", "changed", "text_head", "text_tail",
    "audio_head", "audio_tail", "invented",
]  # fmt: skip
HARMLESS: Final[tuple[Kind, ...]] = ("true", "numerals", "contractions", "case", "punctuation")
WORDS_SPOILED: Final[tuple[Kind, ...]] = ("dropped", "doubled", "swapped", "changed", "invented")
CUT_OFF: Final[tuple[Kind, ...]] = ("text_head", "text_tail", "audio_head", "audio_tail")
Engine = Literal["offline", "exact"]
Hear = Callable[[bytes], Sequence[Utterance]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and what is said in it."""

    name: str
    pcm: bytes
    text: str
    words: tuple[Word, ...]
    """As it is written, with its times in seconds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A pair as it is checked."""

    kind: Kind
    pair: Pair
    text: str
    at: tuple[int, int]
    """The words of the text that are wrong, or between which some lack."""


# The pairs.


def speak(text: str, voice: str) -> bytes:
    """Return a text as flite says it, PCM s16le mono 16 kHz."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "-t", text, "-o", file.name]
        subprocess.run(command, check=True)  # noqa: S603 - fixed program, our own text
        with wave.open(file.name, "rb") as spoken:
            return spoken.readframes(spoken.getnframes())


def aligned(name: str, pcm: bytes, text: str) -> Pair:
    """Return a pair with the times of its words."""
    return Pair(name, pcm, text, align(text, pcm, 0.0, len(pcm) / BYTES_PER_SECOND))


def spoken(count: int | None = None) -> Iterator[Pair]:
    """Yield the passages, by each voice in turn."""
    for at, text in enumerate(PASSAGES.read_text(encoding="utf-8").splitlines()[:count]):
        voice = VOICES[at % len(VOICES)]
        pcm = silence(0.4) + speak(text, voice) + silence(0.4)
        yield aligned(f"{voice} {at + 1}", pcm, text)


def human() -> Iterator[Pair]:
    """Yield the recordings that come with the engines, cut at pauses."""
    for name, (pcm, text) in recordings().items():
        yield from cut_at_pauses(aligned(name, pcm, text))


def cut_at_pauses(whole: Pair, min_seconds: float = 4.0, max_seconds: float = 12.0) -> list[Pair]:
    """Return a recording in parts; one without a pause in time is left out."""
    ends = [0.0]
    for one, other in pairwise(levels_of([whole.pcm], SAMPLE_RATE).stretches()):
        middle = (one.end + other.start) / 2
        if middle >= ends[-1] + min_seconds:
            ends.append(middle)
    ends.append(len(whole.pcm) / BYTES_PER_SECOND)
    return [
        _part(whole, f"{whole.name} {start:.0f}", start, end)
        for start, end in pairwise(ends)
        if end - start <= max_seconds
    ]


def _part(pair: Pair, name: str, start: float, end: float) -> Pair:
    """Return a part of a pair with the words in it."""
    words = [one for one in pair.words if start <= one.middle < end]
    return Pair(
        name,
        pair.pcm[_byte(start) : _byte(end)],
        " ".join(one.text for one in words),
        tuple(Word(one.text, one.start - start, one.end - start) for one in words),
    )


def _byte(seconds: float) -> int:
    return 2 * round(seconds * SAMPLE_RATE)


# What is done to them.


@cache
def _vocabulary() -> tuple[str, ...]:
    text = PASSAGES.read_text(encoding="utf-8").lower()
    return tuple(sorted(set(re.findall(r"[a-z]+", text))))


def spoil(kind: Kind, pair: Pair, dice: random.Random) -> Trial | None:
    """Return a pair spoiled or rewritten; None where it has nothing of the kind."""
    words = pair.text.split()
    if kind in HARMLESS:
        text = _rewritten(kind, pair.text)
        return Trial(kind, pair, text, (0, 0)) if kind == "true" or text != pair.text else None
    if len(words) < 6:
        return None
    if kind in CUT_OFF:
        return _cut(kind, pair, max(2, round(len(words) * dice.uniform(*_CUT))))
    at = dice.randrange(len(words) - 1)
    before, one, after = words[:at], words[at], words[at + 1 :]
    if kind == "dropped":
        made = [*before, *after]
    elif kind == "doubled":
        made = [*before, one, one, *after]
    elif kind == "swapped":
        made = [*before, after[0], one, *after[1:]]
    elif kind == "changed":
        made = [*before, dice.choice(_vocabulary()), *after]
    else:
        made, at = [*words, INVENTED], len(words)
    text = " ".join(made)
    if _keys(text) == _keys(pair.text):
        return None  # two equal words were swapped, or a word was changed for itself
    size = {"dropped": 0, "doubled": 2, "swapped": 2, "changed": 1}.get(kind, 9)
    begin = len(_keys(" ".join(before))) if kind != "invented" else len(_keys(pair.text))
    return Trial(kind, pair, text, (begin, begin + size))


def _cut(kind: Kind, pair: Pair, count: int) -> Trial:
    """Cut words off the text, or their sound off the recording."""
    words = pair.text.split()
    head = kind.endswith("head")
    kept = words[count:] if head else words[:-count]
    if kind.startswith("text"):
        text = " ".join(kept)
        end = len(_keys(text))
        return Trial(kind, pair, text, (0, 0) if head else (end, end))
    seconds = len(pair.pcm) / BYTES_PER_SECOND
    if head:
        edge = (pair.words[count - 1].end + pair.words[count].start) / 2
        part = _part(pair, pair.name, edge, seconds)
    else:
        edge = (pair.words[-count - 1].end + pair.words[-count].start) / 2
        part = _part(pair, pair.name, 0.0, edge)
    total, cut = len(_keys(pair.text)), len(_keys(" ".join(words))) - len(_keys(" ".join(kept)))
    return Trial(kind, part, pair.text, (0, cut) if head else (total - cut, total))


def _keys(text: str) -> list[str]:
    return [word.key for word in split(text)]


def _rewritten(kind: Kind, text: str) -> str:
    if kind == "case":
        return text.upper()
    if kind == "punctuation":
        return re.sub(r"[.,]", " \u2013", text).replace(" and ", ", and ").replace("'", "\u2019")
    if kind == "contractions":
        for short, whole in _CONTRACTIONS:
            once = re.sub(rf"\b{short}\b", whole, text, flags=re.IGNORECASE)
            text = once if once != text else re.sub(rf"\b{whole}\b", short, text)
        return text
    return _in_digits(text) if kind == "numerals" else text


_CONTRACTIONS: Final = (
    ("don't", "do not"), ("isn't", "is not"), ("can't", "cannot"), ("won't", "will not"),
    ("i'm", "I am"), ("they'll", "they will"), ("it's", "it is"), ("haven't", "have not"),
    ("doesn't", "does not"), ("we'll", "we will"), ("they've", "they have"), ("didn't", "did not"),
    ("there's", "there is"), ("you'll", "you will"), ("hadn't", "had not"), ("that's", "that is"),
    ("couldn't", "could not"),
)  # fmt: skip


@cache
def _spelled() -> dict[str, str]:
    """Return numbers up to 2100 by their words, joined."""
    return {way: str(number) for number in range(2, 2100) for way in _ways(number)}


def _ways(number: int) -> tuple[str, ...]:
    return tuple(way for way in numerals(str(number), "en") if not way.endswith(("th", "rd", "nd")))


def _in_digits(text: str) -> str:
    """Return a text with its numbers in digits."""
    words = split(text)
    made, at, last = "", 0, 0
    while at < len(words):
        for count in range(6, 0, -1):
            said = "".join(word.key for word in words[at : at + count])
            if at + count <= len(words) and said in _spelled():
                made += text[last : words[at].start] + _spelled()[said]
                last, at = words[at + count - 1].end, at + count
                break
        else:
            at += 1
    return made + text[last:]


# How they are checked.


def offline() -> Hear:
    """Return Moonshine's ear."""
    from local_stack.provider.moonshine.hearing import MoonshineHearing  # noqa: PLC0415

    hearing: Hearing = MoonshineHearing(choose("moonshine", {}))
    hearing.load()
    return lambda pcm: list(hearing.file(pcm, words=True))


def check(trial: Trial, utterances: Sequence[Utterance]) -> Match:
    """Compare a trial's text with what was heard, and with its voice."""
    levels = levels_of([trial.pair.pcm], SAMPLE_RATE)
    evidence = Evidence(
        Witness.FINAL_PASS,
        " ".join(one.text for one in utterances),
        [Timed(*word) for one in utterances for word in one.words],
        [Timed(one.text, one.start, one.end) for one in utterances],
    )
    voice = Voice(levels.seconds, levels.stretches())
    return match(trial.text, [evidence], language="en", voice=voice)


def is_marked(trial: Trial, found: Match) -> bool:
    """Whether a trial is marked: anywhere where it should not be, at its place where it should."""
    strong = [one for one in found.doubts if not one.slight]
    if trial.kind in HARMLESS:
        return bool(strong or found.coverage)
    begin, end = trial.at
    if any(one.first_word <= end + 1 and one.end_word >= begin - 1 for one in strong):
        return True
    edge = {
        "text_head": CoverageKind.BEFORE_FIRST_WORD, "text_tail": CoverageKind.AFTER_LAST_WORD
    }.get(trial.kind)  # fmt: skip
    return any(one.kind in {edge, CoverageKind.TOO_FAST} for one in found.coverage)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind by one engine."""

    engine: Engine
    kind: Kind
    pairs: int
    marked: int

    @property
    def share(self) -> float:
        """Of the pairs that are marked."""
        return self.marked / self.pairs if self.pairs else 0.0


def run(
    pairs: Sequence[Pair], engine: Engine, hear: Hear | None, each: int
) -> tuple[list[Row], list[str]]:
    """Try every kind; return the rows, and in words what went wrong."""
    rows: list[Row] = []
    wrong: list[str] = []
    heard: dict[bytes, Sequence[Utterance]] = {}
    for kind in (*HARMLESS, *WORDS_SPOILED, *CUT_OFF):
        dice = random.Random(SEED)  # noqa: S311 - a sample, not a secret
        total = marked = 0
        order = list(pairs)
        dice.shuffle(order)
        for pair in order:
            trial = spoil(kind, pair, dice)
            if trial is None:
                continue
            if total == each and kind != "true":
                break  # every true pair counts; of the others as many as were asked for
            sound = trial.pair
            if hear is None:
                said = [Utterance(sound.text, 0.0, len(sound.pcm) / BYTES_PER_SECOND, sound.words)]
            else:
                said = list(heard.setdefault(sound.pcm, ()) or hear(sound.pcm))
                heard[sound.pcm] = said
            found = check(trial, said)
            total += 1
            is_right = is_marked(trial, found) is not (kind in HARMLESS)
            marked += is_marked(trial, found)
            if not is_right:
                wrong.append(_told(engine, trial, found, said))
        rows.append(Row(engine, kind, total, marked))
    return rows, wrong


def _told(engine: Engine, trial: Trial, found: Match, said: Sequence[Utterance]) -> str:
    doubts = [
        f"{one.kind.value} {one.text!r} {one.readings[0].text!r}{' slight' * one.slight}"
        for one in found.doubts
    ]
    gaps = [f"{one.kind.value} {one.start:.2f}-{one.end:.2f}" for one in found.coverage]
    heard = " ".join(one.text for one in said)
    return f"{engine} {trial.kind} {trial.pair.name} {trial.at}: {trial.text!r} / {heard!r}: " + (
        "; ".join((*doubts, *gaps)) or "nothing"
    )


# The best part of a long recording.


def long_recording(pairs: Sequence[Pair], dice: random.Random) -> Pair:
    """Return three minutes of passages with pauses, noise and levels at random."""
    noise = np.random.default_rng(dice.randrange(2**32))
    parts: list[np.ndarray[Any, np.dtype[np.float64]]] = []
    words: list[Word] = []
    count = 0
    while count < _RECORDING_SECONDS * SAMPLE_RATE:
        pair = dice.choice(pairs)
        start = count / SAMPLE_RATE
        words += [Word(one.text, one.start + start, one.end + start) for one in pair.words]
        sound = np.frombuffer(pair.pcm, dtype="<i2").astype(np.float64)
        pause = np.zeros(round(dice.uniform(0.0, 1.0) * SAMPLE_RATE))
        part = np.concatenate([sound * dice.uniform(0.2, 1.0), pause])
        part += noise.normal(0.0, dice.choice((3.0, 10.0, 30.0)), len(part))
        parts.append(part)
        count += len(part)
    whole = np.clip(np.concatenate(parts), -32_768, 32_767).astype("<i2").tobytes()
    return Pair("long", whole, " ".join(word.text for word in words), tuple(words))


@dataclass(frozen=True, slots=True)
class Window:
    """One part that was proposed."""

    start: float
    end: float
    in_pauses: bool
    edges_agree: bool
    text: str
    heard: str


def propose(pcm: bytes) -> Span | None:
    """Return the best part of 10 to 20 seconds, as the page proposes it."""
    deno = Path(sys.executable).parent / "deno"
    told = subprocess.run(  # noqa: S603
        [deno, "eval", "--unstable-sloppy-imports", "--ext=ts", _PROPOSE],
        input=pcm,
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    found = json.loads(told.stdout)
    return found and Span(**found)


def try_window(recording: Pair, hear: Hear) -> Window | None:
    """Propose a part, hear it anew, and compare its ends with what is said in it."""
    levels = levels_of([recording.pcm], SAMPLE_RATE)
    span = propose(recording.pcm)
    if span is None:
        return None
    part = _part(recording, "part", *span)
    heard = " ".join(one.text for one in hear(part.pcm))
    steps = [one for one in compare(_keys(part.text), _keys(heard), "en") if one.kind == "differ"]
    a, b = len(_keys(part.text)), len(_keys(heard))
    at_the_ends = [one for one in steps if one.a0 == 0 or one.b0 == 0 or one.a1 == a or one.b1 == b]
    return Window(
        *span,
        in_pauses=_is_quiet(levels, span.start) and _is_quiet(levels, span.end),
        edges_agree=all((one.a0 < one.a1) == (one.b0 < one.b1) for one in at_the_ends),
        text=part.text,
        heard=heard,
    )


def _is_quiet(levels: Levels, at: float) -> bool:
    voices = levels.stretches(0.1, levels.threshold)
    return not any(one.start - 0.05 < at < one.end + 0.05 for one in voices)


def main() -> None:
    """Try all kinds with both engines, and the windows; write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.exactness", description=__doc__)
    parser.add_argument("--each", type=int, default=EACH, help="pairs of each kind")
    parser.add_argument("--windows", type=int, default=WINDOWS, help="long recordings")
    asked = parser.parse_args()
    pairs = [*spoken(), *human()]
    hear = offline()
    rows: list[Row] = []
    wrong: list[str] = []
    ears: dict[Engine, Hear | None] = {"exact": None, "offline": hear}
    for engine, ear in ears.items():
        some, told = run(pairs, engine, ear, asked.each)
        rows, wrong = rows + some, wrong + told
        for row in some:
            print(f"{engine:8} {row.kind:13} {row.marked:3} of {row.pairs:3}  {row.share:.1%}")
        for name, kinds in (("harmless", HARMLESS), ("spoiled", WORDS_SPOILED), ("cut", CUT_OFF)):
            chosen = [row for row in some if row.kind in kinds]
            total, marked = (sum(getattr(row, it) for row in chosen) for it in ("pairs", "marked"))
            print(f"{engine:8} {name:13} {marked:3} of {total:3}  {marked / total:.1%}", flush=True)
    dice = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    spoken_pairs = [pair for pair in pairs if pair.name.startswith(VOICES)]
    windows = [try_window(long_recording(spoken_pairs, dice), hear) for _ in range(asked.windows)]
    good = [one for one in windows if one and one.in_pauses and one.edges_agree]
    print(f"windows whose ends agree: {len(good)} of {len(windows)}")
    results.write(
        RESULTS,
        {
            "rows": [{**asdict(row), "share": row.share} for row in rows],
            "wrong": wrong,
            "windows": [one and asdict(one) for one in windows],
        },
    )
    print(f"All figures: {RESULTS}")
    if not rows or not good:
        sys.exit(1)


if __name__ == "__main__":
    main()
