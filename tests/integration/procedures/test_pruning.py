from datetime import UTC, datetime, timedelta

import pytest

from procedures import pruning
from procedures.models import Event
from procedures.pruning import prune_events
from procedures.tasks import prune_events as periodic_task

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def add_events(*ages_days: float) -> list[int]:
    return [Event.objects.create(at=NOW - timedelta(days=age), topic="test").pk for age in ages_days]


def test_events_before_the_day_go_and_the_others_stay() -> None:
    _, _, kept, newest = add_events(40, 31, 29, 0)
    assert prune_events(NOW - timedelta(days=30), batches=10) == 2
    assert list(Event.objects.values_list("pk", flat=True)) == [kept, newest]


def test_the_newest_event_stays_however_old_it_is() -> None:
    *_, newest = add_events(40, 39, 38)
    assert prune_events(NOW, batches=10) == 2
    assert list(Event.objects.values_list("pk", flat=True)) == [newest]


def test_no_run_deletes_more_than_its_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    add_events(*range(50, 40, -1))
    assert prune_events(NOW, batches=2) == 4
    assert prune_events(NOW, batches=10) == 5


def test_an_empty_log_is_no_fault() -> None:
    assert prune_events(NOW, batches=10) == 0


def test_the_periodic_task_forgets_what_is_older_than_the_setting() -> None:
    old = Event.objects.create(at=datetime.now(UTC) - timedelta(days=31), topic="test")
    Event.objects.create(at=datetime.now(UTC), topic="test")
    periodic_task()
    assert not Event.objects.filter(pk=old.pk).exists()
