"""Laws of files over HTTP, under the project's own bucket and policies."""

import asyncio
import hashlib
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest
from storage3.exceptions import StorageApiError

from local_stack.postgres import Postgres
from local_stack.project import Project
from local_stack.signing_keys import SigningKeys
from tests.local_stack.world import BUCKET, WAV, World, open_world
from tests.waiting import until

SOUND = b"RIFF" + bytes(range(256)) * 40


def _blobs(world: World) -> set[str]:
    return {path.name for path in (world.data_dir.storage / "blobs").iterdir()}


async def _nothing_is_left(world: World) -> bool:
    """Whether every blob has its row, and no draft stays."""
    rows = await world.execute("select version from storage.objects")
    drafts = list((world.data_dir.storage / "drafts").iterdir())
    return _blobs(world) == {row["version"] for row in rows} and not drafts


async def _status(call: Any) -> int:
    """The true status of a refused call."""
    with pytest.raises(StorageApiError) as refused:
        await call
    return int(refused.value.status)


async def test_what_was_uploaded_comes_back_byte_for_byte(world: World) -> None:
    """Upload answers with id and key; the download and its headers tell the same file."""
    ada = await world.anonymous()
    stored = await ada.files.upload(ada.take("a.wav"), SOUND, WAV)
    assert stored.full_path == f"{BUCKET}/{ada.take('a.wav')}"
    assert await ada.files.download(ada.take("a.wav")) == SOUND
    [listed] = await ada.files.list(f"{ada.id}/takes")
    told = listed["metadata"]
    assert (listed["name"], told["size"], told["mimetype"]) == ("a.wav", len(SOUND), "audio/wav")
    assert told["eTag"] == f'"{hashlib.md5(SOUND, usedforsecurity=False).hexdigest()}"'
    assert told["cacheControl"] == "max-age=3600"
    [row] = await world.execute("select owner_id, owner::text from storage.objects")
    assert row == {"owner_id": ada.id, "owner": ada.id}


async def test_two_people_never_reach_each_others_files(world: World) -> None:
    """Another's folder can be neither read, listed, signed, written nor removed."""
    ada, eve = await world.anonymous(), await world.anonymous()
    path = ada.take("a.wav")
    await ada.files.upload(path, SOUND, WAV)
    assert await _status(eve.files.download(path)) == 404
    assert await _status(eve.files.create_signed_url(path, 60)) == 404
    assert await _status(eve.files.upload(ada.take("b.wav"), SOUND, WAV)) == 403
    assert await _status(eve.files.update(path, b"hers", WAV)) == 403
    assert await eve.files.list(ada.id) == []
    assert await eve.files.list(f"{ada.id}/takes") == []
    assert await eve.files.remove([path]) == []
    assert await ada.files.download(path) == SOUND
    assert await _nothing_is_left(world)


async def test_who_is_signed_out_reaches_nothing(world: World) -> None:
    """The publishable key alone may neither read nor write."""
    ada = await world.anonymous()
    await ada.files.upload(ada.take("a.wav"), SOUND, WAV)
    files = (await world.client()).storage.from_(BUCKET)
    assert await _status(files.download(ada.take("a.wav"))) == 404
    assert await _status(files.upload(ada.take("b.wav"), SOUND, WAV)) == 403
    assert await files.list(ada.id) == []


async def test_the_service_writes_what_users_may_not(world: World) -> None:
    """A stored voice is the service's to write, and its owner's to read and not to change."""
    ada = await world.anonymous()
    files = (await world.service()).storage.from_(BUCKET)
    voice = f"{ada.id}/voices/v.wav"
    await files.upload(voice, SOUND, WAV)
    assert await ada.files.download(voice) == SOUND
    assert await _status(ada.files.update(voice, b"other", WAV)) == 403
    assert await ada.files.remove([voice]) == []


async def test_a_place_is_taken_once_unless_replaced(world: World) -> None:
    """A second upload is a duplicate; upsert and update replace the bytes and drop the old."""
    ada = await world.anonymous()
    path = ada.take("a.wav")
    await ada.files.upload(path, SOUND, WAV)
    assert await _status(ada.files.upload(path, b"two", WAV)) == 409
    await ada.files.upload(path, b"three", {**WAV, "upsert": "true"})
    assert await ada.files.download(path) == b"three"
    await ada.files.update(path, b"four", WAV)
    assert await ada.files.download(path) == b"four"
    assert len(_blobs(world)) == 1
    assert await _nothing_is_left(world)


