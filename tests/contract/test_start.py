"""What keeps an Edge Function from starting; Python's is in `tests/transcription`."""

import jwt
import pytest

from tests.contract.deno import serving_deno

SECRET = "a shared secret of forty-eight bytes, or one more"


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("supabase_publishable_keys", '{"default": "sb_secret_abc"}', "secret key"),
        ("supabase_publishable_keys", "{\u201cdefault\u201d: \u201cx\u201d}", "JSON"),
        ("supabase_anon_key", jwt.encode({"role": "service_role"}, SECRET), "secret key"),
        ("supabase_service_role_key", jwt.encode({"role": "anon"}, SECRET), "no secret key"),
        ("mistral_api_key", "\u201ck3y", "U\\+201C"),
        ("mistral_api_key", "k3\u200by", "U\\+200B"),
        ("allowed_origins", "https://page.example/", "without a path"),
    ],
)
async def test_a_function_does_not_start_with_what_cannot_be_meant(
    name: str, value: str, words: str
) -> None:
    """A key in the wrong place, or one that cannot be sent, is told by its name at the start."""
    settings = {
        "SUPABASE_URL": "http://127.0.0.1:1",
        "SUPABASE_PUBLISHABLE_KEYS": '{"default": "sb_publishable_x"}',
        "SUPABASE_SECRET_KEYS": '{"default": "sb_secret_x"}',
    }
    older = {"supabase_anon_key": "SUPABASE_PUBLISHABLE_KEYS"}
    older["supabase_service_role_key"] = "SUPABASE_SECRET_KEYS"
    settings.pop(older.get(name, ""), None)
    told = f"(?s)these settings are wrong.*{name.upper()}: .*{words}"
    with pytest.raises(AssertionError, match=told) as end:
        async with serving_deno({**settings, name.upper(): value}):
            pass
    assert "sb_secret_abc" not in str(end.value)
    assert str(end.value).count("SUPABASE_") <= 1
