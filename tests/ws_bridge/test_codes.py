"""Every code that a socket can meet, provoked on real sockets; nothing may be left behind."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from local_stack.provider import Script
from shared_schema.errors import ERRORS, ErrorCode
from tests.doubles.auth import OTHER_USER, USER
from tests.waiting import until
from tests.wires import Wire, over_all_wires
from tests.ws_bridge import test_own_keys  # noqa: F401 - provokes those of own keys
from tests.ws_bridge.provoked import PROVOKED, provokes
from tests.ws_bridge.raw import raw
from tests.ws_bridge.world import SILENCE, VOICE, running
from transcription.errors import (
    BudgetExceeded,
    Capacity,
    LedgerUnavailable,
    QuotaExceeded,
    SessionLimit,
    TranscriptionError,
)

HTTP_ONLY = {code for code, row in ERRORS.items() if row.close is None} | {
    ErrorCode.PAYLOAD_TOO_LARGE
}
"""A socket refuses an oversized message or frame as `invalid_message`."""


def test_no_code_is_forgotten() -> None:
    """Every code that can end a socket is provoked, here or where own keys are tried."""
    assert set(ERRORS) - HTTP_ONLY == PROVOKED


@provokes(ErrorCode.INVALID_MESSAGE)
@over_all_wires
async def test_an_odd_frame_ends_a_session_with_its_text(wire: Wire) -> None:
    """A frame that cuts a sample in two ends the session, with all the text so far."""
    async with running(wire=wire) as world, world.session() as talk:
        for _ in range(4):
            await talk.send(SILENCE)
        await talk.next("delta")
        await talk.send(SILENCE[:-1])
        error = (await talk.ended()).failed(ErrorCode.INVALID_MESSAGE)
        assert "3199" in error["message"]
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.UNSUPPORTED_VERSION)
@over_all_wires
async def test_another_version_is_refused(wire: Wire) -> None:
    """A client of another version is told so before anything is opened for it."""
    async with running(wire=wire) as world:
        await world.refused(ErrorCode.UNSUPPORTED_VERSION, v=2)
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.UNSUPPORTED_AUDIO)
@over_all_wires
@pytest.mark.parametrize(
    "audio_format",
    [
        {"encoding": "pcm_s16le", "sample_rate": 48000},
        {"encoding": "opus", "sample_rate": 16000},
    ],
)
async def test_another_format_is_refused(wire: Wire, audio_format: dict[str, object]) -> None:
    """Audio in another encoding or rate is refused, and the message says what is accepted."""
    async with running(wire=wire) as world:
        error = await world.refused(ErrorCode.UNSUPPORTED_AUDIO, audio_format=audio_format)
        assert "16000" in error["message"] or "pcm_s16le" in error["message"]
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.UNAUTHENTICATED)
@over_all_wires
@pytest.mark.parametrize("token", [None, "", "nonsense", "sb_secret_test"])
async def test_a_stranger_opens_no_paid_socket(wire: Wire, token: str | None) -> None:
    """Without a good token nothing is reserved and the provider is not called."""
    async with running(wire=wire) as world:
        await world.refused(ErrorCode.UNAUTHENTICATED, access_token=token)
        assert world.ledger.entries == {}
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.TOKEN_EXPIRED)
@over_all_wires
async def test_an_expired_token_is_told_apart(wire: Wire) -> None:
    """A token whose time has passed is told as such, so that the client refreshes it."""
    async with running(wire=wire) as world:
        expired = world.issuer.token(exp=1_000_000_000)
        await world.refused(ErrorCode.TOKEN_EXPIRED, access_token=expired)
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.AUTH_UNAVAILABLE)
@over_all_wires
async def test_without_keys_nobody_is_let_in(wire: Wire) -> None:
    """While no signing key can be had, a caller is asked to come back."""
    async with running(auth_down=True, wire=wire) as world:
        error = await world.refused(ErrorCode.AUTH_UNAVAILABLE)
        assert error["retry_after"] > 0
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.FORBIDDEN)
@over_all_wires
async def test_two_tokens_of_two_users_are_refused(wire: Wire) -> None:
    """The handshake's token and the one in `start` must be of one user."""
    async with running(wire=wire) as world:
        headers = {"Authorization": f"Bearer {world.issuer.token(USER)}"}
        async with world.talk(additional_headers=headers) as talk:
            await talk.send(world.start(access_token=world.issuer.token(OTHER_USER)))
            (await talk.ended()).failed(ErrorCode.FORBIDDEN)
        await world.is_clean(upstreams=0)


