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

create function public.sweepable_objects(
  takes_older_than_seconds integer default 86400, orphans_older_than_seconds integer default 3600
)
returns table (name text)
language sql stable security definer set search_path = ''
as $$
  select o.name from storage.objects as o
  where o.bucket_id = 'reference-audio'
    and case
      when (storage.foldername(o.name))[2] = 'takes'
        then o.created_at < ledger.clock() - make_interval(secs => takes_older_than_seconds)
      else o.created_at < ledger.clock() - make_interval(secs => orphans_older_than_seconds)
        and not exists (select from public.voices as v where v.storage_path = o.name)
    end
  order by o.created_at
  limit 1000
$$;
comment on function public.sweepable_objects is 'Takes that were not used, and recordings whose voice is gone.';

create function public.sweep_ledger() returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz := ledger.clock();
  expired integer;
  keys bigint;
  addresses bigint;
begin
  expired := ledger.expire_dead_leases(moment);
  delete from ledger.idempotency_keys as k where k.claimed_at < moment - interval '1 day';
  get diagnostics keys = row_count;
  update public.transcription_usage as t set address_key = null
  where t.address_key is not null and t.status <> 'open'
    and t.opened_on < (moment at time zone 'UTC')::date;
  get diagnostics addresses = row_count;
  return jsonb_build_object('expired_leases', expired, 'forgotten_keys', keys, 'forgotten_addresses', addresses);
end
$$;
comment on function public.sweep_ledger is
  'Expires dead leases, forgets idempotency keys after a day and addresses after theirs. Answers how many of each.';

revoke all on function public.sweepable_voices from public, anon, authenticated;
revoke all on function public.sweepable_objects from public, anon, authenticated;
revoke all on function public.sweep_ledger from public, anon, authenticated;
grant execute on function public.sweepable_voices to service_role;
grant execute on function public.sweepable_objects to service_role;
grant execute on function public.sweep_ledger to service_role;
