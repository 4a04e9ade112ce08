"""The demonstration: the whole product on one machine, and a sample of speech through it."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from shared_schema.account import Usage
from utter_transcribe import display
from utter_transcribe.audio import decode, duration, in_thread, paced
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.children import Child, ChildError, Service, busy_port, running
from utter_transcribe.errors import AudioError
from utter_transcribe.events import Result
from utter_transcribe.files import Api, Clone
from utter_transcribe.live import LiveTranscription
from utter_transcribe.local import DATA, IN_CHECKOUT, LOGS, ROOT, Local
from utter_transcribe.network import http_client, words_of
from utter_transcribe.wer import word_error_rate

SAMPLE: Final = ROOT / "local_stack" / "samples" / "reference.wav"


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording and what is said in it."""

    file: Path
    seconds: float | None
    reference: str

    @classmethod
    def load(cls, file: Path) -> "Sample":
        """Look at a recording with its transcript beside it as `.txt`.

        Raises:
            AudioError: One of both cannot be read.
        """
        try:
            reference = " ".join(file.with_suffix(".txt").read_text().split())
        except OSError as error:
            name = file.with_suffix(".txt").name
            raise AudioError(f"{name} is missing: the transcript beside {file.name}") from error
        return cls(file, duration(file), reference)


@dataclass(frozen=True, slots=True)
class Finished:
    """What the second half of a run came to: the recording as a file."""

    text: str
    """Of the final pass."""
    voice_id: str
    usage: Usage


async def run(
    file: Path,
    *,
    once: bool,
    port_offset: int = 0,
    provider: str = "mistral",
    before: Sequence[str] = (),
) -> int:
    """Start everything, speak the sample through it, and serve until a person ends it.

    Args:
        file: The sample, with its transcript beside it as `.txt`.
        once: Stop after the sample; the last line is then one JSON object.
        port_offset: Added to every port.
        provider: Whose wire the offline engine is behind.
        before: Providers that come first in the order and fail.

    Returns:
        The exit status.

    Raises:
        ClientError: Something is missing, busy or broken, in words for a person.
    """
    if not IN_CHECKOUT:
        raise ChildError("the demo runs from a checkout of the repository: make demo")
    console = Console(highlight=False)
    sample, local = Sample.load(file), Local(port_offset, provider=provider, before=before)
    if busy := busy_port(local.services()):
        raise ChildError(f"{busy}: end what listens there, or use --ports")
    DATA.mkdir(mode=0o700, exist_ok=True)
    try:
        async with AsyncExitStack() as stack:
            ending = console.status("Ending everything…")
            stack.callback(ending.stop)  # last
            services, ahead = local.services(), 1 + len(before)
            children = await _start(stack, console, services[:ahead])
            children += await _start(stack, console, services[ahead:])
            if console.is_terminal:
                stack.callback(ending.start)  # first
            group = await stack.enter_async_context(asyncio.TaskGroup())
            watches = [group.create_task(_watch(child)) for child in children]
            status = await _show(console, local, sample, once=once)
            for watch in watches:
                watch.cancel()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return status


async def _show(console: Console, local: Local, sample: Sample, *, once: bool) -> int:
    wrote = local.wrote()
    token = AnonymousUser(wrote["SUPABASE_URL"], wrote["SUPABASE_PUBLISHABLE_KEY"])
    await token()
    _step(console, "Signed in anonymously")
    _step(console, local.notice or local.engine, mark="!" if local.is_offline else "✓")
    console.print()
    view = display.for_output(sample.file.name, sample.seconds)
    live = LiveTranscription(local.bridge_url, token, on_event=view)
    with view:
        result = await live.run(paced(in_thread(decode(sample.file))))
    console.print()
    async with Api(local.functions_url, token) as api:
        finished = await _finish(console, api, sample)
    if once:
        print(
            json.dumps(_summary(sample, result, finished, local.engine), ensure_ascii=False),
            flush=True,
        )
        return 0 if result.status == "complete" else 1
    _invite(console, local)
    await asyncio.Event().wait()
    return 0


