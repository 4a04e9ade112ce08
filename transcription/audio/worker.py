"""A process that reads strangers' audio files, so that a crash of a decoder is not ours.

Requests come over a socket that is its standard input: one line of JSON each, with the descriptors
of the file and of a copy's target. It answers with one line. It has no environment, reaches no
path and no network, holds no secret, and ends when the socket does. It says that it is ready once
it has read a good file.
"""

import errno
import json
import math
import os
import resource
import socket
import sys
import tempfile
import traceback
import wave
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import Any, Final

import av

from transcription.audio import sandbox
from transcription.audio.container import COPY_RATE, FORMATS, AudioLimits, copy_to_16k_wav, inspect
from transcription.audio.reference import voice_in, write_reference
from transcription.errors import Capacity, InvalidAudio, TranscriptionError

MAX_MEMORY_BYTES: Final = 384 * 1024**2
"""A file of 50 MiB that is mostly a picture takes 220. What a header claims may be more."""
CPU_SECONDS: Final = 6
"""For the longest file, of which a minute takes less than 0.2. Then the kernel ends the process."""
LEAST_CPU_SECONDS: Final = 2
"""For the shortest."""
CPU_SHARE: Final = 0.02
"""Of the seconds that a file claims to last, for a file between."""
TRACEBACK_CHARACTERS: Final = 8192
"""The end of it; the whole answer must fit into one line of the reader's 64 KiB."""
REQUEST_BYTES: Final = 4096
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
READY: Final = {"ready": True}


def answer(request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    """Do one request.

    Returns:
        What was found; `code` and `message` of what is wrong with the file; or `traceback` of what
        is wrong with us.
    """
    try:
        return _done(request, descriptors)
    except TranscriptionError as error:
        return {"code": error.code.value, "message": error.message}
    except OSError as error:
        if error.errno in _FULL:
            return {"code": Capacity.code.value, "message": Capacity().message}
        return {"traceback": traceback.format_exc()[-TRACEBACK_CHARACTERS:]}
    except MemoryError:
        message = "The file takes too much memory to read."
        return {"code": InvalidAudio.code.value, "message": message}
    except Exception:
        return {"traceback": traceback.format_exc()[-TRACEBACK_CHARACTERS:]}


def _done(request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    source = os.fdopen(descriptors[0], "rb", closefd=False)
    if request["task"] == "copy":
        copy_to_16k_wav(source, os.fdopen(descriptors[1], "wb", buffering=0, closefd=False))
        return {}
    if request["task"] == "voice":
        return asdict(voice_in(source))
    if request["task"] == "reference":
        with os.fdopen(descriptors[1], "wb", closefd=False) as target:
            made = write_reference(source, target, request["rate"], request["max_seconds"])
        return asdict(made)
    return asdict(inspect(source, AudioLimits(**request["limits"]), _limit_time))


def check() -> None:
    """Read and copy a good file, and look for every decoder.

    Raises:
        Exception: This process cannot do its work.
    """
    for kind in FORMATS.values():
        for codec in kind.codecs:
            av.Codec(codec, "r")
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        with wave.open(source, "wb") as file:
            file.setparams((1, 2, 2 * COPY_RATE, 0, "NONE", ""))
            file.writeframes(bytes(4 * COPY_RATE))
        source.seek(0)
        copy_to_16k_wav(source, target)
        for one in (source, target):
            one.seek(0)
            info = inspect(one, AudioLimits(0, 10, 1_000_000))
            if info.duration_seconds != 1.0:
                message = f"a second of silence was measured as {info.duration_seconds} s"
                raise RuntimeError(message)
    try:
        raise LookupError
    except LookupError:
        traceback.format_exc()  # imports what it needs while there are paths


def main() -> None:
    """Answer requests until the socket ends."""
    with suppress(ValueError):  # a kernel without such a limit, as of macOS
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    av.logging.set_level(av.logging.PANIC)
    check()
    with socket.socket(fileno=sys.stdin.fileno()) as line:
        sandbox.enter()
        _say(line, READY)
        for request, descriptors in _requests(line):
            _limit_time(math.inf)
            _say(line, answer(request, descriptors))


def _requests(line: socket.socket) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Yield requests with their descriptors, which are closed behind each."""
    while True:
        received, descriptors, _, _ = socket.recv_fds(line, REQUEST_BYTES, 2)
        if not received:
            return
        with ExitStack() as stack:
            for descriptor in descriptors:
                stack.callback(os.close, descriptor)
            yield json.loads(received), descriptors


def _limit_time(claimed_seconds: float) -> None:
    """Let this process take so much longer as a file of so many seconds may."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    share = min(max(LEAST_CPU_SECONDS, CPU_SHARE * claimed_seconds), CPU_SECONDS)
    until = math.ceil(used.ru_utime + used.ru_stime) + math.ceil(share)
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _say(line: socket.socket, message: dict[str, Any]) -> None:
    line.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
