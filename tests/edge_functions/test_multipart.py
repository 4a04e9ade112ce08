"""Forms, however they are cut into pieces."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_functions.multipart import is_multipart, read_form
from edge_functions.uploads import Uploads

TYPE = "multipart/form-data; boundary=frontier"
FILE = b"--frontier\r\n--frontier--\r\n\x00\xff\r\n-" * 5
BODY = (
    b'--frontier\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n'
    b'--frontier\r\ncontent-disposition: form-data; NAME="audio"; filename="a b.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n" + FILE.replace(b"--frontier", b"--Frontier") + b"\r\n"
    b'--frontier\r\nContent-Disposition: form-data; name="context_bias"\r\n\r\nZ\xc3\xbcrich\r\n'
    b"--frontier--\r\nan epilogue"
)


async def pieces(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    """Yield a body in pieces."""
    edges = [0, *sorted({cut % len(body) for cut in cuts}), len(body)]
    for start, end in pairwise(edges):
        yield body[start:end]


@given(cuts=st.lists(st.integers(min_value=0), max_size=30))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_form_reads_the_same_however_it_is_cut(tmp_path: Path, cuts: list[int]) -> None:
    """Fields and file do not depend on where the network cut the body."""
    with Uploads(tmp_path, max_open=1, max_bytes=10_000) as uploads, uploads.place() as upload:
        form = await read_form(pieces(BODY, cuts), TYPE, file_field="audio", upload=upload)
        assert form.fields == [("language", "en"), ("context_bias", "Zürich")]
        assert form.has_file
        assert upload.path.read_bytes() == FILE.replace(b"--frontier", b"--Frontier")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (TYPE, True),
        ("Multipart/Form-Data; boundary=x", True),
        ("multipart/mixed; boundary=x", False),
        ("application/json", False),
        ("", False),
        (None, False),
    ],
)
def test_forms_are_told_by_their_type(content_type: str | None, expected: bool) -> None:
    """Only `multipart/form-data` is a form."""
    assert is_multipart(content_type) is expected
