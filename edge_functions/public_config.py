"""`GET /api/config`: what a page needs before anybody is signed in."""

from fastapi import APIRouter

from edge_functions.offered_models import offered, options
from edge_functions.openapi import problems
from edge_functions.services import Services, ServicesOf
from shared_schema.account import (
    AudioLimits,
    LanguageOption,
    ModelOption,
    OwnKeysOffer,
    PublicConfig,
)
from shared_schema.errors import ErrorCode
from shared_schema.files import EXTENSIONS, MIME_TYPES
from transcription.providers.base import Provider

router = APIRouter(prefix="/api")


@router.get(
    "/config",
    operation_id="config",
    summary="Show what this deployment offers",
    response_model_exclude_none=True,
    responses=problems(ErrorCode.INTERNAL),
)
async def get_config(services: ServicesOf) -> PublicConfig:
    """What this deployment offers, to whom, and where. Needs no sign-in."""
    settings, provider = services.shell.settings, services.shell.lineup.current
    enabled = services.files is not None
    models = await offered(provider)
    return PublicConfig(
        enabled=enabled,
        realtime_enabled=enabled and settings.realtime_enabled,
        realtime_url=settings.realtime_url,
        realtime_mode="bridge" if services.direct is None else "direct",
        supabase_url=settings.public_supabase_url,
        supabase_publishable_key=settings.supabase_publishable_key,
        allow_anonymous=settings.allow_anonymous,
        limits=AudioLimits(
            max_bytes=settings.max_upload_bytes,
            min_seconds=settings.min_audio_seconds,
            max_seconds=settings.max_audio_seconds,
            types=MIME_TYPES,
            extensions=EXTENSIONS,
        ),
        languages=_languages(models, provider),
        model=provider.batch.default,
        realtime_model=provider.live.default,
        models=models,
        final_pass=enabled and settings.final_pass_enabled,
        own_keys=_own_keys(services),
        bundles=True,
        reference_preset=settings.reference_preset,
        reference_preset_choice=settings.reference_preset_choice,
        notice=settings.notice,
    )


def _own_keys(services: Services) -> OwnKeysOffer:
    if services.own_keys is None or services.files is None:
        return "off"
    is_shared = any(one.is_shared for one in services.shell.providers)
    return "offered" if is_shared else "required"


def _languages(models: tuple[ModelOption, ...], provider: Provider) -> tuple[LanguageOption, ...]:
    """Return those of the model for files, by their English names."""
    default = provider.batch.default
    of_default = (one.languages for one in models if (one.id, one.kind) == (default, "batch"))
    return next(of_default, ()) or options(provider.languages)
