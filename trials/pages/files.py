"""Documents to begin with: the YAML files that lie beside the scripts of this site."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from procedures.script_files import MAX_DEPTH, SKIPPED_FOLDERS, read_beginning, resolve_script

MAX_BYTES = 1024 * 1024
_MAX_LISTED = 200
_ENDINGS = (".yml", ".yaml")


@dataclass(frozen=True)
class ListedDocument:
    """A document that can be opened."""

    path: str
    name: str
    """Below its root, with its folders."""


def documents(roots: Sequence[Path]) -> list[ListedDocument]:
    """YAML files below `roots`, in the order of their names; a file that is no task says so when it is opened."""
    listed: list[ListedDocument] = []
    for root in roots:
        for path in _files(root):
            listed.append(ListedDocument(str(path), path.relative_to(root).as_posix()))
            if len(listed) == _MAX_LISTED:
                return listed
    return listed


def read_document(path: str, roots: Sequence[Path]) -> str:
    """The text of a document; raises InvalidInput where it lies elsewhere, OSError where it cannot be read."""
    data = read_beginning(resolve_script(path, roots), MAX_BYTES)
    return data.decode(errors="replace").replace("\r\n", "\n")


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        folders[:] = sorted(f for f in folders if depth < MAX_DEPTH and f not in SKIPPED_FOLDERS and f[0] != ".")
        yield from (Path(folder) / file for file in sorted(files) if file.endswith(_ENDINGS) and file[0] != ".")
