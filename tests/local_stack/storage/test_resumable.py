"""Uploads that go on after a break, as tus clients make them."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from local_stack.storage import resumable
from tests.local_stack.storage.test_routes import SOUND, _nothing_is_left
from tests.local_stack.world import BUCKET, Person, World
from tests.waiting import until

ROUTE = "/storage/v1/upload/resumable"
PIECE = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def metadata(**told: str) -> str:
    """Return an `Upload-Metadata` header."""
    return ",".join(f"{key} {base64.b64encode(one.encode()).decode()}" for key, one in told.items())


async def bearer(person: Person) -> dict[str, str]:
    """Return what a person says of themselves."""
    return {"Authorization": f"Bearer {await person.token()}"}


async def begin(
    world: World,
    person: Person,
    name: str,
    *,
    size: int = len(SOUND),
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Begin an upload."""
    told = {"bucketName": BUCKET, "objectName": name, "contentType": "audio/wav"}
    return await world.http.post(
        ROUTE,
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size)}
        | {"Upload-Metadata": metadata(**told), **await bearer(person)}
        | (headers or {}),
    )


async def test_a_file_in_pieces(world: World) -> None:
    """Pieces join to the file, each behind the one before, and the last makes the object."""
    ada = await world.anonymous()
    begun = await begin(world, ada, ada.take("a.wav"))
    assert (begun.status_code, begun.headers["upload-offset"]) == (201, "0")
    url = begun.headers["location"]
    for at in range(0, len(SOUND), 4000):
        told = await world.http.head(url, headers=await bearer(ada))
        assert told.headers["upload-offset"] == str(at)
        piece = SOUND[at : at + 4000]
        headers = {**PIECE, **await bearer(ada), "Upload-Offset": str(at)}
        answer = await world.http.patch(url, content=piece, headers=headers)
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at + len(piece)))
    assert await ada.files.download(ada.take("a.wav")) == SOUND
    [listed] = await ada.files.list(f"{ada.id}/takes")
    told = listed["metadata"]
    assert (told["size"], told["mimetype"]) == (len(SOUND), "audio/wav")
    assert (await world.http.head(url, headers=await bearer(ada))).status_code == 404
    assert await _nothing_is_left(world)


async def test_a_piece_that_breaks_off(world: World) -> None:
    """What came before a break is kept, and the upload goes on behind it; also while it hangs."""
    ada = await world.anonymous()
    url = (await begin(world, ada, ada.take("a.wav"))).headers["location"]
    cut = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield SOUND[:3000]
        await cut.wait()
        yield SOUND[3000:]

    headers = {**PIECE, **await bearer(ada), "Upload-Offset": "0"}
    hanging = asyncio.create_task(world.http.patch(url, content=body(), headers=headers))
    rest = {**PIECE, **await bearer(ada), "Upload-Offset": "3000"}
    # Until the first bytes are there, this is not where the upload is.
    status = 409
    while status == 409:
        done = await world.http.patch(url, content=SOUND[3000:], headers=rest)
        status = done.status_code
    assert status == 204
    cut.set()
    with pytest.raises((httpx.HTTPError, AssertionError)):
        assert (await hanging).status_code == 204
    assert await ada.files.download(ada.take("a.wav")) == SOUND
    assert await _nothing_is_left(world)


async def test_policies_and_limits_hold(world: World) -> None:
    """Another's folder, a kind or size that the bucket does not take: refused before a byte."""
    ada, eve = await world.anonymous(), await world.anonymous()
    assert (await begin(world, eve, ada.take("a.wav"))).status_code == 403
    assert (await begin(world, ada, ada.take("a.wav"), size=2**30)).status_code == 413
    wrong = metadata(bucketName=BUCKET, objectName=ada.take("a"), contentType="text/html")
    assert (await begin(world, ada, "x", headers={"Upload-Metadata": wrong})).status_code == 415
    none = metadata(bucketName="none", objectName="x")
    assert (await begin(world, ada, "x", headers={"Upload-Metadata": none})).status_code == 404
    assert (
        await begin(world, ada, "x", headers={"Upload-Metadata": "bucketName %%"})
    ).status_code == 400
    assert (await begin(world, ada, "x", headers={"Upload-Length": "many"})).status_code == 400
    url = (await begin(world, ada, ada.take("a.wav"))).headers["location"]
    for person, offset, content, status in (
        (eve, 0, SOUND, 404),
        (ada, 7, SOUND, 409),
        (ada, 0, SOUND + b"more", 413),
    ):
        headers = {**PIECE, **await bearer(person), "Upload-Offset": str(offset)}
        answer = await world.http.patch(url, content=content, headers=headers)
        assert answer.status_code == status
    assert (await world.http.delete(url, headers=await bearer(ada))).status_code == 204
    assert (await world.http.head(url, headers=await bearer(ada))).status_code == 404
    assert await _nothing_is_left(world)


async def test_open_uploads_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload that waited longest gives way, and leaves nothing."""
    monkeypatch.setattr(resumable, "MAX_OPEN", 2)
    ada = await world.anonymous()
    first, *_ = [
        (await begin(world, ada, ada.take(f"{number}.wav"))).headers["location"]
        for number in range(3)
    ]
    assert (await world.http.head(first, headers=await bearer(ada))).status_code == 404
    drafts = world.data_dir.storage / "drafts"
    await until(lambda: len(list(drafts.iterdir())) == 2)
