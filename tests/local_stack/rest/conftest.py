"""A table and functions of the tests' own."""

import pytest_asyncio

from tests.local_stack.world import NOTES, World

FUNCTIONS = """
create function public.add(a int, b int default 2) returns int language sql as 'select a + b';
create function public.none_given() returns text language sql as $$ select 'here' $$;
create function public.nothing(a int) returns void language sql as 'select 1';
create function public.nil() returns text language sql as 'select null::text';
create function public.echo(value jsonb) returns jsonb language sql as 'select value';
create function public.sum_of(ids uuid[], seconds numeric[]) returns jsonb language sql as $$
  select jsonb_build_object('ids', cardinality(ids), 'seconds', sum(s)) from unnest(seconds) as s
$$;
create function public.numbers(upto int) returns setof int language sql
  as 'select generate_series(1, upto)';
create function public.pairs() returns table (name text, "two words" int) language sql
  as $$ values ('b', 1), ('a', 2) $$;
create function public.names() returns table (name text) language sql
  as $$ values ('b'), ('a') $$;
create function public.one_pair(out x int, out y int) language sql as 'select 1, 2';
create function public.my_notes() returns setof public.notes language sql
  as 'select * from public.notes';
create function public.caller() returns jsonb language sql as $$
  select jsonb_build_object('role', current_user, 'uid', auth.uid(),
    'email', auth.jwt() ->> 'email', 'method', current_setting('request.method'),
    'path', current_setting('request.path'))
$$;
create function public.fail(code text) returns int language plpgsql as $$
begin
  raise exception 'no %', code using errcode = code, detail = 'because', hint = 'do not';
end
$$;
create function public.twice(a int) returns int language sql as 'select 1';
create function public.twice(a text) returns int language sql as 'select 2';
create function public.secret() returns int language sql as 'select 42';
revoke execute on function public.secret() from public, anon, authenticated;
grant execute on function public.secret() to service_role;
"""


@pytest_asyncio.fixture(autouse=True)
async def _tables(world: World) -> None:
    await world.execute(NOTES)
    await world.execute(FUNCTIONS)
    await world.execute(
        "grant execute on all functions in schema public to anon, authenticated, service_role"
    )
    await world.execute("revoke execute on function public.secret() from anon, authenticated")
