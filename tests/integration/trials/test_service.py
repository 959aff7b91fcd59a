"""What is asked for about trials while somebody else moves them."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from tests.integration.trials.night import Night
from tests.waiting import wait_until
from trials.models import Task, Trial

TASK = "{max_trials: 1, aggregate_state: satisfy-last, scripts: {a: exit 0}}"


def elsewhere(work: Callable[[], Any]) -> Thread:
    """Do it on another connection, as another process would."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.both_databases
def test_a_retry_counts_with_what_has_become_of_the_task_meanwhile(night: Night) -> None:
    task = night.submit(TASK)
    has_passed = False

    def passes() -> None:
        Trial.objects.filter(task=task).update(state="passed")
        Task.objects.filter(pk=task.pk).update(state="passed")

    def after_the_first(execute: Callable[..., Any], sql: str, *others: Any) -> Any:
        nonlocal has_passed
        result = execute(sql, *others)
        if not has_passed and "trials_task" in sql and not connection.in_atomic_block:
            has_passed = True
            elsewhere(passes).join()
        return result

    with connection.execute_wrapper(after_the_first):
        night.service.retry(task.pk)
    assert has_passed
    task.refresh_from_db()
    assert (task.state, Trial.objects.filter(task=task).count()) == ("pending", 2)


@pytest.mark.postgres
def test_an_abort_of_a_task_waits_for_its_trials_before_it_holds_the_task(night: Night) -> None:
    task = night.submit(TASK)

    def is_waited() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    with transaction.atomic():  # as a manager in whose transaction the trial ends
        Trial.objects.select_for_update().get(task=task)
        abort = elsewhere(lambda: night.service.abort_task(task.pk))
        wait_until(is_waited, what="the abort to wait", timeout_s=30)
        Task.objects.select_for_update(nowait=True).get(pk=task.pk)
    abort.join()
    task.refresh_from_db()
    assert task.state == "aborted"
