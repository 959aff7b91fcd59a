"""Real Celery workers on the embedded broker; `tests/acceptance/test_git.py` has them on one that speaks Redis, too."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from environments import tasks
from environments.installing import MARK
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.queues import queue_of
from oet.processes import processes_marked
from oet_site.configuration import PROJECT_DIR
from tests.integration.environments.stalling import Stall
from tests.repositories import GitRepository
from tests.waiting import wait_until

Request = Callable[..., Environment]

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def worker(variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """`manage.py worker`, killed at the end."""
    running = subprocess.Popen([sys.executable, str(PROJECT_DIR / "manage.py"), "worker"], env=variables)
    try:
        yield running
    finally:
        running.kill()
        running.wait(30)


def wait_for(state: str, *ids: int) -> None:
    def reached() -> bool:
        return Environment.objects.filter(pk__in=ids, state=state).count() == len(ids)

    wait_until(
        reached, what=f"environments {ids} to be {state}; now: {list(Environment.objects.values())}", timeout_s=90
    )


@pytest.mark.both_databases
def test_a_worker_that_starts_builds_what_waits_two_at_a_time(
    stall: Stall, requested: Request, builder_environment: dict[str, str], remote: GitRepository
) -> None:
    ids = [requested(stall.repository).pk]
    stall.repository.commit()
    ids.append(requested(stall.repository, "procedure:2").pk)
    with worker(builder_environment):
        stall.wait_for_builds(2)
        stall.go_on()
        wait_for("READY", *ids)


def test_a_worker_that_is_killed_is_replaced_by_the_next(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    environment = requested(stall.repository)
    with worker(builder_environment) as first:
        stall.wait_for_builds()
        token = manager.get(environment.pk).builder
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    wait_until(lambda: not processes_marked(MARK, token), what="the end of uv")
    stall.go_on()
    Environment.objects.update(
        lease_until=datetime.now(UTC) + timedelta(hours=1)
    )  # the lock alone tells that it is dead
    with worker(builder_environment):
        wait_for("READY", environment.pk)


def test_a_program_of_a_build_that_is_killed_is_tried_again_by_the_same_worker(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    environment = requested(stall.repository)
    with worker(builder_environment):
        _, uv = stall.wait_for_builds()[0]
        for process in processes_marked(MARK, manager.get(environment.pk).builder):
            if process.pid == uv:
                subprocess.run(["kill", "-9", str(uv)], check=True)
        stall.go_on()
        wait_for("READY", environment.pk)
    assert manager.get(environment.pk).build == 2


def test_a_message_reaches_a_worker_that_is_idle(
    requested: Request, remote: GitRepository, builder_environment: dict[str, str], tmp_path: Path
) -> None:
    first = requested(remote)
    with worker(builder_environment):
        wait_for("READY", first.pk)  # so it is up, and has looked for what waited
        remote.commit()
        second = requested(remote, "procedure:2")
        Environment.objects.filter(pk=second.pk).update(
            sent_at=datetime.now(UTC) + timedelta(hours=1)
        )  # no nudge shall help
        folder = {"folder": str(tmp_path / "home" / "celery")}
        with Connection("oetfiles://localhost", transport_options=folder) as connection:
            tasks.build.apply_async((second.pk,), queue=queue_of("test-node"), connection=connection)
            wait_for("READY", second.pk)


def test_a_message_goes_to_the_queue_of_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(tasks.build, "apply_async", lambda args, **how: sent.append((args, how["queue"])))
    tasks.send(7, "node-b")
    assert sent == [((7,), "env.node-b")]


def test_a_broker_that_is_away_is_no_error_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.build, "apply_async", refuse)
    tasks.send(7, settings.OET.node)
    assert "connection refused" in caplog.text


def test_a_server_that_does_not_answer_is_no_error_either(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = tasks.build.apply_async
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    with Connection(f"redis://127.0.0.1:{port}/0") as nowhere:
        monkeypatch.setattr(tasks.build, "apply_async", lambda args, **how: send(args, connection=nowhere, **how))
        tasks.send(7, settings.OET.node)
    assert "could not be sent" in caplog.text
