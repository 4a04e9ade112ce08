"""Providers by their keys: shared, bounded, and closed once."""

import asyncio

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.waiting import until
from transcription.user_keys.pool import KeyedProviders


class Counted:
    """A provider that knows its key and how often it was closed."""

    def __init__(self, key: SecretStr) -> None:
        self.key = key.get_secret_value()
        self.closed = 0

    async def aclose(self) -> None:
        """Be closed."""
        self.closed += 1


def keyed(*, most_idle: int = 64, idle_seconds: float = 60.0) -> KeyedProviders[Counted]:
    """Return an empty one."""
    return KeyedProviders(Counted, most_idle=most_idle, idle_seconds=idle_seconds)


async def test_one_provider_for_each_key() -> None:
    """The same key gets the same provider, at once and later; another key gets another."""
    async with keyed() as providers:
        async with (
            providers.lent(SecretStr("one")) as one,
            providers.lent(SecretStr("one")) as same,
            providers.lent(SecretStr("two")) as other,
        ):
            assert one is same
            assert (one.key, other.key) == ("one", "two")
        async with providers.lent(SecretStr("one")) as later:
            assert later is one
    assert (one.closed, other.closed) == (1, 1)


async def test_how_many_are_kept_is_bounded() -> None:
    """Beyond the limit the longest unused is closed, and never one that is in use."""
    async with keyed(most_idle=2) as providers:
        async with providers.lent(SecretStr("busy")) as busy:
            made = []
            for number in range(10):
                async with providers.lent(SecretStr(str(number))) as provider:
                    made.append(provider)
            await until(lambda: len(providers) == 3)
            assert [one.closed for one in made] == [1] * 8 + [0] * 2
            assert busy.closed == 0
        await until(lambda: len(providers) == 2)
        assert (made[8].closed, busy.closed) == (1, 0)
    assert {one.closed for one in (*made, busy)} == {1}


async def test_what_nobody_uses_goes() -> None:
    """A key is held no longer than it is of use."""
    async with keyed(idle_seconds=0.1) as providers:
        async with providers.lent(SecretStr("one")) as one:
            await asyncio.sleep(0.3)
            assert one.closed == 0
        await until(lambda: one.closed == 1)
        assert len(providers) == 0
        async with providers.lent(SecretStr("one")) as another:
            assert another is not one


async def test_a_failure_of_the_borrower_gives_it_back() -> None:
    """Whatever ends the block, the provider is lent no more."""
    async with keyed(most_idle=0) as providers:
        with pytest.raises(ZeroDivisionError):
            async with providers.lent(SecretStr("one")) as one:
                raise ZeroDivisionError
        await until(lambda: one.closed == 1)


async def test_one_that_does_not_close() -> None:
    """A provider that fails to close keeps no other from being closed."""

    class Stuck(Counted):
        async def aclose(self) -> None:
            await super().aclose()
            raise OSError

    providers = KeyedProviders[Counted](Stuck)
    with capture_logs() as logs:
        async with providers:
            async with providers.lent(SecretStr("one")) as one:
                pass
            async with providers.lent(SecretStr("two")) as two:
                pass
    assert (one.closed, two.closed) == (1, 1)
    assert [log["event"] for log in logs] == ["provider_not_closed"] * 2
