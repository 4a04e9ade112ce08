-- The ledger learns of keys of users' own: no price, no quota, no budget; places and leases as ever.
alter table public.transcription_usage
  add column own_key boolean not null default false,
  add constraint usage_with_an_own_key_is_free check (not own_key or microdollars_per_minute = 0);
comment on column public.transcription_usage.own_key is
  'Transcribed with a key of the user''s own: its provider bills them, and no quota counts it.';
comment on column public.transcription_usage.charged_seconds is
  'Counted against the limits, unless with an own key: the whole grant while open.';
grant select (own_key) on public.transcription_usage to authenticated;

-- An own key's sessions are counted, and its seconds are not.
create or replace function ledger.scopes_of(
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
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and not t.own_key), 0),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and not t.own_key and t.status = 'open'), 0)
  from ledger.limit_of(person, is_anonymous, kind) as l
  left join public.transcription_usage as t
    on t.user_id = person and t.kind = scopes_of.kind
    and t.opened_on >= day - 1 and t.id is distinct from apart_from
  group by l.sessions, l.seconds
  union all
  select
    l.sessions, l.seconds,
    count(t.id) filter (where t.status = 'open'),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and not t.own_key), 0),
    coalesce(sum(t.charged_seconds) filter (where t.opened_on = day and not t.own_key and t.status = 'open'), 0)
  from ledger.plan_limits as l
  left join public.transcription_usage as t
    on t.address_key = scopes_of.address_key and t.kind = scopes_of.kind
    and t.opened_on >= day - 1 and t.id is distinct from apart_from
  where scopes_of.is_anonymous and scopes_of.address_key is not null
    and l.plan = 'anonymous_address' and l.kind = scopes_of.kind
  group by l.sessions, l.seconds
$$;

-- What an own key left is nothing that a quota could be charged for.
create or replace function ledger.give_to_heir(usage public.transcription_usage, seconds numeric) returns void
language sql volatile set search_path = ''
as $$
  update public.transcription_usage as t
  set granted_seconds = t.granted_seconds + seconds, charged_seconds = t.charged_seconds + seconds
  from ledger.tip_of(usage.id, usage.user_id, usage.kind) as heir
  where seconds > 0 and t.id = heir.id and t.status = 'open'
    -- What was paid on another day or at another price cannot be passed on.
    and t.opened_on = usage.opened_on
    and t.microdollars_per_minute <= usage.microdollars_per_minute
    and (t.own_key or not usage.own_key)
$$;

-- With one more argument it would be a second function of that name.
drop function public.open_transcription(uuid, uuid, text, text, text, numeric, numeric, integer, boolean, inet, uuid);

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
declare
  moment timestamptz;
  today date;
  until_midnight numeric;
  usage public.transcription_usage;
  old public.transcription_usage;
  old_charge numeric := 0;
  old_charge_today numeric := 0;
  address_key bytea := case when is_anonymous then ledger.address_key(address) end;
  price bigint := case when own_key then 0 else ledger.price_of(provider, model) end;
  wanted numeric := trunc(requested_seconds, 3);
  cut text := 'max_duration';
  scope record;
  deployment record;
  left_over numeric;
