"""Specifications as the scheduler needs them, parsed once: neither that of a task nor that of a trial that has been set up ever changes."""

from functools import lru_cache
from threading import Lock

from trials.domain.rendering import with_resources
from trials.domain.specification import TaskSpec, task_from_json
from trials.models import Task, Trial, TrialScript

_KEPT = 500
_of_tasks: "dict[int, tuple[str, TaskSpec]]" = {}
_lock = Lock()


def spec_of_task(task: Task) -> TaskSpec:
    """The specification of a task."""
    stamp = task.created_at.isoformat()  # tests use ids again
    with _lock:
        known = _of_tasks.get(task.pk)
    if known is None or known[0] != stamp:
        known = (stamp, task_from_json(task.spec))
        with _lock:
            while len(_of_tasks) >= _KEPT:
                _of_tasks.pop(next(iter(_of_tasks)))
            _of_tasks[task.pk] = known
    return known[1]


def spec_of_trial(trial: Trial, resources: "dict[str, tuple[str, ...]]") -> TaskSpec:
    """The specification of a trial, with the resources of its scripts as they were rendered for it."""
    base = spec_of_task(trial.task)
    if not any(resources.values()):
        return base
    return _with_resources(_Same(base), tuple(resources.items()))


class _Same:
    """A specification that is compared by identity: comparing it by value would cost as much as parsing it."""

    def __init__(self, spec: TaskSpec) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.spec is self.spec


@lru_cache(_KEPT)
def _with_resources(same: _Same, resources: tuple[tuple[str, tuple[str, ...]], ...]) -> TaskSpec:
    return with_resources(same.spec, dict(resources))


def resources_of_scripts(scripts: "dict[str, TrialScript]") -> "dict[str, tuple[str, ...]]":
    """What each script of a trial needs for itself."""
    return {key: tuple(script.resource) for key, script in scripts.items()}
