"""What people were told, and whether it was true."""

from collections.abc import Iterator, Mapping, Sequence

from chaos.fleet import Process
from chaos.invariants.broken import Broken, Law
from chaos.observations import Line, Recording, Sent
from chaos.speech import Ear, transcript
from shared_schema.errors import ERRORS, ErrorCode


def of_recordings(recordings: Sequence[Recording], ears: Sequence[Ear]) -> Iterator[Broken]:
    """A recording comes to an end; one that is complete was heard and told whole."""
    heard: dict[int, list[Ear]] = {}
    for ear in ears:
        if ear.recording is not None:
            heard.setdefault(ear.recording, []).append(ear)
    for recording in recordings:
        result = recording.result
        sessions = " ".join(result.session_ids) if result is not None else ""
        name = f"recording {recording.number} ({sessions})"
        if result is None:
            yield Broken(Law.ENDS, f"{name} has no end")
        elif result.status == "partial":
            if result.failure is None or not result.failure.message:
                yield Broken(Law.ENDS, f"{name} is partial, without a reason")
        elif result.reason is not None:
            yield Broken(Law.COMPLETE, f"{name} is complete, but was cut: {result.reason}")
        else:
            yield from _whole(name, recording, heard.get(recording.number, []))
            expected = transcript(recording.number, recording.frames)
            if result.text.split() != expected:
                where = _difference(result.text.split(), expected)
                yield Broken(Law.COMPLETE, f"{name}: {where}")


def _whole(name: str, recording: Recording, ears: Sequence[Ear]) -> Iterator[Broken]:
    """Every byte of a recording was heard in some session."""
    reached = 0
    for ear in sorted(ears, key=lambda ear: ear.begin):
        if ear.torn:
            yield Broken(Law.COMPLETE, f"{name}: a session heard it with a hole")
        if ear.begin > reached:
            break
        reached = max(reached, ear.end)
    if reached < recording.size:
        seconds = (recording.size - reached) / 32_000
        yield Broken(Law.COMPLETE, f"{name}: {seconds:.2f} s were never heard, from {reached} on")


def _difference(told: Sequence[str], expected: Sequence[str]) -> str:
    missing = [word for word in expected if word not in told]
    foreign = [word for word in told if word not in expected]
    if missing or foreign:
        return f"{len(missing)} of {len(expected)} words are missing, {len(foreign)} are foreign"
    return f"{len(told)} words arrived where {len(expected)} were said, or in another order"


def of_files(files: Sequence[Sent]) -> Iterator[Broken]:
    """A file is answered truly, or given up for a reason."""
    for sent in files:
        name = f"{sent.what} of {sent.milliseconds} ms"
        if sent.wrong is not None:
            yield Broken(Law.COMPLETE, f"{name}: {sent.wrong}")
        if sent.failure is not None and not sent.failure.message:
            yield Broken(Law.ENDS, f"{name}: refused without a word")


def of_lines(
    lines: Sequence[Line], passed: Mapping[str, int], bridges: Sequence[Process]
) -> Iterator[Broken]:
    """The protocol holds on every socket, but where its bridge was killed under it.

    Args:
        lines: What came on each.
        passed: The port of the bridge that each was passed to, by the key of its handshake.
        bridges: All.
    """
    for line in lines:
        fault = _wrong_order(line)
        if fault is None and not line.left and line.refused is None:
            fault = _no_good_bye(line)
            if fault is not None and _killed(line, passed.get(line.key), bridges):
                fault = None
        if fault is not None:
            told = " ".join(kind for kind in line.types if kind not in {"delta", "ack"})
            yield Broken(Law.ENDS, f"one who {line.manner}: {fault} (told: {told})")


def _wrong_order(line: Line) -> str | None:
    """Return what is wrong with the order of the messages that came, if anything is."""
    types = line.types
    if types.count("final") > 1 or types.count("error") > 1 or types.count("ready") > 1:
        return "something was told twice"
    if "final" in types and "ready" not in types:
        return "a final came without a ready"
    last = [kind for kind in types if kind in {"final", "error"}]
    if last and types[-len(last) :] != last:
        return "something came after the end"
    return None


def _no_good_bye(line: Line) -> str | None:
    """Return what is missing at the end, if anything is."""
    if "ready" in line.types and "final" not in line.types:
        return f"no final after ready, closed with {line.close_code}"
    if "error" in line.types and line.code is not None:
        close = ERRORS[ErrorCode(line.code)].close
        if line.close_code != close:
            return f"{line.code} was closed with {line.close_code}, not {close}"
        return None
    if "final" in line.types:
        return None if line.close_code == 1000 else f"a good end was closed with {line.close_code}"
    # Unreadable frames are refused by the library itself (RFC 6455, section 7.4.1).
    return None if line.close_code in {1002, 1007, 1009} else f"closed with {line.close_code}"


def _killed(line: Line, port: int | None, bridges: Sequence[Process]) -> bool:
    """Whether the bridge of a socket was killed while it was open, or there was none to be had."""
    if port is None:
        return True
    return any(
        life.killed and life.began <= line.ended and line.began <= (life.ended or line.ended)
        for bridge in bridges
        if bridge.port == port
        for life in bridge.lives
    )
