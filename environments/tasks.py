"""Celery tasks: thin. A message that is lost or doubled does no harm; what is to be done stands in the database."""

import logging
from typing import Any, Final

from celery import signals
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError

from environments.manager import EnvironmentManager
from environments.queues import queue_of
from environments.tidying import tidy as tidy_up
from oet_site.celery import app

log = logging.getLogger(__name__)

_EXPIRES_S: Final = 300
"""A message that nobody took in this time is void: `nudge` has sent others."""


def send(environment_id: int, node: str) -> None:
    """Tell the builders of the node; if the broker is away `nudge` will tell them later."""
    try:
        build.apply_async((environment_id,), queue=queue_of(node), expires=_EXPIRES_S, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the message to build environment %s could not be sent: %s", environment_id, error)


@app.task(name="environments.build", acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def build(environment_id: int) -> None:
    """Build the environment, if it is to be built and nobody does it yet."""
    close_old_connections()
    manager = EnvironmentManager.from_settings()
    if manager.builder().build(environment_id):
        manager.nudge(at_once=True)


@app.task(name="environments.nudge", ignore_result=True)  # type: ignore[untyped-decorator]
def nudge() -> None:
    """Take up what was lost, and what dead builders left."""
    close_old_connections()
    EnvironmentManager.from_settings().nudge()


@app.task(name="environments.tidy", ignore_result=True)  # type: ignore[untyped-decorator]
def tidy() -> None:
    """Evict idle environments and remove what is left over."""
    close_old_connections()
    site = settings.OET
    tidied = tidy_up(EnvironmentManager.from_settings(), keep=site.env_keep, min_free_bytes=site.env_min_free)
    log.info("tidied: %s", tidied)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _take_up(**_: Any) -> None:
    """A worker that starts takes up what waits, without waiting for the next nudge."""
    try:
        EnvironmentManager.from_settings().nudge(at_once=True)
    except DatabaseError as error:
        log.warning("could not look for environments that wait to be built: %s", error)
