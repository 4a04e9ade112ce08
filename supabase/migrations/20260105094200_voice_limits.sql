-- How many voices a user may store, and of what size together. Decided as a voice is added, by its row.
create table ledger.plan_storage (
  plan text primary key references ledger.plans (name) on delete cascade,
  voices integer not null check (voices >= 0),
  bytes bigint not null check (bytes >= 0)
);
comment on table ledger.plan_storage is 'A plan that is not listed has the figures of `default`.';
alter table ledger.plan_storage enable row level security;

insert into ledger.plan_storage (plan, voices, bytes) values
  ('default', 200, 2147483648),
  ('anonymous', 10, 104857600);

-- SQLSTATEs that the services tell apart: UT001 suspended, UT002 no room.
create function ledger.admit_voice() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  refused text := ledger.account_refusal(new.user_id, ledger.clock());
  room ledger.plan_storage;
  stored record;
begin
  if refused = 'forbidden' then
    raise exception 'the account is suspended' using errcode = 'UT001';
  elsif refused is not null then
    raise exception 'the account is gone' using errcode = '23503';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('voices of ' || new.user_id, 0));
  select s.* into room
  from auth.users as u
  left join ledger.user_plans as p on p.user_id = u.id
  join ledger.plan_storage as s
    on s.plan in (coalesce(p.plan, case when u.is_anonymous then 'anonymous' end, 'default'), 'default')
  where u.id = new.user_id
  order by s.plan = 'default'
  limit 1;
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
