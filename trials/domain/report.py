"""Collects everything that is wrong with a document, so that all of it is said at once."""

from collections.abc import Collection, Iterable

from trials.domain.document import Document, Path, dotted
from trials.domain.errors import Code, Problem, SpecError
from trials.domain.hints import NOT_SUPPORTED, meant

MOST_HINTS = 100
"""Searches for the word that was meant."""
MOST = 1000
"""More errors than this help nobody; a document of a million mistakes must not keep the server busy with hints."""


class Report:
    """The errors found so far, with their lines."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems = list(document.problems)
        self._faulty: set[Path] = set()
        self._hints = 0

    def add(self, path: Path, code: Code, message: str, hint: str = "") -> None:
        """Note one error at `path`."""
        self._faulty.update(path[:length] for length in range(len(path) + 1))
        if len(self._problems) < MOST:
            self._problems.append(Problem(dotted(path), code, message, hint, self._document.line_of(path)))

    def add_unknown(self, path: Path, key: str, legal: Collection[str], hint: str = "") -> None:
        """Note a key that is not legal in its map."""
        shown = key[:60]
        if key in NOT_SUPPORTED:
            self.add((*path, key), Code.NOT_SUPPORTED, f"'{shown}' is not supported", NOT_SUPPORTED[key])
        elif len(self._problems) < MOST:
            self.add(
                (*path, key), Code.UNKNOWN_PROPERTY, f"unknown property '{shown}'", hint or self._meant(key, legal)
            )

    def add_word(self, path: Path, code: Code, word: str, legal: Collection[str], what: str) -> None:
        """Note a word that is none of the legal ones for `what`."""
        if len(self._problems) < MOST:
            self.add(path, code, f"'{word[:60]}' is no {what}", self._meant(word, legal))

    def _meant(self, word: str, legal: Collection[str]) -> str:
        self._hints += 1
        return meant(word, legal) if self._hints <= MOST_HINTS else ""

    def is_sound(self, places: Iterable[Path], key: str) -> bool:
        """Whether nothing has been found wrong with `key` in the maps at `places`."""
        return all((*place, key) not in self._faulty for place in places)

    def warning(self, path: Path, code: str, message: str, hint: str = "") -> Problem:
        """A warning at `path`, with its line; it is handed back, not kept."""
        return Problem(dotted(path), code, message, hint, self._document.line_of(path))

    def raise_if_any(self) -> None:
        """Raise SpecError with all errors, in the order of their lines."""
        if self._problems:
            raise SpecError(
                sorted(dict.fromkeys(self._problems), key=lambda problem: (problem.line or 0, problem.path))
            )
