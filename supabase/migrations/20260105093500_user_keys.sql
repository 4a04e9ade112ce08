-- Keys of users' own for the provider, encrypted by the services: Postgres never sees one. What is
-- transcribed with them costs the deployment nothing and counts to no quota; every other limit holds.
create table public.own_keys (
  user_id uuid not null references auth.users (id) on delete cascade,
  provider text not null check (provider ~ '^[a-z][a-z0-9_]*$'),
  id uuid not null unique,
  ring_key text not null check (ring_key ~ '^[A-Za-z0-9_-]{1,32}$'),
  sealed text not null check (sealed ~ '^[A-Za-z0-9_-]+$' and char_length(sealed) between 40 and 1024),
  last_four text not null check (char_length(last_four) = 4),
  created_at timestamptz not null,
  used_at timestamptz,
  tested_at timestamptz,
  refused_at timestamptz,
  primary key (user_id, provider)
);
comment on table public.own_keys is 'One key per user and provider. Its owner sees all but the key.';
comment on column public.own_keys.id is 'Of this key: another one in its place has another id.';
comment on column public.own_keys.ring_key is 'Which key of the services'' ring it is encrypted with.';
comment on column public.own_keys.sealed is
  'Nonce and ciphertext (AES-256-GCM) in base64url, bound to the owner, the provider and this id.';
comment on column public.own_keys.refused_at is 'When the provider last refused it; null since it last took it.';
create index own_keys_by_ring_key on public.own_keys (ring_key);

alter table public.own_keys enable row level security;
create policy "A user sees what is known of their own key" on public.own_keys
  for select to authenticated
  using (user_id = (select auth.uid()));
revoke all on public.own_keys from public, anon, authenticated, service_role;
grant select (user_id, provider, last_four, created_at, used_at, tested_at, refused_at)
  on public.own_keys to authenticated;

-- Storing and testing are bounded, else anyone could try out a list of keys through the services.
create table ledger.own_key_attempts (
  user_id uuid primary key references auth.users (id) on delete cascade,
  began_at timestamptz not null,
  attempts integer not null check (attempts > 0)
);
alter table ledger.own_key_attempts enable row level security;

create function ledger.own_key_description(own_key public.own_keys) returns jsonb
language sql immutable set search_path = ''
as $$
  select jsonb_build_object(
    'provider', own_key.provider, 'last_four', own_key.last_four, 'created_at', own_key.created_at,
    'used_at', own_key.used_at, 'tested_at', own_key.tested_at, 'refused_at', own_key.refused_at
  )
$$;

create function public.claim_own_key_attempt(
  user_id uuid, most_attempts integer default 20, window_seconds integer default 600
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz;
  kept ledger.own_key_attempts;
  refused jsonb;
begin
  if (most_attempts between 1 and 1000 and window_seconds between 1 and 86400) is not true then
    raise exception 'most_attempts or window_seconds out of range' using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('own key ' || user_id::text, 0));
  moment := ledger.clock();
  refused := ledger.keep_or_refuse_account(user_id, moment);
  if refused is not null then
    return refused;
  end if;
  select a.* into kept from ledger.own_key_attempts as a
  where a.user_id = claim_own_key_attempt.user_id
    and a.began_at > moment - make_interval(secs => window_seconds);
  if kept.attempts >= most_attempts then
    return ledger.refusal(
      'rate_limited', extract(epoch from kept.began_at - moment) + window_seconds
    );
  end if;
  insert into ledger.own_key_attempts (user_id, began_at, attempts)
  values (user_id, coalesce(kept.began_at, moment), coalesce(kept.attempts, 0) + 1)
  on conflict on constraint own_key_attempts_pkey do update
  set began_at = excluded.began_at, attempts = excluded.attempts;
  return '{}';
end
$$;
comment on function public.claim_own_key_attempt is
  'Counts a storing or a test of a user. Answers {} or {code, reason?, retry_after?}.';

