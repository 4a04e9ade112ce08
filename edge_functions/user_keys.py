"""`/api/provider-key`: a user's own key for the provider, stored, tested, shown, forgotten."""

from typing import Final

from fastapi import APIRouter, Request

from edge_functions.body import read_json
from edge_functions.caller import Caller
from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems, takes
from edge_functions.services import Services, ServicesOf
from shared_schema.errors import ErrorCode
from shared_schema.own_keys import OwnKey, OwnKeyRequest
from transcription.errors import Forbidden, InvalidMessage, NotFound, ProviderKeyRefused
from transcription.providers.base import OwnKeyRules
from transcription.user_keys.supabase import SupabaseOwnKeys

_C = ErrorCode
_ALWAYS: Final = (*ANYWHERE, _C.BACKEND_UNAVAILABLE)

router = APIRouter(prefix="/api/provider-key")


@router.get(
    "",
    operation_id="getOwnKey",
    summary="Show what is known of your own key",
    response_model_exclude_none=True,
    responses=problems(*_ALWAYS),
)
async def get_own_key(caller: CallerOf, services: ServicesOf) -> OwnKey:
    """Whether there is one, its last four characters, and how it did. Never the key."""
    return await _keys(services, caller).describe(caller.user)


@router.put(
    "",
    operation_id="storeOwnKey",
    summary="Store or replace your own key",
    response_model_exclude_none=True,
    responses=problems(*_ALWAYS, _C.INVALID_MESSAGE, _C.PAYLOAD_TOO_LARGE, _C.RATE_LIMITED),
    openapi_extra=takes(OwnKeyRequest),
)
async def put_own_key(request: Request, caller: CallerOf, services: ServicesOf) -> OwnKey:
    """From now on what the caller transcribes is done with this key, and billed to them.

    The key is kept encrypted. A test tells whether the provider accepts it.
    """
    keys = _keys(services, caller)
    given = (await read_json(request, OwnKeyRequest, services.body_timeouts)).key
    rules = _rules(services)
    if not rules.shape.fullmatch(given.get_secret_value()):
        raise InvalidMessage(f"key: That does not look like a key of {rules.title}'s.")
    await keys.claim_attempt(caller.user)
    return await keys.store(caller.user, given)


@router.delete(
    "",
    operation_id="deleteOwnKey",
    summary="Forget your own key",
    status_code=204,
    responses=problems(*_ALWAYS),
)
async def delete_own_key(caller: CallerOf, services: ServicesOf) -> None:
    """What the caller opens from now on is done with the deployment's key, if it has one."""
    await _keys(services, caller).remove(caller.user)


@router.post(
    "/test",
    operation_id="testOwnKey",
    summary="Ask the provider whether it takes your own key",
    response_model_exclude_none=True,
    responses=problems(
        *_ALWAYS,
        *(_C.NOT_FOUND, _C.RATE_LIMITED, _C.OWN_KEY_UNREADABLE),
        *(_C.PROVIDER_REJECTED, _C.PROVIDER_RATE_LIMITED, _C.PROVIDER_UNAVAILABLE),
    ),
)
async def post_own_key_test(caller: CallerOf, services: ServicesOf) -> OwnKey:
    """That the provider refuses it is an answer: `state` is then `refused`."""
    keys = _keys(services, caller)
    key = await keys.find(caller.user)
    if key is None:
        raise NotFound("You have not stored a key.")
    await keys.claim_attempt(caller.user)
    works = True
    try:
        await _rules(services).check(key.secret)
    except ProviderKeyRefused:
        works = False
    told = await keys.tested(key, works=works)
    if told is None:
        raise NotFound("The key was replaced or deleted meanwhile.")
    return told


def _keys(services: Services, caller: Caller) -> SupabaseOwnKeys:
    if caller.user.is_anonymous:
        raise Forbidden("Sign in with an account to bring a key of your own.")
    assert services.own_keys is not None  # noqa: S101 - else there is no such route
    return services.own_keys


def _rules(services: Services) -> OwnKeyRules:
    owner = services.shell.lineup.key_owner
    assert owner is not None  # noqa: S101 - the settings are refused without
    assert owner.own_keys is not None  # noqa: S101 - that is what makes it the owner
    return owner.own_keys
