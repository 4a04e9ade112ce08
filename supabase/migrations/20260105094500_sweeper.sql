-- What a crash or a change of mind left behind. Objects are only named here: the storage API removes them.

create function public.sweepable_voices(older_than_seconds integer default 900)
returns table (id uuid, storage_path text)
language sql stable security definer set search_path = ''
as $$
  select v.id, v.storage_path from public.voices as v
  where v.status = 'pending' and v.created_at < ledger.clock() - make_interval(secs => older_than_seconds)
  order by v.created_at
  limit 1000
$$;
comment on function public.sweepable_voices is 'Voices whose recording never arrived: remove the object, then the row.';

-- Goes through all names in their order, so many in each call: what a call costs does not depend on how
-- many voices there are.
create function public.sweepable_objects(
  after text default '', most integer default 20000,
  takes_older_than_seconds integer default 86400, orphans_older_than_seconds integer default 3600
)
returns jsonb
language sql stable security definer set search_path = ''
as $$
  with page as materialized (
    select o.name, o.created_at, (storage.foldername(o.name))[2] = 'takes' as is_take
    from storage.objects as o
    where o.bucket_id = 'reference-audio' and o.name > sweepable_objects.after
    order by o.name
    limit sweepable_objects.most
  )
  select jsonb_build_object(
    'names', coalesce(jsonb_agg(p.name order by p.name) filter (where
      p.created_at < ledger.clock() - make_interval(
        secs => case when p.is_take then takes_older_than_seconds else orphans_older_than_seconds end
      )
      and (p.is_take or not exists (select from public.voices as v where v.storage_path = p.name))
    ), '[]'),
    'next', case when count(*) = sweepable_objects.most then max(p.name) end
  )
  from page as p
$$;
comment on function public.sweepable_objects is
  'Takes that were not used, and recordings whose voice is gone, among the names after one. Answers '
  '{names, next}: where to go on, or null at the end.';

-- Each call forgets and deletes in bounded pieces; the sweeper calls again.
create function public.sweep_ledger() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz := ledger.clock();
  today date := ledger.day_of(moment);
  piece constant integer := 10000;
  is_first_of_day boolean;
  dead public.transcription_usage[];
  keys bigint;
  addresses bigint;
  rows bigint;
  departed uuid[];
  wrong integer := 0;
begin
  -- Who opens holds this row while waiting for totals, so it comes before them.
  update ledger.upkeep as u set recounted_day = today - 1 where u.recounted_day < today - 1;
  is_first_of_day := found;
  dead := ledger.dead_leases(moment, 1000);
  perform ledger.end_sessions(dead, 'expired', moment);

  -- Once a day, before anything of yesterday is forgotten. A larger day is counted by hand.
  if is_first_of_day and (
    select count(*) < 100000 from (
      select from ledger.user_days as d where d.day = today - 1 limit 100000
    ) as rows_of_day
  ) then
    wrong := (select count(*) from ledger.recount(today - 1));
  end if;

  -- A call that has a row in hand may wait for another, so such rows are left to the next call.
  with old as (
    select k.ctid from ledger.idempotency_keys as k
    where k.claimed_at < moment - interval '1 day'
    limit piece
    for update skip locked
  )
  delete from ledger.idempotency_keys as k using old where k.ctid = old.ctid;
  get diagnostics keys = row_count;

  -- Addresses, and payers whose account is gone, after their day, and all rows of one at once.
  with past as (
    select t.id, case when t.user_id is null then t.payer end as departed
    from public.transcription_usage as t
    where (t.address_key is not null or (t.user_id is null and t.payer is not null))
      and t.opened_at < today::timestamp at time zone 'UTC' and not t.held
      and not exists (
        select from public.transcription_usage as h
        where h.held and h.address_key = t.address_key and h.opened_on = t.opened_on
      )
      and not exists (
        select from public.transcription_usage as h
        where h.held and h.payer = t.payer and h.opened_on = t.opened_on and t.user_id is null
      )
    order by t.opened_at
    limit piece
    for update skip locked
  ), forgotten as (
    update public.transcription_usage as t
    set address_key = null, payer = case when t.user_id is not null then t.payer end
    from past where t.id = past.id
    returning past.departed
  )
  select count(*), array_agg(distinct f.departed) into addresses, departed from forgotten as f;
  -- What was passed over, because someone has it in hand, may yet be charged.
  delete from ledger.address_days as d where d.day < today and not exists (
    select from public.transcription_usage as t
    where t.address_key = d.address_key and t.opened_on = d.day
      and t.opened_at < today::timestamp at time zone 'UTC'
  );
  delete from ledger.user_days as d
  where d.day < today - 1 or (d.day < today and d.payer = any (departed) and not exists (
    select from public.transcription_usage as t
    where t.payer = d.payer and t.user_id is null and t.opened_on = d.day
      and t.opened_at < today::timestamp at time zone 'UTC'
  ));
  delete from ledger.identities as i where i.day < today;
  delete from ledger.deployment_days as d using ledger.deployment as p
  where d.day < today - p.keep_usage_days;

  with old as (
    select t.ctid from public.transcription_usage as t, ledger.deployment as p
    where t.opened_at < moment - make_interval(days => p.keep_usage_days) and not t.held
    limit piece
    for update of t skip locked
  )
  delete from public.transcription_usage as t using old where t.ctid = old.ctid;
  get diagnostics rows = row_count;

  return jsonb_build_object(
    'expired_leases', cardinality(dead), 'forgotten_keys', keys, 'forgotten_addresses', addresses,
    'deleted_rows', rows, 'wrong_totals', wrong
  );
end
$$;
comment on function public.sweep_ledger is
  'Expires dead leases, forgets idempotency keys after a day, addresses and erased accounts after theirs, '
  'and usage after `keep_usage_days`. Recounts yesterday once. Answers how many of each.';

revoke all on function public.sweepable_voices from public, anon, authenticated;
revoke all on function public.sweepable_objects from public, anon, authenticated;
revoke all on function public.sweep_ledger from public, anon, authenticated;
grant execute on function public.sweepable_voices to service_role;
grant execute on function public.sweepable_objects to service_role;
grant execute on function public.sweep_ledger to service_role;

-- Nobody but the owner may enter the schema; this says it of each function as well.
revoke execute on all functions in schema ledger from public;
