"""The command `utter-transcribe`: a stream, a file, or a demonstration of it all."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_schema.batch import TranscriptionOptions
from shared_schema.network import ProxyError, trusts_environment
from shared_schema.presets import PresetId
from utter_transcribe import demo as demonstration
from utter_transcribe import display, pairs, upload
from utter_transcribe import init as initial
from utter_transcribe.audio import decode, duration, in_thread, paced, read_stream
from utter_transcribe.compare import Comparison, show
from utter_transcribe.errors import ClientError, UnreachableError
from utter_transcribe.files import Api
from utter_transcribe.live import LiveTranscription
from utter_transcribe.microphone import microphone
from utter_transcribe.options import Options, read_voices, speaker_references, turn_settings
from utter_transcribe.settings import Settings

INTERRUPTED = 130
"""Exit status of a command that a person ended, as shells expect it."""

HINT = ". Does it run? In a checkout `make demo` starts everything"

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
Speakers = Annotated[
    list[str] | None,
    typer.Option(
        "--speaker",
        metavar="NAME=FILE",
        help="A voice of 3 to 15 seconds, to be known again; implies --diarize; may be repeated.",
    ),
]
Model = Annotated[str | None, typer.Option(help="One that the deployment allows.")]
Token = Annotated[
    str | None, typer.Option(help="Access token; else UTTER_TOKEN, else an anonymous sign-in.")
]
Url = Annotated[str | None, typer.Option(help="The service; else UTTER_API_URL.")]
Format = Annotated[
    Literal["text", "json", "srt", "vtt"], typer.Option("--format", help="What to print.")
]
STREAM = "WAV, or raw PCM (16-bit little-endian, 16 kHz, mono)"
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _examples(*commands: str) -> str:
    """Return examples for the end of a command's help."""
    return "Examples:\n\n" + "\n\n".join(commands)


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


@app.command(
    epilog=_examples(
        "utter-transcribe live talk.wav --language German",
        "utter-transcribe live --microphone",
        "arecord -q -t raw -f S16_LE -r 16000 -c 1 | utter-transcribe live -",
    )
)
def live(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|-", help=f"An audio file of any kind, or - for standard input: {STREAM}."
        ),
    ] = None,
    *,
    use_microphone: Annotated[
        bool, typer.Option("--microphone", help="Listen to the microphone (extra `microphone`).")
    ] = False,
    language: Language = None,
    bias: Bias = None,
    model: Model = None,
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell speakers apart.")] = False,
    speakers: Speakers = None,
    turns: Annotated[bool, typer.Option("--turns", help="Tell when turns begin and end.")] = False,
    turn: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="A setting of turns, as min_silence_ms=300; implies --turns; may be repeated.",
        ),
    ] = None,
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
    title, seconds = "microphone", None
    audio: AsyncGenerator[bytes, None]
    if use_microphone == (source is not None):
        _fail("give a FILE, - or --microphone, and one of them only")
    if source is None:
        audio = microphone()
    elif source == "-":
        title = "standard input"
        if sys.stdin.isatty():
            note = f"waiting for audio on standard input: {STREAM}; --microphone listens to yours"
            Console(stderr=True, soft_wrap=True).print(note, style="dim")
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
                diarize=diarize or bool(speakers) or None,
                speakers=read_voices(speakers or ()),
                turn_detection=turn_settings(turn) if turn else turns or None,
            ),
            on_event=view,
        )

    try:
        trusts_environment(client.url)
    except ProxyError as error:
        _fail(str(error))

    async def work() -> int:
        with view:
            result = await client.run(audio)
        if not result.session_ids and result.failure and result.failure.code is None:
            _fail(f"{client.url} was never reached{HINT}")
        return 0 if result.status == "complete" else 1

    run(work(), on_interrupt=client.stop)


