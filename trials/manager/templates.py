"""Template files of a trial: read and written inside its working directory, and nowhere else."""

from collections.abc import Mapping
from pathlib import Path

from trials.domain.rendering import render
from trials.domain.specification import TemplateFile

_MOST_BYTES = 16 << 20


class BadTemplate(Exception):
    """A template cannot be rendered; the message names it."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"template {name}: {why}")


def render_templates(
    templates: Mapping[str, TemplateFile], folder: Path, variables: Mapping[str, str]
) -> dict[str, list[str]]:
    """Render every template; the names that nobody sets, by template. Raises BadTemplate."""
    return {name: _render(name, template, folder, variables) for name, template in templates.items()}


def _render(name: str, template: TemplateFile, folder: Path, variables: Mapping[str, str]) -> list[str]:
    source, target = _inside(name, folder, template.src), _inside(name, folder, template.dest)
    if not source.is_file():
        raise BadTemplate(name, f"there is no file {template.src} in the working directory")
    try:
        if source.stat().st_size > _MOST_BYTES:
            raise BadTemplate(name, f"{template.src} has more than {_MOST_BYTES} bytes")
        text, unknown = render(source.read_text(encoding="utf-8"), variables)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadTemplate(name, f"{template.src} is not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise BadTemplate(name, f"{error.strerror}: {error.filename}") from error
    return unknown


def _inside(name: str, folder: Path, path: str) -> Path:
    """The file that a path names, links followed."""
    root = folder.resolve()
    found = (folder / path).resolve()
    if not found.is_relative_to(root):
        raise BadTemplate(name, f"{path} leads out of the working directory")
    return found
