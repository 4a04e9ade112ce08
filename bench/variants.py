"""What is measured beside what."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.script import MODEL, PROVIDER_PATH
from shared_schema.base import REALTIME_PATH


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where the neighbours of a relay are."""

    provider_url: str
    supabase_url: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One way from a recording to the provider.

    Attributes:
        name: Short, for tables and results.
        what: One line for a reader.
        dialect: What its sessions speak.
        path: Where they connect.
        argv: How the relay is started; None: there is none.
        environment: The relay's environment.
        ready_path: Answers 200 when it may be measured; None: as soon as it listens.
    """

    name: str
    what: str
    dialect: str = "relay"
    path: str = REALTIME_PATH
    argv: Sequence[str] | None = None
    environment: Callable[[Neighbours], Mapping[str, str]] = lambda _: {}
    ready_path: str | None = None


def _bridge(neighbours: Neighbours) -> dict[str, str]:
    return {
        "SUPABASE_URL": neighbours.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_bench",
        "SUPABASE_SECRET_KEY": "sb_secret_bench",
        "MISTRAL_API_KEY": "bench",
        "MISTRAL_SERVER_URL": neighbours.provider_url,
        "BRIDGE_PORT": "0",
        "BRIDGE_METRICS_PORT": "0",
        "BRIDGE_MAX_SESSIONS": "2000",
        # All of the load comes from one address.
        "BRIDGE_MAX_SESSIONS_PER_ADDRESS": "2000",
        "BRIDGE_MAX_PENDING_PER_ADDRESS": "200",
    }


def _other(neighbours: Neighbours) -> dict[str, str]:
    return {"PROVIDER_URL": neighbours.provider_url, "MODEL": MODEL}


DIRECT: Final = Variant(
    "direct",
    "no relay: sessions speak to the fake provider on its own wire",
    dialect="provider",
    path=PROVIDER_PATH,
)
BRIDGE: Final = Variant(
    "bridge",
    "ours with all that it does: ES256 tokens, ledger, limits, acks, watchdogs, metrics, log",
    argv=(sys.executable, "-m", "ws_bridge"),
    environment=_bridge,
    ready_path="/readyz",
)
SKETCH: Final = Variant(
    "sketch",
    "FastAPI's WebSocket and the SDK's transcribe_stream, on uvicorn with uvloop",
    argv=(sys.executable, "-m", "bench.sketch"),
    environment=_other,
)
NODE: Final = Variant(
    "node",
    "a relay of 25 lines on Node's ws",
    argv=("node", "relay.mjs"),
    environment=_other,
)
VARIANTS: Final[Mapping[str, Variant]] = {
    variant.name: variant for variant in (DIRECT, BRIDGE, SKETCH, NODE)
}
