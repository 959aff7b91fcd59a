"""Scripts from git: the first build of an environment beside venv and pip, and create → READY where it exists already."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import HEAD, Sample, show
from benchmarks.running import TRIVIAL, Follower, running_product, script_json
from tests.product import Product
from tests.repositories import GitRepository, pyproject

ROUNDS = 40
BUILDS = 3
PACKAGES = ("tabulate==0.9.0", "rich==13.9.4", "pyyaml")
SCRIPT = "import tabulate\n\ndef main(): pass\n"
ENDINGS = ("COMPLETE", "FAILED", "STOPPED")


def main(scale: float) -> None:
    """Print the tables."""
    rounds = max(5, int(ROUNDS * scale))
    with tempfile.TemporaryDirectory(prefix="oet-bench-git-") as folder:
        files = {"observe.py": SCRIPT, "trivial.py": TRIVIAL, "pyproject.toml": pyproject(*PACKAGES)}
        remote = GitRepository.make(Path(folder) / "scripts", files)
        with running_product(OET_GIT_ALLOW=f"{folder}/*") as product, following(product) as follower:
            _builds(product, follower, remote, Path(folder))
            _existing(product, follower, remote, rounds)


@contextmanager
def following(product: Product) -> Iterator[Follower]:
    """One stream of events for all rounds: to log in takes longer than what is measured."""
    follower = Follower(product)
    try:
        yield follower
    finally:
        follower.close()


def _builds(product: Product, follower: Follower, remote: GitRepository, folder: Path) -> None:
    """New commits, with an empty cache first; venv and pip in between, so that both meet the same machine."""
    by_hand = Sample("python -m venv, pip install: empty cache"), Sample("python -m venv, pip install: warm cache")
    built = Sample("environment REQUESTED → READY: empty cache"), Sample("environment REQUESTED → READY: warm cache")
    whole = Sample("create → READY of its script: empty cache"), Sample("create → READY of its script: warm cache")
    for number in range(1 + BUILDS):
        is_warm = number > 0
        remote.commit(message=f"commit {number}")
        whole[is_warm].seconds.append(_ready(product, follower, _git(remote)))
        built[is_warm].seconds.append(_seconds_of_latest_build())
        by_hand[is_warm].seconds.append(_venv_and_pip(folder, number))
    cold, warm = by_hand
    show("An environment that is new, empty caches", HEAD, [cold.row(), built[0].row(cold), whole[0].row(cold)])
    show("An environment that is new, warm caches", HEAD, [warm.row(), built[1].row(warm), whole[1].row(warm)])


def _existing(product: Product, follower: Follower, remote: GitRepository, rounds: int) -> None:
    commit = remote.head()
    scripts = {
        "create → READY, file, default environment": script_json(product),
        "create → READY, full commit, its environment": _git(remote, "trivial.py", commit),
        "another script of it, which imports a package": _git(remote, "observe.py", commit),
        "the first by branch: its repository is asked": _git(remote, "trivial.py"),
    }
    samples = [Sample(name) for name in scripts]
    for script in scripts.values():
        _ready(product, follower, script)  # launchers are warm from here on
    for _ in range(rounds):  # in turn, so that all of them meet the same machine
        for sample, script in zip(samples, scripts.values(), strict=True):
            sample.seconds.append(_ready(product, follower, script))
    default, *others = samples
    show("An environment that exists", HEAD, [default.row(), *(sample.row(default) for sample in others)])


def _venv_and_pip(folder: Path, number: int) -> float:
    variables = {**os.environ, "PIP_CACHE_DIR": str(folder / "pip-cache"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    venv = folder / f"venv-{number}"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-qq", *PACKAGES]
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run(pip, check=True, env=variables)
    return time.perf_counter() - begin


def _seconds_of_latest_build() -> float:
    from environments.models import Environment  # Django is set up when the product runs

    row = Environment.objects.latest("requested_at")
    assert row.finished_at is not None, "its script is READY"
    return (row.finished_at - row.requested_at).total_seconds()


def _git(remote: GitRepository, path: str = "observe.py", commit: str = "") -> dict[str, Any]:
    args = {"git_repo": remote.url} | ({"git_commit": commit} if commit else {})
    return {"script_type": "git", "script_uri": f"git://{path}", "git_args": args, "create_env": True}


def _ready(product: Product, follower: Follower, script: dict[str, Any]) -> float:
    """Seconds from create to READY; it is stopped then."""
    begin = time.perf_counter()
    procedure_id = product.http.post("procedures/", json={"script": script}).raise_for_status().json()["id"]
    state = follower.wait_for(procedure_id, "READY", *ENDINGS)
    taken = time.perf_counter() - begin
    if state != "READY":
        raise RuntimeError(product.http.get(f"procedures/{procedure_id}/").json()["cause"])
    product.http.put(f"procedures/{procedure_id}/", json={"state": "STOPPED", "grace": 0}).raise_for_status()
    follower.wait_for(procedure_id, *ENDINGS)
    follower.forget(procedure_id)
    return taken
