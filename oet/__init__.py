"""What runs inside and around script processes: standard library only, Python 3.9 or later, no Django.

For script authors
    `StopRequested` (raised in a script that is asked to stop), `publish` and `subscribe` (messages), module `inside`.

A script process, from its birth to its end
    `launcher`      the program: arguments, lock, launcher.json
    `launching`     its loop: takes requests, forks, reaps, kills
    `children`      one worker as the launcher sees it: pipes, output file, exit.json
    `reactor`       epoll, timers and signals for the launcher
    `connections`   JSON lines over the launcher's socket
    `newborns`      processes forked in advance, which wait to be told which script they are
    `birth`         what a forked process does before it is a ScriptWorker
    `worker`        the ScriptWorker: loads the script and calls its functions
    `control`       the socket on which a worker takes instructions
    `stopping`      how STOP becomes an exception in the script, and nowhere else
    `ending`        the end of a worker, like that of any Python program

What both sides read and write (see docs/run-directory.md)
    `rundir`        names of files, spec.json, exit.json
    `journal`       the worker's records
    `output`        what the script printed
    `doorbell`      the bells
    `sockets`       Unix sockets with paths of any length

Pieces
    `modules`       loading a script as a module
    `functions`     describing its functions, arguments and results
    `failures`      describing exceptions
    `processes`     what /proc knows; signals that cannot hit the wrong process
    `treekill`      killing a whole tree of processes, for certain
    `kernel`        prctl
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from queue import SimpleQueue

__version__ = "0.1.0"


class StopRequested(BaseException):
    """Raised in the main thread of a script that is asked to stop.

    A BaseException, so that `except Exception` lets it pass. Use `finally`, or catch it to tidy up and raise it again.
    """


def publish(topic: str, payload: Any = None) -> bool:
    """Publish a message (`payload`: JSON) on OET's event log; False outside of OET, or where it had to be dropped."""
    from oet import inside

    return inside.publish(topic, payload)


def subscribe(topic: str) -> SimpleQueue[Any]:
    """A queue that gets the payload of every message sent to this script under `topic` from now on."""
    from oet import inside

    return inside.subscribe(topic)