@app.command(
    epilog=_examples(
        "utter-transcribe file talk.mp3",
        "utter-transcribe file talk.mp3 --format srt > talk.srt",
        "utter-transcribe file talk.mp3 --diarize --bias Voxtral",
    )
)
def file(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="WAV, MP3, M4A, FLAC, OGG or WebM.")],
    *,
    language: Language = None,
    bias: Bias = None,
    timestamps: Annotated[
        Literal["segment", "word"] | None, typer.Option(help="Tell when each was said.")
    ] = None,
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell speakers apart.")] = False,
    speakers: Speakers = None,
    model: Model = None,
    url: Url = None,
    token: Token = None,
    form: Format = "text",
    as_json: Json = False,
) -> None:
    """Transcribe a whole file, more accurately than live."""
    if as_json:
        form = "json"
    if form in {"srt", "vtt"}:
        timestamps = timestamps or "segment"
    with _usage():
        options = TranscriptionOptions(
            language=language,
            context_bias=tuple(bias) if bias else None,
            timestamps=timestamps,
            diarize=diarize or bool(speakers) or None,
            speaker_references=speaker_references(read_voices(speakers or ())),
            model=model,
        )

    async def work(api: Api) -> None:
        await upload.transcribe(api, path, options, form=form)

    _call(work, url, token)


@app.command(
    epilog=_examples(
        'utter-transcribe check ada.wav --text "The words that are spoken."',
        "utter-transcribe check ada.wav --text @ada.txt --json",
    )
)
def check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The recording.")],
    *,
    text: Annotated[
        str, typer.Option(metavar="TEXT|@FILE", help="What should be spoken, or a file with it.")
    ],
    language: Language = None,
    model: Model = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Tell whether a text is what is spoken in a recording, word for word.

    Ends with 0 if it is, with 3 if something differs, and with 1 if that cannot be told.
    """
    with _usage():
        options = TranscriptionOptions(
            check_text=pairs.text_of(text), language=language, model=model
        )

    async def work(api: Api) -> int:
        answer = await api.transcribe(path, options)
        if answer.match is None:
            _fail("the service does not compare texts")
        if as_json:
            print(answer.to_json())
        else:
            pairs.show_match(answer.match)
        return 0 if pairs.is_exact(answer.match) else pairs.DIFFERS

    _call(work, url, token)


@app.command(epilog=_examples("utter-transcribe voices", "utter-transcribe voices --json"))
def voices(
    *,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """List your voices, the newest first."""

    async def work(api: Api) -> None:
        found = await api.voices()
        if as_json:
            print(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
            return
        table = Table("name", "language", "seconds", "made", "id", box=None, pad_edge=False)
        for one in found:
            made = f"{one.created_at:%Y-%m-%d %H:%M}"
            table.add_row(one.name, one.language, f"{one.duration_seconds:.1f}", made, one.voice_id)
        Console(soft_wrap=True).print(table if found else "no voices yet")

    _call(work, url, token)


@app.command(
    epilog=_examples(
        "utter-transcribe voice 0b1c…",
        "utter-transcribe voice 0b1c… --bundle ada.zip --preset f5-tts",
    )
)
def voice(
    voice_id: Annotated[str, typer.Argument(metavar="ID", help="As `voices` lists it.")],
    *,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a zip with recording, text and manifest."),
    ] = None,
    preset: Annotated[
        PresetId | None, typer.Option(help="The cloning engine that the bundle is for.")
    ] = None,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Show one of your voices, or download it for a cloning engine."""
    if preset is not None and bundle is None:
        _fail("--preset is for --bundle FILE")

    async def work(api: Api) -> None:
        if bundle is not None:
            await api.bundle(voice_id, bundle, preset)
            return
        found = await api.voice(voice_id)
        if as_json:
            print(found.to_json())
        else:
            pairs.show_voice(found)

    _call(work, url, token)


