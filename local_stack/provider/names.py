"""Which wires there are, by name. A new one is a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from local_stack.provider.cards import HOSTED, SELF_HOSTED, SHAPED
from local_stack.provider.engine import ModelCard
from local_stack.provider.mistral.wire import MistralWire
from local_stack.provider.openai.wire import OpenAIWire
from local_stack.provider.vllm.wire import VllmWire
from local_stack.provider.wire import Wire


@dataclass(frozen=True, slots=True)
class Named:
    """A wire, and the models that are reached by it.

    Attributes:
        wire: Makes a wire; given a key, it takes that alone.
        cards: For the engine behind it.
        settings: What the project's services are told to reach it at an address.
    """

    wire: Callable[..., Wire]
    cards: tuple[ModelCard, ...]
    settings: Callable[[str], dict[str, str]]


def _mistral(url: str) -> dict[str, str]:
    return {"MISTRAL_API_KEY": "local", "MISTRAL_SERVER_URL": url}


def _vllm(url: str) -> dict[str, str]:
    return {"TRANSCRIPTION_PROVIDER": "vllm", "VLLM_SERVER_URL": url}


def _openai(url: str) -> dict[str, str]:
    live = next(card.id for card in SHAPED if "realtime" in card.modes)
    return {
        "TRANSCRIPTION_PROVIDER": "openai",
        "OPENAI_SERVER_URL": url,
        "OPENAI_REALTIME_MODEL": live,
    }


WIRES: Mapping[str, Named] = MappingProxyType(
    {
        "mistral": Named(MistralWire, HOSTED, _mistral),
        "vllm": Named(VllmWire, SELF_HOSTED, _vllm),
        "openai": Named(OpenAIWire, SHAPED, _openai),
    }
)
