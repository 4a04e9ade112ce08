"""Structured logs."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from transcription.process.logs import configure_logging, quiet_logger
from transcription.process.record import TranscriptionRecord, log_transcription


@pytest.fixture
def logging_again() -> Iterator[None]:
    """Give back what the process's logging was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configuration = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configuration)


def _lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.usefixtures("logging_again")
def test_every_line_is_json() -> None:
    """Our lines and those of libraries are objects with a time, a level, a logger and an event."""
    stream = StringIO()
    configure_logging("INFO", stream)
    structlog.get_logger("ours").info("ours_happened", sessions=3)
    logging.getLogger("theirs").warning("theirs %s", "happened")
    ours, theirs = _lines(stream)
    assert (ours["event"], ours["sessions"]) == ("ours_happened", 3)
    assert (ours["logger"], ours["level"]) == ("ours", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "theirs happened",
        "theirs",
        "warning",
    )
    assert all(line["timestamp"].endswith("Z") for line in (ours, theirs))


@pytest.mark.usefixtures("logging_again")
def test_an_exception_is_one_line_without_variables() -> None:
    """A traceback is told in full, in one line, and without the values of any variable."""
    stream = StringIO()
    configure_logging("INFO", stream)
    token = "token-in-a-variable"
    try:
        len(token) / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("it_failed")
    (line,) = _lines(stream)
    (exception,) = line["exception"]
    assert exception["exc_type"] == "ZeroDivisionError"
    assert exception["frames"][0]["name"] == "test_an_exception_is_one_line_without_variables"
    assert token not in stream.getvalue()


@pytest.mark.usefixtures("logging_again")
def test_the_level_is_kept() -> None:
    """What is below the level is not written, ours or a library's."""
    stream = StringIO()
    configure_logging("WARNING", stream)
    structlog.get_logger("ours").info("quiet")
    logging.getLogger("theirs").info("quiet")
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("logging_again")
@pytest.mark.parametrize(
    "name",
    ["websockets.server", "websockets.client", "httpx", "httpcore.http11", "httpcore2", "hpack"],
)
def test_libraries_that_tell_too_much_are_capped(name: str) -> None:
    """At DEBUG these would write headers and payloads: they stay at WARNING."""
    stream = StringIO()
    configure_logging("DEBUG", stream)
    logging.getLogger(name).debug("> Authorization: Bearer token")
    logging.getLogger(name).info("HTTP Request: GET https://host/?token=x")
    structlog.get_logger("ours").debug("ours")
    assert [line["event"] for line in _lines(stream)] == ["ours"]


@pytest.mark.usefixtures("logging_again")
def test_the_wide_line_leaves_out_what_is_not_known() -> None:
    """Only known fields of a transcription are recorded; zero and false are known."""
    stream = StringIO()
    configure_logging("INFO", stream)
    log_transcription(TranscriptionRecord(kind="batch", audio_seconds=0.0, anonymous=False))
    (line,) = _lines(stream)
    for name in ("timestamp", "level", "logger"):
        del line[name]
    assert line == {
        "event": "transcription",
        "kind": "batch",
        "audio_seconds": 0.0,
        "anonymous": False,
        "status": "refused",
    }


def test_a_quiet_logger_keeps_what_matters() -> None:
    """A capped logger still lets errors through."""
    logger = quiet_logger("utter.test.quiet")
    assert not logger.isEnabledFor(logging.INFO)
    assert logger.isEnabledFor(logging.ERROR)
