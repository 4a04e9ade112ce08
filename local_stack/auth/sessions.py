"""Sessions, and refresh tokens that are used once.

A token that was already used is the mark of a thief, or of a client whose answer got lost. The
second is forgiven: for a few seconds, and until the token's successor is used.
Anything else revokes every token of the session.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from local_stack.auth.tokens import Method
from local_stack.pools import Connection

TOKEN_BYTES = 12


class Scope(StrEnum):
    """Which of a person's sessions to end."""

    GLOBAL = "global"
    LOCAL = "local"
    OTHERS = "others"


class Refusal(StrEnum):
    """Why a refresh token was not taken."""

    UNKNOWN = "refresh_token_not_found"
    USED = "refresh_token_already_used"


@dataclass(frozen=True)
class Session:
    """A session and the one token that refreshes it.

    Attributes:
        id: Of the session.
        user_id: Whose it is.
        method: How it began.
        refresh_token: To be used once.
    """

    id: UUID
    user_id: UUID
    method: Method
    refresh_token: str


async def begin(
    connection: Connection, user_id: UUID, method: str, user_agent: str | None
) -> Session:
    """A new session of a person who has just signed in."""
    session_id = uuid.uuid4()
    await connection.execute(
        "insert into auth.sessions (id, user_id, created_at, updated_at, user_agent)"
        " values (%s, %s, now(), now(), %s)",
        [session_id, user_id, user_agent],
    )
    await connection.execute(
        "insert into auth.mfa_amr_claims"
        " (session_id, created_at, updated_at, authentication_method)"
        " values (%s, now(), now(), %s)",
        [session_id, method],
    )
    await connection.execute(
        "update auth.users set last_sign_in_at = now() where id = %s", [user_id]
    )
    token = await _add_token(connection, session_id, user_id, parent=None)
    return Session(session_id, user_id, await _method(connection, session_id), token)


async def refresh(connection: Connection, token: str, reuse_seconds: int) -> Session | Refusal:
    """Exchange a refresh token for its successor.

    Args:
        connection: As the owner of `auth`.
        token: To be used up.
        reuse_seconds: How long a used token is forgiven.
    """
    found = await connection.execute(
        "select s.id, s.user_id from auth.refresh_tokens t join auth.sessions s"
        " on s.id = t.session_id where t.token = %s for update of s",  # one refresh at a time
        [token],
    )
    session = await found.fetchone()
    if session is None:
        return Refusal.UNKNOWN
    found = await connection.execute(
        "select revoked, updated_at > now() - make_interval(secs => %s) as recent"
        " from auth.refresh_tokens where token = %s",
        [reuse_seconds, token],
    )
    used = await found.fetchone()
    if used is None:
        return Refusal.UNKNOWN
    if used["revoked"]:
        successor = await _active(connection, session["id"], token, any_parent=used["recent"])
    else:
        successor = await _add_token(connection, session["id"], session["user_id"], parent=token)
        await _revoke(connection, token)
    if successor is None:
        await connection.execute(
            "update auth.refresh_tokens set revoked = true, updated_at = now()"
            " where session_id = %s and not revoked",
            [session["id"]],
        )
        return Refusal.USED
    await connection.execute(
        "update auth.sessions set refreshed_at = now(), updated_at = now() where id = %s",
        [session["id"]],
    )
    method = await _method(connection, session["id"])
    return Session(session["id"], session["user_id"], method, successor)


async def exists(connection: Connection, session_id: UUID, user_id: UUID) -> bool:
    """Whether a session of a person has not ended."""
    found = await connection.execute(
        "select from auth.sessions where id = %s and user_id = %s", [session_id, user_id]
    )
    return await found.fetchone() is not None


async def end(connection: Connection, user_id: UUID, session_id: UUID, scope: Scope) -> None:
    """End sessions of a person, and the refresh tokens with them.

    Args:
        connection: As the owner of `auth`.
        user_id: Whose.
        session_id: The one that asks.
        scope: All of them, that one, or all others.
    """
    match scope:
        case Scope.GLOBAL:
            which = "true or id = %s"
        case Scope.LOCAL:
            which = "id = %s"
        case Scope.OTHERS:
            which = "id <> %s"
    await connection.execute(
        f"delete from auth.sessions where user_id = %s and ({which})",  # noqa: S608 - our own words
        [user_id, session_id],
    )


async def _add_token(
    connection: Connection, session_id: UUID, user_id: UUID, *, parent: str | None
) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await connection.execute(
        "insert into auth.refresh_tokens"
        " (token, user_id, session_id, parent, revoked, created_at, updated_at)"
        " values (%s, %s, %s, %s, false, now(), now())",
        [token, str(user_id), session_id, parent],
    )
    return token


async def _revoke(connection: Connection, token: str) -> None:
    await connection.execute(
        "update auth.refresh_tokens set revoked = true, updated_at = now() where token = %s",
        [token],
    )


async def _active(
    connection: Connection, session_id: UUID, token: str, *, any_parent: bool
) -> str | None:
    """The session's unused token, where the used one is its parent or may be repeated."""
    found = await connection.execute(
        "select token from auth.refresh_tokens"
        " where session_id = %s and not revoked and (parent = %s or %s)",
        [session_id, token, any_parent],
    )
    row = await found.fetchone()
    return row["token"] if row else None


async def _method(connection: Connection, session_id: UUID) -> Method:
    found = await connection.execute(
        "select authentication_method, updated_at from auth.mfa_amr_claims where session_id = %s",
        [session_id],
    )
    claim = await found.fetchone()
    if claim is None:
        raise LookupError(f"session {session_id} has no method")
    at: datetime = claim["updated_at"]
    return Method(claim["authentication_method"], int(at.timestamp()))
