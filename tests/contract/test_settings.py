"""What the deployment's settings change."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import pytest_asyncio
from starlette.responses import Response
from structlog.testing import capture_logs

from local_stack.postgres import Postgres
from local_stack.provider import Script
from local_stack.serving import listen, url_of
from local_stack.signing_keys import SigningKeys
from shared_schema.account import PublicConfig
from tests.contract.deno import serving_deno
from tests.contract.relay import JWKS
from tests.contract.test_tokens import STRANGER, claims
from tests.contract.world import TARGETS, Target, targets
from tests.edge_functions.test_bad_input import part
from tests.edge_functions.test_voices import FIELDS, clone
from tests.edge_functions.world import KEY, ORIGIN, PATH, problem, speak
from tests.local_stack.provider.test_third import clip
from transcription.settings import Settings

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("target", TARGETS),
]

SECRET = "a shared secret of forty-eight bytes, or one more"
Targets = Mapping[str, Target]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changed(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Targets]:
    """Targets with many settings that are not the default."""
    settings: dict[str, Any] = {
        "realtime_enabled": False,
        "final_pass_enabled": False,
        "bridge_public_url": "wss://live.test/api/transcriptions/realtime",
        "allow_anonymous": False,
        "allowed_models": "voxtral-mini-transcribe-3,voxtral-mini-transcribe-realtime-2602",
        "notice": "This is a demo.",
        "clone_min_match": 0.9,
        "reference_preset": "f5-tts",
        "reference_preset_choice": False,
        "max_upload_bytes": 1_000_000,
        "min_audio_seconds": 1,
        "max_audio_seconds": 6,
        "supabase_jwt_secret": SECRET,
        "functions_upload_idle_seconds": 2,
        # As they come from documents and terminals.
        "mistral_api_key": f"\ufeff\u201c{KEY}\u201d\r\n",
        "allowed_origins": f"\u00ab{ORIGIN}, capacitor://localhost,https://page.example:443\u00bb",
    }
    async with targets(postgres, tmp_path_factory.mktemp("changed"), **settings) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def off(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Targets]:
    """Targets without a provider's key."""
    folder = tmp_path_factory.mktemp("off")
    async with targets(postgres, folder, mistral_api_key=None) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cut_off(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Targets]:
    """Targets whose provider is not there."""
    with listen("a port that is closed at once", "127.0.0.1", 0) as listener:
        url = url_of(listener)
    folder = tmp_path_factory.mktemp("cut-off")
    async with targets(postgres, folder, mistral_server_url=url) as opened:
        yield opened


