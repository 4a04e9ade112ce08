"""What a deployment sets."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from pydantic import SecretStr, ValidationError

from tests.own_keys import RING
from transcription.ledger.base import LEASE_SECONDS
from transcription.process.deployment import load_settings
from transcription.providers.registry import bind
from transcription.settings import Settings
from transcription.user_keys.key_ring import KeyRing

NEEDED = {
    "SUPABASE_URL": "https://project.example",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with what is needed, and no `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def _fault(environment: pytest.MonkeyPatch, **values: str) -> str:
    for name, value in values.items():
        environment.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        load_settings()
    return str(end.value)


def _legacy(role: str | None) -> str:
    """Return a key as older projects have them: a JWT with a role."""
    claims = {"iss": "supabase", "role": role} if role is not None else {"iss": "supabase"}
    return jwt.encode(claims, "x" * 32)


def test_the_needed_ones_are_enough(environment: pytest.MonkeyPatch) -> None:
    """A deployment that sets what is needed runs with the defaults, and without a provider."""
    settings = load_settings()
    assert settings.supabase_secret_key.get_secret_value() == "sb_secret_x"
    assert settings.issuer == "https://project.example/auth/v1"
    assert settings.public_supabase_url == "https://project.example"
    assert settings.realtime_url == "/api/transcriptions/realtime"
    assert not bind(settings)[0].is_shared


def test_a_key_is_what_transcription_needs(environment: pytest.MonkeyPatch) -> None:
    """With its key a deployment transcribes, as far as it is not switched off."""
    environment.setenv("MISTRAL_API_KEY", "k")
    provider = bind(load_settings())[0]
    assert provider.is_shared
    assert provider.realtime is not None
    assert provider.files is not None
    environment.setenv("REALTIME_ENABLED", "false")
    provider = bind(load_settings())[0]
    assert provider.realtime is None
    assert provider.files is not None
    environment.setenv("TRANSCRIPTION_ENABLED", "false")
    assert bind(load_settings())[0].files is None


def test_all_faults_are_told_at_once(environment: pytest.MonkeyPatch) -> None:
    """Every setting that is missing or wrong is named, each by its variable."""
    environment.delenv("SUPABASE_SECRET_KEY")
    told = _fault(
        environment,
        SUPABASE_URL="nowhere",
        MISTRAL_SERVER_URL="ftp://files.example",
        BRIDGE_PORT="70000",
        BRIDGE_MAX_SESSIONS="0",
        BRIDGE_DRAIN_SECONDS="-1",
        BRIDGE_HEARTBEAT_SECONDS=str(LEASE_SECONDS),
        TRANSCRIPTION_PROVIDER="nobody",
        LOG_LEVEL="LOUD",
        ALLOW_ANONYMOUS="perhaps",
    )
    lines = told.splitlines()
    assert ".env.example" in lines[0]
    named = {line.strip().split(":")[0] for line in lines[1:]}
    assert named == {
        "SUPABASE_URL",
        "SUPABASE_SECRET_KEY",
        "MISTRAL_SERVER_URL",
        "BRIDGE_PORT",
        "BRIDGE_MAX_SESSIONS",
        "BRIDGE_DRAIN_SECONDS",
        "BRIDGE_HEARTBEAT_SECONDS",
        "TRANSCRIPTION_PROVIDER",
        "LOG_LEVEL",
        "ALLOW_ANONYMOUS",
    }


def test_own_keys_need_a_ring(environment: pytest.MonkeyPatch) -> None:
    """Where users bring keys, what encrypts them must be set, and right; else it is named."""
    assert load_settings().byok_keys is None
    told = _fault(environment, BYOK_ENABLED="true", BRIDGE_PORT="70000")
    assert "BYOK_KEYS: Value error, needed with BYOK_ENABLED" in told
    assert "BRIDGE_PORT" in told
    environment.delenv("BRIDGE_PORT")
    for fault, secret in (("2026a", "2026a-"), ("2026a:c2hvcnQ=", "c2hvcnQ="), (f"{RING},x", RING)):
        told = _fault(environment, BYOK_KEYS=fault)
        assert "BYOK_KEYS: Value error, key " in told
        assert secret not in told
    environment.setenv("BYOK_KEYS", RING)
    settings = load_settings()
    assert settings.byok_keys is not None
    assert KeyRing.parse(settings.byok_keys).current == "2026a"
    assert RING.partition(":")[2] not in repr(settings) + settings.model_dump_json()


def test_own_keys_need_a_provider_that_takes_them(environment: pytest.MonkeyPatch) -> None:
    """Where users bring keys, the deployment's provider must be one that takes them."""
    environment.setenv("TRANSCRIPTION_PROVIDER", "vllm")
    told = _fault(environment, BYOK_ENABLED="true", BYOK_KEYS=RING)
    assert "BYOK_ENABLED: Value error, the provider vllm takes no keys of users' own" in told


