"""Forms and JSON with faults, and paths that lead elsewhere."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from edge_functions.body import from_fields, from_json
from edge_functions.caller import Caller
from edge_functions.multipart import MAX_FIELDS_BYTES, read_form
from edge_functions.storage import BUCKET, Storage
from edge_functions.uploads import Upload, Uploads
from shared_schema.batch import StoredTranscriptionRequest, TranscriptionOptions
from tests.security.fuzzing import bounded, mutated
from transcription.errors import (
    Forbidden,
    InvalidMessage,
    NotFound,
    PayloadTooLarge,
    TranscriptionError,
)
from transcription.identity.verifier import User
from transcription.settings import Settings

TYPE: Final = b"multipart/form-data; boundary=frontier"
BODY: Final = (
    b'--frontier\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n'
    b'--frontier\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n" + bytes(range(256)) + b"\r\n"
    b'--frontier\r\nContent-Disposition: form-data; name="context_bias[]"\r\n\r\nword\r\n'
    b"--frontier--\r\n"
)
JSON: Final = json.dumps(
    {"storage_path": "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01/takes/a.wav", "context_bias": ["a"]}
).encode()
LIMIT: Final = 2000
USER: Final = "6f0c8a52-6f1d-4c7c-9a63-0d9f2f3f6a01"
CALLER: Final = Caller(User(USER, False, None, 4e9), SecretStr("token"), None)


async def _pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


@given(
    body=mutated(BODY, b"\r\n--frontier", b"--frontier--\r\n", b'; name="audio"'),
    content_type=st.just(TYPE) | mutated(TYPE),
    size=st.integers(1, 600),
)
@bounded(400)
async def test_a_form_with_a_fault_is_read_or_refused(
    tmp_path: Path, body: bytes, content_type: bytes, size: int
) -> None:
    """Whatever is wrong with a form, it is read or refused in a word of ours, and no file stays."""
    with Uploads(tmp_path, max_open=1, max_bytes=LIMIT) as uploads:
        with uploads.place() as upload:
            try:
                form = await read_form(
                    _pieces(body, size),
                    content_type.decode("latin-1"),
                    file_field="audio",
                    upload=upload,
                )
                from_fields(TranscriptionOptions, form.fields)
            except (InvalidMessage, PayloadTooLarge):
                pass
            assert upload.size <= len(body)
        assert [one.name for one in uploads.folder.iterdir()] == ["lock"]


@given(mutated(JSON))
@bounded(300)
def test_json_with_a_fault_is_read_or_refused(body: bytes) -> None:
    """Whatever is wrong with JSON, it is read or refused in a word of ours."""
    with suppress(InvalidMessage):
        from_json(StoredTranscriptionRequest, body)


@pytest.mark.parametrize(
    "filling",
    [
        b"\r\n--frontie",
        b"\r\n--frontier",
        b"\r\n" * 6,
        b"\r\n--frontier\r\n\r\n",
        b"\r\n--frontier\r\nA: b\r\n\r\n",
        b"\r",
    ],
)
async def test_no_form_costs_more_than_its_bytes(tmp_path: Path, filling: bytes) -> None:
    """A megabyte of what looks almost like the end of a part is read as soon as any other."""
    head = BODY[: BODY.index(bytes(range(256)))]
    body = head + filling * (1_000_000 // len(filling))
    began = time.process_time()
    with (
        Uploads(tmp_path, max_open=1, max_bytes=2_000_000) as uploads,
        uploads.place() as upload,
        pytest.raises(InvalidMessage),
    ):
        await read_form(_pieces(body, 65_536), TYPE.decode(), file_field="audio", upload=upload)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("where", ["name", "value"])
async def test_a_header_in_a_form_does_not_fill_the_memory(tmp_path: Path, where: str) -> None:
    """The head of a part is bounded, however it grows."""
    start = b"--frontier\r\n" + (b"" if where == "name" else b"X: ")
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        yield start
        while True:
            seen += 1000
            yield b"x" * 1000

    with (
        Uploads(tmp_path, max_open=1, max_bytes=LIMIT) as uploads,
        uploads.place() as upload,
        pytest.raises(InvalidMessage),
    ):
        await read_form(endless(), TYPE.decode(), file_field="audio", upload=upload)
    assert seen < MAX_FIELDS_BYTES


SETTINGS: Final = Settings(
    _env_file=None,
    supabase_url="http://supabase.test",
    supabase_publishable_key="sb_publishable_test",
    supabase_secret_key=SecretStr("sb_secret_test"),
)
_words = st.text(max_size=12) | st.sampled_from(
    (USER, USER.upper(), "takes", "..", ".", "", "%2e%2e", "http:", "evil.test", "a.wav", "a\r\nb")
)
_paths = st.lists(_words, max_size=6).map("/".join) | mutated(f"{USER}/takes/a.wav".encode()).map(
    lambda path: path.decode("latin-1")
)


@given(_paths)
@bounded(400)
async def test_a_path_leads_to_ones_own_recordings_or_nowhere(path: str) -> None:
    """Whatever path is named, nothing but an object of the caller's own is ever fetched."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": "http://169.254.169.254/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        storage = Storage(SETTINGS, http)
        with pytest.raises(TranscriptionError) as refusal:
            await storage.download(path, CALLER, Upload(Path("never"), max_bytes=1))
    if not asked:
        assert isinstance(refusal.value, Forbidden | NotFound)
        return
    [request] = asked
    assert request.method == "GET"
    assert (
        str(request.url) == f"http://supabase.test/storage/v1/object/authenticated/{BUCKET}/{path}"
    )
    owner, folder, name = path.split("/")
    assert UUID(owner) == UUID(USER)
    assert folder.isascii()
    assert name.isascii()
    assert request.headers["Authorization"] == "Bearer token"