@over_all_wires
async def test_anonymous_users_may_be_kept_out(wire: Wire) -> None:
    """Where anonymous users may not call, one is told so in words that a page can show."""
    async with running(allow_anonymous=False, wire=wire) as world:
        token = world.issuer.token(is_anonymous=True)
        error = await world.refused(ErrorCode.FORBIDDEN, access_token=token)
        assert "sign in" in error["message"]
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.NOT_FOUND)
@over_all_wires
async def test_a_model_that_is_not_offered_is_not_found(wire: Wire) -> None:
    """A model must be on the deployment's list, even if the provider has it."""
    async with running(wire=wire) as world:
        error = await world.refused(ErrorCode.NOT_FOUND, model="voxtral-mini-transcribe-realtime-3")
        assert "voxtral-mini-transcribe-realtime-3" in error["message"]
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.START_TIMEOUT)
@over_all_wires
async def test_who_says_nothing_is_sent_away(wire: Wire) -> None:
    """A socket on which no `start` comes is closed at the limit."""
    async with running(bridge_start_timeout_seconds=0.2, wire=wire) as world, world.talk() as talk:
        (await talk.ended()).failed(ErrorCode.START_TIMEOUT)
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.IDLE_TIMEOUT)
@over_all_wires
async def test_who_sends_no_audio_gives_the_place_back(wire: Wire) -> None:
    """A client that answers pings but sends no frame is idle; what it said is in the final."""
    settings: dict[str, Any] = {
        "bridge_idle_timeout_seconds": 1.2,
        "bridge_ping_interval_seconds": 0.2,
        "bridge_ping_timeout_seconds": 0.5,
    }
    async with (
        running(Script(text="one two"), **settings, wire=wire) as world,
        world.session() as talk,
    ):
        for _ in range(2):
            await talk.send(SILENCE)
        heard = await talk.ended()
        heard.failed(ErrorCode.IDLE_TIMEOUT)
        assert heard.of("final")[0]["text"] == "one two"
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.SESSION_LIMIT)
@over_all_wires
async def test_the_session_limit_names_the_open_sessions(wire: Wire) -> None:
    """Who is over the limit learns which sessions are open, to take one over."""
    async with running(wire=wire) as world, world.session() as talk:
        open_session = talk.heard.of("ready")[0]["session_id"]
        world.ledger.refusal = SessionLimit(retry_after=7, open_sessions=[open_session])
        error = await world.refused(ErrorCode.SESSION_LIMIT)
        assert error["open_sessions"] == [open_session]
        assert error["retry_after"] == 7
        (await talk.stopped()).completed()
        await world.is_clean()


@provokes(ErrorCode.QUOTA_EXCEEDED)
@provokes(ErrorCode.BUDGET_EXCEEDED)
@provokes(ErrorCode.CAPACITY)
@provokes(ErrorCode.LEDGER_UNAVAILABLE)
@over_all_wires
@pytest.mark.parametrize(
    "refusal",
    [
        QuotaExceeded(retry_after=3600),
        BudgetExceeded(),
        Capacity(retry_after=5),
        LedgerUnavailable(retry_after=5),
    ],
    ids=lambda refusal: refusal.code,
)
async def test_the_ledger_decides(wire: Wire, refusal: TranscriptionError) -> None:
    """What the ledger refuses is told with its code and the time to wait."""
    async with running(wire=wire) as world:
        world.ledger.refusal = refusal
        error = await world.refused(refusal.code)
        assert error.get("retry_after") == refusal.retry_after
        await world.is_clean()


