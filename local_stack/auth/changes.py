"""What a person changes about themselves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from local_stack.auth import sessions, users
from local_stack.auth.errors import AuthError
from local_stack.auth.passwords import Passwords
from local_stack.auth.sessions import Scope
from local_stack.pools import Connection

ATTRIBUTES = frozenset({"email", "password", "data"})
# Clients send these along with an address, for a confirmation that is not asked for here.
IGNORED = frozenset({"code_challenge", "code_challenge_method"})


@dataclass(frozen=True)
class Changes:
    """Checked and ready; ``None`` leaves a thing as it is.

    Attributes:
        email: A new address, which ends anonymity.
        password_hash: Of a new password, which ends the person's other sessions.
        metadata: Laid over the person's own data.
    """

    email: str | None
    password_hash: str | None
    metadata: dict[str, Any] | None

    async def apply(self, connection: Connection, user: DictRow, session_id: UUID) -> None:
        """Write them.

        Args:
            connection: In a transaction.
            user: The person.
            session_id: Of the session that asks, which goes on.

        Raises:
            AuthError: Another user has the address.
        """
        if self.email is not None and self.email != user["email"]:
            await users.set_email(connection, user["id"], self.email)
        if self.password_hash is not None:
            await users.set_password(connection, user["id"], self.password_hash)
            await sessions.end(connection, user["id"], session_id, Scope.OTHERS)
        if self.metadata is not None:
            await users.merge_metadata(connection, user["id"], self.metadata)


async def read(
    body: dict[str, Any], user: DictRow, passwords: Passwords, shortest_password: int
) -> Changes:
    """The changes that a request asks for.

    Args:
        body: Of `PUT /user`; a member that is ``null`` asks for nothing.
        user: The person.
        passwords: Hashes and compares them.
        shortest_password: Characters.

    Raises:
        AuthError: One of them cannot be.
    """
    asked = {name: value for name, value in body.items() if value is not None}
    for name in asked.keys() - ATTRIBUTES - IGNORED:
        raise AuthError.unsupported(f"changing {name!r} of a user")
    email = users.clean_email(asked["email"]) if "email" in asked else None
    metadata = users.check_metadata(asked["data"]) if "data" in asked else None
    if "password" not in asked:
        return Changes(email, None, metadata)
    if user["is_anonymous"] and email is None:
        message = "Updating password of an anonymous user without an email is not allowed"
        raise AuthError(422, "validation_failed", message)
    password = users.check_password(asked["password"], shortest_password)
    if await passwords.matches(password, user["encrypted_password"]):
        message = "New password should be different from the old password."
        raise AuthError(422, "same_password", message)
    return Changes(email, await passwords.hashed(password), metadata)
