"""Each refusal guards against something real: first the trick works, with plain git or plain files, then it is refused and does nothing."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from environments.domain.errors import BadPath, BadReference, InvalidSource, RepositoryRefused, TreeRefused
from environments.domain.paths import path_inside
from environments.domain.references import reference
from environments.git.manager import GitManager
from tests.repositories import GitRepository

PlainGit = Callable[..., str]


@pytest.fixture
def owned(tmp_path: Path) -> Path:
    """The file that a trick would make."""
    return tmp_path / "owned"


@pytest.fixture
def plain_git(tmp_path: Path) -> PlainGit:
    """Git without our protections, in an empty folder; what it wrote. Whether it fails in the end does not matter."""
    folder = tmp_path / "plain"
    GitRepository.make(folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    everything = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "ext:file"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=clean | everything, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    return run


def test_repository_outside_of_those_allowed(git_manager: GitManager, tmp_path: Path, plain_git: PlainGit) -> None:
    elsewhere = GitRepository.make(tmp_path / "elsewhere")
    assert elsewhere.head() in plain_git("ls-remote", elsewhere.url)
    with pytest.raises(RepositoryRefused, match="OET_GIT_ALLOW"):
        git_manager.repository(elsewhere.url)


def test_path_that_climbs_out_of_an_allowed_folder(
    git_manager: GitManager, remotes: Path, tmp_path: Path, plain_git: PlainGit
) -> None:
    elsewhere = GitRepository.make(tmp_path / "elsewhere")
    remotes.mkdir()
    climbing = f"{remotes}/../elsewhere"
    assert elsewhere.head() in plain_git("ls-remote", climbing)
    with pytest.raises(RepositoryRefused, match=r"`\.\.`"):
        git_manager.repository(climbing)


def test_helper_program(git_manager: GitManager, owned: Path, plain_git: PlainGit) -> None:
    trick = f"ext::sh -c touch% {owned}"
    plain_git("ls-remote", trick)
    assert owned.exists()
    owned.unlink()
    permissive = GitManager(git_manager.folder, "*", timeout_s=60)
    with pytest.raises(RepositoryRefused, match="helper"):
        permissive.repository(trick)
    assert not owned.exists()


def test_repository_that_is_an_option(
    git_manager: GitManager, remote: GitRepository, owned: Path, plain_git: PlainGit
) -> None:
    trick = f"--upload-pack=touch {owned}; git-upload-pack"
    plain_git("ls-remote", trick, remote.url)
    assert owned.exists()
    owned.unlink()
    permissive = GitManager(git_manager.folder, "*", timeout_s=60)
    with pytest.raises(RepositoryRefused, match="option"):
        permissive.repository(trick)


def test_branch_that_is_an_option(
    git_manager: GitManager, remote: GitRepository, owned: Path, plain_git: PlainGit
) -> None:
    trick = f"--upload-pack=touch${{IFS}}{owned};git-upload-pack"
    plain_git("fetch", remote.url, trick)
    assert owned.exists()
    owned.unlink()
    with pytest.raises(BadReference, match="begins with `-`"):
        git_manager.resolve(git_manager.repository(remote.url), reference(branch=trick))
    assert not owned.exists()


def test_branch_that_is_a_rule_of_what_to_fetch(remote: GitRepository, plain_git: PlainGit) -> None:
    trick = "+refs/heads/trunk:refs/heads/mine"
    plain_git("fetch", remote.url, trick)
    assert plain_git("rev-parse", "mine").strip() == remote.head()
    with pytest.raises(BadReference, match="git does not allow"):
        reference(branch=trick)


@pytest.mark.parametrize("trick", ["HEAD", "trunk", "HEAD~0", ":/a commit", "--all"])
def test_commit_that_is_an_expression(plain_git: PlainGit, trick: str) -> None:
    assert "fatal" not in plain_git("rev-parse", trick)
    with pytest.raises(BadReference, match="hexadecimal"):
        reference(commit=trick)


@pytest.mark.parametrize("trick", ["../../outside.py", "scripts/../../../outside.py", "{absolute}"])
def test_script_outside_of_the_repository(git_manager: GitManager, remote: GitRepository, trick: str) -> None:
    remote.commit({"scripts/observe.py": ""})
    repository = git_manager.repository(remote.url)
    folder = git_manager.tree(repository, git_manager.resolve(repository, reference()))
    outside = folder.parent.parent / "outside.py"
    outside.write_text("")
    trick = trick.format(absolute=outside)
    assert (folder / trick).is_file()
    with pytest.raises(BadPath):
        path_inside(trick)
    with pytest.raises(InvalidSource):
        git_manager.file_in(repository, folder.name, folder, trick)


def test_script_that_leads_out_by_a_symbolic_link(
    git_manager: GitManager, remote: GitRepository, tmp_path: Path, plain_git: PlainGit
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("secret = 1")
    (remote.path / "observe2.py").symlink_to(outside)
    remote.commit()
    plain_git("clone", "--quiet", remote.url, "clone")
    assert (tmp_path / "plain" / "clone" / "observe2.py").read_text() == "secret = 1"
    repository = git_manager.repository(remote.url)
    with pytest.raises(TreeRefused, match=r"observe2\.py"):
        git_manager.tree(repository, git_manager.resolve(repository, reference()))


def test_credentials_are_neither_taken_nor_repeated(git_manager: GitManager) -> None:
    permissive = GitManager(git_manager.folder, "*", timeout_s=60)
    assert permissive.repository("https://example.org/r.git").url == "https://example.org/r.git"
    with pytest.raises(RepositoryRefused, match="user or password") as refused:
        permissive.repository("https://ann:geheim@example.org/r.git")
    assert "geheim" not in str(refused.value)
