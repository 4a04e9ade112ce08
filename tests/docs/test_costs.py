"""What the page about costs says is what the ledger reckons."""

import re
from typing import Final

from tests.database import Database
from tests.docs.product import ROOT

PAGE: Final = (ROOT / "docs" / "costs.md").read_text()
MINUTES_A_DAY: Final = 5
WORKING_DAYS: Final = 22


async def _dollars_a_minute(database: Database) -> dict[str, float]:
    rows = await database.query(
        "select model, microdollars_per_minute from ledger.prices where provider = 'mistral'"
    )
    return {row["model"]: row["microdollars_per_minute"] / 1e6 for row in rows}


async def _minutes_a_day(database: Database) -> dict[str, float]:
    rows = await database.query(
        "select kind, seconds from ledger.plan_limits where plan = 'default'"
    )
    return {row["kind"]: row["seconds"] / 60 for row in rows}


async def test_prices_are_the_ledgers(database: Database) -> None:
    """Each model of the table costs what the ledger charges for it."""
    prices = await _dollars_a_minute(database)
    told = re.findall(r"\| `([\w.-]+)` \| ([\d.]+) \|", PAGE)
    assert len(told) >= 2
    for model, dollars in told:
        assert float(dollars) == prices[model], model


async def test_the_example_is_reckoned_right(database: Database) -> None:
    """A day, a month and the most that is possible follow from prices, limits and users."""
    prices, minutes = await _dollars_a_minute(database), await _minutes_a_day(database)
    live = prices["voxtral-mini-transcribe-realtime-2602"]
    file = prices["voxtral-mini-2602"]
    day = MINUTES_A_DAY * (live + file)
    most = minutes["realtime"] * live + minutes["batch"] * file
    rows = re.findall(r"\| (\d+) \| \$([\d.]+) \| \$([\d.]+) \| \$([\d.]+) \|", PAGE)
    assert [int(users) for users, *_ in rows] == [1, 10, 20]
    for users, *told in rows:
        reckoned = [int(users) * one for one in (day, day * WORKING_DAYS, most)]
        assert [round(one, 3) for one in reckoned] == [float(one) for one in told]


async def test_limits_are_the_ledgers(database: Database) -> None:
    """The usual limits stand in the page as they stand in the ledger."""
    rows = await database.query("select plan, kind, sessions, seconds from ledger.plan_limits")
    of = {(row["plan"], row["kind"]): (row["sessions"], row["seconds"] // 60) for row in rows}
    kinds = ("realtime", "batch")
    usual, anonymous, address = (
        [of[plan, kind] for kind in kinds] for plan in ("default", "anonymous", "anonymous_address")
    )
    minutes = "{0[0][1]} and {0[1][1]}".format
    sessions = "{0[0][0]} and {0[1][0]}".format
    assert f"| {minutes(usual)}; anonymous {minutes(anonymous)} |" in PAGE
    assert f"| {sessions(usual)}; anonymous {sessions(anonymous)} |" in PAGE
    assert f"minutes per day | {minutes(address)} |" in PAGE
    [deployment] = await database.query(
        "select budget_microdollars, open_sessions from ledger.deployment"
    )
    assert f"dollars per day | {deployment['budget_microdollars'] // 1_000_000} |" in PAGE
    assert f"open at once | {deployment['open_sessions']} |" in PAGE
