"""The one place where the harness touches the OET that may run it; outside of OET it is all neutral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from oet import inside

if TYPE_CHECKING:
    from types import ModuleType

    from oet.stopping import StopGuard


def is_inside() -> bool:
    """Whether this process is a ScriptWorker; child processes of a script are not."""
    return inside.current() is not None


def script_module() -> ModuleType | None:
    """The script's own module, also while it is being loaded; None outside."""
    return inside.script_module()


def publisher() -> Callable[[str, Any], bool] | None:
    """What journals an event under a topic; None outside."""
    return inside.publish if is_inside() else None


def stop_guard() -> StopGuard | None:
    """What decides when a stop is raised in the main thread: inside, and where `oet.run` runs the script; else None."""
    return inside.stop_guard()