async def test_uploads_that_race_for_a_place_leave_one_whole_file(world: World) -> None:
    """Of many at once one wins, the others are duplicates, and no bytes are left over."""
    ada = await world.anonymous()
    path = ada.take("a.wav")
    answers = await asyncio.gather(
        *(ada.files.upload(path, SOUND + bytes([n]), WAV) for n in range(8)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, StorageApiError)]
    assert len(refused) == 7
    assert {str(answer.status) for answer in refused} == {"409"}
    assert (await ada.files.download(path))[:-1] == SOUND
    assert await _nothing_is_left(world)


async def test_a_file_beyond_the_buckets_limit_is_refused_at_the_limit(
    postgres: Postgres, tmp_path: Path
) -> None:
    """One byte too many is refused in either kind of body, and nothing is left of it."""
    async with open_world(postgres, tmp_path / "w", Project(largest_file=100_000)) as world:
        ada = await world.anonymous()
        await ada.files.upload(ada.take("fits.wav"), bytes(100_000), WAV)
        assert await _status(ada.files.upload(ada.take("b.wav"), bytes(100_001), WAV)) == 413
        headers = {"Authorization": f"Bearer {await ada.token()}", "Content-Type": "audio/wav"}
        url = f"/storage/v1/object/{BUCKET}/{ada.take('c.wav')}"
        for body in (bytes(100_001), _endless()):
            answer = await world.http.post(url, content=body, headers=headers)
            assert (answer.status_code, answer.json()["statusCode"]) == (400, "413")
        assert [entry["name"] for entry in await ada.files.list(f"{ada.id}/takes")] == ["fits.wav"]
        assert await _nothing_is_left(world)


async def _endless() -> Any:
    """Chunks without a told length, far beyond the limit."""
    for _ in range(64):
        yield bytes(65_536)


async def test_the_buckets_own_limit_counts_when_it_is_smaller(world: World) -> None:
    """A bucket may take less than the project."""
    await world.execute("update storage.buckets set file_size_limit = 10")
    ada = await world.anonymous()
    await ada.files.upload(ada.take("ten.wav"), bytes(10), WAV)
    assert await _status(ada.files.upload(ada.take("eleven.wav"), bytes(11), WAV)) == 413


KINDS = [
    ("audio/wav", True),
    ("audio/webm;codecs=opus", False),
    ("text/plain", False),
    ("", False),
]


async def test_a_bucket_takes_only_its_kinds_of_file(world: World) -> None:
    """The media type must be one of the bucket's, its parameters included."""
    ada = await world.anonymous()
    token = await ada.token()
    for number, (kind, taken) in enumerate(KINDS):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        url = f"/storage/v1/object/{BUCKET}/{ada.take(f'raw{number}')}"
        raw = await world.http.post(url, content=SOUND, headers=headers)
        upload = ada.files.upload(ada.take(f"form{number}"), SOUND, {"content-type": kind})
        if taken:
            assert raw.status_code == 200
            await upload
        else:
            assert raw.json()["statusCode"] == "415", kind
            assert await _status(upload) == 415, kind
    assert await _nothing_is_left(world)


async def test_a_bucket_may_take_a_family_of_kinds(world: World) -> None:
    """`audio/*` takes every audio type with any parameters, and nothing else."""
    await world.execute("update storage.buckets set allowed_mime_types = '{audio/*}'")
    ada = await world.anonymous()
    opus: Any = {"content-type": "audio/webm;codecs=opus"}
    await ada.files.upload(ada.take("a.webm"), SOUND, opus)
    assert (
        await _status(ada.files.upload(ada.take("b"), SOUND, {"content-type": "video/webm"})) == 415
    )


