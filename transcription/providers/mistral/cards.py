"""Model cards of Mistral, `GET /v1/models/{id}`: asked for once an hour."""

import asyncio
import time
from typing import Final
from urllib.parse import quote

import httpx2
import structlog
from mistralai.client.models import AudioTranscriptionCapabilities, BaseModelCard
from pydantic import ValidationError

from transcription.providers.base import FileCapabilities
from transcription.providers.mistral import models

ASK_SECONDS: Final = 3.0
"""A page waits for its languages meanwhile."""
KEPT_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 60.0
"""Until a card that could not be had is asked for again."""

_log = structlog.get_logger(__name__)


class ModelCards:
    """What Mistral says that its models can do, and where it says nothing, what is known.

    Args:
        http: With Mistral's address and the key; the caller owns it.
    """

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._kept: dict[str, tuple[FileCapabilities, float]] = {}
        self._asking = asyncio.Lock()

    async def file_capabilities(self, model: str) -> FileCapabilities:
        """Return what `model` can do with a file.

        Raises:
            NotFound: nothing is known of the model, or it takes no files.
        """
        async with self._asking:
            kept, until = self._kept.get(model, (None, 0.0))
            if kept is not None and time.monotonic() < until:
                return kept
            card = await self._ask(model)
            can = models.file_capabilities(model, card)
            seconds = RETRY_SECONDS if card is None else KEPT_SECONDS
            self._kept[model] = (can, time.monotonic() + seconds)
            return can

    async def _ask(self, model: str) -> AudioTranscriptionCapabilities | None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                response = await self._http.get(f"/v1/models/{quote(model, safe='')}")
            response.raise_for_status()
            card = BaseModelCard.model_validate_json(response.content)
        except (httpx2.HTTPError, TimeoutError, ValidationError) as error:
            _log.warning("model_card_missing", model=model, error=type(error).__name__)
            return None
        return card.audio_transcription_capabilities or None
