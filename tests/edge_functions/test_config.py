"""`GET /api/config`, `GET /api/usage`, and what the deployment's flags change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.postgres import Postgres
from local_stack.provider import Script
from local_stack.provider.cards import HOSTED
from shared_schema.account import PublicConfig, Usage
from tests.edge_functions.test_voices import clone
from tests.edge_functions.world import PATH, World, problem, running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_anybody_may_see_what_is_offered(world: World) -> None:
    """A page learns all it needs before anybody is signed in, and no secret."""
    response = await world.http.get("/api/config")
    config = PublicConfig.model_validate(response.json())
    assert config.enabled
    assert config.realtime_enabled
    assert config.realtime_url == "/api/transcriptions/realtime"
    assert config.supabase_url == world.stack.supabase.url
    assert config.supabase_publishable_key == world.stack.supabase.keys.publishable
    assert config.limits.max_bytes == 52_428_800
    assert (config.model, config.final_pass) == ("voxtral-mini-2602", True)
    names = [language.name for language in config.languages]
    assert names == sorted(names)
    assert {language.code for language in config.languages} >= {"en", "de"}
    assert "notice" not in response.json()
    assert world.stack.supabase.keys.secret not in response.text


async def test_usage_is_told(world: World, http: httpx.AsyncClient, speech: bytes) -> None:
    """A user sees today's seconds and cost of each kind, and the limits."""
    before = Usage.model_validate((await http.get("/api/usage")).json())
    assert (before.batch.used_seconds, before.cost_microdollars) == (0, 0)
    await http.post(PATH, files={"audio": speech})
    after = Usage.model_validate((await http.get("/api/usage")).json())
    assert after.batch.used_seconds == 4
    assert after.batch.cost_microdollars == after.cost_microdollars == 200
    assert (after.realtime.used_seconds, after.open_sessions) == (0, ())
    assert problem(await world.http.get("/api/usage")).code == "unauthenticated"


@pytest.mark.parametrize("settings", [{"transcription_enabled": False}, {"mistral_api_key": None}])
async def test_without_transcription_the_rest_works(
    postgres: Postgres, tmp_path: Path, speech: bytes, settings: dict[str, Any]
) -> None:
    """Switched off, or without a key, files are refused and voices are stored all the same."""
    async with running(postgres, tmp_path, **settings) as world:
        config = PublicConfig.model_validate((await world.http.get("/api/config")).json())
        assert (config.enabled, config.realtime_enabled, config.final_pass) == (False,) * 3
        assert config.languages
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:
            told = problem(await client.post(PATH, files={"audio": speech}))
            assert (told.status, told.code, told.retryable) == (
                503,
                "transcription_disabled",
                False,
            )
            await clone(client, speech)
            assert len((await client.get("/api/voices")).json()["voices"]) == 1
            assert (await client.get("/api/usage")).status_code == 200
        assert world.provider.requests == []
        assert (await world.http.get("/readyz")).status_code == 200


