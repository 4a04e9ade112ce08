"""A process that reads strangers' audio files, so that a crash of a decoder is not ours.

One JSON request a line on standard input, one JSON answer a line on standard output. It holds no
secret, and ends when its input does. It says that it is ready once it has read a good file.
"""

import json
import math
import resource
import sys
import tempfile
import traceback
import wave
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import av

from transcription.audio.container import COPY_RATE, FORMATS, AudioLimits, copy_to_16k_wav, inspect
from transcription.errors import InvalidAudio, TranscriptionError

MAX_MEMORY_BYTES: Final = 384 * 1024**2
"""A file of 50 MiB that is mostly a picture takes 220. What a header claims may be more."""
CPU_SECONDS: Final = 6
"""For one file: five minutes of sound take less than one. Then the kernel ends the process."""
TRACEBACK_CHARACTERS: Final = 8192
"""The end of it; the whole answer must fit into one line of the reader's 64 KiB."""
READY: Final = {"ready": True}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request.

    Returns:
        What was found; `code` and `message` of what is wrong with the file; or `traceback` of what
        is wrong with us.
    """
    try:
        return _done(request)
    except TranscriptionError as error:
        return {"code": error.code.value, "message": error.message}
    except MemoryError:
        message = "The file takes too much memory to read."
        return {"code": InvalidAudio.code.value, "message": message}
    except Exception:
        return {"traceback": traceback.format_exc()[-TRACEBACK_CHARACTERS:]}


def _done(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    if request["task"] == "copy":
        copy_to_16k_wav(path, Path(request["target"]))
        return {}
    return asdict(inspect(path, AudioLimits(**request["limits"])))


def check() -> None:
    """Read and copy a good file, and look for every decoder.

    Raises:
        Exception: This process cannot do its work.
    """
    for kind in FORMATS.values():
        for codec in kind.codecs:
            av.Codec(codec.replace("*", "s16le"), "r")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "good"), Path(folder, "copy")
        with wave.open(str(source), "wb") as file:
            file.setparams((1, 2, 2 * COPY_RATE, 0, "NONE", ""))
            file.writeframes(bytes(4 * COPY_RATE))
        copy_to_16k_wav(source, target)
        for path in (source, target):
            info = inspect(path, AudioLimits(0, 10, 1_000_000))
            if info.duration_seconds != 1.0:
                message = f"a second of silence was measured as {info.duration_seconds} s"
                raise RuntimeError(message)


def main() -> None:
    """Answer requests until the input ends."""
    with suppress(ValueError):  # a kernel without such a limit, as of macOS
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    av.logging.set_level(av.logging.PANIC)
    check()
    _say(READY)
    for line in sys.stdin:
        _limit_time()
        _say(answer(json.loads(line)))


def _limit_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