async def _finish(console: Console, api: Api, sample: Sample) -> Finished:
    """Transcribe the recording as a whole, make it a voice, and read that back."""
    with _busy(console, "Final pass of the whole file"):
        final = await api.transcribe(sample.file)
    rate = word_error_rate(sample.reference, final.text)
    _step(console, "Final pass of the whole file", f"{rate:.0%} of the words wrong")
    console.print(Padding(Text(final.text), (0, 2)), width=min(console.width, display.MAX_WIDTH))
    clone = Clone("Demonstration", "English", final.text, "final_pass", consent=True)
    with _busy(console, "Storing a voice"):
        voice = await api.clone(sample.file, clone)
    stored = await api.voice(voice.voice_id)
    async with http_client(stored.audio_url) as http:
        try:
            kept = (await http.get(stored.audio_url)).raise_for_status().content
        except httpx.HTTPError as error:
            raise ChildError(f"the stored voice cannot be read back: {words_of(error)}") from error
    if kept != await asyncio.to_thread(sample.file.read_bytes):
        raise ChildError("the stored voice is not the recording that was sent")
    _step(console, "Voice stored and read back, byte for byte", voice.voice_id)
    usage = await api.usage()
    used = f"{usage.realtime.used_seconds:.1f} s live, {usage.batch.used_seconds:.1f} s as a file"
    _step(console, "Usage today", f"{used}, ${usage.cost_microdollars / 1e6:.4f}")
    return Finished(final.text, voice.voice_id, usage)


def _summary(sample: Sample, result: Result, finished: Finished, engine: str) -> dict[str, Any]:
    return {
        "ready_ms": result.ready_ms and round(result.ready_ms, 1),
        "first_delta_ms": result.first_delta_ms and round(result.first_delta_ms, 1),
        "deltas": result.deltas,
        "live_text": result.text,
        "reference": sample.reference,
        "wer": round(word_error_rate(sample.reference, result.text), 4),
        "audio_seconds": round(result.audio_seconds, 3),
        "status": result.status,
        "final_text": finished.text,
        "wer_final": round(word_error_rate(sample.reference, finished.text), 4),
        "voice_id": finished.voice_id,
        "usage": finished.usage.model_dump(mode="json"),
        "engine": engine,
    }


async def _start(
    stack: AsyncExitStack, console: Console, services: Sequence[Service]
) -> list[Child]:
    """Run services beside one another until the stack unwinds; return when all are ready."""
    children = []
    for service in services:
        log = LOGS / f"{service.arguments[2]}.log"
        children.append(await stack.enter_async_context(running(service, log, cwd=DATA)))
    for child in children:
        with _busy(console, child.service.title):
            took = await child.wait_ready()
        _step(console, child.service.title, f"port {child.service.ports[0]}, {took:.1f} s")
    return children


def _busy(console: Console, what: str) -> AbstractContextManager[object]:
    """Say at a terminal what is going on while the block runs."""
    return console.status(f"{what}…") if console.is_terminal else nullcontext()


async def _watch(child: Child) -> None:
    await child.wait()
    raise child.ended()


def _step(console: Console, what: str, detail: str = "", *, mark: str = "✓") -> None:
    line = Text.assemble((mark, "green" if mark == "✓" else "yellow"), " ", what)
    if detail:
        line.append(f"  {detail}", style="dim")
    console.print(line, soft_wrap=True)


def _invite(console: Console, local: Local) -> None:
    """Tell what to do with what is served."""
    command = local.command(Path(sys.argv[0]))
    page = [f"Open {local.functions_url}/clone to record a voice.\n\n"] if local.has_page else []
    console.print(
        Text.assemble(
            "\nServing. ",
            *((line, "bold") for line in page),
            "From another terminal, in this folder, a recording of your own:\n\n",
            (f"  {command} YOUR-RECORDING.wav\n\n", "bold"),
            "or a microphone:\n\n",
            (f"  arecord -q -t raw -f S16_LE -r 16000 -c 1 | {command} -\n\n", "bold"),
            (f"What the services write is in {LOGS}. Ctrl-C ends everything.", "dim"),
        ),
        soft_wrap=True,
    )
