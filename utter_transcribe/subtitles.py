"""A transcript as subtitles: SubRip (SRT) and WebVTT."""

from collections.abc import Iterable, Iterator

from shared_schema.batch import Segment, Transcription, Word


def srt(transcription: Transcription) -> str:
    """Return SubRip: numbered cues, times with a comma."""
    cues = (
        f"{number}\n{_time(part.start, ',')} --> {_time(part.end, ',')}\n{_text(part)}\n"
        for number, part in enumerate(_parts(transcription), 1)
    )
    return "\n".join(cues)


def vtt(transcription: Transcription) -> str:
    """Return WebVTT (W3C): a head, then cues; speakers are voices."""
    return "\n".join(("WEBVTT\n", *_cues(_parts(transcription))))


def _cues(parts: Iterable[Segment | Word]) -> Iterator[str]:
    for part in parts:
        # A cue's text is markup (section 4.2.2): these two would begin some.
        text = part.text.strip().replace("&", "&amp;").replace("<", "&lt;")
        who = f"<v {part.speaker}>" if isinstance(part, Segment) and part.speaker else ""
        yield f"{_time(part.start, '.')} --> {_time(part.end, '.')}\n{who}{text}\n"


def _parts(transcription: Transcription) -> tuple[Segment | Word, ...]:
    """Return what has times; the whole as one part where a time is missing."""
    found = transcription.segments or transcription.words or ()
    if found and all(None not in (part.start, part.end) for part in found):
        return found
    if not transcription.text:
        return ()
    return (Segment(text=transcription.text, start=0, end=transcription.duration_seconds),)


def _text(part: Segment | Word) -> str:
    who = f"{part.speaker}: " if isinstance(part, Segment) and part.speaker else ""
    return f"{who}{part.text.strip()}"


def _time(seconds: float | None, mark: str) -> str:
    milliseconds = round((seconds or 0.0) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"
