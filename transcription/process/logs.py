"""Structured logs: every line of a process as JSON.

Libraries that would write headers or payloads at DEBUG are capped at WARNING. What strangers can
cause is written at a bounded rate.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor

from shared_schema.redaction import redacted

_TALKATIVE: Final = ("websockets", "httpx", "httpcore", "httpx2", "httpcore2", "hpack", "asyncio")
STRANGERS_PER_MINUTE: Final = 60
"""Lines that callers who have not signed in can cause."""

_log = structlog.get_logger(__name__)


class Bounded(logging.Filter):
    """Lets at most so many lines a minute pass, and reports how many it has held back.

    Args:
        per_minute: Lines.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        per_minute: int = STRANGERS_PER_MINUTE,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._per_minute = per_minute
        self._clock = clock
        self._since = clock()
        self._passed = self._held_back = 0

    def allows(self) -> bool:
        """Count a line, and tell whether it may be written."""
        now = self._clock()
        if now - self._since >= 60:
            if self._held_back:
                _log.warning("lines_held_back", count=self._held_back)
            self._since, self._passed, self._held_back = now, 0, 0
        self._passed += 1
        if self._passed > self._per_minute:
            self._held_back += 1
            return False
        return True

    def filter(self, record: logging.LogRecord) -> bool:
        """Count a line of the logger that this was added to."""
        return self.allows()


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
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream if stream is not None else sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _redact,
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
    # Its warnings are about what strangers send, two for each request that asks for an upgrade.
    server = logging.getLogger("uvicorn.error")
    server.setLevel(logging.ERROR)
    server.filters[:] = [Bounded()]


def _redact(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Take what may be secret out of words that are not ours."""
    if not line.get("_from_structlog", True):
        line["event"] = redacted(str(line.get("event", "")))
    if "exception" in line:
        line["exception"] = _redacted(line["exception"])
    return line


def _redacted(told: Any) -> Any:
    if isinstance(told, str):
        return redacted(told)
    if isinstance(told, dict):
        return {name: _redacted(one) for name, one in told.items()}
    return [_redacted(one) for one in told] if isinstance(told, list | tuple) else told


def quiet_logger(name: str) -> logging.Logger:
    """Return the logger `name`, capped so that it never writes headers or payloads."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
