"""The leash on which `up` holds its processes: they end when it ends, however it ends."""

import os
import signal

from oet.kernel import die_with_parent

PARENT_VARIABLE = "OET_UP_PID"
"""Tells a process that this pid holds it; taken out of its environment, so that what it starts is not held."""


def put_on() -> None:
    """Ask the kernel for SIGTERM when the `up` that started us is gone; does nothing where nobody holds us."""
    if parent := os.environ.pop(PARENT_VARIABLE, ""):
        die_with_parent(int(parent), signal.SIGTERM)
