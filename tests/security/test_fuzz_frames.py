"""Any bytes on a bridge's socket, from the upgrade to the end."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from shared_schema.server_messages import server_message
from tests.security.fuzzing import bounded, mutated
from tests.security.strangers import CROWD, UPGRADE, Stranger, Strangers, frame, strangers
from tests.waiting import until
from tests.ws_bridge.world import SILENCE, START, World, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

STOP = frame(1, b'{"type":"stop"}')
AUDIO = frame(2, SILENCE)
TOKEN = b"<token>"
GOOD_START = json.dumps({**START, "access_token": TOKEN.decode()}).encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def besieged() -> AsyncIterator[tuple[World, Strangers]]:
    """One bridge for all examples."""
    # However many come: here it is not about their number.
    limits: dict[str, Any] = {
        "bridge_max_pending": 1000,
        "bridge_max_pending_per_address": 1000,
        "bridge_max_sessions": 1000,
        "bridge_max_sessions_per_address": 1000,
    }
    async with running(**limits) as world, strangers(world.url) as crowd:
        yield world, crowd


frames = st.builds(
    frame,
    st.integers(0, 15) | st.sampled_from((0, 1, 2, 8, 9, 10)),
    st.binary(max_size=200) | st.just(SILENCE) | st.just(GOOD_START),
    fin=st.booleans(),
)
pieces = st.one_of(
    frames,
    st.sampled_from((STOP, AUDIO, frame(2), frame(9), frame(8, b"\x03\xe8"), frame(1, GOOD_START))),
    st.binary(max_size=40),
    mutated(GOOD_START).map(lambda said: frame(1, said)),
    mutated(AUDIO),
    st.integers(0, 2**16).map(lambda size: frame(2, bytes(size))),
)


@given(
    head=st.just(UPGRADE) | mutated(UPGRADE),
    starts=st.booleans(),
    said=st.lists(pieces, max_size=12),
    leaves=st.booleans(),
)
@bounded(120)
async def test_no_bytes_break_a_bridge(
    besieged: tuple[World, Strangers], head: bytes, starts: bool, said: list[bytes], leaves: bool
) -> None:
    """Whatever a client says, it hears the contract, nothing of it is left, and no bug is met."""
    world, crowd = besieged
    token = world.issuer.token().encode()
    with capture_logs() as logs:
        (stranger,) = await crowd.come([CROWD], head)
        for piece in [frame(1, GOOD_START)] * starts + said:
            # Longer than the template: the frame's size is made anew.
            stranger.send(_with_token(piece, token))
        if not leaves:
            stranger.send(STOP + frame(8, b"\x03\xe8"))
            stranger.end()
            await until(lambda: not stranger.open)
        stranger.hang_up()
        await until(lambda: not len(world.app.bridge) and not world.ledger.open_sessions)
    crowd.all.remove(stranger)
    _check(stranger)
    errors = [log for log in logs if log["log_level"] in {"error", "critical"}]
    assert errors == []
    assert not any(token.decode() in str(log) for log in logs)


def _with_token(piece: bytes, token: bytes) -> bytes:
    return frame(1, GOOD_START.replace(TOKEN, token)) if piece == frame(1, GOOD_START) else piece


def _check(stranger: Stranger) -> None:
    """What was heard is HTTP, then messages of the contract in an order that it allows."""
    if not stranger.heard.startswith(b"HTTP/1.1 101 "):
        assert not stranger.heard or stranger.heard.startswith(b"HTTP/1.1 ")
        return
    client = ClientProtocol(parse_uri("ws://bridge.test/"), max_size=None)
    client.state = client.state.OPEN
    client.receive_data(bytes(stranger.heard.partition(b"\r\n\r\n")[2]))
    messages = []
    for event in client.events_received():
        assert isinstance(event, Frame)
        if event.opcode is Opcode.TEXT:
            server_message.validate_json(bytes(event.data))
            messages.append(json.loads(bytes(event.data)))
    kinds = [message["type"] for message in messages]
    assert all(kinds.count(kind) <= 1 for kind in ("ready", "final", "error"))
    assert (
        "final" not in kinds[: kinds.index("ready")] if "ready" in kinds else "final" not in kinds
    )
    assert "error" not in kinds[:-1]
    assert all(message.get("code") != "internal" for message in messages)
