"""Live sessions with a key of the user's own."""

import pytest
from structlog.testing import capture_logs

from local_stack.provider import Script
from shared_schema.errors import ErrorCode
from tests.doubles.auth import OTHER_USER, USER
from tests.doubles.own_keys import MemoryOwnKeys
from tests.waiting import until
from tests.ws_bridge.provoked import provokes
from tests.ws_bridge.world import SILENCE, World, running
from transcription.errors import BackendUnavailable, OwnKeyUnreadable

OWN = "0wnKey0wnKey0wnKey0wnKey0wnWxYz9"
SHARED = "test-key"


def bearers(world: World) -> list[str]:
    """Return the keys with which sessions were opened at the provider."""
    return [one.headers["authorization"].removeprefix("Bearer ") for one in world.provider.sessions]


async def test_an_own_key_opens_the_session() -> None:
    """A user's session is opened with their own key, and the ledger and the log are told so."""
    keys = MemoryOwnKeys({USER: OWN})
    async with running(Script(text="one two"), own_keys=keys) as world:
        with capture_logs() as logs:
            async with world.session() as talk:
                await talk.send(SILENCE)
                assert (await talk.stopped()).completed()["text"] == "one two"
            await until(lambda: any(log["event"] == "transcription" for log in logs))
        assert bearers(world) == [OWN]
        [entry] = world.ledger.entries.values()
        assert entry.own_key
        [line] = [log for log in logs if log["event"] == "transcription"]
        assert line["own_key"] is True
        assert OWN not in str(logs)
        await world.is_clean(upstreams=1)


async def test_others_use_the_deployments() -> None:
    """Who has no key of their own, or no account, uses the deployment's as ever."""
    keys = MemoryOwnKeys({USER: OWN})
    async with running(own_keys=keys) as world:
        other = world.issuer.token(OTHER_USER)
        anonymous = world.issuer.token(is_anonymous=True)
        for token in (other, anonymous):
            async with world.session(access_token=token) as talk:
                (await talk.stopped()).completed()
        assert bearers(world) == [SHARED] * 2
        assert not any(entry.own_key for entry in world.ledger.entries.values())
        await world.is_clean(upstreams=2)


@provokes(ErrorCode.OWN_KEY_REFUSED)
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_refused_key_is_told_to_its_owner(status: int) -> None:
    """A key that the provider refuses ends the session plainly; the shared one is never tried."""
    keys = MemoryOwnKeys({USER: OWN})
    script = Script(refuse_status=status, refuse_message=f"no such key {OWN}")
    async with running(script, own_keys=keys) as world:
        with capture_logs() as logs:
            error = await world.refused(ErrorCode.OWN_KEY_REFUSED)
        assert error["message"].startswith("Mistral refused your own key.")
        assert OWN not in str(error) + str(logs)
        assert keys.marks == [False]
        assert bearers(world) == [OWN]
        [entry] = world.ledger.entries.values()
        assert entry.settled == (0.0, "failed", None)
        assert not [log for log in logs if log["log_level"] in {"warning", "error"}]
        assert 'reason="key_refused"} 0.0' in (await world.http.get(world.metrics_url)).text
        await world.is_clean(upstreams=1)


async def test_a_key_that_is_refused_late() -> None:
    """Where the provider refuses the key in the middle, its owner is told so after all the text."""
    keys = MemoryOwnKeys({USER: OWN})
    script = Script(
        text="one two three", error_at_frame=3, error_code=401, error_message=f"no key {OWN}"
    )
    async with running(script, own_keys=keys) as world:
        async with world.session() as talk:
            for _ in range(4):
                await talk.send(SILENCE)
            ended = await talk.ended()
            assert OWN not in str(ended.failed(ErrorCode.OWN_KEY_REFUSED))
        assert keys.marks == [False]
        await world.is_clean(upstreams=1)


async def test_a_key_that_works_again() -> None:
    """A key that was refused, and is taken now, is marked so."""
    keys = MemoryOwnKeys({USER: OWN}, was_refused=True)
    async with running(own_keys=keys) as world:
        async with world.session() as talk:
            (await talk.stopped()).completed()
        assert set(keys.marks) == {True}


@provokes(ErrorCode.BACKEND_UNAVAILABLE)
@provokes(ErrorCode.OWN_KEY_UNREADABLE)
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (OwnKeyUnreadable("Store it again."), ErrorCode.OWN_KEY_UNREADABLE),
        (BackendUnavailable(retry_after=5.0), ErrorCode.BACKEND_UNAVAILABLE),
    ],
)
async def test_a_key_that_cannot_be_had(fault: Exception, code: ErrorCode) -> None:
    """Where a user's key cannot be read nothing is opened with another, and nothing reserved."""
    async with running(own_keys=MemoryOwnKeys({USER: fault})) as world:
        await world.refused(code)
        assert world.ledger.entries == {}
        await world.is_clean(upstreams=0)


@provokes(ErrorCode.OWN_KEY_REQUIRED)
async def test_a_deployment_without_a_key() -> None:
    """Without a key of its own a bridge serves those who brought one, and tells the others."""
    keys = MemoryOwnKeys({USER: OWN})
    async with running(own_keys=keys, mistral_api_key=None) as world:
        async with world.session() as talk:
            (await talk.stopped()).completed()
        other = world.issuer.token(OTHER_USER)
        error = await world.refused(ErrorCode.OWN_KEY_REQUIRED, access_token=other)
        assert "key of your own" in error["message"]
        assert bearers(world) == [OWN]
        await world.is_clean(upstreams=1)


async def test_a_session_goes_on_when_its_key_is_deleted() -> None:
    """A key is looked up when a session opens: a deletion holds for the next one, at once."""
    keys = MemoryOwnKeys({USER: OWN})
    async with running(Script(text="one two"), own_keys=keys) as world:
        async with world.session() as talk:
            keys.stored.clear()
            await talk.send(SILENCE)
            (await talk.stopped()).completed()
        async with world.session() as talk:
            (await talk.stopped()).completed()
        assert bearers(world) == [OWN, SHARED]
        assert keys.looked == 2
        await world.is_clean(upstreams=2)


async def test_strangers_are_not_looked_up() -> None:
    """No key is looked for before the token is verified."""
    keys = MemoryOwnKeys({USER: OWN})
    async with running(own_keys=keys) as world:
        await world.refused(ErrorCode.UNAUTHENTICATED, access_token="nonsense")
        assert keys.looked == 0
