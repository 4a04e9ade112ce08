-- What is made here is readable and callable only where a grant says so. The project's own defaults stay as
-- they are: other migrations of the same database may rely on them.
grant usage on schema public to anon, authenticated, service_role;

-- Tables and helpers of the ledger. No role of the API may enter: its doors are functions in `public`.
create schema ledger;
revoke all on schema ledger from public;
comment on schema ledger is 'Limits, prices and rules of the money. Reached through functions in public alone.';
