import math
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from environments.domain.errors import BadReference, NoSuchFile, NoSuchReference, RepositoryUnreachable, TreeRefused
from environments.domain.references import reference
from environments.domain.urls import Repository
from environments.git.manager import GitManager
from environments.running import Watch
from tests.repositories import GitRepository


def resolved(manager: GitManager, remote: GitRepository, branch: str = "", commit: str = "") -> str:
    return manager.resolve(manager.repository(remote.url), reference(branch, commit))


def tree(manager: GitManager, remote: GitRepository, commit: str = "") -> Path:
    repository = manager.repository(remote.url)
    return manager.tree(repository, manager.resolve(repository, reference(commit=commit)))


def move_away(remote: GitRepository) -> None:
    remote.path.rename(remote.path.with_name("away"))


def test_the_default_branch_is_the_head_of_the_remote_whatever_its_name(
    git_manager: GitManager, remote: GitRepository
) -> None:
    assert resolved(git_manager, remote) == remote.head()
    remote.git("checkout", "--quiet", "-b", "develop")
    newer = remote.commit(message="on develop")
    assert resolved(git_manager, remote) == newer


def test_a_branch_a_tag_and_an_annotated_tag_lead_to_their_commits(
    git_manager: GitManager, remote: GitRepository
) -> None:
    first = remote.head()
    remote.git("tag", "light")
    remote.git("tag", "--annotate", "heavy", "-m", "a tag")
    second = remote.commit()
    assert resolved(git_manager, remote, "light") == resolved(git_manager, remote, "heavy") == first
    assert resolved(git_manager, remote, "trunk") == second
    assert resolved(git_manager, remote, "refs/tags/heavy") == first


def test_a_branch_is_meant_before_a_tag_of_its_name(git_manager: GitManager, remote: GitRepository) -> None:
    remote.git("tag", "same")
    remote.git("checkout", "--quiet", "-b", "same")
    on_branch = remote.commit()
    assert resolved(git_manager, remote, "same") == on_branch
    assert resolved(git_manager, remote, "refs/tags/same") != on_branch


def test_a_commit_outranks_a_branch_and_may_be_abbreviated(git_manager: GitManager, remote: GitRepository) -> None:
    first = remote.head()
    remote.commit()
    assert resolved(git_manager, remote, "trunk", first) == first
    assert resolved(git_manager, remote, commit=first[:7].upper()) == first


def test_a_branch_that_is_named_like_a_commit_is_not_taken_for_one(
    git_manager: GitManager, remote: GitRepository
) -> None:
    first = remote.head()
    remote.git("checkout", "--quiet", "-b", first[:8])
    second = remote.commit()
    assert resolved(git_manager, remote, commit=first[:8]) == first
    assert resolved(git_manager, remote, first[:8]) == second


def test_an_ambiguous_commit_is_refused_with_what_it_may_mean(git_manager: GitManager, remote: GitRepository) -> None:
    seen: dict[str, str] = {}
    while True:
        name = remote.git("commit-tree", "HEAD^{tree}", "-m", str(len(seen)))
        if other := seen.get(name[:4]):
            break
        seen[name[:4]] = name
    remote.git("branch", "one", name)
    remote.git("branch", "other", other)
    with pytest.raises(BadReference, match="ambiguous") as refused:
        resolved(git_manager, remote, commit=name[:4])
    assert name in str(refused.value)
    assert other in str(refused.value)


@pytest.mark.parametrize(("branch", "commit"), [("nowhere", ""), ("", "0123456"), ("", "0" * 40)])
def test_what_the_repository_does_not_have_is_named(
    git_manager: GitManager, remote: GitRepository, branch: str, commit: str
) -> None:
    with pytest.raises(NoSuchReference, match=branch or commit):
        resolved(git_manager, remote, branch, commit)


def test_an_empty_repository_has_no_default_branch(git_manager: GitManager, remotes: Path) -> None:
    empty = remotes / "empty"
    empty.mkdir(parents=True)
    GitRepository(empty).git("init", "--quiet")
    with pytest.raises(NoSuchReference, match="empty"):
        resolved(git_manager, GitRepository(empty))


