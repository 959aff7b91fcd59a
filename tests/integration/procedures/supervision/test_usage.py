"""procedures.supervision.usage, on real processes."""

import os
import signal
import subprocess
import sys

from procedures.supervision.usage import UsageSampler
from tests.waiting import wait_until

PARENT = (
    "import subprocess, sys\nchild = subprocess.Popen(['sleep', '600'])\nprint('up', flush=True)\nwhile True: pass\n"
)


def test_a_tree_is_counted_with_its_processor_time_and_forgotten_when_it_is_gone() -> None:
    sampler = UsageSampler()
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as parent:
        try:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"up\n"
            first = sampler.sample({7: parent.pid})[7]
            assert (first.processes, first.cpu) == (2, None)
            assert first.memory_bytes > 1_000_000
            wait_until(lambda: (sampler.sample({7: parent.pid})[7].cpu or 0) > 0.01, what="processor time")
        finally:
            os.killpg(parent.pid, signal.SIGKILL)
    assert sampler.sample({7: parent.pid}) == {}
    assert sampler.sample({}) == {}
