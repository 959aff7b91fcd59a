"""What the processes of a running product hold: to see whether anything is left behind."""

from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.product import Product


def belongings(product: Product) -> dict[str, int]:
    """What the processes of the product hold."""
    processes = tree(product)
    return {
        "processes": len(processes),
        "file descriptors": sum(p.num_fds() for p in processes),
        "resident memory, MB": sum(p.memory_info().rss for p in processes) // 1_000_000,
        "run directories": len(list((product.home / "run" / "procedures").glob("*"))),
    }


def tree(product: Product) -> Sequence[psutil.Process]:
    """The processes whose OET_HOME is the product's: `up`, its children, launchers and their workers."""
    mine = str(Path(product.home))
    found = set(psutil.Process(product.process.pid).children(recursive=True)) | {psutil.Process(product.process.pid)}
    for process in psutil.process_iter():
        try:
            if mine in " ".join(process.cmdline()):
                found |= {process, *process.children(recursive=True)}
        except psutil.Error:
            continue
    return [process for process in found if process.is_running()]