def test_what_is_no_repository_is_unreachable_in_gits_words(git_manager: GitManager, remotes: Path) -> None:
    (remotes / "folder").mkdir(parents=True)
    with pytest.raises(RepositoryUnreachable, match="does not appear to be a git repository"):
        git_manager.resolve(git_manager.repository(f"{remotes}/folder"), reference())


def test_a_mirrored_commit_is_used_without_asking_the_remote(git_manager: GitManager, remote: GitRepository) -> None:
    commit = resolved(git_manager, remote)
    move_away(remote)
    assert resolved(git_manager, remote, commit=commit) == commit
    assert resolved(git_manager, remote, commit=commit[:9]) == commit
    assert (tree(git_manager, remote, commit) / "observe.py").is_file()
    with pytest.raises(RepositoryUnreachable, match="name it"):
        resolved(git_manager, remote, "trunk")


def test_a_commit_survives_that_its_branch_is_rewritten(git_manager: GitManager, remote: GitRepository) -> None:
    lost = remote.commit({"observe.py": "lost = True"})
    tree(git_manager, remote, lost)
    remote.git("reset", "--quiet", "--hard", "HEAD^")
    newer = remote.commit({"other.py": ""})
    assert resolved(git_manager, remote) == newer
    repository = git_manager.repository(remote.url)
    assert git_manager.remove_tree(git_manager.tree(repository, lost), asked_before=math.inf)
    assert (tree(git_manager, remote, lost) / "observe.py").read_text() == "lost = True"


def test_a_commit_that_no_branch_leads_to_is_fetched_by_its_name(
    git_manager: GitManager, remote: GitRepository
) -> None:
    remote.git("config", "uploadpack.allowAnySHA1InWant", "true")
    lost = remote.commit()
    remote.git("reset", "--quiet", "--hard", "HEAD^")
    assert resolved(git_manager, remote, commit=lost) == lost


def test_a_tree_has_the_files_of_its_commit_read_only_and_is_shared(
    git_manager: GitManager, remote: GitRepository
) -> None:
    script = remote.path / "run.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    (remote.path / "link.py").symlink_to("observe.py")
    first = remote.commit()
    folder = tree(git_manager, remote, first)
    remote.commit({"observe.py": "changed"})
    assert (folder / "observe.py").read_text().startswith("def main")
    assert (folder / "link.py").read_text().startswith("def main")
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in (".", "run.sh")} == {0o555}
    assert stat.S_IMODE((folder / "observe.py").stat().st_mode) == 0o444
    assert not list(folder.glob(".git"))
    assert tree(git_manager, remote, first) == folder


@pytest.mark.parametrize(
    "name", ["re po", "a;touch owned", "$(touch owned)", "50%41", "--upload-pack=touch owned", "-x", "é`id`", "q'\"u"]
)
def test_repositories_with_tricks_in_their_paths_are_only_paths(
    git_manager: GitManager, remotes: Path, name: str
) -> None:
    remote = GitRepository.make(remotes / name, {f"{name}.py": "x = 1", "sub/$(touch owned).py": ""})
    folder = tree(git_manager, remote)
    repository = git_manager.repository(remote.url)
    assert git_manager.file_in(repository, folder.name, folder, f"{name}.py").read_text() == "x = 1"
    assert not list(remotes.parent.rglob("owned"))
    assert not Path("owned").exists()


@pytest.mark.parametrize("name", ["a;touch", "$(id)", "a'b", "a|b", "a&b", "--help", "-x"])
def test_branches_with_tricks_in_their_names_are_only_names(
    git_manager: GitManager, remote: GitRepository, name: str
) -> None:
    remote.git("update-ref", f"refs/heads/{name}", remote.head())
    if name.startswith("-"):
        with pytest.raises(BadReference):
            reference(name)
    else:
        assert resolved(git_manager, remote, name) == remote.head()


