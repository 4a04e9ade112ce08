-- The doors of the ledger: open (reserve), touch (heartbeat), close (settle).
-- A refusal is an answer and no exception, so that what was expired on the way stays expired.

create function ledger.refusal(
  code text, retry_after numeric default null, open_sessions uuid[] default null
) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'code', code,
    'retry_after', case when retry_after is not null then greatest(1, ceil(retry_after)) end,
    'open_sessions', to_jsonb(open_sessions)
  ))
$$;

-- Returns what a banned or deleted account is told; null for any other, which it keeps from being deleted until the
-- transaction ends. A call that deletes it waits for its rows, so this comes before any of them is locked.
create function ledger.keep_or_refuse_account(person uuid, moment timestamptz) returns jsonb
language plpgsql volatile set search_path = ''
as $$
declare
  code text;
begin
  perform ledger.keep_account(person);
  code := ledger.account_refusal(person, moment);
  if code is null then
    return null;
  end if;
  return ledger.refusal(code) || case code when 'forbidden' then '{"reason": "suspended"}' else '{}' end::jsonb;
end
$$;

create function ledger.grant_of(usage public.transcription_usage) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object(
    'id', usage.id, 'granted_seconds', usage.granted_seconds, 'credit_seconds', usage.credit_seconds,
    'cut_by', usage.cut_by, 'lease_seconds', usage.lease_seconds
  )
$$;

-- `mine`: what the user holds. A place or seconds come back when a lease ends, at the latest.
create function ledger.session_limit(
  mine public.transcription_usage[], kind text, moment timestamptz
) returns jsonb
language sql immutable set search_path = ''
as $$
  select ledger.refusal(
    'session_limit',
    coalesce(extract(epoch from min(t.expires_at) - moment), 30),
    coalesce(array_agg(t.id order by t.opened_at) filter (where t.status = 'open'), '{}')
  )
  from unnest(mine) as t
  where t.kind = session_limit.kind
$$;

-- The youngest session of the line that `session_id` belongs to, whether or not its client ever heard
-- of it; null when it is not this user's.
create function ledger.tip_of(session_id uuid, person uuid, kind text) returns public.transcription_usage
language plpgsql volatile set search_path = ''
as $$
declare
  head uuid;
  tip public.transcription_usage;
begin
  select t.line into head from public.transcription_usage as t
  where t.id = session_id and t.user_id = person and t.kind = tip_of.kind;
  if found then
    select t.* into tip from public.transcription_usage as t
    where t.line = head and t.step > 1 order by t.step desc limit 1;
    if not found then
      select t.* into tip from public.transcription_usage as t where t.id = head;
    end if;
  end if;
  return tip;
end
$$;

