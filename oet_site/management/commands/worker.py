"""`manage.py worker`: the Celery worker, with its clock in the same process."""

import os
import threading
import time
import warnings
from typing import Any

from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state
from django.conf import settings
from django.core.management import BaseCommand

from environments.queues import queue_of
from oet_site import worker_sign
from oet_site.celery import app

_LOOK_S = 0.05


class Command(BaseCommand):
    """Runs tasks in threads of this one process: idle, it costs next to nothing. What builds environments are programs of their own."""

    requires_system_checks: list[str] = []  # a fault in the pages must not keep environments from being built
    help = "Run the Celery worker of this machine, and the clock of the periodic tasks."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or SIGINT, then finish the task at hand."""
        warnings.simplefilter("ignore", SecurityWarning)  # of root; `up` has its own words for that
        clock = EmbeddedService(app, thread=True, schedule_filename=settings.CELERY_BEAT_SCHEDULE_FILENAME)
        worker_ready.connect(lambda **_: clock.start(), weak=False)
        worker_ready.connect(_give_signs_of_life, weak=False)
        worker_shutting_down.connect(_end_when_idle, weak=False)
        worker_shutting_down.connect(lambda **_: clock.stop(), weak=False)
        app.Worker(
            pool="threads",
            concurrency=settings.OET.env_builders,
            hostname=f"oet@{settings.OET.node}",
            queues=[
                settings.CELERY_TASK_DEFAULT_QUEUE,
                f"{settings.CELERY_TASK_DEFAULT_QUEUE}.{settings.OET.node}",
                queue_of(settings.OET.node),
            ],
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        ).start()


def _end_when_idle(**_: Any) -> None:
    """Celery's own end polls for seconds. A message that arrives at this very moment is sent again (environments.tasks)."""
    threading.Thread(target=_end_after_the_tasks, name="end when idle", daemon=True).start()


def _end_after_the_tasks() -> None:
    while state.active_requests or state.reserved_requests:
        time.sleep(_LOOK_S)
    os._exit(0)


def _give_signs_of_life(sender: Any, **_: Any) -> None:
    worker_sign.touch()
    sender.timer.call_repeatedly(worker_sign.EVERY_S, worker_sign.touch)
