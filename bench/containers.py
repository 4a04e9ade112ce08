"""`python -m bench.containers [FILES]`: search for files whose length is told wrong.

The files are made of good parts with lies among them. The inspection refuses each, or tells the
length that a full decode by FFmpeg gives, within 0.1 s.
"""

import argparse
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

import av
from hypothesis import HealthCheck, Verbosity, given, settings

from tests.audio_files import CODECS, write_audio
from tests.security.containers import agrees, containers, heard
from transcription.audio.container import AudioLimits, inspect
from transcription.errors import InvalidAudio, UnsupportedAudio

FILES: Final = 10_000
LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)
FOUND: Final = Path(gettempdir(), "utter-container")
_RATES: Final = {"wav": 16_000, "flac": 16_000}


def search(files: int, folder: Path) -> tuple[Counter[str], float]:
    """Try so many files; return how many were taken and refused, and the longest CPU time of one.

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
        try:
            with path.open("rb") as opened:
                info = inspect(opened, LIMITS)
        except (InvalidAudio, UnsupportedAudio) as error:
            seen[error.code] += 1
            return
        finally:
            slowest = max(slowest, time.process_time() - began)
        if not agrees(info.duration_seconds, file):
            FOUND.write_bytes(file)
            message = f"{FOUND} lasts {heard(file)} s, and the inspection says {info}"
            raise AssertionError(message)
        seen["taken"] += 1

    tried()
    return seen, slowest


def main() -> None:
    """Search, and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m bench.containers")
    parser.add_argument("files", type=int, nargs="?", default=FILES)
    av.logging.set_level(av.logging.PANIC)
    with TemporaryDirectory() as folder:
        seen, slowest = search(parser.parse_args().files, Path(folder))
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(seen.items()))
    print(f"{sum(seen.values()):,} files: {told}; none told wrong; at most {slowest:.2f} s of CPU")


if __name__ == "__main__":
    main()
