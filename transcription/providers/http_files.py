"""The batch half of a provider whose wire is that of OpenAI's, more or less.

How a form is written and an answer read is each provider's own. How a file is sent, when again, and
how long all of it may take is the same for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import IO, Final

import httpx2

from transcription.providers.base import (
    AudioFile,
    FileEvent,
    FileOptions,
    TranscriptionResult,
)
from transcription.providers.calls import Calls, Form, by

_PATH: Final = "/v1/audio/transcriptions"


class HttpFiles(Calls, ABC):
    """Transcribes whole files with a provider; made as its calls are."""

    @abstractmethod
    def _form(
        self, audio: AudioFile, options: FileOptions, file: IO[bytes], *, stream: bool
    ) -> Form:
        """Return what to send."""

    @abstractmethod
    async def _result(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> TranscriptionResult:
        """Return what an answer with status 200 says.

        Raises:
            ProviderUnavailable: it breaks off, is too large, or not what was promised.
        """

    @abstractmethod
    def _events(
        self, response: httpx2.Response, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Iterate over server-sent events up to and with the result.

        Raises:
            ProviderError: the provider reports an error, or breaks off before it was done.
        """

    async def transcribe_file(self, audio: AudioFile, options: FileOptions) -> TranscriptionResult:
        """Transcribe a whole file.

        Raises:
            ProviderError: the provider cannot be reached, refuses, or takes too long.
        """
        deadline = self.deadline()
        form = partial(self._form, audio, options, stream=False)
        sent = await self.send(_PATH, audio, form, stream=False, deadline=deadline)
        async with aclosing(sent) as response:
            return await by(deadline, self._result(response, audio, options))

    async def stream_file(
        self, audio: AudioFile, options: FileOptions
    ) -> AsyncGenerator[FileEvent, None]:
        """Transcribe a whole file and tell the text as it comes; the result is last.

        Raises:
            ProviderError: the provider cannot be reached, refuses, takes too long, or breaks off.
        """
        deadline = self.deadline()
        form = partial(self._form, audio, options, stream=True)
        sent = await self.send(_PATH, audio, form, stream=True, deadline=deadline)
        async with (
            aclosing(sent) as response,
            aclosing(self._events(response, audio, options)) as events,
        ):
            while (event := await by(deadline, anext(events, None))) is not None:
                yield event
