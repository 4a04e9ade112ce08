-- Voices: a reference recording in storage and its exact transcript.
create table public.voices (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  status text not null default 'pending' check (status in ('pending', 'ready')),
  name text not null check (char_length(name) <= 100 and name ~ '\S'),
  language text not null check (char_length(language) between 2 and 35),
  transcript text not null check (char_length(transcript) <= 20000 and char_length(btrim(transcript)) >= 10),
  transcript_source text not null default 'typed'
    check (transcript_source in ('live', 'final_pass', 'edited', 'typed')),
  machine_transcript text check (char_length(machine_transcript) <= 20000),
  settled_by text check (settled_by in ('agreement', 'ear', 'script')),
  match jsonb check (jsonb_typeof(match) = 'object' and octet_length(match::text) <= 1048576),
  window_start_ms integer check (window_start_ms between 0 and 86400000),
  consent boolean not null default false,
  duration_seconds numeric(8, 3) not null check (duration_seconds > 0),
  size_bytes bigint not null default 0 check (size_bytes >= 0),
  mime_type text not null check (mime_type ~ '^audio/[a-z0-9.+-]+$'),
  storage_path text not null unique,
  created_at timestamptz not null default now(),
  constraint voices_object_in_own_folder
    check (storage_path ~ ('^' || user_id || '/voices/' || id || '\.[a-z0-9]{2,5}$'))
);

comment on table public.voices is 'A reference recording and its transcript. `pending` until the object is stored.';
comment on column public.voices.transcript is 'As the person left it.';
comment on column public.voices.machine_transcript is 'As the provider heard it, beside the person''s text.';
comment on column public.voices.settled_by is
  'What made the words certain: witnesses that agree, a person''s ear, or a script that was read as it is written.';
comment on column public.voices.match is
  'How well the transcript goes with what was heard, and whether the service itself heard it in this recording.';
comment on column public.voices.window_start_ms is 'Where in a longer recording this one begins; milliseconds.';
comment on column public.voices.duration_seconds is 'Seconds of audio, measured from the stream''s packets.';
comment on column public.voices.storage_path is 'Object in the bucket reference-audio.';

create index voices_by_owner on public.voices (user_id, created_at desc);
create index voices_pending on public.voices (created_at) where status = 'pending';

alter table public.voices enable row level security;

create policy "A user sees their own voices" on public.voices
  for select to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.voices from public, anon, authenticated, service_role;
grant select on public.voices to authenticated;
grant select, insert, update, delete on public.voices to service_role;