@app.command(epilog=_examples("utter-transcribe usage", "utter-transcribe usage --json"))
def usage(
    *,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Tell what you used today, and what is left."""

    async def work(api: Api) -> None:
        used = await api.usage()
        if as_json:
            print(used.to_json())
            return
        for name, kind in (("live", used.realtime), ("files", used.batch)):
            left = max(0.0, kind.limit_seconds - kind.used_seconds - kind.reserved_seconds)
            print(
                f"{name + ':':6} {kind.used_seconds / 60:.1f} of {kind.limit_seconds / 60:.0f} min"
                f" used today, {left / 60:.1f} left"
            )
        print(f"cost:  ${used.cost_microdollars / 1e6:.4f}")
        print(f"The minutes return at {used.resets_at:%Y-%m-%d %H:%M %Z}.")

    _call(work, url, token)


def _call(
    work: Callable[[Api], Coroutine[Any, Any, int | None]], url: str | None, token: str | None
) -> NoReturn:
    """Make calls of the services' HTTP side; what `work` returns is the exit status."""
    settings = Settings()
    with _usage():
        supplier = settings.token_supplier(token)

    async def calls() -> int:
        async with Api(url or settings.utter_api_url, supplier) as api:
            return await work(api) or 0

    run(calls())


@app.command(
    epilog=_examples(
        "utter-transcribe compare talk.wav --models voxtral-mini-2602,voxtral-mini-transcribe-3",
        'utter-transcribe compare talk.wav --models a,b --reference "What was said." --json',
    )
)
def compare(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings of any kind.")],
    *,
    models: Annotated[
        str, typer.Option(metavar="A,B", help="Ids of models that the deployment allows.")
    ],
    reference: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What is said in the one FILE.")
    ] = None,
    language: Language = None,
    bias: Bias = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Of live audio: 1 is real time, 0 as fast as it goes.")
    ] = 1.0,
    url: Url = None,
    realtime_url: Annotated[
        str | None, typer.Option(help="The realtime service; else UTTER_REALTIME_URL.")
    ] = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """Compare models on recordings: time to the first word and to the last, errors, cost."""
    settings = Settings()
    if not _listed(models):
        _fail("name the models: --models A,B")
    if reference is not None and len(files) > 1:
        _fail("--reference goes with one FILE")
    with _usage():
        supplier = settings.token_supplier(token)
        options = Options(language=language, context_bias=tuple(bias) if bias else None)
        options.start()

    async def work() -> int:
        found = []
        async with Api(url or settings.utter_api_url, supplier) as api:
            live_url = realtime_url or settings.utter_realtime_url
            comparison = Comparison(api, live_url, supplier, options=options, speed=speed)
            for one in files:
                with _usage():
                    heard = await comparison.heard(one, _listed(models), reference)
                if not as_json:
                    show(Console(highlight=False), heard, reference)
                found += heard
        if as_json:
            print(json.dumps([one.fields() for one in found], ensure_ascii=False, indent=2))
        return 1 if any(one.failure for one in found) else 0

    run(work())


@app.command(
    epilog=_examples(
        "utter-transcribe init",
        "utter-transcribe init ../my-app --set SUPABASE_URL=https://abc.supabase.co",
    )
)
def init(
    project: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Of your app; holds supabase/, or shall.")
    ] = Path(),
    *,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of .env; may be repeated."),
    ] = None,
) -> None:
    """Add the product to your Supabase project: migrations and .env. Nothing is overwritten."""
    if any("=" not in one for one in given or []):
        _fail("--set takes NAME=VALUE")
    settings = dict(one.partition("=")[::2] for one in given or [])
    if unknown := settings.keys() - initial.ASKED.keys():
        _fail(f"--set knows {', '.join(initial.ASKED)}, not {', '.join(sorted(unknown))}")
    try:
        if not project.is_dir():
            _fail(f"{project} is no folder")
        if sys.stdin.isatty() and not (project / ".env").exists():
            for name, asked in initial.ASKED.items():
                if name not in settings:
                    hidden = name in initial.SECRET
                    settings[name] = typer.prompt(asked, default="", hide_input=hidden)
        added = initial.add_to(project, settings)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")
    print(added.told())


@app.command(epilog=_examples("utter-transcribe demo", "utter-transcribe demo --once"))
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
    providers: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="Several in order: the offline engine is the last, the others fail."
        ),
    ] = "",
) -> None:
    """Run the whole product on this machine, and speak a sample through it."""
    *before, last = providers.split(",") if providers else [provider]
    with _usage():
        if len({*before, last}) <= len(before) or not {*before, last} <= {"mistral", "vllm"}:
            raise ValueError("--providers takes mistral and vllm, each once, like mistral,vllm")
    work = demonstration.run(sample, once=once, port_offset=ports, provider=last, before=before)
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
    except UnreachableError as error:
        _fail(f"{error}{HINT}")
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
