"""Whether a repository may be read from: its URL, and for one on the node also what its path really leads to. Standard library only."""

import os

from environments.domain import urls
from environments.domain.errors import RepositoryRefused
from environments.domain.urls import Repository


def allowed_repository(url: str, allow: str) -> Repository:
    """The repository, if OET_GIT_ALLOW permits it; a link in an allowed folder does not make what it leads to allowed.

    Raises RepositoryRefused.
    """
    repository = urls.repository(url, allow)
    if repository.is_local:
        real = os.path.realpath(repository.path)
        if real != repository.path and not urls.is_allowed(urls.of_path(real), _with_real_globs(allow)):
            raise RepositoryRefused(f"{repository} is a link to {real}, which OET_GIT_ALLOW does not permit.")
    return repository


def _with_real_globs(allow: str) -> str:
    """The globs, and for those over paths also what the folder they begin with really is."""
    globs = allow.split()
    for glob in list(globs):
        path = glob.removeprefix("file://")
        if path.startswith("/"):
            fixed = path[: min((path.index(sign) for sign in "*?[" if sign in path), default=len(path))]
            head, _, _ = fixed.rpartition("/")
            globs.append(os.path.realpath(head or "/").rstrip("/") + path[len(head) :])
    return " ".join(globs)
