"""Structured logs: every line of a process as JSON.

Libraries that would write headers or payloads at DEBUG are capped at WARNING.
"""

import logging
import sys
from typing import Final, TextIO

import structlog
from structlog.typing import Processor

_TALKATIVE: Final = ("websockets", "httpx", "httpcore", "httpx2", "httpcore2", "hpack", "asyncio")


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