def test_the_configuration_and_hooks_of_whoever_runs_oet_are_not_used(
    git_manager: GitManager, remote: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = GitRepository.make(tmp_path / "other", {"evil.py": ""})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("reference-transaction", "post-checkout", "post-index-change"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/owned\n")
        (hooks / hook).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "file://{other.path}"]\n\tinsteadOf = file://{remote.path}\n[core]\n\thooksPath = {hooks}\n'
    )
    with monkeypatch.context() as patched:
        patched.setenv("GIT_CONFIG_GLOBAL", str(config))
        patched.setenv("GIT_DIR", str(other.path / ".git"))
        patched.setenv("GIT_WORK_TREE", str(other.path))
        patched.setenv("GIT_INDEX_FILE", str(other.path / "index"))
        patched.setenv("GIT_CONFIG_PARAMETERS", f"'core.hooksPath'='{hooks}'")
        patched.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(other.path / ".git" / "objects"))
        assert [file.name for file in tree(git_manager, remote).iterdir()] == ["observe.py"]
    assert not (tmp_path / "owned").exists()
    assert not (other.path / "index").exists()


def test_attributes_of_a_repository_start_no_programs(
    git_manager: GitManager, remote: GitRepository, tmp_path: Path
) -> None:
    remote.commit(
        {".gitattributes": "*.py filter=evil\n", ".gitconfig": f'[filter "evil"]\n\tsmudge = touch {tmp_path}/owned\n'}
    )
    assert (tree(git_manager, remote) / "observe.py").read_text().startswith("def main")
    assert not (tmp_path / "owned").exists()


