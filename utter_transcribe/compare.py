"""Compare models on one's own recordings: how soon, how right, for how much."""

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shared_schema.account import ModelOption
from shared_schema.batch import DeltaEvent, FinalEvent, TranscriptionOptions
from utter_transcribe.audio import decode, duration, in_thread, paced
from utter_transcribe.auth import TokenSupplier
from utter_transcribe.errors import ClientError
from utter_transcribe.files import Api
from utter_transcribe.live import LiveTranscription
from utter_transcribe.options import Options
from utter_transcribe.wer import word_error_rate, words


@dataclass(frozen=True, slots=True)
class Heard:
    """What one model made of one recording.

    Attributes:
        file: Name of the recording.
        model: Its id.
        kind: Live words, or the whole file.
        text: The transcript; empty where it failed.
        audio_seconds: Length of the recording.
        first_word_seconds: From the first audio, or from the request, to the first words.
        final_seconds: From the end of the audio, or from the request, to the whole text.
        dollars: List price of the recording; None where the service does not know it.
        word_error_rate: Against the reference; None without one.
        failure: Why there is no whole text; None where there is.
    """

    file: str
    model: str
    kind: Literal["realtime", "batch"]
    text: str
    audio_seconds: float
    first_word_seconds: float | None
    final_seconds: float
    dollars: float | None
    word_error_rate: float | None = None
    failure: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what is known of it, for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Comparison:
    """Hears recordings by several models of a service, one after the other.

    Args:
        api: Of the service, for files and for what its models are.
        realtime_url: Of its live words.
        token: Called before every live connect.
        options: Language and words to expect, for every model.
        speed: Of live audio: 1 is real time, 0 as fast as it goes.
    """

    def __init__(
        self,
        api: Api,
        realtime_url: str,
        token: TokenSupplier,
        *,
        options: Options | None = None,
        speed: float = 1.0,
    ) -> None:
        self._api = api
        self._realtime_url = realtime_url
        self._token = token
        self._options = options or Options()
        self._speed = speed

    async def heard(
        self, file: Path, models: Sequence[str], reference: str | None = None
    ) -> list[Heard]:
        """Return what each model makes of a recording, in the kinds that all of them share.

        Where they share none, each is heard in its own, and one of both kinds comes twice.

        Raises:
            AudioError: The file cannot be read.
            ClientError: The service cannot be reached.
            ValueError: A model is not offered, or the reference has no words.
        """
        offered = (await self._api.config()).models
        found = [[one for one in offered if one.id == model] for model in models]
        if missing := [model for model, ones in zip(models, found, strict=True) if not ones]:
            names = ", ".join(dict.fromkeys(one.id for one in offered))
            raise ValueError(
                f"not offered there: {', '.join(missing)}; ALLOWED_MODELS adds to {names}"
            )
        seconds = duration(file)
        shared = set.intersection(*({one.kind for one in ones} for ones in found))
        results = []
        for one in (each for ones in found for each in ones):
            if shared and one.kind not in shared:
                continue
            hear = self._live if one.kind == "realtime" else self._whole
            result = await hear(file, one, seconds)
            if reference is not None:
                rate = word_error_rate(reference, result.text)
                result = replace(result, word_error_rate=round(rate, 4))
            results.append(result)
        return results

    async def _live(self, file: Path, model: ModelOption, seconds: float) -> Heard:
        ended = time.monotonic()

        async def audio() -> AsyncGenerator[bytes, None]:
            nonlocal ended
            async for piece in paced(in_thread(decode(file)), self._speed):
                yield piece
            ended = time.monotonic()

        client = LiveTranscription(
            self._realtime_url, self._token, options=replace(self._options, model=model.id)
        )
        result = await client.run(audio())
        first = result.first_delta_ms
        return Heard(
            file.name,
            model.id,
            "realtime",
            result.text,
            seconds,
            None if first is None else round(first / 1000, 3),
            round(time.monotonic() - ended, 3),
            _price(model, seconds),
            failure=result.failure.message if result.failure else None,
        )

    async def _whole(self, file: Path, model: ModelOption, seconds: float) -> Heard:
        options = TranscriptionOptions(
            model=model.id, language=self._options.language, context_bias=self._options.context_bias
        )
        began, first = time.monotonic(), None
        text, failure = "", None
        try:
            async for event in self._api.stream(file, options):
                if isinstance(event, DeltaEvent) and first is None:
                    first = round(time.monotonic() - began, 3)
                elif isinstance(event, FinalEvent):
                    text = event.text
        except ClientError as error:
            failure = str(error)
        took = round(time.monotonic() - began, 3)
        price = _price(model, seconds)
        return Heard(
            file.name, model.id, "batch", text, seconds, first, took, price, failure=failure
        )


def show(console: Console, results: Sequence[Heard], reference: str | None = None) -> None:
    """Print the figures of one recording's results, and their texts side by side.

    Words that another text has not are in brackets: those of the reference, else of the first.
    """
    figures = Table(title=results[0].file if results else None, title_justify="left")
    for title in ("model", "kind", "first word", "final", "WER", "cost"):
        figures.add_column(title, justify="left" if title in {"model", "kind"} else "right")
    for one in results:
        figures.add_row(
            one.model,
            "live" if one.kind == "realtime" else "file",
            _told(one.first_word_seconds, "{:.2f} s"),
            f"{one.final_seconds:.2f} s",
            _told(None if one.word_error_rate is None else 100 * one.word_error_rate, "{:.1f}%"),
            _told(one.dollars, "${:.5f}"),
        )
    console.print(figures)
    base = reference if reference is not None else results[0].text if results else ""
    texts = Table(show_lines=True)
    cells = []
    for one in results:
        texts.add_column(one.model, ratio=1, overflow="fold")
        cells.append(Text(one.failure, "red") if one.failure else marked(base, one.text))
    texts.add_row(*cells)
    console.print(texts)


def marked(base: str, text: str) -> Text:
    """Return a text whose words that `base` has not are in brackets; case does not count."""
    written = text.split()
    mine, theirs = [" ".join(words(one)) for one in written], words(base)
    same = {
        place
        for block in SequenceMatcher(a=theirs, b=mine, autojunk=False).get_matching_blocks()
        for place in range(block.b, block.b + block.size)
    }
    out = Text()
    for place, word in enumerate(written):
        is_known = place in same or not mine[place]
        out.append(word if is_known else f"[{word}]", None if is_known else "bold yellow")
        out.append(" ")
    out.rstrip()
    return out


def _price(model: ModelOption, seconds: float) -> float | None:
    price = model.microdollars_per_minute
    return None if price is None else round(price * seconds / 60 / 1_000_000, 6)


def _told(number: float | None, form: str) -> str:
    return "–" if number is None else form.format(number)
