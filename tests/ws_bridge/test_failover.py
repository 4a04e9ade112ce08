"""Two providers behind one bridge: the second takes what the first does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from shared_schema.errors import ErrorCode
from tests.doubles.auth import OTHER_USER, USER
from tests.doubles.own_keys import MemoryOwnKeys
from tests.waiting import until
from tests.wires import MISTRAL, VLLM
from tests.ws_bridge.world import SILENCE, VOICE, Talk, World, running
from transcription.errors import BudgetExceeded

WORDS = "one two three four"


@dataclass
class Pair:
    """A bridge over two providers: Mistral's wire, then vLLM's."""

    world: World
    second: ProviderServer
    engine: ScriptedEngine
    """Of the second."""

    async def charges(self) -> list[tuple[Any, ...]]:
        """Return what was settled, in order: provider, seconds, reason."""
        await until(lambda: len(self.world.app.bridge) == 0)
        entries = self.world.ledger.entries.values()
        return [
            (one.provider, one.settled[0], one.settled[2])
            for one in entries
            if one.settled is not None
        ]

    async def spoken(self, frames: int = 4, **fields: Any) -> tuple[Talk, dict[str, Any]]:
        """Speak through a session, and return it with its `final`."""
        async with self.world.session(**fields) as talk:
            for _ in range(frames):
                await talk.send(SILENCE)
            return talk, (await talk.stopped()).completed()


@asynccontextmanager
async def pair(
    first: Any = None, second: Any = None, first_url: str | None = None, **settings: Any
) -> AsyncIterator[Pair]:
    """Run them."""
    engine = VLLM.engine(second or Script(text=WORDS))
    async with serve(engine, host="127.0.0.1", port=0, wire=VLLM.served.wire()) as server:
        values: dict[str, Any] = {
            "transcription_providers": ("mistral", "vllm"),
            "vllm_server_url": server.url,
            "vllm_api_key": "test-key",
            "provider_health_seconds": 3600,
        }
        if first_url is not None:
            values["mistral_server_url"] = first_url
        async with running(first, **(values | settings)) as world:
            yield Pair(world, server, engine)


@pytest.mark.parametrize(
    "fault",
    [
        {"refuse_status": 503},
        {"refuse_status": 401},
        {"refuse_status": 429, "retry_after": 30},
        {"refuse_status": 400},
        {"connect_delay_ms": 5000},
        {"created_delay_ms": 60_000},
    ],
    ids=str,
)
async def test_a_first_that_lets_no_one_in_is_passed_over(fault: dict[str, Any]) -> None:
    """Whatever the first says or does not say, the second does it; each is charged its own."""
    # A refusal comes at once. Silence is waited for, but a busy machine may be slow, too.
    patience = 10.0 if "refuse_status" in fault else 2.0
    async with pair(Script(**fault), provider_connect_seconds=patience) as two:
        talk, final = await two.spoken()
        assert final["text"] == WORDS
        assert final["model"] == VLLM.live_model
        assert talk.heard.of("error") == []
        [first, second] = await two.charges()
        assert (first[0], first[1]) == ("mistral", 0.0)
        assert first[2] in {"provider_unavailable", "provider_rate_limited", "provider_rejected"}
        assert second == ("vllm", pytest.approx(0.4), None)
        await two.world.is_clean(provider_reads=False)


async def test_a_first_that_is_away_is_passed_over() -> None:
    """A port on which nobody listens is known before the first caller comes."""
    async with pair(first_url="http://127.0.0.1:9") as two:
        _, final = await two.spoken()
        assert final["text"] == WORDS
        assert [one[:2] for one in await two.charges()] == [("vllm", 0.4)]


async def test_what_is_known_to_be_down_is_not_asked() -> None:
    """The second caller goes to the second provider at once, and operators can see why."""
    async with pair(Script(refuse_status=503)) as two:
        await two.spoken()
        await two.spoken()
        assert len(two.world.provider.sessions) == 1
        assert [one[0] for one in await two.charges()] == ["mistral", "vllm", "vllm"]
        told = (await two.world.get("/readyz")).json()
        assert (told["status"], told["provider"]["name"]) == ("ready", "vllm")
        first, second = told["providers"]
        assert (first["name"], first["breaker"], first["state"]) == ("mistral", "open", "failing")
        assert (second["name"], second["breaker"], second["state"]) == ("vllm", "closed", "well")
        metrics = (await two.world.http.get(two.world.metrics_url)).text
        assert 'utter_provider_passed_over{provider="mistral"} 1.0' in metrics
        assert 'utter_provider_passed_over{provider="vllm"} 0.0' in metrics
        failures = 'utter_provider_failures_total{provider="mistral",reason="provider_unavailable"}'
        assert f"{failures} 1.0" in metrics
        served = 'utter_provider_served_total{kind="realtime",place="next",provider="vllm"}'
        assert f"{served} 2.0" in metrics
        assert 'utter_errors_total{code="provider_unavailable",kind="realtime"} 0.0' in metrics


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        ({"drop_at_frame": 4}, {}),
        ({"close_at_frame": 4}, {}),
        ({"error_at_frame": 4, "error_code": 429}, {}),
        ({"error_at_frame": 4, "error_code": 422}, {}),
        ({"done_at_frame": 4}, {}),
        ({"stall_at_frame": 1}, {"provider_stall_seconds": 1.0}),
    ],
    ids=str,
)
async def test_a_first_that_fails_in_the_middle_is_followed_by_the_second(
    fault: dict[str, Any], settings: dict[str, Any]
) -> None:
    """The client is told to resume at once, and its resume goes elsewhere."""
    async with pair(Script(**fault), **settings) as two, two.world.session() as talk:
        session_id = talk.heard.of("ready")[0]["session_id"]
        ending = asyncio.create_task(talk.ended())
        with suppress(ConnectionClosed):
            while not ending.done():
                await talk.socket.send(VOICE)
                await asyncio.wait({ending}, timeout=0.05)
        code = (await ending).messages[-1]["code"]
        assert code in {"provider_unavailable", "provider_rate_limited"}
        error = talk.heard.failed(ErrorCode(code))
        assert error["retryable"] is True
        assert (error["retry_after"], error["avoid"]) == (0, "mistral")
        _, final = await two.spoken(resumes=session_id, avoid=error["avoid"])
        assert final["text"] == WORDS
        [first, second] = await two.charges()
        assert (first[0], first[2]) == ("mistral", code)
        assert first[1] > 0
        assert second == ("vllm", pytest.approx(0.4), None)
        # It was one recording's bad luck as far as anyone can tell: others go on as before.
        two.world.engine.script = Script(text=WORDS)
        assert (await two.spoken())[1]["model"] == MISTRAL.live_model


async def test_wishes_that_the_second_cannot_grant_are_told() -> None:
    """Options that the first takes and the second does not are left out, and named."""
    async with pair(Script(refuse_status=503)) as two:
        async with two.world.session(
            language="French", target_streaming_delay_ms=480, model=MISTRAL.live_model
        ) as talk:
            notice = await talk.next("notice")
            await talk.send(SILENCE)
            (await talk.stopped()).completed()
        assert notice["code"] == "options_ignored"
        assert set(notice["options"]) == {"language", "target_streaming_delay_ms", "model"}


async def test_a_wish_that_the_first_refuses_is_refused() -> None:
    """What the first provider's model cannot do is an error, as without a second."""
    async with pair() as two:
        await two.world.refused(ErrorCode.INVALID_MESSAGE, diarize=True)
        await two.world.refused(ErrorCode.NOT_FOUND, model="nothing")
        assert two.second.sessions == []


