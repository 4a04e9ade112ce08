-- How much a user may store: voices, decided as one is added, by its row; and takes, by a policy.
create table ledger.plan_storage (
  plan text primary key references ledger.plans (name) on delete cascade,
  voices integer not null check (voices >= 0),
  bytes bigint not null check (bytes >= 0),
  takes integer not null check (takes >= 0),
  take_bytes bigint not null check (take_bytes >= 0)
);
comment on table ledger.plan_storage is 'A plan that is not listed has the figures of `default`.';
alter table ledger.plan_storage enable row level security;

insert into ledger.plan_storage (plan, voices, bytes, takes, take_bytes) values
  ('default', 200, 2147483648, 200, 2147483648),
  ('anonymous', 10, 104857600, 40, 209715200);

create function ledger.storage_of(account uuid) returns ledger.plan_storage
language sql stable security definer set search_path = ''
as $$
  select s
  from auth.users as u
  left join ledger.user_plans as p on p.user_id = u.id
  join ledger.plan_storage as s
    on s.plan in (coalesce(p.plan, case when u.is_anonymous then 'anonymous' end, 'default'), 'default')
  where u.id = account
  order by s.plan = 'default'
  limit 1
$$;

-- SQLSTATEs that the services tell apart: UT001 suspended, UT002 no room.
create function ledger.admit_voice() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  refused text := ledger.account_refusal(new.user_id, ledger.clock());
  room ledger.plan_storage := ledger.storage_of(new.user_id);
  stored record;
begin
  if refused = 'forbidden' then
    raise exception 'the account is suspended' using errcode = 'UT001';
  elsif refused is not null then
    raise exception 'the account is gone' using errcode = '23503';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('voices of ' || new.user_id, 0));
  select count(*) as voices, coalesce(sum(v.size_bytes), 0) as bytes, max(v.created_at) as newest into stored
  from public.voices as v where v.user_id = new.user_id;
  if stored.voices >= room.voices or stored.bytes + new.size_bytes > room.bytes then
    raise exception 'no room for another voice' using errcode = 'UT002';
  end if;
  -- A list is read on from a moment, so no two voices of a user have the same.
  new.created_at := greatest(new.created_at, stored.newest + interval '1 microsecond');
  return new;
end
$$;

create trigger "A voice has room" before insert on public.voices
  for each row execute function ledger.admit_voice();

-- Storage asks before it reads a file, and adds the row when it has it: uploads that run at the same moment
-- do not see one another. For a signed URL it asks when it signs, and never again: with many of them anybody
-- could store without end, so users get none. The range goes through the index of names, however much all
-- users store.
create function ledger.take_has_room() returns boolean
language sql stable security definer set search_path = ''
as $$
  select stored.takes < room.takes and stored.bytes < room.take_bytes
    and ledger.account_refusal(auth.uid(), ledger.clock()) is null
    and current_setting('storage.operation', true) is distinct from 'storage.object.sign_upload_url'
  from ledger.storage_of(auth.uid()) as room, (
    select count(*) as takes, coalesce(sum((o.metadata ->> 'size')::bigint), 0) as bytes
    from storage.objects as o
    where o.bucket_id = 'reference-audio'
      and o.name ~>=~ (auth.uid() || '/takes/') and o.name ~<~ (auth.uid() || '/takes0')
  ) as stored
$$;
grant execute on function ledger.take_has_room() to authenticated;

create policy "A user adds takes to their own folder" on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'reference-audio'
    and (storage.foldername(name))[1] = (select auth.uid()::text)
    and name ~ '^[^/]+/takes/[A-Za-z0-9][A-Za-z0-9._-]*$'
    and (select ledger.take_has_room())
  );
