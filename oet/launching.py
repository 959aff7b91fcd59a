"""The launcher at work: takes requests, forks workers, reaps what dies and kills what is to be killed."""

from __future__ import annotations

import os
import platform
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import oet
from oet import birth, processes, rundir
from oet.children import Child, Pump
from oet.connections import Server
from oet.output import STDERR, STDOUT, OutputWriter
from oet.reactor import Reactor, log
from oet.rundir import BadDocument, Spec
from oet.treekill import DEADLINE_S
from oet.worker import STATUS_INTERNAL, ScriptWorker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oet.connections import Reply
    from oet.processes import Process


class Launcher:
    """One launcher: its children by procedure, and what it does when asked."""

    def __init__(self, name: str, socket_path: Path, descriptor_limit: tuple[int, int]) -> None:
        self._name = name
        self._pid = os.getpid()
        self._descriptor_limit = descriptor_limit
        self._children: dict[int, Child] = {}
        self._is_ending = False
        self._loop = Reactor()
        self._loop.on_signals(
            {signal.SIGCHLD: self._reap, signal.SIGTERM: self._terminate}, (signal.SIGINT, signal.SIGHUP)
        )
        self._server = Server(socket_path, self._loop, self._take)
        self._operations: dict[str, Callable[[dict[str, Any], Reply], None]] = {
            "hello": self._hello,
            "spawn": self._spawn,
            "kill": self._kill,
            "kill_all": self._kill_all,
            "list": self._list,
            "end": self._end,
        }

    def run(self) -> None:
        """Serve until told to end."""
        self._loop.run()
        self._server.close()

    # Requests.

    def _take(self, request: dict[str, Any], reply: Reply) -> None:
        operation = self._operations.get(str(request.get("op")))
        if operation is None:
            reply(_refusal(f"unknown operation {request.get('op')!r}; known are {', '.join(self._operations)}"))
            return
        try:
            operation(request, reply)
        except (BadDocument, OSError, KeyError, TypeError, ValueError) as error:
            reply(_refusal(f"{type(error).__name__}: {error}"))

    def _hello(self, _request: dict[str, Any], reply: Reply) -> None:
        python = platform.python_version()
        reply({"ok": True, "launcher": self._name, "pid": self._pid, "python": python, "version": oet.__version__})

    def _spawn(self, request: dict[str, Any], reply: Reply) -> None:
        procedure, directory = int(request["procedure"]), Path(request["directory"])
        child = self._children.get(procedure)
        if child is not None:
            reply({"ok": True, "pid": child.pid, "started": child.started, "already": True})
        elif self._is_ending:
            reply(_refusal("the launcher is about to end"))
        elif (directory / rundir.EXIT).exists():
            reply(_refusal(f"procedure {procedure} has run and ended in {directory}; it needs a new run directory"))
        else:
            spec = Spec.read(directory)
            if spec.procedure != procedure:
                reply(_refusal(f"{directory} belongs to procedure {spec.procedure}, not {procedure}"))
                return
            child = self._fork(directory.absolute(), spec)
            reply({"ok": True, "pid": child.pid, "started": child.started})

    def _kill(self, request: dict[str, Any], reply: Reply) -> None:
        child = self._children.get(int(request["procedure"]))
        if child is None:
            reply(_refusal(f"procedure {request['procedure']} has no process here"))
        else:
            child.kill(reply, DEADLINE_S)

    def _kill_all(self, _request: dict[str, Any], reply: Reply) -> None:
        children = list(self._children.values())
        answers: dict[str, dict[str, Any]] = {}

        def collect(procedure: int, answer: dict[str, Any]) -> None:
            answers[str(procedure)] = answer
            if len(answers) == len(children):
                reply(_summary(answers))

        for child in children:
            child.kill(lambda answer, number=child.procedure: collect(number, answer), DEADLINE_S)  # type: ignore[misc]
        if not children:
            reply(_summary(answers))

    def _list(self, _request: dict[str, Any], reply: Reply) -> None:
        rows = [{"procedure": c.procedure, "pid": c.pid, "started": c.started} for c in self._children.values()]
        reply({"ok": True, "procedures": rows})

    def _end(self, _request: dict[str, Any], reply: Reply) -> None:
        if self._children:
            reply(_refusal(f"{len(self._children)} procedures live here: {', '.join(map(str, self._children))}"))
        else:
            reply({"ok": True})
            self._loop.stop()

    # Birth and death.

    def _fork(self, directory: Path, spec: Spec) -> Child:
        readers, writers = _pipes()
        signal.pthread_sigmask(
            signal.SIG_BLOCK, signal.valid_signals()
        )  # the child shares our wakeup descriptor until it is its own
        try:
            pid = os.fork()
            if pid == 0:
                _live(
                    birth.Cradle(writers[STDOUT], writers[STDERR], self._pid, self._descriptor_limit), directory, spec
                )
        except OSError:
            _close_all(readers.values())
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            _close_all(writers.values())
        pump = Pump(self._loop, readers, OutputWriter(directory, spec.output_limit_bytes), spec.bells)
        child = Child(self._loop, directory, spec, (pid, processes.start_time(pid) or 0), pump)
        child.on_end = self._forget
        child.find_orphans = self._orphans_of
        self._children[child.procedure] = child
        return child

    def _reap(self) -> None:
        """Take the exit status of every child there is, workers and what they left behind."""
        workers = {child.pid: child for child in self._children.values() if child.wait_status is None}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = workers.get(pid)
            if child is not None:
                child.reaped(status)

    def _forget(self, child: Child) -> None:
        del self._children[child.procedure]

    def _orphans_of(self, child: Child, snapshot: Mapping[int, Process]) -> Iterator[Process]:
        """What a worker that has ended left behind: the launcher's children that are no workers and belong to no other worker."""
        if child.wait_status is None:
            return
        workers = {other.pid for other in self._children.values() if other.wait_status is None}
        for process in snapshot.values():
            if process.parent == self._pid and process.pid not in workers and not self._is_of_another(child, process):
                yield process

    def _is_of_another(self, child: Child, process: Process) -> bool:
        if process.session == child.pid:
            return False
        if any(other.pid == process.session for other in self._children.values()):
            return True
        owner = processes.environment_value(process.pid, rundir.PROCEDURE_MARK)
        return owner not in {None, str(child.procedure)} and any(owner == str(number) for number in self._children)

    def _terminate(self) -> None:
        """SIGTERM: no script stays behind without its launcher."""
        log("SIGTERM: ending, and every script with me")
        self._is_ending = True
        self._kill_all({}, lambda _answer: self._loop.stop())


