"""A real web server on the database of the test, and a token for it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from knox.models import AuthToken

from oet_site.configuration import PROJECT_DIR
from procedures.models import Node
from procedures.recorder import recording
from tests.fixtures.people import Users


@dataclass(frozen=True)
class Web:
    """A running web server, and how a viewer says who they are."""

    url: str
    pid: int
    headers: dict[str, str]
    log_file: Path

    @property
    def events(self) -> str:
        """The address of the websocket."""
        return f"{self.url.replace('http', 'ws')}ws/events/"

    @property
    def memory_bytes(self) -> int:
        """What it has resident of its own; pages of the database that it has mapped belong to the file."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0]) * 1024


@pytest.fixture
def web(users: Users, child_environment: dict[str, str], tmp_path: Path) -> Iterator[Web]:
    """`manage.py web`, on this test's database."""
    now = datetime.now(UTC)
    Node.objects.create(name="test-node", heartbeat_at=now, started_at=now)
    log_file = tmp_path / "web.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "web"],
            cwd=PROJECT_DIR,
            env={**child_environment, "OET_PORT": "0"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().partition("listening: ")[2].strip()
        assert url, log_file.read_text()
        _, token = AuthToken.objects.create(user=users.viewer)
        yield Web(url, process.pid, {"Authorization": f"Token {token}"}, log_file)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def announce(*topics: str, **payload: object) -> None:
    """Record events, in one transaction."""
    with recording() as record:
        for topic in topics:
            record.announce(topic, payload)
