"""What runs in a worker's process: one live session or one file, then the end.

A crash in native code takes a process down, and some libraries hold the GIL while they decode:
so every session has a process of its own. The end of its socket is its end: none outlives the
server, however that one ended.
"""

import json
import os
import socket
from contextlib import suppress

from local_stack.provider.generated.reader import UnreadableError
from local_stack.provider.offline.audio import BYTES_PER_SECOND, read_audio
from local_stack.provider.offline.frames import Inbox, Job, Kind, pack
from local_stack.provider.offline.hearing import Hearing

_FILE_NICENESS = 10
"""A file waits for the live sessions, which have a person before them."""


def work(job: Job, hearing: Hearing, link: socket.socket) -> None:
    """Do one job."""
    if job is Job.LIVE:
        _hear_live(hearing, link)
    else:
        with suppress(OSError):
            os.nice(_FILE_NICENESS)
        _hear_file(hearing, link, words=job is Job.FILE_WITH_WORDS)


def _hear_live(hearing: Hearing, link: socket.socket) -> None:
    """Hear audio as it comes, until it ends."""
    live, inbox, heard = hearing.live(), Inbox(link), 0
    while messages := inbox.take():
        for kind, payload in messages:
            if kind is Kind.AUDIO:
                for text in live.hear(payload):
                    _tell(link, Kind.TEXT, text)
                heard += len(payload)
                _tell(link, Kind.HEARD, heard)
            elif text := live.flush():
                _tell(link, Kind.TEXT, text)
            if kind is Kind.END:
                _tell(link, Kind.DONE, heard / BYTES_PER_SECOND)
                return


def _hear_file(hearing: Hearing, link: socket.socket, *, words: bool) -> None:
    """Hear one file, which comes whole."""
    messages = Inbox(link).take()
    if not messages:
        return
    try:
        pcm = read_audio(messages[0][1])
    except UnreadableError as error:
        _tell(link, Kind.UNREADABLE, str(error))
        return
    for utterance in hearing.file(pcm, words=words):
        _tell(link, Kind.UTTERANCE, utterance)
    _tell(link, Kind.DONE, len(pcm) / BYTES_PER_SECOND)


def _tell(link: socket.socket, kind: Kind, content: object) -> None:
    link.sendall(pack(kind, json.dumps(content).encode()))
