"""A database that is migrated already: each product that a test starts would spend seconds on an empty one."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.home import BASE_VARIABLE, DATABASE_VARIABLE, clean_environment

_DATABASE = "oet.sqlite3"


def lay_migrated_database(home: Path, project: Path) -> None:
    """Put a migrated SQLite database into a new OET_HOME: made once in a test run, not at all on PostgreSQL and elsewhere."""
    base = os.environ.get(BASE_VARIABLE)
    if base is None or home.exists() or DATABASE_VARIABLE in os.environ:
        return
    home.mkdir(mode=0o700)
    shutil.copyfile(_template(Path(base), project), home / _DATABASE)


def _template(base: Path, project: Path) -> Path:
    folder = base / "template"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / "done.sqlite3"
        if not done.exists():
            environment = {**clean_environment(), "OET_HOME": str(folder)}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, cwd=project, env=environment, check=True)
            (folder / _DATABASE).rename(done)
        return done