begin
  minimum_seconds := trunc(minimum_seconds, 3);
  if (kind in ('realtime', 'batch') and wanted between 0.001 and 86400
      and minimum_seconds between 0 and wanted and own_key is not null
      and not (own_key and is_anonymous)) is not true then
    raise exception 'kind, requested_seconds, minimum_seconds or own_key out of range' using errcode = '22023';
  end if;

  perform ledger.lock_users(array[user_id]);
  perform ledger.lock_deployment();
  moment := ledger.clock();
  today := (moment at time zone 'UTC')::date;
  until_midnight := extract(epoch from ledger.next_midnight(moment) - moment);

  -- The same call once more, because its answer was lost.
  select t.* into usage from public.transcription_usage as t where t.id = session_id;
  if found then
    if usage.user_id = open_transcription.user_id and usage.status = 'open' then
      return ledger.grant_of(usage);
    end if;
    return ledger.refusal('forbidden');
  end if;

  if not exists (select from auth.users as u where u.id = open_transcription.user_id) then
    return ledger.refusal('unauthenticated');
  end if;

  perform ledger.expire_dead_leases(moment);

  if replaces is not null then
    select t.* into old from ledger.tip_of(replaces, user_id, kind) as t;
    if not found then
      return ledger.refusal('forbidden');
    end if;
    old_charge := case
      when old.status = 'open' then ledger.could_have_flowed(old, moment) else old.charged_seconds
    end;
    old_charge_today := case when old.opened_on = today and not old.own_key then old_charge else 0 end;
    if old.granted_seconds - old_charge < wanted then
      wanted := greatest(old.granted_seconds - old_charge, minimum_seconds);
      cut := old.cut_by;
    end if;
  end if;

  for scope in
    select * from ledger.scopes_of(user_id, is_anonymous, address_key, kind, today, old.id)
  loop
    if scope.most_sessions = 0 then
      return ledger.refusal('forbidden');
    end if;
    if scope.open_sessions >= scope.most_sessions then
      return ledger.session_limit(user_id, kind, moment);
    end if;
    continue when own_key;
    left_over := scope.most_seconds - scope.seconds - old_charge_today;
    if left_over < wanted then
      wanted := left_over;
      cut := 'quota_exceeded';
    end if;
    if left_over + scope.reserved < minimum_seconds then
      return ledger.refusal('quota_exceeded', until_midnight);
    elsif wanted < minimum_seconds then
      return ledger.session_limit(user_id, kind, moment);
    end if;
  end loop;

  select * into deployment from ledger.load_of_deployment(today, old.id);
  if deployment.open_sessions >= deployment.most_sessions then
    return ledger.refusal('capacity', 5);
  end if;
  if price > 0 then
    left_over := deployment.budget - deployment.microdollars
      - ceil(old_charge_today * coalesce(old.microdollars_per_minute, 0) / 60);
    if left_over * 60 / price < wanted then
      wanted := trunc(left_over * 60 / price, 3);
      cut := 'budget_exceeded';
    end if;
    if (left_over + deployment.reserved) * 60 / price < minimum_seconds then
      return ledger.refusal('budget_exceeded', until_midnight);
    elsif wanted < minimum_seconds then
      return ledger.refusal('capacity', 5);
    end if;
  end if;

  insert into public.transcription_usage (
    id, user_id, is_anonymous, address_key, kind, provider, model, replaces,
    opened_at, touched_at, lease_seconds, expires_at,
    granted_seconds, cut_by, ingest_rate, charged_seconds, microdollars_per_minute, own_key
  ) values (
    session_id, user_id, is_anonymous, address_key, kind, provider, model, old.id,
    moment, moment, lease_seconds, moment + make_interval(secs => lease_seconds),
    wanted, cut, case when old.id is null then 2 else 4 end, wanted, price, own_key
  ) returning * into usage;

  update public.transcription_usage as t
  set status = 'replaced', closed_at = coalesce(t.closed_at, moment), charged_seconds = old_charge
  where t.id = old.id and t.status in ('open', 'expired');

  if own_key then
    update public.own_keys as k set used_at = moment
    where k.user_id = open_transcription.user_id and k.provider = open_transcription.provider;
  end if;

  return ledger.grant_of(usage);
end
$$;

comment on function public.open_transcription is
  'Reserves seconds and a place; with a key of the user''s own, a place alone. Answers {id, '
  'granted_seconds, cut_by, lease_seconds} or {code, retry_after?, open_sessions?}.';
revoke all on function public.open_transcription from public, anon, authenticated;
grant execute on function public.open_transcription to service_role;

create or replace function public.touch_transcriptions(session_ids uuid[], audio_seconds numeric[])
returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz;
  sleepers uuid[];
  people uuid[];
  sleeper record;
  deployment record;
  told numeric;
  left_seconds numeric;
  affordable numeric;