async def test_where_both_fail_the_caller_is_told() -> None:
    """Nothing is charged, nothing is left, and the next caller is let try again."""
    async with pair(Script(refuse_status=503), Script(refuse_status=503)) as two:
        await two.world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        await two.world.refused(ErrorCode.PROVIDER_UNAVAILABLE)
        assert {one[1] for one in await two.charges()} == {0.0}
        assert len(two.second.sessions) + len(two.world.provider.sessions) == 3
        await two.world.is_clean()


async def test_the_ledgers_refusal_ends_it() -> None:
    """Who may not is refused by whichever provider, and no other is tried."""
    async with pair() as two:
        two.world.ledger.refusal = BudgetExceeded()
        await two.world.refused(ErrorCode.BUDGET_EXCEEDED)
        assert two.second.sessions == []


async def test_own_keys_never_fail_over() -> None:
    """Who brings a key of their own is served with it, or told; no one else pays for them."""
    keys = MemoryOwnKeys({USER: "0wnKey0wnKey0wnKey0wnKey0wnWxYz9"})
    script = Script(refuse_status=429, retry_after=60)
    async with pair([script, script, Script(text=WORDS)], own_keys=keys) as two:
        for _ in range(2):
            await two.world.refused(ErrorCode.PROVIDER_RATE_LIMITED)
        assert two.second.sessions == []
        # One user's account says nothing about the deployment's.
        other = two.world.issuer.token(OTHER_USER)
        assert (await two.spoken(access_token=other))[1]["model"] == MISTRAL.live_model


async def test_a_provider_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is due, one caller finds out, and with its words all go there again."""
    monkeypatch.setattr("transcription.providers.breaker.FIRST_PAUSE_SECONDS", 0.0)
    async with pair(Script(refuse_status=503)) as two:
        await two.spoken()
        two.world.engine.script = Script(text=WORDS)
        async with two.world.session() as probe:
            assert probe.heard.of("ready")[0]["model"] == MISTRAL.live_model
            assert (await two.spoken())[1]["model"] == VLLM.live_model
            for _ in range(4):
                await probe.send(SILENCE)
            await probe.next("delta")
            assert (await two.spoken())[1]["model"] == MISTRAL.live_model
