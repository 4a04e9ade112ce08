"""The command in a process of its own, forked from one that has imported its modules already.

Most of a short command's time goes into imports. Tests start it some hundred times.
"""

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_STATUS = 1
"""Bytes of an answer."""


class Server:
    """The process that forks, seen from the tests.

    Its environment has nothing but what a command's own begins with: what modules read of it
    while they are imported is the same.
    """

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this module
                (sys.executable, "-m", __name__),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[2],
                env={"PATH": os.environ["PATH"], "COLUMNS": "80"},
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End it, and wait for its end."""
        self._ours.close()
        self._process.wait()

    def run(
        self, folder: Path, arguments: list[str], environment: Mapping[str, str], stdin: bytes
    ) -> tuple[int, str, str]:
        """Return the exit status, and what was written to standard output and standard error."""
        asked = json.dumps([str(folder), arguments, dict(environment)]).encode() + b"\n"
        read, write = os.pipe()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with open(read, "rb") as given, open(write, "wb") as giving:
                socket.send_fds(self._ours, [asked], [given.fileno(), out.fileno(), err.fileno()])
                given.close()
                try:
                    giving.write(stdin)
                    giving.close()
                except BrokenPipeError:  # it has read enough
                    pass
            status = self._ours.recv(_STATUS)
            assert status, "the process that forks has ended"
            for file in (out, err):
                file.seek(0)
            return status[0], out.read().decode(), err.read().decode()


_server = cache(Server)


async def run(
    folder: Path, arguments: list[str], environment: Mapping[str, str], stdin: bytes
) -> tuple[int, str, str]:
    """Run the command in a folder, with an environment and what is piped into it."""
    sys.audit("os.fork")  # done for this process, by another
    return await asyncio.to_thread(_server().run, folder, arguments, environment, stdin)


def _serve(requests: socket.socket) -> None:
    """Fork for each request and tell its exit status; return in the forked processes alone.

    Raises:
        SystemExit: nobody asks any more.
    """
    while True:
        asked, given, _, _ = socket.recv_fds(requests, 1 << 20, 3)
        while asked and not asked.endswith(b"\n"):
            asked += requests.recv(1 << 20)
        if not asked:
            sys.exit()
        if (pid := os.fork()) == 0:
            for number, one in enumerate(given):
                os.dup2(one, number)
                os.close(one)
            folder, arguments, environment = json.loads(asked)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv[1:] = arguments
            return
        for one in given:
            os.close(one)
        _, status = os.waitpid(pid, 0)
        requests.send(bytes([os.waitstatus_to_exitcode(status) % 256]))


if __name__ == "__main__":
    from utter_transcribe.cli import main

    with socket.socket(fileno=os.dup(0)) as asking:
        _serve(asking)
    main()
