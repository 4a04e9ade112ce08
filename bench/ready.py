"""`python -m bench.ready`: time to `ready` beside the longer of its two waits.

A session waits for the provider's handshake and for the ledger's reservation, side by side, so it
should be ready when the later of both is done. Each is measured alone and then together, in turns:
over the real wire, the real bridge, and the ledger in a real Postgres.

With two providers of which the first is down, a session should wait for the first's connect
deadline once, and after that for the second as if it stood alone.
"""

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import jwt
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect as connect_socket

from chaos.fleet import Fleet, fleet
from local_stack.provider import Script, ScriptedEngine, serve
from local_stack.provider.cards import SELF_HOSTED
from local_stack.provider.vllm.wire import VllmWire
from transcription.identity.verifier import User
from transcription.ledger.base import Ledger
from transcription.ledger.supabase import SupabaseLedger
from transcription.providers.base import RealtimeOptions, RealtimeProvider
from transcription.providers.mistral.realtime import MistralRealtime
from transcription.rpc import connect
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.live import realtime_url
from utter_transcribe.options import Options

CONNECTS_MS: Final = (0, 200, 1000)
"""How long the provider takes to answer the handshake."""
ROUNDS: Final = 15
BOUND: Final = 1.1
"""At 200 and 1,000 ms; below, what a bridge has to do itself weighs more than either wait."""
_BOUND_FROM_MS: Final = 200
SECOND_MS: Final = 200
"""How long the second provider takes to answer the handshake."""
DEADLINE_SECONDS: Final = 1.0
"""For which a session waits for a first provider that does not answer."""
_MODEL: Final = "voxtral-mini-transcribe-realtime-2602"
_START: Final = Options().start().model_dump(mode="json", exclude_none=True)


@dataclass(frozen=True, slots=True)
class Waits:
    """One turn: milliseconds of each wait alone, and of both together at a bridge."""

    connect: float
    ledger: float
    ready: float


@dataclass(frozen=True, slots=True)
class Down:
    """Milliseconds to ready with a first provider that does not answer."""

    unknown: float
    """Of the session that finds it out."""
    known: list[float]
    """Of those that come after."""
    alone: list[float]
    """Of as many with the second provider alone, in turns with them."""

    @property
    def ratio(self) -> float:
        """Return the median with a first that is known to be down over that without one."""
        return median(self.known) / median(self.alone)

    @property
    def extra(self) -> float:
        """Return what the one that finds out waits beyond the second alone, in deadlines."""
        return (self.unknown - median(self.alone)) / (1000 * DEADLINE_SECONDS)


class Bench:
    """Takes the times.

    Args:
        url: Of a bridge.
        ledger: As the bridge has it.
        provider: The same.
        user: Whose token the bridge is given.
    """

    def __init__(
        self, url: str, ledger: Ledger, provider: RealtimeProvider, user: AnonymousUser
    ) -> None:
        self._url = realtime_url(url)
        self._ledger = ledger
        self._provider = provider
        self._user = user

    async def turn(self) -> Waits:
        """Take each time once."""
        return Waits(await self._connect(), await self._reserve(), await self.ready())

    async def _connect(self) -> float:
        begun = time.perf_counter()
        async with self._provider.open_realtime(RealtimeOptions(_MODEL)):
            return _ms(begun)

    async def _reserve(self) -> float:
        user = _whose(await self._user())
        begun = time.perf_counter()
        grant = await self._ledger.open(
            user, kind="realtime", provider="mistral", model=_MODEL, seconds=300
        )
        took = _ms(begun)
        await self._ledger.close(grant.id, audio_seconds=0, status="failed")
        return took

    async def ready(self) -> float:
        """Start a session on an open socket; end it and wait until it is settled."""
        token = await self._user()
        async with connect_socket(self._url, compression=None, proxy=None) as socket:
            begun = time.perf_counter()
            await socket.send(json.dumps(_START | {"access_token": token}))
            answer = json.loads(await socket.recv())
            took = _ms(begun)
            if answer["type"] != "ready":
                raise RuntimeError(f"no session: {answer.get('message')}")
            await socket.send('{"type": "stop"}')
            await socket.wait_closed()
        while (await self._ledger.usage(_whose(token))).open_sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return took


async def measure(
    replicas: Fleet, engine: ScriptedEngine, provider_url: str, *, rounds: int
) -> dict[int, list[Waits]]:
    """Return the turns for each time that the provider takes to connect, in milliseconds."""
    found: dict[int, list[Waits]] = {delay: [] for delay in CONNECTS_MS}
    async with AsyncExitStack() as stack:
        bench = await _bench(stack, replicas, provider_url)
        await bench.turn()  # connections and validators are paid for once
        for _ in range(rounds):
            for delay in CONNECTS_MS:
                engine.script = Script(connect_delay_ms=delay)
                found[delay].append(await bench.turn())
    return found


