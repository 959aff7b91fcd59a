"""Scripts from git over the real product: `manage.py up` with its Celery worker, real repositories, real packages."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oet import processes
from tests.integration.environments.stalling import Stall
from tests.product import Product, started_product
from tests.repositories import GitRepository, pyproject
from tests.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("git")]

ENDINGS = ("COMPLETE", "FAILED", "STOPPED", "UNKNOWN")
BUILD_S = 120
SCRIPT = "import tabulate\n\ndef main():\n    print(tabulate.__version__)\n"


@pytest.fixture(scope="module")
def remotes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the repositories that are allowed."""
    return tmp_path_factory.mktemp("remotes")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, remotes: Path) -> Iterator[Product]:
    """OET that takes scripts from there."""
    with started_product(tmp_path_factory.mktemp("product"), OET_GIT_ALLOW=f"{remotes}/*") as running:
        yield running


@pytest.fixture
def remote(remotes: Path, request: pytest.FixtureRequest) -> GitRepository:
    """A repository of the test's own, whose script needs a package from the registry."""
    files = {"scripts/observe.py": SCRIPT, "pyproject.toml": pyproject("tabulate==0.9.0")}
    return GitRepository.make(remotes / request.node.name, files)


def body(remote: GitRepository, *, create_env: bool = True, **git_args: str) -> dict[str, Any]:
    args = {"git_repo": remote.url, **git_args}
    script = {"script_type": "git", "script_uri": "git://scripts/observe.py", "git_args": args}
    return {"script": {**script, "create_env": create_env}, "resources": []}


def create(product: Product, request: dict[str, Any]) -> int:
    answer = product.http.post("procedures/", json=request)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def ready(product: Product, procedure_id: int) -> dict[str, Any]:
    found = product.wait_for_state(procedure_id, "READY", *ENDINGS, timeout_s=BUILD_S)
    assert found["state"] == "READY", found["cause"]
    return found


def run(product: Product, procedure_id: int) -> str:
    """Start its main, wait until it is COMPLETE; what it printed."""
    started = product.http.put(f"procedures/{procedure_id}/", json={"state": "RUNNING"})
    assert started.status_code == 200, started.text
    assert product.wait_for_state(procedure_id, *ENDINGS)["state"] == "COMPLETE"
    return product.http.get(f"procedures/{procedure_id}/output/").text


def states(summary: dict[str, Any]) -> list[str]:
    return [state for state, _ in summary["history"]["process_states"]]


def test_script_without_its_environment_fails_with_what_it_lacks(product: Product, remote: GitRepository) -> None:
    procedure_id = create(product, body(remote, create_env=False))
    failed = product.wait_for_state(procedure_id, *ENDINGS)
    assert failed["state"] == "FAILED"
    assert "ModuleNotFoundError: No module named 'tabulate'" in failed["history"]["stacktrace"]
    assert failed["environment"] is None


def test_script_runs_in_the_environment_of_its_commit_and_shows_which(product: Product, remote: GitRepository) -> None:
    procedure_id = create(product, body(remote))
    found = ready(product, procedure_id)
    assert states(found)[:3] == ["CREATING", "PREP_ENV", "IDLE"]
    assert found["script"]["git_args"]["git_commit"] == remote.head()
    assert isinstance(found["environment"], int)
    assert run(product, procedure_id) == "0.9.0\n"


def test_summary_that_is_sent_again_runs_the_very_same_commit(product: Product, remote: GitRepository) -> None:
    first = ready(product, create(product, body(remote, git_branch="trunk")))
    remote.commit({"scripts/observe.py": "def main():\n    print('newer')\n"})
    again = create(product, {"script": first["script"], "resources": []})
    ready(product, again)
    assert run(product, again) == "0.9.0\n"
    newest = create(product, body(remote, create_env=False, git_branch="trunk"))
    ready(product, newest)
    assert run(product, newest) == "newer\n"


def test_conflicting_versions_of_a_package_run_side_by_side(product: Product, remote: GitRepository) -> None:
    old = remote.head()
    new = remote.commit({"pyproject.toml": pyproject("tabulate==0.8.10")})
    both = [create(product, body(remote, git_commit=commit[:10])) for commit in (old, new)]
    for procedure_id in both:
        ready(product, procedure_id)
    assert [run(product, procedure_id) for procedure_id in both] == ["0.9.0\n", "0.8.10\n"]


