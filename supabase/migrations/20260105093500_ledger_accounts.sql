-- What a user asks of the ledger, and what an operator does with a user.

create function public.usage_today(user_id uuid, is_anonymous boolean default false) returns jsonb
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
comment on function public.usage_today is
  'Today''s seconds and cost by kind, the limits, what is open, and when the minutes return.';

create function public.revoke_transcriptions(user_id uuid) returns integer
language sql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
  with held as (
    select t.id from public.transcription_usage as t
    where t.user_id = revoke_transcriptions.user_id and t.status = 'open'
    order by t.id
    for update
  ), revoked as (
    update public.transcription_usage as t
    set status = 'revoked', closed_at = moment, charged_seconds = ledger.could_have_flowed(t, moment)
    from held, ledger.clock() as moment
    where t.id = held.id
    returning t.id
  )
  select count(*)::integer from revoked
$$;
comment on function public.revoke_transcriptions is
  'Ends what a user has open: the bridges hear of it at their next heartbeat. Answers how many.';

-- The objects go through the storage API, which alone can delete their bytes.
create function public.erase_user(user_id uuid) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  revoked integer;
  voices bigint;
  rows bigint;
begin
  perform ledger.lock_users(array[user_id]);
  revoked := public.revoke_transcriptions(user_id);
  delete from public.voices as v where v.user_id = erase_user.user_id;
  get diagnostics voices = row_count;
  delete from ledger.idempotency_keys as k where k.user_id = erase_user.user_id;
  delete from ledger.user_limits as l where l.user_id = erase_user.user_id;
  delete from ledger.user_plans as p where p.user_id = erase_user.user_id;
  update public.transcription_usage as t
  set user_id = null, address_key = null
  where t.user_id = erase_user.user_id;
  get diagnostics rows = row_count;
  return jsonb_build_object(
    'voices', voices, 'usage_rows', rows, 'revoked_sessions', revoked,
    'objects', (
      select coalesce(jsonb_agg(o.name order by o.name), '[]')
      from storage.objects as o
      where o.bucket_id = 'reference-audio' and starts_with(o.name, erase_user.user_id || '/')
    )
  );
end
$$;
comment on function public.erase_user is
  'Removes what is known of a user; usage stays without its owner. Answers {voices, usage_rows, '
  'revoked_sessions, objects}: the caller removes the objects.';

revoke all on function public.usage_today from public, anon, authenticated;
revoke all on function public.revoke_transcriptions from public, anon, authenticated;
revoke all on function public.erase_user from public, anon, authenticated;
grant execute on function public.usage_today to service_role;
grant execute on function public.revoke_transcriptions to service_role;
grant execute on function public.erase_user to service_role;
