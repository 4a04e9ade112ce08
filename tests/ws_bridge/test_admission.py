"""Who is let in, step by step."""

from typing import Any

import pytest

from shared_schema.client_messages import Start
from tests.doubles.auth import USER
from tests.doubles.ledger import MemoryLedger
from tests.doubles.provider import HandHeldProvider
from tests.ws_bridge.world import START
from transcription.errors import (
    InvalidMessage,
    NotFound,
    ProviderUnavailable,
    QuotaExceeded,
    TranscriptionDisabled,
)
from transcription.identity.verifier import User, Verifier
from transcription.ledger.base import Grant
from transcription.providers.base import RealtimeOptions
from transcription.providers.fitting import FittedLive
from ws_bridge.admission import Admission, Caller, Offer

OFFER = Offer("hand-held", "usual", frozenset({"usual", "other"}), max_seconds=300)
SOMEBODY = User(USER, is_anonymous=False, session_id=None, expires_at=0)
OPTIONS = RealtimeOptions("usual")


class Nobody:
    """A key set without keys."""

    async def key(self, kid: str) -> Any:
        """Never have it."""
        raise AssertionError(kid)


def _admission(provider: HandHeldProvider | None, ledger: MemoryLedger | None = None) -> Admission:
    return Admission(
        verifier=Verifier(issuer="", keys=Nobody()),
        ledger=ledger if ledger is not None else MemoryLedger(),
        provider=provider,
        offer=OFFER,
    )


def _start(**fields: Any) -> Start:
    return Start.model_validate({**START, **fields})


async def test_what_is_not_said_is_the_usual() -> None:
    """A `start` without wishes gets the usual model, any language and no terms."""
    fitted = await _admission(HandHeldProvider()).options(_start())
    assert fitted == FittedLive(RealtimeOptions("usual"), (), max_lag_ms=1000)


async def test_wishes_are_put_as_the_provider_takes_them() -> None:
    """A language is its code, terms are trimmed and blank ones left out."""
    start = _start(
        model="other",
        language="pt-BR",
        context_bias=[" a b ", "c", " "],
        target_streaming_delay_ms=80,
    )
    fitted = await _admission(HandHeldProvider()).options(start)
    assert fitted.options == RealtimeOptions("other", "pt", ("a b", "c"), 80)
    assert fitted.ignored == ()


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({"language": "en", "context_bias": ["a"]}, ("language", "context_bias")),
        ({"context_bias": ["a"]}, ("context_bias",)),
        ({"language": "Auto", "context_bias": [" "]}, ()),
    ],
    ids=["both", "terms", "none"],
)
async def test_hints_that_a_model_does_not_take_are_left_out(
    fields: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    """A hint is no demand: where the model takes none, the session goes on without, and says so."""
    provider = HandHeldProvider(accepts_language=False, accepts_context_bias=False)
    fitted = await _admission(provider).options(_start(**fields))
    assert fitted.options == RealtimeOptions("usual")
    assert fitted.ignored == ignored


async def test_terms_are_cut_into_words_where_only_words_are_taken() -> None:
    """Terms of several words become words, and no more of them than the limit."""
    admission = _admission(HandHeldProvider(single_word_bias=True))
    fitted = await admission.options(_start(context_bias=["Utter, Voice Clone", "Voxtral"]))
    assert fitted.options.context_bias == ("Utter", "Voice", "Clone", "Voxtral")
    fitted = await admission.options(_start(context_bias=["a b"] * 100))
    assert len(fitted.options.context_bias) == 100


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
        await _admission(HandHeldProvider(**can)).options(_start(**fields))


async def test_without_a_provider_nobody_is_let_in() -> None:
    """Where live transcription is off, no token is even looked at."""
    admission = _admission(None)
    with pytest.raises(TranscriptionDisabled):
        await admission.identify(_start(access_token="x"), Caller(SOMEBODY, None))
    with pytest.raises(TranscriptionDisabled):
        await _open(admission, [])


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
    settled: list[str] = []
    with pytest.raises(told):
        await _open(_admission(provider, ledger), settled)
    assert settled == list(ledger.entries)
    assert all(session.left for session in provider.sessions)


async def test_both_are_left_in_order() -> None:
    """The provider is left before the grant is settled, once, whatever happened inside."""
    provider, ledger = HandHeldProvider(), MemoryLedger()
    order: list[bool] = []

    async def settle(_: Grant) -> None:
        order.append(provider.sessions[0].left)

    with pytest.raises(ZeroDivisionError):
        async with _admission(provider, ledger).open(
            SOMEBODY, OPTIONS, address=None, replaces=None, settle=settle
        ):
            raise ZeroDivisionError
    assert order == [True]


async def _open(admission: Admission, settled: list[str]) -> None:
    async def settle(grant: Grant) -> None:
        settled.append(grant.id)

    async with admission.open(SOMEBODY, OPTIONS, address=None, replaces=None, settle=settle):
        raise AssertionError
