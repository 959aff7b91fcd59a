"""Which git repositories scripts may come from.

A URL is brought into one canonical form first, which is the one that is matched against OET_GIT_ALLOW, shown, stored and handed to git:
two spellings of one repository never differ in what they are allowed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from environments.domain.errors import RepositoryRefused

MAX_CHARACTERS: Final = 1000

_SCHEMES: Final = {"https": "https", "http": "http", "ssh": "ssh", "git+ssh": "ssh", "ssh+git": "ssh", "file": "file"}
_HELPER = re.compile(r"^[A-Za-z0-9_+.-]*::")
_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://(.*)$", re.DOTALL)
_SCP = re.compile(r"^(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+):(?P<path>.+)$", re.DOTALL)
_HOST = re.compile(r"^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])\Z")
_USER = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]*\Z")
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s]*@")


@dataclass(frozen=True)
class Repository:
    """A repository by its canonical URL."""

    url: str

    @property
    def for_git(self) -> str:
        """The URL as git is to be given it."""
        return "file://" + quote(self.path) if self.is_local else self.url

    @property
    def is_local(self) -> bool:
        """It lies in the file system of the node."""
        return self.url.startswith("file://")

    @property
    def path(self) -> str:
        """The path of a local repository."""
        return unquote(self.url.removeprefix("file://"))

    def __str__(self) -> str:
        return self.url


def without_credentials(text: str) -> str:
    """The text with what stands before the `@` of any URL in it blotted out, to be shown and logged."""
    return _CREDENTIALS.sub(lambda found: f"{found[1]}…@" if found[1] != "ssh://" else _ssh_user(found[0]), text)


def repository(text: str, allow: str) -> Repository:
    """The repository with that URL, if the globs in `allow` (OET_GIT_ALLOW) permit it; raises RepositoryRefused."""
    found = Repository(canonical(text))
    if not is_allowed(found.url, allow):
        named = f"OET_GIT_ALLOW permits: {allow}" if allow.strip() else "OET_GIT_ALLOW is empty, which permits none"
        raise RepositoryRefused(f"scripts may not come from {found.url}. {named}. An administrator can add it.")
    return found


def is_allowed(url: str, allow: str) -> bool:
    """Whether one of the globs, separated by blanks, matches the canonical URL; `/path` counts as `file:///path`."""
    return any(fnmatchcase(form, glob) for form in _forms(url) for glob in _globs(allow))


def canonical(text: str) -> str:
    """The one form of a repository's URL; raises RepositoryRefused, whose words never repeat credentials."""
    _check_characters(text)
    if text.startswith("-"):
        raise RepositoryRefused(f"{_short(text)} looks like an option of git, not like a repository.")
    if _HELPER.match(text):
        raise RepositoryRefused(
            f"{_short(text)} names a helper program of git (`…::`); only https, ssh, http and file URLs are used."
        )
    if text.startswith("/"):
        return of_path(_file_path(text))
    if found := _URL.match(text):
        return _from_url(found[1].lower(), text)
    if found := _SCP.match(text):
        return _from_scp(found)
    raise RepositoryRefused(
        f"{_short(text)} is no URL (https://…, ssh://…, file:///…, git@host:path) nor an absolute path."
    )


def of_path(path: str) -> str:
    """The URL of an absolute path. Git decodes `%41` in URLs, so a percent sign is encoded, and nothing else, for people read it."""
    return "file://" + path.replace("%", "%25")


def relative_to(parent: str, url: str) -> str:
    """The URL of a submodule: what begins with `./` or `../` is meant from the URL of the repository that names it."""
    if not url.startswith(("./", "../")):
        return url
    base = parent.rstrip("/")
    while url.startswith(("./", "../")):
        is_up, url = url.startswith("../"), url.partition("/")[2]
        if is_up:
            head, slash, _ = base.rpartition("/")
            if not slash or head.endswith(("/", ":")):
                raise RepositoryRefused(f"a submodule's URL leads out of {parent}.")
            base = head
    return f"{base}/{url}"


