"""Messages, as they stand on the wire."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from shared_schema import export
from shared_schema.account import (
    AudioLimits,
    LanguageOption,
    OpenSession,
    PublicConfig,
    Usage,
    UsageOfKind,
)
from shared_schema.base import Outbound
from shared_schema.batch import (
    DeltaEvent,
    ErrorEvent,
    FinalEvent,
    Problem,
    Segment,
    SegmentEvent,
    Transcription,
    Word,
)
from shared_schema.client_messages import client_message
from shared_schema.errors import ErrorCode
from shared_schema.server_messages import (
    SERVER_MESSAGE_TYPES,
    Ack,
    Delta,
    Error,
    Final,
    Language,
    LiveSegment,
    Notice,
    Ready,
    Turn,
    server_message,
)
from shared_schema.voices import Voice, VoiceDetail, VoiceList

SESSION = "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SCHEMA = export.json_schema()

START = {
    "type": "start",
    "v": 1,
    "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
}
SENT: list[dict[str, Any]] = [
    START,
    {**START, "language": "English"},
    {
        **START,
        "language": "en-US",
        "model": "voxtral-mini-transcribe-realtime-2602",
        "access_token": "header.payload.signature",
        "context_bias": ["Utter", "reference audio"],
        "target_streaming_delay_ms": 480,
        "diarize": True,
        "turn_detection": True,
        "resumes": SESSION,
    },
    {
        **START,
        "context_bias": ["A talk about birds, and how they sing: études."],
        "diarize": True,
        "speaker_references": [{"name": "ann", "audio": "UklGRg=="}],
    },
    {
        **START,
        "turn_detection": {
            "start_threshold": 0.75,
            "eager_end_threshold": 0.5,
            "end_threshold": 0.25,
            "min_silence_ms": 300,
            "end_timeout_ms": 2000,
        },
    },
    {"type": "stop"},
]
"""What clients send."""
TOLD: list[tuple[Outbound, dict[str, Any]]] = [
    (
        Ready(session_id=SESSION, model="m", max_seconds=300.0, resume_rewind_ms=4000),
        {
            "type": "ready",
            "v": 1,
            "session_id": SESSION,
            "model": "m",
            "max_seconds": 300.0,
            "resume_rewind_ms": 4000,
        },
    ),
    (Delta(text=" the"), {"type": "delta", "text": " the"}),
    (Language(language="en"), {"type": "language", "language": "en"}),
    (
        LiveSegment(text="the end", start=0.5, end=1.25, speaker="speaker_1"),
        {"type": "segment", "text": "the end", "start": 0.5, "end": 1.25, "speaker": "speaker_1"},
    ),
    (
        LiveSegment(text="the end", start=0.0, end=0.0),
        {"type": "segment", "text": "the end", "start": 0.0, "end": 0.0},
    ),
    (Turn(event="eager_end", at=1.5), {"type": "turn", "event": "eager_end", "at": 1.5}),
    (Ack(audio_ms=800), {"type": "ack", "audio_ms": 800}),
    (
        Notice(code="draining", deadline_ms=30_000),
        {"type": "notice", "code": "draining", "deadline_ms": 30_000},
    ),
    (
        Notice(code="ending_soon", seconds_left=30.0),
        {"type": "notice", "code": "ending_soon", "seconds_left": 30.0},
    ),
    (
        Final(
            text="the end",
            status="complete",
            reason="max_duration",
            language="en",
            model="m",
            audio_seconds=12.3,
            session_id=SESSION,
        ),
        {
            "type": "final",
            "text": "the end",
            "status": "complete",
            "reason": "max_duration",
            "language": "en",
            "model": "m",
            "audio_seconds": 12.3,
            "session_id": SESSION,
        },
    ),
    (
        Final(
            text="",
            status="partial",
            reason=ErrorCode.DRAINING,
            model="m",
            audio_seconds=0.0,
            session_id=SESSION,
        ),
        {
            "type": "final",
            "text": "",
            "status": "partial",
            "reason": "draining",
            "model": "m",
            "audio_seconds": 0.0,
            "session_id": SESSION,
        },
    ),
    (
        Error(message="Full.", code=ErrorCode.CAPACITY, retryable=True, retry_after=2.0),
        {
            "type": "error",
            "message": "Full.",
            "code": "capacity",
            "retryable": True,
            "retry_after": 2.0,
        },
    ),
    (
        Error(
            message="One.", code=ErrorCode.SESSION_LIMIT, retryable=True, open_sessions=(SESSION,)
        ),
        {
            "type": "error",
            "message": "One.",
            "code": "session_limit",
            "retryable": True,
            "open_sessions": [SESSION],
        },
    ),
]
"""What the bridge says, and how it reads."""

_KIND = UsageOfKind(used_seconds=1, reserved_seconds=0, limit_seconds=1800, cost_microdollars=100)
_TRANSCRIPTION: dict[str, Any] = {
    "text": "one two",
    "model": "m",
    "language": "en",
    "segments": (Segment(text="one two", start=0, end=1.5, speaker="1"),),
    "words": (Word(text="one", start=0, end=0.5),),
    "duration_seconds": 3.5,
    "request_id": "r",
    "warnings": ("language was left out",),
}
_VOICE: dict[str, Any] = {
    "voice_id": SESSION,
    "name": "Ada",
    "language": "en",
    "duration_seconds": 12.0,
    "created_at": NOW,
}
ANSWERED: list[Outbound] = [
    Transcription(**_TRANSCRIPTION),
    Transcription(text="", model="m", duration_seconds=3, request_id="r"),
    DeltaEvent(text="a"),
    SegmentEvent(text="a", start=0, end=1),
    FinalEvent(**_TRANSCRIPTION),
    ErrorEvent(message="no", code=ErrorCode.PROVIDER_REJECTED, retryable=False),
    Problem(
        type="about:blank",
        title="Too large",
        status=413,
        detail="Too large.",
        code=ErrorCode.PAYLOAD_TOO_LARGE,
        retryable=False,
    ),
    Voice(**_VOICE),
    VoiceDetail(
        **_VOICE,
        transcript="what was said",
        transcript_source="edited",
        machine_transcript="what was sad",
        audio_url="https://storage.example/x",
        audio_url_expires_in=3600,
    ),
    VoiceList(voices=(Voice(**_VOICE),)),
    Usage(
        realtime=_KIND,
        batch=_KIND,
        cost_microdollars=200,
        open_sessions=(OpenSession(session_id=SESSION, kind="realtime", opened_at=NOW),),
        max_open_sessions=1,
        resets_at=NOW,
    ),
    PublicConfig(
        enabled=True,
        realtime_enabled=True,
        supabase_url="https://project.example",
        supabase_publishable_key="sb_publishable_x",
        allow_anonymous=True,
        limits=AudioLimits(
            max_bytes=1, min_seconds=3, max_seconds=300, types=("audio/wav",), extensions=(".wav",)
        ),
        languages=(LanguageOption(code="en", name="English"),),
        model="m",
        realtime_model="r",
        final_pass=True,
    ),
]
"""Answers over HTTP."""


def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"})


@pytest.mark.parametrize("message", SENT, ids="+".join)
def test_what_clients_send_fits_both(message: dict[str, Any]) -> None:
    """A good message fits the model and the exported schema alike."""
    _validator("ClientMessage").validate(message)
    client_message.validate_json(json.dumps(message))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "pause"},
        {"type": "stop", "now": True},
        {"type": "start", "v": 1},
        {**START, "v": 2},
        {**START, "v": True},
        {**START, "surprise": 1},
        {**START, "audio_format": {"encoding": "pcm_s16le", "sample_rate": 8000}},
        {**START, "context_bias": ["x"] * 1001},
        {**START, "context_bias": ["x" * 4001]},
        {**START, "speaker_references": [{"name": "ann", "audio": "no base64!"}]},
        {**START, "speaker_references": [{"name": "ann", "audio": "UklGRg=="}] * 9},
        {**START, "turn_detection": {"patience": 1}},
        {**START, "turn_detection": {"start_threshold": 1.5}},
        {**START, "turn_detection": {"min_silence_ms": 60_001}},
        {**START, "target_streaming_delay_ms": 79},
        {**START, "resumes": SESSION.upper()},
        {**START, "access_token": "x" * 16_385},
    ],
    ids=str,
)
def test_what_clients_must_not_send_fits_neither(message: dict[str, Any]) -> None:
    """What the model refuses the exported schema refuses too."""
    assert not _validator("ClientMessage").is_valid(message)
    with pytest.raises(ValidationError):
        client_message.validate_json(json.dumps(message))


@pytest.mark.parametrize(("message", "wire"), TOLD, ids=lambda value: getattr(value, "type", ""))
def test_what_the_bridge_says_reads_so(message: Outbound, wire: dict[str, Any]) -> None:
    """A message has its fields and no empty ones, fits the schema, and comes back the same."""
    assert json.loads(message.to_json()) == wire
    _validator("ServerMessage").validate(wire)
    assert server_message.validate_json(message.to_json()) == message


def test_no_message_of_the_bridge_is_forgotten() -> None:
    """Every type of message stands among the examples, and in the union's list of types."""
    assert {wire["type"] for _, wire in TOLD} == SERVER_MESSAGE_TYPES