async def test_a_part_of_a_file_may_be_asked_for(world: World) -> None:
    """`Range` gives those bytes with 206; a client that has the file gets 304."""
    ada = await world.anonymous()
    await ada.files.upload(ada.take("a.wav"), SOUND, WAV)
    headers = {"Authorization": f"Bearer {await ada.token()}"}
    url = f"/storage/v1/object/{BUCKET}/{ada.take('a.wav')}"
    part = await world.http.get(url, headers={**headers, "Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, SOUND[4:8])
    assert part.headers["content-range"] == f"bytes 4-7/{len(SOUND)}"
    beyond = await world.http.get(url, headers={**headers, "Range": "bytes=999999-"})
    assert beyond.status_code == 416
    whole = await world.http.get(url, headers=headers)
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["cache-control"] == "max-age=3600"
    again = await world.http.get(url, headers={**headers, "If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await world.http.head(url, headers=headers)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(SOUND)))


async def test_a_folder_is_listed_level_by_level(world: World) -> None:
    """Files come with their ids and by name, folders once and without."""
    ada = await world.anonymous()
    for name in ("b.wav", "a.wav", "C.wav"):
        await ada.files.upload(ada.take(name), SOUND, WAV)
    [folder] = await ada.files.list(ada.id)
    assert (folder["name"], folder["id"], folder["metadata"]) == ("takes", None, None)

    async def names(**options: Any) -> list[str]:
        return [entry["name"] for entry in await ada.files.list(f"{ada.id}/takes", options)]

    assert await names() == ["C.wav", "a.wav", "b.wav"]
    for other in ({"search": "c"}, {"limit": 1}, {"offset": 1}, {"sortBy": {"column": "owner"}}):
        assert await _status(names(**other)) == 501


async def test_removal_takes_rows_and_bytes(world: World) -> None:
    """Removed files are told, names that are not there are passed over, no bytes stay."""
    ada = await world.anonymous()
    for name in ("a.wav", "b.wav"):
        await ada.files.upload(ada.take(name), SOUND, WAV)
    removed = await ada.files.remove([ada.take("a.wav"), ada.take("never.wav")])
    assert [row["name"] for row in removed] == [ada.take("a.wav")]
    assert len(_blobs(world)) == 1
    assert await _nothing_is_left(world)
    assert await _status(ada.files.remove([])) == 400


async def test_a_signed_url_opens_one_file_for_a_while(world: World) -> None:
    """A signed URL reads one file without a key, until it expires."""
    ada = await world.anonymous()
    service = (await world.service()).storage.from_(BUCKET)
    path = f"{ada.id}/voices/a b+c.wav"
    await service.upload(path, SOUND, WAV)
    await ada.files.upload(ada.take("other.wav"), SOUND, WAV)
    signed = (await ada.files.create_signed_url(path, 60))["signedUrl"]
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(signed)).content == SOUND
        saved = await stranger.get(f"{signed}&download=take.wav")
        assert saved.headers["content-disposition"] == 'attachment; filename="take.wav"'
        other = await stranger.get(signed.replace("voices/a%20b+c", "takes/other"))
        assert (other.status_code, other.json()["error"]) == (400, "InvalidSignature")
        forged = await stranger.get(signed[:-6] + "AAAAAA")
        assert (forged.status_code, forged.json()["error"]) == (400, "InvalidJWT")
        bare = await stranger.get(signed.partition("?")[0])
        assert bare.status_code == 400


async def test_a_signed_url_expires(world: World) -> None:
    """After its seconds the URL opens nothing."""
    ada = await world.anonymous()
    path = ada.take("a.wav")
    await ada.files.upload(path, SOUND, WAV)
    secret = world.supabase.keys.url_signing
    claims = {"url": f"{BUCKET}/{path}", "iat": int(time.time()) - 60, "exp": int(time.time()) - 1}
    token = jwt.encode(claims, secret, "HS256")
    answer = await world.http.get(f"/storage/v1/object/sign/{BUCKET}/{path}?token={token}")
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidJWT")
    for seconds in (0, -1, "soon"):
        assert await _status(ada.files.create_signed_url(path, seconds)) == 400


@pytest.mark.parametrize("name", ["täke.wav", "a\\b.wav", "a\0.wav", "a<b>.wav", "a#b.wav"])
async def test_a_name_keeps_to_the_characters_of_s3(world: World, name: str) -> None:
    """A key with other characters is invalid, wherever it stands."""
    ada = await world.anonymous()
    headers = {"Authorization": f"Bearer {await ada.token()}", **WAV}
    url = f"/storage/v1/object/{BUCKET}/{quote(ada.take(name))}"
    answer = await world.http.post(url, content=SOUND, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidKey")


async def test_a_bucket_that_is_not_there_is_told(world: World) -> None:
    """Uploads name a missing bucket as such."""
    ada = await world.anonymous()
    nowhere = ada.client.storage.from_("nowhere")
    with pytest.raises(StorageApiError) as refused:
        await nowhere.upload(ada.take("a.wav"), SOUND, WAV)
    assert (str(refused.value.status), refused.value.message) == ("404", "Bucket not found")


async def test_a_form_without_a_file_or_without_end_stores_nothing(world: World) -> None:
    """A body that is no whole form is refused, and no draft stays."""
    ada = await world.anonymous()
    url = f"/storage/v1/object/{BUCKET}/{ada.take('a.wav')}"
    token = {"Authorization": f"Bearer {await ada.token()}"}
    head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n'
    bodies = [
        b"--X--\r\n",
        b'--X\r\nContent-Disposition: form-data; name="cacheControl"\r\n\r\n1\r\n--X--\r\n',
        head + b"Content-Type: audio/wav\r\n\r\nhalf a file",
        b"no form at all",
        b'--X\r\nContent-Disposition: form-data; name="m"\r\n\r\n' + bytes(1_100_000),
    ]
    for body in bodies:
        headers = {**token, "Content-Type": "multipart/form-data; boundary=X"}
        answer = await world.http.post(url, content=body, headers=headers)
        assert (answer.status_code, answer.json()["statusCode"]) == (400, "400"), body[:60]
    unbounded = {**token, "Content-Type": "multipart/form-data"}
    answer = await world.http.post(url, content=bodies[0], headers=unbounded)
    assert (answer.status_code, answer.json()["statusCode"]) == (400, "400")
    assert await _nothing_is_left(world)
    assert await world.execute("select from storage.objects") == []


async def test_what_no_header_can_hold_is_refused_at_the_upload(world: World) -> None:
    """A media type or cache control that would break a download's answer is not stored."""
    await world.execute("update storage.buckets set allowed_mime_types = null")
    ada = await world.anonymous()
    for number, options in enumerate(
        [{"cache-control": "1\r\nSet-Cookie: a=b"}, {"content-type": "audio/wäv"}]
    ):
        told: Any = {**WAV, **options}
        assert await _status(ada.files.upload(ada.take(f"{number}.wav"), SOUND, told)) == 400
    assert await _nothing_is_left(world)


async def test_what_postgres_cannot_hold_is_a_clients_fault(world: World) -> None:
    """A NUL character in a name or a folder is refused, and is no outage."""
    ada = await world.anonymous()
    assert await _status(ada.files.list("a\0")) == 400
    assert await _status(ada.files.remove(["a\0"])) == 400


async def test_a_client_that_leaves_mid_upload_leaves_nothing(world: World) -> None:
    """A connection that breaks in the middle of a body leaves no row and no bytes."""
    ada = await world.anonymous()
    url = httpx.URL(world.supabase.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        f"POST /storage/v1/object/{BUCKET}/{ada.take('a.wav')} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"apikey: {world.supabase.keys.publishable}\r\nAuthorization: Bearer {await ada.token()}"
        "\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\n".encode()
    )
    writer.write(bytes(200_000))
    await writer.drain()
    drafts = world.data_dir.storage / "drafts"
    await until(lambda: any(draft.stat().st_size for draft in drafts.iterdir()))
    writer.transport.abort()
    await until(lambda: not os.listdir(drafts))
    assert await _nothing_is_left(world)
    assert await world.execute("select from storage.objects") == []


async def test_an_expired_token_is_told_with_403(world: World) -> None:
    """Storage refuses a token past its end, in its own shape."""
    ada = await world.anonymous()
    claims = jwt.decode(await ada.token(), options={"verify_signature": False})
    expired = SigningKeys(world.data_dir.signing_keys).sign({**claims, "exp": 1})
    answer = await world.http.get(
        f"/storage/v1/object/{BUCKET}/x", headers={"Authorization": f"Bearer {expired}"}
    )
    assert (answer.status_code, answer.json()["statusCode"]) == (400, "403")


LEFT_OUT = [
    ("GET", "bucket"),
    ("POST", "bucket"),
    ("POST", "upload/resumable/sign"),
    ("GET", f"render/image/authenticated/{BUCKET}/a.png"),
    ("POST", f"object/list-v2/{BUCKET}"),
    ("POST", "object/copy"),
    ("POST", "object/move"),
    ("POST", f"object/sign/{BUCKET}"),
    ("POST", f"object/upload/sign/{BUCKET}/a.wav"),
    ("PUT", f"object/upload/sign/{BUCKET}/a.wav"),
    ("GET", f"object/info/{BUCKET}/a.wav"),
    ("GET", f"object/public/{BUCKET}/a.wav"),
    ("DELETE", f"object/{BUCKET}/a.wav"),
]


async def test_what_storage_leaves_out_is_told_with_501(world: World) -> None:
    """A part of Supabase Storage that is missing says so, in the shape of its errors."""
    for method, path in LEFT_OUT:
        answer = await world.http.request(method, f"/storage/v1/{path}", json={})
        assert answer.status_code == 501
        assert answer.json()["statusCode"] == "501"
        assert "does not support" in answer.json()["message"]


async def test_sql_alone_cannot_delete_files(world: World) -> None:
    """Rows of files go by the API alone, so that no bytes are orphaned."""
    ada = await world.anonymous()
    await ada.files.upload(ada.take("a.wav"), SOUND, WAV)
    with pytest.raises(Exception, match="Use the Storage API"):
        await world.execute("delete from storage.objects")
    assert await ada.files.download(ada.take("a.wav")) == SOUND
