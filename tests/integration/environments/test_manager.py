import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from environments import hooks, uses
from environments.builds import LeaseLost, claim, neglected
from environments.domain.errors import EnvironmentInUse, NoSuchEnvironment, RepositoryRefused
from environments.domain.states import EnvironmentState
from environments.hooks import Change
from environments.manager import EnvironmentManager
from environments.models import Environment, Use
from environments.selectors import environments, is_unanswered
from environments.transitions import move
from tests.repositories import GitRepository

Request = Callable[..., Environment]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def made_ready(environment: Environment, manager: EnvironmentManager) -> None:
    lease = claim(environment.pk)
    assert lease is not None
    python = manager.places.environment(lease.token) / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    lease.finish(packages=[], size_bytes=10)


def state_of(environment: Environment) -> str:
    return Environment.objects.get(pk=environment.pk).state


def test_a_request_makes_an_environment_and_tells_builders_and_listeners(
    remote: GitRepository, requested: Request, sent: list[int], changes: list[Change]
) -> None:
    environment = requested(remote)
    assert (environment.state, environment.commit, environment.requested_by) == ("REQUESTED", remote.head(), "anna")
    assert environment.repository == f"file://{remote.path}"
    assert sent == [environment.pk]
    assert [(c.previous, c.state, c.holders) for c in changes] == [(None, EnvironmentState.REQUESTED, ("procedure:1",))]


def test_twenty_requests_at_once_share_one_environment(
    remote: GitRepository, requested: Request, sent: list[int]
) -> None:
    barrier = Barrier(20)

    def request(number: int) -> int:
        barrier.wait(60)
        try:
            return requested(remote, f"procedure:{number}").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(request, range(20)))
    assert len(ids) == 1
    assert sent == list(ids)
    assert Use.objects.count() == 20


def test_of_twenty_builders_one_gets_the_lease(remote: GitRepository, requested: Request) -> None:
    environment = requested(remote)
    barrier = Barrier(20)

    def take(_: int) -> bool:
        barrier.wait(60)
        try:
            return claim(environment.pk) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(take, range(20))) == 1


def test_another_commit_is_another_environment(remote: GitRepository, requested: Request) -> None:
    first = requested(remote)
    remote.commit()
    assert requested(remote, "procedure:2").pk != first.pk


def test_a_ready_environment_is_given_at_once(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, sent: list[int]
) -> None:
    environment = requested(remote)
    made_ready(environment, manager)
    again = requested(remote, "procedure:2")
    assert (again.pk, again.state, sent) == (environment.pk, "READY", [environment.pk])
    assert manager.python_of(again).name == "python"


def test_a_listener_that_raises_undoes_the_change(remote: GitRepository, requested: Request) -> None:
    def refuse(_change: Change) -> None:
        raise ZeroDivisionError

    hooks.on_change(refuse)
    try:
        with pytest.raises(ZeroDivisionError):
            requested(remote)
    finally:
        hooks.forget(refuse)
    assert not Environment.objects.exists()


def test_a_build_that_nobody_waits_for_any_more_is_given_up(
    remote: GitRepository, requested: Request, changes: list[Change]
) -> None:
    environment = requested(remote)
    requested(remote, "procedure:2")
    lease = claim(environment.pk)
    assert lease is not None
    uses.release("procedure:1")
    lease.renew()
    uses.release("procedure:2")
    assert state_of(environment) == "EVICTED"
    assert changes[-1].reason == uses.NOBODY_WAITS
    with pytest.raises(LeaseLost):
        lease.renew()
    with pytest.raises(LeaseLost):
        lease.finish(packages=[], size_bytes=1)
    assert state_of(environment) == "EVICTED"


