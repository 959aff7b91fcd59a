"""What is recorded of a script from git until its process begins. In the database thread, perhaps more than once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from environments.manager import EnvironmentManager
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

    fetched: Fetched
    environment: Environment | None


def begin(record: Recording, live: LiveProcedure, git: GitSource, at_hand: Fetched | None) -> Taken | None:
    """PREP_ENV begins; where all that the script needs is there it is taken at once. None where something has to be fetched or built."""
    taken = _take(live, git, at_hand) if at_hand is not None else None
    if taken is None:
        if live.prepare_command is not None:  # what comes now may take long
            record.answer(live.prepare_command, Command.State.DONE)
        _move(record, live, f"reading {git.script.git_args.git_repo}")
        return None
    environment, source = taken.environment, taken.fetched.source
    words = f"commit {source.commit[:12]} is there" if environment is None else ready_words(environment)
    _move(record, live, words)
    write_commit(record, live, taken.fetched, words, environment)
    return taken


def write_commit(
    record: Recording, live: LiveProcedure, fetched: Fetched, words: str, environment: Environment | None = None
) -> None:
    """From now on the procedure means this commit, wherever its branch may go, and this environment of it."""
    source, options = fetched.source, record.procedure(live.id).script_options
    git_args = {"git_repo": source.repository.url, "git_branch": source.branch, "git_commit": source.commit}
    record.change(live.id, script_options={**options, "git_args": git_args}, script_path=str(fetched.file))
    said: dict[str, Any] = {"words": words, "commit": source.commit, "branch": source.branch}
    if environment is not None:
        record.change(live.id, launcher=launcher_of(environment), environment_id=environment.pk)
        said["environment"] = environment.pk
    record.announce(PROGRESS_TOPIC, said, procedure_id=live.id)


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


def _take(live: LiveProcedure, git: GitSource, at_hand: Fetched) -> Taken | None:
    manager, name = EnvironmentManager.from_settings(), holder(live.id)
    if git.script.create_env:
        environment = manager.take_ready(at_hand.source, holder=name)
        return Taken(at_hand, environment) if environment is not None else None
    return Taken(at_hand, None) if manager.hold_at_once(at_hand.source, holder=name) else None


def _move(record: Recording, live: LiveProcedure, cause: str) -> None:
    if record.procedure(live.id).state == ProcedureState.CREATING:
        record.move(live.id, Move(ProcedureState.PREP_ENV, datetime.now(UTC), cause=cause))
