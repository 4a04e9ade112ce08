"""`python -m bench.ledger`: opens, touches and closes a second, with rows of today and before.

A real Postgres with durable commits, the real migrations, and callers that call the functions as
the services' role does. What PostgREST and a bridge add is measured elsewhere.
"""

import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import psutil
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from bench import machine
from bench import results as results_file
from bench.cores import Cores
from local_stack import migrate
from local_stack.postgres import Postgres
from transcription.ledger.session_id import session_id

MIGRATIONS: Final = Path(__file__).parent.parent / "supabase" / "migrations"
RESULTS: Final = results_file.FOLDER / "ledger.json"
ROWS: Final = "0,100000,1000000,10000000"
CALLERS: Final = (1, 4, 16)
ACCOUNTS: Final = 20_000
"""As `PREPARE` makes."""
SECONDS: Final = 4.0
BEAT: Final = 50
"""Sessions in one heartbeat."""
FLAT: Final = 1.2
"""An open's median with all rows is at most so many times that with none."""
RATE: Final = 500.0
"""Opens a second by 16 callers, at least."""
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

PREPARE: Final = """
insert into auth.users (id) select gen_random_uuid() from generate_series(1, 20000);
update ledger.plan_limits set sessions = 1000000, seconds = 1000000000;
update ledger.deployment set open_sessions = 10000000, budget_microdollars = 1000000000000;
create table public.bench_accounts as
  select row_number() over () as n, u.id, ledger.payer_of(u.id) as payer from auth.users as u;
create unique index on public.bench_accounts (n);
grant select on public.bench_accounts to service_role;
"""
LOAD: Final = """
insert into public.transcription_usage (
  id, user_id, payer, is_anonymous, kind, provider, model, line, step, status, held,
  opened_at, touched_at, lease_seconds, expires_at, closed_at,
  most_seconds, granted_seconds, cut_by, told_seconds, credit_seconds, audio_seconds,
  charged_seconds, microdollars_per_minute, shard
)
select m.id, a.id, a.payer, false, 'realtime', 'mistral', 'any', m.id, 1, 'complete', false,
  m.at, m.at, 30, m.at + interval '30 s', m.at + interval '1 s',
  300, 300, 'max_duration', 20, 80, 20, 20, 6000, m.n % 16
from (
  select g.n, t.at,
    encode(substr(int8send((extract(epoch from t.at) * 1000)::bigint), 3)
      || substr(uuid_send(gen_random_uuid()), 7), 'hex')::uuid as id
  from generate_series({first}, {last}) as g (n), lateral (select case
    -- Half of them are of today, the others of the year before it.
    when g.n % 2 = 0 then date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'
      + (now() - date_trunc('day', now() at time zone 'UTC') at time zone 'UTC') * g.n / {rows}
    else now() - interval '1 day' - interval '364 days' * (1 - g.n / {rows}::float8)
  end as at) as t
  order by t.at
) as m join public.bench_accounts as a on a.n = 1 + (m.n * 7919::bigint) % {accounts};
"""
TOTALS: Final = """
insert into ledger.user_days (payer, day, kind, seconds, microdollars)
select t.payer, t.opened_on, t.kind, sum(t.charged_seconds), sum(t.cost_microdollars)
from public.transcription_usage as t where t.opened_on = (now() at time zone 'UTC')::date
group by 1, 2, 3;
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """What so many callers got with so many rows.

    Attributes:
        rows: In the table before.
        callers: At once, each with a connection of its own.
        opens_per_second: With durable commits.
        open_ms: Median of one, in the caller.
        open_p99_ms: Of one.
        open_cpu_ms: CPU of one in Postgres, which a busy machine does not change.
        touches_per_second: Sessions touched, fifty in a heartbeat.
        closes_per_second: With durable commits.
    """

    rows: int
    callers: int
    opens_per_second: float
    open_ms: float
    open_p99_ms: float
    open_cpu_ms: float
    touches_per_second: float
    closes_per_second: float


class Caller:
    """One connection, as PostgREST has them: a prepared call, as the services' role."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], accounts: list[str]) -> None:
        self._connection = connection
        self.backend = connection.info.backend_pid
        self._accounts = accounts
        self.open_sessions: list[str] = []
        self.took: list[float] = []

    async def open(self, replaces: str | None = None, account: str | None = None) -> str:
        """Open a session; return its id."""
        began = time.perf_counter()
        found = await self._connection.execute(
            "select public.open_transcription(%s, %s, 'realtime', 'mistral', 'any', 300,"
            " replaces => %s)",
            [name := session_id(), account or random.choice(self._accounts), replaces],  # noqa: S311
            prepare=True,
        )
        row = await found.fetchone()
        assert row is not None
        assert "id" in row[0], row
        self.took.append(time.perf_counter() - began)
        self.open_sessions.append(name)
        return name

    async def touch(self) -> int:
        """Send a heartbeat for some of what is open."""
        some = random.sample(self.open_sessions, min(BEAT, len(self.open_sessions)))
        await self._connection.execute(
            "select public.touch_transcriptions(%s::uuid[], %s::numeric[])",
            [some, [5] * len(some)],
            prepare=True,
        )
        return len(some)

    async def close(self, name: str | None = None) -> int:
        """Settle one."""
        await self._connection.execute(
            "select public.close_transcription(%s, 5, 'complete')",
            [name or self.open_sessions.pop()],
            prepare=True,
        )
        return 1