def test_after_it_was_given_up_the_next_request_builds_anew_and_the_old_builder_cannot_interfere(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    old = claim(environment.pk)
    uses.release("procedure:1")
    requested(remote, "procedure:2")
    new = claim(environment.pk)
    assert old is not None
    assert new is not None
    with pytest.raises(LeaseLost):
        old.fail("too late")
    new.finish(packages=[], size_bytes=1)
    assert Environment.objects.get(pk=environment.pk).folder == new.token


def test_a_lease_that_ran_out_is_taken_over_and_the_former_builder_is_named(
    remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    dead = claim(environment.pk)
    assert dead is not None
    assert claim(environment.pk) is None
    Environment.objects.update(lease_until=dead.environment.started_at, sent_at=None)
    assert list(neglected("test-node")) == [environment]
    successor = claim(environment.pk)
    assert successor is not None
    assert successor.former == dead.token
    with pytest.raises(LeaseLost):
        dead.finish(packages=[], size_bytes=1)


def test_an_environment_whose_builders_die_again_and_again_fails(remote: GitRepository, requested: Request) -> None:
    environment = requested(remote)
    for _ in range(3):
        lease = claim(environment.pk)
        assert lease is not None
        Environment.objects.update(lease_until=lease.environment.started_at)
    assert claim(environment.pk) is None
    failed = Environment.objects.get(pk=environment.pk)
    assert failed.state == "FAILED"
    assert "3 builders died" in failed.reason


def test_a_message_that_got_lost_is_sent_again(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, sent: list[int]
) -> None:
    environment = requested(remote)
    assert manager.nudge() == 0
    Environment.objects.update(
        sent_at=environment.requested_at.replace(year=2020), state_at=environment.requested_at.replace(year=2020)
    )
    assert is_unanswered(Environment.objects.get())
    assert manager.nudge() == 1
    assert sent == [environment.pk] * 2
    assert manager.nudge() == 0
    assert manager.nudge(at_once=True) == 1


def test_nobody_takes_away_what_is_in_use(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    made_ready(environment, manager)
    with pytest.raises(EnvironmentInUse, match="procedure:1"):
        manager.evict(environment.pk, "why not")
    with pytest.raises(EnvironmentInUse, match="procedure:1"):
        manager.rebuild(environment.pk)
    manager.release("procedure:1")
    assert manager.evict(environment.pk, "why not").state == "EVICTED"
    assert requested(remote).state == "REQUESTED"


def test_an_engineer_has_it_built_anew(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, sent: list[int]
) -> None:
    environment = requested(remote)
    made_ready(environment, manager)
    manager.release("procedure:1")
    assert manager.rebuild(environment.pk, "eve").requested_by == "eve"
    assert sent == [environment.pk] * 2
    made_ready(environment, manager)
    assert not Use.objects.exists()


def test_what_is_built_ahead_is_held_until_it_is_built(manager: EnvironmentManager, remote: GitRepository) -> None:
    environment = manager.build_ahead(remote.url, who="eve")
    assert Use.objects.get().is_until_built
    made_ready(environment, manager)
    assert not Use.objects.exists()
    assert manager.build_ahead(remote.url, who="eve").state == "READY"
    assert not Use.objects.exists()


def test_holders_that_were_forgotten_are_released(remote: GitRepository, requested: Request) -> None:
    environment = requested(remote)
    requested(remote, "procedure:2")
    assert uses.release_others("procedure:", ["procedure:2"]) == ["procedure:1"]
    assert state_of(environment) == "REQUESTED"
    assert uses.release_others("procedure:", []) == ["procedure:2"]
    assert state_of(environment) == "EVICTED"


def test_a_holder_that_changes_its_mind_holds_only_the_latest(remote: GitRepository, requested: Request) -> None:
    first = requested(remote)
    remote.commit()
    second = requested(remote)
    assert state_of(first) == "EVICTED"
    assert Use.objects.get().environment == second


def test_a_release_is_undone_with_the_transaction_it_is_part_of(remote: GitRepository, requested: Request) -> None:
    environment = requested(remote)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        uses.release("procedure:1")
        raise ZeroDivisionError
    assert state_of(environment) == "REQUESTED"
    assert Use.objects.exists()


def test_a_ready_environment_is_taken_at_once_and_then_nobody_takes_it_away(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    source = manager.source(remote.url)
    assert manager.take_ready(source, holder="procedure:2") is None
    made_ready(environment, manager)
    manager.release("procedure:1")
    taken = manager.take_ready(source, holder="procedure:2")
    assert taken == environment
    assert manager.take_ready(source, holder="procedure:2") == environment  # whoever asks again holds it once
    with pytest.raises(EnvironmentInUse, match="procedure:2"):
        manager.evict(environment.pk, "why not")
    manager.release("procedure:2")
    manager.evict(environment.pk, "why not")
    assert manager.take_ready(source, holder="procedure:3") is None
    assert not Use.objects.exists()


def test_the_branch_it_was_asked_by_is_kept_when_its_commit_is_named_alone(
    manager: EnvironmentManager, remote: GitRepository
) -> None:
    environment = manager.request(manager.source(remote.url, branch="trunk"), holder="procedure:1")
    exact = manager.source(remote.url, commit=remote.head())
    assert manager.request(exact, holder="procedure:2").branch == "trunk"
    made_ready(environment, manager)
    assert manager.take_ready(exact, holder="procedure:3") == environment
    assert manager.get(environment.pk).branch == "trunk"


def test_what_is_not_so_easy_is_not_taken_at_once(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    source = manager.source(remote.url)
    made_ready(environment, manager)
    ready = manager.get(environment.pk)
    hold = partial(uses.hold_at_once, repository=source.repository.url, commit=source.commit, node=manager.node)
    assert not hold("procedure:1")  # it holds an environment
    assert manager.hold_at_once(source, holder="procedure:2")
    assert manager.take_ready(source, holder="procedure:2") is None  # it holds files
    stale = Environment(pk=ready.pk, folder="another")
    assert not hold("procedure:3", environment=stale)
    python = manager.python_of(ready)
    python.unlink()
    assert manager.take_ready(source, holder="procedure:3") is None
    assert sorted(Use.objects.values_list("holder", flat=True)) == ["procedure:1", "procedure:2"]


def test_nobody_holds_what_is_evicted_however_close_they_come(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = requested(remote)
    source = manager.source(remote.url)
    meeting = Barrier(2)

    def evict() -> bool:
        meeting.wait(60)
        try:
            return manager.evict(environment.pk, "why not").state == "EVICTED"
        except EnvironmentInUse:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        for number in range(8):
            if state_of(environment) == "EVICTED":
                requested(remote)
            made_ready(environment, manager)
            manager.release("procedure:1")
            evicting = pool.submit(evict)
            meeting.wait(60)
            with transaction.atomic():
                taken = manager.take_ready(source, holder=f"procedure:{number}")
            assert (taken is None) == evicting.result(60)
            assert state_of(environment) == ("EVICTED" if taken is None else "READY")
            manager.release(f"procedure:{number}")
            if taken is not None:
                manager.evict(environment.pk, "the round is over")


def test_moves_that_are_not_in_the_table_change_nothing(remote: GitRepository, requested: Request) -> None:
    environment = requested(remote)
    with pytest.raises(Exception, match="REQUESTED; READY cannot follow"):
        move(environment.pk, EnvironmentState.READY, folder="x")
    assert state_of(environment) == "REQUESTED"
    with pytest.raises(NoSuchEnvironment):
        move(0, EnvironmentState.FAILED)


def test_the_list_counts_users_in_one_query(
    remote: GitRepository, requested: Request, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    requested(remote)
    requested(remote, "procedure:2")
    with django_assert_num_queries(1):
        assert [row.users for row in environments()] == [2]  # type: ignore[attr-defined]


def test_a_repository_that_is_allowed_no_longer_is_refused_also_for_commits_that_are_there(
    manager: EnvironmentManager, remote: GitRepository
) -> None:
    source = manager.source(remote.url)
    strict = dataclasses.replace(manager, git=dataclasses.replace(manager.git, allow=""))
    with pytest.raises(RepositoryRefused):
        strict.source(remote.url, commit=source.commit)


def test_settings_of_the_site_reach_the_builder(tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    site = settings.OET.model_copy(
        update={
            "env_index_url": "https://packages.example.org/simple https://more.example.org/simple",
            "env_constraints": constraints,
            "env_system_site_packages": True,
            "env_timeout": 77.0,
            "env_pythons": "/opt/python*",
        }
    )
    manager = EnvironmentManager.from_settings(site)
    assert manager.installing.index_urls == ("https://packages.example.org/simple", "https://more.example.org/simple")
    assert (manager.installing.constraints, manager.installing.system_site_packages) == (constraints, True)
    assert (manager.builder().timeout_s, manager.pythons) == (77.0, "/opt/python*")
