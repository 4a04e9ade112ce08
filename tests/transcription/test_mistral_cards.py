"""Model cards: asked for, kept, renewed behind everyone's back, and never waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import httpx2
import pytest
import respx
from pydantic import SecretStr

from local_stack.provider import ScriptedEngine, serve
from local_stack.provider.cards import HOSTED
from tests.waiting import until, within
from transcription.errors import NotFound
from transcription.providers.mistral import models
from transcription.providers.mistral.cards import MAX_BYTES, MAX_KEPT, ModelCards

HOST = "https://provider.test"
LIVE_2 = "voxtral-mini-transcribe-realtime-2602"
LIVE_3 = "voxtral-mini-transcribe-realtime-3"
FILES_2 = "voxtral-mini-2602"
TOMORROW = "voxtral-of-tomorrow"


@asynccontextmanager
async def cards(url: str = HOST, **given: Any) -> AsyncIterator[ModelCards]:
    """Ask a provider for its cards."""
    values: dict[str, Any] = {"api_key": SecretStr("k"), "connect_seconds": 2.0, **given}
    asked = ModelCards(url, **values)
    try:
        yield asked
    finally:
        await asked.aclose()


def told(model: str, **capabilities: Any) -> dict[str, Any]:
    """Return a card as Mistral writes it."""
    return {
        "id": model,
        "capabilities": {},
        "type": "base",
        "audio_transcription_capabilities": capabilities,
    }


def route(model: str) -> respx.Route:
    """Return where a model's card is asked for."""
    return respx.get(f"{HOST}/v1/models/{model}")


async def test_a_card_beats_the_table() -> None:
    """What a live model's card says of languages, delays and abilities is believed."""
    card = replace(
        HOSTED[3],
        languages=("en", "fi"),
        streaming_delays_ms=((100, 200), (300, 4000)),
        diarization=False,
        context_bias=False,
        turn_detection=False,
    )
    async with serve(ScriptedEngine(cards=[card])) as server, cards(server.url) as asked:
        await asked.warm_up([LIVE_3])
        can = await asked.realtime_capabilities(LIVE_3)
    assert can.languages == {"en", "fi"}
    assert can.streaming_delays_ms == (range(100, 201), range(300, 4001))
    assert can.max_lag_ms > 4000
    assert (can.accepts_context_bias, can.diarization, can.turn_detection) == (False,) * 3
    assert can.microdollars_per_minute == 8000


@respx.mock
async def test_where_a_card_is_silent_the_table_speaks() -> None:
    """A card that says nothing of a thing takes nothing away."""
    route(LIVE_3).respond(json=told(LIVE_3, diarization=False))
    route(LIVE_2).respond(json=told(LIVE_2, languages=[]))
    route(FILES_2).respond(json=told(FILES_2, languages=["en"]))
    async with cards() as asked:
        await asked.warm_up([LIVE_3, LIVE_2])
        third = await asked.realtime_capabilities(LIVE_3)
        second = await asked.realtime_capabilities(LIVE_2)
        files = await asked.file_capabilities(FILES_2)
    assert third == replace(models.realtime_capabilities(LIVE_3), diarization=False)
    assert (second.languages, second.accepts_language) == (frozenset(), False)
    assert files == replace(models.file_capabilities(FILES_2), languages=frozenset({"en"}))


async def test_what_is_nowhere_is_not_found() -> None:
    """A model that neither the table nor the provider knows, or of the other kind, is no model."""
    async with serve(ScriptedEngine()) as server, cards(server.url) as asked:
        for model in (TOMORROW, FILES_2):
            with pytest.raises(NotFound):
                await asked.realtime_capabilities(model)
        for model in (TOMORROW, LIVE_2):
            with pytest.raises(NotFound):
                await asked.file_capabilities(model)


@respx.mock
async def test_a_model_of_tomorrow_is_what_its_card_says() -> None:
    """A model that only its card tells of can be used, without anything that is not told."""
    route(TOMORROW).respond(json=told(TOMORROW, modes=["realtime"], languages=["en"]))
    async with cards() as asked:
        can = await asked.realtime_capabilities(TOMORROW)
        with pytest.raises(NotFound, match="no files"):
            await asked.file_capabilities(TOMORROW)
    assert can.languages == {"en"}
    assert can.streaming_delays_ms == ()
    assert (can.diarization, can.accepts_context_bias, can.turn_detection) == (False,) * 3
    assert can.microdollars_per_minute is None