create function public.store_own_key(
  user_id uuid, provider text, id uuid, ring_key text, sealed text, last_four text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  kept public.own_keys;
  refused jsonb := ledger.keep_or_refuse_account(user_id, ledger.clock());
begin
  if refused is not null then
    return refused;
  end if;
  insert into public.own_keys (user_id, provider, id, ring_key, sealed, last_four, created_at)
  values (user_id, provider, id, ring_key, sealed, last_four, ledger.clock())
  on conflict on constraint own_keys_pkey do update
  set id = excluded.id, ring_key = excluded.ring_key, sealed = excluded.sealed,
    last_four = excluded.last_four, created_at = excluded.created_at,
    used_at = null, tested_at = null, refused_at = null
  where own_keys.id <> excluded.id
  returning * into kept;
  if not found then
    -- The same call once more, because its answer was lost.
    select k.* into kept from public.own_keys as k where k.id = store_own_key.id;
  end if;
  return ledger.own_key_description(kept);
end
$$;
comment on function public.store_own_key is
  'Stores a user''s key, in place of another. Answers what its owner may see of it, or {code, reason?}.';

create function public.own_key(user_id uuid, provider text) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select ledger.own_key_description(k)
    || jsonb_build_object('id', k.id, 'ring_key', k.ring_key, 'sealed', k.sealed)
  from public.own_keys as k
  where k.user_id = own_key.user_id and k.provider = own_key.provider
$$;
comment on function public.own_key is 'A user''s key, encrypted, and what is known of it; null where there is none.';

create function public.remove_own_key(user_id uuid, provider text) returns boolean
language sql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
  with removed as (
    delete from public.own_keys as k
    where k.user_id = remove_own_key.user_id and k.provider = remove_own_key.provider
    returning 1
  )
  select exists (select from removed)
$$;
comment on function public.remove_own_key is 'Forgets a user''s key. False where there was none.';

create function public.mark_own_key(own_key_id uuid, works boolean, tested boolean) returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz := ledger.clock();
  kept public.own_keys;
begin
  update public.own_keys as k
  set refused_at = case when not works then moment end,
    tested_at = case when tested then moment else k.tested_at end
  where k.id = own_key_id
  returning * into kept;
  return case when found then ledger.own_key_description(kept) end;
end
$$;
comment on function public.mark_own_key is
  'Whether the provider took a key. Answers what its owner may see of it; null where it is gone or another.';

-- Rotation: what another key of the ring encrypted, in bounded batches, in order of ids.
create function public.own_keys_to_rotate(current_ring_key text, after uuid default null, most integer default 100)
returns table (id uuid, user_id uuid, provider text, ring_key text, sealed text)
language sql stable security definer set search_path = ''
as $$
  select k.id, k.user_id, k.provider, k.ring_key, k.sealed
  from public.own_keys as k
  where k.ring_key <> own_keys_to_rotate.current_ring_key
    and (own_keys_to_rotate.after is null or k.id > own_keys_to_rotate.after)
  order by k.id
  limit least(own_keys_to_rotate.most, 1000)
$$;
comment on function public.own_keys_to_rotate is 'Keys that the current key of the ring did not encrypt.';

create function public.reseal_own_keys(resealed jsonb) returns integer
language sql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
  with given as (
    select * from jsonb_to_recordset(resealed)
      as g (id uuid, was_ring_key text, ring_key text, sealed text)
  ), held as (
    select k.id from public.own_keys as k join given as g on g.id = k.id and g.was_ring_key = k.ring_key
    order by k.id
    for update of k
  ), done as (
    update public.own_keys as k
    set ring_key = g.ring_key, sealed = g.sealed
    from given as g join held as h on h.id = g.id
    where k.id = g.id
    returning 1
  )
  select count(*)::integer from done
$$;
comment on function public.reseal_own_keys is
  'Replaces ciphertexts of the same keys; what was stored anew meanwhile is left. Answers how many.';

do $$
declare
  door text;
begin
  foreach door in array array[
    'claim_own_key_attempt', 'store_own_key', 'own_key', 'remove_own_key', 'mark_own_key',
    'own_keys_to_rotate', 'reseal_own_keys'
  ] loop
    execute format('revoke all on function public.%I from public, anon, authenticated', door);
    execute format('grant execute on function public.%I to service_role', door);
  end loop;
end
$$;
