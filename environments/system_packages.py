"""The packages that an interpreter brings along, for environments that may use them.

uv installs every package into the environment, also one that the system has (its documentation says so). So that a site's big compiled
libraries are not fetched or built again, uv is shown what the system has: as preferred versions, and as empty wheels that carry the
metadata alone, for packages that no index has. What uv then chooses from the system is not installed.
"""

import json
import re
import subprocess
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

_QUESTION = (
    "import importlib.metadata as m, json; print(json.dumps([[d.metadata['Name'], d.version, d.read_text('METADATA') or "
    "d.read_text('PKG-INFO') or ''] for d in m.distributions() if d.metadata['Name']]))"
)
_TIMEOUT_S = 60.0
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")


@dataclass(frozen=True)
class SystemPackage:
    """One distribution of the system."""

    name: str
    version: str
    metadata: str


@dataclass(frozen=True)
class SystemPackages:
    """What an interpreter can import without any environment."""

    packages: Sequence[SystemPackage]

    @classmethod
    def of(cls, python: str) -> "SystemPackages":
        """The packages of that interpreter; those with a version nobody can compare are left out."""
        asking = subprocess.run([python, "-I", "-c", _QUESTION], capture_output=True, timeout=_TIMEOUT_S, check=True)
        found: dict[str, SystemPackage] = {}
        for name, version, metadata in json.loads(asking.stdout):
            if _is_version(version):
                found.setdefault(canonicalize_name(name), SystemPackage(canonicalize_name(name), version, metadata))
        return cls(list(found.values()))

    def pins(self) -> list[str]:
        """`name==version` of each."""
        return [f"{package.name}=={package.version}" for package in self.packages]

    def write_stubs(self, folder: Path) -> Path:
        """Write a wheel without files for each package; the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for package in self.packages:
            _write_stub(package, folder)
        return folder

    def not_provided(self, pins: Iterable[str]) -> list[str]:
        """The lines of a resolved list of requirements that the system does not satisfy, without hashes."""
        there = {(package.name, Version(package.version)) for package in self.packages}
        return [line for line in pins if _requirement(line) and not _is_there(line, there)]


def _requirement(line: str) -> str:
    text = line.strip()
    return "" if not text or text.startswith(("#", "--hash", "--")) else text


def _is_there(line: str, there: set[tuple[str, Version]]) -> bool:
    found = _PIN.match(line.strip())
    return found is not None and _is_version(found[2]) and (canonicalize_name(found[1]), Version(found[2])) in there


def _write_stub(package: SystemPackage, folder: Path) -> None:
    stem = f"{package.name.replace('-', '_')}-{package.version}"
    metadata = package.metadata or f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", metadata)
        wheel.writestr(
            f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: oet\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
