"""Filling a virtual environment with uv: which commands for which project."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from environments.domain.projects import Project, Recipe
from environments.project_files import poetry_lock_lines, poetry_requirements
from environments.system_packages import SystemPackages

_PASSED_ON: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
     "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "NETRC",
     "CC", "CXX", "FC", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH", "MAKEFLAGS"}
)  # fmt: skip
"""Building a package runs its code: it sees no secret of OET, but what a compiler and the network need."""

_NOT_UV_SETTINGS: Final = frozenset(
    {"UV_COMPILE_BYTECODE", "UV_CACHE_DIR", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_NO_CONFIG"}
)

MARK: Final = "OET_BUILD"
"""Variable by which every process of a build is found, whoever its parent is."""


@dataclass(frozen=True)
class InstallSettings:
    """What the site says about all environments."""

    cache: Path
    """uv's cache, on the file system of the environments, so that their files are hard links into it."""
    index_urls: Sequence[str] = ()
    """Where packages come from, instead of where the project or uv's own configuration says."""
    constraints: Path | None = None
    system_site_packages: bool = False


@dataclass(frozen=True)
class Installer:
    """Makes one environment in `target` for the project in `source`, a folder that may be written to."""

    settings: InstallSettings
    project: Project
    source: Path
    target: Path
    base_python: str
    run: Callable[[Sequence[str], str], None]
    """Runs a command in `source`, named in words."""
    scratch: Path
    """A folder for lists of packages."""
    uv: str = field(default_factory=find_uv_bin)

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.target / "bin" / "python"

    def install(self) -> None:
        """Make the environment and everything in it."""
        flags = ["--system-site-packages"] if self.settings.system_site_packages else []
        self.run(
            [self.uv, "venv", "--no-project", "--python", self.base_python, *flags, str(self.target)],
            "making the environment",
        )
        recipe = self.project.recipe
        if recipe is Recipe.UV_LOCK:
            self._from_uv_lock()
        elif recipe is Recipe.PYLOCK:
            self._pip(["-r", Recipe.PYLOCK.value, "--preview-features", "pylock"], is_locked=True)
        elif recipe in {Recipe.PYPROJECT, Recipe.POETRY_LOCK}:
            self._pip(self._from_pyproject(), is_locked=False)
        elif recipe is Recipe.REQUIREMENTS:
            self._pip([part for name in self.project.requirements for part in ("-r", name)], is_locked=False)
        elif recipe is Recipe.SETUP:
            self._pip(["."], is_locked=False)
        if self.project.is_package and recipe not in {Recipe.SETUP} and not self._is_synced:
            self._pip(["--no-deps", "."], is_locked=True)

    @property
    def _is_synced(self) -> bool:
        """`uv sync` installs a uv.lock in its own way, with the project, unless the site wants what it cannot do."""
        site = self.settings
        return self.project.recipe is Recipe.UV_LOCK and not site.index_urls and not site.system_site_packages

    def _from_uv_lock(self) -> None:
        chosen = ["--frozen", "--no-default-groups"]
        if self._is_synced:
            self.run([self.uv, "sync", *chosen, "--no-editable", "--python", str(self.python)], "installing uv.lock")
            return
        locked = str(self.scratch / "locked.txt")
        wanted = ["--no-emit-project", "--no-header", "--no-annotate", "--quiet"]
        self.run([self.uv, "export", *chosen, *wanted, "--output-file", locked], "reading uv.lock")
        self._pip(["-r", locked], is_locked=True)

    def _from_pyproject(self) -> list[str]:
        arguments = ["-r", "pyproject.toml"]
        if self.project.is_poetry:
            arguments = ["-r", self._written("dependencies.txt", poetry_requirements(self.source))]
        if self.project.recipe is Recipe.POETRY_LOCK:
            constraints, overrides = poetry_lock_lines(self.source)
            arguments += ["-c", self._written("constraints.txt", constraints)]
            arguments += ["--overrides", self._written("overrides.txt", overrides)] if overrides else []
        if not self.settings.index_urls:
            arguments += [part for url in self.project.indexes for part in ("--index", url)]
        return arguments

    def _pip(self, arguments: Sequence[str], *, is_locked: bool) -> None:
        constraints = self.settings.constraints
        wanted = list(arguments) if is_locked or constraints is None else [*arguments, "-c", str(constraints)]
        wanted += self._indexes()
        if self.settings.system_site_packages and "-r" in arguments and arguments[1] != Recipe.PYLOCK.value:
            wanted = self._without_what_the_system_has(wanted)
        self.run([self.uv, "pip", "install", "--no-editable", "--python", str(self.python), *wanted], "installing")

    def _without_what_the_system_has(self, wanted: Sequence[str]) -> list[str]:
        """Resolve with the packages of the system preferred, and install only what they do not provide."""
        system = SystemPackages.of(self.base_python)
        pins = self._written("resolved.txt", system.pins())
        stubs = system.write_stubs(self.scratch / "system")
        requirements = _as_compile_takes_them(wanted)
        compiling = [self.uv, "pip", "compile", "--no-header", "--no-annotate", "--quiet", "--python", str(self.python)]
        self.run([*compiling, "--find-links", str(stubs), "-o", pins, *requirements], "resolving")
        rest = system.not_provided(Path(pins).read_text(encoding="utf-8").splitlines())
        return ["--no-deps", "-r", self._written("rest.txt", rest), *self._indexes(), *_extra_indexes(wanted)]

    def _indexes(self) -> list[str]:
        """The site's own, in a file of ours: there may be passwords in them, and everybody on the machine can read arguments."""
        if not self.settings.index_urls:
            return []
        tables = [f"[[index]]\nurl = {json.dumps(url, ensure_ascii=False)}" for url in self.settings.index_urls]
        tables[0] += "\ndefault = true"
        return ["--config-file", self._written("uv.toml", tables)]

    def _written(self, name: str, lines: Sequence[str]) -> str:
        file = self.scratch / name
        file.touch(mode=0o600)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(file)


def install_environment(settings: InstallSettings, target: Path, mark: str) -> dict[str, str]:
    """The variables uv runs with: what a compiler and the network need, and where things are."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED_ON or _is_for_uv(name)}
    fixed = {
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_CACHE_DIR": str(settings.cache),
        "UV_LINK_MODE": "hardlink",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(target),
        "VIRTUAL_ENV": str(target),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        MARK: mark,
    }
    return passed | fixed | ({"UV_NO_CONFIG": "1"} if settings.index_urls else {})


def _is_for_uv(name: str) -> bool:
    """The machine's own configuration of uv, such as its index, holds here too."""
    return name.startswith("UV_") and name not in _NOT_UV_SETTINGS


def _as_compile_takes_them(wanted: Sequence[str]) -> list[str]:
    """`uv pip compile` takes requirements files without `-r`."""
    return [part for part in wanted if part != "-r"]


def _extra_indexes(wanted: Sequence[str]) -> list[str]:
    indexes = [wanted[at + 1] for at, part in enumerate(wanted) if part == "--index"]
    return [part for url in indexes for part in ("--index", url)]