@respx.mock
async def test_everybody_shares_one_question() -> None:
    """However many ask at once, the provider is asked once; one who gives up spoils nothing."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer(request: Any) -> httpx.Response:
        begun.set()
        await go_on.wait()
        return httpx.Response(200, json=told(FILES_2, languages=["en"]))

    slow = route(FILES_2).mock(side_effect=answer)
    async with cards() as asked:
        impatient = asyncio.create_task(asked.file_capabilities(FILES_2))
        others = [asyncio.create_task(asked.file_capabilities(FILES_2)) for _ in range(5)]
        await begun.wait()
        impatient.cancel()
        go_on.set()
        assert {one.languages for one in await asyncio.gather(*others)} == {frozenset({"en"})}
        assert impatient.cancelled()
    assert slow.call_count == 1


async def test_no_session_waits_for_a_card() -> None:
    """While a provider is slow to answer, a live session goes by the table, at once."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, cards(f"http://127.0.0.1:{port}") as asked, within(0.2):
        table = models.realtime_capabilities(LIVE_2)
        assert await asked.realtime_capabilities(LIVE_2) is table


@respx.mock
async def test_an_old_card_is_used_while_a_new_one_comes() -> None:
    """A card that has grown old is renewed in the background; nobody waits for it."""
    card = route(LIVE_2).respond(json=told(LIVE_2, languages=["en"]))
    async with cards(kept_seconds=0.0) as asked:
        await asked.warm_up([LIVE_2])
        card.mock(side_effect=_slowly(told(LIVE_2, languages=["de"])))
        assert (await asked.realtime_capabilities(LIVE_2)).languages == {"en"}

        async def renewed() -> bool:
            return (await asked.realtime_capabilities(LIVE_2)).languages == {"de"}

        await until(renewed)


@respx.mock
@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("away"),
        httpx.Response(500),
        httpx.Response(404, json={"message": "Model not found"}),
        httpx.Response(200, content=b"{"),
        httpx.Response(200, content=b" " * (MAX_BYTES + 1)),
    ],
    ids=["away", "broken", "404", "garbage", "endless"],
)
async def test_the_last_good_card_is_kept(failure: Any) -> None:
    """A provider that fails takes nothing away: the last good card stays, or else the table."""
    card = route(LIVE_2).respond(json=told(LIVE_2, languages=["en"]))
    fails: dict[str, Any] = (
        {"side_effect": failure} if isinstance(failure, Exception) else {"return_value": failure}
    )
    route(LIVE_3).mock(**fails)
    async with cards(kept_seconds=0.0, retry_seconds=0.0) as asked:
        await asked.warm_up([LIVE_2, LIVE_3])
        card.mock(**fails)

        async def asked_thrice_again() -> bool:
            assert (await asked.realtime_capabilities(LIVE_2)).languages == {"en"}
            return card.call_count == 4

        await until(asked_thrice_again)
        assert await asked.realtime_capabilities(LIVE_3) is models.realtime_capabilities(LIVE_3)


@respx.mock
async def test_a_card_that_was_missing_is_asked_for_again() -> None:
    """When the provider is back, what its card says holds again."""
    card = route(LIVE_2).respond(503)
    async with cards(retry_seconds=0.0) as asked:
        await asked.warm_up([LIVE_2])
        card.respond(json=told(LIVE_2, languages=["en"]))

        async def is_back() -> bool:
            return (await asked.realtime_capabilities(LIVE_2)).languages == {"en"}

        await until(is_back)


@respx.mock
async def test_cards_are_bounded() -> None:
    """However many models are asked about, no more than so many cards are kept."""
    asked_for = respx.get(url__startswith=f"{HOST}/v1/models/").respond(
        json=told("any", modes=["realtime"])
    )
    async with cards() as asked:
        for number in range(MAX_KEPT + 1):
            await asked.realtime_capabilities(f"model-{number}")
        await asked.realtime_capabilities(f"model-{MAX_KEPT}")
        assert asked_for.call_count == MAX_KEPT + 1
        await asked.realtime_capabilities("model-0")
        assert asked_for.call_count == MAX_KEPT + 2


async def test_leaving_ends_what_was_begun() -> None:
    """A question that is under way when the process ends leaves no task behind."""
    before = asyncio.all_tasks()
    async with cards("http://127.0.0.1:9") as asked:
        await asked.realtime_capabilities(LIVE_2)
    assert asyncio.all_tasks() == before


def _slowly(card: dict[str, Any]) -> Any:
    async def answer(request: Any) -> httpx.Response:
        await asyncio.sleep(0.05)
        return httpx.Response(200, json=card)

    return answer
