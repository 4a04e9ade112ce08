"""What a caller asks for, as far as a provider can do it that takes another's place."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from pydantic import SecretStr

from shared_schema.base import Inbound
from shared_schema.batch import TranscriptionOptions
from shared_schema.client_messages import Start
from transcription.errors import InvalidMessage, NotFound, ProviderUnavailable
from transcription.providers.base import Provider
from transcription.providers.fitting import (
    Fitted,
    FittedLive,
    fitted_file,
    fitted_live,
)

_NO_WISHES: Final = frozenset(
    {"type", "v", "audio_format", "access_token", "resumes", "avoid", "check_text"}
)

A = TypeVar("A", bound=Inbound)
F = TypeVar("F")


async def relaxed_live(asked: Start, provider: Provider, key: SecretStr | None) -> FittedLive:
    """Return what to ask of a provider for a live session; what it cannot do is ignored, and told.

    Raises:
        ProviderUnavailable: nothing is known of its model.
    """
    fitted, left_out = await _as_far_as(asked, lambda wish: fitted_live(wish, provider, key))
    return replace(fitted, ignored=(*left_out, *fitted.ignored))


async def relaxed_file(
    asked: TranscriptionOptions,
    provider: Provider,
    key: SecretStr | None,
    *,
    wants_times: bool = False,
) -> Fitted:
    """Return what to ask of a provider for a file; what it cannot do is left out, with a warning.

    Raises:
        ProviderUnavailable: nothing is known of its model.
    """
    fitted, left_out = await _as_far_as(
        asked, lambda wish: fitted_file(wish, provider, key, wants_times=wants_times)
    )
    warnings = tuple(f"The provider that stood in does not take {name}." for name in left_out)
    return replace(fitted, warnings=(*warnings, *fitted.warnings))


async def _as_far_as(asked: A, fit: Callable[[A], Awaitable[F]]) -> tuple[F, list[str]]:
    """Return what is left of the wishes, fitted, and the names of those that are not."""
    wishes = {
        name: value
        for name in type(asked).model_fields
        if name not in _NO_WISHES and (value := getattr(asked, name)) is not None
    }
    taken, left_out = asked.model_copy(update=dict.fromkeys(wishes)), list[str]()
    try:
        fitted = await fit(taken)
    except NotFound:
        raise ProviderUnavailable from None
    for name, value in wishes.items():
        more = taken.model_copy(update={name: value})
        try:
            fitted, taken = await fit(more), more
        except (InvalidMessage, NotFound):
            left_out.append(name)
    return fitted, left_out
