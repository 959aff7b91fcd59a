"""A node for a test: a home of its own, scripts, commands as the service writes them, and managers that are real processes or threads."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from oet import processes, rundir
from oet.output import decode_frames
from oet_site.configuration import PROJECT_DIR, Configuration
from procedures.bells import Role, ring_at_commit
from procedures.domain.arguments import ProcedureInput
from procedures.domain.scripts import EmbeddedStringScript, ExecutableScript
from procedures.domain.states import FINAL, ProcedureState, may_follow
from procedures.manager.process_manager import Leave, ProcessManager
from procedures.manager.settings import ManagerSettings
from procedures.models import Command, Event, OutputChunk, Procedure, ProcedureHistory
from procedures.recorder import recording
from procedures.service import WHEN_READY, PrepareProcessCommand, new_procedure
from tests.waiting import wait_until

S = ProcedureState
TIMEOUT_S = 60.0
"""For what takes milliseconds, on a machine that does much else."""


@dataclass
class ThreadedManager:
    """A manager in a thread of the test process."""

    thread: threading.Thread
    loop: asyncio.AbstractEventLoop
    leave: Leave

    def end(self, *, stop_scripts: bool) -> None:
        """Ask it to leave, and wait until it has."""
        self.loop.call_soon_threadsafe(self.leave.end_scripts if stop_scripts else self.leave.leave_scripts)
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()


@dataclass
class Station:
    """The node of one test."""

    configuration: Configuration
    environment: Mapping[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Its OET_HOME."""
        return self.configuration.home

    @property
    def run_dir(self) -> Path:
        """Its folder of bells, launchers and run directories."""
        return self.configuration.run_dir

    # --- managers

    @contextmanager
    def manager(self, *, stop_scripts: bool = True) -> Iterator[ThreadedManager]:
        """A manager in this process while the block lasts; at its end scripts are stopped, or left."""
        started: list[tuple[asyncio.AbstractEventLoop, Leave]] = []
        failures: list[BaseException] = []
        is_ready = threading.Event()

        async def live() -> None:
            leave = Leave()
            manager = ProcessManager(ManagerSettings.of(self.configuration, "test"), leave)
            started.append((asyncio.get_running_loop(), leave))
            announcing = asyncio.create_task(announce(manager))
            await manager.run()
            announcing.cancel()

        async def announce(manager: ProcessManager) -> None:
            await manager.ready.wait()
            is_ready.set()

        def work() -> None:
            try:
                asyncio.run(live())
            except BaseException as error:  # noqa: BLE001 - handed to the test
                failures.append(error)
                is_ready.set()

        thread = threading.Thread(target=work, name="manager")
        thread.start()
        assert is_ready.wait(TIMEOUT_S)
        running = ThreadedManager(thread, *started[0])
        try:
            yield running
        finally:
            if thread.is_alive():
                running.end(stop_scripts=stop_scripts)
            if failures:
                raise failures[0]

    def start_process(self, **variables: str) -> subprocess.Popen[bytes]:
        """`manage.py processmanager` as a process of its own; not waited for."""
        with (self.home / "manager.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "processmanager"],
                cwd=PROJECT_DIR,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def process(self, **variables: str) -> subprocess.Popen[bytes]:
        """`manage.py processmanager` as a process of its own, ready."""
        process = self.start_process(**variables)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", self.log()
        return process

    def log(self) -> str:
        """What manager processes have logged."""
        return (self.home / "manager.log").read_text()

    def clear_away(self) -> None:
        """End every manager process and launcher; nothing of the test stays behind."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for file in self.run_dir.glob(f"launchers/*/{rundir.LAUNCHER}"):
            identity = json.loads(file.read_text())
            for found in processes.processes_marked(rundir.LAUNCHER_MARK, identity["id"]):
                processes.send_signal(found, signal.SIGKILL)
        for found in processes.all_processes().values():  # one whose folder the test has removed
            if str(self.run_dir) in processes.command_line(found.pid):
                processes.send_signal(found, signal.SIGKILL)

    def launcher_pid(self) -> int:
        """The process of the default launcher, once it runs."""
        file = self.run_dir / "launchers" / "default" / rundir.LAUNCHER
        document = wait_until(
            lambda: file.exists() and json.loads(file.read_text()), what="the launcher", timeout_s=TIMEOUT_S
        )
        return int(document["pid"])

    # --- commands

    def script(self, text: str) -> Path:
        """A script in the file system."""
        path = self.home / f"script_{len(list(self.home.glob('script_*')))}.py"
        path.write_text(text)
        return path

    def prepare(self, text: str, *, init: Mapping[str, Any] | None = None, who: str = "ann", **options: Any) -> int:
        """Ask for a script to be prepared; the id of its procedure."""
        inputs = {"init": ProcedureInput(kwargs=init)} if init is not None else {}
        wanted = PrepareProcessCommand(
            EmbeddedStringScript(text),
            inputs,
            resources=options.get("resources", []),
            timeout_s=options.get("timeout_s"),
        )
        return self._prepare(wanted, who, options.get("expires_in_s", TIMEOUT_S))

    def prepare_script(
        self, script: ExecutableScript, inputs: Mapping[str, ProcedureInput] | None = None, who: str = "ann"
    ) -> int:
        """Ask for any script to be prepared; the id of its procedure."""
        return self._prepare(PrepareProcessCommand(script, inputs or {}, resources=[]), who, TIMEOUT_S)

    def _prepare(self, wanted: PrepareProcessCommand, who: str, expires_in_s: float) -> int:
        now = datetime.now(UTC)
        procedure = new_procedure(wanted, path="", node=self.configuration.node, who=who, at=now)
        with recording() as record:
            record.create(procedure, wanted.inputs)
            self._queue(Command.Kind.PREPARE, procedure.pk, {}, who, expires_in_s)
        return procedure.pk

    def start(self, procedure_id: int, function: str = "main", *args: Any, who: str = "bob", **options: Any) -> int:
        """Ask for a function to be started; the id of the command."""
        arguments = {"function": function, "args": list(args), "kwargs": options.get("kwargs", {})}
        arguments["timeout_s"] = options.get("timeout_s")
        if options.get(WHEN_READY):
            arguments[WHEN_READY] = True
        if "resources" in options:
            arguments["resources"] = options["resources"]
        with recording():
            return self._queue(Command.Kind.START, procedure_id, arguments, who, options.get("expires_in_s", TIMEOUT_S))

    def stop(self, procedure_id: int, grace_s: float | None = None, *, who: str = "eve", **options: Any) -> int:
        """Ask for a stop; the id of the command."""
        arguments = {"grace": grace_s, "abort": "abort_procedure" in options}
        if "abort_procedure" in options:
            arguments["abort_procedure"] = options["abort_procedure"]
        with recording():
            return self._queue(Command.Kind.STOP, procedure_id, arguments, who, options.get("expires_in_s", TIMEOUT_S))

    def _queue(
        self, kind: Command.Kind, procedure_id: int, arguments: Mapping[str, Any], who: str, expires_in_s: float
    ) -> int:
        now = datetime.now(UTC)
        ring_at_commit(Role.MANAGER)
        return Command.objects.create(
            kind=kind,
            procedure_id=procedure_id,
            node=self.configuration.node,
            arguments=dict(arguments),
            issued_by=who,
            issued_at=now,
            expires_at=now + timedelta(seconds=expires_in_s),
        ).pk

    # --- what became of it

    def wait_for(self, procedure_id: int, *states: ProcedureState, timeout_s: float = TIMEOUT_S) -> Procedure:
        """The procedure as soon as it is in one of `states`; fails at once if it became final otherwise."""

        def found() -> Procedure | None:
            procedure = Procedure.objects.get(pk=procedure_id)
            if procedure.state in states:
                return procedure
            assert procedure.state not in FINAL, f"{procedure}: {procedure.cause}\n{history(procedure_id)}"
            return None

        return wait_until(found, what=f"procedure {procedure_id} to be {states}", timeout_s=timeout_s)

    def answer(self, command_id: int, timeout_s: float = TIMEOUT_S) -> Command:
        """The command, once it is answered."""

        def found() -> Command | None:
            command = Command.objects.get(pk=command_id)
            return command if command.state != Command.State.QUEUED else None

        return wait_until(found, what=f"an answer to command {command_id}", timeout_s=timeout_s)

    def ready(self, text: str, **options: Any) -> int:
        """Prepare a script and wait until it is READY."""
        procedure_id = self.prepare(text, **options)
        self.wait_for(procedure_id, S.READY)
        return procedure_id

    def running(self, text: str, **options: Any) -> int:
        """Prepare a script and wait until its main runs and has printed something."""
        procedure_id = self.ready(text, **options)
        command = self.answer(self.start(procedure_id))
        assert command.state == "done", command.reason
        wait_until(
            lambda: Procedure.objects.get(pk=procedure_id).output_lines > 0,
            what="output of its main",
            timeout_s=TIMEOUT_S,
        )
        return procedure_id


def history(procedure_id: int) -> list[str]:
    """The states of a procedure, in their order."""
    return list(
        ProcedureHistory.objects.filter(procedure_id=procedure_id).order_by("sequence").values_list("state", flat=True)
    )


def last(procedure_id: int) -> ProcedureHistory:
    """Its latest transition."""
    row = ProcedureHistory.objects.filter(procedure_id=procedure_id).order_by("sequence").last()
    assert row is not None
    return row


def details(procedure_id: int) -> dict[str, Any]:
    """The details of its latest transition."""
    found = last(procedure_id).details
    assert isinstance(found, dict)
    return found


def output(procedure_id: int) -> bytes:
    """Its output as far as it is stored; fails where there is a gap or an overlap."""
    text = b""
    for chunk in OutputChunk.objects.filter(procedure_id=procedure_id).order_by("offset"):
        frames = frames_of(chunk)
        assert chunk.offset == len(text)
        text += b"".join(frames)
    return text


def frames_of(chunk: OutputChunk) -> list[bytes]:
    """The texts of a chunk's frames."""
    data = zlib.decompress(chunk.frames) if chunk.is_compressed else bytes(chunk.frames)
    frames, is_whole = decode_frames(data, 0)
    assert is_whole
    assert frames[-1].end == len(data)
    assert sum(len(frame.text) for frame in frames) == chunk.size
    return [frame.text for frame in frames]


def check_history(procedure_id: int) -> None:
    """The history obeys the table, its numbers have no gap, and the procedure is where it ends."""
    rows = list(ProcedureHistory.objects.filter(procedure_id=procedure_id).order_by("sequence"))
    procedure = Procedure.objects.get(pk=procedure_id)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0].state == S.CREATING
    for before, after in pairwise(rows):
        assert may_follow(ProcedureState(before.state), ProcedureState(after.state)), history(procedure_id)
    assert procedure.state == rows[-1].state
    assert procedure.sequence == len(rows)
    changes = Event.objects.filter(procedure_id=procedure_id, topic="procedure.lifecycle.statechange").order_by("id")
    assert [event.payload["sequence"] for event in changes] == [row.sequence for row in rows]


def events(procedure_id: int, topic: str) -> list[Event]:
    """Its events of a topic."""
    return list(Event.objects.filter(procedure_id=procedure_id, topic=topic).order_by("id"))


def wait_for_event(procedure_id: int, topic: str) -> Event:
    """The first event of a topic, once there is one."""
    return wait_until(lambda: next(iter(events(procedure_id, topic)), None), what=f"event {topic}", timeout_s=TIMEOUT_S)


def environment_of(configuration: Configuration, child_environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a manager process for a station."""
    return {
        **child_environment,
        "OET_HOME": str(configuration.home),
        "OET_NODE": configuration.node,
        "PYTHONPATH": str(PROJECT_DIR),
    }


def is_gone(pid: int) -> bool:
    """Whether no process has that pid (a zombie counts as gone)."""
    process = processes.read_process(pid)
    return process is None or process.is_dead


def wait_until_gone(pid: int) -> None:
    """Return when the process has ended."""
    wait_until(lambda: is_gone(pid), what=f"the end of process {pid}", timeout_s=TIMEOUT_S)