begin
  if cardinality(session_ids) is distinct from cardinality(audio_seconds)
    or exists (
      select from unnest(audio_seconds) as s (told) where (s.told between 0 and 1000000) is not true
    ) then
    raise exception 'audio_seconds must give a figure for every session' using errcode = '22023';
  end if;

  -- To revive is to reserve again: it takes the locks of an open, and takes them before any row.
  select array_agg(t.id), array_agg(t.user_id) into sleepers, people
  from public.transcription_usage as t
  where t.id = any (session_ids) and t.status = 'expired' and t.user_id is not null;
  if sleepers is not null then
    perform ledger.lock_users(people);
    perform ledger.lock_deployment();
  end if;
  moment := ledger.clock();

  with heard as (
    select t.id, s.told
    from public.transcription_usage as t
    join unnest(session_ids, touch_transcriptions.audio_seconds) as s (id, told) on s.id = t.id
    where t.status = 'open'
    order by t.id
    for update of t
  )
  update public.transcription_usage as t
  set told_seconds = greatest(t.told_seconds, heard.told),
    ingest_rate = ledger.ingest_rate_after(t, heard.told, moment),
    touched_at = greatest(t.touched_at, moment),
    expires_at = greatest(t.expires_at, moment + make_interval(secs => t.lease_seconds))
  from heard
  where t.id = heard.id and t.status = 'open';

  -- Nobody replaced them: the ledger was away, not the session. What others reserved meanwhile
  -- stays theirs, so the grant may come back shorter, but never shorter than what has flowed.
  for sleeper in
    select t.*, s.told
    from public.transcription_usage as t
    join unnest(session_ids, touch_transcriptions.audio_seconds) as s (id, told) on s.id = t.id
    where t.id = any (sleepers) and t.status = 'expired' and t.user_id is not null
      and not exists (select from public.transcription_usage as next where next.replaces = t.id)
    order by t.id
    for update of t
  loop
    select case when sleeper.own_key then sleeper.granted_seconds else min(s.most_seconds - s.seconds) end
    into left_seconds
    from ledger.scopes_of(
      sleeper.user_id, sleeper.is_anonymous, sleeper.address_key, sleeper.kind, sleeper.opened_on, sleeper.id
    ) as s;
    select * into deployment from ledger.load_of_deployment(sleeper.opened_on, sleeper.id);
    affordable := trunc(
      (deployment.budget - deployment.microdollars) * 60 / nullif(sleeper.microdollars_per_minute, 0), 3
    );
    told := greatest(sleeper.told_seconds, sleeper.told);
    update public.transcription_usage as t
    set status = 'open', closed_at = null,
      granted_seconds = revived.seconds, charged_seconds = revived.seconds,
      cut_by = case
        when revived.seconds = t.granted_seconds then t.cut_by
        when affordable < left_seconds then 'budget_exceeded'
        else 'quota_exceeded'
      end,
      told_seconds = told,
      ingest_rate = ledger.ingest_rate_after(t, told, moment),
      touched_at = greatest(t.touched_at, moment),
      expires_at = moment + make_interval(secs => t.lease_seconds)
    from (select least(
      sleeper.granted_seconds, greatest(told, least(left_seconds, affordable))
    ) as seconds) as revived
    where t.id = sleeper.id;
  end loop;

  update public.transcription_usage as t
  set status = 'revoked', closed_at = moment, charged_seconds = least(t.granted_seconds, t.told_seconds)
  where t.id = any (session_ids) and t.status = 'open' and t.user_id is null;

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
      'granted_seconds', t.granted_seconds
    ) order by s.place), '[]')
    from unnest(session_ids) with ordinality as s (id, place)
    left join public.transcription_usage as t on t.id = s.id
  );
end
$$;

create or replace function public.usage_today(user_id uuid, is_anonymous boolean default false) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz := ledger.clock();
  today date := (moment at time zone 'UTC')::date;
  kinds jsonb;
begin
  perform ledger.expire_dead_leases(moment);

  select jsonb_object_agg(k.name, jsonb_build_object(
    'used_seconds', s.seconds - s.reserved,
    'reserved_seconds', s.reserved,
    'limit_seconds', s.most_seconds,
    'max_open_sessions', s.most_sessions,
    'own_key_seconds', coalesce((
      select sum(t.charged_seconds) from public.transcription_usage as t
      where t.user_id = usage_today.user_id and t.kind = k.name
        and t.opened_on = today and t.own_key and t.status <> 'open'
    ), 0),
    'cost_microdollars', coalesce((
      select sum(t.cost_microdollars) from public.transcription_usage as t
      where t.user_id = usage_today.user_id and t.kind = k.name
        and t.opened_on = today and t.status <> 'open'
    ), 0)
  )) into kinds
  from (values ('realtime'), ('batch')) as k (name),
    lateral ledger.scopes_of(user_id, usage_today.is_anonymous, null, k.name, today, null) as s;

  return kinds || jsonb_build_object(
    'cost_microdollars', (kinds #>> '{realtime,cost_microdollars}')::bigint
      + (kinds #>> '{batch,cost_microdollars}')::bigint,
    'max_open_sessions', kinds #> '{realtime,max_open_sessions}',
    'open_sessions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'session_id', t.id, 'kind', t.kind, 'opened_at', t.opened_at
      ) order by t.opened_at), '[]')
      from public.transcription_usage as t
      where t.user_id = usage_today.user_id and t.status = 'open'
    ),
    'resets_at', ledger.next_midnight(moment)
  );
end
$$;
