"""However the bytes come, the messages are the same."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import Server, ServerConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from tests.waiting import within
from transcription.direct_socket import DirectSocket

MAX_SIZE = 200_000
Message = tuple[bytes, bool]


class Client(DirectSocket, ClientConnection):
    """A client's end."""


class ServerSide(DirectSocket, ServerConnection):
    """A server's end."""


class Wire(asyncio.Transport):
    """A transport that a test reads and fills by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reading = True
        self.closing = False

    def write(self, data: Any) -> None:
        """Keep what is written."""
        self.written += data

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self.written)
        self.written.clear()
        return taken

    def pause_reading(self) -> None:
        """Stop."""
        self.reading = False

    def resume_reading(self) -> None:
        """Go on."""
        self.reading = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take no notice."""

    def can_write_eof(self) -> bool:
        """Tell that it cannot."""
        return False

    def close(self) -> None:
        """Close."""
        self.closing = True

    abort = close


class End:
    """One end under test, and the library's own protocol at the other.

    Attributes:
        socket: The end under test.
        peer: The other one.
        heard: What the end was called back with, after `listen`.
        holds: Whether it holds its socket after each message.
        lost: How often it was told that the connection is gone.
    """

    def __init__(self, socket: DirectSocket, peer: Protocol, wire: Wire) -> None:
        self.socket = socket
        self.peer = peer
        self.wire = wire
        self.heard: list[Message] = []
        self.holds = self.dropped = False
        self.lost = 0

    def listen(self) -> None:
        """Write down what comes."""
        self.socket.listen(self._hear, self._lose)

    def _hear(self, message: bytes, text: bool) -> None:
        self.heard.append((message, text))
        if self.holds:
            self.socket.hold()

    def _lose(self) -> None:
        self.lost += 1

    def drop(self) -> None:
        """Lose the connection, once."""
        if not self.dropped:
            self.dropped = True
            self.socket.connection_lost(None)

    def sent(self) -> bytes:
        """Return the bytes that the peer has for the end."""
        return b"".join(self.peer.data_to_send())

    def answered(self) -> list[Frame]:
        """Return the frames that the end has written."""
        self.peer.receive_data(self.wire.take())
        return [event for event in self.peer.events_received() if isinstance(event, Frame)]


@asynccontextmanager
async def client(then: bytes = b"", cuts: Iterable[int] = ()) -> AsyncIterator[End]:
    """Open a client; `then` comes right behind the handshake's answer, all cut into pieces."""
    wire, peer = Wire(), ServerProtocol()
    socket = Client(ClientProtocol(parse_uri("ws://there/"), max_size=MAX_SIZE))
    socket.connection_made(wire)
    shaking = asyncio.create_task(socket.handshake())
    await asyncio.sleep(0)
    peer.receive_data(wire.take())
    (request,) = peer.events_received()
    assert isinstance(request, Request)
    peer.send_response(peer.accept(request))
    end = End(socket, peer, wire)
    feed(socket, end.sent() + then, cuts)
    async with within(5):
        await shaking
    yield end
    end.drop()


class Serving(Server):
    """The library's server, without a port."""

    def is_serving(self) -> bool:
        """Tell that it takes handshakes."""
        return True


@asynccontextmanager
async def server(then: bytes = b"", cuts: Iterable[int] = ()) -> AsyncIterator[End]:
    """Open a server's end; `then` comes when it is open, cut into pieces."""
    wire, peer = Wire(), ClientProtocol(parse_uri("ws://here/"))
    opened, leave = asyncio.Event(), asyncio.Event()

    async def handle(_: ServerConnection) -> None:
        opened.set()
        await leave.wait()

    library = Serving(handle)
    socket = ServerSide(ServerProtocol(max_size=MAX_SIZE), library)
    socket.connection_made(wire)
    peer.send_request(peer.connect())
    end = End(socket, peer, wire)
    feed(socket, end.sent(), cuts)
    async with within(5):
        await opened.wait()
    peer.receive_data(wire.take())
    (response,) = peer.events_received()
    assert isinstance(response, Response)
    feed(socket, then, cuts)
    yield end
    end.drop()
    leave.set()
    await asyncio.gather(*library.handlers.values())


