"""What is recorded of a script from git until its process begins. In the database thread, perhaps more than once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from environments.manager import EnvironmentManager, Source
from environments.models import Environment
from procedures.domain.states import ProcedureState
from procedures.manager.environment_desk import Fetched, holder
from procedures.manager.idle_launchers import PREFIX
from procedures.manager.live import LiveProcedure
from procedures.manager.preparation import GitSource
from procedures.models import Command
from procedures.moves import Move
from procedures.recorder import Recording

PROGRESS_TOPIC = "procedure.progress"


@dataclass(frozen=True)
class Taken:
    """All that a script needs was there, and is held from this transaction on."""

    environment: Environment | None


def begin(record: Recording, live: LiveProcedure, git: GitSource) -> None:
    """PREP_ENV begins with reading the repository."""
    _need_not_wait(record, live)
    _enter(record, live, f"reading {git.script.git_args.git_repo}")


def arrive(record: Recording, live: LiveProcedure, git: GitSource, fetched: Fetched) -> Taken | None:
    """The files are there: from now on the procedure means this commit, wherever its branch may go.

    What else it needs is taken at once, if that is there too; None where it is not, so that it takes longer.
    """
    taken = _take(live, git, fetched.source)
    if taken is None:
        _need_not_wait(record, live)
    source, environment = fetched.source, taken.environment if taken is not None else None
    words = f"commit {source.commit[:12]} is there" if environment is None else ready_words(environment)
    _enter(record, live, words)
    options = record.procedure(live.id).script_options
    git_args = {"git_repo": source.repository.url, "git_branch": source.branch, "git_commit": source.commit}
    columns: dict[str, Any] = {
        "script_options": {**options, "git_args": git_args},
        "script_path": str(fetched.file),
        "cause": words,
    }
    said: dict[str, Any] = {"words": words, "commit": source.commit, "branch": source.branch}
    if environment is not None:
        columns |= {"launcher": launcher_of(environment), "environment_id": environment.pk}
        said["environment"] = environment.pk
    record.change(live.id, **columns)
    record.announce(PROGRESS_TOPIC, said, procedure_id=live.id)
    return taken


def write_progress(record: Recording, live: LiveProcedure, words: str, environment: Environment | None) -> None:
    """How far it is, if that is new."""
    procedure = record.procedure(live.id)
    if procedure.state != ProcedureState.PREP_ENV:
        return
    environment_id = environment.pk if environment is not None else None
    if procedure.launcher != live.process.launcher or procedure.environment_id != environment_id:
        record.change(live.id, launcher=live.process.launcher, environment_id=environment_id)
    if procedure.cause != words:
        record.change(live.id, cause=words)
        record.announce(PROGRESS_TOPIC, {"words": words, "environment": environment_id}, procedure_id=live.id)


def ready_words(environment: Environment) -> str:
    """What is said of an environment that may be used."""
    return f"environment {environment.commit[:7]} is ready"


def launcher_of(environment: Environment) -> str:
    """Name of the launcher that runs scripts in the environment."""
    return PREFIX + environment.folder


def _take(live: LiveProcedure, git: GitSource, source: Source) -> Taken | None:
    manager, name = EnvironmentManager.from_settings(), holder(live.id)
    if git.script.create_env:
        environment = manager.take_ready(source, holder=name)
        return Taken(environment) if environment is not None else None
    return Taken(None) if manager.hold_at_once(source, holder=name) else None


def _need_not_wait(record: Recording, live: LiveProcedure) -> None:
    """What comes now may take long: whoever prepared it gets their answer."""
    if live.prepare_command is not None:
        record.answer(live.prepare_command, Command.State.DONE)


def _enter(record: Recording, live: LiveProcedure, cause: str) -> None:
    if record.procedure(live.id).state == ProcedureState.CREATING:
        record.move(live.id, Move(ProcedureState.PREP_ENV, datetime.now(UTC), cause=cause))
