-- The rules by which the ledger decides. Only the owner of the database may call or replace them.

create function ledger.clock() returns timestamptz
language sql volatile set search_path = ''
as $$ select clock_timestamp() $$;
comment on function ledger.clock() is
  'The only clock of the ledger. Whoever owns the database, such as a test, can put another in its '
  'place, and nobody else can.';

create function ledger.next_midnight(moment timestamptz) returns timestamptz
language sql immutable set search_path = ''
as $$ select ((moment at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' $$;

-- Locks, always in this order: users by their key, then the deployment, then rows by their id.
create function ledger.user_lock_key(person uuid) returns bigint
language sql immutable set search_path = ''
as $$ select hashtextextended('ledger user ' || person::text, 0) $$;

create function ledger.lock_users(people uuid[]) returns void
language plpgsql set search_path = ''
as $$
declare
  lock_key bigint;
begin
  for lock_key in
    select distinct ledger.user_lock_key(p.id) as k from unnest(people) as p (id) order by k
  loop
    perform pg_advisory_xact_lock(lock_key);
  end loop;
end
$$;

create function ledger.lock_deployment() returns void
language sql volatile set search_path = ''
as $$ select pg_advisory_xact_lock(hashtextextended('ledger deployment', 0)) $$;

-- What a session that fell silent may have used: what was last told and what could have flowed
-- since, until its lease ended. The file of a batch call goes to the provider as a whole.
create function ledger.could_have_flowed(usage public.transcription_usage, moment timestamptz)
returns numeric
language sql immutable set search_path = ''
as $$
  select case
    when usage.kind = 'batch' then usage.granted_seconds
    else least(
      usage.granted_seconds,
      round(usage.told_seconds + usage.ingest_rate
        * greatest(0, extract(epoch from least(moment, usage.expires_at) - usage.touched_at)), 3)
    )
  end
$$;

-- 4 while a backlog is resent, else 2. A resumed session begins with its backlog; it has caught up
-- once a heartbeat finds that it took no more than live audio can bring.
create function ledger.ingest_rate_after(
  usage public.transcription_usage, told_seconds numeric, moment timestamptz
) returns smallint
language sql immutable set search_path = ''
as $$
  select case
    when told_seconds - usage.told_seconds > 2.2 * silence then 4
    when usage.ingest_rate = 4 and (told_seconds = 0 or silence < 5) then 4
    else 2
  end::smallint
  from extract(epoch from moment - usage.touched_at) as silence
$$;

-- Rows in use are skipped: who holds one is touching or closing it, so it is not dead.
create function ledger.expire_dead_leases(moment timestamptz) returns integer
language sql volatile set search_path = ''
as $$
  with dead as (
    select t.id from public.transcription_usage as t
    where t.status = 'open' and t.expires_at <= moment
    order by t.id
    for update skip locked
  ), expired as (
    update public.transcription_usage as t
    set status = 'expired', closed_at = t.expires_at, charged_seconds = ledger.could_have_flowed(t, moment)
    from dead where t.id = dead.id
    returning t.id
  )
  select count(*)::integer from expired
$$;

create function ledger.price_of(provider text, model text) returns bigint
language sql stable set search_path = ''
as $$
  select coalesce(
    (select p.microdollars_per_minute from ledger.prices as p
     where p.provider = price_of.provider and p.model in (price_of.model, '*')
     order by p.model = '*' limit 1),
    (select max(p.microdollars_per_minute) from ledger.prices as p),
    0
  )
$$;

create function ledger.limit_of(person uuid, is_anonymous boolean, kind text)
returns table (sessions integer, seconds integer)
language sql stable set search_path = ''
as $$
  select coalesce(own.sessions, plan.sessions, 0), coalesce(own.seconds, plan.seconds, 0)
  from (select coalesce(
    (select p.plan from ledger.user_plans as p where p.user_id = person),
    case when is_anonymous then 'anonymous' else 'default' end
  ) as name) as chosen
  left join ledger.plan_limits as plan on plan.plan = chosen.name and plan.kind = limit_of.kind
  left join ledger.user_limits as own on own.user_id = person and own.kind = limit_of.kind
$$;

-- Providers of IPv6 give a household a /64, so that is what counts as one address.
create function ledger.address_key(address inet) returns bytea
language sql stable set search_path = ''
as $$
  select sha256(convert_to(
    d.address_salt || ' ' || host(network(set_masklen(address, case family(address) when 6 then 64 else 32 end))),
    'UTF8'
  ))
  from ledger.deployment as d
$$;

-- Whom a limit counts: the user; and where accounts cost nothing, all anonymous users behind one
-- address together. With each, what is open and what the day has seen; `reserved` may still come back.
create function ledger.scopes_of(
  person uuid, is_anonymous boolean, address_key bytea, kind text, day date, apart_from uuid
)
returns table (
  most_sessions integer, most_seconds integer, open_sessions bigint, seconds numeric, reserved numeric
)
language sql stable set search_path = ''
as $$
  select
    l.sessions, l.seconds,
    count(t.id) filter (where t.status = 'open'),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day), 0),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and t.status = 'open'), 0)
  from ledger.limit_of(person, is_anonymous, kind) as l
  left join public.transcription_usage as t
    on t.user_id = person and t.kind = scopes_of.kind
    and t.opened_on >= day - 1 and t.id is distinct from apart_from
  group by l.sessions, l.seconds
  union all
  select
    l.sessions, l.seconds,
    count(t.id) filter (where t.status = 'open'),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day), 0),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and t.status = 'open'), 0)
  from ledger.plan_limits as l
  left join public.transcription_usage as t
    on t.address_key = scopes_of.address_key and t.kind = scopes_of.kind
    and t.opened_on >= day - 1 and t.id is distinct from apart_from
  where scopes_of.is_anonymous and scopes_of.address_key is not null
    and l.plan = 'anonymous_address' and l.kind = scopes_of.kind
  group by l.sessions, l.seconds
$$;

create function ledger.load_of_deployment(day date, apart_from uuid)
returns table (
  most_sessions integer, budget bigint, open_sessions bigint, microdollars numeric, reserved numeric
)
language sql stable set search_path = ''
as $$
  select
    d.open_sessions, d.budget_microdollars,
    (select count(*) from public.transcription_usage as t
     where t.status = 'open' and t.id is distinct from apart_from),
    coalesce(spent.microdollars, 0),
    coalesce(spent.reserved, 0)
  from ledger.deployment as d, (
    select
      sum(t.cost_microdollars) as microdollars,
      sum(t.cost_microdollars) filter (where t.status = 'open') as reserved
    from public.transcription_usage as t
    where t.opened_on = day and t.id is distinct from apart_from
  ) as spent
$$;
