-- Who may read and write which recordings.
-- psql -v ON_ERROR_STOP=1 -f supabase/tests/storage.sql
begin;

insert into auth.users (id) values
  ('00000000-0000-4000-8000-00000000000a'),
  ('00000000-0000-4000-8000-00000000000b');

do $$
begin
  assert (
    select not b.public and b.file_size_limit = 52428800 and 'audio/wav' = any (b.allowed_mime_types)
      and not exists (select from unnest(b.allowed_mime_types) as t (name) where t.name not like 'audio/%')
    from storage.buckets as b where b.id = 'reference-audio'
  ), 'the bucket is private, of 50 MiB a file, and takes audio alone';
end
$$;

-- The services store a voice of each; each user stores a take.
set local role service_role;
insert into storage.objects (id, bucket_id, name)
select gen_random_uuid(), 'reference-audio',
  '00000000-0000-4000-8000-00000000000' || letter || '/voices/10000000-0000-4000-8000-00000000000' || letter || '.wav'
from (values ('a'), ('b')) as people (letter);

set local role authenticated;

do $$
declare
  a constant text := '00000000-0000-4000-8000-00000000000a';
  b constant text := '00000000-0000-4000-8000-00000000000b';
  me text;
  other text;
  path text;
  touched integer;
begin
  foreach me in array array[a, b] loop
    other := case me when a then b else a end;
    perform set_config('request.jwt.claims', json_build_object('sub', me, 'role', 'authenticated')::text, true);
    perform set_config('request.jwt.claim.sub', me, true);

    insert into storage.objects (bucket_id, name) values ('reference-audio', me || '/takes/one.wav');
    assert (select count(*) from storage.objects) = 2, 'a user sees their own take and voice alone';

    foreach path in array array[
      other || '/takes/one.wav',
      me || '/voices/10000000-0000-4000-8000-0000000000ff.wav',
      me || '/one.wav',
      me || '/takes/deeper/one.wav',
      me || '/takes/..',
      me || '/takes/../voices/one.wav',
      me || '/takes/',
      'one.wav',
      '/' || me || '/takes/one.wav'
    ] loop
      begin
        insert into storage.objects (bucket_id, name) values ('reference-audio', path);
        raise assert_failure using message = 'a user was allowed to write ' || path;
      exception when insufficient_privilege then null;
      end;
    end loop;

    begin
      insert into storage.objects (bucket_id, name) values ('another-bucket', me || '/takes/two.wav');
      raise assert_failure using message = 'a user was allowed into another bucket';
    exception when insufficient_privilege then null;
    end;

    -- What a voice names cannot be changed, nor made out of a take, nor another's be reached.
    update storage.objects set metadata = '{"changed": true}' where name like '%/voices/%' or name like other || '%';
    get diagnostics touched = row_count;
    assert touched = 0, 'a user changed a voice''s object or another user''s';
    begin
      update storage.objects set name = me || '/voices/mine.wav' where name = me || '/takes/one.wav';
      raise assert_failure using message = 'a user moved a take among the voices';
    exception when insufficient_privilege then null;
    end;
    begin
      perform set_config('storage.operation', 'storage.object.sign_upload_url', true);
      insert into storage.objects (bucket_id, name) values ('reference-audio', me || '/takes/two.wav');
      raise assert_failure using message = 'a user was given a URL that asks for no room';
    exception when insufficient_privilege then null;
    end;
    update storage.objects set name = me || '/takes/renamed.wav' where name = me || '/takes/one.wav';
    get diagnostics touched = row_count;
    assert touched = 1, 'a user renames their own take';

    perform set_config('storage.allow_delete_query', 'true', true);
    delete from storage.objects where name not like me || '/takes/%';
    get diagnostics touched = row_count;
    assert touched = 0, 'a user removed a voice''s object or another user''s';
    delete from storage.objects where name = me || '/takes/renamed.wav';
    get diagnostics touched = row_count;
    assert touched = 1, 'a user removes their own take';
  end loop;
end
$$;

-- Who is banned stores nothing, and may still remove what is theirs.
reset role;
update auth.users set banned_until = 'infinity' where id = '00000000-0000-4000-8000-00000000000b';
set local role authenticated;
do $$
begin
  insert into storage.objects (bucket_id, name)
  values ('reference-audio', '00000000-0000-4000-8000-00000000000b/takes/one.wav');
  raise assert_failure using message = 'a banned user was allowed to write';
exception when insufficient_privilege then null;
end
$$;

set local role anon;
do $$
declare
  touched integer;
begin
  perform set_config('request.jwt.claims', '{"role": "anon"}', true);
  perform set_config('request.jwt.claim.sub', '', true);
  assert not exists (select from storage.objects), 'who is not signed in sees no object';
  begin
    insert into storage.objects (bucket_id, name)
    values ('reference-audio', '00000000-0000-4000-8000-00000000000a/takes/one.wav');
    raise assert_failure using message = 'anon was allowed to write';
  exception when insufficient_privilege then null;
  end;
  delete from storage.objects;
  get diagnostics touched = row_count;
  assert touched = 0, 'anon removed objects';
end
$$;

rollback;
