"""`GET /api/usage` and `GET /api/config`."""

import httpx
import pytest

from shared_schema.account import PublicConfig, Usage, UsageOfKind
from tests.contract.world import Target
from tests.edge_functions.world import KEY, PATH, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_anybody_may_see_what_is_offered(target: Target) -> None:
    """A page learns all it needs before anybody is signed in, and no secret."""
    response = await target.http.get("/api/config")
    config = PublicConfig.model_validate(response.json())
    assert config.enabled
    assert config.supabase_url == target.stack.supabase.url
    assert config.supabase_publishable_key == target.stack.supabase.keys.publishable
    assert config.allow_anonymous
    limits = config.limits
    assert (limits.max_bytes, limits.min_seconds, limits.max_seconds) == (52_428_800, 3, 300)
    assert limits.types == (
        *("audio/wav", "audio/mpeg", "audio/mp4", "audio/flac", "audio/ogg", "audio/webm"),
    )
    assert ".webm" in limits.extensions
    assert (config.model, config.final_pass) == ("voxtral-mini-2602", True)
    assert config.realtime_model == "voxtral-mini-transcribe-realtime-2602"
    assert [(one.code, one.name) for one in config.languages] == [
        *(("ar", "Arabic"), ("zh", "Chinese"), ("nl", "Dutch"), ("en", "English")),
        *(("fr", "French"), ("de", "German"), ("hi", "Hindi"), ("it", "Italian")),
        *(("ja", "Japanese"), ("ko", "Korean"), ("pt", "Portuguese"), ("ru", "Russian")),
        ("es", "Spanish"),
    ]
    [model] = [one for one in config.models if one.kind == "batch"]
    assert (model.id, model.languages) == ("voxtral-mini-2602", config.languages)
    assert (model.timestamps, model.microdollars_per_minute) == (("segment", "word"), 3000)
    assert (model.diarization, model.context_bias, model.single_word_bias) == (True,) * 3
    assert (model.turn_detection, model.streaming_delays_ms) == (False, ())
    assert config.own_keys == "off"
    assert "notice" not in response.json()
    for secret in (target.stack.supabase.keys.secret, KEY):
        assert secret not in response.text


async def test_usage_is_told(target: Target, http: httpx.AsyncClient, speech: bytes) -> None:
    """A user sees today's seconds and cost of each kind, and the limits."""
    before = Usage.model_validate((await http.get("/api/usage")).json())
    assert (before.batch.used_seconds, before.cost_microdollars) == (0, 0)
    await http.post(PATH, files={"audio": speech})
    told = (await http.get("/api/usage")).json()
    after = Usage.model_validate(told)
    assert after.batch.used_seconds == 4
    assert after.batch.cost_microdollars == after.cost_microdollars == 200
    assert (after.realtime.used_seconds, after.open_sessions) == (0, ())
    assert (after.realtime.limit_seconds, after.batch.limit_seconds) == (1800, 3600)
    assert after.max_open_sessions == 1
    assert told.keys() == Usage.model_fields.keys()
    assert told["batch"].keys() == UsageOfKind.model_fields.keys()
    assert problem(await target.http.get("/api/usage")).code == "unauthenticated"
