"""What goes wrong with repositories and environments, one class for each situation, in words for the person who asked."""

from collections.abc import Sequence


class EnvironmentProblem(Exception):
    """Base of everything that is understood and refused, or could not be done."""

    code = "environment_problem"


class InvalidSource(EnvironmentProblem):
    """The request itself is wrong; `field` is the part of it: git_repo, git_branch, git_commit or script_uri."""

    code = "invalid"

    def __init__(self, field: str, words: str) -> None:
        self.field = field
        self.words = words
        super().__init__(f"{field}: {words}")


class RepositoryRefused(InvalidSource):
    """The repository's URL is malformed, or no repository that scripts may come from."""

    def __init__(self, words: str) -> None:
        super().__init__("git_repo", words)


class BadReference(InvalidSource):
    """The name of a branch, tag or commit is none that git would accept."""


class BadPath(InvalidSource):
    """The path of the script does not stay inside the repository."""

    def __init__(self, words: str) -> None:
        super().__init__("script_uri", words)


class NoSuchReference(InvalidSource):
    """The repository has no such branch, tag or commit."""


class NoSuchFile(EnvironmentProblem):
    """The commit has no such file."""

    code = "no_such_file"

    def __init__(self, path: str, repository: str, commit: str) -> None:
        super().__init__(f"commit {commit[:12]} of {repository} has no file {path!r}.")


class RepositoryUnreachable(EnvironmentProblem):
    """Git could not read the repository; `output` has git's last lines."""

    code = "repository_unreachable"

    def __init__(self, repository: str, output: str, remedy: str = "") -> None:
        self.output = output
        said = f" Git said: {output}" if output else ""
        super().__init__(f"the repository {repository} could not be read.{said}{' ' + remedy if remedy else ''}")


class TreeRefused(EnvironmentProblem):
    """The files of a commit cannot be used as they are."""

    code = "tree_refused"

    def __init__(self, repository: str, commit: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"commit {commit[:12]} of {repository} cannot be used: {reason}")


class OutOfTime(EnvironmentProblem):
    """It took longer than allowed."""

    code = "out_of_time"

    def __init__(self, what: str, seconds: float, setting: str) -> None:
        super().__init__(f"{what} took longer than {seconds:g} s and was ended. The limit is {setting}.")


class Cancelled(EnvironmentProblem):
    """Whoever asked does not want it any more."""

    code = "cancelled"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was cancelled.")


class CommandFailed(EnvironmentProblem):
    """A program ended with an error; `signal` is set where it was killed."""

    code = "command_failed"

    def __init__(self, what: str, status: int, output: str) -> None:
        self.status = status
        self.output = output
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        super().__init__(f"{what} {how}.{' It said: ' + output if output else ''}")

    @property
    def was_killed(self) -> bool:
        """It did not end by itself."""
        return self.status < 0


class NoFittingPython(EnvironmentProblem):
    """No interpreter of the machine satisfies the project."""

    code = "no_python"

    def __init__(self, requires: str, there: Sequence[str]) -> None:
        found = ", ".join(there) or "none"
        super().__init__(
            f"the project requires Python {requires or 'of any version'}; this machine has: {found}. "
            "Install one that fits, or name its folder in OET_ENV_PYTHONS."
        )


class BadProject(EnvironmentProblem):
    """A file of the commit that says what to install cannot be understood."""

    code = "bad_project"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file} of the repository cannot be used: {reason}")


class NoSuchEnvironment(EnvironmentProblem):
    """There is no environment with this id."""

    code = "not_found"

    def __init__(self, environment_id: int) -> None:
        self.environment_id = environment_id
        super().__init__(f"there is no environment {environment_id}.")


class EnvironmentInUse(EnvironmentProblem):
    """It cannot be taken away."""

    code = "in_use"

    def __init__(self, environment_id: int, holders: Sequence[str]) -> None:
        self.holders = list(holders)
        super().__init__(f"environment {environment_id} is in use by {', '.join(holders)}. Wait for it or stop it.")


class NotReady(EnvironmentProblem):
    """It was asked for its interpreter and has none."""

    code = "wrong_state"

    def __init__(self, environment_id: int, state: str) -> None:
        super().__init__(
            f"environment {environment_id} is {state}; only a READY one can run scripts. Request it again."
        )


class TransitionRefused(EnvironmentProblem):
    """A move that is not in the table, or that somebody else was faster to make."""

    code = "wrong_state"

    def __init__(self, environment_id: int, current: str, wanted: str) -> None:
        self.current = current
        self.wanted = wanted
        super().__init__(f"environment {environment_id} is {current}; {wanted} cannot follow.")
