"""Managers, launchers and workers are killed at random moments, while procedures are created, started, stopped and print."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from oet import processes
from procedures.domain.states import FINAL
from procedures.domain.states import ProcedureState as S
from procedures.models import Command, Procedure, ProcedureHistory, ResourceClaim
from tests.integration.procedures.manager.station import TIMEOUT_S, Station, check_history, history, output
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases, pytest.mark.timeout(600)]

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "8"))
"""Kills; the chaos test of the whole product does many more."""
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.randrange(1, 1 << 30)

SCRIPT = """
import time
def main(proof, seconds):
    with open(proof, "a") as file:
        file.write("ran\\n")
    deadline = time.monotonic() + seconds
    number = 0
    while time.monotonic() < deadline:
        print(number, "x" * 40)
        number += 1
        time.sleep(0.002)
    return number
"""


@dataclass
class Chaos:
    """What is going on, and what was done."""

    station: Station
    dice: random.Random
    proofs: dict[int, Path] = field(default_factory=dict)
    started: dict[int, int] = field(default_factory=dict)
    """The start command of each procedure."""
    kills: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        """Something that an operator might do."""
        choice = self.dice.random()
        waiting = [i for i in self.proofs if i not in self.started and state_of(i) == S.READY]
        if choice < 0.5 or not waiting:
            self.proofs[self.station.prepare(SCRIPT)] = self.station.home
        elif choice < 0.9:
            procedure_id = self.dice.choice(waiting)
            proof = self.proofs[procedure_id] = self.station.home / f"proof_{procedure_id}"
            self.started[procedure_id] = self.station.start(procedure_id, "main", str(proof), self.dice.uniform(0, 1.5))
        else:
            self.station.stop(self.dice.choice(list(self.proofs)), self.dice.choice([0, 0.1, 5]))

    def kill_something(self) -> None:
        """End a process as no process expects it."""
        kind = self.dice.choices(["manager", "worker", "launcher"], [8, 2, 1])[0]
        pid = {"manager": self.manager_pid, "worker": self.worker_pid, "launcher": self.launcher_pid}[kind]()
        if pid is not None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.kills[kind] += 1

    def manager_pid(self) -> int | None:
        return self.station.processes[-1].pid

    def worker_pid(self) -> int | None:
        rows = Procedure.objects.filter(pid__isnull=False).exclude(state__in=FINAL).values_list("pid", flat=True)
        return self.dice.choice(list(rows)) if rows else None

    def launcher_pid(self) -> int | None:
        return self.station.launcher_pid()


def state_of(procedure_id: int) -> str:
    return Procedure.objects.values_list("state", flat=True).get(pk=procedure_id)


def test_whatever_is_killed_every_procedure_ends_in_a_true_state(station: Station) -> None:
    print(f"CHAOS_SEED={SEED}")  # noqa: T201 - to repeat a run that failed
    chaos = Chaos(station, random.Random(SEED))
    manager = station.process()
    for _ in range(ROUNDS):
        for _ in range(chaos.dice.randrange(2, 7)):
            chaos.act()
        moment = chaos.dice.uniform(0, 0.4)
        wait_until(over(moment), what="the moment", timeout_s=5)
        chaos.kill_something()
        if manager.poll() is not None or chaos.kills["manager"] > len(station.processes) - 1:
            manager.wait()
            manager = station.process()
    settle(chaos)
    print(dict(chaos.kills), Counter(Procedure.objects.values_list("state", flat=True)))  # noqa: T201 - what it was
    for procedure_id in chaos.proofs:
        check(chaos, procedure_id)
    assert not ResourceClaim.objects.exists()
    assert not Command.objects.filter(state="queued").exists()
    assert not living_of_final(station)


def over(seconds: float) -> Callable[[], bool]:
    """True when so many seconds have passed."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline


def settle(chaos: Chaos) -> None:
    """Stop what still lives, and wait until nothing does."""
    for procedure_id in chaos.proofs:
        if state_of(procedure_id) not in FINAL:
            chaos.station.stop(procedure_id, 5)
    everything = Procedure.objects.exclude(state__in=FINAL)
    try:
        wait_until(lambda: not everything.exists(), what="the end of every procedure", timeout_s=TIMEOUT_S)
    except TimeoutError as error:
        rows = {row.pk: history(row.pk) for row in everything}
        raise AssertionError(f"still live: {rows}\n{chaos.station.log()[-20_000:]}") from error
    folder = chaos.station.run_dir / "procedures"
    wait_until(lambda: not list(folder.iterdir()), what="the run directories to be cleared away", timeout_s=TIMEOUT_S)
    wait_until(lambda: not Command.objects.filter(state="queued").exists(), what="every answer", timeout_s=TIMEOUT_S)


def check(chaos: Chaos, procedure_id: int) -> None:
    """The state is true: the script ran as often as the history says, and its output is what it wrote."""
    check_history(procedure_id)
    proof, runs = chaos.proofs[procedure_id], history(procedure_id).count("RUNNING")
    ran = len(proof.read_text().splitlines()) if proof.is_file() else 0
    assert ran <= runs <= 1, (procedure_id, history(procedure_id))
    procedure = Procedure.objects.get(pk=procedure_id)
    lines = output(procedure_id).splitlines()
    whole = lines[:-1] if procedure.state != S.COMPLETE else lines
    assert whole == [b"%d %s" % (number, b"x" * 40) for number in range(len(whole))]
    assert procedure.output_bytes == len(output(procedure_id))
    if procedure.state == S.COMPLETE:
        row = ProcedureHistory.objects.filter(procedure_id=procedure_id, state="READY", details__function="main").get()
        assert (row.details or {})["result"] == len(lines)
        assert ran == 1
    start = chaos.started.get(procedure_id)
    if start is not None and Command.objects.get(pk=start).state != "done":
        assert ran == 0


def living_of_final(station: Station) -> list[str]:
    """Workers of this station; none may be left when every procedure is final."""
    workers = [p for p in processes.all_processes().values() if p.name.startswith("oet-script-") and not p.is_dead]
    return [f"{p.pid} {p.name}" for p in workers if str(station.home) in processes.command_line(p.pid)]
