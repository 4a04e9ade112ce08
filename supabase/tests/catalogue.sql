-- What holds for everything that the migrations make. Run as the owner, after the migrations:
-- psql -v ON_ERROR_STOP=1 -f supabase/tests/catalogue.sql
begin;

do $$
declare
  found text;
begin
  assert (select current_setting('plpgsql.check_asserts'))::boolean, 'asserts are switched off';

  select string_agg(c.oid::regclass::text, ', ') into found
  from pg_class as c
  where c.relnamespace in ('public'::regnamespace, 'ledger'::regnamespace)
    and c.relkind in ('r', 'p') and not c.relrowsecurity;
  assert found is null, 'without row level security: ' || found;

  select string_agg(p.oid::regprocedure::text, ', ') into found
  from pg_proc as p
  where p.pronamespace in ('public'::regnamespace, 'ledger'::regnamespace)
    and not coalesce('search_path=""' = any (p.proconfig), false);
  assert found is null, 'functions whose search_path a caller may choose: ' || found;

  select string_agg(p.oid::regprocedure::text || ' by ' || r.rolname, ', ') into found
  from pg_proc as p, pg_roles as r
  where p.pronamespace in ('public'::regnamespace, 'ledger'::regnamespace)
    and r.rolname in ('anon', 'authenticated')
    and has_function_privilege(r.oid, p.oid, 'execute')
    -- A policy calls it in the user's name; the schema is closed to users, so they cannot name it.
    and (r.rolname, p.proname) <> ('authenticated', 'take_has_room');
  assert found is null, 'functions that a user may call: ' || found;

  select string_agg(p.oid::regprocedure::text, ', ') into found
  from pg_proc as p
  where p.pronamespace = 'public'::regnamespace
    and not (p.prosecdef and has_function_privilege('service_role', p.oid, 'execute'));
  assert found is null, 'functions that the services cannot use: ' || found;

  select string_agg(r.rolname, ', ') into found
  from pg_roles as r
  where r.rolname in ('anon', 'authenticated', 'service_role', 'authenticator')
    and has_schema_privilege(r.oid, 'ledger', 'usage');
  assert found is null, 'roles that reach into the schema ledger: ' || found;

  select string_agg(k.conrelid::regclass || '.' || k.conname, ', ') into found
  from pg_constraint as k
  where k.contype = 'f' and k.connamespace in ('public'::regnamespace, 'ledger'::regnamespace)
    and not exists (
      select from pg_index as i
      where i.indrelid = k.conrelid and i.indpred is null
        and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    );
  assert found is null, 'foreign keys without an index: ' || found;
end
$$;

-- What other migrations of the same database make afterwards has the defaults that it had before.
create function public.of_another_migration() returns integer language sql as 'select 1';
create table public.of_another_migration (id integer);
do $$
begin
  assert has_function_privilege('authenticated', 'public.of_another_migration()', 'execute')
    and has_table_privilege('authenticated', 'public.of_another_migration', 'select'),
    'the defaults for what others make were changed';
end
$$;

rollback;