def test_bounds_are_compared(environment: pytest.MonkeyPatch) -> None:
    """The shortest audio must be shorter than the longest."""
    told = _fault(environment, MIN_AUDIO_SECONDS="10", MAX_AUDIO_SECONDS="10")
    assert "MIN_AUDIO_SECONDS must be less than MAX_AUDIO_SECONDS" in told


def test_no_fault_shows_a_value(environment: pytest.MonkeyPatch) -> None:
    """What was set is not repeated: it may be a key in the wrong place."""
    secret = "sb_secret_in_the_wrong_place"
    told = _fault(environment, SUPABASE_URL=secret, BRIDGE_PORT=secret, LOG_LEVEL=secret)
    assert secret not in told


def test_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    """Settings can be printed without showing a secret."""
    environment.setenv("MISTRAL_API_KEY", "key-of-ours")
    environment.setenv("SUPABASE_JWT_SECRET", "shared-secret")
    settings = load_settings()
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        for secret in ("sb_secret_x", "key-of-ours", "shared-secret"):
            assert secret not in text


def test_an_empty_value_is_none(environment: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing is as good as unset, as `.env` files have them."""
    environment.setenv("MISTRAL_API_KEY", "")
    environment.setenv("BRIDGE_PORT", "")
    settings = load_settings()
    assert settings.mistral_api_key is None
    assert settings.bridge_port == 8790


@pytest.mark.parametrize(
    ("written", "origins"),
    [
        ("https://a.example", ("https://a.example",)),
        (" https://a.example , https://b.example,", ("https://a.example", "https://b.example")),
        (",", ()),
    ],
)
def test_lists_are_separated_by_commas(
    environment: pytest.MonkeyPatch, written: str, origins: tuple[str, ...]
) -> None:
    """Names are separated by commas; spaces and empty ones do not count."""
    environment.setenv("ALLOWED_ORIGINS", written)
    assert load_settings().allowed_origins == origins


def test_addresses_have_one_spelling(environment: pytest.MonkeyPatch) -> None:
    """An address has no slash at its end, so that paths can be put behind it."""
    environment.setenv("SUPABASE_URL", "https://project.example/")
    assert load_settings().supabase_url == "https://project.example"
    assert load_settings().issuer == "https://project.example/auth/v1"


def test_inside_and_outside_may_differ(environment: pytest.MonkeyPatch) -> None:
    """Tokens name the public address, which may not be the one that the services use."""
    environment.setenv("SUPABASE_URL", "http://kong:8000")
    environment.setenv("SUPABASE_PUBLIC_URL", "https://project.example")
    settings = load_settings()
    assert settings.supabase_url == "http://kong:8000"
    assert settings.issuer == "https://project.example/auth/v1"
    environment.setenv("SUPABASE_JWT_ISSUER", "https://tokens.example")
    assert load_settings().issuer == "https://tokens.example"


def test_a_file_is_read_and_the_environment_wins(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`.env` in the working folder is read; what the environment says comes first."""
    environment.delenv("SUPABASE_URL")
    text = "SUPABASE_URL=https://file.example\nBRIDGE_PORT=1234\nUNKNOWN_TO_US=x\n"
    (tmp_path / ".env").write_text(text)
    environment.setenv("BRIDGE_PORT", "4321")
    settings = load_settings()
    assert (settings.supabase_url, settings.bridge_port) == ("https://file.example", 4321)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("MISTRAL_API_KEY", "k3y\r", "k3y"),
        ("MISTRAL_API_KEY", "\ufeffk3y\n", "k3y"),
        ("MISTRAL_API_KEY", " \u201ck3y\u201d ", "k3y"),
        ("MISTRAL_API_KEY", "'\"k3y\"'\u200b", "k3y"),
        ("MISTRAL_API_KEY", "\u200b \r\n", None),
        ("SUPABASE_SECRET_KEY", "\u2018sb_secret_y\u2019\r\n", "sb_secret_y"),
        ("SUPABASE_JWT_SECRET", "super-secret \u00e9\u2028", "super-secret \u00e9"),
        ("SUPABASE_URL", "\u201chttps://b.example/\u201d\r", "https://b.example"),
        ("BRIDGE_PORT", "\u00a08123\r", 8123),
        ("REALTIME_ENABLED", "\ufefffalse\r", False),
        ("ALLOWED_MODELS", "\u00aba, b\u00bb", ("a", "b")),
        (
            "NOTICE",
            "\ufeff\u00abDemo\u00bb of \u201cUtter\u201d\r",
            "\u00abDemo\u00bb of \u201cUtter\u201d",
        ),
    ],
)
def test_what_came_along_with_a_value_is_taken_off(
    environment: pytest.MonkeyPatch, name: str, value: str, kept: object
) -> None:
    """Line ends, spaces, byte order marks and quotes around a value are not part of it."""
    environment.setenv(name, value)
    read = getattr(load_settings(), name.lower())
    assert (read.get_secret_value() if isinstance(read, SecretStr) else read) == kept


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("MISTRAL_API_KEY", "k3\ry", "U+000D"),
        ("MISTRAL_API_KEY", "k3\u200by", "U+200B"),
        ("MISTRAL_API_KEY", "k3 y", "U+0020"),
        ("MISTRAL_API_KEY", "\u201ck3y", "U+201C"),
        ("MISTRAL_API_KEY", 'k3"y', "U+0022"),
        ("VLLM_API_KEY", "k\u0435y", "U+0435"),
        ("SUPABASE_SECRET_KEY", "sb_secret_\nx", "U+000A"),
        ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_\ufeffx", "U+FEFF"),
        ("SUPABASE_JWT_SECRET", "a\x7fb", "U+007F"),
        ("SUPABASE_URL", "https://b\u200b.example", "U+200B"),
        ("NOTICE", "a\x1b[31mb", "U+001B"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    environment: pytest.MonkeyPatch, name: str, value: str, named: str
) -> None:
    """A value that cannot be sent keeps the process from starting, and is not told itself."""
    told = _fault(environment, **{name: value})
    assert f"{name}: " in told
    assert named in told
    assert value not in told
    assert "sb_secret_" not in told