def test_helpers_are_not_run_even_if_a_url_got_through(
    git_manager: GitManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:file")  # so that git itself would run it
    smuggled = Repository(f"ext::sh -c touch% {tmp_path}/owned")
    with pytest.raises(RepositoryUnreachable, match="not allowed"):
        git_manager.resolve(smuggled, reference())
    assert not (tmp_path / "owned").exists()


def test_a_link_in_an_allowed_folder_does_not_lead_out_of_it(
    git_manager: GitManager, remotes: Path, tmp_path: Path
) -> None:
    secret = GitRepository.make(tmp_path / "secret")
    remotes.mkdir()
    (remotes / "door").symlink_to(secret.path)
    with pytest.raises(Exception, match="is a link to"):
        git_manager.repository(f"{remotes}/door")
    (remotes / "inner").symlink_to(GitRepository.make(remotes / "real").path)
    assert resolved(git_manager, GitRepository(remotes / "inner"))


def test_a_folder_that_is_itself_reached_by_a_link_may_be_allowed(remotes: Path, tmp_path: Path) -> None:
    remote = GitRepository.make(tmp_path / "data" / "scripts")
    (tmp_path / "srv").symlink_to(tmp_path / "data")
    manager = GitManager(tmp_path / "home", f"{tmp_path}/srv/*", timeout_s=60)
    assert manager.resolve(manager.repository(f"{tmp_path}/srv/scripts"), reference()) == remote.head()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc/passwd", "sub/../../x", "chain", "/"])
def test_a_tree_with_a_link_that_leads_out_is_refused_by_name(
    git_manager: GitManager, remote: GitRepository, target: str
) -> None:
    (remote.path / "chain").symlink_to("..")
    (remote.path / "chain").unlink() if target != "chain" else None
    (remote.path / "escape.py").symlink_to(target)
    commit = remote.commit({"sub/x.py": ""})
    with pytest.raises(TreeRefused, match=r"escape\.py"):
        tree(git_manager, remote, commit)
    repository = git_manager.repository(remote.url)
    assert git_manager.tree_of(repository, commit) is None
    assert not list((git_manager.folder / "trees").glob("*/.new*"))


def test_a_path_that_leaves_the_tree_by_a_link_finds_nothing(
    git_manager: GitManager, remote: GitRepository, tmp_path: Path
) -> None:
    folder = tree(git_manager, remote)
    folder.chmod(0o755)
    (tmp_path / "outside.py").write_text("")
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(NoSuchFile, match=r"link\.py"):
        git_manager.file_in(git_manager.repository(remote.url), folder.name, folder, "link.py")
    with pytest.raises(NoSuchFile):
        git_manager.file_in(git_manager.repository(remote.url), folder.name, folder, "no.py")


def test_submodules_are_written_out_with_their_own_submodules(
    git_manager: GitManager, remotes: Path, remote: GitRepository
) -> None:
    leaf = GitRepository.make(remotes / "leaf", {"leaf.py": ""})
    middle = GitRepository.make(remotes / "middle", {"middle.py": ""})
    middle.git("submodule", "add", "--quiet", "../leaf", "leaf")
    middle.commit()
    remote.git("submodule", "add", "--quiet", middle.url, "libs/middle")
    remote.commit()
    leaf.commit({"leaf.py": "newer = True"})
    folder = tree(git_manager, remote)
    assert (folder / "libs/middle/middle.py").is_file()
    assert (folder / "libs/middle/leaf/leaf.py").read_text() == ""


def test_a_submodule_that_is_not_allowed_is_named(
    git_manager: GitManager, remote: GitRepository, tmp_path: Path
) -> None:
    elsewhere = GitRepository.make(tmp_path / "elsewhere")
    remote.git("submodule", "add", "--quiet", elsewhere.url, "lib")
    remote.commit()
    with pytest.raises(TreeRefused, match=r"submodule lib: .*OET_GIT_ALLOW"):
        tree(git_manager, remote)
    everywhere = GitManager(git_manager.folder, f"{tmp_path}/*", timeout_s=60)
    assert (tree(everywhere, remote) / "lib/observe.py").is_file()


@pytest.mark.parametrize("url", ["ext::sh -c touch% owned", "--upload-pack=touch owned", "https://u:geheim@h/x"])
def test_tricks_in_the_url_of_a_submodule_are_refused(git_manager: GitManager, remote: GitRepository, url: str) -> None:
    remote.git("submodule", "add", "--quiet", GitRepository.make(remote.path.parent / "lib").url, "lib")
    remote.commit({".gitmodules": f'[submodule "lib"]\n\tpath = lib\n\turl = "{url}"\n'})
    with pytest.raises(TreeRefused, match="submodule lib") as refused:
        tree(git_manager, remote)
    assert "geheim" not in str(refused.value)


def test_a_submodule_without_a_url_is_named(git_manager: GitManager, remote: GitRepository) -> None:
    remote.git("update-index", "--add", "--cacheinfo", f"160000,{remote.head()},stray")
    remote.git("commit", "--quiet", "-m", "stray")
    with pytest.raises(TreeRefused, match="stray has no URL"):
        tree(git_manager, remote)


def test_files_that_git_lfs_keeps_are_named(git_manager: GitManager, remote: GitRepository) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 12345\n"
    remote.commit({"data/big.bin": pointer, "talk.py": f'"""{pointer}"""'})
    with pytest.raises(TreeRefused, match=r"Git LFS.*data/big\.bin\.") as refused:
        tree(git_manager, remote)
    assert "talk.py" not in str(refused.value)


def test_many_at_once_fetch_once_and_share_one_tree(git_manager: GitManager, remote: GitRepository) -> None:
    commit = remote.head()
    fetches: list[str] = []
    watch = Watch(60, "OET_GIT_TIMEOUT", on_progress=lambda words: fetches.append(words) if "100 %" in words else None)
    barrier = threading.Barrier(10)

    def work(_: int) -> Path:
        barrier.wait(30)
        repository = git_manager.repository(remote.url)
        return git_manager.tree(repository, git_manager.resolve(repository, reference(commit=commit), watch), watch)

    with ThreadPoolExecutor(10) as pool:
        folders = set(pool.map(work, range(10)))
    assert len(folders) == 1
    assert len([words for words in fetches if words.startswith("Counting")]) <= 1
    assert len(list((git_manager.folder / "trees").glob("*/*"))) == 1
