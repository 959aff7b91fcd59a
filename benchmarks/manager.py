"""Inside the manager: from the commit of a command to the commit of READY, without REST."""

import time
from datetime import UTC, datetime, timedelta

from benchmarks.figures import HEAD, Sample, bare_python, show
from benchmarks.running import running_product
from tests.product import Product

ROUNDS = 200


def main(scale: float) -> None:
    """Print the table."""
    rounds = max(5, int(ROUNDS * scale))
    with running_product() as product:
        _rounds(product, 5)
        baseline = bare_python(min(100, rounds))
        sample = _rounds(product, rounds)
        show("Inside the manager", HEAD, [baseline.row(), sample.row(baseline)])


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
