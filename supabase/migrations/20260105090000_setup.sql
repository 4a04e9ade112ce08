-- What is made here is readable and callable only where a grant says so. The project's own defaults stay as
-- they are: other migrations of the same database may rely on them.
grant usage on schema public to anon, authenticated, service_role;

-- Tables and helpers of the ledger. No role of the API may enter: its doors are functions in `public`.
create schema ledger;
revoke all on schema ledger from public;
comment on schema ledger is 'Limits, prices and rules of the money. Reached through functions in public alone.';

-- What `python -m edge_functions doctor` compares with what the migrations make. In the first of them, so
-- that it can name each of the others that is missing.
create function public.deployment_parts() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'objects', (
      select coalesce(jsonb_agg(found.name order by found.name), '[]')
      from (
        select n.nspname || '.' || c.relname as name
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('public', 'ledger') and c.relkind in ('r', 'p')
        union
        select n.nspname || '.' || p.proname
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('public', 'ledger')
      ) as found
    ),
    'policies', (
      select coalesce(jsonb_agg(p.policyname order by p.policyname), '[]')
      from pg_policies as p
      where p.schemaname = 'storage' and p.tablename = 'objects'
    ),
    'bucket', (
      select jsonb_build_object('public', b.public, 'file_size_limit', b.file_size_limit)
      from storage.buckets as b
      where b.id = 'reference-audio'
    )
  )
$$;
comment on function public.deployment_parts is
  'Names of tables, functions and storage policies, and how the bucket of recordings is kept.';
revoke execute on function public.deployment_parts from public, anon, authenticated;
grant execute on function public.deployment_parts to service_role;
