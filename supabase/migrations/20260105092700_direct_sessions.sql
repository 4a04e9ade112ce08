-- Sessions that no bridge carries: their client has a secret of the provider's, and no service
-- sees what flows. The wall clock counts in the place of heartbeats, and until it is settled a session
-- is charged its whole grant.

create function public.start_direct_transcription(
  session_id uuid, user_id uuid, most_in_a_minute integer
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  moment timestamptz;
  usage public.transcription_usage;
  recent record;
begin
  if (most_in_a_minute >= 1) is not true then
    raise exception 'most_in_a_minute out of range' using errcode = '22023';
  end if;
  perform ledger.lock_accounts(array[ledger.payer_of(user_id)]);
  moment := ledger.clock();

  select t.* into usage from public.transcription_usage as t
  where t.id = session_id and t.user_id = start_direct_transcription.user_id
    and t.kind = 'realtime' and t.status = 'open'
  for update;
  if not found then
    return ledger.refusal('not_found');
  end if;
  if usage.direct then
    return jsonb_build_object('id', usage.id);
  end if;
  perform ledger.lock_address(usage.address_key);

  -- Who settles at once has a place again, and would else ask for secrets without end. Accounts
  -- that cost nothing share what one may have.
  select count(*) as sessions, min(t.opened_at) as first into recent
  from public.transcription_usage as t
  where t.direct and t.opened_at > moment - interval '1 minute'
    and (t.payer = usage.payer or t.address_key = usage.address_key);
  if recent.sessions >= most_in_a_minute then
    return ledger.refusal('session_limit', 60 - extract(epoch from moment - recent.first));
  end if;

  update public.transcription_usage as t set direct = true, credit_seconds = t.granted_seconds
  where t.id = session_id;
  return jsonb_build_object('id', usage.id);
end
$$;
comment on function public.start_direct_transcription is
  'Says of an open session that its client carries it. Answers {id} or {code, retry_after?}.';

create function public.settle_direct_transcription(
  session_id uuid, user_id uuid, audio_seconds numeric, minimum_seconds numeric
) returns jsonb
language plpgsql security definer set search_path = '' set lock_timeout = '5s'
as $$
declare
  usage public.transcription_usage;
  elapsed numeric;
begin
  if (audio_seconds between 0 and 1000000 and minimum_seconds between 0 and 1000000) is not true then
    raise exception 'audio_seconds or minimum_seconds out of range' using errcode = '22023';
  end if;

  select t.* into usage from public.transcription_usage as t
  where t.id = session_id and t.user_id = settle_direct_transcription.user_id and t.direct;
  if not found then
    return ledger.refusal('not_found');
  end if;

  if usage.status in ('open', 'replaced', 'revoked') then
    -- A client may say that it used more, and never that it used less than the time allowed. One
    -- that was replaced still had its secret, until now.
    elapsed := extract(epoch from ledger.clock() - usage.opened_at);
    return public.close_transcription(
      session_id, least(1000000, greatest(audio_seconds, minimum_seconds, elapsed)), 'complete'
    );
  end if;
  return jsonb_build_object(
    'id', usage.id, 'counted', false, 'status', usage.status,
    'charged_seconds', usage.charged_seconds,
    'returned_seconds', usage.granted_seconds - usage.charged_seconds,
    'cost_microdollars', usage.cost_microdollars
  );
end
$$;
comment on function public.settle_direct_transcription is
  'Settles what a client carried, by the wall clock or by what it says, whichever is more. Answers as '
  'close_transcription.';

revoke all on function public.start_direct_transcription from public, anon, authenticated;
revoke all on function public.settle_direct_transcription from public, anon, authenticated;
grant execute on function public.start_direct_transcription to service_role;
grant execute on function public.settle_direct_transcription to service_role;