async def test_flags_can_leave_batch_alone(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """Without live words, and without a final pass, files are transcribed."""
    settings: dict[str, Any] = {
        "realtime_enabled": False,
        "final_pass_enabled": False,
        "bridge_public_url": "wss://live.test/api/transcriptions/realtime",
        "supabase_public_url": "https://supabase.test",
        "supabase_jwt_issuer": None,
        "allow_anonymous": False,
        "allowed_models": "voxtral-mini-transcribe-3",
        "notice": "This is a demo.",
        "max_upload_bytes": 1_000_000,
    }
    async with running(postgres, tmp_path, Script(text="one"), **settings) as world:
        config = PublicConfig.model_validate((await world.http.get("/api/config")).json())
        assert (config.enabled, config.realtime_enabled, config.final_pass) == (True, False, False)
        assert config.realtime_url == settings["bridge_public_url"]
        assert config.supabase_url == "https://supabase.test"
        assert (config.notice, config.allow_anonymous) == ("This is a demo.", False)
        assert config.limits.max_bytes == 1_000_000
        policy = (await world.http.get("/api/config")).headers["content-security-policy"]
        assert "connect-src 'self' https://supabase.test wss://live.test;" in policy


async def test_models_that_are_allowed_can_be_named(
    postgres: Postgres, tmp_path: Path, speech: bytes
) -> None:
    """A model of the allow list is asked what it can do; anonymous users may be kept out."""
    settings: dict[str, Any] = {
        "allowed_models": "voxtral-mini-transcribe-3,voxtral-mini-transcribe-realtime-2602",
        "allow_anonymous": False,
        "max_upload_bytes": 1_000_000,
    }
    async with running(postgres, tmp_path, Script(text="one"), **settings) as world:
        person = await world.stack.person("ada@example.com")
        async with world.signed_in(person) as client:

            async def ask(**fields: str) -> httpx.Response:
                return await client.post(PATH, data=fields, files={"audio": speech})

            answer = await ask(
                model="voxtral-mini-transcribe-3", language="de", timestamps="segment"
            )
            assert answer.json()["model"] == "voxtral-mini-transcribe-3"
            assert "warnings" not in answer.json()
            told = problem(await ask(model="voxtral-mini-transcribe-3", timestamps="word"))
            assert told.code == "invalid_message"
            told = problem(await ask(model="voxtral-mini-transcribe-realtime-2602"))
            assert told.code == "not_found"
            told = problem(await client.post(PATH, files={"audio": bytes(1_000_001)}))
            assert told.code == "payload_too_large"
        async with world.signed_in(await world.stack.anonymous()) as client:
            told = problem(await client.post(PATH, files={"audio": speech}))
            assert (told.status, told.code) == (403, "forbidden")


async def test_what_each_model_can_do_is_told(postgres: Postgres, tmp_path: Path) -> None:
    """A page learns of every model that it may offer what that model can do, as its card says."""
    live_3, files_3 = "voxtral-mini-transcribe-realtime-3", "voxtral-mini-transcribe-3"
    allowed = f"{live_3},{files_3},voxtral-unheard-of"
    cards = [replace(HOSTED[0], languages=("en", "fi")), *HOSTED[1:]]
    async with running(postgres, tmp_path, cards=cards, allowed_models=allowed) as world:
        config = PublicConfig.model_validate((await world.http.get("/api/config")).json())
    by_id = {(model.id, model.kind): model for model in config.models}
    assert list(by_id) == [
        ("voxtral-mini-transcribe-realtime-2602", "realtime"),
        (files_3, "realtime"),
        (live_3, "realtime"),
        ("voxtral-mini-2602", "batch"),
        (files_3, "batch"),
    ]
    live_2, files_2 = by_id[config.realtime_model, "realtime"], by_id[config.model, "batch"]
    assert (live_2.context_bias, live_2.diarization, live_2.turn_detection) == (False,) * 3
    assert [(one.min, one.max) for one in live_2.streaming_delays_ms] == [(80, 2400)]
    best = by_id[live_3, "realtime"]
    assert (best.context_bias, best.diarization, best.turn_detection) == (True,) * 3
    assert [(one.min, one.max) for one in best.streaming_delays_ms] == [(80, 1200), (2400, 2400)]
    assert [one.code for one in files_2.languages] == ["en", "fi"]
    assert config.languages == files_2.languages
    assert (files_2.single_word_bias, by_id[files_3, "batch"].single_word_bias) == (True, False)
    assert files_2.timestamps == ("segment", "word")
    assert by_id[files_3, "batch"].timestamps == ("segment",)
    prices = {one.id: one.microdollars_per_minute for one in config.models}
    assert (prices[files_2.id], prices[live_3]) == (3000, 8000)


async def test_without_live_words_no_live_model_is_offered(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Where live transcription is off, only models for files are told; where all is off, none."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with running(postgres, tmp_path / "one", realtime_enabled=False) as world:
        models = (await world.http.get("/api/config")).json()["models"]
        assert {model["kind"] for model in models} == {"batch"}
    async with running(postgres, tmp_path / "two", transcription_enabled=False) as world:
        assert (await world.http.get("/api/config")).json()["models"] == []
