"""A project whose build stops in the middle, so that a test can kill somebody at that very moment."""

from dataclasses import dataclass
from pathlib import Path

from tests.repositories import GitRepository
from tests.waiting import wait_until

PYPROJECT = """\
[project]
name = "stalling"
version = "1.0"
requires-python = ">=3.9"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """\
import os, subprocess, time, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open({started!r}, "a") as started:
        started.write(f"{{os.getpid()}} {{os.getppid()}}\\n")
    while not os.path.exists({go!r}):
        time.sleep(0.01)
    described = subprocess.run(["git", "describe", "--tags", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    name = "stalling-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("stalling.py", f"described = {{described!r}}\\nsecret = {{os.environ.get('OET_ADMIN_PASSWORD')!r}}\\n")
        wheel.writestr("stalling-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: stalling\\nVersion: 1.0\\n")
        wheel.writestr("stalling-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("stalling-1.0.dist-info/RECORD", "")
    return name
"""


@dataclass(frozen=True)
class Stall:
    """The repository, and the files by which its builds and the test talk."""

    repository: GitRepository
    started: Path
    go: Path

    @classmethod
    def make(cls, path: Path, folder: Path) -> "Stall":
        """A repository at `path`."""
        started, go = folder / "started", folder / "go"
        backend = BACKEND.format(started=str(started), go=str(go))
        return cls(GitRepository.make(path, {"pyproject.toml": PYPROJECT, "backend.py": backend}), started, go)

    def wait_for_builds(self, count: int = 1) -> list[tuple[int, int]]:
        """Wait until so many builds have been begun; the pids of their backends and those of the uv that runs each."""

        def builds() -> list[tuple[int, int]]:
            lines = self.started.read_text().splitlines() if self.started.exists() else []
            return [(int(pid), int(parent)) for pid, parent in map(str.split, lines)] if len(lines) >= count else []

        return wait_until(builds, what=f"{count} builds to be in the middle", timeout_s=60)

    def go_on(self) -> None:
        """Let all builds end."""
        self.go.touch()
