"""Settings of both services, from the environment and `.env`: names and numbers, and no more.

Every one is documented in `.env.example`. `process.deployment` reads them and checks them against
what there is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticUseDefault
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared_schema import limits
from shared_schema.base import REALTIME_PATH
from shared_schema.presets import PresetId
from transcription.pasted import (
    checked_key,
    checked_origin,
    checked_publishable,
    checked_secret,
    pasted,
)

_url: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


def _checked_url(url: str) -> str:
    return str(_url.validate_python(url)).rstrip("/")


def _checked_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(checked_origin, origins))


def _secretly(check: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    return lambda key: SecretStr(check(key.get_secret_value()))


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Url = Annotated[str, AfterValidator(_checked_url)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Comma-separated in the environment."""
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Key = Annotated[SecretStr, AfterValidator(_secretly(checked_key))]


class Settings(BaseSettings):
    """What a deployment can set; names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",  # some editors write a byte order mark
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    transcription_enabled: bool = True
    realtime_enabled: bool = True
    final_pass_enabled: bool = True
    """Whether a page transcribes a recording again, as a whole, when it ends."""
    realtime_mode: Literal["bridge", "direct"] = "bridge"
    """Whether clients may be given secrets of the provider's, beside the bridge."""
    direct_mode_trusts: Literal["own_keys", "accounts", "everyone"] = "own_keys"
    """For whom client secrets are made with the deployment's key: no one, signed-in people, or
    those of anonymous users as well."""
    direct_mode_secret_seconds: Annotated[int, Field(ge=10, le=900)] = 60
    """How long a client secret opens sockets, and the least that its session is charged."""
    direct_mode_secrets_per_minute: Annotated[int, Field(gt=0)] = 20
    """Of one user; of all anonymous users behind one address together."""
    transcription_provider: str = "mistral"
    transcription_providers: Names = ()
    """Several in order, in the place of the one: the next takes what the one before cannot."""

    mistral_api_key: Key | None = None
    mistral_server_url: Url = "https://api.mistral.ai"
    mistral_transcribe_model: str = "voxtral-mini-2602"
    mistral_realtime_model: str = "voxtral-mini-transcribe-realtime-2602"
    vllm_server_url: Url = "http://127.0.0.1:8000"
    vllm_api_key: Key | None = None
    """As vLLM's `--api-key`; left out where it has none."""
    vllm_transcribe_model: str = "mistralai/Voxtral-Mini-4B-Realtime-2602"
    vllm_realtime_model: str = "mistralai/Voxtral-Mini-4B-Realtime-2602"
    openai_server_url: Url = "https://api.openai.com"
    """Of OpenAI, or of any server that speaks its shape; without `/v1`."""
    openai_api_key: Key | None = None
    openai_transcribe_model: str = "whisper-1"
    openai_realtime_model: str | None = None
    """Left out where the server has no realtime transcription: live words are off then."""
    allowed_models: Names = ()
    """Models that a caller may name, besides the two defaults."""

    byok_enabled: bool = False
    """Whether users may bring a key of their own for the provider."""
    byok_keys: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """What their keys are encrypted with: `name:base64,…`, the one in use first."""

    supabase_url: Url
    supabase_public_url: Url | None = None
    """Where browsers reach Supabase, if that differs."""
    supabase_jwt_issuer: str | None = None
    supabase_publishable_key: Annotated[str, AfterValidator(checked_publishable)]
    supabase_secret_key: Annotated[SecretStr, AfterValidator(_secretly(checked_secret))]
    supabase_jwt_secret: SecretStr | None = None
    """For projects that still sign HS256."""
    allow_anonymous: bool = True
    allowed_origins: Annotated[Names, AfterValidator(_checked_origins)] = (
        "http://127.0.0.1:5173",
        "http://localhost:5173",
    )
    trusted_proxy_hops: Annotated[int, Field(ge=0)] = 0
    """Proxies of ours before the services, whose `X-Forwarded-For` is believed."""

    min_audio_seconds: Seconds = limits.MIN_AUDIO_SECONDS
    max_audio_seconds: Seconds = limits.MAX_AUDIO_SECONDS
    max_upload_bytes: Count = limits.MAX_UPLOAD_BYTES

    bridge_host: str = "127.0.0.1"
    bridge_port: Port = 8790
    bridge_public_url: str | None = None
    """Where browsers reach the bridge; a path on the page's own host when left out."""
    bridge_metrics_host: str = "127.0.0.1"
    bridge_metrics_port: Port = 9790
    bridge_reuse_port: bool = False
    """Let one process per core listen on the same port (SO_REUSEPORT)."""
    bridge_max_sessions: Count = 400
    bridge_max_sessions_per_address: Count = 100
    """Of those, the most from one IP address (of IPv6, from one /64)."""
    bridge_max_pending: Count = 200
    """Sockets that have not been let in yet."""
    bridge_max_pending_per_address: Count = 50
    bridge_max_opening_per_user: Count = 8
    """Sessions that one user may be opening at once, in each process."""
    bridge_start_timeout_seconds: Seconds = limits.START_TIMEOUT_SECONDS
    bridge_idle_timeout_seconds: Seconds = limits.IDLE_TIMEOUT_SECONDS
    bridge_ping_interval_seconds: Seconds = 15.0
    """Silence of a client after which it is asked whether it is there."""
    bridge_ping_timeout_seconds: Seconds = 10.0
    bridge_heartbeat_seconds: Seconds = 10.0
    """Between two reports to the ledger, of all live sessions at once; it is a third of a lease."""
    bridge_slow_consumer_seconds: Seconds = 10.0
    bridge_drain_seconds: Seconds = 30.0
    bridge_ending_soon_seconds: Seconds = 30.0
    bridge_slack_seconds: Seconds = 60.0
    """Seconds that a session may last beyond 1.5 times its granted audio, and beyond three times
    the audio that has come."""
    provider_connect_seconds: Seconds = 10.0
    provider_stall_seconds: Seconds = 15.0
    """Seconds of voice without any text after which a provider counts as stalled."""
    provider_finish_seconds: Seconds = 10.0
    """How long a provider may take for the last words after the audio has ended."""
    provider_file_seconds: Seconds = Field(default=180.0, le=3000.0)
    """How long a provider may take for a whole file, with every retry."""

    provider_health_seconds: Seconds = 15.0
    """Between two questions how the provider is, of one that can be asked."""

    functions_host: str = "127.0.0.1"
    functions_port: Port = 8780
    functions_metrics_host: str = "127.0.0.1"
    functions_metrics_port: Port = 9780
    functions_page_dir: Path = Path("frontend/dist")
    """The built page, served at `/` when it is there."""
    functions_upload_dir: Path | None = None
    """Where uploads are kept while they are worked on; the system's temporary folder when left
    out. It must be a disk: in memory, 20 uploads are a gigabyte."""
    functions_max_connections: Count = 1000
    functions_max_connections_per_address: Count = 250
    """Of those, the most from one IP address; not counted behind proxies of ours."""
    functions_head_seconds: Seconds = 10.0
    """How long the head of a request may take to arrive."""
    functions_unread_seconds: Seconds = 30.0
    """How long a client may leave its answer unread."""
    functions_max_uploads: Count = 32
    """Files that are worked on at once; each may take the greatest upload's place on the disk."""
    functions_max_uploads_per_user: Count = 8
    functions_max_uploads_per_address: Count = 16
    functions_upload_seconds: Seconds = 300.0
    """How long the body of a request may take to arrive."""
    functions_upload_idle_seconds: Seconds = 30.0
    """Longest silence in the middle of a body."""
    functions_upload_min_rate: Count = 8192
    """Bytes a second of a body, on average, after its first `functions_upload_idle_seconds`."""
    functions_inspect_workers: Count = 2
    """Processes that read uploaded audio."""
    functions_drain_seconds: Seconds = 60.0
    """After SIGTERM, how long work that was begun may go on."""
    functions_sweep_seconds: Annotated[float, Field(ge=0)] = 600.0
    """Between two sweeps of what crashes left behind; 0 leaves them to the command."""
    signed_url_seconds: Count = 3600
    """How long the address of a stored recording is good."""
    clone_min_match: Annotated[float, Field(gt=0, le=1)] | None = None
    """The least rate of a match with which a voice is stored; every text is when left out."""
    reference_preset: PresetId = "any"
    """The engine that recordings are made for."""
    reference_preset_choice: bool = True
    """Whether the page lets people choose another engine."""
    notice: str | None = None
    """A note about this deployment's provider, shown in the page."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter_otlp_endpoint: Url | None = None
    """Where an OpenTelemetry collector takes traces over HTTP, without `/v1/traces`."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_as_it_was_meant(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        kept = pasted(value)
        if not kept:
            raise PydanticUseDefault  # set to nothing is as good as unset
        return kept

    @model_validator(mode="after")
    def _audio_bounds_are_in_order(self) -> Self:
        if self.min_audio_seconds >= self.max_audio_seconds:
            message = "MIN_AUDIO_SECONDS must be less than MAX_AUDIO_SECONDS"
            raise ValueError(message)
        return self

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the providers in use, in the order in which they are tried."""
        return self.transcription_providers or (self.transcription_provider,)

    @property
    def issuer(self) -> str:
        """`iss` of the tokens that are accepted."""
        return self.supabase_jwt_issuer or f"{self.public_supabase_url}/auth/v1"

    @property
    def public_supabase_url(self) -> str:
        """Supabase as browsers reach it."""
        return self.supabase_public_url or self.supabase_url

    @property
    def realtime_url(self) -> str:
        """The bridge as browsers reach it: absolute, or a path on the page's own host."""
        return self.bridge_public_url or REALTIME_PATH