def _live(cradle: birth.Cradle, directory: Path, spec: Spec) -> None:
    """The child's side of the fork. Never comes back."""
    try:
        environment = {rundir.PROCEDURE_MARK: str(spec.procedure), **spec.environment}
        birth.be_born(cradle, f"oet-script-{spec.procedure}", environment)
        ScriptWorker(directory, spec).run()
    except BaseException:  # noqa: BLE001 - whatever it is, it must not go on in the launcher's loop
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(STATUS_INTERNAL)


def _pipes() -> tuple[dict[int, int], dict[int, int]]:
    readers: dict[int, int] = {}
    writers: dict[int, int] = {}
    try:
        for stream in (STDOUT, STDERR):
            readers[stream], writers[stream] = os.pipe()
    except OSError:
        _close_all([*readers.values(), *writers.values()])
        raise
    return readers, writers


def _close_all(descriptors: Any) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def raise_descriptor_limit() -> tuple[int, int]:
    """Allow this process as many descriptors as it may have; returns the limit as it was, for the workers."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    return before


def _summary(answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The answer to kill_all: reports of what was killed, and what lives still."""
    summary: dict[str, Any] = {"ok": all(answer["ok"] for answer in answers.values())}
    summary["killed"] = {procedure: answer["killed"] for procedure, answer in answers.items() if answer["ok"]}
    if not summary["ok"]:
        summary["error"] = "; ".join(f"procedure {p}: {a['error']}" for p, a in answers.items() if not a["ok"])
        summary["alive"] = {procedure: answer["alive"] for procedure, answer in answers.items() if not answer["ok"]}
    return summary


def _refusal(reason: str) -> dict[str, Any]:
    return {"ok": False, "error": reason}
