-- The same key and caller get the same answer for a day (the `Idempotency-Key` request header).
create table ledger.idempotency_keys (
  user_id uuid not null references auth.users (id) on delete cascade,
  key text not null check (char_length(key) between 1 and 255),
  fingerprint text not null check (char_length(fingerprint) between 1 and 255),
  claim uuid not null,
  claimed_at timestamptz not null,
  held_until timestamptz not null,
  status integer check (status between 200 and 599),
  answer jsonb check (octet_length(answer::text) <= 4194304),
  primary key (user_id, key),
  constraint idempotency_keys_answered_whole check ((status is null) = (answer is null)),
  constraint idempotency_keys_held_after_claim check (held_until > claimed_at)
);
comment on column ledger.idempotency_keys.fingerprint is
  'Of the request: another one under the same key is a mistake of the caller.';
comment on column ledger.idempotency_keys.claim is 'Of the attempt that may answer: one that was given up cannot.';
create index idempotency_keys_by_age on ledger.idempotency_keys (claimed_at);
alter table ledger.idempotency_keys enable row level security;

create function public.claim_idempotency_key(
  user_id uuid, key text, fingerprint text, claim uuid, hold_seconds integer
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz;
  kept ledger.idempotency_keys;
  refused jsonb;
begin
  if (hold_seconds between 1 and 3600) is not true then
    raise exception 'hold_seconds out of range' using errcode = '22023';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('idempotency key ' || user_id::text || ' ' || key, 0));
  moment := ledger.clock();
  refused := ledger.keep_or_refuse_account(user_id, moment);
  if refused is not null then
    return refused;
  end if;

  select k.* into kept from ledger.idempotency_keys as k
  where k.user_id = claim_idempotency_key.user_id and k.key = claim_idempotency_key.key
    and k.claimed_at > moment - interval '1 day';
  if found then
    if kept.fingerprint <> claim_idempotency_key.fingerprint then
      return jsonb_build_object('state', 'mismatch');
    elsif kept.answer is not null then
      return jsonb_build_object('state', 'answered', 'status', kept.status, 'answer', kept.answer);
    elsif kept.held_until > moment and kept.claim <> claim_idempotency_key.claim then
      return jsonb_build_object(
        'state', 'in_progress',
        'retry_after', greatest(1, ceil(extract(epoch from kept.held_until - moment)))
      );
    end if;
  end if;

  insert into ledger.idempotency_keys (user_id, key, fingerprint, claim, claimed_at, held_until)
  values (user_id, key, fingerprint, claim, moment, moment + make_interval(secs => hold_seconds))
  on conflict on constraint idempotency_keys_pkey do update
  set fingerprint = excluded.fingerprint, claim = excluded.claim, claimed_at = excluded.claimed_at,
    held_until = excluded.held_until, status = null, answer = null;
  return jsonb_build_object('state', 'claimed');
end
$$;
comment on function public.claim_idempotency_key is
  'Answers {state: claimed}, {state: answered, status, answer}, {state: in_progress, retry_after}, {state: mismatch} or {code, reason?}.';

create function public.answer_idempotency_key(
  user_id uuid, key text, claim uuid, status integer, answer jsonb
) returns boolean
language sql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
  with answered as (
    update ledger.idempotency_keys as k
    set status = answer_idempotency_key.status, answer = answer_idempotency_key.answer
    where k.user_id = answer_idempotency_key.user_id and k.key = answer_idempotency_key.key
      and k.claim = answer_idempotency_key.claim and k.answer is null
    returning 1
  )
  select exists (select from answered)
$$;
comment on function public.answer_idempotency_key is 'Keeps the answer for a day. False when the claim was taken over.';

create function public.release_idempotency_key(user_id uuid, key text, claim uuid) returns boolean
language sql volatile security definer set search_path = '' set lock_timeout = '5s'
as $$
  with released as (
    delete from ledger.idempotency_keys as k
    where k.user_id = release_idempotency_key.user_id and k.key = release_idempotency_key.key
      and k.claim = release_idempotency_key.claim and k.answer is null
    returning 1
  )
  select exists (select from released)
$$;
comment on function public.release_idempotency_key is 'After a failure that a retry may mend: the key is free again.';

revoke all on function public.claim_idempotency_key from public, anon, authenticated;
revoke all on function public.answer_idempotency_key from public, anon, authenticated;
revoke all on function public.release_idempotency_key from public, anon, authenticated;
grant execute on function public.claim_idempotency_key to service_role;
grant execute on function public.answer_idempotency_key to service_role;
grant execute on function public.release_idempotency_key to service_role;
