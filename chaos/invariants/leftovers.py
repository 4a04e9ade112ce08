"""What is left when nothing is under way: in the replicas, in storage, in the logs."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from chaos.fleet import Process
from chaos.fleet.stack import Row
from chaos.invariants.broken import Broken, Law
from chaos.observations import Sent, Voice
from chaos.rest import Rest

KEPT_ALIVE: Final = 20
"""Connections that a balancer may keep to one of the functions, or that to its provider."""
NOISE_BYTES: Final = 3 * 2**20
"""By how much the memory of a process may differ that does the same as before."""
_BUGS: Final = frozenset({"internal_error", "tick_failed", "settlement_of_no_session"})

OBJECTS: Final = "select name from storage.objects where bucket_id = 'reference-audio'"
VOICES: Final = "select id::text, user_id::text, status, storage_path from public.voices"


def of_replicas(
    at_first: Mapping[str, Rest], at_rest: Sequence[Rest], heard: int, uploads: Sequence[str]
) -> Iterator[Broken]:
    """A replica at rest holds what it held when it had just begun.

    Args:
        at_first: Each when it was new, by name.
        at_rest: Each now.
        heard: Sessions that the provider has open.
        uploads: Files that the functions still keep.
    """
    if heard:
        yield Broken(Law.NOTHING_LEFT, f"{heard} sessions with the provider")
    for name in uploads:
        yield Broken(Law.NOTHING_LEFT, f"the upload {name}")
    for now in at_rest:
        first = at_first[now.name]
        bridge = now.name.startswith("bridge")
        most = 0 if bridge else KEPT_ALIVE
        problems = [*now.busy]
        if now.clients > most:
            problems.append(f"{now.clients} connections of clients")
        if now.upstreams > most:
            problems.append(f"{now.upstreams} connections to the provider")
        if now.tasks > first.tasks:
            problems.append(f"{now.tasks} tasks, {first.tasks} at first")
        if now.files > first.files:
            problems.append(f"{now.files} files, {first.files} at first")
        if now.left:
            problems.append(f"processes of former lives: {now.left}")
        if problems:
            yield Broken(Law.NOTHING_LEFT, f"{now.name}: {'; '.join(problems)}")


def of_memory(rounds: Sequence[Sequence[Rest]]) -> Iterator[Broken]:
    """The memory of a process that lived through all rounds does not grow from each to the next."""
    for name in [rest.name for rest in rounds[0]]:
        found = [rest for one in rounds for rest in one if rest.name == name]
        sizes = [rest.memory for rest in found]
        steps = [after - before for before, after in pairwise(sizes)]
        if len({rest.life for rest in found}) == 1 and min(steps, default=0) > NOISE_BYTES:
            shown = ", ".join(f"{size / 2**20:.1f}" for size in sizes)
            yield Broken(Law.MEMORY, f"{name}: {shown} MiB after each round")


def of_objects(
    rows: Sequence[Row],
    objects: Sequence[str],
    blobs: int,
    voices: Sequence[Voice],
    files: Sequence[Sent],
) -> Iterator[Broken]:
    """After a sweep there are voices that are whole, their recordings, and nothing else.

    Args:
        rows: Of the table of voices.
        objects: Names in the bucket.
        blobs: How many of them have bytes.
        voices: What people know of.
        files: What people sent.
    """
    paths = {row["storage_path"] for row in rows}
    for row in rows:
        if row["status"] != "ready":
            yield Broken(Law.NOTHING_LEFT, f"voice {row['id']} is {row['status']}")
    for name in objects:
        if name not in paths:
            yield Broken(Law.NOTHING_LEFT, f"object {name} has no owner")
    for path in paths - set(objects):
        yield Broken(Law.COMPLETE, f"the recording {path} of a voice is gone")
    if blobs != len(objects):
        yield Broken(Law.NOTHING_LEFT, f"{blobs} blobs for {len(objects)} objects")
    stored = {row["id"] for row in rows}
    known = {voice.id for voice in voices}
    for voice in voices:
        if voice.surely and (voice.id in stored) == voice.deleted:
            word = "still there" if voice.deleted else "gone"
            yield Broken(Law.COMPLETE, f"voice {voice.id} is {word}")
    unsure = sum(sent.what == "clone" and sent.failure is not None for sent in files)
    if len(stored - known) > unsure:
        yield Broken(Law.COMPLETE, f"{len(stored - known)} voices without a request")


def of_logs(replicas: Sequence[Process]) -> Iterator[Broken]:
    """No replica has met what it does not know, or written what is no log line."""
    for process in replicas:
        for number, life in enumerate(process.lives, 1):
            for event in life.events():
                if event.get("event") in _BUGS:
                    yield Broken(Law.NO_BUGS, f"{process.name}, life {number}: {event}")
            for line in life.log.read_text(errors="replace").splitlines():
                if line and not line.startswith("{"):
                    yield Broken(Law.NO_BUGS, f"{process.name}, life {number}: {line}")
                    break
