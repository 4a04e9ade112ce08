-- What a voice may be.
-- psql -v ON_ERROR_STOP=1 -f supabase/tests/voices.sql
begin;

insert into auth.users (id) values ('00000000-0000-4000-8000-00000000000a');

set local role service_role;

do $$
declare
  good constant jsonb := '{
    "id": "10000000-0000-4000-8000-00000000000a", "user_id": "00000000-0000-4000-8000-00000000000a",
    "status": "pending", "size_bytes": 1, "name": "Mine", "language": "en", "transcript": "The quick brown fox.",
    "transcript_source": "edited", "consent": true, "duration_seconds": 9.5, "mime_type": "audio/wav",
    "storage_path": "00000000-0000-4000-8000-00000000000a/voices/10000000-0000-4000-8000-00000000000a.wav",
    "created_at": "2026-01-01T00:00:00Z"
  }';
  bad jsonb;
begin
  foreach bad in array array[
    '{"name": " "}', '{"name": null}', '{"transcript": "  too short "}', '{"transcript_source": "guessed"}',
    '{"status": "failed"}', '{"duration_seconds": 0}', '{"settled_by": "luck"}', '{"match": 0.9}', '{"window_start_ms": -1}', '{"mime_type": "video/mp4"}', '{"language": "e"}',
    '{"storage_path": "00000000-0000-4000-8000-00000000000b/voices/10000000-0000-4000-8000-00000000000a.wav"}',
    '{"storage_path": "00000000-0000-4000-8000-00000000000a/takes/10000000-0000-4000-8000-00000000000a.wav"}',
    '{"storage_path": "00000000-0000-4000-8000-00000000000a/voices/../10000000-0000-4000-8000-00000000000a.wav"}',
    '{"user_id": "00000000-0000-4000-8000-00000000000f"}'
  ]::jsonb[] loop
    begin
      insert into public.voices select * from jsonb_populate_record(null::public.voices, good || bad);
      raise assert_failure using message = 'a voice was allowed with ' || bad::text;
    exception when integrity_constraint_violation then null;
    end;
  end loop;
  insert into public.voices select * from jsonb_populate_record(null::public.voices, good);
end
$$;

reset role;
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';

do $$
begin
  assert not exists (select from public.voices where id = '10000000-0000-4000-8000-00000000000a'),
    'a voice goes with its account';
end
$$;

rollback;
