"""From the text of a document to specifications: read, put together, check what came of it, build.

What is written is checked where it stands (in `assembly`), so an error in `script_defaults` is named once and not for every
script; here only what can be seen after inheritance.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from procedures.domain.resources import DEFAULT_RESOURCE
from trials.domain.assembly import Task, assembled
from trials.domain.document import dotted, read_document
from trials.domain.errors import Code, Problem, SpecError
from trials.domain.rendering import with_known_resources
from trials.domain.report import Report
from trials.domain.rules import check_ports, check_script
from trials.domain.specification import TaskSpec, task_from_json
from trials.domain.vocabulary import TASK
from trials.domain.warnings import warnings_of

MAX_FIRST_SCRIPTS: Final = 5000
"""Scripts of all trials that a document makes at once; each is a procedure."""


def parse(text: str, *, resource_templates: str = DEFAULT_RESOURCE) -> TaskSpec:
    """The task that `text`, YAML or JSON, describes; raises SpecError with all its errors.

    `resource_templates` is what a Python procedure claims that names no resource, as in `OET_RESOURCES`.
    """
    tasks, is_context = _parsed(text, resource_templates)
    if is_context:
        hint = "a context creates several tasks at once; here one task is wanted"
        raise SpecError(
            [Problem("", Code.INVALID_VALUE, "is a context, with 'tasks' or 'contexts', not a task", hint, 1)]
        )
    return tasks[0]


def parse_all(text: str, *, resource_templates: str = DEFAULT_RESOURCE) -> tuple[TaskSpec, ...]:
    """The tasks that `text` describes: all those of a context, or the one that a task is; raises SpecError like `parse`."""
    return _parsed(text, resource_templates)[0]


def _parsed(text: str, resource_templates: str) -> tuple[tuple[TaskSpec, ...], bool]:
    document = read_document(text)
    report = Report(document)
    tasks, is_context = assembled(document.value, report)
    for task in tasks:
        _check_merged(task, report)
    _check_first_trials(tasks, report)
    report.raise_if_any()
    return tuple(_built(task, resource_templates, report) for task in tasks), is_context


def _check_merged(task: Task, report: Report) -> None:
    """What is missing after inheritance, and what does not go together."""
    TASK.require(task.data, task.at, report)
    if not task.has_scripts:
        message = "'scripts' is required: the scripts by their keys"
        report.add((*task.at, "scripts"), Code.REQUIRED, message, "or 'body', if there is only one")
    for name in ("body", "script"):
        if task.data.get(name) is not None and report.is_sound([task.at], name):
            message = f"the '{name}' that the task inherits and its 'scripts' exclude each other"
            report.add((*task.at, name), Code.INVALID_VALUE, message, f"delete it with {name}: null")
    check_ports(task.data.get("ports"), (*task.at, "ports"), report)
    first: dict[str, str] = {}
    for script in task.scripts:
        check_script(script, report)
        key = str(script.data.get("key") or script.key)
        if first.setdefault(key, dotted(script.at)) != dotted(script.at):
            message = f"the key {key[:60]!r} is also that of {first[key]}"
            report.add((*script.at, "key"), Code.DUPLICATE_KEY, message, "keys are unique in a task")


def _check_first_trials(tasks: Sequence[Task], report: Report) -> None:
    """A document makes its first trials in one transaction, so `eager_trials` must not make that endless."""
    count = 0
    for task in tasks:
        given = [task.data.get("eager_trials"), task.data.get("max_trials")]
        eager, most = (
            value if isinstance(value, int) else default
            for value, default in zip(given, (TaskSpec.eager_trials, TaskSpec.max_trials), strict=True)
        )
        count += min(eager, most) * max(1, len(task.scripts))
        if count > MAX_FIRST_SCRIPTS:
            message = (
                f"makes more than {MAX_FIRST_SCRIPTS} scripts at once, counting those of every trial of every task"
            )
            report.add((*task.at, "eager_trials"), Code.TOO_LARGE, message, "lower it, or max_trials")
            return


def _built(task: Task, resource_templates: str, report: Report) -> TaskSpec:
    data = {**task.data, "scripts": {script.key: script.data for script in task.scripts}}
    spec = with_known_resources(task_from_json(data, key=task.key), resource_templates)
    return replace(spec, warnings=tuple(warnings_of(spec, task, report)))
