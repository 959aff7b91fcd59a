"""`oet trial check` and `oet trial run`."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oet_client.following import Following
from oet_client.server import BadDocument, ClientError, Server
from oet_client.words import OVER, TOPICS, in_words, problem

PASSED, NOT_PASSED = 0, 1
"""Exit statuses."""
_MOST_WIDE = 40


def check(server: Server, file: str) -> int:
    """Say all that is wrong with a document; 0 if nothing is. Nothing is created."""
    try:
        found = server.post_document("tasks/validate/", _read(file))
    except BadDocument as bad:
        return _complain(file, bad)
    for task in found["tasks"]:
        for warning in task["warnings"]:
            _say(problem(file, warning, "warning"))
        for finding in task["graph"]["findings"]:
            _say(f"{file}: worth a look: {finding['message']}; {finding['remedy']}")
        scripts = len(task["spec"]["scripts"])
        _say(f"{file}: {task['name'] or 'the task'} is valid: {scripts} {'script' if scripts == 1 else 'scripts'}")
    return PASSED


def run(server: Server, file: str) -> int:
    """Create the tasks of a document, and tell what becomes of them until they are over; 0 if all have passed."""
    document = _read(file)
    following = Following(server, TOPICS, _note)
    try:
        made = server.post_document("tasks/", document)
    except BadDocument as bad:
        return _complain(file, bad)
    watch = Watch(server, made if isinstance(made, list) else [made])
    watch.introduce()
    try:
        watch.follow(following)
    except KeyboardInterrupt:
        _note(f"you watch no longer; it goes on, and can be aborted there: {', '.join(watch.pages())}")
        return NOT_PASSED
    except ClientError as error:
        raise ClientError(f"{error} What was begun goes on: {', '.join(watch.pages())}") from error
    return watch.conclude()


@dataclass
class Watch:
    """The tasks that were made, and what is known of them."""

    server: Server
    tasks: Sequence[Mapping[str, Any]]
    states: dict[int, str] = field(default_factory=dict)
    """Of the tasks."""
    unfinished: set[int] = field(default_factory=set)
    """Trials."""
    numbers: dict[int, str] = field(default_factory=dict)
    """What the trials are called."""

    def __post_init__(self) -> None:
        for task in self.tasks:
            self.states[task["id"]] = task["state"]
            for trial in task["trials"]:
                self._know(trial["id"], task["id"], trial["number"])
                if trial["state"] not in OVER:
                    self.unfinished.add(trial["id"])
        keys = [key for task in self.tasks for key in task["spec"]["scripts"]]
        self._width = min(_MOST_WIDE, max((len(name) for name in (*keys, *self.numbers.values())), default=0))

    def introduce(self) -> None:
        """Name what was made, and say if nobody is there to run it."""
        for task in self.tasks:
            _say(f"task {task['id']}, {_name(task)}: {', '.join(self.pages(task))}")
        if not any(node["is_alive"] for node in self.server.get("nodes/")):
            _note("no process manager is running: it waits until one does (make up)")

    def pages(self, task: Mapping[str, Any] | None = None) -> list[str]:
        """Where its trials, or all of them, can be looked at."""
        of = [task] if task else self.tasks
        return [f"{self.server.url}/trials/{trial['id']}/" for it in of for trial in it["trials"]]

    def follow(self, following: Following) -> None:
        """Tell every transition, until everything is over."""
        for event in following.events():
            said = event["payload"]
            if said.get("task") not in self.states:
                continue
            self._take(event["topic"], said)
            if line := in_words(event, self.numbers, self._width):
                _say(line)
            if not self.unfinished and set(self.states.values()) <= OVER:
                return

    def conclude(self) -> int:
        """Say how it ended."""
        for task in self.tasks:
            _say(f"task {task['id']}, {_name(task)}: {self.states[task['id']]}")
        return PASSED if set(self.states.values()) == {"passed"} else NOT_PASSED

    def _take(self, topic: str, said: Mapping[str, Any]) -> None:
        if topic == "task.statechange":
            self.states[said["task"]] = said["to"]
        elif topic == "trial.statechange":
            self._know(said["trial"], said["task"], said["number"])
            (self.unfinished.discard if said["to"] in OVER else self.unfinished.add)(said["trial"])

    def _know(self, trial_id: int, task_id: int, number: int) -> None:
        self.numbers[trial_id] = f"trial {number}" if len(self.tasks) == 1 else f"trial {number} of task {task_id}"


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise ClientError(f"{file} cannot be read: {error.strerror or error}.") from error


def _complain(file: str, bad: BadDocument) -> int:
    for fault in bad.errors:
        _say(problem(file, fault))
    _note(str(bad))
    return NOT_PASSED


def _name(task: Mapping[str, Any]) -> str:
    return str(task["name"] or task["key"] or "without a name")


def _say(line: str) -> None:
    """At once, also into a pipe."""
    print(line, flush=True)


def _note(line: str) -> None:
    print(f"oet: {line}", file=sys.stderr, flush=True)
