"""Structured logs."""

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from transcription.errors import Unauthenticated
from transcription.process.logs import (
    STRANGERS_PER_MINUTE,
    Bounded,
    configure_logging,
    quiet_logger,
)
from transcription.process.metrics import Metrics
from transcription.process.record import Records, TranscriptionRecord, log_transcription
from transcription.providers.health import ProviderHealth


@pytest.fixture
def logging_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back what the process's logging was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configuration, configure = structlog.get_config(), structlog.configure

    def configure_for_now(**asked: Any) -> None:
        """Keep loggers from keeping what they were first used with: other tests have them too."""
        configure(**asked | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_now)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configuration)


class _Row(BaseModel):
    text: str
    is_final: bool


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
def test_words_of_others_hold_no_secret() -> None:
    """What an exception or a library says is logged without tokens, keys and passwords."""
    stream = StringIO()
    configure_logging("INFO", stream)
    secrets = ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "sb_secret_abc", "hunter2")
    words = "Illegal header value b'Bearer {}\r', apikey={}, http://me:{}@proxy.example"
    try:
        raise RuntimeError(words.format(*secrets)) from ValueError(secrets[1])
    except RuntimeError:
        structlog.get_logger().exception("it_failed")
        logging.getLogger("theirs").exception("theirs %s", secrets[0])
    assert len(_lines(stream)) == 2
    assert not [one for one in secrets if one in stream.getvalue()]
    assert "Illegal header value" in stream.getvalue()


@pytest.mark.usefixtures("logging_again")
def test_what_could_not_be_read_is_not_quoted() -> None:
    """An exception about a row or an answer is logged with its field, and without its words."""
    stream = StringIO()
    configure_logging("INFO", stream)
    rows = ({"text": "So I told her"}, {"text": ["So I", "told her"], "is_final": "told her"})
    for row in rows:
        try:
            _Row.model_validate(row)
        except ValidationError:
            structlog.get_logger().exception("it_failed")
    assert "is_final" in stream.getvalue()
    assert "Field required" in stream.getvalue()
    assert "told" not in stream.getvalue()


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


@pytest.mark.usefixtures("logging_again")
def test_what_strangers_cause_is_bounded() -> None:
    """A minute's lines are bounded, and the next minute tells how many were held back."""
    now = 0.0
    bounded = Bounded(2, clock=lambda: now)
    assert [bounded.allows() for _ in range(5)] == [True, True, False, False, False]
    now = 59.9
    assert not bounded.allows()
    now = 60.0
    stream = StringIO()
    configure_logging("INFO", stream)
    assert bounded.allows()
    [line] = _lines(stream)
    assert (line["event"], line["count"]) == ("lines_held_back", 4)


@pytest.mark.usefixtures("logging_again")
def test_refused_strangers_are_counted_and_seldom_logged() -> None:
    """Refusals of callers who were not identified are all counted; those of users are all told."""
    stream = StringIO()
    configure_logging("INFO", stream)
    metrics = Metrics()
    records = Records(metrics, [ProviderHealth("any", None, every_seconds=1)])
    for _ in range(STRANGERS_PER_MINUTE + 40):
        records.tell(records.new("realtime"), Unauthenticated())
    user = records.new("realtime")
    user.user_id = "ada"
    records.tell(user, Unauthenticated())
    assert len(_lines(stream)) == STRANGERS_PER_MINUTE + 1
    labels = {"kind": "realtime", "status": "refused"}
    counted = metrics.registry.get_sample_value("utter_transcriptions_total", labels)
    assert counted == STRANGERS_PER_MINUTE + 41
