"""Inside the manager: from the commit of a command to the commit of READY, without REST; and taking over from one that was killed."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from benchmarks.figures import HEAD, Sample, bare_python, show
from benchmarks.running import running_product, script_json
from oet import processes
from tests.product import Product
from tests.waiting import wait_until

ROUNDS = 200
RESTARTS = 5
LIVE = 50
READY_LINE = "the process manager is ready: process "


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(5, int(ROUNDS * scale))
    with running_product() as product:
        _rounds(product, 5)
        baseline = bare_python(min(100, rounds))
        sample = _rounds(product, rounds)
        alone = _restarts(product, "a manager's start → it is ready, nothing lives")
        for _ in range(LIVE):
            created = product.http.post("procedures/", json={"script": script_json(product)}).raise_for_status()
            product.wait_for_state(created.json()["id"], "READY")
        taken_over = _restarts(product, f"the same, {LIVE} live procedures are taken over")
        rows = [baseline.row(), *(measured.row(baseline) for measured in (sample, alone, taken_over))]
        show("Inside the manager", HEAD, rows)


def _rounds(product: Product, rounds: int) -> Sample:
    from procedures.bells import Role, listen
    from procedures.models import Procedure

    sample = Sample("command committed → READY committed")
    bell = listen(Role.WEB)
    try:
        for _ in range(rounds):
            procedure_id = _commit_command(product)
            begin = time.perf_counter()
            state = Procedure.objects.filter(pk=procedure_id).values_list("state", flat=True)
            while state.get() != "READY":
                bell.wait(1)
            sample.seconds.append(time.perf_counter() - begin)
            product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"}).raise_for_status()
            product.wait_for_state(procedure_id, "COMPLETE")
    finally:
        bell.close()
    return sample


def _restarts(product: Product, name: str) -> Sample:
    """From the start of the next manager's process: how long `up` waits before that grows with each kill."""
    sample = Sample(name)
    for _ in range(RESTARTS):
        pid = _manager_of(product)
        os.kill(pid, signal.SIGKILL)
        wait_until(partial(_has_successor, product, pid), what="the next manager", timeout_s=60)
        sample.seconds.append(_age_s(_manager_of(product)))
        wait_until(partial(_is_ready, product), what="its first heartbeat", timeout_s=60)
    return sample


def _is_ready(product: Product) -> bool:
    return product.http.get(f"{product.url}readyz").is_success


def _age_s(pid: int) -> float:
    """Seconds since the process was started, good to a hundredth."""
    ticks = processes.start_time(pid) or 0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def _manager_of(product: Product) -> int:
    return int(product.log().rpartition(READY_LINE)[2].split()[0])


def _has_successor(product: Product, pid: int) -> bool:
    return _manager_of(product) != pid


def _commit_command(product: Product) -> int:
    from django.conf import settings

    from procedures.bells import Role, ring_at_commit
    from procedures.domain.scripts import FileSystemScript
    from procedures.models import Command
    from procedures.recorder import recording
    from procedures.service import PrepareProcessCommand, new_procedure

    path = product.home.parent / "trivial.py"
    now = datetime.now(UTC)
    wanted = PrepareProcessCommand(FileSystemScript(f"file://{path}"), resources=[])
    procedure = new_procedure(wanted, path=str(path), node=settings.OET.node, who="bench", at=now)
    with recording() as record:
        record.create(procedure, {})
        Command.objects.create(
            kind=Command.Kind.PREPARE,
            procedure=procedure,
            node=procedure.node,
            issued_by="bench",
            issued_at=now,
            expires_at=now + timedelta(seconds=10),
        )
        ring_at_commit(Role.MANAGER)
    return procedure.pk