@provokes(ErrorCode.DRAINING)
@over_all_wires
async def test_a_draining_bridge_sends_new_sockets_elsewhere(wire: Wire) -> None:
    """While the bridge lets its work end, a new socket is told to come again at once."""
    async with running(wire=wire) as world, world.session() as talk:
        draining = asyncio.create_task(world.app.drain(30))
        await talk.next("notice")
        async with world.talk() as late:
            error = (await late.ended()).failed(ErrorCode.DRAINING)
            assert error["retry_after"] == 0
        (await talk.stopped()).completed()
        await draining
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.TRANSCRIPTION_DISABLED)
@over_all_wires
@pytest.mark.parametrize(
    "off",
    [{"transcription_enabled": False}, {"realtime_enabled": False}],
    ids=lambda off: next(iter(off)),
)
async def test_a_deployment_may_be_without_live_transcription(
    wire: Wire, off: dict[str, Any]
) -> None:
    """Switched off, the bridge runs and says so."""
    async with running(**off, wire=wire) as world:
        await world.refused(ErrorCode.TRANSCRIPTION_DISABLED)
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.TRANSCRIPTION_DISABLED)
async def test_a_deployment_may_be_without_a_key() -> None:
    """Without the key that a provider needs, the bridge runs and says so."""
    async with running(mistral_api_key=None) as world:
        await world.refused(ErrorCode.TRANSCRIPTION_DISABLED)
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.PROVIDER_REJECTED)
@over_all_wires
@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_request_is_told_in_the_providers_words(wire: Wire, status: int) -> None:
    """What the provider says of a request it refuses is shown, being about the request."""
    script = Script(error_at_frame=0, error_code=status, error_message="language: too many")
    async with running(script, wire=wire) as world:
        error = await world.refused(ErrorCode.PROVIDER_REJECTED)
        assert "language: too many" in error["message"]
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.PROVIDER_RATE_LIMITED)
@over_all_wires
async def test_a_busy_provider_says_when_to_come_back(wire: Wire) -> None:
    """A 429 of the provider's is passed on with its `Retry-After`."""
    async with running(Script(refuse_status=429, retry_after=17), wire=wire) as world:
        error = await world.refused(ErrorCode.PROVIDER_RATE_LIMITED)
        assert error["retry_after"] == 17
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.PROVIDER_UNAVAILABLE)
@over_all_wires
async def test_a_provider_that_drops_leaves_the_text(wire: Wire) -> None:
    """When the provider's connection breaks, the client keeps every word and is told."""
    async with running(Script(drop_at_frame=10), wire=wire) as world, world.session() as talk:
        for _ in range(10):
            await talk.send(SILENCE)
        heard = await talk.ended()
        heard.failed(ErrorCode.PROVIDER_UNAVAILABLE)
        assert heard.of("final")[0]["text"] == heard.text == "the quick brown fox jumps"
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.SLOW_CONSUMER)
@over_all_wires
@pytest.mark.parametrize("reads_later", [True, False])
async def test_who_does_not_read_is_let_go(wire: Wire, reads_later: bool) -> None:
    """Who reads too late still finds final, error and close; who never reads holds nothing."""
    talkative = Script(deltas=("x" * 1_000_000,) * 20, delta_every_ms=100)
    async with (
        running(talkative, bridge_slow_consumer_seconds=0.2, wire=wire) as world,
        raw(world.url) as client,
    ):
        await client.send(world.start())
        await client.next("ready")
        for _ in range(20):
            await client.send(VOICE)
        if reads_later:
            await until(lambda: world.ledger.open_sessions == [])
            (await client.ended()).failed(ErrorCode.SLOW_CONSUMER)
        await world.is_clean(upstreams=1)


@provokes(ErrorCode.INTERNAL)
@over_all_wires
async def test_a_bug_is_told_as_an_id_and_logged_in_full(wire: Wire) -> None:
    """Of a bug the client learns an id alone; the log has the traceback under that id."""
    async with running(wire=wire) as world:
        world.ledger.refusal = RuntimeError("a secret of ours")
        with capture_logs() as logs:
            error = await world.refused(ErrorCode.INTERNAL)
        assert "secret" not in error["message"]
        (entry,) = [log for log in logs if log["event"] == "internal_error"]
        assert entry["error_id"] in error["message"]
        assert entry["exc_info"] is True
        await world.is_clean()
