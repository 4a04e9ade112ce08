"""`python -m bench.containers [FILES]`: search for files whose length is told wrong.

The files are made of good parts with lies among them. The inspection refuses each, or tells the
length that a full decode by FFmpeg gives, within 0.1 s. The Edge Function, which decodes nothing,
refuses it, or tells no less than FFmpeg hears.
"""

import argparse
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, NoReturn

import av
from hypothesis import HealthCheck, Verbosity, given, settings

from tests.audio_files import CODECS, write_audio
from tests.contract.inspecting import EdgeInspection, edge_inspection
from tests.security.containers import agrees, containers, heard, hides
from transcription.audio.container import AudioLimits, inspect
from transcription.errors import InvalidAudio, UnsupportedAudio

FILES: Final = 10_000
LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)
FOUND: Final = Path(gettempdir(), "utter-container")
CLOSE_SECONDS: Final = 0.21
"""Between the two services: an encoder's lead-in, and frames that cannot be decoded."""
_TAKEN: Final = {
    (True, True): "taken by both",
    (False, False): "refused by both",
    (True, False): "refused by Deno alone",
    (False, True): "taken by Deno alone",
}
_RATES: Final = {"wav": 16_000, "flac": 16_000}


def search(files: int, folder: Path, edge: EdgeInspection) -> tuple[Counter[str], float]:
    """Try so many files; return how many were taken by whom, and the longest CPU time of one.

    Raises:
        AssertionError: One was told wrong; `FOUND` is the smallest such file.
    """
    seen, slowest = Counter[str](), 0.0
    good = {
        kind: write_audio(
            folder / kind, kind, seconds=4.0, rate=_RATES.get(kind, 48_000)
        ).read_bytes()
        for kind in CODECS
    }
    path = folder / "file"

    @settings(
        max_examples=files,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,  # it would print the whole file
    )
    @given(containers(good))
    def tried(file: bytes) -> None:
        nonlocal slowest
        path.write_bytes(file)
        began = time.process_time()
        seconds = _inspected(path)
        slowest = max(slowest, time.process_time() - began)
        there = edge.inspect(file).get("seconds")
        if seconds is not None and not agrees(seconds, file):
            _wrong(file, seconds, "the inspection")
        if there is not None and hides(there, file):
            _wrong(file, there, "the Edge Function")
        if seconds is not None and there is not None and abs(seconds - there) > CLOSE_SECONDS:
            seen["told otherwise on Deno"] += 1
        seen[_TAKEN[seconds is not None, there is not None]] += 1

    tried()
    return seen, slowest


def _inspected(path: Path) -> float | None:
    """Return the seconds of a file that is taken."""
    try:
        with path.open("rb") as opened:
            return inspect(opened, LIMITS).duration_seconds
    except (InvalidAudio, UnsupportedAudio):
        return None


def _wrong(file: bytes, seconds: float, who: str) -> NoReturn:
    FOUND.write_bytes(file)
    raise AssertionError(f"{FOUND} lasts {heard(file)} s, and {who} says {seconds}")


def main() -> None:
    """Search, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.containers")
    parser.add_argument("files", type=int, nargs="?", default=FILES)
    files = parser.parse_args().files
    av.logging.set_level(av.logging.PANIC)
    with TemporaryDirectory() as folder, edge_inspection() as edge:
        seen, slowest = search(files, Path(folder), edge)
        told = ", ".join(f"{count:,} {name}" for name, count in sorted(seen.items()))
        print(f"{told}; none told wrong; at most {slowest:.2f} s of CPU for one")
        print(f"Deno: {edge.cpu_seconds:.0f} s of CPU, at most {edge.most_bytes / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
