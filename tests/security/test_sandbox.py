"""What a decoder that was taken over could still reach."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil
import pytest

from transcription.audio.inspection import AudioInspector, AudioLimits

LIMITS: Final = AudioLimits(3.0, 300.0, 52_428_800)
pytestmark = pytest.mark.process

ATTACKS: Final = """
import ctypes, json, os, socket, sys
from transcription.audio import sandbox

def read_a_file(): open(sys.argv[1], "rb").close()
def write_a_file(): open(sys.argv[1] + ".new", "wb").close()
def remove_a_file(): os.unlink(sys.argv[1])
def list_a_folder(): os.listdir("/")
def read_the_parents_environment(): open(f"/proc/{os.getppid()}/environ", "rb").close()
def read_the_parents_memory(): open(f"/proc/{os.getppid()}/mem", "rb").close()
def trace_the_parent():
    if libc.ptrace(16, os.getppid(), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
def end_the_parent(): os.kill(os.getppid(), 0)
def open_a_socket(): socket.socket()
def start_a_program(): os.posix_spawn("/bin/true", ["true"], {})
def fork():
    if os.fork() == 0: os._exit(0)

attacks = [read_a_file, write_a_file, list_a_folder, read_the_parents_environment,
           read_the_parents_memory, trace_the_parent, end_the_parent, open_a_socket,
           start_a_program, fork, remove_a_file]
libc = ctypes.CDLL(None, use_errno=True)
sandbox.enter()
worked = []
for attack in attacks:
    try:
        attack()
    except OSError:
        continue
    worked.append(attack.__name__)
print(json.dumps({"worked": worked, "dumpable": libc.prctl(3, 0, 0, 0, 0)}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have no such means")
def test_a_decoder_reaches_nothing(tmp_path: Path) -> None:
    """No path, socket, process or memory of another can be reached from where files are read."""
    secret = tmp_path / "secret"
    secret.write_text("sb_secret_of_the_service")
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", ATTACKS, str(secret)],
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout) == {"worked": [], "dumpable": 0}
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


async def test_a_worker_holds_its_file_and_nothing_else() -> None:
    """It has no environment, and no descriptor of the service but its line."""
    before = set(psutil.Process().children())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), False)
        async with AudioInspector(LIMITS):
            [worker] = set(psutil.Process().children()) - before
            try:
                assert worker.environ() == {}
                assert worker.open_files() == []
            except psutil.AccessDenied:
                pass  # not even its owner may look, who has to be root here
            if sys.platform == "linux":
                status = Path(f"/proc/{worker.pid}/status").read_text()  # noqa: ASYNC240
                told = dict(line.split(":\t", 1) for line in status.splitlines())
                assert (told["NoNewPrivs"], told["Seccomp"]) == ("1", "2")