create function public.open_transcription(
  session_id uuid,
  user_id uuid,
  kind text,
  provider text,
  model text,
  requested_seconds numeric,
  minimum_seconds numeric default 3,
  lease_seconds integer default 30,
  is_anonymous boolean default false,
  address inet default null,
  replaces uuid default null,
  own_key boolean default false
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
  moment timestamptz;
  today date;
  until_midnight numeric;
  identity_keys bytea[] := ledger.identity_keys(user_id);
  payers uuid[];
  address_key bytea := case when is_anonymous then ledger.address_key(address) end;
  price bigint := case when own_key then 0 else ledger.price_of(provider, model) end;
  wanted numeric := trunc(requested_seconds, 3);
  least_wanted numeric := trunc(minimum_seconds, 3);
  longest numeric;
  cut text := 'max_duration';
  refused jsonb;
  usage public.transcription_usage;
  old public.transcription_usage;
  successor_of public.transcription_usage;
  mine public.transcription_usage[];
  others_open integer;
  scope record;
  deployment record;
  whole record;
  part smallint;
  left_over numeric;
  released bigint := 0;
  released_places integer := 0;
begin
  if (kind in ('realtime', 'batch') and wanted between 0.001 and 86400
      and least_wanted between 0 and wanted and own_key is not null
      and not (own_key and is_anonymous)) is not true then
    raise exception 'kind, requested_seconds, minimum_seconds or own_key out of range' using errcode = '22023';
  end if;

  perform ledger.lock_accounts(array[ledger.payer_of(user_id)], identity_keys);
  moment := ledger.clock();
  today := ledger.day_of(moment);
  payers := ledger.payers_of(user_id, identity_keys, today);
  until_midnight := extract(epoch from ledger.next_midnight(moment) - moment);

  -- The same call once more, because its answer was lost.
  select t.* into usage from public.transcription_usage as t where t.id = session_id;
  if found then
    if usage.user_id = open_transcription.user_id and usage.status = 'open' then
      return ledger.grant_of(usage);
    end if;
    return ledger.refusal('forbidden');
  end if;

  refused := ledger.keep_or_refuse_account(user_id, moment);
  if refused is not null then
    return refused;
  end if;

  -- What this person holds, and what is replaced, which they may no longer hold.
  if replaces is not null then
    old := ledger.tip_of(replaces, user_id, kind);
    if old.id is null then
      return ledger.refusal('forbidden');
    end if;
  end if;
  mine := array(
    select t from public.transcription_usage as t
    where (t.payer = any (payers) and t.held) or t.id = old.id order by t.id for update
  );
  mine := array(select m from unnest(mine) as m where m.held);
  perform ledger.lock_address(address_key);
  -- Leases that have ended.
  perform ledger.end_sessions(
    array(select m from unnest(mine) as m where m.expires_at <= moment)
    || case when ledger.scan_is_due(moment) then array(
      select d from unnest(ledger.dead_leases(moment, 1000)) as d where d.payer <> all (payers)
    ) end,
    'expired', moment
  );
  mine := array(select m from unnest(mine) as m where m.expires_at > moment);

  if replaces is not null then
    select t.* into old from public.transcription_usage as t where t.id = old.id;
    longest := old.most_seconds - ledger.length_of(old, moment);
    wanted := least(wanted, greatest(longest, least_wanted));
  end if;
  longest := wanted;

  -- What becomes of the one that is replaced: it keeps its credit until it settles.
  successor_of := old;
  if old.status in ('open', 'expired') then
    successor_of.status := 'replaced';
    successor_of.closed_at := coalesce(old.closed_at, moment);
    successor_of.charged_seconds := old.credit_seconds;
    successor_of.cost_microdollars := ledger.cost_of(old.credit_seconds, old.microdollars_per_minute);
  end if;
  if old.opened_on = today then
    released := old.cost_microdollars - successor_of.cost_microdollars;
  end if;
  released_places := (old.status is not distinct from 'open')::integer;

  for scope in
    select 'user' as of, l.sessions, l.seconds, u.seconds as used, u.held,
      (select count(*) from unnest(mine) as m
       where m.kind = open_transcription.kind and m.status = 'open' and m.id is distinct from old.id) as open,
      true as has_old
    from ledger.limit_of(user_id, is_anonymous, kind) as l, ledger.used_by(payers, kind, today) as u
    union all
    select 'address', l.sessions, l.seconds, u.seconds, u.held,
      (select count(*) from public.transcription_usage as t
       where t.address_key = address_key and t.held and t.status = 'open'
         and t.kind = open_transcription.kind and t.id is distinct from old.id),
      old.address_key is not distinct from address_key
    from ledger.plan_limits as l, ledger.used_behind(address_key, kind, today) as u
    where address_key is not null and l.plan = 'anonymous_address' and l.kind = open_transcription.kind
  loop
    if scope.sessions = 0 then
      return ledger.refusal('forbidden');
    end if;
    if scope.open >= scope.sessions then
      return ledger.session_limit(case when scope.of = 'user' then mine else (
        select array_agg(m) from unnest(mine) as m where m.status = 'open'
      ) end, kind, moment);
    end if;
    -- Each place may leave two behind that have not settled yet.
    if scope.of = 'user' and old.status = 'open' and 2 * scope.sessions <= (
      select count(*) from unnest(mine) as m
      where m.kind = open_transcription.kind and m.status <> 'open'
    ) then
      return ledger.session_limit(
        array(select m from unnest(mine) as m where m.status <> 'open'), kind, moment
      );
    end if;
    continue when own_key;
    if scope.has_old and old.opened_on = today and not old.own_key then
      scope.used := scope.used - old.charged_seconds + successor_of.charged_seconds;
      if old.held then
        scope.held := scope.held - old.charged_seconds + successor_of.charged_seconds;
      end if;
    end if;
    left_over := scope.seconds - scope.used;
    if left_over < wanted then
      wanted := left_over;
      cut := 'quota_exceeded';
    end if;
    if left_over + scope.held < least_wanted then
      return ledger.refusal('quota_exceeded', until_midnight);
    elsif wanted < least_wanted then
      return ledger.session_limit(mine, kind, moment);
    end if;
  end loop;

  -- A part of the deployment's day that has room; the heir of unsettled work takes the same one.
  select d.budget_microdollars as budget, d.open_sessions as places into deployment from ledger.deployment as d;
  -- A part that someone else used up while it was being locked stays locked, though it isn't found.
  -- Who waits for all parts while holding one could wait forever: so such locks are let go.
  begin
    if old.id is null or (old.audio_seconds is not null) then
      select p.shard into part from ledger.deployment_days as p
      where p.day = today and p.of_budget = deployment.budget and p.of_places = deployment.places
        and p.open_sessions < p.places
        and (price = 0 or p.microdollars + ledger.cost_of(wanted, price) <= p.budget)
      limit 1 for update skip locked;
    elsif old.opened_on = today then
      select p.shard into part from ledger.deployment_days as p
      where p.day = today and p.shard = old.shard
        and p.of_budget = deployment.budget and p.of_places = deployment.places
        and p.open_sessions - released_places < p.places
        and (price = 0 or p.microdollars - released + ledger.cost_of(wanted, price) <= p.budget)
      for update;
    end if;
    if part is null then
      raise exception using errcode = 'UT000';
    end if;
  exception when sqlstate 'UT000' then
    null;
  end;
  if part is null then
    perform ledger.lock_deployment(today);
    select sum(p.open_sessions) - released_places as open_sessions,
      sum(p.microdollars) filter (where p.day = today) - released as microdollars,
      sum(p.held_microdollars) filter (where p.day = today)
        - case when old.held and old.opened_on = today then released else 0 end as held
    into whole
    from ledger.deployment_days as p where p.day in (today - 1, today);
    part := case
      when old.audio_seconds is null and old.opened_on = today then old.shard
      else (hashtext(session_id::text) & 15)::smallint
    end;
    if whole.open_sessions >= deployment.places then
      return ledger.refusal('capacity', 5);
    end if;
    if price > 0 then
      left_over := deployment.budget - whole.microdollars;
      if left_over * 60 / price < wanted then
        wanted := trunc(left_over * 60 / price, 3);
        cut := 'budget_exceeded';
      end if;
      if (left_over + whole.held) * 60 / price < least_wanted then
        return ledger.refusal('budget_exceeded', until_midnight);
      elsif wanted < least_wanted then
        return ledger.refusal('capacity', 5);
      end if;
    end if;
    perform ledger.deal(
      today, part, ledger.cost_of(wanted, price) - released, 1 - released_places
    );
  end if;

  if old.status in ('open', 'expired') then
    update public.transcription_usage as t
    set status = successor_of.status, closed_at = successor_of.closed_at,
      charged_seconds = successor_of.charged_seconds
    where t.id = old.id;
  end if;
  insert into public.transcription_usage (
    id, user_id, payer, is_anonymous, address_key, kind, provider, model, own_key,
    line, step, replaces,
    opened_at, touched_at, lease_seconds, expires_at,
    most_seconds, granted_seconds, cut_by, credit_seconds, charged_seconds, microdollars_per_minute, shard
  ) values (
    session_id, user_id, payers[1], is_anonymous, address_key, kind, provider, model, own_key,
    coalesce(old.line, session_id), coalesce(old.step, 0) + 1, old.id,
    moment, moment, lease_seconds, moment + make_interval(secs => lease_seconds),
    longest, wanted, cut, case when kind = 'batch' then wanted else least(wanted, 2 * lease_seconds) end,
    wanted, price, part
  ) returning * into usage;

  perform ledger.book(array[ledger.entry_of(usage, 1)] || case when old.status in ('open', 'expired') then array[
    ledger.entry_of(old, -1), ledger.entry_of(successor_of, 1)
  ] end);

  insert into ledger.identities (identity_key, day, payer)
  select k.identity_key, today, payers[1] from unnest(identity_keys) as k (identity_key)
  where not exists (
    select from ledger.identities as i
    where i.identity_key = k.identity_key and i.day = today and i.payer = payers[1]
  );
  if own_key then
    update public.own_keys as k set used_at = moment
    where k.user_id = open_transcription.user_id and k.provider = open_transcription.provider;
  end if;
  return ledger.grant_of(usage);
end
$$;

comment on function public.open_transcription is
  'Reserves seconds and a place; with a key of the user''s own, a place alone. Answers {id, '
  'granted_seconds, credit_seconds, cut_by, lease_seconds} or {code, reason?, retry_after?, open_sessions?}.';

create function public.touch_transcriptions(session_ids uuid[], audio_seconds numeric[])
returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz;
  sleepers uuid[];
begin
  if cardinality(session_ids) is distinct from cardinality(audio_seconds)
    or exists (
      select from unnest(audio_seconds) as s (told) where (s.told between 0 and 1000000) is not true
    ) then
    raise exception 'audio_seconds must give a figure for every session' using errcode = '22023';
  end if;

  -- To revive is to reserve again: it takes the locks of an open, and takes them before any row.
  select array_agg(t.id) into sleepers
  from public.transcription_usage as t
  where t.id = any (session_ids) and t.status = 'expired' and t.user_id is not null and t.payer is not null;
  if sleepers is not null then
    perform ledger.lock_accounts(
      array(select t.payer from public.transcription_usage as t where t.id = any (sleepers)),
      array(
        select k.identity_key from public.transcription_usage as t,
          unnest(ledger.identity_keys(t.user_id)) as k (identity_key)
        where t.id = any (sleepers)
      )
    );
  end if;
  moment := ledger.clock();

  -- A statement of its own: as a part of the update, it locks only the rows that the update asks for.
  perform from public.transcription_usage as t where t.id = any (session_ids) order by t.id for update;
  perform ledger.lock_address(k.address_key) from (
    select distinct t.address_key from public.transcription_usage as t where t.id = any (sleepers)
    order by t.address_key
  ) as k;
  update public.transcription_usage as t
  set told_seconds = greatest(t.told_seconds, heard.told),
    -- Two leases at the pace of speech: a ledger that is away for a minute holds nobody up.
    credit_seconds = least(
      t.granted_seconds, greatest(t.credit_seconds, heard.told + 2 * t.lease_seconds)
    ),
    touched_at = greatest(t.touched_at, moment),
    expires_at = greatest(t.expires_at, moment + make_interval(secs => t.lease_seconds))
  from (
    select s.id, max(s.told) as told
    from unnest(session_ids, touch_transcriptions.audio_seconds) as s (id, told) group by s.id
  ) as heard
  where t.id = heard.id and t.status = 'open';

  perform ledger.end_sessions(array(
    select t from public.transcription_usage as t left join auth.users as u on u.id = t.user_id
    where t.id = any (session_ids) and t.status = 'open'
      and (u.id is null or u.deleted_at is not null or u.banned_until > moment)
  ), 'revoked', moment);

  if sleepers is not null then
    perform ledger.revive(sleepers, session_ids, audio_seconds, moment);
  end if;

  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'id', s.id,
      'state', case
        when t.id is null then 'unknown'
        when t.status in ('open', 'replaced', 'revoked') then t.status
        when t.status <> 'expired' then 'closed'
        when t.user_id is null then 'revoked'
        else 'expired'
      end,
      'granted_seconds', t.granted_seconds,
      'credit_seconds', t.credit_seconds
    ) order by s.place), '[]')
    from unnest(session_ids) with ordinality as s (id, place)
    left join public.transcription_usage as t on t.id = s.id
  );
