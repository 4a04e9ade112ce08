"""Parameters that many functions take."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from edge_functions.caller import Caller
from edge_functions.services import ServicesOf
from shared_schema.limits import IDEMPOTENCY_KEY_CHARACTERS
from transcription.errors import Unauthenticated
from transcription.process.addresses import client_address

_bearer = HTTPBearer(
    scheme_name="supabase",
    bearerFormat="JWT",
    description="A Supabase access token.",
    auto_error=False,
)


async def _caller(
    request: Request,
    services: ServicesOf,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    told = request.headers.getlist("Authorization")
    if bearer is None or len(told) > 1:
        raise Unauthenticated("Sign in and send 'Authorization: Bearer <access token>'.")
    # FastAPI's own reading strips spaces that are none in HTTP.
    token = told[0].partition(" ")[2].strip(" ")
    user = await services.shell.verifier.user(token)
    address = client_address(
        request.client.host if request.client is not None else None,
        request.headers.getlist("X-Forwarded-For"),
        hops=services.shell.settings.trusted_proxy_hops,
    )
    return Caller(user, SecretStr(token), address)


CallerOf = Annotated[Caller, Depends(_caller)]
"""The user who is signed in."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key within a day gets the same answer, and is charged once.",
        min_length=1,
        max_length=IDEMPOTENCY_KEY_CHARACTERS,
        pattern=r"^[\x21-\x7e]+$",
    ),
]
