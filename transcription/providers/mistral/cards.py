"""Model cards of Mistral, `GET /v1/models/{id}`: asked for once an hour, never in the way."""

import asyncio
import time
from collections.abc import Collection
from functools import cached_property
from typing import Final
from urllib.parse import quote

import httpx2
import structlog
from mistralai.client.models import BaseModelCard
from pydantic import SecretStr

from shared_schema.network import trusts_environment
from transcription.providers.base import FileCapabilities, RealtimeCapabilities
from transcription.providers.calls import trusted
from transcription.providers.mistral import models

ASK_SECONDS: Final = 3.0
"""The first caller that asks for an unknown model waits for this long."""
KEPT_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 60.0
MAX_KEPT: Final = 64
"""Models; a deployment offers a few."""
MAX_BYTES: Final = 256 * 1024
"""A card has about 2 kB."""

_log = structlog.get_logger(__name__)


class ModelCards:
    """What Mistral's models can do: what it says of them and, where it says nothing, what is known.

    A card that has grown old is used for as long as it takes to get a new one, so that no caller
    waits for it; if none can be had the last good one stays.

    Args:
        server_url: Mistral's address.
        api_key: The deployment's key; None: callers' own keys ask.
        connect_seconds: Limit on a connection's handshake.
        kept_seconds: How long a card is as good as new.
        retry_seconds: Until a card that could not be had is asked for again.
    """

    def __init__(
        self,
        server_url: str,
        *,
        api_key: SecretStr | None,
        connect_seconds: float,
        kept_seconds: float = KEPT_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._server_url = server_url
        self._api_key = api_key
        self._timeout = httpx2.Timeout(ASK_SECONDS, connect=connect_seconds)
        self._kept_seconds = kept_seconds
        self._retry_seconds = retry_seconds
        self._http: httpx2.AsyncClient | None = None
        self._kept: dict[str, _Kept] = {}
        self._asking: dict[tuple[str, SecretStr | None], asyncio.Task[models.Card | None]] = {}

    async def realtime_capabilities(
        self, model: str, key: SecretStr | None = None
    ) -> RealtimeCapabilities:
        """Return what `model` can do live, at once where anything is known of it.

        Raises:
            NotFound: nothing is known of the model, or it takes no live audio.
        """
        kept = self._look(model, key)
        if kept is None and models.is_known_live(model):
            return models.realtime_capabilities(model)
        return (kept or await self._ask(model, key)).realtime

    async def file_capabilities(self, model: str, key: SecretStr | None = None) -> FileCapabilities:
        """Return what `model` can do with a file; only the first to ask waits for the card.

        Raises:
            NotFound: nothing is known of the model, or it takes no files.
        """
        return (self._look(model, key) or await self._ask(model, key)).file

    async def warm_up(self, names: Collection[str]) -> None:
        """Ask for the cards of these models, so that no caller has to wait for one."""
        if self._api_key is not None:
            unknown = [model for model in names if model not in self._kept]
            await asyncio.gather(*(self._ask(model, None) for model in unknown))

    async def aclose(self) -> None:
        """Ask no more, and let go of every connection."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _look(self, model: str, key: SecretStr | None) -> "_Kept | None":
        """Return what is kept, and see to it that there soon is something new."""
        kept = self._kept.get(model)
        if kept is None or time.monotonic() >= kept.until:
            self._begin(model, key)
        return kept

    async def _ask(self, model: str, key: SecretStr | None) -> "_Kept":
        # Others may wait for the same: one that gives up must not take it from them.
        card = await asyncio.shield(self._begin(model, key))
        return self._kept.get(model) or _Kept(model, card, 0.0)

    def _begin(self, model: str, key: SecretStr | None) -> asyncio.Task[models.Card | None]:
        asks = (model, key if self._api_key is None else None)
        task = self._asking.get(asks)
        if task is None:
            task = asyncio.create_task(self._renew(*asks), name="model-card")
            self._asking[asks] = task
            task.add_done_callback(lambda _: self._asking.pop(asks, None))
        return task

    async def _renew(self, model: str, key: SecretStr | None) -> models.Card | None:
        card = await self._fetch(model, self._api_key or key)
        if card is None and self._api_key is None:
            return None  # one user's key says nothing about the model for the others
        seconds = self._retry_seconds if card is None else self._kept_seconds
        last = self._kept.pop(model, None)
        if card is None and last is not None:
            card = last.card
        while len(self._kept) >= MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[model] = _Kept(model, card, time.monotonic() + seconds)
        return card

    async def _fetch(self, model: str, key: SecretStr | None) -> models.Card | None:
        if key is None:
            return None
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"}
        body = bytearray()
        try:
            async with (
                asyncio.timeout(ASK_SECONDS),
                self._client().stream(
                    "GET", f"/v1/models/{quote(model, safe='')}", headers=headers
                ) as response,
            ):
                response.raise_for_status()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        message = "a model card is too large"
                        raise ValueError(message)
            card = BaseModelCard.model_validate_json(bytes(body))
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            _log.warning("model_card_missing", model=model, error=type(error).__name__)
            return None
        return card.audio_transcription_capabilities or None

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            self._http = httpx2.AsyncClient(
                base_url=self._server_url,
                timeout=self._timeout,
                verify=trusted(),
                trust_env=trusts_environment(self._server_url),
                # An hour passes until the next call: nothing is worth being kept open.
                limits=httpx2.Limits(max_keepalive_connections=0),
            )
        return self._http


class _Kept:
    """What is known of one model.

    Args:
        model: Its id.
        card: None: it could not be had yet, and the table speaks.
        until: Monotonic seconds; then it is asked for again.
    """

    def __init__(self, model: str, card: models.Card | None, until: float) -> None:
        self._model = model
        self.card = card
        self.until = until

    @cached_property
    def realtime(self) -> RealtimeCapabilities:
        return models.realtime_capabilities(self._model, self.card)

    @cached_property
    def file(self) -> FileCapabilities:
        return models.file_capabilities(self._model, self.card)
