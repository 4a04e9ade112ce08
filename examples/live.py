"""Print the words of a recording while it plays: `python examples/live.py recording.wav`."""

import asyncio
import os
import sys
from pathlib import Path

from utter_transcribe.audio import decode, in_thread, paced
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.events import Event, Words
from utter_transcribe.live import LiveTranscription


def show(event: Event) -> None:
    """Print the transcript so far whenever it grows."""
    if isinstance(event, Words):
        print(event.text)


async def main(recording: Path) -> None:
    """Stream a file as a microphone would."""
    user = AnonymousUser(os.environ["SUPABASE_URL"], os.environ["SUPABASE_PUBLISHABLE_KEY"])
    url = os.environ.get("UTTER_REALTIME_URL", "ws://127.0.0.1:8790")
    live = LiveTranscription(url, user, on_event=show)
    result = await live.run(paced(in_thread(decode(recording))))
    print(result.status, result.text)


asyncio.run(main(Path(sys.argv[1])))
