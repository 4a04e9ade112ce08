"""The ledger's laws under any order of events; each is broken by one wrong line of SQL."""

import asyncio
import os
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.database import Database
from tests.supabase.ledger_machine import MODELS, RESET, Laws

STEPS: Final = int(os.environ.get("LEDGER_LAW_STEPS", "500"))
IN_A_ROW: Final = 50


def _search(steps: int, *phases: Phase) -> settings:
    return settings(
        max_examples=steps // IN_A_ROW,
        stateful_step_count=IN_A_ROW,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


async def _run(database: Database, how: settings) -> None:
    class Machine(Laws):
        dsn = database.server.dsn_of("postgres", database.name)

    await asyncio.to_thread(run_state_machine_as_test, Machine, settings=how)


@pytest.mark.timeout(max(240, STEPS))
async def test_the_laws_hold_under_any_order_of_events(database: Database) -> None:
    """Never more than the limit, never a second lost, and totals that equal a recount."""
    await _run(database, _search(STEPS, Phase.generate, Phase.shrink))


Event = tuple[str, dict[str, Any]]


def _event(name: str, **given: Any) -> Event:
    return name, given


ADA, BOB, STRANGER, ANOTHER = range(4)


def _speaks(who: int, *, bridge: int = 0, where: int = 0) -> Event:
    return _event("open_live", who=who, where=where, bridge=bridge)


def _goes_on(bridge: int) -> Event:
    return _event("resume", which=0, where=0, bridge=bridge, flood=False)


def _beats(bridge: int) -> Event:
    return _event("beat", bridge=bridge, answered=True, settles=False)


FLOWS = _event("flow_all")
SETTLES = _event("close", which=0)
CRASHES = _event("crash", bridge=0)
LEASE_ENDS = _event("wait", seconds=31)
SWEEPS = _event("sweep")
RETURNS = _event("account", who=ADA, what="return")
USES_A_MINUTE = (_speaks(ADA), FLOWS, SETTLES)


def _does(who: int, kind: str) -> Event:
    return _event("open", who=who, kind=kind, model=MODELS[0], seconds=100, where=0, bridge=0)


@dataclass(frozen=True)
class Broken:
    """A line of SQL that carries a law, one that breaks it, and what then shows it."""

    function: str
    line: str
    wrong: str
    events: tuple[Event, ...]


BROKEN: Final = {
    "an unsettled predecessor keeps its credit reserved": Broken(
        "public.open_transcription",
        "scope.used - old.charged_seconds + successor_of.charged_seconds",
        "scope.used - old.charged_seconds",
        (_speaks(ADA), _goes_on(1)),
    ),
    "a session that fell silent is charged its credit": Broken(
        "ledger.end_sessions",
        "charged_seconds = t.credit_seconds",
        "charged_seconds = least(t.credit_seconds, t.told_seconds)",
        (_speaks(ADA), CRASHES, LEASE_ENDS, SWEEPS),
    ),
    "a heartbeat allows what the ledger would charge": Broken(
        "public.touch_transcriptions",
        "heard.told + 2 * t.lease_seconds",
        "heard.told + 3 * t.lease_seconds",
        (_speaks(ADA), _beats(0)),
    ),
    "a place leaves two behind": Broken(
        "public.open_transcription",
        "2 * scope.sessions <=",
        "9 * scope.sessions <=",
        (_speaks(ADA), _goes_on(1), _goes_on(2), _goes_on(0)),
    ),
    "a revived session takes what is left": Broken(
        "ledger.revive",
        "told, least(left_seconds, affordable)",
        "told, before.granted_seconds",
        (
            *(_speaks(ADA), LEASE_ENDS, _speaks(ADA, bridge=1)),
            *(_beats(0), FLOWS, _beats(0), FLOWS, _beats(0), FLOWS),
        ),
    ),
    "who comes back finds the day as it was left": Broken(
        "ledger.payers_of",
        "i.payer <> own",
        "false",
        (*USES_A_MINUTE, _event("account", who=ADA, what="delete"), RETURNS, _speaks(ADA)),
    ),
    "erasing keeps who paid": Broken(
        "public.erase_user",
        "set user_id = null where",
        "set user_id = null, payer = null where",
        (*USES_A_MINUTE, _event("account", who=ADA, what="erase"), RETURNS, _speaks(ADA)),
    ),
    "an address counts": Broken(
        "ledger.used_behind",
        "coalesce(sum(d.seconds), 0)",
        "0",
        (_speaks(STRANGER), _speaks(ANOTHER)),
    ),
    "who is banned opens nothing": Broken(
        "ledger.account_refusal",
        "return 'forbidden'",
        "return null",
        (_event("account", who=BOB, what="ban"), _speaks(BOB)),
    ),
    "who is deleted opens nothing": Broken(
        "ledger.account_refusal",
        "or account.deleted_at is not null",
        "",
        (_event("account", who=ADA, what="ban"), _speaks(ADA)),
    ),
    "the budget counts what is spent": Broken(
        "public.open_transcription",
        "left_over := deployment.budget - whole.microdollars",
        "left_over := deployment.budget",
        (_speaks(ADA), _speaks(BOB), _speaks(STRANGER), _speaks(ANOTHER, where=1)),
    ),
    "a part of the budget is dealt once": Broken(
        "ledger.deal",
        "money_each + case when p.shard = to_shard then promised else 0 end",
        "money_each + promised",
        (_speaks(ADA), _speaks(BOB), _speaks(STRANGER), _speaks(ANOTHER, where=1)),
    ),
    "a file goes as a whole": Broken(
        "public.open_transcription",
        "case when kind = 'batch' then wanted",
        "case when false then wanted",
        (_does(ADA, "batch"), CRASHES, LEASE_ENDS, SWEEPS),
    ),
    "a client that carries its session has all of its grant": Broken(
        "public.start_direct_transcription",
        "credit_seconds = t.granted_seconds",
        "credit_seconds = t.credit_seconds / 2",
        (_does(ADA, "direct"), _event("wait", seconds=400), SWEEPS),
    ),
    "a settlement gives back what was not used": Broken(
        "public.close_transcription",
        "least(t.granted_seconds, round(close_transcription.audio_seconds, 3))",
        "t.charged_seconds",
        USES_A_MINUTE,
    ),
    "a gift is what came back": Broken(
        "ledger.give_to_heir",
        "before.charged_seconds - settled.charged_seconds",
        "before.charged_seconds",
        (
            *(_event("operator", what="price", part=0), _speaks(ADA), _goes_on(1), FLOWS, SETTLES),
            *(_beats(1), FLOWS, _beats(1), FLOWS, _beats(1), FLOWS),
        ),
    ),
    "totals change with their rows": Broken(
        "public.close_transcription",
        "perform ledger.book(entries)",
        "perform 1",
        USES_A_MINUTE,
    ),
    "the day is UTC's": Broken(
        "ledger.day_of",
        "'UTC'",
        "'America/Los_Angeles'",
        (_event("midnight", before=0), *USES_A_MINUTE, _speaks(ADA)),
    ),
}


def _play(database: Database, events: tuple[Event, ...]) -> None:
    """Let events happen in order, and hold all laws to each."""

    class Machine(Laws):
        dsn = database.server.dsn_of("postgres", database.name)

    machine = Machine()
    try:
        for name, given in events:
            getattr(machine, name)(**given)
            machine.nobody_is_handed_more_than_the_limit()
            machine.what_is_charged_is_what_could_have_flowed()
            machine.totals_are_what_the_rows_add_up_to()
            machine.few_predecessors_are_unsettled()
    finally:
        machine.teardown()


async def test_an_address_that_is_in_use_at_midnight_is_forgotten_for_its_day(
    database: Database,
) -> None:
    """What an address used yesterday goes with its day, though someone behind it goes on."""
    day = (_speaks(STRANGER), _event("midnight", before=0), _speaks(STRANGER), SWEEPS)
    await asyncio.to_thread(_play, database, day)


@pytest.mark.parametrize("law", BROKEN)
async def test_a_wrong_line_breaks_its_law(database: Database, law: str) -> None:
    """Each law holds as the SQL is, and is seen to fail when its line is wrong."""
    broken = BROKEN[law]
    await asyncio.to_thread(_play, database, broken.events)
    [row] = await database.query("select pg_get_functiondef(%s::regproc) as sql", broken.function)
    assert broken.line in row["sql"]
    await database.owner.execute(row["sql"].replace(broken.line, broken.wrong).encode())
    with pytest.raises((AssertionError, psycopg.errors.CheckViolation)):
        await asyncio.to_thread(_play, database, broken.events)
    await database.owner.execute(RESET.encode())
