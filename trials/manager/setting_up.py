"""Setting a trial up: its working directory, commit, ports, templates and environments; then its scripts may start.

Nothing of it has to be remembered over a restart: the next manager begins again with an empty directory.
"""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from django.conf import settings

from procedures.manager.context import Context
from trials.domain.errors import TemplateError
from trials.domain.rendering import Rendered, TrialFacts, rendered_scripts, task_environment
from trials.domain.specification import TaskSpec
from trials.manager import beginning
from trials.manager.commits import CannotPrepare, check_out, prepare_environments
from trials.manager.ports import NoFreePort, free_ports
from trials.manager.templates import BadTemplate, render_templates
from trials.manager.working_directories import folder_of, make

log = logging.getLogger(__name__)

MAX_RESOURCE_CHARACTERS = 190
_HEAD_CHARACTERS = 120
_RESERVED = frozenset({"OET_LAUNCHER_ID", "OET_LAUNCHER_DIRECTORY", "OET_PROCEDURE_ID"})
"""By these OET finds what belongs to a script, so no script sets them."""


class SetUpFailed(Exception):
    """A trial cannot be set up; `scripts` are those to blame, with what is wrong."""

    def __init__(self, words: str, scripts: Mapping[str, str] | None = None) -> None:
        self.scripts = dict(scripts or {})
        super().__init__(words)


class _Aborted(Exception):
    """It is not wanted any more."""


class SettingUp:
    """The set-ups that are under way in one manager."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stops: dict[int, asyncio.Event] = {}
        self._choosing_ports = asyncio.Lock()

    def begin(self, trial_id: int) -> None:
        """Set a trial up, unless that is being done."""
        if trial_id not in self._stops:
            self._stops[trial_id] = asyncio.Event()
            self._context.begin(self._set_up(trial_id), f"set up trial {trial_id}")

    def stop(self, trial_id: int) -> None:
        """It is to be aborted: what takes long is not waited for."""
        if trial_id in self._stops:
            self._stops[trial_id].set()

    async def _set_up(self, trial_id: int) -> None:
        write = self._context.database.write
        try:
            plan = await self._context.database.read(partial(beginning.read_plan, trial_id))
            if plan is None:
                return
            never = asyncio.Event()
            outfit = await self._outfit(plan, never if plan.is_wanted_after_abort else self._stops[trial_id])
        except SetUpFailed as failure:
            await write(partial(beginning.fail, trial_id=trial_id, error=str(failure), scripts=failure.scripts))
        except _Aborted:
            await write(partial(beginning.give_up, trial_id=trial_id))
        except Exception as error:
            # The border of one trial's set-up: whatever is wrong with it, it must not wait for ever.
            log.exception("setting up trial %s failed", trial_id)
            words = f"setting it up failed inside the process manager: {error!r}; see its log"
            await write(partial(beginning.fail, trial_id=trial_id, error=words, scripts={}))
        else:
            await write(partial(beginning.begin, trial_id=trial_id, plan=plan, outfit=outfit))
        finally:
            del self._stops[trial_id]

    async def _outfit(self, plan: beginning.Plan, stop: asyncio.Event) -> beginning.Outfit:
        folder = folder_of(self._context.settings.run_dir, plan.trial_id)
        try:
            await self._fill(folder, plan, stop)
            ports = await self._ports(plan) if plan.spec.ports else {}
            outfit = beginning.Outfit(folder, ports)
            facts = TrialFacts(plan.task_id, plan.trial_id, str(folder), ports)
            if plan.spec.templates:
                outfit.unknown_in_templates = await asyncio.to_thread(_templates, plan.spec, facts, folder)
            outfit.scripts = await asyncio.to_thread(_rendered, plan.spec, facts)
            await prepare_environments(self._context, plan, stop)
        except (CannotPrepare, NoFreePort, BadTemplate) as problem:
            if stop.is_set():
                raise _Aborted from problem
            raise SetUpFailed(str(problem)) from problem
        except TemplateError as error:
            raise SetUpFailed(str(error)) from error
        except OSError as error:
            raise SetUpFailed(f"its working directory cannot be made: {error}") from error
        return outfit

    async def _fill(self, folder: Path, plan: beginning.Plan, stop: asyncio.Event) -> None:
        """The working directory: a copy of the one whose results are taken over, a checkout, or empty."""
        if plan.copies is not None:
            earlier = folder_of(self._context.settings.run_dir, plan.copies)
            if not earlier.is_dir():
                raise SetUpFailed(f"the working directory of trial {plan.copies}, whose results it takes over, is gone")
            await asyncio.to_thread(make, folder, copy_of=earlier)
        elif plan.spec.git_args is not None:
            source = await check_out(self._context, plan.spec.git_args, stop)
            await asyncio.to_thread(make, folder, copy_of=source)
        else:
            make(folder)

    async def _ports(self, plan: beginning.Plan) -> dict[str, int]:
        """Ports that are free, and held from now on; one trial chooses at a time."""
        async with self._choosing_ports:
            taken = await self._context.database.read(partial(beginning.ports_taken, plan))
            found = await asyncio.to_thread(free_ports, plan.spec.ports, taken)
            await self._context.database.write(partial(beginning.hold_ports, trial_id=plan.trial_id, ports=found))
        return found


def _templates(spec: TaskSpec, facts: TrialFacts, folder: Path) -> dict[str, list[str]]:
    environment, _ = task_environment(spec, facts)
    return render_templates(spec.templates, folder, environment)


def _rendered(spec: TaskSpec, facts: TrialFacts) -> dict[str, Rendered]:
    """Every script's environment and resources; raises SetUpFailed with all the scripts that cannot be rendered."""
    scripts, errors = rendered_scripts(spec, facts, resource_templates=settings.OET.resources)
    if errors:
        words = {key: str(error) for key, error in errors.items()}
        first = next(iter(words))
        raise SetUpFailed(f"script {first}: {words[first]}", words)
    return {key: _storable(script) for key, script in scripts.items()}


def _storable(script: Rendered) -> Rendered:
    environment = {name: value for name, value in script.environment.items() if name not in _RESERVED}
    resources = tuple(map(claim_name, script.resources))
    return Rendered(environment, script.removed - _RESERVED, resources, script.unknown)


def claim_name(resource: str) -> str:
    """The name under which a resource is claimed: itself, or, where that is too long for the table, its head and its hash."""
    if len(resource) <= MAX_RESOURCE_CHARACTERS:
        return resource
    return f"{resource[:_HEAD_CHARACTERS]}…{hashlib.sha256(resource.encode()).hexdigest()}"