end
$$;

comment on function public.touch_transcriptions is
  'The heartbeat of a bridge for all its sessions. Answers [{id, state, granted_seconds, '
  'credit_seconds}]; state: open, replaced, revoked, closed, unknown, or expired (between two '
  'heartbeats: the next one revives it).';

-- They were not replaced: the ledger was away, not the session. What others reserved meanwhile stays
-- theirs, so a grant may come back shorter, but never shorter than what may have flowed.
create function ledger.revive(
  sleepers uuid[], session_ids uuid[], audio_seconds numeric[], moment timestamptz
) returns void
language plpgsql volatile set search_path = ''
as $$
declare
  sleeper record;
  before public.transcription_usage;
  after public.transcription_usage;
  left_seconds numeric;
  affordable numeric;
  told numeric;
begin
  perform ledger.lock_deployment(ledger.day_of(moment));
  for sleeper in
    select t as usage, max(s.told) over (partition by t.id) as told
    from public.transcription_usage as t
    join unnest(session_ids, revive.audio_seconds) as s (id, told) on s.id = t.id
    where t.id = any (sleepers) and t.status = 'expired' and t.user_id is not null
      -- The totals of an older day are gone.
      and t.opened_on >= ledger.day_of(moment) - 1
      and ledger.account_refusal(t.user_id, moment) is null
      and not exists (
        select from public.transcription_usage as heir
        where heir.line = t.line and heir.step > 1 and heir.step > t.step
      )
    order by t.id
  loop
    before := sleeper.usage;
    told := greatest(before.told_seconds, sleeper.told);
    if before.own_key then
      left_seconds := before.granted_seconds;
    else
      select l.seconds - u.seconds + before.charged_seconds into left_seconds
      from ledger.limit_of(before.user_id, before.is_anonymous, before.kind) as l,
        ledger.used_by(
          ledger.payers_of(before.user_id, ledger.identity_keys(before.user_id), before.opened_on),
          before.kind, before.opened_on
        ) as u;
      select least(left_seconds, l.seconds - u.seconds + before.charged_seconds) into left_seconds
      from (select 1) as always
      left join ledger.plan_limits as l on before.address_key is not null
        and l.plan = 'anonymous_address' and l.kind = before.kind
      cross join ledger.used_behind(before.address_key, before.kind, before.opened_on) as u;
    end if;
    select trunc(
      (d.budget_microdollars - (
        select coalesce(sum(p.microdollars), 0) from ledger.deployment_days as p where p.day = before.opened_on
      ) + before.cost_microdollars) * 60 / nullif(before.microdollars_per_minute, 0), 3
    ) into affordable from ledger.deployment as d;
    left_seconds := least(before.granted_seconds, greatest(
      before.credit_seconds, told, least(left_seconds, affordable)
    ));
    update public.transcription_usage as t
    set status = 'open', held = true, closed_at = null,
      granted_seconds = left_seconds, charged_seconds = left_seconds,
      credit_seconds = least(left_seconds, greatest(t.credit_seconds, told + 2 * t.lease_seconds)),
      cut_by = case
        when left_seconds = t.granted_seconds then t.cut_by
        when left_seconds = affordable then 'budget_exceeded'
        else 'quota_exceeded'
      end,
      told_seconds = told,
      touched_at = greatest(t.touched_at, moment),
      expires_at = moment + make_interval(secs => t.lease_seconds)
    where t.id = before.id and t.status = 'expired'
    returning * into after;
    if found then
      perform ledger.book(array[ledger.entry_of(before, -1), ledger.entry_of(after, 1)]);
    end if;
  end loop;
  perform ledger.deal(ledger.day_of(moment), 0::smallint, 0, 0);
