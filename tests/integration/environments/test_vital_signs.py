import subprocess
import sys
from pathlib import Path

from environments import vital_signs
from oet_site.configuration import PROJECT_DIR

BUILDER = """
import sys
from pathlib import Path
from environments import vital_signs
with vital_signs.shown(Path(sys.argv[1]), "7.a"):
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_builder_is_dead_when_its_process_is_and_not_before(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUILDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT_DIR) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"ready\n"
        assert not vital_signs.have_ceased(tmp_path, "7.a")
        builder.kill()
    assert vital_signs.have_ceased(tmp_path, "7.a")
    vital_signs.forget(tmp_path, "7.a")
    assert not vital_signs.have_ceased(tmp_path, "7.a")


def test_of_a_builder_that_has_finished_or_shown_nothing_it_is_not_said(tmp_path: Path) -> None:
    with vital_signs.shown(tmp_path, "7.b"):
        assert not vital_signs.have_ceased(tmp_path, "7.b")
    assert not vital_signs.have_ceased(tmp_path, "7.b")
    assert not list(tmp_path.iterdir())
