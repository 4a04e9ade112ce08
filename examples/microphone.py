"""Print the words that a microphone hears: `python examples/microphone.py`; Ctrl-C ends it."""

import asyncio
import os
import shutil
import signal
import subprocess
from typing import BinaryIO, cast

from utter_transcribe.audio import in_thread, read_stream
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.events import Event, Reconnecting, Words
from utter_transcribe.live import LiveTranscription

# Raw PCM as the protocol wants it, by whichever recorder there is: ALSA's, or SoX's.
RECORDERS = (
    "arecord -q -t raw -f S16_LE -r 16000 -c 1",
    "rec -q -t raw -e signed -b 16 -r 16000 -c 1 -",
)


def show(event: Event) -> None:
    """Print the transcript so far whenever it grows."""
    if isinstance(event, Words):
        print(event.text)
    elif isinstance(event, Reconnecting):
        print(f"({event.failure.message}: still recording)")


async def transcribe(pcm: BinaryIO) -> None:
    """Record until Ctrl-C, then wait for the last words."""
    user = AnonymousUser(os.environ["SUPABASE_URL"], os.environ["SUPABASE_PUBLISHABLE_KEY"])
    url = os.environ.get("UTTER_REALTIME_URL", "ws://127.0.0.1:8790")
    live = LiveTranscription(url, user, on_event=show)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, live.stop)
    result = await live.run(in_thread(read_stream(pcm)))
    print(result.status, result.text)


command = next(one.split() for one in RECORDERS if shutil.which(one.split()[0]))
# In a session of its own, so that Ctrl-C stops the recording here and not the recorder.
recorder = subprocess.Popen(  # noqa: S603 - one of the two above
    command, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
)
with recorder:
    asyncio.run(transcribe(cast("BinaryIO", recorder.stdout)))
    recorder.terminate()