async def _rate(callers: list[Caller], act: Callable[[Caller], Awaitable[object]]) -> float:
    """Return how often a second `act` was done by all together; a number it returns counts so."""
    until = time.perf_counter() + SECONDS
    done = 0

    async def one(caller: Caller) -> None:
        nonlocal done
        while time.perf_counter() < until and (caller.open_sessions or act is _open):
            answer = await act(caller)
            done += answer if isinstance(answer, int) else 1

    began = time.perf_counter()
    await asyncio.gather(*(one(caller) for caller in callers))
    return done / (time.perf_counter() - began)


def _cpu_seconds(callers: list[Caller]) -> float:
    times = [psutil.Process(caller.backend).cpu_times() for caller in callers]
    return sum(time.user + time.system for time in times)


async def _open(caller: Caller) -> None:
    await caller.open()


async def measure(server: Postgres, rows: int, count: int, accounts: list[str]) -> Figure:
    """Open, touch and close with so many callers."""
    async with AsyncExitStack() as stack:
        callers = []
        for _ in range(count):
            connection = await stack.enter_async_context(
                await psycopg.AsyncConnection.connect(
                    server.dsn_of("authenticator"), autocommit=True
                )
            )
            await connection.execute("set role service_role")
            callers.append(caller := Caller(connection, accounts))
            for _ in range(20):
                await caller.close(await caller.open())
            caller.open_sessions.clear()
            caller.took.clear()
        before = _cpu_seconds(callers)
        opens = await _rate(callers, _open)
        spent = _cpu_seconds(callers) - before
        took = sorted(itertools.chain.from_iterable(caller.took for caller in callers))
        touches = await _rate(callers, Caller.touch)
        closes = await _rate(callers, Caller.close)
        for caller in callers:
            while caller.open_sessions:
                await caller.close()
    return Figure(
        rows,
        count,
        opens,
        statistics.median(took) * 1000,
        took[int(len(took) * 0.99)] * 1000,
        spent / len(took) * 1000,
        touches,
        closes,
    )


async def load(server: Postgres, already: int, rows: int) -> None:
    """Fill the table up to `rows`."""
    async with await psycopg.AsyncConnection.connect(server.dsn, autocommit=True) as connection:
        found = await connection.execute(
            "select indexname, indexdef from pg_indexes"
            " where tablename = 'transcription_usage' and indexname not like '%%_pkey'"
        )
        indexes = await found.fetchall()
        key = "transcription_usage_user_id_fkey"
        await connection.execute(f"alter table public.transcription_usage drop constraint {key}")
        for name, _ in indexes:
            await connection.execute(f"drop index public.{name}".encode())
        text = LOAD.format(first=already + 1, last=rows, rows=rows, accounts=ACCOUNTS)
        await connection.execute(text.encode())
        await connection.execute("truncate ledger.user_days")
        await connection.execute(TOTALS.encode())
        for _, definition in indexes:
            await connection.execute(definition.encode())
        await connection.execute(
            f"alter table public.transcription_usage add constraint {key} foreign key (user_id)"
            " references auth.users (id) on delete set null not valid".encode()
        )
        await connection.execute("vacuum analyze public.transcription_usage")
        await connection.execute("vacuum analyze ledger.user_days")


