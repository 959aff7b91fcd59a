"""Packages that a project takes from git: only from where scripts may come from, and by the same rules."""

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from environments.git.command import git_program
from environments.git.for_packages import REFUSED, write_program
from environments.git.manager import GitManager
from environments.manager import EnvironmentManager
from environments.models import Environment
from tests.repositories import GitRepository, pyproject

Request = Callable[..., Environment]

BACKEND = """\
import os, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "dishes-1.0-py3-none-any.whl"
    has_submodule = os.path.exists("sub/observe.py")
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("dishes.py", f"has_submodule = {has_submodule}")
        wheel.writestr("dishes-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: dishes\\nVersion: 1.0\\n")
        wheel.writestr("dishes-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("dishes-1.0.dist-info/RECORD", "")
    return name
"""
PROJECT = """\
[project]
name = "dishes"
version = "1.0"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def package(path: Path) -> GitRepository:
    """A repository that is a package."""
    return GitRepository.make(path, {"pyproject.toml": PROJECT, "backend.py": BACKEND})


def from_git(remote: GitRepository) -> str:
    return f"dishes @ git+file://{remote.path}"


def built(manager: EnvironmentManager, environment: Environment) -> Environment:
    manager.builder().build(environment.pk)
    return manager.get(environment.pk)


@pytest.mark.django_db(transaction=True)
def test_package_from_a_permitted_repository_is_installed_with_its_submodules(
    manager: EnvironmentManager, remote: GitRepository, remotes: Path, requested: Request
) -> None:
    dishes = package(remotes / "dishes")
    GitRepository.make(remotes / "sub")
    dishes.git("submodule", "add", "--quiet", "../sub", "sub")
    dishes.commit()
    remote.commit({"pyproject.toml": pyproject(from_git(dishes))})
    environment = built(manager, requested(remote))
    assert environment.packages == [["dishes", "1.0"]], environment.reason
    asking = [str(manager.python_of(environment)), "-I", "-c", "import dishes; print(dishes.has_submodule)"]
    assert subprocess.run(asking, capture_output=True, text=True, check=True).stdout == "True\n"


@pytest.mark.django_db(transaction=True)
def test_package_from_any_other_repository_fails_the_build_and_names_the_setting(
    manager: EnvironmentManager, remote: GitRepository, tmp_path: Path, requested: Request
) -> None:
    dishes = package(tmp_path / "elsewhere" / "dishes")
    remote.commit({"pyproject.toml": pyproject(from_git(dishes))})
    failed = built(manager, requested(remote))
    assert failed.state == "FAILED"
    assert f"scripts may not come from file://{dishes.path}" in failed.reason
    assert "OET_GIT_ALLOW" in failed.reason
    permissive = dataclasses.replace(manager, git=GitManager(manager.git.folder, f"{tmp_path}/*", timeout_s=60))
    assert built(permissive, requested(remote, "procedure:2")).packages == [["dishes", "1.0"]]


@pytest.mark.django_db(transaction=True)
def test_configuration_of_whoever_runs_oet_does_not_lead_package_builds_elsewhere(
    manager: EnvironmentManager,
    remote: GitRepository,
    remotes: Path,
    tmp_path: Path,
    requested: Request,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dishes = package(remotes / "dishes")
    home = tmp_path / "person"
    home.mkdir()
    redirect = f'[url "file:///nowhere"]\n\tinsteadOf = "file://{dishes.path}"\n'
    (home / ".gitconfig").write_text(redirect)
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(subprocess.CalledProcessError):  # without our protection it would lead there
        subprocess.run(["git", "ls-remote", f"file://{dishes.path}"], check=True, capture_output=True)
    remote.commit({"pyproject.toml": pyproject(from_git(dishes))})
    assert built(manager, requested(remote)).packages == [["dishes", "1.0"]]


@pytest.fixture
def git(tmp_path: Path, remotes: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """The git that package builds find, in a work tree of its own."""
    program = tmp_path / "programs" / "git"
    write_program(program, git_program(), f"{remotes}/*", tmp_path / "cache")
    work = GitRepository.make(tmp_path / "work")
    work.git("remote", "add", "origin", "https://example.org/forbidden.git")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([program, *arguments], cwd=work.path, capture_output=True, text=True, check=False)

    return run


Git = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fetch", "--force", "https://example.org/x.git", "+HEAD:refs/x"], "https://example.org/x.git"),
        (["fetch", "--depth", "1", "ssh://git@example.org/x.git"], "ssh://git@example.org/x.git"),
        (["-c", "protocol.ext.allow=always", "clone", "ext::sh -c touch% owned", "here"], "helper"),
        (["ls-remote", "https://ann:geheim@example.org/x.git"], "user or password"),
        (["ls-remote", "git@example.org:x.git"], "git@example.org:x.git"),
        (["fetch", "origin"], "https://example.org/forbidden.git"),
        (["fetch"], "https://example.org/forbidden.git"),
        (["fetch", "-u", "--all"], "https://example.org/forbidden.git"),
        (["remote", "update"], "https://example.org/forbidden.git"),
        (["pull", "unknown"], "the remote unknown"),
        (["clone", "--local", "/etc", "here"], "file:///etc"),
        (["clone", "--reference", "{remotes}/scripts", "https://example.org/x.git"], "https://example.org/x.git"),
        (["clone", "--branch", "{remotes}/scripts", "https://example.org/x.git"], "https://example.org/x.git"),
        (["remote", "add", "other", "https://example.org/y.git"], "https://example.org/y.git"),
    ],
)
def test_git_of_package_builds_reads_from_no_other_repository(
    git: Git, remotes: Path, arguments: list[str], words: str
) -> None:
    done = git(*(argument.format(remotes=remotes) for argument in arguments))
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert "OET does not permit it" in done.stderr
    assert words in done.stderr
    assert "geheim" not in done.stderr


def test_git_of_package_builds_fetches_no_submodule_from_elsewhere(git: Git, tmp_path: Path) -> None:
    (tmp_path / "work" / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = https://example.org/x.git\n')
    done = git("submodule", "update", "--recursive", "--init")
    assert done.returncode == REFUSED
    assert "https://example.org/x.git" in done.stderr


def test_git_of_package_builds_does_all_else(git: Git, remote: GitRepository, tmp_path: Path) -> None:
    assert git("rev-parse", "--abbrev-ref", "HEAD").stdout == "trunk\n"
    assert git("describe", "--always").returncode == 0
    assert git("remote", "get-url", "origin").stdout == "https://example.org/forbidden.git\n"
    assert remote.head() in git("ls-remote", f"file://{remote.path}").stdout
    cached = GitRepository.make(tmp_path / "cache" / "db")
    assert git("clone", "--local", str(cached.path), str(tmp_path / "here")).returncode == 0


def test_git_of_package_builds_clones_as_build_tools_do(git: Git, remote: GitRepository, tmp_path: Path) -> None:
    """CMake's FetchContent asks like the first one."""
    url = f"file://{remote.path}"
    for number, options in enumerate(
        (["--config", "advice.detachedHead=false"], ["--branch", "trunk"], ["--filter", "blob:none"])
    ):
        done = git("clone", "--no-checkout", "--depth", "1", *options, url, str(tmp_path / str(number)))
        assert (done.returncode, done.stderr.count("OET")) == (0, 0), done.stderr
