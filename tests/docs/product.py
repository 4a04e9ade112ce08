"""The whole product, started as the README says, for the commands of the documentation."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.ports import room
from utter_transcribe.local import Local

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = ROOT / "local_stack" / "samples"
SHORT: Final = SAMPLES / "short.wav"
SHORT_WORDS: Final = (SAMPLES / "short.txt").read_text().strip()
_WAV_HEADER_BYTES: Final = 44
_COMMAND_SECONDS: Final = 60
_RECORDER: Final = f"""#!{sys.executable}
# A microphone: it hears the short sample, in real time, and then silence until it is ended.
import itertools, signal, sys, time
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
with open({str(SHORT)!r}, "rb") as sample:
    sample.seek({_WAV_HEADER_BYTES})
    speech = iter(lambda: sample.read(3200), b"")
    for frame in itertools.chain(speech, itertools.repeat(bytes(3200))):
        time.sleep(0.1)
        sys.stdout.buffer.write(frame)
        sys.stdout.flush()
"""


@dataclass(frozen=True, slots=True)
class Product:
    """What serves, and what a command finds in its environment."""

    environment: dict[str, str]

    def run(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in the project's folder, to its end."""
        return subprocess.run(  # noqa: S602 - the project's own documentation
            command,
            shell=True,
            cwd=ROOT,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    @contextmanager
    def started(self, command: str) -> Iterator[subprocess.Popen[str]]:
        """Start what a person would end; it is killed when the block is left."""
        with subprocess.Popen(  # noqa: S603 - the project's own documentation
            shlex.split(command),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@contextmanager
def serving(folder: Path) -> Iterator[Product]:
    """Run the demonstration for as long as the block does, with a recorder on the path."""
    offset = room()
    recorder = folder / "bin" / "arecord"
    recorder.parent.mkdir()
    recorder.write_text(_RECORDER)
    recorder.chmod(recorder.stat().st_mode | stat.S_IXUSR)
    path = os.pathsep.join((str(recorder.parent), str(Path(sys.executable).parent)))
    plain = {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    local = Local(offset)
    command = [
        *("utter-transcribe", "demo", "--ports", str(offset), "--sample", str(SHORT)),
    ]
    with subprocess.Popen(  # noqa: S603 - the project's own command
        command, cwd=folder, env=plain, stdout=subprocess.PIPE, text=True
    ) as demo:
        try:
            assert demo.stdout
            said = ""
            while "Ctrl-C ends everything" not in said:
                line = demo.stdout.readline()
                assert line, said
                said += line
            wrote = dict(
                line.split("=", 1)
                for line in (folder / ".local" / "env").read_text().splitlines()
                if line.startswith("SUPABASE_")
            )
            yield Product(
                plain
                | {name: value.strip("'\"") for name, value in wrote.items()}
                | {"UTTER_REALTIME_URL": local.bridge_url, "UTTER_API_URL": local.functions_url}
            )
        finally:
            demo.terminate()
