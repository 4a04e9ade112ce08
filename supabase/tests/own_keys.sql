-- Who may see what of a user's own key: its owner sees its state, no one sees the ciphertext.
-- psql -v ON_ERROR_STOP=1 -f supabase/tests/own_keys.sql
begin;

insert into auth.users (id) values
  ('00000000-0000-4000-8000-00000000000a'),
  ('00000000-0000-4000-8000-00000000000b');

-- The services store keys, and read them by functions alone.
set local role service_role;

do $$
declare
  letter text;
  person uuid;
  answer jsonb;
  statement text;
begin
  foreach letter in array array['a', 'b'] loop
    person := ('00000000-0000-4000-8000-00000000000' || letter)::uuid;
    answer := public.store_own_key(
      user_id => person, provider => 'mistral', id => ('30000000-0000-4000-8000-00000000000' || letter)::uuid,
      ring_key => '2026a', sealed => repeat(letter, 80), last_four => 'wxy' || letter
    );
    assert answer ->> 'last_four' = 'wxy' || letter and not answer ? 'sealed', answer::text;
    assert public.own_key(person, 'mistral') ->> 'sealed' = repeat(letter, 80);
    assert public.own_key(person, 'another') is null;
  end loop;

  foreach statement in array array[
    'select * from public.own_keys',
    'select last_four from public.own_keys',
    'insert into public.own_keys (user_id) values (gen_random_uuid())',
    'update public.own_keys set sealed = repeat(''x'', 80)',
    'delete from public.own_keys',
    'select * from ledger.own_key_attempts'
  ] loop
    begin
      execute statement;
      raise assert_failure using message = 'service_role was allowed: ' || statement;
    exception when insufficient_privilege then null;
    end;
  end loop;
end
$$;

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

    assert (
      select array_agg(user_id || ' ' || provider || ' ' || last_four) from public.own_keys
    ) = array[me || ' mistral wxy' || right(me, 1)], 'own keys alone';
    assert (select count(*) from public.own_keys where used_at is null and tested_at is null and refused_at is null
      and created_at is not null) = 1, 'its owner sees what is known of it';

    foreach statement in array array[
      'select * from public.own_keys',
      'select sealed from public.own_keys',
      'select ring_key from public.own_keys',
      'select id from public.own_keys',
      'select last_four from public.own_keys where sealed like ''a%''',
      'select last_four from public.own_keys order by sealed',
      'insert into public.own_keys (user_id, provider) values (auth.uid(), ''vllm'')',
      'update public.own_keys set last_four = ''0000''',
      'delete from public.own_keys',
      'select * from ledger.own_key_attempts',
      'select public.own_key(auth.uid(), ''mistral'')',
      'select public.remove_own_key(auth.uid(), ''mistral'')',
      'select public.store_own_key(auth.uid(), ''mistral'', gen_random_uuid(), ''a'', ''b'', ''wxyz'')',
      'select public.mark_own_key(gen_random_uuid(), true, true)',
      'select public.claim_own_key_attempt(auth.uid())',
      'select * from public.own_keys_to_rotate(''x'')',
      'select public.reseal_own_keys(''[]'')',
      'select ledger.own_key_description(null)'
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

set local role anon;

do $$
declare
  statement text;
begin
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('request.jwt.claim.sub', '', true);
  foreach statement in array array[
    'select last_four from public.own_keys',
    'select public.own_key(gen_random_uuid(), ''mistral'')',
    'select * from public.own_keys_to_rotate(''x'')'
  ] loop
    begin
      execute statement;
      raise assert_failure using message = 'anon was allowed: ' || statement;
    exception when insufficient_privilege then null;
    end;
  end loop;
end
$$;

reset role;
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';

do $$
begin
  assert (select count(*) from public.own_keys) = 1, 'a key goes with its account';
end
$$;

rollback;
