"""Who is let in, step by step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from shared_schema.client_messages import Start
from tests.doubles.auth import USER
from tests.doubles.ledger import MemoryLedger
from tests.doubles.provider import HandHeldProvider
from tests.ws_bridge.machine import TIMING, start
from tests.ws_bridge.world import START, plain_http
from transcription.errors import (
    InvalidMessage,
    LedgerUnavailable,
    NotFound,
    ProviderUnavailable,
    QuotaExceeded,
    SessionLimit,
    TranscriptionDisabled,
)
from transcription.identity.verifier import User
from transcription.ledger.heartbeat import Heartbeat, Loss
from transcription.process.connection_limiter import ConnectionLimiter
from transcription.process.shell import Shell
from transcription.providers.base import RealtimeOptions
from transcription.providers.fitting import FittedLive, fitted_live
from transcription.settings import Settings
from transcription.user_keys.providers import lending
from ws_bridge.admission import Admission, Admitted, Caller
from ws_bridge.bridge import Bridge
from ws_bridge.refusals import Refusals
from ws_bridge.session import Session

SOMEBODY = User(USER, is_anonymous=False, session_id=None, expires_at=0)


class Relay:
    """What holds the session that is let in."""

    def __init__(self) -> None:
        self.session = Session(TIMING, 0.0)
        self.has_place = False

    def credit(self, seconds: float) -> None:
        """Take note of nothing."""

    def let_in(self) -> None:
        """Remember it."""
        self.has_place = True

    def lost(self, loss: Loss) -> None:
        """Never be lost."""
        raise AssertionError(loss)

    def tick(self, now: float) -> None:
        """Have no clock."""

    def drain(self, seconds: float, now: float) -> None:
        """Tell nobody."""

    def end(self, now: float) -> None:
        """Tell nobody."""

    def evict(self) -> bool:
        """Stay."""
        return False

    async def replace(self, now: float) -> None:
        """Stay."""


def _start(**fields: Any) -> Start:
    return Start.model_validate({**START, **fields})


async def _fitted(provider: HandHeldProvider, **fields: Any) -> FittedLive:
    return await fitted_live(_start(**fields), provider.bound("usual", "other"), None)


@asynccontextmanager
async def _admitted(
    provider: HandHeldProvider,
    ledger: MemoryLedger,
    relay: Relay,
    *,
    is_off: bool = False,
    asked: Start | None = None,
    refusals: Refusals | None = None,
) -> AsyncIterator[Admitted]:
    """Let someone in."""
    settings: dict[str, Any] = {
        "_env_file": None,
        "supabase_url": "http://127.0.0.1:9",
        "supabase_publishable_key": "sb_publishable_test",
        "supabase_secret_key": "sb_secret_test",
    }
    bound = provider.bound("usual", "other")
    async with (
        plain_http() as http,
        lending(lambda one: one.realtime, [bound], None) as providers,
    ):
        shell = Shell(Settings(**settings), "realtime", ledger=ledger, http=http, providers=[bound])
        limiter = partial(ConnectionLimiter, limit=1, per_network=1)
        admission = Admission(
            shell,
            providers=None if is_off else providers,
            bridge=Bridge(sessions=limiter(), pending=limiter(), metrics=shell.metrics),
            heartbeat=Heartbeat(ledger),
            refusals=refusals if refusals is not None else Refusals(max_opening=8),
        )
        record = shell.records.new("realtime")
        caller = Caller(SOMEBODY, None)
        async with admission.admit(asked or _start(), caller, relay, record) as admitted:
            assert record.user_id == SOMEBODY.id
            yield admitted


async def test_what_is_not_said_is_the_usual() -> None:
    """A `start` without wishes gets the usual model, any language and no terms."""
    fitted = await _fitted(HandHeldProvider())
    assert fitted == FittedLive(RealtimeOptions("usual"), (), max_lag_ms=1000)


async def test_wishes_are_put_as_the_provider_takes_them() -> None:
    """A language is its code, and terms are trimmed."""
    fitted = await _fitted(
        HandHeldProvider(),
        model="other",
        language="pt-BR",
        context_bias=[" a b ", "c"],
        target_streaming_delay_ms=80,
    )
    assert fitted.options == RealtimeOptions("other", "pt", ("a b", "c"), 80)
    assert fitted.ignored == ()


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"language": "en", "context_bias": ["a"]}, ("language", "context_bias")),
        ({"context_bias": ["a"]}, ("context_bias",)),
        ({"language": "Auto", "context_bias": []}, ()),
    ],
    ids=["both", "terms", "none"],
)
async def test_hints_that_a_model_does_not_take_are_left_out(
    fields: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    """A hint is no demand: where the model takes none, the session goes on without, and says so."""
    provider = HandHeldProvider(accepts_language=False, accepts_context_bias=False)
    fitted = await _fitted(provider, **fields)
    assert fitted.options == RealtimeOptions("usual")
    assert fitted.ignored == ignored


@pytest.mark.parametrize(
    ("can", "fields", "kind"),
    [
        ({}, {"model": "unknown"}, NotFound),
        ({"languages": frozenset({"en"})}, {"language": "de"}, InvalidMessage),
        ({"streaming_delays_ms": ()}, {"target_streaming_delay_ms": 480}, InvalidMessage),
    ],
    ids=["model", "language", "delay"],
)
async def test_what_cannot_be_done_is_refused(
    can: dict[str, Any], fields: dict[str, Any], kind: type[Exception]
) -> None:
    """A model that is not offered, and a wish that it cannot meet, are refused."""
    with pytest.raises(kind):
        await _fitted(HandHeldProvider(**can), **fields)


async def test_without_a_provider_nobody_is_let_in() -> None:
    """Where live transcription is off, no token is even looked at."""
    relay, asked = Relay(), _start(access_token="x")
    with pytest.raises(TranscriptionDisabled):
        async with _admitted(HandHeldProvider(), MemoryLedger(), relay, is_off=True, asked=asked):
            raise AssertionError
    assert not relay.has_place


@pytest.mark.parametrize(
    ("ledger_says", "provider_says", "told"),
    [
        (QuotaExceeded(), None, QuotaExceeded),
        (None, ProviderUnavailable(), ProviderUnavailable),
        (ZeroDivisionError(), ProviderUnavailable(), ZeroDivisionError),
        (QuotaExceeded(), ZeroDivisionError(), ZeroDivisionError),
    ],
    ids=["ledger", "provider", "ledgers-bug", "providers-bug"],
)
async def test_one_failure_is_told_and_a_bug_before_a_refusal(
    ledger_says: Exception | None, provider_says: Exception | None, told: type[Exception]
) -> None:
    """Of two failures at once a bug is told; a grant that was given is settled all the same."""
    provider, ledger = HandHeldProvider(), MemoryLedger(refusal=ledger_says)
    provider.refusal = provider_says
    with pytest.raises(told):
        async with _admitted(provider, ledger, Relay()):
            raise AssertionError
    assert ledger.open_sessions == []
    assert all(entry.settled == (0.0, "failed", None) for entry in ledger.entries.values())
    assert all(session.left for session in provider.sessions)


async def test_both_are_left_in_order() -> None:
    """The provider is left before the grant is settled, once, whatever happened inside."""
    provider, ledger, relay = HandHeldProvider(), MemoryLedger(), Relay()
    ledger.closing.close()

    async def fail() -> None:
        async with _admitted(provider, ledger, relay) as admitted:
            relay.session.receive_text(start(), 0.0)
            relay.session.opened(admitted.terms, 0.0)
            assert relay.has_place
            raise ZeroDivisionError

    failing = asyncio.create_task(fail())
    await ledger.closing.reached.wait()
    assert provider.sessions[0].left
    ledger.closing.open()
    with pytest.raises(ZeroDivisionError):
        await failing
    [entry] = ledger.entries.values()
    assert entry.settled == (0.0, "partial", None)


async def test_a_settlement_is_not_cut_short() -> None:
    """A caller that is cancelled while its grant is being settled leaves it settled."""
    provider, ledger = HandHeldProvider(), MemoryLedger()
    ledger.closing.close()

    async def come_and_go() -> None:
        async with _admitted(provider, ledger, Relay()):
            pass

    going = asyncio.create_task(come_and_go())
    await ledger.closing.reached.wait()
    going.cancel()
    await asyncio.sleep(0)
    assert not going.done()
    ledger.closing.open()
    with pytest.raises(asyncio.CancelledError):
        await going
    assert ledger.open_sessions == []


async def test_who_was_refused_lately_opens_no_paid_socket() -> None:
    """The first refusal is met beside the provider's socket; later ones come before it."""
    provider, refusals = HandHeldProvider(), Refusals(max_opening=8)
    ledger = MemoryLedger(refusal=SessionLimit())
    for _ in range(5):
        with pytest.raises(SessionLimit):
            async with _admitted(provider, ledger, Relay(), refusals=refusals):
                raise AssertionError
    assert len(provider.sessions) == 1
    ledger.refusal = None
    async with _admitted(provider, ledger, Relay(), refusals=refusals):
        assert len(provider.sessions) == 2
    assert not refusals.lately(SOMEBODY, None, asyncio.get_running_loop().time())


async def test_an_outage_is_no_refusal() -> None:
    """That the ledger cannot be reached is held against nobody."""
    refusals = Refusals(max_opening=8)
    ledger = MemoryLedger(refusal=LedgerUnavailable())
    with pytest.raises(LedgerUnavailable):
        async with _admitted(HandHeldProvider(), ledger, Relay(), refusals=refusals):
            raise AssertionError
    assert not refusals.lately(SOMEBODY, None, asyncio.get_running_loop().time())
