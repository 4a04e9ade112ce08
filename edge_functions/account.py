"""`GET /api/usage` and `DELETE /api/account`: what the caller has used, and how they leave."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems
from edge_functions.services import ServicesOf
from shared_schema.account import Usage
from shared_schema.errors import ErrorCode

_NO_USAGE: Final = problems(*ANYWHERE, ErrorCode.LEDGER_UNAVAILABLE)
_NOT_ERASED: Final = problems(*ANYWHERE, ErrorCode.BACKEND_UNAVAILABLE)

router = APIRouter(prefix="/api")


@router.get("/usage", operation_id="usage", summary="Show usage", responses=_NO_USAGE)
async def get_usage(caller: CallerOf, services: ServicesOf) -> Usage:
    """What the caller has used today (UTC) of each kind, what is open, and what it cost."""
    return await services.shell.ledger.usage(caller.user)


@router.delete(
    "/account",
    operation_id="eraseAccount",
    summary="Erase yourself",
    status_code=204,
    responses=_NOT_ERASED,
)
async def delete_account(caller: CallerOf, services: ServicesOf) -> None:
    """Remove the caller's voices, recordings, keys and account. There is no way back."""
    await services.erasure.erase(UUID(caller.user.id))
