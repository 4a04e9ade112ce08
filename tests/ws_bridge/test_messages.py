"""Client messages in, errors out."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_schema.client_messages import Start, Stop
from shared_schema.errors import ERRORS
from tests.ws_bridge.world import START
from transcription import errors
from transcription.errors import (
    Capacity,
    InvalidMessage,
    SessionLimit,
    TranscriptionError,
    UnsupportedAudio,
    UnsupportedVersion,
)
from ws_bridge.messages import error_message, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def test_a_start_is_read_whole() -> None:
    """Every field that the contract has is taken."""
    session_id = str(uuid4())
    message = parse(
        json.dumps(
            {
                **START,
                "language": "en-US",
                "model": "m",
                "access_token": "t",
                "context_bias": ["a b", "c"],
                "target_streaming_delay_ms": 480,
                "resumes": session_id,
            }
        )
    )
    assert isinstance(message, Start)
    assert message.access_token is not None
    assert message.access_token.get_secret_value() == "t"
    assert "'t'" not in repr(message)
    assert (message.language, message.model, message.resumes) == ("en-US", "m", session_id)
    assert (message.context_bias, message.target_streaming_delay_ms) == (("a b", "c"), 480)


def test_the_first_sketch_is_enough() -> None:
    """A client that sends only the fields of the first sketch is understood."""
    text = (
        '{"type":"start","v":1,"language":"English",'
        '"audio_format":{"encoding":"pcm_s16le","sample_rate":16000}}'
    )
    assert isinstance(parse(text), Start)
    assert isinstance(parse('{"type":"stop"}'), Stop)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"v": 2}, UnsupportedVersion),
        ({"v": 0}, UnsupportedVersion),
        ({"v": "1"}, UnsupportedVersion),
        ({"v": None}, UnsupportedVersion),
        ({"audio_format": {"encoding": "mp3", "sample_rate": 16000}}, UnsupportedAudio),
        ({"audio_format": {"encoding": "pcm_s16le", "sample_rate": 8000}}, UnsupportedAudio),
        ({"audio_format": {"encoding": "pcm_s16le", "sample_rate": "16000"}}, UnsupportedAudio),
        ({"audio_format": {"encoding": "pcm_s16le"}}, InvalidMessage),
        ({"audio_format": 16000}, InvalidMessage),
        ({"v": 2, "surprise": 1}, UnsupportedVersion),
        ({"language": True}, InvalidMessage),
    ],
    ids=str,
)
def test_what_is_not_ours_is_told_apart(
    change: dict[str, Any], kind: type[TranscriptionError]
) -> None:
    """Another version and another format have codes of their own; all else is invalid."""
    with pytest.raises(kind) as failure:
        parse(json.dumps({**START, **change}))
    assert type(failure.value) is kind


LIKE_A_MESSAGE = st.fixed_dictionaries(
    {"type": st.sampled_from(["start", "stop"])}, optional={"v": JSON, "audio_format": JSON}
)


@given(JSON | LIKE_A_MESSAGE)
def test_no_json_is_a_bug(message: object) -> None:
    """Whatever JSON comes, it is `stop` or one of the three refusals, told in few words."""
    if message == {"type": "stop"}:
        return
    with pytest.raises((InvalidMessage, UnsupportedVersion, UnsupportedAudio)) as failure:
        parse(json.dumps(message))
    assert 0 < len(failure.value.message) < 300


@given(st.text())
def test_no_text_is_a_bug(text: str) -> None:
    """Whatever text comes, it is refused."""
    with pytest.raises(InvalidMessage):
        parse(text)


def test_the_limit_is_in_bytes() -> None:
    """A message of more than 256 KiB of UTF-8 is refused, whatever it says."""
    stop = '{"type":"stop"}'
    assert isinstance(parse(stop.ljust(262_144)), Stop)
    with pytest.raises(InvalidMessage, match="262144"):
        parse(stop.ljust(262_145))
    with pytest.raises(InvalidMessage, match="262144"):
        parse('"' + "é" * 131_072 + '"')


def test_a_refusal_quotes_no_value() -> None:
    """What a client sent is not sent back: it may be a token in the wrong place."""
    for change in ({"language": ["secret"]}, {"resumes": "secret"}, {"model": {"a": "secret"}}):
        with pytest.raises(InvalidMessage) as failure:
            parse(json.dumps({**START, **change}))
        assert "secret" not in failure.value.message


def test_every_error_is_told_as_its_row_says() -> None:
    """Each exception becomes an `error` message with the table's code and retryability."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TranscriptionError)
    ]
    assert {kind.code for kind in kinds} == set(ERRORS)
    for kind in kinds:
        error = kind()
        told = error_message(error)
        assert told.code == error.code
        assert told.retryable is ERRORS[error.code].retryable
        assert told.message == error.message != ""
        assert told.open_sessions is None


def test_an_error_tells_what_it_knows() -> None:
    """The time to wait and the open sessions are told where they are known."""
    assert error_message(Capacity(retry_after=2.5)).retry_after == 2.5
    one = str(uuid4())
    assert error_message(SessionLimit(open_sessions=[one])).open_sessions == (one,)
