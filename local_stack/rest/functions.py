"""Database functions called by name, their arguments as one JSON object."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow
from psycopg.sql import SQL, Composable

from local_stack.bodies import BadJsonError, parse
from local_stack.pools import Connection
from local_stack.rest.errors import RestError
from local_stack.rest.statements import Statement, quoted

FIND = """
select
  proargnames as names,
  proargmodes::text[] as modes,
  array(select format_type(type, null) from unnest(proargtypes) as type) as types,
  pronargs as inputs,
  pronargdefaults as defaults,
  proretset as is_table,
  proretset <> coalesce(proargmodes::text[] @> '{t}', false)
    or typtype in ('c', 'p') and not proretset as is_odd
from pg_proc join pg_type on pg_type.oid = prorettype
where pronamespace = 'public'::regnamespace and proname = %s and prokind = 'f'
"""


@dataclass(frozen=True)
class Function:
    """A function of the schema `public`.

    Attributes:
        name: Of it.
        arguments: Name and SQL type of each input, in order.
        required: How many of them have no default; these come first.
        is_table: Whether it `returns table (…)`; otherwise it returns one value.
    """

    name: str
    arguments: tuple[tuple[str, str], ...]
    required: int
    is_table: bool

    def takes(self, given: Sequence[str]) -> bool:
        """Whether it can be called with arguments of these names."""
        names = [name for name, _ in self.arguments]
        return set(given) <= set(names) and set(names[: self.required]) <= set(given)

    def results(self, given: Sequence[str], arguments: str) -> Statement:
        """What stands behind `from`: its results as rows; a plain value is a column `result`.

        Args:
            given: Names of the arguments.
            arguments: JSON text of an object with them.
        """
        function = quoted("public", self.name)
        types = {name: kind for name, kind in self.arguments if name in given}
        if not types:
            return Statement().add(SQL("{}() as result").format(function))
        record = SQL(", ").join(
            # The type's text is the catalog's own.
            SQL("{} {}").format(quoted(name), _type(kind))
            for name, kind in types.items()
        )
        passed = SQL(", ").join(SQL("{0} := given.{0}").format(quoted(name)) for name in types)
        return Statement().add(
            SQL(
                "(select result.* from json_to_record(%s::json) as given({}),"
                " lateral {}({}) as result) as result"
            ).format(record, function, passed),
            arguments,
        )


def _type(text: str) -> Composable:
    return SQL(text)  # format_type() quotes what must be quoted


async def find(connection: Connection, name: str, given: Sequence[str]) -> Function:
    """The function that a call means.

    Raises:
        RestError: None fits, or its kind is not supported.
    """
    found = await connection.execute(FIND, [name])
    named = await found.fetchall()
    if len(named) > 1:
        raise RestError.unsupported(f"several functions called {name}")
    for row in named:
        if row["is_odd"]:
            raise RestError.unsupported(f"the kind of result that {name} returns")
        function = _function(name, row)
        if function.takes(given):
            return function
    searched = f"with parameters {', '.join(given)}" if given else "without parameters"
    raise RestError(
        404,
        "PGRST202",
        f"Could not find the function public.{name}({', '.join(given)}) in the schema cache",
        details=f"Searched for the function public.{name} {searched}, but no matches were found"
        " in the schema cache.",
    )


def arguments(body: bytes) -> tuple[list[str], str]:
    """Names of the arguments in a body, and the body's text.

    Raises:
        RestError: It is no JSON object.
    """
    text = body or b"{}"
    try:
        given = parse(text)
    except BadJsonError as error:
        raise RestError(400, "PGRST102", "Empty or invalid json") from error
    if not isinstance(given, dict):
        raise RestError.unsupported("function arguments that are no JSON object")
    return list(given), text.decode()


def _function(name: str, row: DictRow) -> Function:
    names = row["names"] or [""] * row["inputs"]
    modes = row["modes"] or ["i"] * len(names)
    inputs = [given for given, mode in zip(names, modes, strict=True) if mode in {"i", "b", "v"}]
    return Function(
        name,
        tuple(zip(inputs, row["types"], strict=True)),
        row["inputs"] - row["defaults"],
        row["is_table"],
    )
