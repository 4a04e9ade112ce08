"""`GET /api/voices/{voice_id}/bundle`: a voice as a file that any cloning engine takes."""

import asyncio
import hashlib
import shutil
from contextlib import AsyncExitStack
from datetime import UTC
from pathlib import Path
from typing import Annotated, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fastapi import APIRouter, Query
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems
from edge_functions.services import ServicesOf
from edge_functions.uploads import Upload, disk_errors
from edge_functions.voice_table import VoiceRow
from edge_functions.voices import VoiceId, ready_voice
from shared_schema.bundles import (
    MEDIA_TYPE,
    BundleManifest,
    Measures,
    ReferenceText,
    ReferenceWav,
    Window,
)
from shared_schema.errors import ErrorCode
from shared_schema.presets import BY_ID, PresetId, ReferencePreset, reference_text
from transcription.audio.reference import Reference
from transcription.errors import InvalidAudio

_C = ErrorCode
_REFUSALS: Final = problems(
    *ANYWHERE,
    *(_C.INVALID_MESSAGE, _C.NOT_FOUND, _C.INVALID_AUDIO, _C.UNSUPPORTED_AUDIO),
    *(_C.PAYLOAD_TOO_LARGE, _C.RATE_LIMITED, _C.CAPACITY, _C.DRAINING, _C.BACKEND_UNAVAILABLE),
)

router = APIRouter(prefix="/api/voices")


@router.get(
    "/{voice_id}/bundle",
    operation_id="downloadBundle",
    summary="Download a voice for a cloning engine",
    response_class=FileResponse,
    responses={
        200: {
            "description": "`reference.wav`, `reference.txt` and `manifest.json` (BundleManifest).",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
        **_REFUSALS,
    },
)
async def get_bundle(
    voice_id: VoiceId,
    caller: CallerOf,
    services: ServicesOf,
    preset: Annotated[
        PresetId | None, Query(description="The engine; the deployment's own by default.")
    ] = None,
) -> FileResponse:
    """A zip with the recording as the engine wants it, its text, and what is known of both.

    A recording that is longer than the engine takes is refused (`invalid_audio`): cut by the
    clock, it would no longer go with its text.
    """
    row = await ready_voice(voice_id, caller, services)
    wanted = BY_ID[preset or services.shell.settings.reference_preset]
    _check_length(row, wanted)
    async with AsyncExitStack() as stack:
        stack.enter_context(services.in_flight.begun())
        upload = stack.enter_context(services.uploads.place(*caller.origin))
        await services.storage.download(row.storage_path, caller, upload)
        most = wanted.max_seconds if wanted.strict else row.duration_seconds
        reference = await services.inspector.reference(
            *(upload.path, upload.copy, *caller.origin), rate=wanted.sample_rate, max_seconds=most
        )
        with disk_errors():
            await asyncio.to_thread(_pack, upload, row, wanted, reference)
        name = f"voice-{str(row.id)[:8]}-{wanted.id}.zip"
        return _Bundle(upload.path, name, stack.pop_all())


class _Bundle(FileResponse):
    """A file that is there until it is sent."""

    def __init__(self, path: Path, name: str, held: AsyncExitStack) -> None:
        super().__init__(path, media_type=MEDIA_TYPE, filename=name)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


def _check_length(row: VoiceRow, preset: ReferencePreset) -> None:
    """Refuse a recording that is longer than the engine takes."""
    if preset.strict and row.duration_seconds > preset.max_seconds:
        raise InvalidAudio(
            f"The recording lasts {row.duration_seconds:g} s; {preset.title} takes at most "
            f"{preset.max_seconds:g} s. Store a shorter part with its text as a voice."
        )


def _pack(upload: Upload, row: VoiceRow, preset: ReferencePreset, reference: Reference) -> None:
    """Write the zip in the place of the recording. The same voice gives the same bytes."""
    text = reference_text(row.transcript, preset).encode()
    with upload.copy.open("rb") as wav:
        digest = hashlib.file_digest(wav, "sha256").hexdigest()
    audio = ReferenceWav(
        sha256=digest,
        bytes=upload.copy.stat().st_size,
        sample_rate=reference.sample_rate,
        duration_seconds=reference.duration_seconds,
        measures=Measures(**reference.measures),
    )
    manifest = BundleManifest(
        preset=preset.id,
        voice_id=str(row.id),
        name=row.name,
        language=row.language,
        created_at=row.created_at,
        consent=row.consent,
        consent_at=row.created_at if row.consent else None,
        audio=audio,
        text=ReferenceText(
            sha256=hashlib.sha256(text).hexdigest(),
            bytes=len(text),
            source=row.transcript_source,
            settled_by=row.settled_by,
        ),
        window=_window(row),
        match=row.match,
    )
    told = manifest.model_dump_json(indent=2, exclude_none=True).encode() + b"\n"
    made = row.created_at.astimezone(UTC).timetuple()[:6]
    upload.path.unlink()
    with ZipFile(upload.path, "x") as bundle:
        with bundle.open(ZipInfo(audio.file, made), "w") as member, upload.copy.open("rb") as wav:
            shutil.copyfileobj(wav, member)
        for name, content in ((manifest.text.file, text), ("manifest.json", told)):
            bundle.writestr(ZipInfo(name, made), content, ZIP_DEFLATED)


def _window(row: VoiceRow) -> Window | None:
    if row.window_start_ms is None:
        return None
    start = row.window_start_ms / 1000
    return Window(start_seconds=start, end_seconds=round(start + row.duration_seconds, 3))
