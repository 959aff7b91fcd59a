"""Where this code runs: in a ScriptWorker ("inside"), in a child process of a script (not inside), or outside of OET."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Callable

from oet import rundir

if TYPE_CHECKING:
    from types import ModuleType

    from oet.conversation import Conversation
    from oet.stopping import StopGuard


class Inside:
    """The worker as the script sees it."""

    def __init__(
        self,
        procedure: int,
        publish: Callable[[str, Any], bool],
        guard: StopGuard | None = None,
        conversation: Conversation | None = None,
    ) -> None:
        self.procedure = procedure
        self.guard = guard
        self.conversation = conversation
        self.module_name = ""
        self.publish = publish
        """Journals an event at once, however many there are: for what is thinned out before."""
        self._pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """False in a process that the script forked."""
        return os.getpid() == self._pid


_current: Inside | None = None
_stand_in: tuple[int, Conversation, StopGuard | None] | None = None


def enter(inside: Inside) -> None:
    """Declare this process a ScriptWorker."""
    global _current
    _current = inside


def use(conversation: Conversation | None, guard: StopGuard | None = None) -> None:
    """Let scripts in this process, which is no ScriptWorker, talk to this one (None: to nobody in particular), and be stopped so."""
    global _stand_in
    _stand_in = None if conversation is None else (os.getpid(), conversation, guard)


def current() -> Inside | None:
    """The worker this code runs in; None outside of OET and in child processes of a script."""
    return _current if _current is not None and _current.is_here else None


def conversation() -> Conversation:
    """What the functions of `oet` talk to: OET itself, the terminal, a test, or in a script's child processes nobody."""
    here = current()
    if here is not None and here.conversation is not None:
        return here.conversation
    if _stand_in is None or _stand_in[0] != os.getpid():
        from oet import terminal

        is_child = _current is not None or _stand_in is not None or rundir.PROCEDURE_MARK in os.environ
        use(terminal.silent(_inherited()) if is_child else terminal.talking())
    assert _stand_in is not None
    return _stand_in[1]


def stop_guard() -> StopGuard | None:
    """What decides when a stop is raised in the main thread; None where nobody stops this process."""
    here = current()
    if here is not None:
        return here.guard
    return _stand_in[2] if _stand_in is not None and _stand_in[0] == os.getpid() else None


def procedure_id() -> int | None:
    """The id of the Procedure this script is; None outside."""
    here = current()
    return here.procedure if here else None


def script_module() -> ModuleType | None:
    """The module of the script, also while it is being imported; None outside."""
    here = current()
    return sys.modules.get(here.module_name) if here else None


def publish(topic: str, payload: Any = None) -> bool:
    """Journal an event of the harness; False outside, or where it was dropped (too large, disk full)."""
    here = current()
    return here.publish(topic, payload) if here else False


def _inherited() -> Any:
    """The context of the script that forked this process, as it was then."""
    if _current is not None and _current.conversation is not None:
        return _current.conversation.context
    return _stand_in[1].context if _stand_in is not None else None
