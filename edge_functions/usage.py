"""`GET /api/usage`: today's seconds and cost, and the limits."""

from typing import Final

from fastapi import APIRouter

from edge_functions.dependencies import CallerOf
from edge_functions.openapi import ANYWHERE, problems
from edge_functions.services import ServicesOf
from shared_schema.account import Usage
from shared_schema.errors import ErrorCode

_REFUSALS: Final = problems(*ANYWHERE, ErrorCode.LEDGER_UNAVAILABLE)

router = APIRouter(prefix="/api")


@router.get("/usage", operation_id="usage", summary="Show usage", responses=_REFUSALS)
async def get_usage(caller: CallerOf, services: ServicesOf) -> Usage:
    """What the caller has used today (UTC) of each kind, what is open, and what it cost."""
    return await services.ledger.usage(caller.user)