def _forms(url: str) -> list[str]:
    found = None if "://" in url else _SCP.match(url)
    return (
        [url]
        if not found
        else [url, f"ssh://{found['user'] + '@' if found['user'] else ''}{found['host']}/{found['path']}"]
    )


def _globs(allow: str) -> Iterable[str]:
    return (of_path(glob) if glob.startswith("/") else glob for glob in allow.split())


def _check_characters(text: str) -> None:
    if not text:
        raise RepositoryRefused("is required: the URL of the repository.")
    if len(text) > MAX_CHARACTERS:
        raise RepositoryRefused(f"has {len(text)} characters; at most {MAX_CHARACTERS} are allowed.")
    if not text.isprintable():
        raise RepositoryRefused("has control characters or broken Unicode.")


def _from_url(written_scheme: str, text: str) -> str:
    if (scheme := _SCHEMES.get(written_scheme)) is None:
        raise RepositoryRefused(f"{written_scheme}:// is not used; only https, ssh, http and file URLs are.")
    rest = text[text.index("://") + 3 :]
    if scheme == "file":
        host, slash, path = rest.partition("/")
        if host or not slash:
            raise RepositoryRefused("a file URL must name a path on this machine: file:///… with three slashes.")
        return of_path(_file_path("/" + unquote(path)))
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
    except ValueError:
        raise RepositoryRefused("is no valid URL: its host or port cannot be read.") from None
    _check_remote_path(parts.path)
    if "?" in rest or "#" in rest:
        raise RepositoryRefused("must not have a query or a fragment (`?`, `#`).")
    place = (
        _user(scheme, parts.netloc)
        + _host(parts.hostname or "", is_v6="[" in parts.netloc)
        + (f":{port}" if port else "")
    )
    return f"{scheme}://{place}{parts.path.rstrip('/')}"


def _from_scp(found: re.Match[str]) -> str:
    user, host, path = found["user"] or "", found["host"], found["path"]
    if user and not _USER.match(user):
        raise RepositoryRefused("the user before the `@` is no plain user name.")
    _check_remote_path("/" + path)
    if path.startswith("-"):
        raise RepositoryRefused("the path after the `:` looks like an option.")
    place = f"{user}@{_host(host)}" if user else _host(host)
    return f"ssh://{place}{path.rstrip('/')}" if path.startswith("/") else f"{place}:{path.rstrip('/')}"


def _user(scheme: str, netloc: str) -> str:
    user, at, _ = netloc.rpartition("@")
    if not at:
        return ""
    if scheme != "ssh" or ":" in user:
        raise RepositoryRefused(
            "must not contain a user or password. Let the node know them: ~/.netrc for https, a key for ssh."
        )
    if not _USER.match(user):
        raise RepositoryRefused("the user before the `@` is no plain user name.")
    return f"{user}@"


def _host(host: str, *, is_v6: bool = False) -> str:
    shown = f"[{host}]" if is_v6 else host
    if not _HOST.match(shown):
        raise RepositoryRefused("has no valid host name.")
    return shown.lower()


def _check_remote_path(path: str) -> None:
    decoded = unquote(path)
    if not decoded.strip("/") or not decoded.isprintable() or "\\" in decoded:
        raise RepositoryRefused("has no valid path after the host.")
    _check_segments(decoded.split("/"))


def _file_path(path: str) -> str:
    if not path.isprintable():
        raise RepositoryRefused("has control characters or broken Unicode.")
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        raise RepositoryRefused("must name the folder of a repository, not the root of the file system.")
    _check_segments(segments)
    return "/" + "/".join(segments)


def _check_segments(segments: Sequence[str]) -> None:
    if any(segment in {".", ".."} for segment in segments):
        raise RepositoryRefused("must not contain `.` or `..` as a part of its path.")


def _ssh_user(authority: str) -> str:
    user = authority[len("ssh://") : -1]
    return f"ssh://{user}@" if _USER.match(user) else "ssh://…@"


def _short(text: str) -> str:
    shown = repr(without_credentials(text))
    return shown if len(shown) <= 80 else shown[:77] + "…"
