"""Make the speech samples: every NAME.txt beside this file becomes NAME.wav.

Needs Debian's `flite` (2.2), which gives the same bytes each time. Each line of the text is one
sentence, spoken by the voice `rms` without its case and punctuation; sentences are parted by 0.7 s
of silence, and 0.5 s are put before the first and after the last.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

VOICE = "rms"
SAMPLE_RATE = 16_000
PAD_SECONDS = 0.5
PAUSE_SECONDS = 0.7


def speak(sentence: str) -> bytes:
    """One sentence as PCM s16le mono 16 kHz."""
    plain = "".join(c for c in sentence.lower() if c.isalpha() or c == " ")
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(  # noqa: S603 - fixed program, our own text
            ["flite", "-voice", VOICE, "-t", plain, "-o", file.name],  # noqa: S607
            check=True,
        )
        with wave.open(file.name, "rb") as spoken:
            if spoken.getparams()[:3] != (1, 2, SAMPLE_RATE):
                raise ValueError(f"voice {VOICE} is expected to be 16 kHz mono s16le")
            return spoken.readframes(spoken.getnframes())


def silence(seconds: float) -> bytes:
    """Nothing at all, for so long."""
    return bytes(2 * round(SAMPLE_RATE * seconds))


def main() -> None:
    """Write all samples."""
    for text in sorted(Path(__file__).parent.glob("*.txt")):
        sentences = text.read_text().splitlines()
        speech = silence(PAUSE_SECONDS).join(speak(sentence) for sentence in sentences)
        with wave.open(str(text.with_suffix(".wav")), "wb") as sample:
            sample.setparams((1, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
            sample.writeframes(silence(PAD_SECONDS) + speech + silence(PAD_SECONDS))


if __name__ == "__main__":
    main()
