"""Puts tasks together from what is written: short forms, contexts and inheritance. Checks each map where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from trials.domain.document import Path
from trials.domain.errors import Code
from trials.domain.inheritance import merged
from trials.domain.nodes import fatal
from trials.domain.report import Report
from trials.domain.shapes import mismatch
from trials.domain.vocabulary import CONTEXT, SHORT_TASK, TASK

MAX_SCRIPTS: Final = 1000
"""Of a document; and as many tasks, and contexts, at most."""
MAX_RESOLVED_CHARACTERS: Final = 16 * 1024 * 1024
"""Of all scripts with what they inherit: a long default of a thousand scripts is stored a thousand times."""

MAIN: Final = "main"
"""The key of the only script of a task that has no `scripts`."""


@dataclass(frozen=True)
class Script:
    """A script after inheritance. `data` may have nulls: keys that count as absent."""

    key: str
    at: Path
    data: dict[str, Any]
    general: Mapping[str, Any]
    """What it inherited."""
    places: tuple[Path, ...]
    """The maps it was put together from."""


@dataclass(frozen=True)
class Task:
    """A task after inheritance; `data` is without `scripts`."""

    key: str
    at: Path
    data: dict[str, Any]
    scripts: tuple[Script, ...]
    null_scripts: tuple[Path, ...] = ()
    has_scripts: bool = True
    """Whether it says what its scripts are, be it none."""


@dataclass(frozen=True)
class _Inherited:
    """What the contexts around a task lend to it, and where that is written."""

    task: Mapping[str, Any] = field(default_factory=dict)
    task_places: tuple[Path, ...] = ()
    script: Mapping[str, Any] = field(default_factory=dict)
    script_places: tuple[Path, ...] = ()


def assembled(value: Any, report: Report) -> tuple[list[Task], bool]:
    """The tasks that the document's `value` describes, and whether it is a context."""
    _refuse_many(value)
    budget = _Budget(report)
    if isinstance(value, Mapping) and any(value.get(key) is not None for key in ("tasks", "contexts")):
        tasks = _tasks_of(value, (), _Inherited(), budget)
        return [task for task, _ in zip(tasks, budget.allowed(), strict=False)], True
    return [_task("", value, (), _Inherited(), budget)], False


def _refuse_many(value: Any) -> None:
    """Raise SpecError where more is written than a document may have, before any of it is looked at: each error costs, too."""
    count = _Count()
    count.task(value)
    for what, number in (("scripts", count.scripts), ("tasks", count.tasks), ("contexts", count.contexts)):
        if number > MAX_SCRIPTS:
            raise fatal(
                Code.TOO_LARGE, f"has {number} {what}; at most {MAX_SCRIPTS} are allowed", hint="split the document"
            )


@dataclass
class _Count:
    """How many there are, whatever is wrong with them."""

    scripts: int = 0
    tasks: int = 0
    contexts: int = 0

    def task(self, value: Any) -> None:
        """A task, or a context, of which one in another counts both."""
        if not isinstance(value, Mapping):
            return
        self.scripts += _size(value.get("scripts"))
        self.task(value.get("task_defaults"))
        self.tasks += _size(value.get("tasks"))
        self.contexts += _size(value.get("contexts"))
        for name in ("tasks", "contexts"):
            for _, child in _items(value.get(name)):
                self.task(child)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, Mapping) else 0


