"""The load generator's socket speaks the protocol."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.frames import Opcode as Their
from websockets.protocol import SERVER, Protocol

from bench.load.wire import Opcode, encode


@given(
    opcode=st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    size=st.sampled_from([0, 1, 125, 126, 127, 3200, 65_535, 65_536, 70_000]),
    cuts=st.lists(st.integers(0, 70_000), max_size=5),
)
def test_a_frame_is_what_a_server_reads(opcode: Opcode, size: int, cuts: list[int]) -> None:
    """What is encoded once is, at any size, one masked frame with the payload in it."""
    payload = bytes(number % 251 for number in range(size))
    data = encode(opcode, payload)
    server = Protocol(SERVER)
    for start, end in pairwise(sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})):
        server.receive_data(data[start:end])
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, bytes(frame.data), frame.fin) == (Their(opcode), payload, True)


@pytest.mark.parametrize("opcode", list(Opcode))
def test_opcodes_are_the_protocols(opcode: Opcode) -> None:
    """Each opcode is named as the library names it."""
    assert Their(opcode).name == opcode.name
