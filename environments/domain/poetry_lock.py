"""poetry.lock in the terms of pip: which version of each package, and the hashes of its files."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from environments.domain.errors import BadProject

FILE = "poetry.lock"


def constraints(lock: Mapping[str, Any]) -> list[str]:
    """Lines for `--constraints`: what is installed has the locked version, and one of the locked hashes."""
    packages = [p for p in _packages(lock) if not p.get("source") or p["source"].get("type") == "legacy"]
    count = Counter(str(p["name"]) for p in packages)
    lines = []
    for package in packages:
        marker = package.get("markers")
        if count[str(package["name"])] > 1 and not isinstance(marker, str):
            continue  # several versions, and nothing says which one is for us: pyproject.toml decides
        condition = f" ; {marker}" if isinstance(marker, str) else ""
        lines.append(f"{package['name']}=={package['version']}{condition}{_hashes(package, lock)}")
    return lines


def overrides(lock: Mapping[str, Any]) -> list[str]:
    """Lines for `--overrides`: packages from git at the locked commit, not at what their branch is today."""
    return [
        f"{package['name']} @ git+{package['source']['url']}@{package['source']['resolved_reference']}"
        for package in _packages(lock)
        if package.get("source", {}).get("type") == "git" and package["source"].get("resolved_reference")
    ]


def _packages(lock: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    packages = lock.get("package", [])
    if not isinstance(packages, list) or not all(
        isinstance(p, Mapping) and "name" in p and "version" in p for p in packages
    ):
        raise BadProject(FILE, "its packages have no names and versions.")
    return packages


def _hashes(package: Mapping[str, Any], lock: Mapping[str, Any]) -> str:
    files = package.get("files") or lock.get("metadata", {}).get("files", {}).get(package["name"], [])
    return "".join(f" --hash={file['hash']}" for file in files if isinstance(file, Mapping) and "hash" in file)
