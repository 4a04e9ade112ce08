"""Where people meet the fleet, and who they are."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

import jwt

from chaos.observations import Evidence
from utter_transcribe.auth import AnonymousUser
from utter_transcribe.errors import ClientError


@dataclass(slots=True)
class Scene:
    """What everyone knows.

    Attributes:
        url: The fleet's one address.
        supabase_url: Where people sign in and store takes.
        publishable_key: The project's.
        evidence: What was seen.
        over: Set when no new work begins.
        numbers: Of recordings.
    """

    url: str
    supabase_url: str
    publishable_key: str
    evidence: Evidence
    over: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def user(self) -> AnonymousUser:
        """Return a new user, who signs in when needed."""
        return AnonymousUser(self.supabase_url, self.publishable_key)

    async def rest(self, dice: Random, most: float) -> None:
        """Wait a while, less when it is all over."""
        try:
            async with asyncio.timeout(dice.uniform(0, most)):
                await self.over.wait()
        except TimeoutError:
            return


async def id_of(user: AnonymousUser) -> str:
    """Return a user's id; None if they could not sign in."""
    try:
        token = await user()
    except ClientError:
        return ""
    return str(jwt.decode(token, options={"verify_signature": False})["sub"])
