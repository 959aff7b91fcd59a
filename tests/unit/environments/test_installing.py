import sys
import tomllib
from pathlib import Path

from environments.domain.projects import Project, Recipe
from environments.installing import Installer, InstallSettings


def test_no_password_of_a_package_index_is_among_the_arguments_of_a_process(tmp_path: Path) -> None:
    commands: list[list[str]] = []
    settings = InstallSettings(
        tmp_path / "cache", ("https://robot:geheim@localhost:9/simple", "https://localhost:9/more")
    )
    project = Project(Recipe.REQUIREMENTS, requirements=("requirements.txt",))
    places = tmp_path, tmp_path / "environment", sys.executable
    Installer(settings, project, *places, lambda command, _words: commands.append(list(command)), tmp_path).install()
    *_, installing = commands
    assert "geheim" not in " ".join(installing)
    file = Path(installing[installing.index("--config-file") + 1])
    assert file.stat().st_mode & 0o077 == 0
    first, second = tomllib.loads(file.read_text())["index"]
    assert first == {"url": "https://robot:geheim@localhost:9/simple", "default": True}
    assert second == {"url": "https://localhost:9/more"}