@pytest.mark.parametrize(
    ("name", "key", "words"),
    [
        ("SUPABASE_PUBLISHABLE_KEY", "sb_secret_abc", "secret key"),
        ("SUPABASE_PUBLISHABLE_KEY", "\u201csb_secret_abc\u201d\r", "secret key"),
        ("SUPABASE_PUBLISHABLE_KEY", _legacy("service_role"), "secret key"),
        ("SUPABASE_PUBLISHABLE_KEY", _legacy("authenticated"), "secret key"),
        ("SUPABASE_PUBLISHABLE_KEY", _legacy(None), "secret key"),
        ("SUPABASE_SECRET_KEY", "sb_publishable_abc", "no secret key"),
        ("SUPABASE_SECRET_KEY", _legacy("anon"), "no secret key"),
    ],
)
def test_keys_that_were_mixed_up_are_refused(
    environment: pytest.MonkeyPatch, name: str, key: str, words: str
) -> None:
    """A key that every visitor is given is no secret one, by its prefix or by its role."""
    told = _fault(environment, **{name: key})
    assert name in told
    assert words in told
    assert key not in told


def test_older_projects_have_keys_with_a_role(environment: pytest.MonkeyPatch) -> None:
    """A legacy key is good where its role belongs."""
    environment.setenv("SUPABASE_PUBLISHABLE_KEY", _legacy("anon"))
    environment.setenv("SUPABASE_SECRET_KEY", _legacy("service_role"))
    assert load_settings().supabase_publishable_key == _legacy("anon")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xef\xbb\xbfMISTRAL_API_KEY=k3y\r\n", None),
        ("MISTRAL_API_KEY=\u201ck3y\u201d\r\n".encode(), None),
        ("MISTRAL_API_KEY=k3y\r\n".encode("utf-16"), "not UTF-8"),
    ],
    ids=["byte order mark", "quotes", "UTF-16"],
)
def test_a_file_may_be_written_by_any_editor(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: bytes, fault: str | None
) -> None:
    """Neither a byte order mark nor the line ends of Windows hide the first variable."""
    (tmp_path / ".env").write_bytes(content)
    if fault is not None:
        assert fault in _fault(environment)
        return
    key = load_settings().mistral_api_key
    assert key is not None
    assert key.get_secret_value() == "k3y"


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://page.example:443", "https://page.example"),
        ("http://page.example:80", "http://page.example"),
        ("https://page.example:80", "https://page.example:80"),
        ("https://Page.Example:0443", "https://page.example"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("ionic://localhost", "ionic://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop",) * 2,
        ("moz-extension://2b1b1c1e-8a43-4b5c-9c66-0d9f2f3f6a01",) * 2,
        ("safari-web-extension://2B1B1C1E-8A43-4B5C-9C66-0D9F2F3F6A01",) * 2,
    ],
)
def test_an_origin_is_as_browsers_send_it(
    environment: pytest.MonkeyPatch, written: str, origin: str
) -> None:
    """Apps and extensions have origins too, and a usual port is left out of an origin."""
    environment.setenv("ALLOWED_ORIGINS", written)
    assert load_settings().allowed_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "*",
            "https://*.page.example",
            "https://page.example/",
            "page.example",
            "null",
            "file://",
        ),
        *("https://page.example:70000", "javascript://page.example", "capacitor://"),
        *("ws://page.example", "https://p\u00e4ge.example", "https://user@page.example"),
    ],
)
def test_an_origin_is_one_page(environment: pytest.MonkeyPatch, origin: str) -> None:
    """A wildcard, and what no browser ever sends, is refused and not left to match all or none."""
    environment.setenv("ALLOWED_ORIGINS", "https://page.example:8443,http://[::1]:5173")
    assert len(load_settings().allowed_origins) == 2
    told = _fault(environment, ALLOWED_ORIGINS=f"https://page.example,{origin}")
    assert "ALLOWED_ORIGINS" in told


