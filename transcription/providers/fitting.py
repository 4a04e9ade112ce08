"""What a caller asks of a file or a live session, fitted to what the model can do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import SecretStr

from shared_schema.batch import Timestamps, TranscriptionOptions
from shared_schema.client_messages import Start, TurnSettings
from shared_schema.direct import RealtimeTokenRequest
from shared_schema.limits import MAX_SPEAKER_AUDIO_CHARACTERS
from transcription import languages
from transcription.errors import InvalidMessage
from transcription.providers.base import (
    FileCapabilities,
    FileOptions,
    Provider,
    RealtimeCapabilities,
    RealtimeOptions,
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Options that the model takes."""

    options: FileOptions
    warnings: tuple[str, ...]
    """What could not be honoured as asked, in words."""
    max_bytes: int | None = None
    """Of the file that is sent."""
    told: Timestamps | None = None
    """The times that the caller gets; the service may have more for itself."""


@dataclass(frozen=True, slots=True)
class FittedLive:
    """Options that a live model takes."""

    options: RealtimeOptions
    ignored: tuple[str, ...]
    """Names of hints of `start` that the model does not take, and that were left out."""
    max_lag_ms: int
    """Of the model: greatest delay between a word's audio and its text."""


async def fitted_file(
    asked: TranscriptionOptions,
    provider: Provider,
    key: SecretStr | None,
    *,
    wants_times: bool = False,
) -> Fitted:
    """Return what to ask of a provider for a file.

    Args:
        asked: By the caller.
        provider: Does it.
        key: The caller's own.
        wants_times: As for `fit`.

    Raises:
        NotFound: the model is not offered.
        InvalidMessage: the model cannot do what is asked for.
    """
    model = provider.batch.chosen(asked.model)
    options = FileOptions(
        model=model,
        language=languages.to_code(asked.language),
        context_bias=asked.context_bias or (),
        timestamps=asked.timestamps,
        diarize=asked.diarize is True,
        speakers=asked.speaker_references or (),
    )
    can = await provider.models.file_capabilities(model, key)
    return fit(options, can, wants_times=wants_times)


async def fitted_live(
    asked: Start | RealtimeTokenRequest, provider: Provider, key: SecretStr | None
) -> FittedLive:
    """Return what to ask of a provider for a live session.

    Args:
        asked: By the caller.
        provider: Does it.
        key: The caller's own.

    Raises:
        NotFound: the model is not offered.
        InvalidMessage: the model cannot do what is asked for.
    """
    model = provider.live.chosen(asked.model)
    options = RealtimeOptions(
        model,
        languages.to_code(asked.language),
        asked.context_bias or (),
        asked.target_streaming_delay_ms,
        diarize=asked.diarize is True,
        turn_detection=bool(asked.turn_detection),
        speakers=asked.speaker_references or (),
        turns=asked.turn_detection if isinstance(asked.turn_detection, TurnSettings) else None,
    )
    return fit_live(options, await provider.models.realtime_capabilities(model, key))


def fit(asked: FileOptions, can: FileCapabilities, *, wants_times: bool = False) -> Fitted:
    """Return options that the model can combine: timestamps win over the language.

    Args:
        asked: As the caller wants it.
        can: Of the model that is asked for.
        wants_times: Whether the service has use for times, where they cost nothing: the finest
            that the model has, and none in the place of a language.

    Raises:
        InvalidMessage: something is asked for that the model cannot do at all.
    """
    _refuse_impossible(asked, can)
    warnings: list[str] = []
    options = asked
    if options.diarize and options.timestamps != "segment":
        if options.timestamps is not None:
            warnings.append("Speakers are told apart by segment, so the words have no times.")
        options = replace(options, timestamps="segment")
    if options.language and not can.languages:
        warnings.append("The model detects the language by itself.")
        options = replace(options, language=None)
    if can.language_or_timestamps and options.timestamps and options.language:
        warnings.append(
            "The model takes a language or timestamps, not both: the language was detected."
        )
        options = replace(options, language=None)
    if can.single_word_bias and any(_words(term) != [term] for term in options.context_bias):
        warnings.append("The model takes single words to expect: phrases were split.")
        words = dict.fromkeys(word for term in options.context_bias for word in _words(term))
        options = replace(options, context_bias=tuple(words))
    most = can.max_bias_terms
    if most is not None and len(options.context_bias) > most:
        warnings.append(f"Only the first {most} words to expect were used.")
        options = replace(options, context_bias=options.context_bias[:most])
    if can.language_on_request and options.language is None:
        options = replace(options, return_language=True)
    told = options.timestamps
    if wants_times and told is None and not (can.language_or_timestamps and options.language):
        finest = max(can.timestamps, key=("segment", "word").index, default=None)
        options = replace(options, timestamps=finest)
    return Fitted(options, tuple(warnings), can.max_bytes, told)