@pytest.mark.parametrize("answer", ANSWERED, ids=lambda answer: type(answer).__name__)
def test_what_is_answered_fits_the_schema(answer: Outbound) -> None:
    """Answers over HTTP fit the exported schema, with every field and with the fewest."""
    wire = json.loads(answer.to_json())
    assert None not in wire.values()
    _validator(type(answer).__name__).validate(wire)


def test_readers_pass_over_what_they_do_not_know() -> None:
    """A field of tomorrow does not break a reader of today."""
    assert server_message.validate_python({"type": "delta", "text": "a", "confidence": 1}) == Delta(
        text="a"
    )


def test_every_model_chooses_its_side() -> None:
    """What comes in is strict about unknown fields, what goes out is not."""
    for name in SCHEMA["$defs"]:
        strict = SCHEMA["$defs"][name].get("additionalProperties") is False
        parts = {"AudioFormat", "SpeakerReference", "TurnSettings"}
        sent = name in {"Start", "Stop", *parts} or name.endswith(("Options", "Request"))
        assert strict is sent, name


def test_a_token_does_not_show() -> None:
    """A `start` can be printed without showing its token."""
    voice = {"name": "secret", "audio": "secret=="}
    start = client_message.validate_python(
        {**START, "access_token": "secret", "speaker_references": [voice]}
    )
    assert "secret" not in repr(start)
    assert "secret" not in start.model_dump_json(exclude={"speaker_references"})
