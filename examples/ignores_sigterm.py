"""A script that will not go: it ignores SIGTERM and SIGINT, and leaves a child behind that does so too.

Stop it and see that nothing of it is left: when the grace period is over OET kills the whole tree of processes.
"""

import os
import signal
import subprocess
import sys
import time

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep({duration_s})"


def main(duration_s: float = 600.0) -> None:
    """Ignore polite requests for `duration_s` seconds; and when OET asks in its own way, go on all the same."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", STUBBORN.format(duration_s=duration_s)], start_new_session=True)
    print(f"I am {os.getpid()}, my child is {child.pid}, and we do not take orders.")
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        try:
            time.sleep(end - time.monotonic())
        except BaseException as request:  # noqa: BLE001 - never do this in earnest: it hides that somebody wants you to stop
            print(f"Ignored: {type(request).__name__}")