class _Budget:
    """Ends the work on documents that inheritance would make huge, and says so once."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.is_spent = False
        self._scripts = self._characters = 0

    def allowed(self) -> Iterator[int]:
        """Goes on for as long as there may be another task."""
        for number in range(MAX_SCRIPTS):
            if self.is_spent:
                return
            yield number
        self._end((), f"has more than {MAX_SCRIPTS} tasks")

    def spend(self, script: Script, scripts_at: Path) -> None:
        self._scripts += 1
        self._characters += _characters(script.data)
        if self._scripts > MAX_SCRIPTS:
            self._end(scripts_at, f"has more than {MAX_SCRIPTS} scripts")
        elif self._characters > MAX_RESOLVED_CHARACTERS:
            message = f"makes more than {MAX_RESOLVED_CHARACTERS} characters with what the scripts inherit"
            self._end(scripts_at, message)

    def _end(self, at: Path, message: str) -> None:
        if not self.is_spent:
            self.report.add(at, Code.TOO_LARGE, message, "split the document")
        self.is_spent = True


def _characters(value: Any) -> int:
    """About what it takes as JSON."""
    if isinstance(value, Mapping):
        return 2 + sum(len(key) + 6 + _characters(child) for key, child in value.items())
    if isinstance(value, list):
        return 2 + sum(2 + _characters(child) for child in value)
    return len(value) + 2 if isinstance(value, str) else 4


def _tasks_of(context: Any, at: Path, inherited: _Inherited, budget: _Budget) -> Iterator[Task]:
    """The tasks of a context and of those inside of it."""
    CONTEXT.check(context, at, budget.report)
    if not isinstance(context, Mapping):
        return
    inherited = _with_defaults(context, at, inherited, budget.report)
    for key, task in _items(context.get("tasks")):
        yield _task(key, task, (*at, "tasks", key), inherited, budget)
    for key, inner in _items(context.get("contexts")):
        yield from _tasks_of(inner, (*at, "contexts", key), inherited, budget)


def _with_defaults(context: Mapping[str, Any], at: Path, inherited: _Inherited, report: Report) -> _Inherited:
    task, task_at = context.get("task_defaults"), (*at, "task_defaults")
    script, script_at = context.get("script_defaults"), (*at, "script_defaults")
    if isinstance(task, Mapping):
        _check_written(task, task_at, report)
        places = (*inherited.task_places, task_at)
        inherited = replace(inherited, task=merged(inherited.task, _normal(task)), task_places=places)
    elif task is not None:
        mismatch(task, "a map", task_at, report)
    if isinstance(script, Mapping):
        places = (*inherited.script_places, script_at)
        inherited = replace(inherited, script=merged(inherited.script, script), script_places=places)
    return inherited


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a map that are not null; none if it is no map, which has been said already."""
    if isinstance(value, Mapping):
        yield from ((key, child) for key, child in value.items() if child is not None)


def _task(key: str, written: Any, at: Path, inherited: _Inherited, budget: _Budget) -> Task:
    """The task written at `at`, checked as far as it is written there, and merged with what it inherits."""
    if isinstance(written, str):
        written = {"body": written}
    _check_written(written, at, budget.report)
    data = dict(merged(inherited.task, _normal(written) if isinstance(written, Mapping) else {}))
    own, task_places = data.pop("script_defaults", None), (*inherited.task_places, at)
    general = merged(inherited.script, own) if isinstance(own, Mapping) else inherited.script
    places = (*inherited.script_places, *((*place, "script_defaults") for place in task_places))
    written_scripts = data.pop("scripts", None)
    if written_scripts is None and any(data.get(name) is not None for name in ("body", "script")):
        only = {name: data.pop(name) for name in list(data) if name in SHORT_TASK.keys and name not in TASK.keys}
        script = Script(MAIN, at, merged(general, only), general, (*places, *task_places))
        budget.spend(script, at)
        return Task(key, at, data, (script,))
    scripts = tuple(_scripts(written_scripts, task_places, general, places, budget))
    entries = written_scripts.items() if isinstance(written_scripts, Mapping) else ()
    null_scripts = tuple((*at, "scripts", name) for name, script in entries if script is None)
    has_scripts = written_scripts is not None or not isinstance(written, Mapping)
    return Task(key, at, data, scripts, null_scripts, has_scripts)


def _scripts(
    written: Any, task_places: tuple[Path, ...], general: Mapping[str, Any], places: tuple[Path, ...], budget: _Budget
) -> Iterator[Script]:
    at = (*task_places[-1], "scripts")
    for key, own in _items(written):
        if isinstance(own, Mapping) and not budget.is_spent:
            own_places = tuple((*place, "scripts", key) for place in task_places)
            script = Script(key, (*at, key), merged(general, own), general, (*places, *own_places))
            budget.spend(script, at)
            yield script


def _check_written(task: Any, at: Path, report: Report) -> None:
    """Check a task, or the defaults of tasks, as written: with `scripts`, or as a script itself."""
    if not isinstance(task, Mapping):
        mismatch(task, "a map, or the text of its only script", at, report)
        return
    alone = [name for name in ("body", "script") if task.get(name) is not None]
    if task.get("scripts") is None and alone:
        SHORT_TASK.check({name: value for name, value in task.items() if name != "scripts"}, at, report)
        return
    for name in alone:
        message = f"'{name}' and 'scripts' exclude each other"
        report.add((*at, name), Code.INVALID_VALUE, message, "make it one of the scripts")
    TASK.check({name: value for name, value in task.items() if name not in {"body", "script"}}, at, report)


def _normal(task: Mapping[str, Any]) -> dict[str, Any]:
    """The task with its scripts as maps."""
    scripts = task.get("scripts")
    if not isinstance(scripts, Mapping):
        return dict(task)
    return {**task, "scripts": {key: {"body": s} if isinstance(s, str) else s for key, s in scripts.items()}}