async def chain(server: Postgres, length: int, account: str) -> dict[str, float]:
    """Resume so often from the tip; then time resumes that name the tip, and the head."""
    async with await psycopg.AsyncConnection.connect(
        server.dsn_of("authenticator"), autocommit=True
    ) as connection:
        await connection.execute("set role service_role")
        caller = Caller(connection, [account])
        await connection.execute("set synchronous_commit to off")
        head = tip = await caller.open()
        for _ in range(length):
            heir = await caller.open(tip)
            await caller.close(tip)
            tip = heir
        await connection.execute("set synchronous_commit to on")

        took: dict[str, list[float]] = {"tip": [], "head": []}
        for number in range(400):
            caller.took.clear()
            named = "head" if number % 2 else "tip"
            heir = await caller.open(head if named == "head" else tip)
            took[named] += caller.took
            await caller.close(tip)
            tip = heir
        return {
            "length": length,
            **{f"from_the_{named}_ms": statistics.median(of) * 1000 for named, of in took.items()},
        }


async def run(console: Console, rows: tuple[int, ...], length: int) -> dict[str, Any]:
    """Measure all."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        async with Postgres.start(Path(folder) / "postgres") as server:
            await migrate.apply(server.dsn, MIGRATIONS)
            async with await psycopg.AsyncConnection.connect(server.dsn, autocommit=True) as owner:
                await owner.execute(PREPARE.encode())
                found = await owner.execute("select id::text from public.bench_accounts")
                accounts = [account for (account,) in await found.fetchall()]
            already = 0
            for count in rows:
                if count > already:
                    began = time.perf_counter()
                    await load(server, already, count)
                    already = count
                    console.print(
                        f"{count} rows after {time.perf_counter() - began:.0f} s", style="dim"
                    )
                for callers in CALLERS:
                    figures.append(figure := await measure(server, count, callers, accounts))
                    console.print(str(figure), style="dim", highlight=False)
            line = await chain(server, length, accounts[0])
    return {"figures": figures, "chain": line}


@app.command()
def main(
    *,
    rows: Annotated[str, typer.Option(help="Rows before, rising, such as 0,100000.")] = ROWS,
    resumes: Annotated[int, typer.Option(min=1, help="Length of the chain.")] = 20_000,
    output: Annotated[Path, typer.Option(help="Where the figures go.")] = RESULTS,
) -> None:
    """Measure the ledger in Postgres."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    counts = tuple(int(part) for part in rows.split(","))
    whole = asyncio.run(run(console, counts, resumes))
    figures: list[Figure] = whole["figures"]
    table = Table(
        "rows", "callers", "opens/s", "open ms", "p99 ms", "cpu ms", "touches/s", "closes/s"
    )
    for one in figures:
        table.add_row(
            f"{one.rows:,}",
            str(one.callers),
            f"{one.opens_per_second:.0f}",
            f"{one.open_ms:.2f}",
            f"{one.open_p99_ms:.2f}",
            f"{one.open_cpu_ms:.2f}",
            f"{one.touches_per_second:.0f}",
            f"{one.closes_per_second:.0f}",
        )
    console.print(table)
    console.print(str(whole["chain"]), highlight=False)
    alone = [one.open_ms for one in figures if one.callers == 1]
    flat, rate = (
        alone[-1] / alone[0],
        min(one.opens_per_second for one in figures if one.callers == 16),
    )
    console.print(f"open with {counts[-1]:,} rows: {flat:.2f} × that with none (at most {FLAT})")
    console.print(f"16 callers: {rate:.0f} opens a second at least (at least {RATE:.0f})")
    results_file.write(
        output,
        {
            "machine": machine.notes(Cores.of_this_machine()),
            "figures": [asdict(one) for one in figures],
            "chain": whole["chain"],
        },
    )
    if flat > FLAT or rate < RATE:
        sys.exit(1)


if __name__ == "__main__":
    app()
