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

create function ledger.grant_of(usage public.transcription_usage) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object(
    'id', usage.id, 'granted_seconds', usage.granted_seconds, 'cut_by', usage.cut_by,
    'lease_seconds', usage.lease_seconds
  )
$$;

create function ledger.session_limit(person uuid, kind text, moment timestamptz) returns jsonb
language sql stable set search_path = ''
as $$
  select ledger.refusal(
    'session_limit',
    coalesce(extract(epoch from min(t.expires_at) - moment), 30),
    coalesce(array_agg(t.id order by t.opened_at), '{}')
  )
  from public.transcription_usage as t
  where t.user_id = person and t.kind = session_limit.kind and t.status = 'open'
$$;

-- The youngest session of the line that `session_id` began, whether or not its client ever heard
-- of it; no row when it is not this user's.
create function ledger.tip_of(session_id uuid, person uuid, kind text)
returns setof public.transcription_usage
language sql volatile set search_path = ''
as $$
  with recursive line as (
    select t.id from public.transcription_usage as t
    where t.id = session_id and t.user_id = person and t.kind = tip_of.kind
    union all
    select t.id from public.transcription_usage as t join line on t.replaces = line.id
  )
  select t.* from public.transcription_usage as t
  where t.id in (select line.id from line)
    and not exists (select from public.transcription_usage as next where next.replaces = t.id)
  for update of t
$$;

-- What the estimate of a session's use took from the session that goes on for it. Else a recording
-- that changes its bridge often would end long before its time.
create function ledger.give_to_heir(usage public.transcription_usage, seconds numeric) returns void
language sql volatile set search_path = ''
as $$
  update public.transcription_usage as t
  set granted_seconds = t.granted_seconds + seconds, charged_seconds = t.charged_seconds + seconds
  from ledger.tip_of(usage.id, usage.user_id, usage.kind) as heir
  where seconds > 0 and t.id = heir.id and t.status = 'open'
    -- What was paid on another day or at another price cannot be passed on.
    and t.opened_on = usage.opened_on
    and t.microdollars_per_minute <= usage.microdollars_per_minute
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
  replaces uuid default null
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
  price bigint := ledger.price_of(provider, model);
  wanted numeric := trunc(requested_seconds, 3);
  cut text := 'max_duration';
  scope record;
  deployment record;
  left_over numeric;
begin
  minimum_seconds := trunc(minimum_seconds, 3);
  if (kind in ('realtime', 'batch') and wanted between 0.001 and 86400
      and minimum_seconds between 0 and wanted) is not true then
    raise exception 'kind, requested_seconds or minimum_seconds out of range' using errcode = '22023';
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
    old_charge_today := case when old.opened_on = today then old_charge else 0 end;
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
    granted_seconds, cut_by, ingest_rate, charged_seconds, microdollars_per_minute
  ) values (
    session_id, user_id, is_anonymous, address_key, kind, provider, model, old.id,
    moment, moment, lease_seconds, moment + make_interval(secs => lease_seconds),
    wanted, cut, case when old.id is null then 2 else 4 end, wanted, price
  ) returning * into usage;

  update public.transcription_usage as t
  set status = 'replaced', closed_at = coalesce(t.closed_at, moment), charged_seconds = old_charge
  where t.id = old.id and t.status in ('open', 'expired');

  return ledger.grant_of(usage);
end
$$;

comment on function public.open_transcription is
  'Reserves seconds and a place. Answers {id, granted_seconds, cut_by, lease_seconds} or '
  '{code, retry_after?, open_sessions?}.';

create function public.touch_transcriptions(session_ids uuid[], audio_seconds numeric[])
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
    select min(s.most_seconds - s.seconds) into left_seconds
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

comment on function public.touch_transcriptions is
  'The heartbeat of a bridge for all its sessions. Answers [{id, state, granted_seconds}]; state: open, '
  'replaced, revoked, closed, unknown, or expired (between two heartbeats: the next one revives it).';

create function public.close_transcription(
  session_id uuid, audio_seconds numeric, status text, reason text default null
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  usage public.transcription_usage;
  estimate numeric;
  counted boolean;
begin
  if (audio_seconds between 0 and 1000000 and status in ('complete', 'partial', 'failed')) is not true then
    raise exception 'audio_seconds or status out of range' using errcode = '22023';
  end if;

  select t.* into usage from public.transcription_usage as t where t.id = session_id for update;
  if not found then
    return ledger.refusal('not_found');
  end if;

  counted := usage.audio_seconds is null;
  if counted then
    estimate := case when usage.status = 'replaced' then usage.charged_seconds end;
    update public.transcription_usage as t
    set status = close_transcription.status,
      reason = left(close_transcription.reason, 64),
      audio_seconds = close_transcription.audio_seconds,
      charged_seconds = least(t.granted_seconds, round(close_transcription.audio_seconds, 3)),
      closed_at = coalesce(t.closed_at, greatest(t.opened_at, ledger.clock()))
    where t.id = session_id
    returning t.* into usage;
    perform ledger.give_to_heir(usage, estimate - usage.charged_seconds);
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

revoke all on function public.open_transcription from public, anon, authenticated;
revoke all on function public.touch_transcriptions from public, anon, authenticated;
revoke all on function public.close_transcription from public, anon, authenticated;
grant execute on function public.open_transcription to service_role;
grant execute on function public.touch_transcriptions to service_role;
grant execute on function public.close_transcription to service_role;