def test_twenty_requests_for_one_commit_share_one_build(product: Product, remote: GitRepository) -> None:
    with ThreadPoolExecutor(20) as clients:
        ids = list(clients.map(lambda _: create(product, body(remote)), range(20)))
    environments = {ready(product, procedure_id)["environment"] for procedure_id in ids}
    assert len(environments) == 1
    built = product.manage(
        "shell",
        "--command",
        "from environments.models import Environment;"
        f"print(list(Environment.objects.filter(commit={remote.head()!r}).values_list('build', flat=True)))",
    )
    assert built.strip().splitlines()[-1] == "[1]"
    for procedure_id in ids:
        product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "grace": 0})


def test_failed_build_fails_the_procedure_with_the_last_lines_of_its_log(
    product: Product, remote: GitRepository
) -> None:
    remote.commit({"pyproject.toml": pyproject("tabulate==0.0.99")})
    failed = product.wait_for_state(create(product, body(remote)), *ENDINGS, timeout_s=BUILD_S)
    assert failed["state"] == "FAILED"
    assert "tabulate==0.0.99" in failed["cause"]
    assert states(failed) == ["CREATING", "PREP_ENV", "FAILED"]


def test_manager_that_is_killed_during_a_build_carries_on(product: Product, remotes: Path, tmp_path: Path) -> None:
    stall = Stall.make(remotes / "stalling", tmp_path)
    stall.repository.commit({"scripts/observe.py": "import stalling\n\ndef main(): print('built')\n"})
    procedure_id = create(product, body(stall.repository))
    stall.wait_for_builds()
    _kill(product, "processmanager")
    stall.go.touch()
    ready(product, procedure_id)
    assert run(product, procedure_id) == "built\n"


def test_stop_while_its_environment_builds_stops_at_once_and_ends_the_build(
    product: Product, remotes: Path, tmp_path: Path
) -> None:
    stall = Stall.make(remotes / "stopped", tmp_path)
    stall.repository.commit({"scripts/observe.py": "def main(): print('never')\n"})
    procedure_id = create(product, body(stall.repository))
    backend, _ = stall.wait_for_builds()[0]
    stopped = product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED"}, timeout=5)
    assert stopped.status_code == 200, stopped.text
    summary = product.wait_for_state(procedure_id, *ENDINGS)
    assert (summary["state"], states(summary)) == ("STOPPED", ["CREATING", "PREP_ENV", "STOPPED"])
    wait_until(lambda: processes.read_process(backend) is None, what="the end of the build", timeout_s=20)


REFUSALS = {
    "elsewhere": ("git_repo", "https://example.org/other.git", "OET_GIT_ALLOW"),
    "helper": ("git_repo", "ext::sh -c touch% /tmp/owned", "helper"),
    "option": ("git_repo", "--upload-pack=touch /tmp/owned", "option"),
    "password": ("git_repo", "https://ann:secret@example.org/r.git", "password"),
    "dots": ("git_repo", "{remotes}/../other", ".."),
    "branch option": ("git_branch", "--upload-pack=x", "begins with"),
    "branch shell": ("git_branch", "$(touch owned) ", "does not allow"),
    "commit": ("git_commit", "HEAD", "hexadecimal"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_request_that_is_no_request_for_an_allowed_commit_is_refused_by_field(
    product: Product, remotes: Path, case: str
) -> None:
    field, value, words = REFUSALS[case]
    args = {"git_repo": f"{remotes}/any", field: value.replace("{remotes}", str(remotes))}
    request = {"script": {"script_type": "git", "script_uri": "git://a.py", "git_args": args}}
    answer = product.http.post("procedures/", json=request)
    assert answer.status_code == 400, answer.text
    assert words in " ".join(answer.json()["errors"][f"script.git_args.{field}"])
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd", "a/../../b.py", ".git/config"])
def test_path_that_leaves_the_repository_is_refused(product: Product, remotes: Path, path: str) -> None:
    script = {"script_type": "git", "script_uri": f"git://{path}", "git_args": {"git_repo": f"{remotes}/any"}}
    answer = product.http.post("procedures/", json={"script": script})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["script.script_uri"])


def test_names_full_of_tricks_that_git_allows_are_only_names(product: Product, remotes: Path) -> None:
    remote = GitRepository.make(
        remotes / "it's; touch $(owned) & `x`", {"scripts/observe.py": "def main(): print('ok')"}
    )
    remote.git("branch", "$(touch${IFS}owned);x")
    procedure_id = create(product, body(remote, create_env=False, git_branch="$(touch${IFS}owned);x"))
    ready(product, procedure_id)
    assert run(product, procedure_id) == "ok\n"


def _kill(product: Product, command: str) -> None:
    """kill -9 the process of `up` that runs a command of manage.py."""
    found = [p for p in processes.process_tree(product.process.pid) if command in processes.command_line(p.pid)]
    assert found, f"no process runs {command}"
    for process in found:
        processes.send_signal(process, signal.SIGKILL)
