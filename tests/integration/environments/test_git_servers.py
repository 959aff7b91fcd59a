"""Git against servers that behave badly."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from environments.domain.errors import Cancelled, OutOfTime, RepositoryRefused, RepositoryUnreachable
from environments.domain.references import reference
from environments.git.manager import GitManager
from environments.running import Watch
from tests.repositories import GitRepository


class Server(ThreadingHTTPServer):
    """Answers every request as the test wants."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = threading.Event()
        self.may_go_on = threading.Event()
        self.status = 0
        """0 is silence."""
        self.location = ""
        self.files: Path | None = None
        """What it serves to those who know the password."""

    @property
    def url(self) -> str:
        """A repository on it."""
        return f"http://127.0.0.1:{self.server_port}/scripts"


PASSWORD = "ann:geheim"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_GET(self) -> None:
        """Answer, or not."""
        self.server.asked.set()
        known = f"Basic {base64.b64encode(PASSWORD.encode()).decode()}"
        if self.server.files is not None and self.headers["Authorization"] == known:
            self._serve(self.server.files / self.path.partition("?")[0].removeprefix("/scripts/"))
            return
        if not self.server.status:
            self.server.may_go_on.wait(60)
            return
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location + self.path)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()

    def _serve(self, file: Path) -> None:
        self.send_response(200 if file.is_file() else 404)
        self.end_headers()
        if file.is_file():
            self.wfile.write(file.read_bytes())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a port of its own."""
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.may_go_on.set()
        running.shutdown()
        thread.join(30)


@pytest.fixture
def manager(tmp_path: Path) -> GitManager:
    return GitManager(tmp_path / "git", "http://127.0.0.1:*", timeout_s=30)


def test_a_server_that_says_nothing_is_given_up_after_the_time_limit(manager: GitManager, server: Server) -> None:
    with pytest.raises(OutOfTime, match=r"git ls-remote took longer than 4 s.*OET_GIT_TIMEOUT"):
        manager.resolve(manager.repository(server.url), reference(), Watch(4.0, manager.SETTING))
    assert server.asked.is_set()


def test_whoever_asked_may_change_their_mind(manager: GitManager, server: Server) -> None:
    with pytest.raises(Cancelled, match="git ls-remote"):
        manager.resolve(manager.repository(server.url), reference(), Watch(30, "X", is_cancelled=server.asked.is_set))


def test_nobody_is_asked_for_a_password(manager: GitManager, server: Server) -> None:
    server.status = 401
    with pytest.raises(RepositoryUnreachable, match=r"(?i)authentication failed"):
        manager.resolve(manager.repository(server.url), reference())


def test_a_password_in_a_url_would_work_and_is_neither_taken_nor_kept(
    manager: GitManager, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remote = GitRepository.make(tmp_path / "scripts")
    remote.git("update-server-info")
    server.files, server.status = remote.path / ".git", 401
    trick = server.url.replace("http://", f"http://{PASSWORD}@")
    assert remote.head() in remote.git("ls-remote", trick)
    with pytest.raises(RepositoryRefused, match="user or password") as refused:
        manager.repository(trick)
    with pytest.raises(RepositoryUnreachable) as unreachable:
        manager.resolve(manager.repository(server.url), reference())
    assert "geheim" not in f"{refused.value} {unreachable.value} {caplog.text}"
    assert not any(b"geheim" in file.read_bytes() for file in manager.folder.rglob("*") if file.is_file())


def test_a_server_cannot_send_git_to_the_files_of_the_node(manager: GitManager, server: Server, tmp_path: Path) -> None:
    secret = GitRepository.make(tmp_path / "secret")
    server.status, server.location = 302, f"file://{secret.path}"
    with pytest.raises(RepositoryUnreachable):
        manager.resolve(manager.repository(server.url), reference())


def test_a_repository_is_read_over_http(manager: GitManager, tmp_path: Path) -> None:
    remote = GitRepository.make(tmp_path / "www" / "scripts")
    remote.git("update-server-info")
    (tmp_path / "www" / "scripts" / ".git").rename(tmp_path / "www" / "bare")
    serving = subprocess.Popen(
        ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path / "www"), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    with serving:
        try:
            assert serving.stdout is not None
            port = serving.stdout.readline().split(" port ")[1].split()[0]
            repository = manager.repository(f"http://127.0.0.1:{port}/bare")
            commit = manager.resolve(repository, reference("trunk"))
            assert (manager.tree(repository, commit) / "observe.py").is_file()
        finally:
            serving.kill()
