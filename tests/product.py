"""OET as its users start it: `manage.py up` in a home of its own, and a small REST client for it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.home import clean_environment
from tests.migrated import lay_migrated_database
from tests.postgres import fresh_database
from tests.waiting import wait_until

PROJECT_DIR = Path(__file__).resolve().parent.parent
ADMIN_PASSWORD = "correct horse battery staple"
START_TIMEOUT_S = 100
END_TIMEOUT_S = 30

_READY_LINE = re.compile(r"OET is ready: (http://\S+)")


@dataclass
class Product:
    """A running `manage.py up`: where it is, and what it has printed."""

    process: subprocess.Popen[bytes]
    home: Path
    log_file: Path
    environment: Mapping[str, str]
    url: str = ""
    http: httpx.Client = field(default_factory=httpx.Client)
    """A client of the admin user, whose base address is `/api/v1/`; tests that need another role log in by `client`."""

    def log(self) -> str:
        """Everything that `up` and its processes have printed."""
        return self.log_file.read_text(errors="replace")

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> str:
        """Wait for the line with the URL; fails at once if `up` ends, and with what it printed if it takes too long."""
        try:
            self.url = wait_until(self._announced_url, what="the URL", timeout_s=timeout_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}; `up` printed:\n{self.log()[-10_000:]}") from error
        return self.url

    def client(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> httpx.Client:
        """A REST client with a token of its own; to be used in a `with` block."""
        api = f"{self.url}api/v1/"
        login = {"username": username, "password": password}
        token = httpx.post(f"{api}auth/token/", json=login, timeout=30).raise_for_status().json()["token"]
        return httpx.Client(base_url=api, headers={"Authorization": f"Token {token}"}, timeout=30)

    def add_users(self, *roles: str, **users: str) -> None:
        """Make a user of each role (`viewer`, `operator`, `engineer`) under the role's own name, and others by name."""
        wanted = {**dict(zip(roles, roles, strict=True)), **users}
        self.manage(
            "shell",
            "--command",
            "from django.contrib.auth.models import Group, User\n"
            f"for name, role in {wanted!r}.items():\n"
            f"    User.objects.create_user(name, password={ADMIN_PASSWORD!r}).groups.add(Group.objects.get(name=role))",
        )

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` on the same home; what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=PROJECT_DIR, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def wait_for_state(self, procedure_id: int, *states: str, timeout_s: float = 20) -> dict[str, Any]:
        """The summary of a procedure as soon as it is in one of `states`."""

        def summary() -> dict[str, Any] | None:
            found: dict[str, Any] = self.http.get(f"procedures/{procedure_id}/").raise_for_status().json()
            return found if found["state"] in states else None

        return wait_until(summary, what=f"procedure {procedure_id} to be {' or '.join(states)}", timeout_s=timeout_s)

    def end(self, number: int = signal.SIGINT) -> int:
        """Ask it to end, as Ctrl-C does, and wait until it has; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its children die with it
            self.process.wait()
            raise

    def _announced_url(self) -> str | None:
        if found := _READY_LINE.search(self.log()):
            return found[1]
        if self.process.poll() is not None:
            raise AssertionError(
                f"`up` ended with {self.process.returncode} before it was ready:\n{self.log()[-5000:]}"
            )
        return None


def start(folder: Path, *, log_name: str = "up.log", **variables: str) -> Product:
    """Start `manage.py up` with OET_HOME `folder/home` on a free port, without waiting for it.

    In a run on PostgreSQL it gets a database of its own there.
    """
    home, log_file = folder / "home", folder / log_name
    defaults = {
        "OET_HOME": str(home),
        "OET_PORT": "0",
        "OET_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "OET_SCRIPT_ROOTS": f"{PROJECT_DIR / 'examples'}:{folder}",
        "PYTHONWARNINGS": "default",
    }
    if database_url := fresh_database():
        defaults["DATABASE_URL"] = database_url
    environment = {**clean_environment(), **defaults, **variables}
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=PROJECT_DIR,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    return Product(process, home, log_file, environment)


def lay_database(folder: Path) -> None:
    """Spare a product in `folder` that has not been started yet the migration of an empty database."""
    lay_migrated_database(folder / "home", PROJECT_DIR)


@contextmanager
def started_product(folder: Path, **variables: str) -> Iterator[Product]:
    """OET, ready and with an administrator's REST client; ended when the block is left."""
    lay_database(folder)
    product = start(folder, **variables)
    try:
        product.wait_until_ready()
        with closing(product.client()) as product.http:
            yield product
    finally:
        product.end()
