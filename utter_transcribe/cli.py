"""The command `utter-transcribe`: a stream, a file, or a demonstration of it all."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from shared_schema.batch import TranscriptionOptions
from utter_transcribe import demo as demonstration
from utter_transcribe import display, upload
from utter_transcribe.audio import decode, duration, in_thread, paced, read_stream
from utter_transcribe.errors import ClientError
from utter_transcribe.files import Api
from utter_transcribe.live import LiveTranscription
from utter_transcribe.options import Options
from utter_transcribe.settings import Settings

INTERRUPTED = 130
"""Exit status of a command that a person ended, as shells expect it."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Speech to text, live or from a file, on your own backend.",
)

Language = Annotated[
    str | None, typer.Option(help="English name, ISO 639-1 code or locale of the language.")
]
Bias = Annotated[list[str] | None, typer.Option(help="A word to expect; may be repeated.")]
Model = Annotated[str | None, typer.Option(help="One that the deployment allows.")]
Token = Annotated[
    str | None, typer.Option(help="Access token; else UTTER_TOKEN, else an anonymous sign-in.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"utter-transcribe {version('utter-transcribe')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def live(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="An audio file of any kind, or - for standard input: WAV, or raw PCM (16-bit "
            "little-endian, 16 kHz, mono).",
        ),
    ],
    *,
    language: Language = None,
    bias: Bias = None,
    model: Model = None,
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell speakers apart.")] = False,
    turns: Annotated[bool, typer.Option("--turns", help="Tell when turns begin and end.")] = False,
    delay: Annotated[
        int | None,
        typer.Option(metavar="MS", help="How long the provider may wait for context."),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Of a file: 1 is real time, 0 as fast as it goes.")
    ] = 1.0,
    url: Annotated[
        str | None, typer.Option(help="The realtime service; else UTTER_REALTIME_URL.")
    ] = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Print the words of a recording or a stream as they are spoken.

    Ctrl-C ends the recording and waits for the last words; another one ends at once.
    """
    settings = Settings()
    if source == "-":
        title, seconds = "standard input", None
        audio = in_thread(read_stream(open(0, "rb", buffering=0, closefd=False)))  # noqa: SIM115
    else:
        file = Path(source)
        title, seconds = file.name, duration(file)
        audio = paced(in_thread(decode(file)), speed)
    view = display.for_output(title, seconds, as_json=as_json)
    with _usage():
        client = LiveTranscription(
            url or settings.utter_realtime_url,
            settings.token_supplier(token),
            options=Options(
                language=language,
                model=model,
                context_bias=tuple(bias) if bias else None,
                target_streaming_delay_ms=delay,
                diarize=diarize or None,
                turn_detection=turns or None,
            ),
            on_event=view,
        )

    async def work() -> int:
        with view:
            result = await client.run(audio)
        return 0 if result.status == "complete" else 1

    run(work(), on_interrupt=client.stop)


@app.command()
def file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="WAV, MP3, M4A, FLAC, OGG or WebM.")],
    *,
    language: Language = None,
    bias: Bias = None,
    timestamps: Annotated[
        Literal["segment", "word"] | None, typer.Option(help="Tell when each was said.")
    ] = None,
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell speakers apart.")] = False,
    model: Model = None,
    url: Annotated[str | None, typer.Option(help="The service; else UTTER_API_URL.")] = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Transcribe a whole file, more accurately than live."""
    settings = Settings()
    with _usage():
        supplier = settings.token_supplier(token)
        options = TranscriptionOptions(
            language=language,
            context_bias=tuple(bias) if bias else None,
            timestamps=timestamps,
            diarize=diarize or None,
            model=model,
        )

    async def work() -> int:
        async with Api(url or settings.utter_api_url, supplier) as api:
            await upload.transcribe(api, path, options, as_json=as_json)
        return 0

    run(work())


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", envvar="ONCE", help="Stop after the sample; end with JSON.")
    ] = False,
    sample: Annotated[
        Path, typer.Option(help="The recording; its transcript is beside it as .txt.")
    ] = demonstration.SAMPLE,
    ports: Annotated[
        int, typer.Option(help="Added to every port, to run beside another stack.")
    ] = 0,
    provider: Annotated[
        Literal["mistral", "vllm"], typer.Option(help="Whose wire the offline engine is behind.")
    ] = "mistral",
) -> None:
    """Run the whole product on this machine, and speak a sample through it."""
    work = demonstration.run(sample, once=once, port_offset=ports, provider=provider)
    run(work, interrupted=INTERRUPTED if once else 0)


def run(
    work: Coroutine[Any, Any, int],
    *,
    on_interrupt: Callable[[], None] | None = None,
    interrupted: int = INTERRUPTED,
) -> NoReturn:
    """Run `work`, and exit with the status it returns.

    Args:
        work: Is cancelled by Ctrl-C.
        on_interrupt: Is called by the first Ctrl-C instead.
        interrupted: Exit status when it was cancelled.
    """

    async def main() -> int:
        task = asyncio.ensure_future(work)
        gentle = [on_interrupt] if on_interrupt else []
        cancelled = False

        def interrupt() -> None:
            if gentle:
                gentle.pop()()
            else:
                end()

        def end() -> None:
            nonlocal cancelled
            if not cancelled:  # another signal must not cut the clean-up short
                cancelled = True
                task.cancel()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        try:
            return await task
        except asyncio.CancelledError:
            return interrupted

    sys.exit(asyncio.run(main()))


def main() -> None:
    """Run the command. Expected failures print one line."""
    try:
        app()
    except ClientError as error:
        _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter flushes it once more
        sys.exit(1)


@contextmanager
def _usage() -> Iterator[None]:
    """Take a wrong option for what it is."""
    try:
        yield
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        _fail(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
    except ValueError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    line = Text.assemble(("utter-transcribe: ", "bold red"), message)
    Console(stderr=True, soft_wrap=True).print(line)
    sys.exit(1)
