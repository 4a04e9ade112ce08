"""Sockets that are opened and then say nothing, or little, or too much."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from shared_schema.errors import ErrorCode
from tests.doubles.auth import OTHER_USER
from tests.security.strangers import (
    CROWD,
    REAL,
    UPGRADE,
    Strangers,
    addresses,
    frame,
    strangers,
)
from tests.waiting import FairClock, until, within
from tests.ws_bridge.world import START, Talk, World, running
from ws_bridge.client_socket import MAX_HEAD_BYTES

THOUSAND: Final = 1000
PENDING: Final = 200
SHARE: Final = 50
TIMEOUT: Final = 2.0
"""Seconds for the upgrade, and again for `start`."""
PATIENT: Final = 60.0
"""The same, so long that room is made by nothing but by giving way."""
QUICKLY: Final = 2.0
"""Seconds until someone is in who need not wait: far less, but on a busy machine."""
SOON: Final = 5.0
"""Seconds until someone is in for whom another has to give way, who has a moment for it."""


@asynccontextmanager
async def besieged(
    patience: float = TIMEOUT, **settings: Any
) -> AsyncIterator[tuple[World, Strangers]]:
    """Run a bridge with the usual limits."""
    async with (
        running(bridge_start_timeout_seconds=patience, **settings) as world,
        strangers(world.url) as crowd,
    ):
        yield world, crowd


async def _transcribe(world: World, source: str) -> float:
    """Come as an honest client that tries again; return the seconds until it was ready."""
    with FairClock() as clock:
        while True:
            try:
                async with world.talk(local_addr=(source, 0)) as talk:
                    await talk.send(world.start())
                    await talk.next("ready")
                    seconds = clock.seconds
                    (await talk.stopped()).completed()
                    return seconds
            except (OSError, InvalidMessage, ConnectionClosed):
                assert clock.seconds < 10
                await asyncio.sleep(0.1)


async def _turned_away(world: World) -> float:
    value = world.app.metrics.registry.get_sample_value("utter_sockets_turned_away_total")
    assert value is not None
    return value


async def test_a_thousand_silent_connections_of_one_address_take_its_share_and_no_more() -> None:
    """One address holds twice its share of connections, the others are as free as before."""
    async with besieged() as (world, crowd):
        await crowd.come([CROWD] * THOUSAND)
        await until(lambda: crowd.open <= 2 * SHARE)
        assert await _transcribe(world, REAL) < QUICKLY
        assert await _turned_away(world) >= THOUSAND - 2 * SHARE
        await until(lambda: crowd.open == 0, seconds=TIMEOUT + 4)
        await world.is_clean(upstreams=1)


async def test_who_shares_an_address_with_a_thousand_silent_connections_gets_in() -> None:
    """Even from the same address: who has waited long gives way to who comes."""
    async with besieged(PATIENT) as (world, crowd):
        await crowd.come([CROWD] * THOUSAND)
        assert await _transcribe(world, CROWD) < SOON


async def test_a_thousand_silent_connections_of_many_addresses_leave_room() -> None:
    """Where no address has too many, the oldest give way; in the end nobody is left."""
    async with besieged(PATIENT) as (world, crowd):
        await crowd.come(addresses(250) * (THOUSAND // 250))
        await until(lambda: crowd.open <= 2 * PENDING)
        assert await _transcribe(world, REAL) < SOON
    async with besieged() as (world, crowd):
        await crowd.come(addresses(250) * (THOUSAND // 250))
        assert await _transcribe(world, REAL) < SOON
        await until(lambda: crowd.open == 0, seconds=TIMEOUT + 4)
        await world.is_clean(upstreams=1)


async def test_a_thousand_sockets_that_never_start_leave_room() -> None:
    """Upgraded sockets of one address are told that there is no room, and the rest time out."""
    async with besieged() as (world, crowd):
        await crowd.come([CROWD] * THOUSAND, UPGRADE)
        assert await _transcribe(world, REAL) < QUICKLY
        await until(lambda: len(world.app.bridge) <= 2 * SHARE, seconds=1)
        await until(lambda: crowd.open == 0, seconds=TIMEOUT + 8)
        told = [stranger.heard for stranger in crowd.all]
        assert any(b'"capacity"' in heard for heard in told)
        assert any(b'"start_timeout"' in heard for heard in told)
        await world.is_clean(upstreams=1)


async def test_a_thousand_sockets_of_many_addresses_that_never_start_leave_room() -> None:
    """Upgraded sockets are told that there is no room once they have had their moment."""
    async with besieged() as (world, crowd):
        await crowd.come(addresses(250) * (THOUSAND // 250), UPGRADE)
        assert await _transcribe(world, REAL) < SOON
        await until(lambda: crowd.open == 0, seconds=TIMEOUT + 8)
        await world.is_clean(upstreams=1)


@pytest.mark.parametrize("whole", ["request", "start"])
async def test_a_handshake_byte_by_byte_ends_at_the_limit(whole: str) -> None:
    """A request, and a `start`, that trickles in is cut off at the limit; others get in."""
    async with besieged() as (world, crowd):
        first = b"" if whole == "request" else UPGRADE
        slow = await crowd.come([CROWD] * SHARE, first)
        rest = UPGRADE if whole == "request" else frame(1, json.dumps(START).encode())

        async def trickle() -> None:
            for byte in rest:
                for one in slow:
                    one.send(bytes((byte,)))
                await asyncio.sleep(0.1)

        trickling = asyncio.create_task(trickle())
        try:
            # The limit, the clock's tick, and the time that a client has to answer a close frame.
            async with within(TIMEOUT + 6):
                assert await _transcribe(world, REAL) < QUICKLY
                await until(lambda: crowd.open == 0)
        finally:
            trickling.cancel()
        await world.is_clean(upstreams=1)


async def test_an_endless_request_is_cut_off() -> None:
    """A head that does not end is read up to the limit, and no further."""
    async with besieged() as (world, crowd):
        (stranger,) = await crowd.come([CROWD], UPGRADE.removesuffix(b"\r\n"))
        line = b"X-More: " + b"x" * 1000 + b"\r\n"
        sent = 0
        while stranger.open and sent < 10 * MAX_HEAD_BYTES:
            stranger.send(line)
            sent += len(line)
            await asyncio.sleep(0.001)
        await until(lambda: not stranger.open, seconds=1)
        assert sent < 2 * MAX_HEAD_BYTES
        await world.is_clean(upstreams=0)


async def test_one_address_cannot_take_every_place() -> None:
    """Users of one address have their share of the sessions, and the rest is left to others."""
    async with (
        besieged(bridge_max_sessions=3, bridge_max_sessions_per_address=2) as (world, _),
        _live(world, CROWD),
        _live(world, CROWD),
    ):
        async with world.talk(local_addr=(CROWD, 0)) as third:
            await third.send(world.start(access_token=world.issuer.token(OTHER_USER)))
            (await third.ended()).failed(ErrorCode.CAPACITY)
        assert await _transcribe(world, REAL) < QUICKLY


@asynccontextmanager
async def _live(world: World, source: str) -> AsyncIterator[Talk]:
    async with world.talk(local_addr=(source, 0)) as talk:
        await talk.send(world.start())
        await talk.next("ready")
        yield talk


async def test_the_share_is_that_of_the_forwarded_address_behind_a_proxy() -> None:
    """Behind a proxy of ours its clients have shares of their own, whatever they claim."""
    limits = {"trusted_proxy_hops": 1, "bridge_max_pending_per_address": 1}
    async with besieged(**limits) as (_, crowd):

        def said(address: str) -> bytes:
            header = f"X-Forwarded-For: 203.0.113.99, {address}\r\n\r\n".encode()
            return UPGRADE.removesuffix(b"\r\n") + header

        (first,) = await crowd.come([CROWD], said("203.0.113.1"))
        await first.hear(b"101 Switching")
        (second,) = await crowd.come([CROWD], said("203.0.113.1"))
        assert b'"capacity"' in await second.hear(b'"capacity"')
        (other,) = await crowd.come([CROWD], said("203.0.113.2"))
        assert b'"start_timeout"' in await other.hear(b'"start_timeout"')
