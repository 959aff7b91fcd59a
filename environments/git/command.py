"""How git is run: without prompts, hooks, helpers, or any configuration but ours.

What is quick and local goes through GitPython; what may take long goes through `environments.running`, which can be cancelled.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import git

from environments.domain.errors import CommandFailed
from environments.domain.urls import without_credentials
from environments.running import Command, Watch, run

LOCAL_TIMEOUT_S: Final = 60.0

_OPTIONS: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.sshCommand": "ssh -oBatchMode=yes -oConnectTimeout=15",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "protocol.allow": "never",
    "protocol.ext.allow": "never",
    "protocol.https.allow": "always",
    "protocol.http.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.file.allow": "always",
    "advice.detachedHead": "false",
}
_PASSED_ON: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
     "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}
)  # fmt: skip
_HARMLESS: Final = {
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_CONFIG_PARAMETERS": "",
}


def environment(git_dir: Path, *, safe: Sequence[str] = ()) -> dict[str, str]:
    """The variables git runs with. `safe` are local repositories that may belong to somebody else."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON}
    options = [*_OPTIONS.items(), *(("safe.directory", path) for path in (str(git_dir), *safe))]
    numbered = {"GIT_CONFIG_COUNT": str(len(options))}
    for number, (key, value) in enumerate(options):
        numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return passed | _HARMLESS | numbered | {"GIT_DIR": str(git_dir)}


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
