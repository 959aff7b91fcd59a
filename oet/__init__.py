"""What runs inside and around script processes: standard library only, Python 3.9 or later, no Django.

For script authors
    `context`, `publish`, `subscribe`, `wait_for`, `progress`, `status`, `checkpoint`, `ask`, `attach`, `StopRequested`: `speaking`
    `harness`       scripts made of actions
    `run`           running a script without OET: `python -m oet.run my_script.py`
    `testing`       running its functions in a test, and looking at what it says

What a script says and hears
    `conversation`  all of it, for one script, wherever it runs; `terminal` where that is no OET
    `messages`      events that a script hears; `questions`, `attachments`, `script_context` likewise
    `inside`        where this code runs
    `log_tap`       Python's logging, `pubsub_bridge` PyPubSub
    `pacing`, `thinning`    bounds against floods; `shielding`: what no stop may tear apart

A script process, from its birth to its end
    `launcher`      the program: arguments, lock, launcher.json
    `launching`     its loop: takes requests, forks, reaps, kills
    `children`      one worker as the launcher sees it: pipes, output file, exit.json
    `reactor`       epoll, timers and signals for the launcher
    `connections`   JSON lines over the launcher's socket
    `newborns`      processes forked in advance, which wait to be told which script they are
    `birth`         what a forked process does before it is a ScriptWorker
    `worker`        the ScriptWorker: loads the script and calls its functions
    `instructions`  what it is told meanwhile, over its `control` socket
    `diary`         what it writes into its journal
    `stopping`      how STOP becomes an exception in the script, and nowhere else
    `looking`       what it does now, for whoever asks
    `shell`         scripts that are no Python
    `ending`        the end of a worker, like that of any Python program

What both sides read and write (see docs/run-directory.md)
    `rundir`        names of files, spec.json, exit.json
    `journal`       the worker's records
    `output`        what the script printed
    `doorbell`      the bells
    `sockets`       Unix sockets with paths of any length

Pieces
    `modules`       loading a script as a module
    `functions`     describing its functions, arguments and results; `calling` them
    `failures`      describing exceptions; `frames` the code where they were raised, `variables` what was in it
    `processes`     what /proc knows; signals that cannot hit the wrong process; `belonging` whose they are
    `treekill`      killing a whole tree of processes, for certain
    `emergency`     killing every script of a machine, with nothing but Python
    `kernel`        prctl
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"


class StopRequested(BaseException):
    """Raised in the main thread of a script that is asked to stop.

    A BaseException, so that `except Exception` lets it pass. Use `finally`, or catch it to tidy up and raise it again.
    """


# These modules need the class above.
from oet.messages import Message, NoMessage, Subscription
from oet.questions import NoAnswer
from oet.speaking import ask, attach, checkpoint, progress, publish, status, subscribe, wait_for

if TYPE_CHECKING:
    from oet.script_context import ScriptContext

context: ScriptContext
"""Which procedure this is, for whom, and what the operators have decided (`oet.context.overrides["wait_for_qa_ready"]`)."""

__all__ = [
    "Message",
    "NoAnswer",
    "NoMessage",
    "StopRequested",
    "Subscription",
    "ask",
    "attach",
    "checkpoint",
    "context",
    "progress",
    "publish",
    "status",
    "subscribe",
    "wait_for",
]


def __getattr__(name: str) -> Any:
    """`oet.context`, looked up when it is asked for."""
    if name == "context":
        from oet import inside

        return inside.conversation().context
    raise AttributeError(f"module 'oet' has no attribute {name!r}")
