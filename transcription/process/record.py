"""Structured logs: one wide line for each transcription.

Never a token, a key, audio or transcript text: only the fields of `TranscriptionRecord`,
and libraries that would write headers or payloads at DEBUG are capped at WARNING.
"""

import logging
import sys
from dataclasses import asdict, dataclass
from typing import Final, Literal, TextIO, cast

import structlog
from structlog.typing import Processor

from shared_schema.errors import ERRORS
from transcription.process import tracing

_TALKATIVE: Final = ("websockets", "httpx", "httpcore", "httpx2", "httpcore2", "hpack", "asyncio")
_NOT_TRACED: Final = frozenset({"user_id", "trace_id"})
_OURS: Final = frozenset(code for code, row in ERRORS.items() if row.is_ours)

_log = structlog.get_logger("utter.transcription")


Kind = Literal["realtime", "batch"]
Status = Literal["complete", "partial", "refused", "abandoned"]


@dataclass(slots=True, kw_only=True)
class TranscriptionRecord:
    """What is told of one transcription when it ends. Empty fields are left out."""

    kind: Kind
    direct: bool | None = None
    """Whether the client carried it, and talked to the provider by itself."""
    provider: str | None = None
    model: str | None = None
    language: str | None = None
    session_id: str | None = None
    resumes: str | None = None
    provider_request_id: str | None = None
    user_id: str | None = None
    anonymous: bool | None = None
    own_key: bool | None = None
    """True: with a key of the user's own."""
    status: Status = "refused"
    code: str | None = None
    """The error or reason told to the client."""
    error_id: str | None = None
    close_code: int | None = None
    wall_seconds: float | None = None
    audio_seconds: float | None = None
    ready_ms: float | None = None
    first_delta_ms: float | None = None
    finish_ms: float | None = None
    bytes_in: int | None = None
    frames: int | None = None
    deltas: int | None = None
    cost_microdollars: int | None = None
    trace_id: str | None = None


def log_transcription(record: TranscriptionRecord) -> None:
    """Write the wide line of a transcription that ended, and tell its trace the same."""
    record.trace_id = tracing.trace_id()
    told = {name: value for name, value in asdict(record).items() if value is not None}
    _log.info("transcription", **told)
    tracing.describe(
        failure=record.code if record.code in _OURS else None,
        **cast("tracing.Attributes", {name: told[name] for name in told.keys() - _NOT_TRACED}),
    )


def configure_logging(level: str, stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` as JSON.

    Args:
        level: A name of `logging`, such as "INFO".
        stream: Standard output by default.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream if stream is not None else sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        quiet_logger(name)


def quiet_logger(name: str) -> logging.Logger:
    """Return the logger `name`, capped so that it never writes headers or payloads."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
