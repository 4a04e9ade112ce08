-- Nothing is readable or callable until a grant says so.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke execute on functions from anon, authenticated, service_role;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;

grant usage on schema public to anon, authenticated, service_role;

-- Tables and helpers of the ledger. No role of the API may enter: its doors are functions in `public`.
create schema ledger;
revoke all on schema ledger from public;
comment on schema ledger is 'Limits, prices and rules of the money. Reached through functions in public alone.';
