"""One transaction in the name of a caller: the role, and the claims that policies read."""

import json
from collections.abc import Mapping

from local_stack.caller import Caller
from local_stack.pools import Connection

SET = "select set_config(name, value, true) from unnest(%s::text[], %s::text[]) as s(name, value)"


async def act_as(
    connection: Connection, caller: Caller, settings: Mapping[str, str] | None = None
) -> None:
    """Take on the caller's role until the transaction ends.

    The settings are those that PostgREST makes (`request.jwt.claims` and its older siblings).

    Args:
        connection: Inside a transaction, logged in as a role that may become the caller's.
        caller: Who asks.
        settings: Further settings of the transaction.
    """
    values = {
        "request.jwt.claims": json.dumps(caller.claims),
        "request.jwt.claim.sub": caller.subject or "",
        "request.jwt.claim.role": caller.role,
        **(settings or {}),
        "role": caller.role,
    }
    await connection.execute(SET, [list(values), list(values.values())])
