"""The launcher at work: takes requests, forks workers, reaps what dies and kills what is to be killed."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import oet
from oet import processes, rundir
from oet.children import Child, Pump
from oet.connections import Server
from oet.newborns import Newborn
from oet.output import OutputWriter
from oet.reactor import Reactor, log
from oet.rundir import BadDocument, Spec
from oet.treekill import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oet.connections import Reply
    from oet.processes import Process

_NEWBORN_PAUSE_S = 0.03
_NEWBORN_RETRY_S = 1.0


class Launcher:
    """One launcher: its children by procedure, and what it does when asked."""

    def __init__(self, name: str, socket_path: Path, descriptor_limit: tuple[int, int]) -> None:
        self._name = name
        self._pid = os.getpid()
        self._descriptor_limit = descriptor_limit
        self._children: dict[int, Child] = {}
        self._is_ending = False
        self._newborn: Newborn | None = None
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
        self._keep_newborn()
        self._loop.run()
        self._server.close()
        if self._newborn is not None:
            self._newborn.drop()

    # Requests.

    def _take(self, request: dict[str, Any], reply: Reply) -> None:
        operation = self._operations.get(str(request.get("op")))
        if operation is None:
            reply(_refusal(f"unknown operation {request.get('op')!r}; known are {', '.join(self._operations)}"))
            return
        try:
            operation(request, reply)
        except (BadDocument, OSError, KeyError, TypeError, ValueError, OverflowError) as error:
            reply(_refusal(f"{type(error).__name__}: {error}"))

    def _hello(self, _request: dict[str, Any], reply: Reply) -> None:
        python = ".".join(map(str, sys.version_info[:3]))
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
            child = self._give_life(directory.absolute(), spec)
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

    def _give_life(self, directory: Path, spec: Spec) -> Child:
        """Make a newborn the worker of this script, and see to it that there will be another one."""
        newborn, self._newborn = self._newborn or Newborn(self._descriptor_limit), None
        try:
            newborn.become(directory)
        except BrokenPipeError:  # somebody killed it while it waited
            newborn.drop()
            newborn = Newborn(self._descriptor_limit)
            newborn.become(directory)
        pump = Pump(self._loop, newborn.pipes, OutputWriter(directory, spec.output_limit_bytes), spec.bells)
        child = Child(self._loop, directory, spec, (newborn.pid, newborn.started), pump)
        child.on_end = self._forget
        child.find_orphans = self._orphans_of
        child.has_strangers = self._has_strangers
        self._children[child.procedure] = child
        self._loop.later(_NEWBORN_PAUSE_S, self._keep_newborn)
        return child

    def _keep_newborn(self) -> None:
        """Have one process ready for the next request."""
        if self._newborn is None and not self._is_ending:
            try:
                self._newborn = Newborn(self._descriptor_limit)
            except OSError as error:  # the next request tries again, and says so
                log(f"no newborn: {error}")

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
            elif self._newborn is not None and pid == self._newborn.pid:
                self._newborn.drop()
                self._newborn = None
                self._loop.later(_NEWBORN_RETRY_S, self._keep_newborn)

    def _forget(self, child: Child) -> None:
        del self._children[child.procedure]

    def _has_strangers(self) -> bool:
        """Whether this process has children that it did not fork: what dead workers left behind is handed to it."""
        known = {other.pid for other in self._children.values()}
        if self._newborn is not None:
            known.add(self._newborn.pid)
        children = processes.children_of_this_process()
        return children is None or not known.issuperset(children)

    def _orphans_of(self, child: Child, snapshot: Mapping[int, Process]) -> Iterator[Process]:
        """What a worker that has ended left behind: the launcher's children that are no workers and belong to no other worker."""
        if child.wait_status is None:
            return
        workers = {other.pid for other in self._children.values() if other.wait_status is None}
        if self._newborn is not None:
            workers.add(self._newborn.pid)
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
