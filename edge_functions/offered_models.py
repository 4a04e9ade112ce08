"""The models that a caller may name, and what each can do."""

from collections.abc import Collection
from contextlib import suppress

from shared_schema.account import LanguageOption, ModelOption, StreamingDelays
from transcription import languages
from transcription.errors import NotFound
from transcription.providers.base import (
    FileCapabilities,
    Offered,
    Provider,
    RealtimeCapabilities,
)


async def offered(provider: Provider) -> tuple[ModelOption, ...]:
    """Return them, live ones first, of each kind the default first; none where none can be asked.

    An allowed model that does not exist is left out. A caller who names it gets an error.
    """
    if provider.files is None or not provider.is_shared:
        return ()
    models = provider.models
    found: list[ModelOption] = []
    if provider.realtime is not None:
        for name in _ordered(provider.live):
            with suppress(NotFound):
                found.append(_live(await models.realtime_capabilities(name), provider.languages))
    for name in _ordered(provider.batch):
        with suppress(NotFound):
            found.append(_batch(await models.file_capabilities(name)))
    return tuple(found)


def options(codes: Collection[str]) -> tuple[LanguageOption, ...]:
    """Return languages by their English names, from ISO 639-1 codes."""
    named = (LanguageOption(code=code, name=languages.english_name(code)) for code in codes)
    return tuple(sorted(named, key=lambda one: one.name))


def _ordered(models: Offered) -> list[str]:
    return sorted(models.names, key=lambda name: (name != models.default, name))


def _live(can: RealtimeCapabilities, known: Collection[str]) -> ModelOption:
    return ModelOption(
        id=can.model,
        kind="realtime",
        languages=options(can.languages or known) if can.accepts_language else (),
        timestamps=(),
        diarization=can.diarization,
        context_bias=can.accepts_context_bias,
        single_word_bias=False,
        speaker_references=can.speaker_references,
        streaming_delays_ms=tuple(
            StreamingDelays(min=one.start, max=one.stop - 1) for one in can.streaming_delays_ms
        ),
        turn_detection=can.turn_detection,
        microdollars_per_minute=can.microdollars_per_minute,
    )


def _batch(can: FileCapabilities) -> ModelOption:
    return ModelOption(
        id=can.model,
        kind="batch",
        languages=options(can.languages),
        timestamps=tuple(sorted(can.timestamps)),
        diarization=can.diarization,
        context_bias=can.context_bias,
        single_word_bias=can.single_word_bias,
        speaker_references=can.speaker_references,
        streaming_delays_ms=(),
        turn_detection=False,
        microdollars_per_minute=can.microdollars_per_minute,
    )
