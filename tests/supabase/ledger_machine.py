"""The ledger's laws, under any order of events, beside a model of what really flowed.

The model's carriers are as greedy as the ledger allows: they hand over all of their credit at once.
Its clock is the ledger's own, stopped; its Postgres is real, with the real migrations.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.database import NOON

LEASE = 30
DIRECT_LEASE = 390
BRIDGES = 3
PEOPLE = ("ada@example.com", "bob@example.com", None, None)
ADDRESSES = ("203.0.113.1", "203.0.113.2")
MODELS = ("voxtral-mini-2602", "voxtral-mini-transcribe-realtime-2602")
SECONDS = {"default": 200, "anonymous": 120, "anonymous_address": 150}
SESSIONS = {"default": 1, "anonymous": 2, "anonymous_address": 3}
BUDGET = 45_000
GONE = {"replaced", "revoked", "closed", "unknown"}
RESET = """
truncate public.transcription_usage, ledger.user_days, ledger.address_days,
  ledger.deployment_days, ledger.identities;
delete from auth.users;
update ledger.upkeep set scanned_at = '-infinity', recounted_day = '-infinity';
"""

index = st.integers(0, 99)


@dataclass
class Account:
    """Someone, and the account that they have now."""

    email: str | None
    person: str
    user: str | None = None
    banned: bool = False


@dataclass
class Carried:
    """A session, as the one that carries it sees it."""

    person: str
    address: str | None
    price: int
    bridge: int
    kind: str
    direct: bool
    opened: datetime
    granted: Decimal
    credit: Decimal
    """Of the carrier: what it was told."""
    promised: Decimal
    """Of the ledger: its answer may have been lost."""
    handed: Decimal = Decimal(0)
    alive: bool = True
    settled: bool = False

    @property
    def room(self) -> Decimal:
        """What may be handed over now."""
        return max(Decimal(0), min(self.credit, self.granted) - self.handed)


class Laws(RuleBasedStateMachine):
    """What the ledger promises."""

    dsn: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.db = psycopg.connect(self.dsn, autocommit=True, row_factory=psycopg.rows.dict_row)
        self.db.execute(RESET)
        self.now = NOON
        self.accounts = [Account(email, email or str(uuid4())) for email in PEOPLE]
        self.sessions: dict[str, Carried] = {}
        self.limits: dict[str, int] = {}
        self.ceilings: dict[tuple[date, str], int] = defaultdict(int)
        for plan, seconds in SECONDS.items():
            self._limit(plan, seconds)
        self._budget(BUDGET)
        self._price(1)
        self._tell_time()
        for account in self.accounts:
            self._sign_up(account)

    def teardown(self) -> None:
        """Let go of the database."""
        self.db.close()

    # What happens.

    @rule(
        who=index,
        kind=st.sampled_from(["realtime", "realtime", "realtime", "batch", "direct"]),
        model=st.sampled_from(MODELS),
        seconds=st.integers(3, 150),
        where=index,
        bridge=st.integers(0, BRIDGES - 1),
    )
    def open(self, **given: Any) -> None:
        """Someone begins."""
        self._open(**given)

    @rule(who=index, where=index, bridge=st.integers(0, BRIDGES - 1))
    def open_live(self, **given: Any) -> None:
        """Someone begins to speak, for as long as they may."""
        self._open(**given)

    @precondition(lambda self: self.sessions)
    @rule(which=index, where=index, bridge=st.integers(0, BRIDGES - 1), flood=st.booleans())
    def resume(self, which: int, where: int, bridge: int, flood: bool) -> None:
        """Someone goes on elsewhere; the predecessor may not know for long."""
        name = self._pick(which)
        old = self.sessions[name]
        people = [account.person for account in self.accounts]
        if old.kind == "realtime" and old.person in people:
            if flood:
                self.flow_all()
            who = people.index(old.person)
            self._open(who=who, where=where, bridge=bridge, replaces=name)

    @rule()
    def flow_all(self) -> None:
        """Every carrier hands over all that it may."""
        for one in self.sessions.values():
            if one.alive and not one.direct:
                one.handed += one.room

    @precondition(lambda self: self.sessions)
    @rule(which=index, part=st.integers(1, 10))
    def flow(self, which: int, part: int) -> None:
        """A carrier hands over some."""
        one = self.sessions[self._pick(which)]
        if one.alive and not one.direct:
            one.handed += (one.room * part / 10).quantize(Decimal("0.001"), "ROUND_DOWN")

    @rule(bridge=st.integers(0, BRIDGES - 1), answered=st.booleans(), settles=st.booleans())
    def beat(self, bridge: int, answered: bool, settles: bool) -> None:
        """A bridge tells what it has used; its answer may be lost."""
        mine = {
            name: one
            for name, one in self.sessions.items()
            if one.alive and one.bridge == bridge and one.kind == "realtime" and not one.direct
        }
        if not mine:
            return
        leases = self._call(
            "touch_transcriptions",
            session_ids=[*mine],
            audio_seconds=[one.handed for one in mine.values()],
        )
        for lease in leases:
            one = mine[lease["id"]]
            granted, credit = _terms(lease)
            if lease["state"] == "open":
                assert credit == min(granted, max(one.promised, one.handed + 2 * LEASE))
                one.promised = credit
            if not answered:
                continue
            one.granted = granted
            if lease["state"] == "open":
                one.credit = max(one.credit, credit)
            elif lease["state"] in GONE:
                one.alive = False
                if settles:
                    self._close(lease["id"])

    @precondition(lambda self: self.sessions)
    @rule(which=index)
    def close(self, which: int) -> None:
        """A carrier settles, for the first time or again."""
        name = self._pick(which)
        if self.sessions[name].alive or not self.sessions[name].settled:
            self.sessions[name].alive = False
            self._close(name)

    @rule(bridge=st.integers(0, BRIDGES - 1))
    def crash(self, bridge: int) -> None:
        """A bridge dies after it has handed over all that it may."""
        for one in self.sessions.values():
            if one.alive and one.bridge == bridge and not one.direct:
                one.handed += one.room
                one.alive = False

    @rule(seconds=st.sampled_from([1, 9, 29, 31, 61, 400]))
    def wait(self, seconds: int) -> None:
        """Time goes by, in an outage or not."""
        self.now += timedelta(seconds=seconds)
        self._tell_time()

    @rule(before=st.sampled_from([0, 5]))
    def midnight(self, before: int) -> None:
        """The day ends, or is about to."""
        tomorrow = (self.now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.now = max(self.now, tomorrow - timedelta(seconds=before))
        self._tell_time()

    @rule(
        who=index,
        what=st.sampled_from(["erase", "delete", "return", "return", "ban", "forgive"]),
    )
    def account(self, who: int, what: str) -> None:
        """An account is erased, deleted, made again, banned, deleted softly, or forgiven."""
        account = self.accounts[who % len(self.accounts)]
        if what == "return":
            for gone in self.accounts:
                if gone.user is None:
                    self._come_back(gone)
        elif account.user is None:
            return
        elif what in {"erase", "delete"}:
            if what == "erase":
                self._call("erase_user", user_id=account.user)
            self.db.execute("delete from auth.users where id = %s", [account.user])
            account.user = None
        else:
            account.banned = what == "ban"
            softly = who % 2 == 0
            self.db.execute(
                "update auth.users set banned_until = %s, deleted_at = %s where id = %s",
                [
                    "infinity" if account.banned and not softly else None,
                    self.now if account.banned and softly else None,
                    account.user,
                ],
            )

    @rule(
        what=st.sampled_from([*sorted(SECONDS), "budget", "price"]),
        part=st.sampled_from([2, 2, 1, 4, 0]),
    )
    def operator(self, what: str, part: int) -> None:
        """An operator changes a limit, the budget or the prices, and mostly to what they were."""
        if what == "price":
            self._price(min(part, 2))
        elif what == "budget":
            self._budget(BUDGET * part // 2)
        else:
            self._limit(what, SECONDS[what] * part // 2)

    @rule()
    def sweep(self) -> None:
        """The sweeper comes by."""
        assert self._call("sweep_ledger")["wrong_totals"] == 0

    @rule(who=index, where=index)
    def all_settle(self, who: int, where: int) -> None:
        """Everyone settles and every lease ends: what is left is what was not handed over."""
        for name, one in self.sessions.items():
            if not one.settled:
                one.alive = False
                self._close(name)
        account = self.accounts[who % len(self.accounts)]
        used = sum(
            (min(one.granted, one.handed) for one in self._today(account.person, "realtime")),
            Decimal(0),
        )
        plan = "default" if account.email else "anonymous"
        answer = self._call(
            "usage_today", user_id=account.user or str(uuid4()), is_anonymous=account.email is None
        )["realtime"]
        if account.user is not None:
            assert Decimal(str(answer["used_seconds"])) == used, "a second was lost"
            assert answer["reserved_seconds"] == 0
            assert answer["limit_seconds"] == self.limits[plan]

    # What holds.

    @invariant()
    def nobody_is_handed_more_than_the_limit(self) -> None:
        """What flowed, by person, address and in all, is at most the greatest limit of its day."""
        flowed: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
        for one in self.sessions.values():
            day = one.opened.date()
            plan = "default" if "@" in one.person else "anonymous"
            flowed[day, f"{plan} {one.kind} {one.person}"] += one.handed
            flowed[day, "deployment"] += one.handed * one.price / 60
            if one.address is not None:
                flowed[day, f"anonymous_address {one.kind} {one.address}"] += one.handed
        for (day, scope), seconds in flowed.items():
            assert seconds <= self.ceilings[day, scope.partition(" ")[0]], (day, scope)

    @invariant()
    def what_is_charged_is_what_could_have_flowed(self) -> None:
        """A row is charged no less than flowed, no more than could have, and settled the truth."""
        for row in self.db.execute("select * from public.transcription_usage").fetchall():
            one = self.sessions[str(row["id"])]
            charged = row["charged_seconds"]
            assert charged >= min(one.handed, row["granted_seconds"])
            if row["status"] == "open":
                assert charged == row["granted_seconds"]
            elif row["audio_seconds"] is None:
                assert charged == one.promised, "charged otherwise than what was allowed"
            elif not one.direct:
                assert charged == one.handed

    @invariant()
    def totals_are_what_the_rows_add_up_to(self) -> None:
        """The totals of today and yesterday equal a recount."""
        for day in (self.now.date(), self.now.date() - timedelta(days=1)):
            assert self.db.execute("select * from ledger.recount(%s)", [day]).fetchall() == []

    @invariant()
    def few_predecessors_are_unsettled(self) -> None:
        """Each place leaves at most two behind that have neither settled nor run out."""
        unsettled: dict[tuple[str, str], int] = defaultdict(int)
        for row in self.db.execute(
            "select id from public.transcription_usage"
            " where status = 'replaced' and held and expires_at > %s",
            [self.now],
        ).fetchall():
            one = self.sessions[str(row["id"])]
            unsettled[one.person, one.kind] += 1
        for (person, _), count in unsettled.items():
            assert count <= 2 * SESSIONS["default" if "@" in person else "anonymous"]

    # How.

    def _open(
        self,
        *,
        who: int,
        where: int,
        bridge: int,
        kind: str = "realtime",
        model: str = MODELS[1],
        seconds: int = 150,
        replaces: str | None = None,
    ) -> None:
        account = self.accounts[who % len(self.accounts)]
        if account.user is None:
            return
        anonymous, direct = account.email is None, kind == "direct"
        kind = "realtime" if direct else kind
        address = ADDRESSES[where % len(ADDRESSES)] if anonymous else None
        before = self._charged()
        name = str(uuid4())
        answer = self._call(
            "open_transcription",
            session_id=name,
            user_id=account.user,
            kind=kind,
            provider="mistral",
            model=model,
            requested_seconds=seconds,
            minimum_seconds=seconds if kind == "batch" else 3,
            lease_seconds=DIRECT_LEASE if direct else LEASE,
            is_anonymous=anonymous,
            address=address,
            replaces=replaces,
        )
        if account.banned:
            assert answer.get("code") in {"forbidden", "unauthenticated"}
        if "code" in answer:
            assert self._charged() <= before, "a refusal charged something"
            return
        granted, credit = _terms(answer)
        price = self.db.execute(
            "select microdollars_per_minute as price from public.transcription_usage where id = %s",
            [name],
        ).fetchone()
        assert price is not None
        one = Carried(
            account.person, address, price["price"], bridge, kind, direct, self.now,
            granted, credit, credit,
        )  # fmt: skip
        self.sessions[name] = one
        if direct:
            self._call(
                "start_direct_transcription",
                session_id=name,
                user_id=account.user,
                most_in_a_minute=1000,
            )
            one.credit = one.promised = granted
        elif kind == "batch":
            one.handed = granted
        self._within_the_limits(one)

    def _within_the_limits(self, one: Carried) -> None:
        """Assert that what was just granted keeps to the limits of this moment."""
        rows = {
            str(row["id"]): row
            for row in self.db.execute(
                "select id, charged_seconds, cost_microdollars, opened_on"
                " from public.transcription_usage where opened_on = %s",
                [self.now.date()],
            ).fetchall()
        }
        person = [name for name in rows if self.sessions[name].person == one.person]
        plan = "default" if "@" in one.person else "anonymous"
        kin = [name for name in person if self.sessions[name].kind == one.kind]
        assert sum(rows[name]["charged_seconds"] for name in kin) <= self.limits[plan]
        if one.address is not None:
            near = [
                name
                for name in rows
                if (self.sessions[name].address, self.sessions[name].kind)
                == (one.address, one.kind)
            ]
            charged = sum(rows[name]["charged_seconds"] for name in near)
            assert charged <= self.limits["anonymous_address"]
        if one.price:
            assert (
                sum(row["cost_microdollars"] for row in rows.values()) <= self.limits["deployment"]
            )

    def _close(self, name: str) -> None:
        one = self.sessions[name]
        if one.direct:
            account = next((a for a in self.accounts if a.person == one.person and a.user), None)
            flowed = Decimal((self.now - one.opened).total_seconds())
            one.handed = min(one.granted, max(one.handed, flowed))
            if account is None:
                return
            answer = self._call(
                "settle_direct_transcription",
                session_id=name,
                user_id=account.user,
                audio_seconds=0,
                minimum_seconds=0,
            )
            one.settled = answer.get("counted", False) or one.settled
            if answer.get("counted"):
                one.granted = one.granted.max(one.handed)
            else:
                one.handed = min(one.handed, one.granted)
        else:
            counted = self._call(
                "close_transcription",
                session_id=name,
                audio_seconds=one.handed,
                status="partial",
            )["counted"]
            assert counted is not one.settled
            one.settled = True

    def _today(self, person: str, kind: str) -> list[Carried]:
        return [
            one
            for one in self.sessions.values()
            if (one.person, one.kind, one.opened.date()) == (person, kind, self.now.date())
        ]

    def _pick(self, which: int) -> str:
        """Most often one of the latest: those are what goes wrong."""
        names = list(self.sessions)[-8:] if which % 5 else list(self.sessions)
        return names[which % len(names)]

    def _charged(self) -> Decimal:
        row = self.db.execute(
            "select coalesce(sum(charged_seconds), 0) as n from public.transcription_usage"
        ).fetchone()
        assert row is not None
        return Decimal(row["n"])

    def _call(self, function: str, **given: Any) -> Any:
        arguments = ", ".join(f"{name} => %({name})s" for name in given)
        found = self.db.execute(f"select public.{function}({arguments}) as answer".encode(), given)
        row = found.fetchone()
        assert row is not None
        return row["answer"]

    def _come_back(self, account: Account) -> None:
        if account.email is None:
            account.person = str(uuid4())
        self._sign_up(account)

    def _sign_up(self, account: Account) -> None:
        account.user, account.banned = str(uuid4()), False
        self.db.execute(
            "insert into auth.users (id, email, is_anonymous) values (%s, %s, %s)",
            [account.user, account.email, account.email is None],
        )

    def _tell_time(self) -> None:
        self.db.execute("update ledger.stopped_clock set moment = %s", [self.now])
        self._raise_ceilings()

    def _limit(self, plan: str, seconds: int) -> None:
        self.db.execute(
            "update ledger.plan_limits set seconds = %s, sessions = %s where plan = %s",
            [seconds, SESSIONS[plan], plan],
        )
        self.limits[plan] = seconds
        self._raise_ceilings()

    def _budget(self, microdollars: int) -> None:
        self.db.execute("update ledger.deployment set budget_microdollars = %s", [microdollars])
        self.limits["deployment"] = microdollars
        self._raise_ceilings()

    def _raise_ceilings(self) -> None:
        for scope, most in self.limits.items():
            key = (self.now.date(), scope)
            self.ceilings[key] = max(self.ceilings[key], most)

    def _price(self, factor: int) -> None:
        self.db.execute(
            "update ledger.prices set microdollars_per_minute = %s * case model"
            " when 'voxtral-mini-2602' then 3000 else 6000 end",
            [factor],
        )


def _terms(answer: dict[str, Any]) -> tuple[Decimal, Decimal]:
    return Decimal(str(answer["granted_seconds"])), Decimal(str(answer["credit_seconds"]))
