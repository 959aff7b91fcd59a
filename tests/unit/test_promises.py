"""Promises about the project's own files."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
VENDORED = "static/vendor/"

PRIVATE = {
    # In two pieces, so that this file keeps the promise itself.
    "a path of somebody's machine": re.compile(r"(?<![\w.~])/(?:" + "root|work|Users" + r"|home/(?!oet\b|user\b)\w+)/"),
    "a package registry": re.compile("pypi" + r"\.org|registry\.npm" + r"js|deb\.deb" + "ian"),
}


def committed() -> Iterator[tuple[str, str]]:
    """Path and text of every file in the repository that is text and ours."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT_DIR, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        file = PROJECT_DIR / name
        if not name.startswith(VENDORED) and file.is_file():
            try:
                yield name, file.read_text()
            except UnicodeDecodeError:
                continue


@pytest.mark.parametrize("what", PRIVATE)
def test_no_committed_text_names(what: str) -> None:
    found = [f"{name}: {match[0]}" for name, text in committed() for match in PRIVATE[what].finditer(text)]
    assert found == []


def test_every_example_can_be_parsed_and_says_what_it_shows() -> None:
    examples = sorted((PROJECT_DIR / "examples").glob("*.py"))
    assert examples
    assert [file.name for file in examples if not ast.get_docstring(ast.parse(file.read_text()))] == []


def test_every_example_is_listed() -> None:
    listed = (PROJECT_DIR / "examples" / "README.md").read_text()
    assert [file.name for file in (PROJECT_DIR / "examples").glob("*.py") if f"[{file.name}]" not in listed] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for name, text in committed():
        if name.endswith(".md"):
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
                if not (PROJECT_DIR / name).parent.joinpath(target).exists():
                    broken.append(f"{name}: {target}")
    assert broken == []


def test_the_readme_leads_to_every_document() -> None:
    readme = (PROJECT_DIR / "README.md").read_text()
    documents = sorted(path.name for path in (PROJECT_DIR / "docs").glob("*.md"))
    assert [name for name in documents if f"(docs/{name})" not in readme] == []
