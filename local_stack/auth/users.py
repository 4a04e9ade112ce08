"""People: rows of `auth.users` and the way Supabase Auth shows them."""

import re
import uuid
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from local_stack.auth import passwords
from local_stack.auth.errors import AuthError
from local_stack.pools import Connection

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST_EMAIL = 255


def clean_email(value: Any) -> str:
    """An address in the form that it is kept in.

    Raises:
        AuthError: It is none.
    """
    if not isinstance(value, str) or len(value) > LONGEST_EMAIL or not EMAIL.fullmatch(value):
        raise AuthError(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return value.lower()


def check_password(value: Any, shortest: int) -> str:
    """A password that may be taken.

    Args:
        value: As sent.
        shortest: Characters.

    Raises:
        AuthError: It is too short or too long.
    """
    if not isinstance(value, str) or len(value) < shortest:
        message = f"Password should be at least {shortest} characters."
        raise AuthError(422, "weak_password", message, weak_password={"reasons": ["length"]})
    if len(value) > passwords.LONGEST:
        message = f"Password cannot be longer than {passwords.LONGEST} characters"
        raise AuthError(400, "validation_failed", message)
    return value


def check_metadata(value: Any) -> dict[str, Any]:
    """A person's own data: an object, empty where nothing was sent.

    Raises:
        AuthError: It is another kind of value.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AuthError(400, "validation_failed", "data must be an object")
    return value


async def by_id(connection: Connection, user_id: UUID) -> DictRow | None:
    """The person of an id."""
    found = await connection.execute("select * from auth.users where id = %s", [user_id])
    return await found.fetchone()


async def by_email(connection: Connection, email: str) -> DictRow | None:
    """The person of an address."""
    found = await connection.execute("select * from auth.users where email = %s", [email])
    return await found.fetchone()


async def create_anonymous(connection: Connection, metadata: dict[str, Any]) -> UUID:
    """A person of whom nothing is known."""
    user_id = uuid.uuid4()
    await connection.execute(
        "insert into auth.users (id, aud, role, raw_app_meta_data, raw_user_meta_data,"
        " is_anonymous, created_at, updated_at)"
        " values (%s, 'authenticated', 'authenticated', '{}', %s, true, now(), now())",
        [user_id, Jsonb(metadata)],
    )
    return user_id


async def create_with_password(
    connection: Connection, email: str, password_hash: str, metadata: dict[str, Any]
) -> UUID:
    """A person with an address, which is taken as confirmed.

    Raises:
        AuthError: The address is taken.
    """
    user_id = uuid.uuid4()
    try:
        await connection.execute(
            "insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at,"
            " raw_app_meta_data, raw_user_meta_data, created_at, updated_at)"
            " values (%s, 'authenticated', 'authenticated', %s, %s, now(), %s, %s, now(), now())",
            [user_id, email, password_hash, _by_email_metadata(), Jsonb(metadata)],
        )
    except psycopg.errors.UniqueViolation as error:
        raise AuthError(422, "user_already_exists", "User already registered") from error
    await _identify(connection, user_id, email)
    return user_id


async def set_email(connection: Connection, user_id: UUID, email: str) -> None:
    """Give a person an address; an anonymous one is no longer anonymous.

    Raises:
        AuthError: Another user has it.
    """
    try:
        await connection.execute(
            "update auth.users set email = %s, email_confirmed_at = now(), is_anonymous = false,"
            " raw_app_meta_data = raw_app_meta_data || %s, updated_at = now() where id = %s",
            [email, _by_email_metadata(), user_id],
        )
    except psycopg.errors.UniqueViolation as error:
        message = "A user with this email address has already been registered"
        raise AuthError(422, "email_exists", message) from error
    await _identify(connection, user_id, email)


async def set_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Replace a person's password."""
    await connection.execute(
        "update auth.users set encrypted_password = %s, updated_at = now() where id = %s",
        [password_hash, user_id],
    )


async def merge_metadata(connection: Connection, user_id: UUID, metadata: dict[str, Any]) -> None:
    """Lay new members of a person's own data over the old ones; ``null`` takes one away."""
    gone = [name for name, value in metadata.items() if value is None]
    await connection.execute(
        "update auth.users set updated_at = now(),"
        " raw_user_meta_data = (raw_user_meta_data || %s) - %s::text[] where id = %s",
        [Jsonb(metadata), gone, user_id],
    )


async def delete(connection: Connection, user_id: UUID) -> bool:
    """Erase a person with all sessions; whether there was one."""
    done = await connection.execute("delete from auth.users where id = %s", [user_id])
    return done.rowcount == 1


async def show(connection: Connection, user: DictRow) -> dict[str, Any]:
    """A person as Supabase Auth's user object, with the identities."""
    found = await connection.execute(
        "select * from auth.identities where user_id = %s order by created_at", [user["id"]]
    )
    shown: dict[str, Any] = {
        "id": str(user["id"]),
        "aud": user["aud"],
        "role": user["role"],
        "email": user["email"] or "",
        "phone": user["phone"] or "",
        "app_metadata": user["raw_app_meta_data"],
        "user_metadata": user["raw_user_meta_data"],
        "identities": [_show_identity(identity) for identity in await found.fetchall()],
        "is_anonymous": user["is_anonymous"],
    }
    for moment in (
        "created_at",
        "updated_at",
        "last_sign_in_at",
        "email_confirmed_at",
        "confirmed_at",
    ):
        if user[moment] is not None:
            shown[moment] = user[moment].isoformat()
    return shown


def _show_identity(identity: DictRow) -> dict[str, Any]:
    return {
        "identity_id": str(identity["id"]),
        "id": identity["provider_id"],
        "user_id": str(identity["user_id"]),
        "identity_data": identity["identity_data"],
        "provider": identity["provider"],
        "last_sign_in_at": identity["last_sign_in_at"].isoformat(),
        "created_at": identity["created_at"].isoformat(),
        "updated_at": identity["updated_at"].isoformat(),
        "email": identity["email"],
    }


def _by_email_metadata() -> Jsonb:
    return Jsonb({"provider": "email", "providers": ["email"]})


async def _identify(connection: Connection, user_id: UUID, email: str) -> None:
    data = {"sub": str(user_id), "email": email, "email_verified": True, "phone_verified": False}
    await connection.execute(
        "insert into auth.identities (provider_id, user_id, identity_data, provider,"
        " last_sign_in_at, created_at, updated_at)"
        " values (%s, %s, %s, 'email', now(), now(), now())"
        " on conflict (provider_id, provider) do update"
        " set identity_data = excluded.identity_data, updated_at = now()",
        [str(user_id), user_id, Jsonb(data)],
    )
