"""A fleet under test: its provider is in the test's hand, and its users are anonymous."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt

from chaos.fleet import Fleet, Process, fleet
from chaos.fleet.stack import Row
from local_stack.provider import ProviderServer, Script, ScriptedEngine, serve
from shared_schema.audio import FRAME_BYTES
from tests.doubles.numbered_audio import frame, place
from tests.utter_transcribe.listener import Listener
from utter_transcribe.audio import paced
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.events import Acked, Result
from utter_transcribe.live import LiveTranscription

MAX_AUDIO_SECONDS = 300
"""Longer than any test here takes, however busy the machine is."""
_FRAMES_OF_ONE = 1000


class Recording:
    """A numbered recording that goes on until it is told to end.

    Args:
        number: Its frames are numbered from a thousand times that.
        url: Of the service.
        user: Whose it is.
    """

    def __init__(self, number: int, url: str, user: AnonymousUser) -> None:
        self.seen = Listener()
        self._first = number * _FRAMES_OF_ONE
        self._live = LiveTranscription(url, user, on_event=self.seen)
        self._ending = False

    async def run(self) -> Result:
        """Record and transcribe until `end`."""
        return await self._live.run(paced(self._frames()))

    def end(self) -> None:
        """Say no more."""
        self._ending = True

    async def handed(self, seconds: float) -> None:
        """Wait until so much of it was handed to the provider."""
        await self.seen.until(
            lambda: any(acked.audio_seconds >= seconds for acked in self.seen.of(Acked))
        )

    def gaps(self, places: Iterable[range]) -> list[int]:
        """Return where something is missing in what was heard, in bytes.

        Args:
            places: What was heard, of any recordings, in bytes of the numbering.
        """
        begin, end = (n * FRAME_BYTES for n in (self._first, self._first + _FRAMES_OF_ONE))
        mine = sorted((one.start, one.stop) for one in places if begin <= one.start < end)
        end = begin + len(self._live.recording)
        gaps, reached = [], begin
        for start, stop in [*mine, (end, end)]:
            if start > reached:
                gaps.append(reached - begin)
            reached = max(reached, stop)
        return gaps

    async def _frames(self) -> AsyncIterator[bytes]:
        for number in range(self._first, self._first + _FRAMES_OF_ONE):
            if self._ending:
                return
            yield frame(number)


@dataclass
class World:
    """Everything, running.

    Attributes:
        fleet: Behind one address.
        engine: What is heard.
        provider: What came to the provider.
    """

    fleet: Fleet
    engine: ScriptedEngine
    provider: ProviderServer
    _recordings: int = 0

    def recording(self, user: AnonymousUser | None = None) -> Recording:
        """Return a recording of this user, or of a new one."""
        self._recordings += 1
        return Recording(self._recordings, self.fleet.url, user or self.user())

    def user(self) -> AnonymousUser:
        """Return someone new."""
        return AnonymousUser(self.fleet.stack.url, self.fleet.stack.keys[0])

    async def limited(self, kind: str, *, sessions: int, seconds: int) -> tuple[AnonymousUser, str]:
        """Return someone new with limits of their own, and their id."""
        user = self.user()
        user_id = str(jwt.decode(await user(), options={"verify_signature": False})["sub"])
        await self.fleet.stack.query(
            "insert into ledger.user_limits values (%s, %s, %s, %s)",
            *(user_id, kind, sessions, seconds),
        )
        return user, user_id

    def heard(self) -> list[range]:
        """Return what each session of the provider heard, in bytes of the numbering."""
        return [place(record.audio) for record in self.provider.sessions if record.audio]

    async def rows(self, user_id: str, *statuses: str) -> list[Row]:
        """Return what the ledger knows of a user's transcriptions, oldest first."""
        rows = await self.fleet.stack.query(
            "select * from public.transcription_usage where user_id = %s order by opened_at",
            user_id,
        )
        return [row for row in rows if not statuses or row["status"] in statuses]

    async def row(self, session_id: str) -> Row:
        """Return what the ledger knows of a transcription."""
        [row] = await self.fleet.stack.query(
            "select * from public.transcription_usage where id = %s", session_id
        )
        return row

    async def settled(self, user_id: str) -> bool:
        """Whether nothing of a user is open."""
        return not await self.rows(user_id, "open")

    async def busy(self) -> list[Process]:
        """Return the bridges that hold a session."""
        return [
            bridge
            for bridge in self.fleet.bridges
            if bridge.running and (await bridge.metrics())["utter_sessions_open"]
        ]


@asynccontextmanager
async def running(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[World]:
    """Run three bridges and two functions behind nginx.

    Args:
        folder: Empty.
        settings: Of the services, by the names of the environment, besides the fleet's own.
    """
    engine = ScriptedEngine(Script())
    ours = {"BRIDGE_DRAIN_SECONDS": "10", "MAX_AUDIO_SECONDS": str(MAX_AUDIO_SECONDS)}
    async with (
        serve(engine, host="127.0.0.1", port=0) as provider,
        fleet(folder, provider.url, settings=ours | dict(settings or {})) as replicas,
    ):
        yield World(replicas, engine, provider)
