"""A past as years of operation leave it, in a database that is made once and kept: a million procedures take minutes, and 3 to 4 GB.

It lies in the temporary folder (TMPDIR chooses another), in `oet-bench-past-…`, and is made anew when the tables change or a month is
over. What measures it reads only.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.past_rows import Statements

PROJECT = Path(__file__).resolve().parent.parent
_DONE = "done"
_APPS = ("procedures", "trials", "environments")
_TABLES = tuple(f"{app}_%" for app in _APPS)


@contextmanager
def database(name: str, procedures: int) -> Iterator[dict[str, str]]:
    """The variables of an OET with so many procedures, on `SQLite` or on `PostgreSQL`."""
    folder = _place(name, procedures)
    is_made = (folder / _DONE).exists()
    if not is_made:
        for outdated in folder.parent.glob(f"{_prefix(name, procedures)}*"):
            shutil.rmtree(outdated)
        folder.mkdir(mode=0o700)
    with _server(name, folder) as database_url:
        home = folder / "home"
        variables = {
            "OET_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "oet_site.settings",
            "DATABASE_URL": database_url,
        }
        if not is_made:
            begin = time.perf_counter()
            command = [sys.executable, "-m", "benchmarks.past", str(procedures)]
            subprocess.run(command, cwd=PROJECT, env={**os.environ, **variables}, check=True)
            (folder / _DONE).touch()
            took = time.perf_counter() - begin
            print(
                f"{name}: a past of {procedures} procedures was made in {took:.0f} s; it is kept in {folder}",
                flush=True,
            )
        yield variables


@contextmanager
def _server(name: str, folder: Path) -> Iterator[str]:
    if name != "PostgreSQL":
        yield ""
        return
    from tests.postgres import server_in

    with server_in(folder) as url:
        yield url


def _place(name: str, procedures: int) -> Path:
    base = Path(tempfile.gettempdir()) / f"oet-bench-past-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    if base.stat().st_uid != os.getuid():
        sys.exit(f"{base} belongs to somebody else: choose another folder by TMPDIR")
    migrations = [file for app in _APPS for file in sorted((PROJECT / app / "migrations").glob("*.py"))]
    own = (Path(__file__), Path(__file__).with_name("past_rows.py"))
    texts = b"".join(file.read_bytes() for file in [*own, *migrations])
    edition = hashlib.sha256(texts + f"{datetime.now(UTC):%Y-%m}".encode()).hexdigest()[:12]
    return base / f"{_prefix(name, procedures)}{edition}"


def _prefix(name: str, procedures: int) -> str:
    return f"{name.lower()}-{procedures}-"


# --- making it


def make(procedures: int) -> None:
    """Fill the database of this process, whose tables do not exist yet."""
    import django

    django.setup()
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    for person, role in (("bench", "operator"), ("reader", "viewer")):
        made = User.objects.create_user(person, is_staff=True)
        made.groups.add(Group.objects.get(name=role))
    with _without_indexes() as execute:
        for statement in Statements(procedures, connection.vendor == "postgresql").all():
            execute(statement)


@contextmanager
def _without_indexes() -> Iterator[Callable[[str], object]]:
    """Execute statements while the tables have no indexes: to make these at the end, of sorted keys, is many times faster."""
    from django.db import connection

    with connection.cursor() as cursor:
        is_postgresql = connection.vendor == "postgresql"
        before, indexes, after = _bulk_postgresql() if is_postgresql else _bulk_sqlite()
        for statement in before:
            cursor.execute(statement)
        cursor.execute(indexes)
        found = cursor.fetchall()
        for index, _ in found:
            cursor.execute(f"DROP INDEX {index}")
        yield cursor.execute
        for _, definition in found:
            cursor.execute(definition)
        for statement in after:
            cursor.execute(statement)


def _bulk_sqlite() -> tuple[list[str], str, list[str]]:
    tables = " OR ".join(f"tbl_name LIKE '{table}'" for table in _TABLES)
    return (
        [
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA foreign_keys = OFF",
            "PRAGMA cache_size = -200000",
            "DROP TRIGGER procedures_words_insert",
        ],
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND ({tables})",
        [
            "INSERT INTO procedures_words(procedures_words) VALUES ('rebuild')",
            """CREATE TRIGGER procedures_words_insert AFTER INSERT ON procedures_proceduretext BEGIN
               INSERT INTO procedures_words(rowid, words) VALUES (new.procedure_id, new.words); END""",
            "PRAGMA journal_mode = WAL",
        ],
    )


def _bulk_postgresql() -> tuple[list[str], str, list[str]]:
    tables = " OR ".join(f"tablename LIKE '{table}'" for table in _TABLES)
    return (
        [
            "SET session_replication_role = replica",  # foreign keys are not checked row by row
            "SET maintenance_work_mem = '1GB'",
            "SET work_mem = '256MB'",
            "SET jit = off",
        ],
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN"
        f" (SELECT conname FROM pg_constraint) AND ({tables})",
        ["VACUUM ANALYZE"],  # as autovacuum does by itself
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("procedures", type=int)
    make(arguments.parse_args().procedures)
