"""What runs in a worker's process: one live session or one file, then the end.

Decoding holds the GIL, and a crash in native code takes a process down: so every session has a
process of its own. The end of its socket is its end: none outlives the server, however that
one ended.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping

from local_stack.provider.reader import UnreadableError
from local_stack.provider.sphinx.decoders import file_decoder, live_decoder
from local_stack.provider.sphinx.file import read_audio, recognise
from local_stack.provider.sphinx.frames import Job, Kind, pack, read
from local_stack.provider.sphinx.live import LiveRecogniser
from local_stack.provider.sphinx.pcm import BYTES_PER_SECOND
from local_stack.provider.sphinx.words import Word


def hear_live(link: socket.socket) -> None:
    """Recognise audio as it comes, until it ends."""
    recogniser = LiveRecogniser(live_decoder())
    with link.makefile("rb") as stream:
        while (message := read(stream)) is not None:
            kind, payload = message
            _tell(link, recogniser.hear(payload) if kind is Kind.AUDIO else recogniser.flush())
            if kind is Kind.END:
                link.sendall(pack(Kind.DONE))
                return


def hear_file(link: socket.socket) -> None:
    """Recognise one file, which comes whole."""
    with link.makefile("rb") as stream:
        message = read(stream)
    if message is None:
        return
    try:
        pcm = read_audio(message[1])
    except UnreadableError as error:
        link.sendall(pack(Kind.UNREADABLE, json.dumps(str(error)).encode()))
        return
    for words in recognise(file_decoder(), pcm):
        _tell(link, words)
    link.sendall(pack(Kind.DONE, json.dumps(len(pcm) / BYTES_PER_SECOND).encode()))


JOBS: Mapping[Job, Callable[[socket.socket], None]] = {Job.LIVE: hear_live, Job.FILE: hear_file}


def _tell(link: socket.socket, words: list[Word]) -> None:
    if words:
        link.sendall(pack(Kind.WORDS, json.dumps(words).encode()))
