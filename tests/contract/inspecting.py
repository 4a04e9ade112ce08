"""The Edge Function's inspection of a file, asked without HTTP."""

import json
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import IO, Any, Final

import psutil

from tests.contract.deno import CACHE, DENO, FUNCTION, LOCK

PATIENCE_SECONDS: Final = 60.0
"""For one file, on a busy machine; the first one waits for Deno to start."""


class EdgeInspection:
    """A process of Deno that inspects one file after another.

    Attributes:
        most_bytes: The most memory that it had after one.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._seen = psutil.Process(process.pid)
        self.most_bytes = 0

    def inspect(self, file: bytes) -> dict[str, Any]:
        """Return `mime` and `seconds` of a file, or by which code and message it is refused.

        Raises:
            AssertionError: It hangs, or an error that is none of ours ended it.
        """
        stdin, stdout = _pipes(self._process)
        timer = Timer(PATIENCE_SECONDS, self._process.kill)
        timer.start()
        try:
            stdin.write(struct.pack(">I", len(file)) + file)
            stdin.flush()
            for line in stdout:
                if line.startswith(b"= "):
                    self.most_bytes = max(self.most_bytes, self._seen.memory_info().rss)
                    told: dict[str, Any] = json.loads(line[2:])
                    return told
        finally:
            timer.cancel()
        raise AssertionError("Deno gave no answer")

    @property
    def cpu_seconds(self) -> float:
        """The time that it has taken so far."""
        times = self._seen.cpu_times()
        return times.user + times.system


@contextmanager
def edge_inspection() -> Iterator[EdgeInspection]:
    """Start Deno, and end it when the block ends."""
    process = subprocess.Popen(  # noqa: S603 - the project's own
        [
            *(DENO, "run", "--no-prompt", "--cached-only", "--frozen", f"--lock={LOCK}"),
            f"--config={FUNCTION / 'deno.json'}",
            str(Path(__file__).with_suffix(".ts")),
        ],
        env={"DENO_DIR": str(CACHE), "DENO_NO_UPDATE_CHECK": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield EdgeInspection(process)
    finally:
        process.kill()
        for pipe in _pipes(process):
            pipe.close()
        process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
