"""Bodies that are no request: each with its code, and with nothing left behind."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.world import Target
from tests.edge_functions.test_bad_input import part
from tests.edge_functions.world import PATH, half_an_upload, problem
from tests.local_stack.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", FORM, "invalid_message"),
        (b"--x--\r\n", FORM, "invalid_message"),
        (b"what", FORM, "invalid_message"),
        (b"--x--\r\n", "multipart/form-data", "invalid_message"),
        (b"--x\r\n\r\nwhat\r\n--x--\r\n", FORM, "invalid_message"),
        (b"RIFF....WAVE", "audio/wav", "invalid_message"),
        (b"a=1", "application/x-www-form-urlencoded", "invalid_message"),
        (b"{}", "", "invalid_message"),
        (b"{}", "application/json", "invalid_message"),
        (b"[]", "application/json", "invalid_message"),
        (b"null", "application/json", "invalid_message"),
        (b"{", "application/json", "invalid_message"),
        (b'{"storage_path": 7}', "application/json", "invalid_message"),
        (b'{"storage_path": null}', "application/json", "invalid_message"),
        (b'{"storage_path": "a/b/c", "x": 1}', "application/json", "invalid_message"),
        (b'{"storage_path": "' + b"x" * 270_000 + b'"}', "application/json", "payload_too_large"),
        (b"\xff\xfe", "application/json", "invalid_message"),
        (b'{"storage_path": "\\ud800aa"}', "application/json", "invalid_message"),
        (b'{"storage_path": "a/b/c", "context_bias": "x"}', "application/json", "invalid_message"),
        (b'{"__proto__": {"storage_path": "a/b/c"}}', "application/json", "invalid_message"),
    ],
)
async def test_malformed_bodies_are_refused(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    body: bytes,
    content_type: str,
    code: str,
) -> None:
    """What is no form with a file and no JSON with a path is refused, whatever it is."""
    headers = {"Content-Type": content_type} if content_type else {}
    told = problem(await http.post(PATH, content=body, headers=headers))
    assert told.code == code
    await target.has_nothing_of(ada)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([part('form-data; name="audio"; filename="a"')] * 2, "invalid_message"),
        ([part('form-data; name="other"; filename="a"')], "invalid_message"),
        ([part('form-data; filename="a"')], "invalid_message"),
        ([part("attachment")], "invalid_message"),
        ([part('form-data; name="language"', b"\xff")], "invalid_message"),
        ([part('form-data; name="language"', b"x" * 270_000)], "payload_too_large"),
        ([part(f'form-data; name="f{n}"', b"x" * 100_000) for n in range(6)], "payload_too_large"),
        ([part(f'form-data; name="f{n}"') for n in range(1200)], "invalid_message"),
        ([part('form-data; name="language"')], "invalid_message"),
    ],
    ids=[
        "two files",
        "file in another field",
        "no name",
        "no form-data",
        "no UTF-8",
        "large field",
        "large fields",
        "many fields",
        "no file",
    ],
)
async def test_odd_forms_are_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, parts: list[bytes], code: str
) -> None:
    """A form holds one file, in its field, and a few short fields."""
    body = b"".join(parts) + b"--x--\r\n"
    told = problem(await http.post(PATH, content=body, headers={"Content-Type": FORM}))
    assert told.code == code
    await target.has_nothing_of(ada)


@pytest.mark.parametrize(
    ("boundary", "before"),
    [
        *(("' x'", ""), ('" x"', ""), ('"x "', ""), ("x" * 1000, ""), ("x" * 71, ""), ("", "")),
        *(("x", "preamble\r\n"), ("x", "\r\n"), ("\u00e9", ""), ("x; boundary=y", "")),
        *(('"x', ""), ("a,b{", "")),
    ],
)
async def test_a_form_has_one_reading(
    *,
    target: Target,
    http: httpx.AsyncClient,
    ada: Person,
    speech: bytes,
    boundary: str,
    before: str,
) -> None:
    """A boundary that readers would cut differently, and what stands before it, is refused."""
    plain = boundary.strip("\"'").partition(";")[0].encode()
    body = part('form-data; name="audio"; filename="a.wav"', speech).replace(
        b"--x", b"--" + plain, 1
    )
    content = before.encode() + body + b"--" + plain + b"--\r\n"
    headers = [(b"Content-Type", f"multipart/form-data; boundary={boundary}".encode("latin-1"))]
    told = problem(await http.post(PATH, content=content, headers=headers))
    assert (told.status, told.code) == (422, "invalid_message")
    assert target.provider.requests == []
    await target.has_nothing_of(ada)


async def test_what_a_file_is_called_does_not_matter(
    http: httpx.AsyncClient, speech: bytes
) -> None:
    """A file's name may be no name, and its extended form is passed over (RFC 7578, 4.2)."""
    headers = {"Content-Type": FORM}
    for name in ("filename*=UTF-8''%ff", 'filename=""', 'filename="C:\\x\\\xe9.wav"'):
        body = part(f'form-data; name="audio"; {name}', speech) + b"--x--\r\n"
        response = await http.post(PATH, content=body, headers=headers)
        assert response.status_code == 200, response.text


async def test_a_form_cut_short_is_refused(
    target: Target, http: httpx.AsyncClient, ada: Person, speech: bytes
) -> None:
    """A form without its end is not taken for a whole one, though its file could be read."""
    body = part('form-data; name="audio"; filename="a.wav"', speech)
    told = problem(await http.post(PATH, content=body, headers={"Content-Type": FORM}))
    assert told.code == "invalid_message"
    assert target.provider.requests == []
    await target.has_nothing_of(ada)


async def test_a_form_in_small_pieces_is_read(
    target: Target, http: httpx.AsyncClient, speech: bytes
) -> None:
    """Where the network cuts a form is no matter: the file arrives byte for byte."""
    # A file that holds what looks like the beginning of the end.
    file = speech[:-60] + b"\r\n--" + b"\r\n--\r\r\n-" * 4 + speech[-20:]
    body = part('form-data; name="audio"; filename="a.wav"', file) + b"--x--\r\n"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1777):
            yield body[start : start + 1777]

    response = await http.post(PATH, content=pieces(), headers={"Content-Type": FORM})
    assert response.status_code == 200, response.text
    assert target.provider.requests[-1].data == file


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(
    target: Target, ada: Person
) -> None:
    """Half an upload is forgotten when its sender is gone."""
    writer = await half_an_upload(target.port, await ada.token(), PATH)
    writer.transport.abort()
    async with target.signed_in(ada) as http:
        assert (await http.get("/api/usage")).status_code == 200
    assert target.provider.requests == []
    assert await target.usage_of(ada) == []
    await target.has_nothing_of(ada)
