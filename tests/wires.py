"""The providers' wires, for tests of what is the same over all of them.

What differs from wire to wire is told here, and nowhere in a test.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import pytest
from pydantic import SecretStr

from local_stack.provider import Script, ScriptedEngine
from local_stack.provider.engine import ModelCard
from local_stack.provider.names import WIRES as SERVED
from local_stack.provider.names import Named
from shared_schema.errors import ErrorCode
from transcription.providers.base import RealtimeProvider
from transcription.providers.mistral.realtime import MistralRealtime
from transcription.providers.openai.realtime import Faster, OpenAIRealtime
from transcription.providers.vllm.realtime import VllmRealtime

KEY: Final = "test-key"


@dataclass(frozen=True)
class Wire:
    """One provider's wire.

    Attributes:
        name: As `TRANSCRIPTION_PROVIDER` has it.
        live_model: A model for live sessions, of those that are served.
        live: Opens sessions at an address, within so many seconds.
        created: Its first message, for a provider that is played by hand.
        target: Path and query of its sockets.
        numbers: What an error event is told as where a script's number says more here than that
            the provider has failed.
        tells_language: Whether it tells the language that it detects.
        ignored: Hints that its live model has no use for.
        refusal: A refusal's body that says `message`.
        file_model: The model for files.
        health: Whether it can be asked how it is, or only the outcomes of work tell.
        file_cost: Of four seconds of a file, in micro-dollars.
        title: In the ids of tests, where it is not the name.
        carried: What the provider gets of audio that is handed over.
    """

    name: str
    live_model: str
    live: Callable[[str, float], RealtimeProvider]
    created: str
    target: str
    numbers: Mapping[int, ErrorCode]
    tells_language: bool
    ignored: tuple[str, ...]
    refusal: Callable[[Any], dict[str, Any]]
    file_model: str
    file_cost: int
    health: Literal["asked", "outcomes"]
    title: str = ""
    carried: Callable[[bytes], bytes] = bytes

    @property
    def served(self) -> Named:
        """How the local stack serves it."""
        return SERVED[self.name]

    def engine(
        self, script: Any = None, cards: Sequence[ModelCard] | None = None
    ) -> ScriptedEngine:
        """Return an engine with this provider's models, or with others."""
        return ScriptedEngine(script or Script(), cards=cards or self.served.cards)

    def settings(self, url: str, key: str = KEY) -> dict[str, Any]:
        """Return the settings of a deployment that uses it at this address."""
        return {
            "transcription_provider": self.name,
            f"{self.name}_api_key": key,
            f"{self.name}_server_url": url,
            f"{self.name}_realtime_model": self.live_model,
            f"{self.name}_transcribe_model": self.file_model,
        }

    def code(self, number: int) -> ErrorCode:
        """Return what an error event with a script's number is told as."""
        return self.numbers.get(number, ErrorCode.PROVIDER_UNAVAILABLE)

    def __str__(self) -> str:
        return self.title or self.name


MISTRAL: Final = Wire(
    name="mistral",
    live_model="voxtral-mini-transcribe-realtime-2602",
    live=lambda url, seconds: MistralRealtime(
        server_url=url, api_key=SecretStr(KEY), connect_seconds=seconds
    ),
    created=json.dumps(
        {
            "type": "session.created",
            "session": {
                "request_id": "by-hand",
                "model": "voxtral-mini-transcribe-realtime-2602",
                "audio_format": {"encoding": "pcm_s16le", "sample_rate": 16000},
            },
        }
    ),
    target="/v1/audio/transcriptions/realtime?model=voxtral-mini-transcribe-realtime-2602",
    numbers={429: ErrorCode.PROVIDER_RATE_LIMITED, 422: ErrorCode.PROVIDER_REJECTED},
    tells_language=True,
    ignored=("context_bias",),
    refusal=lambda message: {"object": "error", "message": message, "code": "1"},
    file_model="voxtral-mini-2602",
    file_cost=200,
    health="outcomes",
)
VLLM: Final = Wire(
    name="vllm",
    live_model="mistralai/Voxtral-Mini-4B-Realtime-2602",
    live=lambda url, seconds: VllmRealtime(
        server_url=url, api_key=SecretStr(KEY), connect_seconds=seconds
    ),
    created=json.dumps({"type": "session.created", "id": "by-hand", "created": 1}),
    target="/v1/realtime",
    # There is no code for 429, as there is no limit but the hardware's.
    numbers={422: ErrorCode.PROVIDER_REJECTED},
    tells_language=False,
    ignored=("language", "context_bias"),
    refusal=lambda message: {
        "error": {
            # Always words: where another provider has an object, this one has what it holds.
            "message": message if isinstance(message, str) else str(message["detail"]),
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        }
    },
    file_model="mistralai/Voxtral-Mini-4B-Realtime-2602",
    file_cost=0,
    health="asked",
)
MISTRAL_3: Final = replace(
    MISTRAL,
    title="mistral-3",
    live_model="voxtral-mini-transcribe-realtime-3",
    target=MISTRAL.target.replace("-2602", "-3"),
    ignored=(),
    file_model="voxtral-mini-transcribe-3",
    file_cost=234,
)
OPENAI: Final = Wire(
    name="openai",
    live_model="gpt-live-transcribe",
    live=lambda url, seconds: OpenAIRealtime(
        server_url=url, api_key=SecretStr(KEY), connect_seconds=seconds
    ),
    created=json.dumps({"type": "session.created", "session": {"id": "by-hand"}}),
    target="/v1/realtime?intent=transcription",
    numbers={429: ErrorCode.PROVIDER_RATE_LIMITED, 422: ErrorCode.PROVIDER_REJECTED},
    tells_language=False,
    ignored=(),
    refusal=VLLM.refusal,
    file_model="whisper-1",
    file_cost=400,
    health="outcomes",
    carried=lambda pcm: Faster().feed(pcm),
)
WIRES: Final = (MISTRAL, VLLM)
EVERY_WIRE: Final = (MISTRAL, MISTRAL_3, VLLM, OPENAI)

over_all_wires = pytest.mark.parametrize("wire", WIRES, ids=str)
"""For what the services do with any provider: two that differ much stand for all."""
over_every_wire = pytest.mark.parametrize("wire", EVERY_WIRE, ids=str)
"""For what a provider itself does, or fails to do."""
