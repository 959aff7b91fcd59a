"""Whoever is killed in the middle of a build: the environment becomes READY in the end, and nobody ever meets a half-built one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from environments import uses
from environments.installing import MARK
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.tidying import tidy
from oet.processes import processes_marked
from tests.integration.environments.stalling import Stall
from tests.repositories import GitRepository
from tests.waiting import wait_until

Request = Callable[..., Environment]

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def builder_process(environment: Environment, variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    module = "tests.integration.environments.build_one"
    builder = subprocess.Popen([sys.executable, "-m", module, str(environment.pk)], env=variables)
    try:
        yield builder
    finally:
        builder.kill()
        builder.wait(30)


def lease_runs_out() -> None:
    """What fifteen seconds of silence do."""
    Environment.objects.update(lease_until=datetime(2020, 1, 1, tzinfo=UTC))


def token_of(environment: Environment) -> str:
    return Environment.objects.get(pk=environment.pk).builder


@pytest.mark.both_databases
def test_a_builder_that_is_killed_takes_all_its_processes_along_and_is_replaced(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    environment = requested(stall.repository)
    with builder_process(environment, builder_environment) as builder:
        stall.wait_for_builds()
        token = token_of(environment)
        assert manager.places.environment(token).exists()
        builder.send_signal(signal.SIGKILL)
        builder.wait(10)
        wait_until(lambda: not processes_marked(MARK, token), what="the end of uv and of what it had started")
    assert manager.get(environment.pk).state == "BUILDING"
    Environment.objects.update(sent_at=None)
    assert manager.nudge() == 1  # although the lease has not run out
    stall.go_on()
    with builder_process(environment, builder_environment) as successor:
        assert successor.wait(60) == 0
    after = manager.get(environment.pk)
    assert (after.state, after.build) == ("READY", 2)
    assert not manager.places.environment(token).exists()
    assert not (manager.places.scratch / token).exists()
    assert manager.python_of(after).exists()


def test_a_builder_that_hangs_is_replaced_and_what_it_does_later_counts_for_nothing(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    environment = requested(stall.repository)
    with builder_process(environment, builder_environment) as hanging:
        stall.wait_for_builds()
        token = token_of(environment)
        hanging.send_signal(signal.SIGSTOP)
        lease_runs_out()
        stall.go_on()
        with builder_process(environment, builder_environment) as successor:
            assert successor.wait(60) == 0
        assert not processes_marked(MARK, token)
        hanging.send_signal(signal.SIGCONT)
        hanging.wait(60)
    after = manager.get(environment.pk)
    assert after.state == "READY"
    assert after.folder != token
    assert not manager.places.environment(token).exists()


@pytest.mark.parametrize("victim", ["uv", "backend"])
def test_a_program_of_the_build_that_is_killed_does_not_end_it(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str], victim: str
) -> None:
    environment = requested(stall.repository)
    with builder_process(environment, builder_environment) as builder:
        backend, uv = stall.wait_for_builds()[0]
        os.kill(uv if victim == "uv" else backend, signal.SIGKILL)
        assert builder.wait(60) == 0
    if victim == "backend":  # uv itself then says that the build failed, and the log why
        assert manager.get(environment.pk).state == "FAILED"
        assert "signal: 9" in manager.get(environment.pk).reason
        return
    assert manager.get(environment.pk).state == "REQUESTED"
    stall.go_on()
    with builder_process(environment, builder_environment) as builder:
        assert builder.wait(60) == 0
    assert manager.get(environment.pk).state == "READY"


def test_a_build_ends_when_nobody_waits_for_it_any_more(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    environment = requested(stall.repository)
    with builder_process(environment, builder_environment) as builder:
        stall.wait_for_builds()
        token = token_of(environment)
        uses.release("procedure:1")
        assert builder.wait(60) == 0
    assert manager.get(environment.pk).state == "EVICTED"
    assert not processes_marked(MARK, token)
    assert not manager.places.environment(token).exists()


def test_two_commits_are_built_in_parallel_and_a_doubled_message_does_no_harm(
    manager: EnvironmentManager, stall: Stall, requested: Request, builder_environment: dict[str, str]
) -> None:
    first = requested(stall.repository)
    stall.repository.commit()
    second = requested(stall.repository, "procedure:2")
    with builder_process(first, builder_environment) as one, builder_process(second, builder_environment) as two:
        stall.wait_for_builds(2)
        with builder_process(first, builder_environment) as doubled:
            assert doubled.wait(60) == 0
        stall.go_on()
        assert (one.wait(60), two.wait(60)) == (0, 0)
    assert {manager.get(e.pk).state for e in (first, second)} == {"READY"}
    assert {manager.get(e.pk).build for e in (first, second)} == {1}


def test_a_git_that_is_killed_while_it_writes_leaves_nothing_that_stops_the_next(
    manager: EnvironmentManager, remote: GitRepository
) -> None:
    manager.source(remote.url)
    repository = manager.git.repository(remote.url)
    mirror = manager.git.mirror_path(repository)
    newer = remote.commit()
    for name in ("packed-refs.lock", "HEAD.lock", "config.lock", "refs/heads/trunk.lock", "objects/pack/tmp_pack_abc"):
        (mirror / name).touch()
    half = manager.git.trees_of(repository) / f".new-{newer}-dead"
    half.mkdir()
    (half / "observe.py").write_text("half")
    assert (manager.source(remote.url).folder / "observe.py").read_text().startswith("def main")
    assert not half.exists()
    assert not list(mirror.rglob("*.lock"))


def test_a_mirror_that_was_begun_and_not_finished_is_made_anew(
    manager: EnvironmentManager, remote: GitRepository
) -> None:
    repository = manager.git.repository(remote.url)
    begun = manager.git.mirror_path(repository).with_suffix(".new")
    begun.mkdir(parents=True)
    (begun / "HEAD").write_text("nonsense")
    assert manager.source(remote.url).commit == remote.head()


def test_what_the_dead_left_is_swept_away_and_what_lives_stays(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    manager.builder().build(environment.pk)
    ready = manager.get(environment.pk)
    for folder in (manager.places.environment("77.dead"), manager.places.scratch / "78.dead"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    assert tidy(manager, keep=10, min_free_bytes=0).remains == 2
    assert not manager.places.environment("77.dead").exists()
    assert manager.python_of(ready).exists()
    assert Path(manager.installing.cache).exists()
