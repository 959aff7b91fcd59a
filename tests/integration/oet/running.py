"""A real launcher with real workers for the tests, and a plain client for both."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import oet
from oet import belonging, doorbell, journal, output, processes, rundir, sockets
from oet.journal import Record
from oet.output import Frame
from oet.rundir import Arguments, ExitReport, Script, Spec
from tests.waiting import wait_until

LAUNCHER = Path(oet.__file__).parent / "launcher.py"
STOP_IN_WORDS = "stop"


class Line:
    """A connection that speaks JSON lines."""

    def __init__(self, path: Path) -> None:
        self._socket = sockets.connect(path, timeout_s=20)
        self._file = self._socket.makefile("rwb")

    def send(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()

    def receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def ask(self, **request: Any) -> dict[str, Any]:
        self.send(json.dumps(request).encode() + b"\n")
        return self.receive()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._socket.close()


class RunningScript:
    """One worker, seen through its run directory."""

    def __init__(self, launcher: "RunningLauncher", directory: Path, procedure: int, answer: dict[str, Any]) -> None:
        self.launcher = launcher
        self.directory = directory
        self.procedure = procedure
        self.pid: int = answer["pid"]
        self.started: int = answer["started"]
        self._commands = 0

    def records(self) -> list[Record]:
        return journal.read_records(self.directory / rundir.JOURNAL, 0)[0]

    def topics(self) -> list[str]:
        """What the journal says, in brief: "state IDLE", "returned init", "ended"."""
        return [_brief(record) for record in self.records()]

    def wait_for(self, brief: str, count: int = 1) -> Record:
        """Wait until the journal says so, for the `count`th time."""

        def found() -> Record | None:
            has_ended = self.exit() is not None  # asked first: nothing is written after it
            records = [record for record in self.records() if _brief(record) == brief]
            if len(records) < count and has_ended:
                raise AssertionError(f"ended without {brief}: {self.topics()} {self.exit()} {self.output()}")
            return records[count - 1] if len(records) >= count else None

        return wait_until(found, what=f"{brief} in {self.topics()}")

    def tell(self, **request: Any) -> dict[str, Any]:
        """Send an instruction; again if the connection breaks, as the manager does: a command that was taken is not taken twice."""

        def answer() -> dict[str, Any] | None:
            try:
                with closing(Line(self.directory / rundir.CONTROL)) as line:
                    return line.ask(**request)
            except (ConnectionError, json.JSONDecodeError):
                return None

        return wait_until(answer, what="the control socket")

    def run(self, function: str = "main", *args: Any, **kwargs: Any) -> None:
        """Wait until it is ready, then run a function."""
        self.wait_for("state READY", 1)
        self._commands += 1
        answer = self.tell(op="RUN", command=self._commands, function=function, args=list(args), kwargs=kwargs)
        assert answer == {"ok": True}

    def stop(self) -> None:
        assert self.tell(op="STOP", command=STOP_IN_WORDS) == {"ok": True}

    def kill(self) -> dict[str, Any]:
        return self.launcher.ask(op="kill", procedure=self.procedure)

    def exit(self) -> ExitReport | None:
        return ExitReport.read(self.directory)

    def wait_for_exit(self, timeout_s: float = 10) -> ExitReport:
        return wait_until(self.exit, what=f"the end of {self.topics()}", timeout_s=timeout_s)

    def frames(self) -> list[Frame]:
        frames: list[Frame] = []
        position = 0
        while True:
            more, position = output.read_frames(self.directory, position)
            if not more:
                return frames
            frames += more

    def output(self, stream: int | None = None) -> str:
        return b"".join(f.text for f in self.frames() if stream in {None, f.stream}).decode()

    def wait_for_output(self, text: str) -> str:
        def found() -> str | None:
            printed = self.output()
            assert text in printed or self.exit() is None, f"ended without {text!r}: {printed} {self.topics()}"
            return printed if text in printed else None

        return wait_until(found, what=f"{text!r} in the output {self.output()!r}")


class RunningLauncher:
    """A launcher in its own process; leaving the block ends it with everything below it."""

    def __init__(
        self, home: Path, *options: str, python: str = sys.executable, flags: tuple[str, ...] = ("-I",)
    ) -> None:
        self.home = home
        self.bells = home / "bells"
        self.directory = home / "launchers" / "default"
        self._command = [
            python,
            *flags,
            str(LAUNCHER),
            "--directory",
            str(self.directory),
            "--bells",
            str(self.bells),
            *options,
        ]
        self._count = 0
        self._line: Line | None = None

    def __enter__(self) -> Self:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        with doorbell.Doorbell(self.bells, "manager") as bell:
            self.process = subprocess.Popen(self._command, start_new_session=True, env=environment)
            while not (self.directory / rundir.LAUNCHER).exists():
                assert self.process.poll() is None, "the launcher did not start"
                bell.wait(0.1)
        self.document = rundir.read_document(self.directory / rundir.LAUNCHER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            self._line.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            self.process.kill()
            self.process.wait()
            for process in self.marked():
                processes.send_signal(process, signal.SIGKILL)
        assert "unexpected" not in self.log(), self.log()

    def marked(self) -> list[processes.Process]:
        """What lives below this launcher, itself included; but not the process it keeps ready for the next request."""
        marked = processes.processes_marked(rundir.LAUNCHER_MARK, self.document["id"])
        return [process for process in marked if not self._is_newborn(process)]

    def _is_newborn(self, process: processes.Process) -> bool:
        """One that was forked a moment ago still has the launcher's name."""
        return process.name == belonging.NEWBORN or (
            process.name == belonging.LAUNCHER and process.pid != self.document["pid"]
        )

    def log(self) -> str:
        return (self.directory / rundir.LAUNCHER_LOG).read_text()

    def ask(self, **request: Any) -> dict[str, Any]:
        if self._line is None:
            self._line = Line(self.directory / rundir.LAUNCHER_SOCKET)
        return self._line.ask(**request)

    def connect(self) -> Line:
        return Line(self.directory / rundir.LAUNCHER_SOCKET)

    def script(self, text: str, name: str = "observe.py") -> Path:
        """A script file with this text (indentation is taken off)."""
        folder = self.home / "scripts"
        folder.mkdir(exist_ok=True)
        path = folder / name
        draft = folder / f".{name}"
        draft.write_text(textwrap.dedent(text))
        draft.replace(path)  # another worker may be reading it just now
        return path

    def prepare(
        self, script: Path | str | Script, *args: Any, environment: dict[str, str] | None = None, **kwargs: Any
    ) -> Spec:
        """The spec of a script: a file, or the text of one."""
        if isinstance(script, str):
            script = self.script(script)
        if isinstance(script, Path):
            script = Script("filesystem", str(script))
        self._count += 1
        init = Arguments(list(args), kwargs)
        return Spec(self._count, script, init=init, environment=environment or {}, bells=str(self.bells))

    def spawn(self, spec: Spec) -> RunningScript:
        directory = self.home / "procedures" / str(spec.procedure)
        directory.mkdir(mode=0o700, parents=True)
        spec.write(directory)
        answer = self.ask(id=spec.procedure, op="spawn", procedure=spec.procedure, directory=str(directory))
        assert answer["ok"], answer
        return RunningScript(self, directory, spec.procedure, answer)

    def launch(self, script: Path | str | Script, *args: Any, **kwargs: Any) -> RunningScript:
        """Write the spec and spawn its worker."""
        return self.spawn(self.prepare(script, *args, **kwargs))

    def run(self, script: Path | str | Script, **options: Any) -> RunningScript:
        """Launch a script and run its `main`."""
        running = self.launch(script, **options)
        running.run()
        return running


def is_gone(pid: int) -> bool:
    process = processes.read_process(pid)
    return process is None or process.is_dead


def _brief(record: Record) -> str:
    payload = record.payload
    if record.topic == "state":
        return f"state {payload['state']}"
    if record.topic == "command":
        return f"command {payload['op']}"
    name = payload.get("function", "")
    return f"{record.topic} {name}" if isinstance(name, str) and name else record.topic
