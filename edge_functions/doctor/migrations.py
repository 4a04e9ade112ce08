"""What each migration makes, and so which of them a database lacks."""

from collections.abc import Collection
from typing import Final

MAKES: Final[dict[str, tuple[str, ...]]] = {
    "20260105090000_setup": ("public.deployment_parts",),
    "20260105090500_voices": ("public.voices",),
    "20260105091000_storage": (
        "A user reads what lies in their own folder",
        "A user changes their own takes",
        "A user removes their own takes",
    ),
    "20260105091500_ledger_tables": (
        "ledger.plans",
        "ledger.plan_limits",
        "ledger.user_plans",
        "ledger.user_limits",
        "ledger.deployment",
        "ledger.prices",
        "public.transcription_usage",
        "ledger.user_days",
        "ledger.address_days",
        "ledger.deployment_days",
        "ledger.identities",
        "ledger.upkeep",
    ),
    "20260105092000_ledger_rules": ("ledger.clock", "ledger.book", "ledger.deal"),
    "20260105092500_ledger_functions": (
        "public.open_transcription",
        "public.touch_transcriptions",
        "public.close_transcription",
    ),
    "20260105092700_direct_sessions": (
        "public.start_direct_transcription",
        "public.settle_direct_transcription",
    ),
    "20260105093000_idempotency_keys": (
        "ledger.idempotency_keys",
        "public.claim_idempotency_key",
        "public.answer_idempotency_key",
        "public.release_idempotency_key",
    ),
    "20260105093500_user_keys": (
        "public.own_keys",
        "public.claim_own_key_attempt",
        "public.store_own_key",
        "public.own_key",
        "public.remove_own_key",
        "public.mark_own_key",
        "public.own_keys_to_rotate",
        "public.reseal_own_keys",
    ),
    "20260105094000_accounts": (
        "public.usage_today",
        "public.budget_today",
        "public.revoke_transcriptions",
        "public.erase_user",
    ),
    "20260105094200_voice_limits": (
        "ledger.plan_storage",
        "ledger.admit_voice",
        "A user adds takes to their own folder",
    ),
    "20260105094500_sweeper": (
        "public.sweepable_voices",
        "public.sweepable_objects",
        "public.sweep_ledger",
    ),
}
"""Tables and functions by schema and name, and policies of storage, of each file."""


def lacking(found: Collection[str]) -> dict[str, list[str]]:
    """Return what is not there, by the migration that makes it."""
    missing = {name: [one for one in makes if one not in found] for name, makes in MAKES.items()}
    return {name: objects for name, objects in missing.items() if objects}
