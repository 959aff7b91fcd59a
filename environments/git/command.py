"""How git is run, in the surroundings that `surroundings` makes.

What is quick and local goes through GitPython; what may take long goes through `environments.running`, which can be cancelled.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import git

from environments.domain.errors import CommandFailed
from environments.domain.urls import without_credentials
from environments.git.surroundings import surroundings
from environments.running import Command, Watch, run

LOCAL_TIMEOUT_S: Final = 60.0


def git_program() -> str:
    """Where the git of this machine is; raises CommandFailed where there is none."""
    if (found := shutil.which("git")) is None:
        raise CommandFailed("git", 127, "git is not installed on this node.")
    return found


def environment(git_dir: Path, *, safe: Sequence[str] = ()) -> dict[str, str]:
    """The variables git runs with in `git_dir`. `safe` are local repositories that may belong to somebody else."""
    return surroundings([str(git_dir), *safe]) | {"GIT_DIR": str(git_dir)}


def run_git(
    arguments: Sequence[str],
    *,
    git_dir: Path,
    watch: Watch,
    extra: dict[str, str] | None = None,
    safe: Sequence[str] = (),
    keep_open: Sequence[int] = (),
    directory: Path | None = None,
) -> bytes:
    """Run what may take long; its standard output. Raises CommandFailed, Cancelled, OutOfTime."""
    command = Command(
        arguments=["git", *arguments],
        what=f"git {arguments[0]}",
        environment=environment(git_dir, safe=safe) | (extra or {}),
        directory=directory or git_dir,
        keep_open=keep_open,
    )
    return run(command, watch, on_line=_progress(watch.on_progress))


def ask_git(git_dir: Path, arguments: Sequence[str], *, extra: dict[str, str] | None = None) -> bytes:
    """Run what is quick and local, by GitPython; its standard output. Raises CommandFailed."""
    runner = git.Git(str(git_dir))
    variables = environment(git_dir) | (extra or {})
    # GitPython gives git the variables of this process too: those that might lead it elsewhere have to be taken away again.
    foreign = [name for name in os.environ if name.startswith("GIT_") and name not in variables]
    cleaned = ["env", *(f"--unset={name}" for name in foreign)] if foreign else []
    answer: Any = runner.execute(
        [*cleaned, "git", *arguments],
        env=variables,
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
        kill_after_timeout=LOCAL_TIMEOUT_S,
    )
    status, output, said = answer
    if status != 0:
        raise CommandFailed(f"git {arguments[0]}", status, without_credentials(str(said)).strip())
    return bytes(output)


class _Progress(git.RemoteProgress):
    """Turns what git writes about its progress into “Receiving objects: 45 %”."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell
        self._said = ""

    def update(
        self, op_code: int, cur_count: str | float, max_count: str | float | None = None, message: str = ""
    ) -> None:
        """Tell it, once for each percent."""
        step = self._STEPS.get(op_code & self.OP_MASK)
        if step is None or not max_count:
            return
        words = f"{step}: {100 * float(cur_count) / float(max_count):.0f} %{', ' + message if message else ''}"
        if words != self._said:
            self._said = words
            self._tell(words)

    _STEPS: Final = {
        git.RemoteProgress.COUNTING: "Counting objects",
        git.RemoteProgress.COMPRESSING: "Compressing objects",
        git.RemoteProgress.RECEIVING: "Receiving objects",
        git.RemoteProgress.RESOLVING: "Resolving deltas",
        git.RemoteProgress.CHECKING_OUT: "Checking out files",
    }


def _progress(tell: Callable[[str], None]) -> Callable[[str], None]:
    handler = _Progress(tell).new_message_handler()

    def on_line(line: str) -> None:
        handler(line)

    return on_line
