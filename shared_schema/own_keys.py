"""A user's own key for the provider: what is sent once, and what is ever told of it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, SecretStr

from shared_schema.base import Inbound, Outbound
from shared_schema.limits import MAX_OWN_KEY_CHARACTERS, MIN_OWN_KEY_CHARACTERS

OwnKeyState = Literal["untested", "works", "refused", "unreadable"]


class OwnKeyRequest(Inbound):
    """Body of `PUT /api/provider-key`."""

    key: Annotated[
        SecretStr,
        Field(min_length=MIN_OWN_KEY_CHARACTERS, max_length=MAX_OWN_KEY_CHARACTERS),
    ]
    """As the provider gave it."""


class OwnKey(Outbound):
    """The description of a user's own key, without the key itself."""

    provider: str
    """Whose key it is, or would be."""
    stored: bool
    last_four: str | None = None
    """Its last four characters."""
    state: OwnKeyState | None = None
    """`refused`: by the provider, when it was last used or tested; `unreadable`: the service has
    lost what it was encrypted with, and it has to be stored again."""
    created_at: AwareDatetime | None = None
    used_at: AwareDatetime | None = None
    tested_at: AwareDatetime | None = None
