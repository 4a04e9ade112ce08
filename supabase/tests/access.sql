-- Who may read and write what, as each role of the API.
-- psql -v ON_ERROR_STOP=1 -f supabase/tests/access.sql
begin;

insert into auth.users (id) values
  ('00000000-0000-4000-8000-00000000000a'),
  ('00000000-0000-4000-8000-00000000000b');

-- The services write voices and open transcriptions.
set local role service_role;

insert into public.voices (id, user_id, name, language, transcript, duration_seconds, mime_type, storage_path)
select
  ('10000000-0000-4000-8000-00000000000' || letter)::uuid,
  ('00000000-0000-4000-8000-00000000000' || letter)::uuid,
  'Voice of ' || letter, 'en', 'The quick brown fox.', 9.5, 'audio/wav',
  '00000000-0000-4000-8000-00000000000' || letter || '/voices/10000000-0000-4000-8000-00000000000' || letter || '.wav'
from (values ('a'), ('b')) as people (letter);

do $$
declare
  letter text;
  answer jsonb;
begin
  foreach letter in array array['a', 'b'] loop
    answer := public.open_transcription(
      session_id => ('20000000-0000-4000-8000-00000000000' || letter)::uuid,
      user_id => ('00000000-0000-4000-8000-00000000000' || letter)::uuid,
      kind => 'realtime', provider => 'mistral', model => 'any', requested_seconds => 60
    );
    assert answer ? 'granted_seconds', answer::text;
  end loop;
  assert (select count(*) from public.transcription_usage) = 2, 'the services see all usage';
end
$$;

-- Money is written by functions alone, even by the services.
do $$
declare
  statement text;
begin
  foreach statement in array array[
    'update public.transcription_usage set charged_seconds = 0',
    'delete from public.transcription_usage',
    'insert into public.transcription_usage (id) values (gen_random_uuid())',
    'select * from ledger.prices',
    'update ledger.deployment set budget_microdollars = 1',
    'select ledger.clock()',
    'create or replace function ledger.clock() returns timestamptz language sql as ''select now()''',
    'select salt from ledger.deployment'
  ] loop
    begin
      execute statement;
      raise assert_failure using message = 'service_role was allowed: ' || statement;
    exception when insufficient_privilege then null;
    end;
  end loop;
end
$$;

-- Each user sees what is theirs and writes nothing.
set local role authenticated;

do $$
declare
  me text;
  statement text;
begin
  foreach me in array array[
    '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'
  ] loop
    perform set_config('request.jwt.claims', json_build_object('sub', me, 'role', 'authenticated')::text, true);
    perform set_config('request.jwt.claim.sub', me, true);

    assert (select array_agg(v.user_id::text) from public.voices as v) = array[me], 'own voices alone';
    assert (select array_agg(u.user_id::text) from public.transcription_usage as u) = array[me], 'own usage alone';

    foreach statement in array array[
      'insert into public.voices (user_id, name) values (auth.uid(), ''mine'')',
      'update public.voices set transcript = ''Something else entirely.''',
      'delete from public.voices',
      'update public.transcription_usage set charged_seconds = 0',
      'delete from public.transcription_usage',
      'select address_key from public.transcription_usage',
      'select told_seconds from public.transcription_usage',
      'select * from ledger.user_limits',
      'select public.usage_today(auth.uid())',
      'select public.close_transcription(gen_random_uuid(), 0, ''complete'')',
      'select public.open_transcription(gen_random_uuid(), auth.uid(), ''realtime'', ''vllm'', ''any'', 10)',
      'select public.touch_transcriptions(''{}'', ''{}'')',
      'select public.revoke_transcriptions(auth.uid())',
      'select public.erase_user(auth.uid())',
      'select public.claim_idempotency_key(auth.uid(), ''key'', ''print'', gen_random_uuid(), 10)',
      'select public.sweepable_objects()'
    ] loop
      begin
        execute statement;
        raise assert_failure using message = 'a user was allowed: ' || statement;
      exception when insufficient_privilege then null;
      end;
    end loop;
  end loop;
end
$$;

-- Who is not signed in sees nothing at all.
set local role anon;

do $$
declare
  statement text;
begin
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('request.jwt.claim.sub', '', true);
  foreach statement in array array[
    'select * from public.voices',
    'select id from public.transcription_usage',
    'insert into public.voices (user_id, name) values (gen_random_uuid(), ''x'')',
    'select public.usage_today(gen_random_uuid())',
    'select public.sweep_ledger()'
  ] loop
    begin
      execute statement;
      raise assert_failure using message = 'anon was allowed: ' || statement;
    exception when insufficient_privilege then null;
    end;
  end loop;
end
$$;

rollback;
