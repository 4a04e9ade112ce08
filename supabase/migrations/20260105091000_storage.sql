-- The bucket of recordings. Users write takes; what a stored voice names is written by the services.
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values (
  'reference-audio', 'reference-audio', false, 52428800,
  array[
    'audio/wav', 'audio/x-wav', 'audio/wave', 'audio/vnd.wave',
    'audio/mpeg', 'audio/mp3',
    'audio/mp4', 'audio/m4a', 'audio/x-m4a', 'audio/aac',
    'audio/flac', 'audio/x-flac',
    'audio/ogg', 'audio/opus', 'audio/webm'
  ]
)
on conflict (id) do update
set public = excluded.public, file_size_limit = excluded.file_size_limit,
  allowed_mime_types = excluded.allowed_mime_types;

create policy "A user reads what lies in their own folder" on storage.objects
  for select to authenticated
  using (
    bucket_id = 'reference-audio'
    and (storage.foldername(name))[1] = (select auth.uid()::text)
  );

create policy "A user changes their own takes" on storage.objects
  for update to authenticated
  using (
    bucket_id = 'reference-audio'
    and (storage.foldername(name))[1] = (select auth.uid()::text)
    and (storage.foldername(name))[2] = 'takes'
  )
  with check (
    bucket_id = 'reference-audio'
    and (storage.foldername(name))[1] = (select auth.uid()::text)
    and name ~ '^[^/]+/takes/[A-Za-z0-9][A-Za-z0-9._-]*$'
  );

create policy "A user removes their own takes" on storage.objects
  for delete to authenticated
  using (
    bucket_id = 'reference-audio'
    and (storage.foldername(name))[1] = (select auth.uid()::text)
    and (storage.foldername(name))[2] = 'takes'
  );
