-- The rules by which the ledger decides. Only the owner of the database may call or replace them.
--
-- The law: a carrier never hands over more than its session's credit; an unsettled session is charged
-- at least its credit; and what is charged to a user, an address or the deployment in a day only grows
-- while a lock keeps everyone else from letting it grow too.
--
-- Locks, in this order, so that nobody waits for each other: accounts (advisory, then the row of
-- auth.users), rows of usage by id, addresses (advisory), then totals: the deployment's parts by day and
-- number, addresses, users.
-- What only gives back (a settlement) takes rows and totals alone. Within each kind all are taken at
-- once, since who comes back for one more may find it with someone who waits.

create function ledger.clock() returns timestamptz
language sql volatile set search_path = ''
as $$ select clock_timestamp() $$;
comment on function ledger.clock() is
  'The only clock of the ledger. The owner of the database, such as a test, can put another in its '
  'place, and nobody else can.';

create function ledger.day_of(moment timestamptz) returns date
language sql immutable set search_path = ''
as $$ select (moment at time zone 'UTC')::date $$;

create function ledger.next_midnight(moment timestamptz) returns timestamptz
language sql immutable set search_path = ''
as $$ select ((moment at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' $$;

-- Names of people and places, as salted hashes.

create function ledger.key_of(what text, value text) returns bytea
language plpgsql stable set search_path = ''
as $$
begin
  return (select sha256(convert_to(d.salt || ' ' || what || ' ' || value, 'UTF8')) from ledger.deployment as d);
end
$$;

create function ledger.payer_of(person uuid) returns uuid
language plpgsql stable set search_path = ''
as $$
begin
  return encode(substr(ledger.key_of('account', person::text), 1, 16), 'hex')::uuid;
end
$$;

-- Providers of IPv6 give a household a /64, so that is what counts as one address. So does no address at
-- all: callers of whom none is known share the limits of one.
create function ledger.address_key(address inet) returns bytea
language plpgsql stable set search_path = ''
as $$
begin
  return ledger.key_of('address', coalesce(
    host(network(set_masklen(address, case family(address) when 6 then 64 else 32 end))), 'unknown'
  ));
end
$$;

-- What makes two accounts the same person. Auth keeps an e-mail address or a phone
-- number with the account; of any other provider it keeps the subject.
create function ledger.identity_keys(person uuid) returns bytea[]
language plpgsql stable set search_path = ''
as $$
begin
  return array(
    select ledger.key_of(named.what, named.value)
    from (
      select 'email' as what, lower(u.email) as value from auth.users as u where u.id = person
      union
      select 'phone', u.phone from auth.users as u where u.id = person
      union
      select case when i.provider in ('email', 'phone') then i.provider else 'subject of ' || i.provider end,
        case i.provider
          when 'email' then lower(i.identity_data ->> 'email')
          when 'phone' then i.identity_data ->> 'phone'
          else i.provider_id
        end
      from auth.identities as i where i.user_id = person
    ) as named
    where named.value <> ''
  );
end
$$;

-- Banned and deleted accounts keep their row, and their tokens until these end.
create function ledger.account_refusal(person uuid, moment timestamptz) returns text
language plpgsql stable set search_path = ''
as $$
declare
  account record;
begin
  select u.deleted_at, u.banned_until into account from auth.users as u where u.id = person;
  if not found or account.deleted_at is not null then
    return 'unauthenticated';
  elsif account.banned_until > moment then
    return 'forbidden';
  end if;
  return null;
end
$$;

-- Locks.

-- Keeps an account from being deleted until the transaction ends. A role that may not update accounts
-- can't keep one either: there, Postgres ends one of two who wait for each other.
create function ledger.keep_account(person uuid) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  if has_table_privilege('auth.users', 'UPDATE') then
    perform from auth.users as u where u.id = person for key share;
  end if;
end
$$;

-- Accounts with an identity in common wait for each other: what one uses counts for the other as well.
create function ledger.lock_accounts(payers uuid[], identity_keys bytea[] default '{}') returns void
language plpgsql set search_path = ''
as $$
declare
  lock_key bigint;
begin
  for lock_key in
    select hashtextextended('ledger payer ' || p.id, 0) as k from unnest(payers) as p (id)
    union
    select hashtextextended('ledger identity ' || encode(i.identity_key, 'hex'), 0)
    from unnest(identity_keys) as i (identity_key)
    order by k
  loop
    perform pg_advisory_xact_lock(lock_key);
  end loop;
end
$$;

create function ledger.lock_address(address_key bytea) returns void
language plpgsql set search_path = ''
as $$
begin
  if address_key is not null then
    perform pg_advisory_xact_lock(hashtextextended('ledger address ' || encode(address_key, 'hex'), 0));
  end if;
end
$$;

-- All payers whose work of a day counts as this person's; the person's own is the first.
create function ledger.payers_of(person uuid, identity_keys bytea[], day date) returns uuid[]
language plpgsql stable set search_path = ''
as $$
declare
  own constant uuid := ledger.payer_of(person);
begin
  return own || array(
    select distinct i.payer from ledger.identities as i
    where i.identity_key = any (payers_of.identity_keys) and i.day = payers_of.day and i.payer <> own
    order by i.payer
  );
end
$$;

-- Totals.

create type ledger.entry as (
  payer uuid, address_key bytea, kind text, day date, shard smallint,
  seconds numeric, held_seconds numeric, own_key_seconds numeric,
  microdollars bigint, held_microdollars bigint, open_sessions integer
);
comment on type ledger.entry is 'What a row of usage adds to the totals (sign 1), or takes from them (sign -1).';

create function ledger.entry_of(usage public.transcription_usage, sign integer) returns ledger.entry
language plpgsql immutable set search_path = ''
as $$
declare
  counted constant numeric := case when usage.own_key then 0 else sign * usage.charged_seconds end;
  cost constant bigint := sign * usage.cost_microdollars;
begin
  return row(
    usage.payer, usage.address_key, usage.kind, usage.opened_on, usage.shard,
    counted,
    case when usage.held then counted else 0 end,
    case when usage.own_key and not usage.held then sign * usage.charged_seconds else 0 end,
    cost,
    case when usage.held then cost else 0 end,
    case when usage.status = 'open' then sign else 0 end
  )::ledger.entry;
end
$$;

-- Books entries, in the order of locks. A day that has been forgotten already stays forgotten.
create function ledger.book(entries ledger.entry[]) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  one record;
begin
  for one in
    select e.day, e.shard, sum(e.microdollars)::bigint as microdollars,
      sum(e.held_microdollars)::bigint as held, sum(e.open_sessions)::integer as open_sessions
    from unnest(entries) as e group by e.day, e.shard order by e.day, e.shard
  loop
    update ledger.deployment_days as d
    set microdollars = d.microdollars + one.microdollars, held_microdollars = d.held_microdollars + one.held,
      open_sessions = d.open_sessions + one.open_sessions
    where d.day = one.day and d.shard = one.shard;
  end loop;

  for one in
    select e.address_key, e.day, e.kind, sum(e.seconds) as seconds, sum(e.held_seconds) as held
    from unnest(entries) as e where e.address_key is not null
    group by e.address_key, e.day, e.kind order by e.address_key, e.day, e.kind
  loop
    update ledger.address_days as d
    set seconds = d.seconds + one.seconds, held_seconds = d.held_seconds + one.held
    where d.address_key = one.address_key and d.day = one.day and d.kind = one.kind;
    if not found and one.seconds > 0 then
      insert into ledger.address_days (address_key, day, kind, seconds, held_seconds)
      values (one.address_key, one.day, one.kind, one.seconds, one.held);
    end if;
  end loop;

  for one in
    select e.payer, e.day, e.kind, sum(e.seconds) as seconds, sum(e.held_seconds) as held,
      sum(e.own_key_seconds) as own_key_seconds,
      sum(e.microdollars)::bigint as microdollars, sum(e.held_microdollars)::bigint as held_microdollars
    from unnest(entries) as e where e.payer is not null
    group by e.payer, e.day, e.kind order by e.payer, e.day, e.kind
  loop
    update ledger.user_days as d
    set seconds = d.seconds + one.seconds, held_seconds = d.held_seconds + one.held,
      own_key_seconds = d.own_key_seconds + one.own_key_seconds,
      microdollars = d.microdollars + one.microdollars,
      held_microdollars = d.held_microdollars + one.held_microdollars
    where d.payer = one.payer and d.day = one.day and d.kind = one.kind;
    if not found and (one.seconds > 0 or one.own_key_seconds > 0) then
      insert into ledger.user_days (
        payer, day, kind, seconds, held_seconds, own_key_seconds, microdollars, held_microdollars
      ) values (
        one.payer, one.day, one.kind, one.seconds, one.held, one.own_key_seconds,
        one.microdollars, one.held_microdollars
      );
    end if;
  end loop;
end
$$;

-- What is kept against what the rows of the day add up to; nothing where they agree.
create function ledger.recount(day date) returns table (total text, kept text, counted text)
language sql stable set search_path = ''
as $$
  with counted as (
    select t.payer, t.address_key, t.kind, t.shard, t.held, t.own_key, t.charged_seconds as seconds,
      t.cost_microdollars as cost, t.status = 'open' as is_open
    from public.transcription_usage as t
    where t.opened_at >= recount.day::timestamp at time zone 'UTC'
      and t.opened_at < (recount.day + 1)::timestamp at time zone 'UTC'
  )
  select 'user ' || coalesce(k.name, c.name), coalesce(k.sums, ''), coalesce(c.sums, '')
  from (
    select d.payer || ' ' || d.kind as name, format('%s %s %s %s %s',
      d.seconds, d.held_seconds, d.own_key_seconds, d.microdollars, d.held_microdollars) as sums
    from ledger.user_days as d where d.day = recount.day
      and (d.seconds > 0 or d.own_key_seconds > 0)
  ) as k full join (
    select t.payer || ' ' || t.kind as name, format('%s %s %s %s %s',
      coalesce(sum(t.seconds) filter (where not t.own_key), 0)::numeric(14, 3),
      coalesce(sum(t.seconds) filter (where not t.own_key and t.held), 0)::numeric(14, 3),
      coalesce(sum(t.seconds) filter (where t.own_key and not t.held), 0)::numeric(14, 3),
      sum(t.cost), coalesce(sum(t.cost) filter (where t.held), 0)) as sums
    from counted as t where t.payer is not null group by t.payer, t.kind
    having sum(t.seconds) filter (where not t.own_key or not t.held) > 0
  ) as c on c.name = k.name
  where k.sums is distinct from c.sums
  union all
  select 'address ' || coalesce(k.name, c.name), coalesce(k.sums, ''), coalesce(c.sums, '')
  from (
    select encode(d.address_key, 'hex') || ' ' || d.kind as name,
      format('%s %s', d.seconds, d.held_seconds) as sums
    from ledger.address_days as d where d.day = recount.day and d.seconds > 0
  ) as k full join (
    select encode(t.address_key, 'hex') || ' ' || t.kind as name, format('%s %s',
      sum(t.seconds)::numeric(14, 3), coalesce(sum(t.seconds) filter (where t.held), 0)::numeric(14, 3)) as sums
    from counted as t where t.address_key is not null and not t.own_key group by t.address_key, t.kind
    having sum(t.seconds) > 0
  ) as c on c.name = k.name
  where k.sums is distinct from c.sums
  union all
  select 'deployment ' || coalesce(k.shard, c.shard), coalesce(k.sums, ''), coalesce(c.sums, '')
  from (
    select d.shard, format('%s %s %s', d.microdollars, d.held_microdollars, d.open_sessions) as sums
    from ledger.deployment_days as d where d.day = recount.day
      and (d.microdollars > 0 or d.open_sessions > 0)
  ) as k full join (
    select t.shard, format('%s %s %s', sum(t.cost), coalesce(sum(t.cost) filter (where t.held), 0),
      count(*) filter (where t.is_open)) as sums
    from counted as t group by t.shard having sum(t.cost) > 0 or bool_or(t.is_open)
  ) as c on c.shard = k.shard
  where k.sums is distinct from c.sums
$$;
comment on function ledger.recount is
  'The totals of a day that differ from what its rows add up to: none. Holds for today and yesterday.';

-- The deployment's day.

-- Takes hold of all parts of the day and of the day before, and makes those that are missing.
create function ledger.lock_deployment(today date) returns void
language plpgsql volatile set search_path = ''
as $$
begin
  insert into ledger.deployment_days (day, shard)
  select d.day, s.shard from (values (today - 1), (today)) as d (day), generate_series(0, 15) as s (shard)
  order by d.day, s.shard
  on conflict do nothing;
  perform from ledger.deployment_days as d
  where d.day in (today - 1, today) order by d.day, d.shard for update;
end
$$;

-- Deals what is left of the budget and the places, after a part was promised to one shard.
-- Only for who holds all parts.
create function ledger.deal(today date, to_shard smallint, promised bigint, promised_places integer) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  money_each bigint;
  places_each integer;
begin
  select greatest(0, (d.budget_microdollars - promised
      - (select sum(p.microdollars) from ledger.deployment_days as p where p.day = today)) / 16),
    greatest(0, (d.open_sessions - promised_places
      - (select sum(p.open_sessions) from ledger.deployment_days as p where p.day in (today - 1, today))) / 16)
  into money_each, places_each
  from ledger.deployment as d;
  update ledger.deployment_days as p
  set budget = p.microdollars + money_each + case when p.shard = to_shard then promised else 0 end,
    places = p.open_sessions + places_each + case when p.shard = to_shard then promised_places else 0 end,
    of_budget = d.budget_microdollars, of_places = d.open_sessions
  from ledger.deployment as d
  where p.day = today;
end
$$;

-- Limits and prices.

create function ledger.price_of(provider text, model text) returns bigint
language plpgsql stable set search_path = ''
as $$
begin
  return coalesce(
    (select p.microdollars_per_minute from ledger.prices as p
     where p.provider = price_of.provider and p.model in (price_of.model, '*')
     order by p.model = '*' limit 1),
    (select max(p.microdollars_per_minute) from ledger.prices as p),
    0
  );
end
$$;

create function ledger.cost_of(seconds numeric, price bigint) returns bigint
language sql immutable set search_path = ''
as $$ select ceil(seconds * price / 60)::bigint $$;

-- A user's sessions and seconds of a kind; of an address, of all anonymous users behind it.
create function ledger.limit_of(
  person uuid, is_anonymous boolean, kind text, out sessions integer, out seconds integer
)
language plpgsql stable set search_path = ''
as $$
begin
  select coalesce(own.sessions, plan.sessions, 0), coalesce(own.seconds, plan.seconds, 0)
  into sessions, seconds
  from (select coalesce(
    (select p.plan from ledger.user_plans as p where p.user_id = person),
    case when is_anonymous then 'anonymous' else 'default' end
  ) as name) as chosen
  left join ledger.plan_limits as plan on plan.plan = chosen.name and plan.kind = limit_of.kind
  left join ledger.user_limits as own on own.user_id = person and own.kind = limit_of.kind;
end
$$;

-- What a day has charged: to payers who count as one, and behind an address.
create function ledger.used_by(payers uuid[], kind text, day date, out seconds numeric, out held numeric)
language plpgsql stable set search_path = ''
as $$
begin
  select coalesce(sum(d.seconds), 0), coalesce(sum(d.held_seconds), 0) into seconds, held
  from ledger.user_days as d
  where d.payer = any (payers) and d.day = used_by.day and d.kind = used_by.kind;
end
$$;

create function ledger.used_behind(
  address_key bytea, kind text, day date, out seconds numeric, out held numeric
)
language plpgsql stable set search_path = ''
as $$
begin
  select coalesce(sum(d.seconds), 0), coalesce(sum(d.held_seconds), 0) into seconds, held
  from ledger.address_days as d
  where d.address_key = used_behind.address_key and d.day = used_behind.day and d.kind = used_behind.kind;
end
$$;

-- Leases.

-- How much of a recording is behind it, for the length that its heir may still have. No account of
-- money: an unsettled session is charged its credit whatever this says.
create function ledger.length_of(usage public.transcription_usage, moment timestamptz) returns numeric
language plpgsql immutable set search_path = ''
as $$
begin
  return case
    when usage.direct then least(
      usage.granted_seconds,
      round(extract(epoch from coalesce(usage.closed_at, moment) - usage.opened_at), 3)
    )
    when usage.audio_seconds is not null then usage.charged_seconds
    else least(usage.granted_seconds, usage.told_seconds)
  end;
end
$$;

-- Whether it is time to look through all leases. One caller a second does, and no caller waits for it.
create function ledger.scan_is_due(moment timestamptz) returns boolean
language plpgsql volatile set search_path = ''
as $$
begin
  perform from ledger.upkeep as u
  where moment < u.scanned_at or moment >= u.scanned_at + interval '1 second'
  for update skip locked;
  if found then
    update ledger.upkeep as u set scanned_at = moment;
    return true;
  end if;
  return false;
end
$$;

-- Ends rows that their caller has locked, and books it: their leases ('expired'), or the sessions
-- themselves ('revoked'). What was open may have handed over all of its credit, or still do so.
create function ledger.end_sessions(
  ended public.transcription_usage[], as_what text, moment timestamptz
) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  after public.transcription_usage[];
begin
  if cardinality(ended) = 0 then
    return;
  end if;
  with changed as (
    update public.transcription_usage as t
    set status = case when t.status = 'open' then as_what else t.status end,
      held = as_what = 'revoked',
      closed_at = coalesce(t.closed_at, least(moment, t.expires_at)),
      charged_seconds = t.credit_seconds
    from unnest(ended) as e
    where t.id = e.id
    returning t.*
  )
  select array_agg(row(c.*)::public.transcription_usage) into after from changed as c;
  perform ledger.lock_deployment(ledger.day_of(moment));
  perform ledger.book(
    array(select ledger.entry_of(e, -1) from unnest(ended) as e)
    || array(select ledger.entry_of(a, 1) from unnest(after) as a)
  );
end
$$;

-- Rows in use are skipped: who holds one is touching or closing it, so it is not dead.
create function ledger.dead_leases(moment timestamptz, most integer) returns public.transcription_usage[]
language plpgsql volatile set search_path = ''
as $$
begin
  return array(
    select t from public.transcription_usage as t
    where t.held and t.expires_at <= moment
    order by t.id
    limit most
    for update skip locked
  );
end
$$;