end
$$;

create function public.close_transcription(
  session_id uuid, audio_seconds numeric, status text, reason text default null
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
#variable_conflict use_variable
declare
  usage public.transcription_usage;
  before public.transcription_usage;
  heir public.transcription_usage;
  entries ledger.entry[];
  counted boolean;
begin
  if (audio_seconds between 0 and 1000000 and status in ('complete', 'partial', 'failed')) is not true then
    raise exception 'audio_seconds or status out of range' using errcode = '22023';
  end if;

  -- The row, and that of its successor, in the order of ids.
  select t.* into usage from public.transcription_usage as t where t.id = session_id;
  if usage.status = 'replaced' then
    heir := ledger.tip_of(usage.line, usage.user_id, usage.kind);
  end if;
  perform from public.transcription_usage as t where t.id in (session_id, heir.id) order by t.id for update;
  select t.* into usage from public.transcription_usage as t where t.id = session_id;
  if not found then
    return ledger.refusal('not_found');
  end if;

  counted := usage.audio_seconds is null;
  if counted then
    before := usage;
    update public.transcription_usage as t
    set status = close_transcription.status,
      held = false,
      reason = left(close_transcription.reason, 64),
      audio_seconds = close_transcription.audio_seconds,
      charged_seconds = least(t.granted_seconds, round(close_transcription.audio_seconds, 3)),
      closed_at = coalesce(t.closed_at, greatest(t.opened_at, ledger.clock()))
    where t.id = session_id
    returning t.* into usage;
    entries := array[ledger.entry_of(before, -1), ledger.entry_of(usage, 1)];
    if before.status = 'replaced' and heir.id <> usage.id then
      entries := entries || ledger.give_to_heir(before, usage, heir.id);
    end if;
    perform ledger.book(entries);
  end if;

  return jsonb_build_object(
    'id', usage.id, 'counted', counted, 'status', usage.status,
    'charged_seconds', usage.charged_seconds,
    'returned_seconds', usage.granted_seconds - usage.charged_seconds,
    'cost_microdollars', usage.cost_microdollars
  );
end
$$;

comment on function public.close_transcription is
  'Settles once, also what the ledger had charged by estimate. Answers {id, counted, status, '
  'charged_seconds, returned_seconds, cost_microdollars} or {code: not_found}.';

-- What the credit of a session took from the session that goes on for it. Else a recording that
-- changes its bridge often would end long before its time. Answers what to book.
create function ledger.give_to_heir(
  before public.transcription_usage, settled public.transcription_usage, heir_id uuid
) returns ledger.entry[]
language plpgsql volatile set search_path = ''
as $$
declare
  heir public.transcription_usage;
  taller public.transcription_usage;
  gift numeric := before.charged_seconds - settled.charged_seconds;
begin
  select t.* into heir from public.transcription_usage as t where t.id = heir_id;
  -- What was paid on another day or at another price cannot be passed on.
  if (heir.status = 'open' and heir.opened_on = settled.opened_on
      and heir.microdollars_per_minute <= settled.microdollars_per_minute
      and (heir.own_key or not settled.own_key)) is not true then
    return '{}';
  end if;
  gift := least(gift, heir.most_seconds - heir.granted_seconds);
  if heir.microdollars_per_minute > 0 then
    -- Costs are rounded up: two roundings must not become a micro-dollar more.
    gift := least(gift, trunc(
      (heir.cost_microdollars + before.cost_microdollars - settled.cost_microdollars) * 60.0
        / heir.microdollars_per_minute, 3
    ) - heir.granted_seconds);
  end if;
  if heir.address_key is distinct from settled.address_key and heir.address_key is not null
    and not heir.own_key then
    perform ledger.lock_address(heir.address_key);
    select least(gift, l.seconds - u.seconds) into gift
    from ledger.plan_limits as l, ledger.used_behind(heir.address_key, heir.kind, heir.opened_on) as u
    where l.plan = 'anonymous_address' and l.kind = heir.kind;
  end if;
  if (gift > 0) is not true then
    return '{}';
  end if;
  update public.transcription_usage as t
  set granted_seconds = t.granted_seconds + gift, charged_seconds = t.charged_seconds + gift
  where t.id = heir.id
  returning t.* into taller;
  return array[ledger.entry_of(heir, -1), ledger.entry_of(taller, 1)];
end
$$;

revoke all on function public.open_transcription from public, anon, authenticated;
revoke all on function public.touch_transcriptions from public, anon, authenticated;
revoke all on function public.close_transcription from public, anon, authenticated;
grant execute on function public.open_transcription to service_role;
grant execute on function public.touch_transcriptions to service_role;
grant execute on function public.close_transcription to service_role;
