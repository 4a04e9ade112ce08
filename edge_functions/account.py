"""`DELETE /api/account`: the caller goes, with all that is theirs."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems
from edge_functions.services import ServicesOf
from shared_schema.errors import ErrorCode

_REFUSALS: Final = problems(*ANYWHERE, ErrorCode.BACKEND_UNAVAILABLE)

router = APIRouter(prefix="/api")


@router.delete(
    "/account",
    operation_id="eraseAccount",
    summary="Erase yourself",
    status_code=204,
    responses=_REFUSALS,
)
async def delete_account(caller: CallerOf, services: ServicesOf) -> None:
    """Remove the caller's voices, recordings, keys and account. There is no way back."""
    await services.erasure.erase(UUID(caller.user.id))
