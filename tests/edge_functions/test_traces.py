"""What a request tells a collector of traces."""

import httpx
import pytest
from structlog.testing import capture_logs

from local_stack.provider import Script
from local_stack.provider.script import BatchScript
from tests.doubles.traces import Traces, traced
from tests.edge_functions.world import KEY, PATH, World, problem
from tests.local_stack.world import Person
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRACE = "0af7651916cd43dd8448eb211c80319c"
TREE = {
    "request": None,
    "inspect": "request",
    "reserve": "request",
    "provider": "request",
    "settle": "request",
}


async def ended(traces: Traces) -> None:
    """Wait until the request's span has been exported: after its answer was read."""
    await until(lambda: "request" in {span.name for span in traces.spans})


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_file_is_one_trace(
    world: World, http: httpx.AsyncClient, ada: Person, speech: bytes, accept: str
) -> None:
    """A file's request is one trace, whole or streamed, within the caller's and in its line."""
    headers = {"Accept": accept, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    with traced() as traces, capture_logs() as lines:
        answer = await http.post(PATH, files={"audio": speech}, headers=headers)
        assert answer.status_code == 200
        await ended(traces)
    assert traces.tree() == TREE
    request = traces.one("request")
    assert request.context is not None
    assert f"{request.context.trace_id:032x}" == TRACE
    told = dict(request.attributes or {})
    assert (told["utter.method"], told["utter.route"]) == ("POST", PATH)
    assert (told["utter.http_status"], told["utter.status"]) == (200, "complete")
    (line,) = [line for line in lines if line["event"] == "transcription"]
    assert line["trace_id"] == TRACE
    await world.is_clean(ada)


async def test_a_failure_of_ours_is_told_by_its_code(
    world: World, http: httpx.AsyncClient, speech: bytes
) -> None:
    """The step that failed and its request carry the code, and nobody's words."""
    world.engine.script = Script(batch=BatchScript(status=422, message="Xylophones are refused."))
    with traced() as traces:
        assert problem(await http.post(PATH, files={"audio": speech})).code == "provider_rejected"
        await ended(traces)
    for name in ("provider", "request"):
        span = traces.one(name)
        assert dict(span.attributes or {})["error.type"] == "provider_rejected"
        assert not span.status.is_ok
    assert "ylophone" not in traces.told()


async def test_a_callers_fault_is_no_error(world: World) -> None:
    """A request that is refused for its own sake is told with its code, and is no error."""
    with traced() as traces:
        assert problem(await world.http.post(PATH)).code == "unauthenticated"
        await ended(traces)
    request = traces.one("request")
    assert request.status.is_unset
    assert dict(request.attributes or {})["utter.code"] == "unauthenticated"


async def test_neither_words_nor_tokens_are_told(world: World, ada: Person, speech: bytes) -> None:
    """No span holds the transcript, a term, a name, a token, a key, an address or the user."""
    world.engine.script = Script(text="xylophone quartz")
    token = await ada.token()
    with traced() as traces:
        answer = await world.http.post(
            f"{PATH}?secret=zebra",
            files={"audio": ("walrus.wav", speech)},
            data={"context_bias": "zeppelin"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.json()["text"] == "xylophone quartz"
        await ended(traces)
    told = traces.told()
    for secret in (
        *("xylophone", "quartz", "zeppelin", "walrus", "zebra", "127.0.0.1", KEY),
        *(token, token.split(".")[2], ada.id),
    ):
        assert secret not in told


async def test_health_is_not_traced(world: World) -> None:
    """Probes, which come every few seconds, make no traces; unknown paths share one name."""
    with traced() as traces:
        await world.http.get("/healthz")
        await world.http.get("/readyz")
        await world.http.get("/some/body's/path")
        await ended(traces)
    [span] = traces.spans
    assert dict(span.attributes or {})["utter.route"] == "other"
    assert "body" not in traces.told()


async def test_a_method_has_its_name(world: World) -> None:
    """Every method that a route takes is named; what strangers make up shares one name."""
    with traced() as traces:
        for method in ("PATCH", "BREW"):
            await world.http.request(method, "/api/voices/0")
        await until(lambda: len(traces.spans) == 2)
    told = {dict(span.attributes or {})["utter.method"] for span in traces.spans}
    assert told == {"PATCH", "other"}
