"""Honest people with files: they have them transcribed, and make voices of them."""

import asyncio
import hashlib
import io
import tempfile
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, TypeVar
from uuid import uuid4

import httpx

from chaos.observations import Sent, Voice
from chaos.people.scene import Scene, id_of
from chaos.provider import heard_in
from chaos.speech import frame
from shared_schema.batch import FinalEvent
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.errors import ApiError, ClientError, Failure
from utter_transcribe.files import Api, Clone
from utter_transcribe.network import http_client, refusal

BUCKET: Final = "reference-audio"
TRIES: Final = 6
PAUSE_SECONDS: Final = 1.0
_LONGEST_WAIT: Final = 4.0
_FRAMES: Final = 110

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    content: bytes
    sent: Sent


class Sender:
    """A user who uploads files.

    Args:
        scene: Where.
        dice: What they do next.
        folder: For the files.
    """

    def __init__(self, scene: Scene, dice: Random, folder: Path) -> None:
        self._scene = scene
        self._dice = dice
        self._folder = folder
        self._user: AnonymousUser = scene.user()
        self._id = ""
        self._files = 0

    async def send(self) -> None:
        """Send files until it is over."""
        acts = {
            "transcribe": self._transcribe,
            "stream": self._stream,
            "take": self._take,
            "clone": self._clone,
        }
        async with Api(self._scene.url, self._user) as api:
            while not self._scene.over.is_set():
                self._id = self._id or await id_of(self._user)
                if self._id:
                    what = self._dice.choice([*acts])
                    file = self._file(what)
                    self._scene.evidence.files.append(file.sent)
                    await acts[what](api, file)
                    file.path.unlink()
                await self._scene.rest(self._dice, PAUSE_SECONDS)

    def _file(self, what: str) -> _File:
        """Write a recording of a length of its own, by which the ledger's row is known."""
        self._files += 1
        milliseconds = 3000 + self._files
        rate = self._dice.choice((16_000, 48_000))
        spoken = b"".join(frame(self._files, number) for number in range(_FRAMES))
        content = io.BytesIO()
        with wave.open(content, "wb") as out:
            out.setparams((1, 2, rate, 0, "NONE", ""))
            out.writeframes(spoken[: 2 * rate * milliseconds // 1000])
        with tempfile.NamedTemporaryFile(
            dir=self._folder, prefix=f"{self._id}-", suffix=".wav", delete=False
        ) as file:
            file.write(content.getvalue())
        sent = Sent(what, self._id, milliseconds)
        return _File(Path(file.name), content.getvalue(), sent)

    async def _transcribe(self, api: Api, file: _File) -> None:
        key = str(uuid4())
        answer = await self._tried(
            file.sent, lambda: api.transcribe(file.path, idempotency_key=key)
        )
        if answer is not None:
            _compare(file, answer.text)

    async def _stream(self, api: Api, file: _File) -> None:
        key = str(uuid4())

        async def listen() -> str:
            async for event in api.stream(file.path, idempotency_key=key):
                if isinstance(event, FinalEvent):
                    return event.text
            raise AssertionError  # `stream` raises where it does not come to its end

        text = await self._tried(file.sent, listen)
        if text is not None:
            _compare(file, text)

    async def _take(self, api: Api, file: _File) -> None:
        """Store a take as the page does, and name it; or change one's mind."""
        path = await self._tried(file.sent, lambda: self._store(file))
        if path is None or self._dice.random() < 0.3:
            return
        key = str(uuid4())

        async def name_it() -> str:
            url = f"{self._scene.url}/api/transcriptions"
            headers = {"Authorization": f"Bearer {await self._user()}", "Idempotency-Key": key}
            async with http_client(url, 60.0) as http:
                answer = await http.post(url, json={"storage_path": path}, headers=headers)
            _raise_for(answer)
            return str(answer.json()["text"])

        text = await self._tried(file.sent, name_it)
        if text is not None:
            _compare(file, text)

    async def _store(self, file: _File) -> str:
        path = f"{self._id}/takes/{uuid4()}.wav"
        url = f"{self._scene.supabase_url}/storage/v1/object/{BUCKET}/{path}"
        headers = {
            "apikey": self._scene.publishable_key,
            "Authorization": f"Bearer {await self._user()}",
            "Content-Type": "audio/wav",
        }
        async with http_client(url, 20.0) as http:
            _raise_for(await http.post(url, content=file.content, headers=headers))
        return path

    async def _clone(self, api: Api, file: _File) -> None:
        """Make a voice, read it back, and perhaps delete it."""
        key, words = str(uuid4()), Clone("A voice", "English", "said word for word")
        made = await self._tried(
            file.sent, lambda: api.clone(file.path, words, idempotency_key=key)
        )
        if made is None:
            return
        voice = Voice(made.voice_id, self._id, hashlib.sha256(file.content).hexdigest())
        self._scene.evidence.voices.append(voice)
        stored = await self._tried(Sent("read", self._id, 0), lambda: self._read(api, voice.id))
        if stored is not None and stored != file.content:
            file.sent.wrong = "the voice that is read back is not the one that was stored"
        if self._dice.random() < 0.5:
            voice.deleted = True
            deleted = Sent("delete", self._id, 0)
            await self._tried(deleted, lambda: api.delete_voice(voice.id))
            voice.surely = deleted.failure is None

    async def _read(self, api: Api, voice_id: str) -> bytes:
        url = (await api.voice(voice_id)).audio_url
        async with http_client(url) as http:
            answer = await http.get(url)
        _raise_for(answer)
        return answer.content

    async def _tried(self, sent: Sent, act: Callable[[], Awaitable[T]]) -> T | None:
        """Do something, and again where the failure says so; None when it was given up."""
        for attempt in range(1, TRIES + 1):
            try:
                done = await act()
            except ClientError as error:
                sent.failure = error.failure
            except httpx.HTTPError as error:
                sent.failure = Failure(f"cannot reach it: {type(error).__name__}", retryable=True)
            else:
                sent.failure = None
                return done
            if not sent.failure.retryable or attempt == TRIES:
                return None
            asked = sent.failure.retry_after or 0.5 * 2**attempt
            await asyncio.sleep(min(asked, _LONGEST_WAIT) * self._dice.uniform(0.7, 1.0))
        return None


def _compare(file: _File, text: str) -> None:
    expected = heard_in(file.content)
    if text != expected:
        file.sent.wrong = f"{text!r} was answered where {expected!r} was said"


def _raise_for(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise ApiError(
            answer.status_code, refusal(answer.status_code, answer.headers, answer.content)
        )
