import dataclasses
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from environments import log
from environments.domain.errors import BadProject, NoFittingPython, NotReady
from environments.manager import EnvironmentManager
from environments.models import Environment
from environments.system_packages import SystemPackages
from tests.integration.environments.stalling import Stall
from tests.repositories import GitRepository, pyproject

Request = Callable[..., Environment]

pytestmark = pytest.mark.django_db(transaction=True)

POETRY = """\
[tool.poetry]
name = "observing"
version = "1.0"
description = ""
authors = []
package-mode = false
[tool.poetry.dependencies]
python = "^3.9"
six = "^1.0"
"""
POETRY_LOCK = """\
[[package]]
name = "six"
version = "1.15.0"
optional = false
python-versions = "*"
files = [{file = "six-1.15.0-py2.py3-none-any.whl", hash = "sha256:8b74bedcbbbaca38ff6d7491d76f2b06b3592611af620f8426e82dddb04a5ced"}]
[metadata]
lock-version = "2.1"
python-versions = "^3.9"
"""
SETUP_PY = "from setuptools import setup\nsetup(name='old', version='1.0', py_modules=['old'], install_requires=['six==1.16.0'])\n"


def built(manager: EnvironmentManager, environment: Environment) -> Environment:
    manager.builder().build(environment.pk)
    return manager.get(environment.pk)


def ready(manager: EnvironmentManager, environment: Environment) -> Environment:
    after = built(manager, environment)
    assert after.state == "READY", log.read(environment.pk).text
    return after


def answer(manager: EnvironmentManager, environment: Environment, code: str) -> str:
    asked = subprocess.run(
        [manager.python_of(environment), "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    return asked.stdout.strip()


def packages(environment: Environment) -> dict[str, str]:
    return dict(environment.packages)


@pytest.mark.both_databases
def test_a_project_becomes_an_environment_that_runs_scripts_with_its_packages(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    remote.commit({"pyproject.toml": pyproject("six==1.16.0")})
    environment = ready(manager, requested(remote))
    assert packages(environment) == {"six": "1.16.0"}
    assert answer(manager, environment, "import six; print(six.__version__)") == "1.16.0"
    assert answer(manager, environment, "import importlib.util as u; print(u.find_spec('django'))") == "None"
    assert environment.size_bytes > 10_000
    assert environment.recipe == "pyproject.toml"
    assert "+ six==1.16.0" in log.read(environment.pk).text
    assert not list(manager.places.scratch.iterdir())


def locked_by_uv(remote: GitRepository, *export: str) -> None:
    remote.commit({"pyproject.toml": pyproject("six==1.15.0")})
    subprocess.run([find_uv_bin(), *(export or ["lock"])], cwd=remote.path, check=True, capture_output=True)
    remote.commit({"pyproject.toml": pyproject("six>=1.15.0")})


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(locked_by_uv, id="uv.lock"),
        pytest.param(
            lambda remote: locked_by_uv(
                remote, "pip", "compile", "-q", "pyproject.toml", "--format", "pylock.toml", "-o", "pylock.toml"
            ),
            id="pylock.toml",
        ),
        pytest.param(
            lambda remote: remote.commit({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}), id="poetry.lock"
        ),
    ],
)
def test_the_versions_of_a_lock_are_installed_although_newer_ones_fit(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, write: Callable[[GitRepository], object]
) -> None:
    write(remote)
    assert packages(ready(manager, requested(remote))) == {"six": "1.15.0"}


def test_a_hash_of_a_poetry_lock_that_does_not_fit_fails_the_build(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    remote.commit({"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK.replace("sha256:8b74", "sha256:0000")})
    assert "Hash mismatch" in built(manager, requested(remote)).reason


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"requirements.txt": "six==1.16.0\n"}, {"six": "1.16.0"}),
        ({"requirements-obs.txt": "six==1.16.0\n", "requirements-dev.txt": "pytest\n"}, {"six": "1.16.0"}),
        ({"pyproject.toml": POETRY.replace("^1.0", "~1.15")}, {"six": "1.15.0"}),
        ({"setup.py": SETUP_PY, "old.py": ""}, {"six": "1.16.0", "old": "1.0"}),
        ({}, {}),
    ],
)
def test_other_recipes_are_followed(
    manager: EnvironmentManager,
    remote: GitRepository,
    requested: Request,
    files: dict[str, str],
    expected: dict[str, str],
) -> None:
    remote.commit(files)
    assert packages(ready(manager, requested(remote))) == expected


