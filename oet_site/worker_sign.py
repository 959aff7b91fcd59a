"""The sign of life of this machine's Celery worker: a file that it touches, since a broker of files cannot be asked who listens."""

import logging
import time
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)

EVERY_S = 5.0
MISSED_AFTER_S = 4 * EVERY_S


def touch() -> None:
    """Say that the worker is at work; a disk that is full has other heralds."""
    try:
        _sign().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sign().touch(mode=0o600)
    except OSError as error:
        log.warning("the worker's sign of life could not be written: %s", error)


def age_s() -> float | None:
    """Seconds since the worker of this machine was last at work; None if it never was."""
    try:
        return max(0.0, time.time() - _sign().stat().st_mtime)
    except OSError:
        return None


def _sign() -> Path:
    home: Path = settings.OET.home
    return home / "celery" / "worker-is-at-work"
