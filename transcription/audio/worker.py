"""A process that reads strangers' audio files, so that a crash of a decoder is not ours.

One JSON request a line on standard input, one JSON answer a line on standard output. It holds no
secret, and ends when its input does.
"""

import json
import math
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import av

from transcription.audio.container import AudioLimits, copy_to_16k_wav, inspect
from transcription.errors import TranscriptionError

MAX_MEMORY_BYTES: Final = 384 * 1024**2
"""A file of 50 MiB that is mostly a picture takes 220. What a header claims may be more."""
CPU_SECONDS: Final = 6
"""For one file: five minutes of sound take less than one. Then the kernel ends the process."""
READY: Final = {"ready": True}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do one request; an error of the file is an answer too."""
    path = Path(request["path"])
    try:
        if request["task"] == "copy":
            copy_to_16k_wav(path, Path(request["target"]))
            return {}
        return asdict(inspect(path, AudioLimits(**request["limits"])))
    except TranscriptionError as error:
        return {"code": error.code.value, "message": error.message}


def main() -> None:
    """Answer requests until the input ends."""
    with suppress(ValueError):  # a kernel without such a limit, as of macOS
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    av.logging.set_level(av.logging.PANIC)
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
