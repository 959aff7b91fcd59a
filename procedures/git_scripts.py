"""Scripts from git: what can be said of a request without asking the repository."""

from typing import TYPE_CHECKING, Any

from environments.domain.errors import InvalidSource
from environments.domain.paths import path_inside
from environments.domain.references import reference
from environments.manager import EnvironmentManager
from procedures.domain.errors import InvalidInput
from procedures.domain.scripts import GitScript

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELDS = {
    "git_repo": "script.git_args.git_repo",
    "git_branch": "script.git_args.git_branch",
    "git_commit": "script.git_args.git_commit",
    "script_uri": "script.script_uri",
}


def check_git_script(script: GitScript) -> None:
    """Raise InvalidInput with every fault of the repository's URL, the branch, the commit and the path."""
    args = script.git_args
    checks: list[Callable[[], Any]] = [
        lambda: EnvironmentManager.from_settings().git.repository(args.git_repo),
        lambda: reference(branch=args.git_branch),
        lambda: reference(commit=args.git_commit),
        lambda: path_inside(script.path),
    ]
    errors: dict[str, str] = {}
    for check in checks:
        try:
            check()
        except InvalidSource as fault:
            errors[_FIELDS[fault.field]] = fault.words
    if errors:
        raise InvalidInput(errors)
