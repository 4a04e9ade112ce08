"""Moonshine as a worker's ear."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from moonshine_voice import ModelArch, Transcriber, get_assets_path
from moonshine_voice.errors import MoonshineError

from local_stack.provider.moonshine.alignment import align
from local_stack.provider.moonshine.append_only import settled
from local_stack.provider.moonshine.lines import Line, Lines
from local_stack.provider.moonshine.live import UPDATE_SECONDS, LiveHearing
from local_stack.provider.offline.audio import BYTES_PER_SECOND
from local_stack.provider.offline.hearing import Utterance
from local_stack.provider.offline.models import SPACELESS, Model

_SAMPLE = Path(__file__).parents[2] / "samples" / "short.wav"
_WAV_HEAD_BYTES = 44
_FILE_STEP_BYTES = 20 * BYTES_PER_SECOND

_OPTIONS = {
    "return_audio_data": "false",  # else every update copies it into a list
    "transcription_interval": "0.05",  # else an update within half a second does nothing
    # The open line is decoded again at each update, so its length is what one costs.
    "vad_max_segment_duration": "15",
}
_CUTTING = {"skip_transcription": "true"}
_DECODING = {"vad_threshold": "0", "vad_max_segment_duration": "60"}  # it is given one line


class MoonshineHearing:
    """Hears people, with case and punctuation.

    Args:
        model: What to load.
        clock: Seconds that an update takes.
    """

    def __init__(self, model: Model, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._model = model
        self._separator = "" if model.language in SPACELESS else " "
        self._stream: Any = None
        self._decoder: Any = None

    def load(self) -> float:
        """Load the model and hear a sample: that measures it, and readies what forks share."""
        # Threads do not survive a fork, and sessions share the cores among themselves.
        os.environ["MOONSHINE_ORT_SINGLE_THREAD"] = "1"
        if self._model.architecture.endswith("streaming"):  # it goes on where it was
            self._stream = self._load({})
        else:
            self._stream = self._load(_CUTTING)
            self._decoder = self._load(_DECODING)
        pcm = _SAMPLE.read_bytes()[_WAV_HEAD_BYTES:]
        live, step = self.live(), round(UPDATE_SECONDS * BYTES_PER_SECOND)
        began = time.process_time()
        for at in range(0, len(pcm), step):
            for _ in live.hear(pcm[at : at + step]):
                pass
        live.flush()
        return (time.process_time() - began) / (len(pcm) / BYTES_PER_SECOND)

    def live(self) -> LiveHearing:
        """Begin a live session."""
        return LiveHearing(partial(self._begin, live=True), self._separator, self._clock)

    def file(self, pcm: bytes, *, words: bool) -> Iterator[Utterance]:
        """Hear a whole file, line by line."""
        lines = self._begin(live=False)
        for at in range(0, len(pcm), _FILE_STEP_BYTES):
            lines.add(pcm[at : at + _FILE_STEP_BYTES])
            for line in lines.update():
                if line.finished and line.text.strip():
                    yield self._utterance(lines, line, words=words)
        for line in lines.close():
            if line.text.strip():
                yield self._utterance(lines, line, words=words)

    def _load(self, options: dict[str, str]) -> Any:
        bundled = Path(get_assets_path()) / "tiny-en"
        try:
            return Transcriber(
                self._model.folder or str(bundled),
                ModelArch[self._model.architecture.upper().replace("-", "_")],
                options=_OPTIONS | options,
            )
        except (MoonshineError, OSError) as error:
            where = self._model.folder or bundled
            named = f"no {self._model.architecture} model in {where}"
            raise RuntimeError(f"{named}: {error}") from error

    def _begin(self, *, live: bool) -> Lines:
        return Lines(self._stream, self._decoder, live=live)

    def _utterance(self, lines: Lines, line: Line, *, words: bool) -> Utterance:
        text = settled(line.text)
        timed = align(text, lines.audio(line), line.start, line.end) if words else ()
        return Utterance(text, round(line.start, 2), round(line.end, 2), timed)
