-- What a user asks of the ledger, and what an operator does with a user.

create function public.usage_today(user_id uuid, is_anonymous boolean default false) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz := ledger.clock();
  today date := ledger.day_of(moment);
  payers uuid[] := ledger.payers_of(user_id, ledger.identity_keys(user_id), today);
  kinds jsonb;
begin
  perform ledger.end_sessions(array(
    select t from public.transcription_usage as t
    where t.payer = any (payers) and t.held and t.expires_at <= moment
    order by t.id for update skip locked
  ), 'expired', moment);

  select jsonb_object_agg(k.name, jsonb_build_object(
    'used_seconds', used.seconds - used.held,
    'reserved_seconds', used.held,
    'limit_seconds', allowed.seconds,
    'max_open_sessions', allowed.sessions,
    'own_key_seconds', coalesce(own.own_key_seconds, 0),
    'cost_microdollars', coalesce(own.microdollars - own.held_microdollars, 0)
  )) into kinds
  from (values ('realtime'), ('batch')) as k (name)
  cross join ledger.limit_of(user_id, usage_today.is_anonymous, k.name) as allowed
  cross join ledger.used_by(payers, k.name, today) as used
  left join ledger.user_days as own on own.payer = payers[1] and own.day = today and own.kind = k.name;

  return kinds || jsonb_build_object(
    'cost_microdollars', (kinds #>> '{realtime,cost_microdollars}')::bigint
      + (kinds #>> '{batch,cost_microdollars}')::bigint,
    'max_open_sessions', kinds #> '{realtime,max_open_sessions}',
    'open_sessions', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'session_id', t.id, 'kind', t.kind, 'opened_at', t.opened_at
      ) order by t.opened_at), '[]')
      from public.transcription_usage as t
      where t.payer = payers[1] and t.held and t.status = 'open'
    ),
    'resets_at', ledger.next_midnight(moment)
  );
end
$$;
comment on function public.usage_today is
  'Today''s seconds and cost by kind, the limits, what is open, and when the minutes return.';

create function public.budget_today() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'budget_microdollars', d.budget_microdollars,
    'spent_microdollars', (
      select coalesce(sum(p.microdollars), 0)::bigint from ledger.deployment_days as p
      where p.day = ledger.day_of(ledger.clock())
    )
  )
  from ledger.deployment as d
$$;
comment on function public.budget_today is
  'The deployment''s dollars / 1,000,000 for the day (UTC), and what of it is spent or reserved.';

create function public.revoke_transcriptions(user_id uuid) returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  held public.transcription_usage[] := array(
    select t from public.transcription_usage as t
    where t.payer = ledger.payer_of(revoke_transcriptions.user_id) and t.held and t.status = 'open'
    order by t.id
    for update
  );
begin
  perform ledger.end_sessions(held, 'revoked', ledger.clock());
  return cardinality(held);
end
$$;
comment on function public.revoke_transcriptions is
  'Ends what a user has open: the bridges hear of it at their next heartbeat. Answers how many.';

-- The objects go through the storage API, which alone can delete their bytes. What the day needs to
-- keep its limits stays until it is over, under salted hashes: who paid, from where, and as whom.
create function public.erase_user(user_id uuid) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  account uuid := ledger.payer_of(user_id);
  identity_keys bytea[] := ledger.identity_keys(user_id);
  today date := ledger.day_of(ledger.clock());
  revoked integer;
  voices bigint;
  rows bigint;
begin
  perform ledger.lock_accounts(array[account], identity_keys);
  -- As `keep_or_refuse_account`: who deletes the account meanwhile has its rows.
  perform ledger.keep_account(user_id);
  perform from public.transcription_usage as t
  where t.user_id = erase_user.user_id order by t.id for update;
  revoked := public.revoke_transcriptions(user_id);
  insert into ledger.identities (identity_key, day, payer)
  select k.identity_key, d.day, account from unnest(identity_keys) as k (identity_key), (
    select distinct u.day from ledger.user_days as u where u.payer = account and u.day >= today
  ) as d
  on conflict do nothing;
  delete from public.voices as v where v.user_id = erase_user.user_id;
  get diagnostics voices = row_count;
  delete from ledger.idempotency_keys as k where k.user_id = erase_user.user_id;
  delete from public.own_keys as k where k.user_id = erase_user.user_id;
  delete from ledger.own_key_attempts as a where a.user_id = erase_user.user_id;
  delete from ledger.user_limits as l where l.user_id = erase_user.user_id;
  delete from ledger.user_plans as p where p.user_id = erase_user.user_id;
  update public.transcription_usage as t set user_id = null where t.user_id = erase_user.user_id;
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
revoke all on function public.budget_today from public, anon, authenticated;
revoke all on function public.revoke_transcriptions from public, anon, authenticated;
revoke all on function public.erase_user from public, anon, authenticated;
grant execute on function public.usage_today to service_role;
grant execute on function public.budget_today to service_role;
grant execute on function public.revoke_transcriptions to service_role;
grant execute on function public.erase_user to service_role;