def ratio(turns: Sequence[Waits]) -> float:
    """Return the median time to ready over the longer of both waits' medians."""
    longer = max(median(turn.connect for turn in turns), median(turn.ledger for turn in turns))
    return median(turn.ready for turn in turns) / longer


def kept(delay: int, turns: Sequence[Waits]) -> bool:
    """Whether the bound holds, where there is one."""
    return delay < _BOUND_FROM_MS or ratio(turns) <= BOUND


async def measure_down(folder: Path, *, rounds: int) -> Down:
    """Return the times to ready with a first provider that is down, beside the second alone."""
    first = ScriptedEngine(Script(connect_delay_ms=60_000))
    second = ScriptedEngine(Script(connect_delay_ms=SECOND_MS), cards=SELF_HOSTED)
    async with AsyncExitStack() as stack:
        down = await stack.enter_async_context(serve(first, record="none"))
        well = await stack.enter_async_context(serve(second, record="none", wire=VllmWire()))
        benches = []
        for name in ("mistral,vllm", "vllm"):
            (data := folder / name).mkdir()
            settings = {
                "TRANSCRIPTION_PROVIDERS": name,
                "VLLM_SERVER_URL": well.url,
                "PROVIDER_CONNECT_SECONDS": str(DEADLINE_SECONDS),
            }
            replicas = await stack.enter_async_context(
                fleet(data, down.url, bridges=1, functions=1, settings=settings)
            )
            benches.append(await _bench(stack, replicas, down.url))
        both, alone = benches
        await alone.ready()  # connections and validators are paid for once
        unknown = await both.ready()
        turns = [(await both.ready(), await alone.ready()) for _ in range(rounds)]
    return Down(unknown, [one for one, _ in turns], [one for _, one in turns])


async def _bench(stack: AsyncExitStack, replicas: Fleet, provider_url: str) -> Bench:
    publishable, secret = replicas.stack.keys
    rpc = await stack.enter_async_context(connect(replicas.stack.url, SecretStr(secret)))
    return Bench(
        replicas.bridges[0].url,
        await stack.enter_async_context(SupabaseLedger(rpc)),
        MistralRealtime(server_url=provider_url, api_key=SecretStr("local"), connect_seconds=10),
        AnonymousUser(replicas.stack.url, publishable),
    )


def _whose(token: str) -> User:
    claims = jwt.decode(token, options={"verify_signature": False})
    return User(claims["sub"], True, claims["session_id"], claims["exp"])


def _ms(begun: float) -> float:
    return 1000 * (time.perf_counter() - begun)


async def _run(rounds: int) -> tuple[dict[int, list[Waits]], Down]:
    engine = ScriptedEngine()
    with tempfile.TemporaryDirectory() as folder:
        (data := Path(folder) / "one").mkdir()
        async with (
            serve(engine, record="none") as provider,
            fleet(data, provider.url, bridges=1, functions=1) as replicas,
        ):
            found = await measure(replicas, engine, provider.url, rounds=rounds)
        return found, await measure_down(Path(folder), rounds=rounds)


def main(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="To take medians of.")] = ROUNDS,
) -> None:
    """Measure the time to ready beside the longer of its two waits; 1 when it is out of bounds."""
    # A provider that answers too late finds the socket closed, as it should.
    logging.getLogger("websockets.server").setLevel(logging.CRITICAL)
    found, down = asyncio.run(_run(rounds))
    table = Table(title=f"Time to ready, medians of {rounds}, milliseconds", title_justify="left")
    for name in ("provider takes", "connect alone", "ledger alone", "ready", "ratio", "at most"):
        table.add_column(name, justify="right")
    for delay, turns in found.items():
        waits = [median(getattr(turn, name) for turn in turns) for name in Waits.__slots__]
        bound = f"{BOUND}" if delay >= _BOUND_FROM_MS else ""
        figures = [f"{wait:.1f}" for wait in waits]
        table.add_row(str(delay), *figures, f"{ratio(turns):.3f}", bound)
    Console().print(table)
    table = Table(title="With a first provider that is down, milliseconds", title_justify="left")
    for name in ("second alone", "first known to be down", "ratio", "found out", "deadlines more"):
        table.add_column(name, justify="right")
    figures = [f"{median(one):.1f}" for one in (down.alone, down.known)]
    table.add_row(*figures, f"{down.ratio:.3f}", f"{down.unknown:.1f}", f"{down.extra:.3f}")
    Console().print(table)
    is_bound = down.ratio <= BOUND and down.extra <= BOUND
    if not (is_bound and all(kept(delay, turns) for delay, turns in found.items())):
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