def fit_live(asked: RealtimeOptions, can: RealtimeCapabilities) -> FittedLive:
    """Return options that a live model takes: hints that it does not take are left out.

    Args:
        asked: As the caller wants it.
        can: Of the model that is asked for.

    Raises:
        InvalidMessage: something is asked for that the model cannot do at all.
    """
    if asked.language is not None and can.languages and asked.language not in can.languages:
        message = f"The provider does not know {languages.english_name(asked.language)}."
        raise InvalidMessage(message)
    delay = asked.target_streaming_delay_ms
    if delay is not None and not any(delay in one for one in can.streaming_delays_ms):
        raise InvalidMessage(f"The model does not take a streaming delay of {delay} ms.")
    if asked.diarize and not can.diarization:
        raise InvalidMessage("The model cannot tell speakers apart live (diarize).")
    if asked.turn_detection and not can.turn_detection:
        raise InvalidMessage("The model cannot tell turns (turn_detection).")
    if asked.diarize and asked.turn_detection:
        raise InvalidMessage("One session cannot have both: ask for diarize or turn_detection.")
    _refuse_turns(asked.turns)
    _refuse_speakers(asked, can)
    terms = [term.strip() for term in asked.context_bias if term.strip()]
    if can.accepts_context_bias:
        _refuse_bias(terms, can.max_bias_bytes)
    options = replace(
        asked,
        language=asked.language if can.accepts_language else None,
        context_bias=tuple(terms[: can.max_bias_terms]) if can.accepts_context_bias else (),
    )
    ignored = []
    if asked.language is not None and not can.accepts_language:
        ignored.append("language")
    if terms and not can.accepts_context_bias:
        ignored.append("context_bias")
    return FittedLive(options, tuple(ignored), can.max_lag_ms)


def _refuse_impossible(asked: FileOptions, can: FileCapabilities) -> None:
    # Speakers come with segments, whatever else is asked for.
    timestamps = "segment" if asked.diarize else asked.timestamps
    if asked.diarize and not can.diarization:
        raise InvalidMessage("The model cannot tell speakers apart.")
    if timestamps is not None and timestamps not in can.timestamps:
        raise InvalidMessage(f"The model has no {timestamps} timestamps.")
    if asked.context_bias and not can.context_bias:
        raise InvalidMessage("The model takes no words to expect.")
    _refuse_bias(asked.context_bias, can.max_bias_bytes)
    _refuse_speakers(asked, can)
    if asked.language is not None and can.languages and asked.language not in can.languages:
        name = languages.english_name(asked.language)
        raise InvalidMessage(f"The provider does not know {name}.")


def _refuse_bias(terms: Sequence[str], most: int | None) -> None:
    size = sum(len(term.encode()) for term in terms)
    if most is not None and size > most:
        raise InvalidMessage(
            f"The words to expect have {size} bytes, and the model takes {most} (context_bias)."
        )


def _refuse_speakers(
    asked: FileOptions | RealtimeOptions, can: FileCapabilities | RealtimeCapabilities
) -> None:
    speakers = asked.speakers
    if not speakers:
        return
    if not can.speaker_references:
        raise InvalidMessage("The model knows no voices again (speaker_references).")
    if not asked.diarize:
        raise InvalidMessage("Known voices need speakers that are told apart: set diarize.")
    if len({one.name for one in speakers}) < len(speakers):
        raise InvalidMessage("Each speaker needs a name of its own (speaker_references).")
    size = sum(len(one.audio) for one in speakers)
    if size > MAX_SPEAKER_AUDIO_CHARACTERS:
        raise InvalidMessage(
            f"The voices have {size} characters of base64, and {MAX_SPEAKER_AUDIO_CHARACTERS} are "
            "taken (speaker_references)."
        )


def _refuse_turns(turns: TurnSettings | None) -> None:
    if turns is None:
        return
    if not turns.start_threshold >= turns.eager_end_threshold > turns.end_threshold:
        raise InvalidMessage(
            "Thresholds of turns must fall: start, eager_end, and end below both (turn_detection)."
        )
    if turns.end_timeout_ms is not None and turns.end_timeout_ms < turns.min_silence_ms:
        raise InvalidMessage("A turn's end_timeout_ms is at least its min_silence_ms.")


def _words(term: str) -> list[str]:
    return term.replace(",", " ").split()
