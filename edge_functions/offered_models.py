"""The models that a caller may name, and what each can do."""

from collections.abc import Collection
from contextlib import suppress

from edge_functions.services import Services
from shared_schema.account import LanguageOption, ModelOption, StreamingDelays
from transcription import languages
from transcription.errors import NotFound
from transcription.providers.base import FileCapabilities, RealtimeCapabilities
from transcription.providers.registry import chosen, file_models, realtime_models


async def offered(services: Services) -> tuple[ModelOption, ...]:
    """Return them, live ones first, of each kind the default first; none where nobody can be asked.

    A model that is allowed and not to be found is left out: whoever names it is told so.
    """
    models = services.recogniser.models if services.recogniser is not None else None
    if models is None:
        return ()
    settings = services.settings
    provider = chosen(settings)
    found: list[ModelOption] = []
    if settings.realtime_enabled:
        default = provider.realtime_model(settings)
        for name in _ordered(realtime_models(settings), default):
            with suppress(NotFound):
                found.append(_live(await models.realtime_capabilities(name), provider.languages))
    for name in _ordered(file_models(settings), provider.file_model(settings)):
        with suppress(NotFound):
            found.append(_batch(await models.file_capabilities(name)))
    return tuple(found)


def options(codes: Collection[str]) -> tuple[LanguageOption, ...]:
    """Return languages by their English names, from ISO 639-1 codes."""
    named = (LanguageOption(code=code, name=languages.english_name(code)) for code in codes)
    return tuple(sorted(named, key=lambda one: one.name))


def _ordered(names: Collection[str], default: str) -> list[str]:
    return sorted(names, key=lambda name: (name != default, name))


def _live(can: RealtimeCapabilities, known: Collection[str]) -> ModelOption:
    return ModelOption(
        id=can.model,
        kind="realtime",
        languages=options(can.languages or known) if can.accepts_language else (),
        timestamps=(),
        diarization=can.diarization,
        context_bias=can.accepts_context_bias,
        single_word_bias=can.single_word_bias,
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
        streaming_delays_ms=(),
        turn_detection=False,
        microdollars_per_minute=can.microdollars_per_minute,
    )
