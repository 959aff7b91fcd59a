"""The map of the code: each package says in its docstring what is in which of its modules."""

import ast
import re
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("oet", "oet_client", "oet_site", "procedures", "environments", "trials")
SELF_EVIDENT = {"__init__", "__main__", "apps"}
FEW = 5
"""Packages with no more modules need no map."""


def packages() -> list[Path]:
    folders = [path.parent for name in PACKAGES for path in (PROJECT_DIR / name).rglob("__init__.py")]
    return [folder for folder in folders if not {"migrations", "management"} & set(folder.parts)]


@pytest.mark.parametrize("package", packages(), ids=lambda folder: folder.relative_to(PROJECT_DIR).as_posix())
def test_package_says_what_each_of_its_modules_is_for(package: Path) -> None:
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    modules -= SELF_EVIDENT | {"migrations", "management", "templatetags"}
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    named = set(re.findall(r"`(\w+)`", text))
    unnamed = modules - named if len(modules) > FEW else set()
    assert not unnamed, f"say in {package / '__init__.py'} what is in: {', '.join(sorted(unnamed))}"
