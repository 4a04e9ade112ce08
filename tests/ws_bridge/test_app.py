"""The life of a bridge: getting ready, draining, going."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.waiting import until, within
from tests.ws_bridge.world import SILENCE, Talk, World, running


async def _samples(world: World) -> dict[tuple[str, ...], float]:
    """Return what `/metrics` tells, by name and label values, these in alphabetic order."""
    page = await world.http.get(world.metrics_url)
    assert page.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    }


async def test_ready_comes_with_the_keys() -> None:
    """A bridge that started while Auth was down is alive, and ready as soon as it has keys."""
    async with running(auth_down=True) as world:
        assert (await world.get("/healthz")).status_code == 200
        answer = await world.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "starting")
        await world.refused(ErrorCode.AUTH_UNAVAILABLE)
        world.issuer.down = False
        await world.ready()
        async with world.session() as talk:
            (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


async def test_a_bridge_starts_without_its_ledger() -> None:
    """A ledger that is away at the start keeps no bridge from starting: it may be back by then."""
    async with running(ledger_away=True) as world:
        world.ledger.away = False
        async with world.session() as talk:
            (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


async def test_a_project_with_a_shared_secret_needs_no_keys() -> None:
    """Where tokens are signed HS256 the bridge is ready without a key set."""
    secret = "a shared secret of thirty-two bytes"
    async with running(auth_down=True, supabase_jwt_secret=secret) as world:
        await world.ready()


async def test_keys_may_be_rotated_while_sessions_run() -> None:
    """A token of a new key is let in by one fetch; the sessions of the old key go on."""
    async with running() as world, world.session() as old:
        fetches = world.issuer.fetches
        world.issuer.rotate()
        async with world.session() as new:
            assert world.issuer.fetches == fetches + 1
            (await new.stopped()).completed()
        (await old.stopped()).completed()
        await world.is_clean(upstreams=2)


async def test_auth_may_go_down_later() -> None:
    """The keys that are held serve while Auth is away."""
    async with running() as world:
        world.issuer.down = True
        async with world.session() as talk:
            (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


async def test_draining_lets_sessions_end() -> None:
    """Sessions are told the deadline and end by themselves; what is not let in yet is sent away."""
    async with running() as world, world.session() as live, world.talk() as waiting:
        await until(lambda: len(world.app.bridge) == 2)
        draining = asyncio.create_task(world.app.drain(30))
        notice = await live.next("notice")
        assert notice == {"type": "notice", "code": "draining", "deadline_ms": 30_000}
        (await waiting.ended()).failed(ErrorCode.DRAINING)
        answer = await world.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        assert not draining.done()
        await live.send(SILENCE)
        (await live.stopped()).completed()
        await asyncio.wait_for(draining, 2)
        await world.is_clean(upstreams=1)


async def test_draining_sends_away_who_is_being_let_in() -> None:
    """A session that is being opened when draining begins is told to go elsewhere."""
    async with running(Script(created_delay_ms=60_000)) as world, world.talk() as talk:
        await talk.send(world.start())
        await until(lambda: len(world.provider.sessions) == 1)
        await world.app.drain(30)
        (await talk.ended()).failed(ErrorCode.DRAINING)
        await world.is_clean(upstreams=1)


async def test_the_deadline_ends_what_is_left() -> None:
    """At the deadline the provider says its last words, and the rest is `final` and `draining`."""
    async with running(Script(text="one two three")) as world, world.session() as talk:
        for _ in range(2):
            await talk.send(SILENCE)
        await talk.next("delta")
        async with within(3):
            await world.app.drain(0.1)
        heard = await talk.ended()
        heard.failed(ErrorCode.DRAINING)
        assert heard.of("final")[0]["text"] == "one two three"
        await world.is_clean(upstreams=1)


async def test_a_silent_provider_cannot_hold_up_the_deadline() -> None:
    """A provider that never finishes does not keep a bridge from going."""
    script = Script(at_end="never")
    async with running(script, provider_finish_seconds=0.2) as world, world.session() as talk:
        async with within(3):
            await world.app.drain(0.1)
        (await talk.ended()).failed(ErrorCode.DRAINING)
        await world.is_clean(upstreams=1)


async def test_who_is_live_when_the_bridge_goes_has_a_final() -> None:
    """A bridge that stops without draining still gives every live session its text."""
    async with running() as world:
        talk = Talk(await connect(world.url, compression=None, proxy=None))
        await talk.send(world.start())
        await talk.next("ready")
        for _ in range(2):
            await talk.send(SILENCE)
        await talk.next("delta")
        listening = asyncio.create_task(talk.ended())
    heard = await listening
    heard.failed(ErrorCode.DRAINING)
    assert heard.of("final")[0]["text"] == "the"
    assert world.ledger.open_sessions == []
    assert len(world.app.bridge) == 0


async def test_the_page_of_metrics_tells_what_happened() -> None:
    """Sessions, errors, audio and times are counted under the names of our codes."""
    async with running() as world, world.session() as talk:
        for _ in range(10):
            await talk.send(SILENCE)
        await talk.next("ack")
        assert (await _samples(world))["utter_sessions_open",] == 1
        (await talk.stopped()).completed()
        world.engine.script = Script(refuse_status=503)
        await world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        await world.is_clean(upstreams=2)
        told = await _samples(world)
        assert told["utter_sessions_open",] == 0
        assert told["utter_sockets_pending",] == 0
        assert told["utter_draining",] == 0
        assert told["utter_transcriptions_total", "complete", "realtime"] == 1
        assert told["utter_transcriptions_total", "realtime", "refused"] == 1
        assert told["utter_errors_total", "provider_unavailable", "realtime"] == 1
        assert told["utter_provider_failures_total", "mistral", "provider_unavailable"] == 1
        assert told["utter_audio_seconds_total", "realtime"] == 1.0
        assert told["utter_cost_microdollars_total", "realtime"] == 100
        assert told["utter_deltas_total",] == len(talk.heard.of("delta"))
        for name in ("ready", "first_delta", "finish"):
            assert told[f"utter_{name}_seconds_count",] == 1
        assert told["utter_session_audio_seconds_count", "realtime"] == 1


async def test_a_scraper_that_says_nothing_holds_up_nobody() -> None:
    """A connection to the metrics that stays silent keeps neither others nor the end waiting."""
    async with running() as world:
        port = urlsplit(world.metrics_url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with within(2):
            assert ("utter_draining",) in await _samples(world)
    writer.close()


async def test_processes_may_share_a_port() -> None:
    """With SO_REUSEPORT several bridges listen on one port, as one process per core does."""
    async with running(bridge_reuse_port=True) as first:
        port = urlsplit(first.url).port
        async with running(bridge_reuse_port=True, bridge_port=port) as second:
            assert second.url == first.url


@pytest.mark.parametrize("taken", ["bridge_port", "bridge_metrics_port"])
async def test_a_port_that_is_taken_fails_at_once(taken: str) -> None:
    """A bridge that cannot listen raises, and leaves no task behind."""
    before = asyncio.all_tasks()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(ExceptionGroup) as failure:
            async with running(**{taken: listener.getsockname()[1]}):
                pass
        assert failure.group_contains(OSError)
    await until(lambda: asyncio.all_tasks() == before)
