"""How well the offline engines hear: words, delay, CPU and memory (`python -m bench.hearing`).

The flite sample, and the recordings of people that come in Moonshine's wheel, as they are and with
white noise. Live hearing runs on a clock of its own: a call takes the CPU time that it takes, and
audio that came meanwhile waits. So no recording needs real time, falling behind shows as delay, and
what else the machine does shows in nothing.
"""

import argparse
import difflib
import multiprocessing
import random
import resource
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import results
from local_stack.provider.moonshine.alignment import align
from local_stack.provider.offline.audio import BYTES_PER_SECOND, read_audio
from local_stack.provider.offline.hearing import Hearing
from local_stack.provider.offline.models import Library, choose, is_installed
from local_stack.provider.sphinx.hearing import SphinxHearing
from utter_transcribe.wer import word_error_rate, words

RESULTS: Final = results.FOLDER / "hearing.json"
SAMPLES: Final = Path(__file__).parents[1] / "local_stack" / "samples"
FRAME_BYTES: Final = BYTES_PER_SECOND // 10
SNRS: Final = (None, 20, 10)
LIBRARIES: Final[tuple[Library, ...]] = ("moonshine", "sphinx")

# Charles Dickens, A Tale of Two Cities (1859), as it is read; Samuel Beckett, a few words.
TWO_CITIES: Final = """
It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of
light, it was the season of darkness, it was the spring of hope, it was the winter of despair, we
had everything before us, we had nothing before us, we were all going direct to heaven, we were all
going direct the other way, in short, the period was so far like the present period, that some of
its noisiest authorities insisted on its being received, for good or for evil, in the superlative
degree of comparison only.
"""
BECKETT: Final = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."


@dataclass(frozen=True, slots=True)
class Row:
    """One recording by one engine; times in seconds, memory in MB."""

    engine: str
    recording: str
    snr_db: int | None
    wer_live: float
    wer_whole: float
    delay_p50: float | None
    delay_p90: float | None
    early: int | None
    contradicted: int | None
    cpu_live: float
    cpu_whole: float
    memory: int


def recordings() -> dict[str, tuple[bytes, str]]:
    """Recordings by name, as PCM with what is said in them."""
    reference = " ".join((SAMPLES / "reference.txt").read_text().split())
    found = {"sample": (read_audio((SAMPLES / "reference.wav").read_bytes()), reference)}
    if is_installed("moonshine"):
        from moonshine_voice import get_assets_path  # noqa: PLC0415

        for name, text in (("two_cities", TWO_CITIES), ("beckett", BECKETT)):
            data = (Path(get_assets_path()) / f"{name}.wav").read_bytes()
            found[name] = (read_audio(data), " ".join(text.split()))
    return found


def noisy(pcm: bytes, snr_db: int | None) -> bytes:
    """Audio with white noise so many decibels below its speech."""
    if snr_db is None:
        return pcm
    dice, samples = random.Random(1), array("h", pcm)  # noqa: S311 - noise, not a secret
    spoken = [one * one for one in samples if abs(one) > 327]
    level = (sum(spoken) / len(spoken) / 10 ** (snr_db / 10)) ** 0.5
    mixed = (round(one + dice.gauss(0, level)) for one in samples)
    return array("h", (max(-32_768, min(32_767, one)) for one in mixed)).tobytes()


def measure(library: Library, name: str, pcm: bytes, reference: str, snr_db: int | None) -> Row:
    """Hear a recording live and whole."""
    hearing: Hearing = SphinxHearing()
    if library == "moonshine":
        from local_stack.provider.moonshine.hearing import MoonshineHearing  # noqa: PLC0415

        hearing = MoonshineHearing(choose(library, {}), time.process_time)
    hearing.load()
    seconds = len(pcm) / BYTES_PER_SECOND
    ends = [word.end for word in align(" ".join(words(reference)), pcm, 0.0, seconds)]
    sound = noisy(pcm, snr_db)
    began = time.process_time()
    told, early, contradicted = _live(hearing, sound)
    cpu_live = time.process_time() - began
    began = time.process_time()
    whole = " ".join(one.text for one in hearing.file(sound, words=False))
    cpu_whole = time.process_time() - began
    delays = _delays(words(reference), ends, told)
    return Row(
        engine=library,
        recording=name,
        snr_db=snr_db,
        wer_live=round(word_error_rate(reference, "".join(text for text, _ in told)), 3),
        wer_whole=round(word_error_rate(reference, whole), 3),
        delay_p50=_share(delays, 0.5),
        delay_p90=_share(delays, 0.9),
        early=early,
        contradicted=contradicted,
        cpu_live=round(cpu_live / seconds, 3),
        cpu_whole=round(cpu_whole / seconds, 3),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def _live(hearing: Hearing, pcm: bytes) -> tuple[list[tuple[str, float]], int | None, int | None]:
    """Texts with when they were told, and how many of their words were early and wrong."""
    live, told, now, at = hearing.live(), list[tuple[str, float]](), 0.0, 0
    while at < len(pcm):
        # All that has come by now, at least a frame.
        come = min(len(pcm), max(at + FRAME_BYTES, 2 * int(now * BYTES_PER_SECOND / 2)))
        now = max(now, come / BYTES_PER_SECOND)
        began = time.process_time()
        for text in live.hear(pcm[at:come]):
            told.append((text, now + time.process_time() - began))
        now += time.process_time() - began
        at = come
    began = time.process_time()
    if text := live.flush():
        told.append((text, now + time.process_time() - began))
    held = getattr(live, "text", None)
    return told, held and held.early, held and held.contradicted


def _delays(
    expected: list[str], ends: list[float], told: Sequence[tuple[str, float]]
) -> list[float]:
    """From the end of each word's sound to the text that has it, of words that were heard right."""
    heard = [(word, when) for text, when in told for word in words(text)]
    matcher = difflib.SequenceMatcher(None, expected, [word for word, _ in heard], autojunk=False)
    return sorted(
        heard[block.b + at][1] - ends[block.a + at]
        for block in matcher.get_matching_blocks()
        for at in range(block.size)
    )


def _share(ordered: list[float], share: float) -> float | None:
    return round(ordered[int(share * (len(ordered) - 1))], 2) if ordered else None


def main() -> None:
    """Measure all that is installed, and write it down."""
    parser = argparse.ArgumentParser(prog="python -m bench.hearing", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="this recording alone, written nowhere")
    only = parser.parse_args().only
    rows: list[Row] = []
    print(
        "engine recording SNR | WER live whole | delay p50 p90 | early wrong | CPU live whole | MB"
    )
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for library in filter(is_installed, LIBRARIES):
            for name, (pcm, reference) in recordings().items():
                for snr_db in SNRS if only in (None, name) else ():
                    row = pool.apply(measure, (library, name, pcm, reference, snr_db))
                    rows.append(row)
                    print(
                        f"{row.engine:10} {row.recording:11} {row.snr_db or '-'!s:4}",
                        f"| {row.wer_live:.3f} {row.wer_whole:.3f}",
                        f"| {row.delay_p50} {row.delay_p90}",
                        f"| {row.early} {row.contradicted}",
                        f"| {row.cpu_live} {row.cpu_whole} | {row.memory}",
                        flush=True,
                    )
    if only is None:
        results.write(RESULTS, [asdict(row) for row in rows])


if __name__ == "__main__":
    main()