def test_a_package_is_built_from_a_copy_that_looks_like_a_clone_and_sees_no_secrets(
    manager: EnvironmentManager, stall: Stall, requested: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OET_ADMIN_PASSWORD", "geheim")
    stall.repository.git("tag", "--annotate", "v7", "-m", "a tag")
    stall.go_on()
    environment = ready(manager, requested(stall.repository))
    assert packages(environment) == {"stalling": "1.0"}
    assert answer(manager, environment, "import stalling; print(stalling.described, stalling.secret)") == "v7 None"


def test_a_failed_build_keeps_its_log_and_is_tried_again_by_the_next_request(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, sent: list[int]
) -> None:
    remote.commit({"requirements.txt": "six==99.99\n"})
    environment = requested(remote)
    failed = built(manager, environment)
    assert failed.state == "FAILED"
    assert "no version of six==99.99" in failed.reason
    assert "no version of six==99.99" in log.read(environment.pk).text
    with pytest.raises(NotReady, match="FAILED"):
        manager.python_of(failed)
    assert not [entry for entry in manager.places.environments.iterdir() if entry.name.startswith(f"{environment.pk}.")]
    again = requested(remote, "procedure:2")
    assert (again.pk, again.state, sent) == (environment.pk, "REQUESTED", [environment.pk, environment.pk])
    built(manager, again)
    assert manager.get(environment.pk).build == 2
    assert "99.99" in log.read(environment.pk, build=1).text


@pytest.mark.parametrize("text", ["not [toml", f"deep = {'[' * 5000}"])
def test_a_broken_pyproject_is_refused_at_once(remote: GitRepository, requested: Request, text: str) -> None:
    remote.commit({"pyproject.toml": text})
    with pytest.raises(BadProject, match=r"pyproject\.toml"):
        requested(remote)


def test_a_broken_lock_fails_the_build_by_name(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    remote.commit({"pyproject.toml": POETRY, "poetry.lock": "not [toml"})
    assert "poetry.lock of the repository cannot be used" in built(manager, requested(remote)).reason


def test_a_project_that_no_python_fits_is_refused_at_once(remote: GitRepository, requested: Request) -> None:
    remote.commit({"pyproject.toml": pyproject().replace(">=3.9", ">=3.99")})
    with pytest.raises(NoFittingPython, match=r">=3\.99"):
        requested(remote)
    assert not Environment.objects.exists()


def test_constraints_of_the_site_hold(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, tmp_path: Path
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("six==1.15.0\n")
    held = dataclasses.replace(manager, installing=dataclasses.replace(manager.installing, constraints=constraints))
    remote.commit({"pyproject.toml": pyproject("six")})
    assert packages(ready(held, requested(remote))) == {"six": "1.15.0"}


def wheel(folder: Path, name: str, version: str) -> None:
    folder.mkdir(parents=True)
    stem = f"{name}-{version}"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as made:
        made.writestr(f"{name}.py", "")
        made.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        made.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{stem}.dist-info/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{stem}-py3-none-any.whl">{stem}</a>')


def test_packages_come_from_the_index_of_the_site_alone(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, tmp_path: Path
) -> None:
    wheel(tmp_path / "simple" / "own", "own", "3.0")
    installing = dataclasses.replace(manager.installing, index_urls=((tmp_path / "simple").as_uri(),))
    here = dataclasses.replace(manager, installing=installing)
    first = remote.commit({"requirements.txt": "own\n"})
    assert packages(ready(here, requested(remote, commit=first))) == {"own": "3.0"}
    second = remote.commit({"requirements.txt": "own\nsix\n"})
    assert "six" in built(here, requested(remote, "procedure:2", second)).reason


def test_a_build_keeps_the_passwords_of_package_indexes_to_itself(
    manager: EnvironmentManager, remote: GitRepository, requested: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    indexes = ("https://robot:geheim@localhost:9/simple", "https://anna@example.org:geheim@localhost:9/more")
    here = dataclasses.replace(manager, installing=dataclasses.replace(manager.installing, index_urls=indexes))
    remote.commit({"requirements.txt": "six\n"})
    environment = built(here, requested(remote))
    told = log.read(environment.pk).text
    assert "localhost:9" in told + environment.reason  # they were asked
    assert "geheim" not in told + environment.reason


def test_a_fault_of_our_own_fails_the_build_at_once_and_is_logged(
    manager: EnvironmentManager,
    requested: Request,
    remote: GitRepository,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError("ours")

    environment = requested(remote)
    monkeypatch.setattr("environments.builder.read_project", fail)
    failed = built(manager, environment)
    assert (failed.state, "ZeroDivisionError('ours')" in failed.reason) == ("FAILED", True)
    assert "Traceback" in caplog.text
    assert not [entry for entry in manager.places.environments.iterdir() if entry.name.startswith(f"{environment.pk}.")]


def test_tags_in_an_old_encoding_do_not_hinder_a_build(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    remote.git("tag", os.fsdecode("prüfung".encode("latin-1")))
    ready(manager, requested(remote))


def test_what_the_system_has_is_used_and_not_installed(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    installing = dataclasses.replace(manager.installing, system_site_packages=True)
    here = dataclasses.replace(manager, installing=installing)
    remote.commit({"requirements.txt": "six==1.16.0\n"})
    environment = requested(remote)
    system = SystemPackages.of(environment.python).packages
    assert system, "this test needs a Python that has packages of its own, such as pip"
    provided = system[0]
    remote.commit({"requirements.txt": f"six==1.15.0\n{provided.name}\n"})
    environment = ready(here, requested(remote))
    assert packages(environment) == {"six": "1.15.0"}
    question = f"import importlib.metadata as m; print(m.version({provided.name!r}))"
    assert answer(here, environment, question) == provided.version


def test_a_build_that_takes_too_long_is_ended_and_says_so(
    manager: EnvironmentManager, stall: Stall, requested: Request
) -> None:
    impatient = dataclasses.replace(manager, build_timeout_s=3.0)
    environment = built(impatient, requested(stall.repository))
    assert environment.state == "FAILED"
    assert "OET_ENV_TIMEOUT" in environment.reason


def test_files_that_were_lost_are_built_again(
    manager: EnvironmentManager, remote: GitRepository, requested: Request
) -> None:
    environment = ready(manager, requested(remote))
    manager.places.environment(environment.folder).rename(manager.places.home / "lost")
    with pytest.raises(NotReady, match="without its files"):
        manager.python_of(environment)
    again = requested(remote, "procedure:2")
    assert again.state == "REQUESTED"
    assert manager.python_of(ready(manager, again)).exists()