def test_settings_do_not_change() -> None:
    """What was read at the start stays."""
    values: dict[str, Any] = {name.lower(): value for name, value in NEEDED.items()}
    settings = Settings(_env_file=None, **values)
    with pytest.raises(ValidationError):
        settings.__setattr__("bridge_port", 1)


def test_direct_mode_is_what_a_deployment_chooses(environment: pytest.MonkeyPatch) -> None:
    """Clients talk to the provider by themselves only where that is said, and live words are on."""
    environment.setenv("MISTRAL_API_KEY", "k")
    assert bind(load_settings())[0].secrets is None
    environment.setenv("REALTIME_MODE", "direct")
    assert bind(load_settings())[0].secrets is not None
    assert load_settings().direct_mode_trusts == "own_keys"
    environment.setenv("REALTIME_ENABLED", "false")
    assert bind(load_settings())[0].secrets is None
    for name, value in (
        ("REALTIME_MODE", "both"),
        ("DIRECT_MODE_TRUSTS", "nobody"),
        ("DIRECT_MODE_SECRET_SECONDS", "5"),
        ("DIRECT_MODE_SECRETS_PER_MINUTE", "0"),
    ):
        assert name in _fault(environment, **{name: value})
        environment.delenv(name)


def test_a_provider_that_makes_no_secrets(environment: pytest.MonkeyPatch) -> None:
    """Where the provider gives out no secrets, direct mode is the bridge's."""
    environment.setenv("REALTIME_MODE", "direct")
    environment.setenv("TRANSCRIPTION_PROVIDER", "vllm")
    assert bind(load_settings())[0].secrets is None
