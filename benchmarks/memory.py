"""Resident memory: of each process when nothing runs, and of one prepared procedure more."""

import psutil

from benchmarks.belongings import tree
from benchmarks.figures import show
from benchmarks.running import running_product, script_json
from tests.product import Product

PREPARED = 50


def main(scale: float) -> None:
    """Print the table."""
    prepared = max(5, int(PREPARED * scale))
    with running_product() as product:
        _prepare(product, 1)  # so that the launcher is there
        idle = {p.pid: (_name(p), _unique(p)) for p in tree(product)}
        _prepare(product, prepared)
        after = {p.pid: _unique(p) for p in tree(product)}
        rows = [[name, f"{size / 1e6:.1f} MB"] for name, size in sorted(idle.values())]
        more = sum(after.values()) - sum(size for _, size in idle.values())
        rows.append([f"each of {prepared} prepared procedures", f"{more / prepared / 1e6:.2f} MB"])
    show("Memory that is a process's own (USS)", ["process", ""], rows)


def _prepare(product: Product, count: int) -> None:
    for _ in range(count):
        created = product.http.post("procedures/", json={"script": script_json(product)}).raise_for_status()
        product.wait_for_state(created.json()["id"], "READY")


def _unique(process: psutil.Process) -> int:
    try:
        size: int = process.memory_full_info().uss
    except psutil.Error:
        return 0
    return size


def _name(process: psutil.Process) -> str:
    line = process.cmdline()
    known = [
        word
        for word in ("daphne", "processmanager", "celery", "launcher.py", "up")
        if any(word in part for part in line)
    ]
    return known[0] if known else " ".join(line)[:40]
