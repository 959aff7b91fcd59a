import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.tidying import TREE_GRACE_S, tidy
from tests.repositories import GitRepository

Request = Callable[..., Environment]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

PLENTY = 1 << 60


@pytest.fixture
def three(manager: EnvironmentManager, remote: GitRepository, requested: Request) -> list[Environment]:
    """Three environments that are READY and idle, the oldest first."""
    made = []
    for number in range(3):
        commit = remote.commit()
        environment = requested(remote, "procedure:1", commit)
        manager.builder().build(environment.pk)
        manager.release("procedure:1")
        used = datetime.now(UTC) - timedelta(days=10 - number)
        Environment.objects.filter(pk=environment.pk).update(last_used_at=used)
        made.append(manager.get(environment.pk))
    return made


def states() -> list[str]:
    return list(Environment.objects.order_by("pk").values_list("state", flat=True))


def age_trees(manager: EnvironmentManager) -> None:
    for tree in manager.git.trees():
        os.utime(tree, (0, os.stat(tree).st_mtime - TREE_GRACE_S - 60))  # noqa: PTH116


def test_the_least_recently_used_go_with_their_files(manager: EnvironmentManager, three: list[Environment]) -> None:
    assert tidy(manager, keep=1, min_free_bytes=0).environments == [three[0].pk, three[1].pk]
    assert states() == ["EVICTED", "EVICTED", "READY"]
    assert [manager.places.environment(e.folder).exists() for e in three] == [False, False, True]


def test_those_in_use_and_pinned_stay_even_where_the_disk_is_short(
    manager: EnvironmentManager, three: list[Environment], requested: Request, remote: GitRepository
) -> None:
    requested(remote, "procedure:9", three[0].commit)
    manager.pin(three[1].pk, is_pinned=True)
    tidy(manager, keep=10, min_free_bytes=PLENTY)
    assert states() == ["READY", "READY", "EVICTED"]
    assert "disk" in manager.get(three[2].pk).reason


def test_trees_go_when_nobody_needs_them(
    manager: EnvironmentManager, three: list[Environment], remote: GitRepository
) -> None:
    held = manager.source(remote.url, commit=remote.commit())
    manager.hold(held, "procedure:5")
    idle = manager.source(remote.url, commit=remote.commit())
    assert tidy(manager, keep=0, min_free_bytes=0).trees == 0
    age_trees(manager)
    assert tidy(manager, keep=1, min_free_bytes=0).trees == 3
    assert {tree.name for tree in manager.git.trees()} == {held.commit, idle.commit}
    assert len(three) == 3


def test_a_tree_that_somebody_asks_for_while_it_is_tidied_away_stays(
    manager: EnvironmentManager, remote: GitRepository
) -> None:
    source = manager.source(remote.url)
    age_trees(manager)
    before = time.time() - TREE_GRACE_S
    again = manager.source_at_hand(remote.url, commit=source.commit)
    assert again == source
    assert not manager.git.remove_tree(source.folder, asked_before=before)
    assert (source.folder / "observe.py").is_file()
    assert manager.git.remove_tree(source.folder, asked_before=time.time() + 1)
    assert manager.source_at_hand(remote.url, commit=source.commit) is None