def feed(socket: DirectSocket, data: bytes, cuts: Iterable[int]) -> None:
    """Let `data` arrive in pieces."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(places):
        socket.data_received(data[start:end])


ENDS = pytest.mark.parametrize("end", [client, server])
sizes = st.sampled_from([0, 1, 125, 126, 127, 3200, 65_535, 65_536, 70_000])
messages = st.lists(st.tuples(sizes, st.booleans(), st.integers(1, 3)), max_size=6)
cuts = st.lists(st.integers(0, 2**20), max_size=20)


def frames(of: list[tuple[int, bool, int]], *, mask: bool) -> tuple[list[Message], bytes]:
    """Return messages and their bytes: in one to three fragments, with pings between them."""
    whole, data = [], bytearray()
    for number, (size, text, parts) in enumerate(of):
        message = bytes([97 + number]) * size
        whole.append((message, text))
        step = max(1, -(-size // parts))
        pieces = [message[at : at + step] for at in range(0, size, step)] or [b""]
        for place, piece in enumerate(pieces):
            kind = Opcode.TEXT if text else Opcode.BINARY
            opcode = Opcode.CONT if place else kind
            fin = place == len(pieces) - 1
            data += Frame(opcode, piece, fin).serialize(mask=mask)
            data += Frame(Opcode.PING, b"there?").serialize(mask=mask)
    return whole, bytes(data)


@ENDS
@settings(deadline=None, max_examples=60)
@given(of=messages, cuts=cuts)
def test_any_cut_gives_the_same(end: Any, of: list[tuple[int, bool, int]], cuts: list[int]) -> None:
    """Messages come whole and in order however they were fragmented, cut and mixed with pings."""
    whole, data = frames(of, mask=end is server)
    pings = sum(max(1, -(-size // max(1, -(-size // parts)))) for size, _, parts in of)

    async def check() -> None:
        async with end(data, cuts) as one:
            one.listen()
            assert one.heard == whole
            pongs = [frame for frame in one.answered() if frame.opcode is Opcode.PONG]
            assert len(pongs) == pings

    asyncio.run(check())


@ENDS
async def test_what_comes_before_it_listens_waits(end: Any) -> None:
    """What came before `listen` is handed over then; meanwhile the socket is read no further."""
    whole, data = frames([(10, True, 1), (3200, False, 1)], mask=end is server)
    async with end(data) as one:
        assert not one.wire.reading
        one.listen()
        assert one.heard == whole
        assert one.wire.reading


@ENDS
async def test_held(end: Any) -> None:
    """A socket that is held hands nothing over, is read no further, and keeps the order."""
    whole, data = frames([(10, False, 1), (20, True, 1), (30, False, 1)], mask=end is server)
    async with end() as one:
        one.holds = True
        one.listen()
        one.socket.data_received(data)
        for count in (1, 2, 3):
            assert one.heard == whole[:count]
            assert not one.wire.reading
            one.socket.release()
        assert one.wire.reading


@ENDS
async def test_ignored(end: Any) -> None:
    """A socket that is ignored is read to its end, and calls nobody back."""
    _, data = frames([(10, False, 1), (20, True, 1)], mask=end is server)
    async with end(data) as one:
        one.holds = True
        one.listen()
        one.socket.ignore()
        assert one.wire.reading
        one.socket.data_received(data)
        assert len(one.heard) == 1
    assert one.lost == 0


@ENDS
@pytest.mark.parametrize("size", [0, 1, 125, 126, 4300, 65_535, 65_536])
async def test_posted(end: Any, size: int) -> None:
    """What is posted arrives as one text message, masked as the protocol wants it."""
    async with end() as one:
        assert one.socket.post(b"x" * size)
        (frame,) = one.answered()
        assert (frame.opcode, bytes(frame.data), frame.fin) == (Opcode.TEXT, b"x" * size, True)


@ENDS
async def test_nothing_is_posted_where_send_would_wait(end: Any) -> None:
    """Nothing is posted into a full buffer, a closing socket, or a lost one."""
    async with end() as one:
        one.socket.pause_writing()
        assert not one.socket.post(b"x")
        one.socket.resume_writing()
        one.wire.closing = True
        assert not one.socket.post(b"x")
        one.wire.closing = False
        one.drop()
        assert not one.socket.post(b"x")
        assert one.wire.take() == b""


@ENDS
async def test_lost(end: Any) -> None:
    """A listener learns once that the connection is gone, also when it listens too late."""
    async with end() as one:
        one.listen()
    assert one.lost == 1
    one.listen()
    assert one.lost == 2


@ENDS
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x83\x80\0\0\0\0", 1002),  # an opcode that is none
        (b"\xc2\x80\0\0\0\0", 1002),  # compressed, though nothing was agreed on
        (b"\x82\xff" + (MAX_SIZE + 1).to_bytes(8, "big"), 1009),
        (b"\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 1002),  # a message inside another's fragments
    ],
    ids=["opcode", "compressed", "size", "fragments"],
)
async def test_the_library_refuses(end: Any, data: bytes, code: int) -> None:
    """What the protocol forbids is refused by the library, and nothing after it is heard."""
    if end is client:
        data = b"".join(_unmasked(data))
    async with end() as one:
        one.listen()
        _, more = frames([(10, True, 1)], mask=end is server)
        one.socket.data_received(data + more)
        (frame,) = one.answered()
        assert Close.parse(bytes(frame.data)).code == code
        assert one.heard == []


@ENDS
async def test_masks_the_wrong_way_round(end: Any) -> None:
    """A client's frames must be masked and a server's must not."""
    _, data = frames([(10, True, 1)], mask=end is client)
    async with end() as one:
        one.listen()
        one.socket.data_received(data)
        (frame,) = one.answered()
        assert Close.parse(bytes(frame.data)).code == 1002
        assert one.heard == []


@ENDS
async def test_closing_is_the_librarys(end: Any) -> None:
    """A close frame is answered, and what is sent after it raises as ever."""
    async with end() as one:
        one.listen()
        one.peer.send_close(1000)
        one.socket.data_received(one.sent())
        (frame,) = one.answered()
        assert Close.parse(bytes(frame.data)).code == 1000
        one.drop()
        with pytest.raises(ConnectionClosed):
            await one.socket.send("x")


def _unmasked(data: bytes) -> Iterable[bytes]:
    """Clear the mask bits of frames that are empty or only a head."""
    while data:
        size = 10 if data[1] & 0x7F == 0x7F else 2
        yield bytes((data[0], data[1] & 0x7F)) + data[2:size]
        data = data[size + 4 :]
