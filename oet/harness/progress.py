"""How an action says how far it is."""

from __future__ import annotations

from typing import Any

from oet.harness.context import current_callee
from oet.harness.errors import ScriptHarnessException
from oet.harness.events import bounded_extra


def progress(fraction: float | None = None, message: str = "", **data: Any) -> None:
    """Say how far the running action is: `fraction` from 0 to 1 (or None), a message, further data (JSON, up to 4 KiB).

    It finds the action by itself and does nothing outside of an action's function. As cheap as it may be called in any loop.
    """
    callee = current_callee()
    if callee is None or not callee.is_reporting or callee.stream is None:
        return
    text = message if type(message) is str else str(message)
    callee.stream.progress(callee, _clipped(fraction), text, bounded_extra(data) if data else data)


def _clipped(fraction: Any) -> float | None:
    if fraction is None:
        return None
    try:
        value = float(fraction)
    except (TypeError, ValueError) as error:
        raise ScriptHarnessException(
            f"progress: {fraction!r} is no fraction; it is a number from 0 to 1, or None."
        ) from error
    if value != value:
        return None
    return 0.0 if value < 0 else min(value, 1.0)
