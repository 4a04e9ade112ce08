"""Seconds are granted, used, cut and settled."""

import pytest

from shared_schema.errors import ErrorCode
from tests.doubles.numbered_audio import frame
from tests.waiting import until
from tests.wires import Wire, over_all_wires
from tests.ws_bridge.world import SILENCE, running
from transcription.ledger.base import CutBy, LeaseState

VERSION_3 = "voxtral-mini-transcribe-realtime-3"


@over_all_wires
async def test_the_end_is_announced(wire: Wire) -> None:
    """A client is told once when its grant is nearly used up."""
    async with running(max_audio_seconds=3.5, bridge_ending_soon_seconds=3, wire=wire) as world:
        async with world.session() as talk:
            for _ in range(8):
                await talk.send(SILENCE)
            heard = await talk.stopped()
            heard.completed()
            assert heard.of("notice") == [
                {"type": "notice", "code": "ending_soon", "seconds_left": 3.0}
            ]
        await world.is_clean(upstreams=1)


@over_all_wires
@pytest.mark.parametrize("cut_by", ["max_duration", "quota_exceeded", "budget_exceeded"])
async def test_a_grant_that_runs_out_is_no_error(wire: Wire, cut_by: CutBy) -> None:
    """The provider gets the grant to the sample; the final is complete and says what cut it."""
    async with running(wire=wire) as world:
        world.ledger.granted_seconds, world.ledger.cut_by = 0.25, cut_by
        async with world.session() as talk:
            for number in range(4):
                await talk.send(frame(number))
            final = (await talk.ended()).completed()
            assert final["reason"] == cut_by
            assert final["audio_seconds"] == 0.25
        sent = b"".join(map(frame, range(3)))[:8000]
        assert bytes(world.provider.sessions[0].audio) == sent
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_the_lease_is_kept(wire: Wire) -> None:
    """While a session lives the ledger is told what it has used; its absence ends nothing."""
    async with running(bridge_heartbeat_seconds=0.05, wire=wire) as world, world.session() as talk:
        world.ledger.away = True
        await talk.send(SILENCE)
        await talk.next("ack")
        world.ledger.away = False
        world.ledger.touches = 0
        await until(lambda: world.ledger.touches > 1)
        (entry,) = world.ledger.entries.values()
        assert entry.touched == 0.1
        (await talk.stopped()).completed()
        await world.is_clean(upstreams=1)


@over_all_wires
@pytest.mark.parametrize("state", ["replaced", "revoked"])
async def test_a_lost_lease_ends_the_session(wire: Wire, state: LeaseState) -> None:
    """A session whose place has gone to another process, or was withdrawn, ends with its text."""
    async with running(bridge_heartbeat_seconds=0.05, wire=wire) as world, world.session() as talk:
        for _ in range(4):
            await talk.send(SILENCE)
        await talk.next("delta")
        world.ledger.lost[talk.heard.of("ready")[0]["session_id"]] = state
        error = (await talk.ended()).failed(ErrorCode.FORBIDDEN)
        assert ("another place" in error["message"]) is (state == "replaced")
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_a_shortened_grant_ends_a_session_that_has_used_it(wire: Wire) -> None:
    """A grant that the ledger cuts below what was used ends the audio; nothing is taken back."""
    async with running(bridge_heartbeat_seconds=0.05, wire=wire) as world, world.session() as talk:
        for _ in range(4):
            await talk.send(SILENCE)
        await talk.next("ack")
        world.ledger.regranted[talk.heard.of("ready")[0]["session_id"]] = 0.1
        final = (await talk.ended()).completed()
        assert final["reason"] == "quota_exceeded"
        assert final["audio_seconds"] == 0.4
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_the_end_waits_for_no_settlement(wire: Wire) -> None:
    """The client has its final while the ledger still settles, and the cost is told after."""
    async with running(wire=wire) as world, world.session() as talk:
        world.ledger.closing.close()
        await talk.send(SILENCE)
        (await talk.stopped()).completed()
        assert len(world.ledger.open_sessions) == 1
        world.ledger.closing.open()
        await world.is_clean(upstreams=1)
        (entry,) = world.ledger.entries.values()
        assert entry.settled == (0.1, "complete", None)


@over_all_wires
async def test_nothing_is_handed_over_on_credit_that_is_used_up(wire: Wire) -> None:
    """While the ledger is away the provider gets what was allowed; then all of it, in order."""
    async with running(bridge_heartbeat_seconds=0.05, wire=wire) as world:
        world.ledger.credit_seconds, world.ledger.away = 0.25, True
        async with world.session() as talk:
            for number in range(4):
                await talk.send(frame(number))
            sent = b"".join(map(frame, range(4)))
            await until(lambda: len(world.provider.sessions[0].audio) == 6400)
            beats = world.ledger.missed
            await until(lambda: world.ledger.missed > beats + 2)
            assert bytes(world.provider.sessions[0].audio) == sent[:6400]
            world.ledger.away = False
            await until(lambda: len(world.provider.sessions[0].audio) == len(sent))
            assert (await talk.stopped()).completed()["audio_seconds"] == 0.4
        assert bytes(world.provider.sessions[0].audio) == sent
        await world.is_clean(upstreams=1)


@over_all_wires
async def test_a_ledger_that_stays_away_ends_what_it_would_have_to_allow(wire: Wire) -> None:
    """A session without credit ends after the provider's patience, and says that it was quotas."""
    async with running(
        bridge_heartbeat_seconds=0.05, provider_stall_seconds=0.2, wire=wire
    ) as world:
        world.ledger.credit_seconds, world.ledger.away = 0.25, True
        async with world.session() as talk:
            for number in range(4):
                await talk.send(frame(number))
            heard = await talk.ended()
            heard.failed(ErrorCode.LEDGER_UNAVAILABLE)
            assert heard.of("final")[0]["audio_seconds"] == 0.2
        await world.is_clean(upstreams=1)
