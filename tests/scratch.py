"""Where a run of tests writes: in memory where there is plenty, for it throws away all of it, and waits for disks take most of its time.

What must survive a power cut is nothing that a test can see; what must survive a kill survives it in memory, too.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 6 * 1024**3


def use_memory() -> None:
    """Make temporary folders of this process and its children in memory, unless TMPDIR says where else."""
    if "TMPDIR" in os.environ or not _is_fit(MEMORY):
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def is_in_memory(folder: str) -> bool:
    """Whether what is written there takes memory until it is removed."""
    return Path(folder).is_relative_to(MEMORY)


def _is_fit(folder: Path) -> bool:
    """Whether there is room in it for all that tests write, and programs may be run there."""
    try:
        may_run = not os.statvfs(folder).f_flag & os.ST_NOEXEC
        return may_run and os.access(folder, os.W_OK) and min(shutil.disk_usage(folder).free, _free()) > ENOUGH_BYTES
    except OSError:
        return False


def _free() -> int:
    """Bytes of memory that may be had without swapping."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
