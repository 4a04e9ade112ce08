"""Add the product to a Supabase project: migrations, settings, and what is left to do."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

PREFIX: Final = "utter_"
"""Before the name of each migration, to tell it from the project's own."""
_NAMED: Final = re.compile(r"(?P<version>\d+)_(?P<name>.+)\.sql")
_STAMP: Final = "%Y%m%d%H%M%S"
ASKED: Final[Mapping[str, str]] = {
    "SUPABASE_URL": "Address of the Supabase project, like https://abc.supabase.co",
    "SUPABASE_PUBLISHABLE_KEY": "Publishable key (Project settings > API keys)",
    "SUPABASE_SECRET_KEY": "Secret key (Project settings > API keys)",
    "MISTRAL_API_KEY": "Mistral's API key",
    "ALLOWED_ORIGINS": "Where your page runs, like https://app.example.com",
    "BRIDGE_PUBLIC_URL": "Where browsers reach the bridge, like wss://app.example.com/live",
}
"""Settings that every deployment gives, with what a person is asked."""
SECRET: Final = frozenset({"SUPABASE_SECRET_KEY", "MISTRAL_API_KEY"})
"""Those of `ASKED` that are not shown while they are typed."""


@dataclass(frozen=True)
class Added:
    """What was done, as paths relative to the project's folder.

    Attributes:
        written: New files.
        present: Migrations that were there already.
        differing: Migrations that are there and are not what this version has; left as they are.
        missing: Settings that `.env` lacks or leaves empty.
        unused: Settings that were given and are not in `.env`, because it was there already.
        ignored: Whether git leaves `.env` out, as far as `.gitignore` here says.
    """

    written: tuple[str, ...]
    present: tuple[str, ...]
    differing: tuple[str, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    ignored: bool

    def told(self) -> str:
        """Return what was done and what is left to do, for a person."""
        lines = [f"wrote {one}" for one in self.written]
        if self.present:
            lines.append(f"already there: {len(self.present)} migrations")
        lines += [f"differs from this version, left as it is: {one}" for one in self.differing]
        if self.unused:
            lines.append(f".env is there, left as it is: without your {', '.join(self.unused)}")
        left = []
        if self.missing:
            left.append(f"Fill in .env: {', '.join(self.missing)}")
        if not self.ignored:
            left.append("Keep the keys out of git: add a line .env to .gitignore")
        left += [
            "npx supabase@3 db push (once before it: npx supabase@3 link)",
            "pip install 'utter-transcribe[services]'",
            "python -m utter_transcribe.ws_bridge, for live words",
            "python -m utter_transcribe.edge_functions, or app.include_router(router()) of"
            " utter_transcribe.edge_functions.router in your FastAPI app",
            "npm install @utter/transcribe, and a DictationButton in your page",
        ]
        numbered = [f"{number}. {one}" for number, one in enumerate(left, 1)]
        return "\n".join([*lines, "", "What is left:", *numbered])


def migrations() -> dict[str, str]:
    """Return this version's migrations by name, in their order."""
    inside = Path(__file__).parent / "migrations"
    folder = inside if inside.is_dir() else Path(__file__).parents[1] / "supabase" / "migrations"
    return {_split(file)[1]: file.read_text(encoding="utf-8") for file in _sql(folder)}


def add_to(project: Path, settings: Mapping[str, str], now: datetime | None = None) -> Added:
    """Copy the migrations and write `.env`; what is there already is never changed.

    Args:
        project: The folder that holds `supabase/`, or shall.
        settings: Values of `ASKED`; an empty one is left for a person to fill in.
        now: For the versions of the migrations, which follow the project's newest.

    Raises:
        OSError: A file cannot be read or written.
    """
    folder = project / "supabase" / "migrations"
    theirs = _sql(folder)
    by_name = {_split(file)[1]: file for file in theirs}
    written: list[str] = []
    present: list[str] = []
    differing: list[str] = []
    versions = _versions(theirs, now or datetime.now(UTC))
    for name, script in migrations().items():
        there = by_name.get(PREFIX + name)
        if there is not None:
            same = there.read_text(encoding="utf-8") == script
            (present if same else differing).append(str(there.relative_to(project)))
            continue
        file = folder / f"{next(versions)}_{PREFIX}{name}.sql"
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(script)
        written.append(str(file.relative_to(project)))
    env = project / ".env"
    if not env.exists():
        _write_settings(env, settings)
        written.append(env.name)
    read = dotenv_values(
        stream=StringIO(env.read_text(encoding="utf-8", errors="replace")), interpolate=False
    )
    return Added(
        tuple(written),
        tuple(present),
        tuple(differing),
        missing=tuple(name for name in ASKED if not read.get(name)),
        unused=tuple(
            name for name, value in settings.items() if value.strip() not in ("", read.get(name))
        ),
        ignored=_is_ignored(project),
    )


def _sql(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.sql") if _NAMED.fullmatch(file.name))


def _split(file: Path) -> tuple[str, str]:
    named = _NAMED.fullmatch(file.name)
    assert named is not None  # noqa: S101 - as `_sql` has chosen
    return named["version"], named["name"]


def _versions(theirs: list[Path], now: datetime) -> Iterator[str]:
    """Yield versions in the CLI's form, a second apart, all after the project's newest."""
    moment = now.replace(microsecond=0)
    for file in theirs:
        try:
            newest = datetime.strptime(_split(file)[0][:14], _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # numbered in a way of its own, which sorts before any moment
        moment = max(moment, newest + timedelta(seconds=1))
    while True:
        yield moment.strftime(_STAMP)
        moment += timedelta(seconds=1)


def _write_settings(env: Path, settings: Mapping[str, str]) -> None:
    lines = [
        f"# {asked}\n{name}={_quoted(settings.get(name, ''))}" for name, asked in ASKED.items()
    ]
    env.touch(mode=0o600, exist_ok=False)
    env.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(value: str) -> str:
    """Return a value as `.env` holds it: in single quotes where another reading is possible."""
    plain = value.strip()
    if re.fullmatch(r"[\w@%+:,./*-]*", plain):
        return plain
    escaped = plain.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _is_ignored(project: Path) -> bool:
    file = project / ".gitignore"
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    lines = {line.strip() for line in text.splitlines()}
    return not {".env", "/.env", "**/.env", ".env*", "*.env"}.isdisjoint(lines)