async def test_the_configuration_tells_them(changed: Targets, target: str) -> None:
    """A page learns of every setting that concerns it."""
    told = (await changed[target].http.get("/api/config")).json()
    config = PublicConfig.model_validate(told)
    assert (config.enabled, config.realtime_enabled, config.final_pass) == (True, False, False)
    assert config.realtime_url == "wss://live.test/api/transcriptions/realtime"
    assert (config.notice, config.allow_anonymous) == ("This is a demo.", False)
    assert config.realtime_mode == "bridge"
    assert [(one.id, one.timestamps, one.single_word_bias) for one in config.models] == [
        ("voxtral-mini-2602", ("segment", "word"), True),
        ("voxtral-mini-transcribe-3", ("segment",), False),
    ]
    assert (config.reference_preset, config.reference_preset_choice) == ("f5-tts", False)
    limits = config.limits
    assert (limits.max_bytes, limits.min_seconds, limits.max_seconds) == (1_000_000, 1, 6)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (ORIGIN, 200),
        ("capacitor://localhost", 200),
        ("https://page.example", 200),
        ("https://page.example:443", 400),
        ("tauri://localhost", 400),
        ("null", 400),
    ],
)
async def test_apps_have_origins_too(
    changed: Targets, target: str, origin: str, status: int
) -> None:
    """An origin is compared as browsers send it, whatever its scheme, and however it was pasted."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = await changed[target].http.options(PATH, headers=headers)
    assert response.status_code == status
    allowed = response.headers.get("access-control-allow-origin")
    assert allowed == (origin if status == 200 else None)


async def test_models_that_are_allowed_can_be_named(
    changed: Targets, target: str, speech: bytes
) -> None:
    """A model of the allow list is asked what it can do; one that takes no files is none."""
    one = changed[target]
    person = await one.stack.person(f"{uuid4()}@example.com")
    async with one.signed_in(person) as client:

        async def ask(**fields: str) -> httpx.Response:
            return await client.post(PATH, data=fields, files={"audio": speech})

        answer = await ask(
            model="voxtral-mini-transcribe-3",
            language="de",
            timestamps="segment",
            context_bias="two words",
        )
        assert answer.json()["model"] == "voxtral-mini-transcribe-3"
        assert "warnings" not in answer.json()
        sent = dict(one.provider.requests[-1].fields)
        assert (sent["context_bias"], sent["language"]) == ("two words", "de")
        assert "return_language" not in sent
        await ask(model="voxtral-mini-transcribe-3", diarize="true")
        assert dict(one.provider.requests[-1].fields)["return_language"] == "true"
        voices = json.dumps([{"name": "Ann", "audio": clip(3.0)}])
        known = await ask(
            model="voxtral-mini-transcribe-3", diarize="true", speaker_references=voices
        )
        assert known.json()["segments"][0]["speaker"] == "Ann"
        told = problem(await ask(model="voxtral-mini-transcribe-3", timestamps="word"))
        assert (told.code, told.detail) == (
            "invalid_message",
            "The model has no word timestamps.",
        )
        told = problem(await ask(model="voxtral-mini-transcribe-realtime-2602"))
        assert told.code == "not_found"


async def test_a_voice_may_have_to_match(changed: Targets, target: str, speech: bytes) -> None:
    """A voice whose text is not shown to match its recording is refused, and told where."""
    one = changed[target]
    one.engine.script = Script(text="the quick brown fox jumps over the lazy dog and runs")
    person = await one.stack.person(f"{uuid4()}@example.com")
    async with one.signed_in(person) as client:
        heard = (await client.post(PATH, files={"audio": speech})).json()

        async def store(transcript: str, **fields: str) -> httpx.Response:
            given = {**FIELDS, "transcript": transcript, **fields}
            return await client.post("/api/clone", data=given, files={"audio": speech})

        shown = {"machine_transcript": heard["text"], "receipt": heard["receipt"]}
        refused = await store("My quick brown elephant jumps over the lazy dog and runs.", **shown)
        assert set(refused.json()["match"]) == {"rate", "doubts", "coverage"}
        told = problem(refused)
        assert (told.status, told.code, told.retryable) == (422, "text_mismatch", False)
        assert "81.8% of the text match the recording; 90.0% are needed." in told.detail
        assert "“elephant” (heard: “fox”)" in told.detail
        assert told.match is not None
        assert [doubt.text for doubt in told.match.doubts] == ["My", "elephant"]
        for unshown in ({}, {"machine_transcript": heard["text"]}):
            told = problem(await store(heard["text"], **unshown))
            assert (told.code, "receipt" in told.detail) == ("text_mismatch", True)
        await one.has_nothing_of(person)
        good = await store("The quick brown fox jumps over the lazy dog, and runs!", **shown)
        assert good.status_code == 201, good.text
        await client.delete(f"/api/voices/{good.json()['voice_id']}")


async def test_limits_are_settings(changed: Targets, target: str, speech: bytes) -> None:
    """Size and length are bounded by what the deployment says."""
    one = changed[target]
    person = await one.stack.person(f"{uuid4()}@example.com")
    async with one.signed_in(person) as client:
        told = problem(await client.post(PATH, files={"audio": bytes(1_000_001)}))
        assert told.code == "payload_too_large"
        told = problem(await client.post(PATH, files={"audio": speech + speech[44:] * 2}))
        assert told.code == "invalid_audio"
    await one.has_nothing_of(person)


async def test_a_body_that_stops_coming_is_not_waited_for(changed: Targets, target: str) -> None:
    """A client that falls silent within a body gets an error, and holds nothing any more."""
    one = changed[target]
    person = await one.stack.person(f"{uuid4()}@example.com")

    async def silent() -> AsyncIterator[bytes]:
        yield part('form-data; name="audio"; filename="a"', bytes(100_000))[:50_000]
        for _ in range(200):
            await asyncio.sleep(0.05)
            yield b""

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "200000"}
    began = time.monotonic()
    answer, sent = await speak(
        *(one.port, await person.token(), PATH),
        headers=headers,
        body=silent(),
        until=b"too slowly",
    )
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"too slowly" in answer
    assert (sent, time.monotonic() - began > 1.9) == (50_000, True)
    await one.has_nothing_of(person)


async def test_anonymous_users_may_be_kept_out(
    changed: Targets, target: str, speech: bytes
) -> None:
    """Where a deployment wants accounts, anonymous users are told so."""
    one = changed[target]
    nobody = await one.stack.anonymous()
    async with one.signed_in(nobody) as client:
        for response in (
            await client.post(PATH, files={"audio": speech}),
            await client.get("/api/usage"),
        ):
            told = problem(response)
            assert (told.status, told.code) == (403, "forbidden")
    assert await one.usage_of(nobody) == []


async def test_older_projects_sign_with_a_secret(changed: Targets, target: str) -> None:
    """HS256 is good where its secret is set, and with no other secret; keys are good as before."""
    one = changed[target]
    person = await one.stack.person(f"{uuid4()}@example.com")
    good = jwt.encode(claims(one), SECRET, algorithm="HS256")
    service = {"role": "service_role", "iss": "supabase", "exp": int(time.time()) + 3600}
    for token, status in (
        (good, 200),
        (await person.token(), 200),
        (jwt.encode(claims(one), SECRET[::-1], algorithm="HS256"), 401),
        (jwt.encode(claims(one), SECRET, algorithm="HS384"), 401),
        (jwt.encode(service, SECRET, algorithm="HS256"), 401),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        response = await one.http.get("/api/usage", headers=headers)
        assert response.status_code == status, response.text


async def test_a_secret_that_is_not_set_is_none(off: Targets, target: str) -> None:
    """HS256 is refused where no secret is set, whatever it was signed with."""
    for secret in (SECRET, "undefined" * 5, "\0" * 32):
        token = jwt.encode(claims(off[target]), secret, algorithm="HS256")
        headers = {"Authorization": f"Bearer {token}"}
        assert problem(await off[target].http.get("/api/usage", headers=headers)).status == 401


async def test_without_transcription_the_rest_works(
    off: Targets, target: str, speech: bytes
) -> None:
    """Without a key, files are refused and voices are stored all the same."""
    one = off[target]
    config = PublicConfig.model_validate((await one.http.get("/api/config")).json())
    assert (config.enabled, config.realtime_enabled, config.final_pass) == (False,) * 3
    assert (len(config.languages), config.models) == (13, ())
    person = await one.stack.person(f"{uuid4()}@example.com")
    async with one.signed_in(person) as client:
        for headers in ({}, {"Accept": "text/event-stream"}):
            told = problem(await client.post(PATH, files={"audio": speech}, headers=headers))
            assert (told.status, told.code) == (503, "transcription_disabled")
            assert not told.retryable
        await clone(client, speech)
        assert len((await client.get("/api/voices")).json()["voices"]) == 1
        assert (await client.get("/api/usage")).status_code == 200
    assert one.provider.requests == []


async def test_keys_may_change(postgres: Postgres, tmp_path: Path, target: str) -> None:
    """Known keys serve on while Auth is down; new ones are looked up when it is back."""
    async with targets(postgres, tmp_path) as opened:
        await _keys_change(opened[target])


async def _keys_change(one: Target) -> None:
    person = await one.stack.person(f"{uuid4()}@example.com")

    async def asked(token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return await one.http.get("/api/usage", headers=headers)

    assert (await asked(await person.token())).status_code == 200
    unknown = jwt.encode(claims(one), STRANGER, algorithm="ES256", headers={"kid": "nobody's"})
    with one.relay.failing(JWKS, Response(status_code=503)):
        told = problem(await asked(unknown))
        assert (told.status, told.code, told.retryable) == (503, "auth_unavailable", True)
        assert told.retry_after == 2
        assert (await asked(await person.token())).status_code == 200
    SigningKeys(one.stack.data_dir.signing_keys).rotate()
    other = await one.stack.person(f"{uuid4()}@example.com")
    await asyncio.sleep(2.1)
    assert (await asked(await other.token())).status_code == 200
    assert (await asked(await person.token())).status_code == 200
    # A client that refreshes gets a token of a key that there is; it need not sign out.
    assert problem(await asked(unknown)).code == "token_expired"


async def test_a_lost_connection(cut_off: Targets, target: str, speech: bytes) -> None:
    """A provider that cannot be reached has its code, and costs nothing."""
    one = cut_off[target]
    person = await one.stack.person(f"{uuid4()}@example.com")
    before = len(one.log())
    async with one.signed_in(person) as client:
        with capture_logs() as logs:
            response = await client.post(PATH, files={"audio": speech})
    told = problem(response)
    assert (told.status, told.code, told.retryable) == (502, "provider_unavailable", True)
    assert "127.0.0.1" not in response.text
    tries = [line["event"] for line in logs].count("provider_connect_failed")
    tries += sum("provider_lost" in line for line in one.log()[before:])
    assert tries == (4 if target == "fastapi" else 1)
    assert [row["charged"] for row in await one.usage_of(person)] == [0.0]
    await one.has_nothing_of(person)


@pytest.mark.parametrize(
    "setting",
    [
        ("TRANSCRIPTION_PROVIDER", "vllm"),
        ("TRANSCRIPTION_PROVIDERS", "mistral,vllm"),
        ("REALTIME_MODE", "direct"),
        ("BYOK_ENABLED", "true"),
        ("REFERENCE_PRESET", "gramophone"),
    ],
)
async def test_other_ways_to_a_provider(target: str, setting: tuple[str, str]) -> None:
    """What a service cannot do it refuses at its start, rather than do something else."""
    name, value = setting
    if target == "fastapi":
        assert name.lower() in Settings.model_fields
        return
    with pytest.raises(AssertionError, match=f"(?s)these settings are wrong.*{name}"):
        async with serving_deno({name: value}):
            pass
