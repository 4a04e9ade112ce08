"""Frames that cost more than they bring: pings, pongs, empty and tiny ones, endless fragments."""

import asyncio
import json
import re

import pytest

from shared_schema.audio import SAMPLE_RATE
from shared_schema.errors import ErrorCode
from tests.doubles.auth import OTHER_USER
from tests.security.strangers import CROWD, UPGRADE, Stranger, frame, strangers
from tests.waiting import until
from tests.ws_bridge.world import SILENCE, World, running
from ws_bridge.client_socket import BURST_FRAMES

TEXT, BINARY, CONTINUATION, PING, PONG = 1, 2, 0, 9, 10
PONG_SENT = b"\x8a\x00"
FLOODS = {
    "pings": frame(PING),
    "pongs": frame(PONG),
    "empty frames": frame(BINARY),
    "tiny frames": frame(BINARY, bytes(2)),
}


def _start(world: World) -> bytes:
    message = world.start(access_token=world.issuer.token(OTHER_USER))
    return frame(TEXT, json.dumps(message).encode())


def _told(heard: bytes) -> list[dict[str, object]]:
    """Return the messages among what a stranger heard."""
    found = re.findall(rb'\{"type":[^\x00-\x1f]*?\}(?=[\x81\x88\x8a]|$)', heard)
    return [json.loads(one) for one in found]


async def _flood(stranger: Stranger, one: bytes) -> None:
    """Send a frame a hundred thousand times, or until the other end hangs up."""
    for _ in range(1000):
        if not stranger.open:
            return
        stranger.send(one * 100)
        await asyncio.sleep(0)


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_frames_ends_the_session(kind: str) -> None:
    """Too many frames end a session as too fast a message would, and nobody else notices."""
    async with running() as world, strangers(world.url) as crowd, world.session() as honest:
        (stranger,) = await crowd.come([CROWD], UPGRADE + _start(world))
        await stranger.hear(b'"ready"')
        await _flood(stranger, FLOODS[kind])
        await honest.send(SILENCE)
        await asyncio.wait_for(honest.next("ack"), 2)
        heard = await stranger.hear(b'"invalid_message"')
        kinds = [message["type"] for message in _told(heard)]
        assert kinds.count("final") == 1
        assert kinds[-1] == "error"
        assert heard.count(PONG_SENT) <= 2 * BURST_FRAMES
        (await honest.stopped()).completed()
        await world.is_clean(upstreams=2)


async def test_a_flood_before_start_ends_the_socket() -> None:
    """Who floods without ever saying who they are is sent away as well."""
    async with running() as world, strangers(world.url) as crowd:
        (stranger,) = await crowd.come([CROWD], UPGRADE)
        await stranger.hear(b"101 Switching")
        await _flood(stranger, FLOODS["pings"])
        (error,) = _told(await stranger.hear(b'"invalid_message"'))
        assert error["code"] == ErrorCode.INVALID_MESSAGE
        await world.is_clean(upstreams=0)


async def test_an_endless_message_of_empty_fragments_ends_the_session() -> None:
    """Fragments without content, of which no limit on a message's size ever has enough."""
    async with running() as world, strangers(world.url) as crowd:
        (stranger,) = await crowd.come([CROWD], UPGRADE + _start(world))
        await stranger.hear(b'"ready"')
        stranger.send(frame(BINARY, fin=False))
        await _flood(stranger, frame(CONTINUATION, fin=False))
        assert b'"invalid_message"' in await stranger.hear(b'"invalid_message"')
        await world.is_clean(upstreams=1)


async def test_what_a_flood_leaves_behind_is_not_read() -> None:
    """After the end nothing more is taken from the socket, however much comes."""
    async with running() as world, strangers(world.url) as crowd:
        (stranger,) = await crowd.come([CROWD], UPGRADE)
        await stranger.hear(b"101 Switching")
        pieces = 0
        while stranger.open and pieces < 10_000:
            stranger.send(frame(PING) * 1000)
            pieces += 1
            await asyncio.sleep(0.001)
        assert pieces < 10_000
        assert stranger.heard.count(PONG_SENT) <= 2 * BURST_FRAMES
        await until(lambda: len(world.app.bridge) == 0)


async def test_nothing_on_a_socket_is_decompressed() -> None:
    """Compression is not agreed to, and a frame that says it is compressed ends the socket."""
    offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    async with running() as world, strangers(world.url) as crowd:
        (stranger,) = await crowd.come([CROWD], UPGRADE.removesuffix(b"\r\n") + offer)
        answer = await stranger.hear(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"extensions" not in answer.lower()
        stranger.send(bytes((0xC1, 0x80)) + bytes(4))
        # 1002, protocol error (RFC 6455, section 7.4.1).
        assert b"\x03\xea" in await stranger.hear(b"\x03\xea")
        await until(lambda: len(world.app.bridge) == 0)


async def test_audio_in_small_pieces_is_no_flood() -> None:
    """Six seconds of audio in pieces of 10 ms, as fast as they are taken, are all heard."""
    piece = bytes(2 * SAMPLE_RATE // 100)
    async with running() as world, world.session() as talk:
        for _ in range(600):
            await talk.send(piece)
        final = (await talk.stopped()).completed()
        assert final["audio_seconds"] == 6.0
        await world.is_clean(upstreams=1)
