"""The half of the wire that takes files."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local_stack.provider import BatchScript, ProviderServer, Script, ScriptedEngine, batch, serve
from tests.local_stack.provider.wire import BATCH_MODEL, KEY, REALTIME_MODEL
from tests.local_stack.world import TLS

FILE = {"file": ("speech.wav", b"RIFF....", "audio/wav")}
V3 = "voxtral-mini-transcribe-3"


@pytest.fixture
async def engine() -> ScriptedEngine:
    """The engine behind `server`; its script may be replaced."""
    return ScriptedEngine(Script(text="one two three"))


@pytest.fixture
async def server(engine: ScriptedEngine) -> AsyncIterator[ProviderServer]:
    """A running server."""
    async with serve(engine) as server:
        yield server


@pytest.fixture
async def http(server: ProviderServer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `server` with a key."""
    async with httpx.AsyncClient(base_url=server.url, headers=KEY, verify=TLS) as client:
        yield client


async def post(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    """Send a file with these form fields."""
    data = {"model": BATCH_MODEL, **fields}
    return await http.post("/v1/audio/transcriptions", data=data, files=FILE)


def events_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The data of server-sent events, each of which is named after its type."""
    events = []
    for block in response.text.strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


async def test_answer(http: httpx.AsyncClient) -> None:
    """A file is answered with its text, language, seconds of audio and no segments unasked."""
    response = await post(http, language="fr")
    assert response.status_code == 200
    answer = response.json()
    assert answer["model"] == BATCH_MODEL
    assert answer["text"] == "one two three"
    assert answer["language"] == "fr"
    assert answer["segments"] == []
    assert answer["usage"]["prompt_audio_seconds"] == 2


@pytest.mark.parametrize(
    ("granularity", "texts"),
    [("segment", ["one two three"]), ("word", ["one", "two", "three"])],
)
async def test_timestamps(http: httpx.AsyncClient, granularity: str, texts: list[str]) -> None:
    """Segments or words come in order, each within the audio."""
    response = await post(http, timestamp_granularities=granularity)
    segments = response.json()["segments"]
    assert [segment["text"] for segment in segments] == texts
    assert {segment["type"] for segment in segments} == {"transcription_segment"}
    times = [time for segment in segments for time in (segment["start"], segment["end"])]
    assert times == sorted(times)


async def test_stream(http: httpx.AsyncClient) -> None:
    """A streamed answer is language, deltas, done, and the deltas joined are the text."""
    response = await post(http, stream="true", language="en")
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response)
    assert events[0] == {"type": "transcription.language", "audio_language": "en"}
    deltas = [e["text"] for e in events if e["type"] == "transcription.text.delta"]
    assert "".join(deltas) == events[-1]["text"] == "one two three"
    assert events[-1]["type"] == "transcription.done"


async def test_stream_segments(http: httpx.AsyncClient) -> None:
    """With timestamps a streamed answer has segments in place of deltas."""
    response = await post(
        http, stream="true", timestamp_granularities="segment", diarize="true", model=V3
    )
    kinds = [event["type"] for event in events_of(response)]
    assert kinds == ["transcription.segment", "transcription.done"]
    assert events_of(response)[0]["speaker_id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"model": ""},
        {"language": "en-US"},
        {"timestamp_granularities": "syllable"},
        {"timestamp_granularities": ["word", "segment"]},
        {"context_bias": "two words"},
        {"context_bias": [f"term{n}" for n in range(101)]},
    ],
)
async def test_wrong_field(http: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    """A field with a wrong value is answered with 422 and an object that names it."""
    response = await post(http, **fields)
    assert response.status_code == 422
    assert response.json()["message"]["detail"][0]["loc"] == ["body", *fields]


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "no-such-model"},
        {"model": REALTIME_MODEL},
        {"language": "en", "timestamp_granularities": "segment"},
        {"model": V3, "timestamp_granularities": "word"},
        {"diarize": "true"},
    ],
)
async def test_impossible(http: httpx.AsyncClient, fields: dict[str, Any]) -> None:
    """What a model cannot do is answered with 400 and a string."""
    response = await post(http, **fields)
    assert response.status_code == 400
    assert isinstance(response.json()["message"], str)


async def test_bias_terms(http: httpx.AsyncClient, server: ProviderServer) -> None:
    """Terms come repeated, in order; the third generation takes several words in one."""
    response = await post(http, model=V3, context_bias=["two words", "one"])
    assert response.status_code == 200
    terms = [value for name, value in server.requests[0].fields if name == "context_bias"]
    assert terms == ["two words", "one"]


async def test_no_file(http: httpx.AsyncClient) -> None:
    """A form without a file is answered with 422."""
    response = await http.post("/v1/audio/transcriptions", data={"model": BATCH_MODEL})
    assert response.status_code == 422


async def test_no_key(http: httpx.AsyncClient, server: ProviderServer) -> None:
    """Without a key nothing but the health check is answered."""
    async with httpx.AsyncClient(base_url=server.url) as stranger:
        for request in ("/v1/models", f"/v1/models/{BATCH_MODEL}"):
            assert (await stranger.get(request)).status_code == 401
        assert (await post(stranger)).status_code == 401
        assert (await stranger.get("/healthz")).json() == {"status": "ok"}
    assert server.requests == []


async def test_too_large(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is refused when it passes the limit, whether it told its length or not."""
    monkeypatch.setattr(batch, "MAX_BODY_BYTES", 1000)
    assert (await post(http, padding="x" * 2000)).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(3):
            yield bytes(500)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await http.post("/v1/audio/transcriptions", content=pieces(), headers=headers)
    assert response.status_code == 413


async def test_not_multipart(http: httpx.AsyncClient) -> None:
    """A body that is no form is refused and harms nothing."""
    response = await http.post("/v1/audio/transcriptions", content=b"hello")
    assert response.status_code == 422
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = await http.post("/v1/audio/transcriptions", content=b"hello", headers=headers)
    assert response.status_code == 400
    assert (await post(http)).status_code == 200


@pytest.mark.parametrize("message", ["slow down", {"detail": [{"msg": "slow down"}]}])
@pytest.mark.parametrize("stream", ["true", "false"])
async def test_scripted_error(
    http: httpx.AsyncClient, engine: ScriptedEngine, message: Any, stream: str
) -> None:
    """A script sets an error's status, Retry-After and either form of message."""
    engine.script = Script(batch=BatchScript(status=429, retry_after=5, message=message))
    response = await post(http, stream=stream)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "5"
    assert response.json()["message"] == message


async def test_scripted_body(http: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    """A script can answer with any bytes at all."""
    engine.script = Script(batch=BatchScript(status=200, body="<html>oops"))
    response = await post(http)
    assert (response.status_code, response.text) == (200, "<html>oops")


async def test_scripted_text(http: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    """A script can say other words for files than live, after thinking for a while."""
    engine.script = Script(batch=BatchScript(text="for files", language="it", think_ms=100))
    response = await post(http)
    assert response.elapsed.total_seconds() >= 0.1
    assert (response.json()["text"], response.json()["language"]) == ("for files", "it")


async def test_drop_before_answer(http: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    """A connection can be cut in place of an answer."""
    engine.script = Script(batch=BatchScript(drop_after_events=0))
    with pytest.raises(httpx.TransportError):
        await post(http)


async def test_drop_mid_stream(http: httpx.AsyncClient, engine: ScriptedEngine) -> None:
    """A connection can be cut between server-sent events; those before it have arrived."""
    engine.script = Script(batch=BatchScript(drop_after_events=2, event_every_ms=50))
    heard = b""
    request = http.build_request(
        "POST",
        "/v1/audio/transcriptions",
        data={"model": BATCH_MODEL, "stream": "true"},
        files=FILE,
    )
    response = await http.send(request, stream=True)
    chunks = response.aiter_bytes()
    with pytest.raises(httpx.TransportError):  # noqa: PT012 - what came before it counts
        while True:
            heard += await anext(chunks)
    await response.aclose()
    assert heard.count(b"event: transcription.text.delta") == 2


async def test_record(http: httpx.AsyncClient, server: ProviderServer) -> None:
    """A full record holds the form and the file as they came."""
    await post(http, language="en")
    record = server.requests[0]
    assert dict(record.fields) == {"model": BATCH_MODEL, "language": "en"}
    assert (record.filename, record.data, record.content_type) == FILE["file"]
    assert record.status == 200


async def test_models(http: httpx.AsyncClient) -> None:
    """A model's card can be had by its id, and all of them as a list."""
    cards = (await http.get("/v1/models")).json()["data"]
    for card in cards:
        assert (await http.get(f"/v1/models/{card['id']}")).json() == card
    assert (await http.get("/v1/models/no-such-model")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"model": BATCH_MODEL}, {"language": "fr"}),
        ({"model": V3}, {}),
        ({"model": V3, "language": "en"}, {}),
        ({"model": V3, "return_language": "true"}, {"language": "fr"}),
    ],
)
async def test_the_third_generation_tells_the_language_on_request(
    http: httpx.AsyncClient, engine: ScriptedEngine, fields: dict[str, Any], told: dict[str, str]
) -> None:
    """Unasked, the key is not even there; asked beside a language, the form is refused."""
    engine.script = Script(text="one", language="fr")
    answer = (await post(http, **fields)).json()
    assert {name: answer[name] for name in ("language",) if name in answer} == told
    both = await post(http, model=V3, language="en", return_language="true")
    assert both.status_code == 400
