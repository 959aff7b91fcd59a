"""Scripts that do what Python programs do: pickle, spawn, import their neighbours, read their files."""

import os
from pathlib import Path

import pytest

from oet.rundir import Script
from tests.integration.oet.running import RunningLauncher, RunningScript

POOL = """
import multiprocessing
import oet
def double(x): return 2 * x
def main():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(double, [1, 2])
"""


def _result(script: RunningScript) -> object:
    script.run()
    return script.wait_for("returned main").payload["result"]


@pytest.mark.parametrize(
    "name", ["observe.py", "night-run 2.py", "random.py", "json.py", "class.py", "__main__.py", "script"]
)
def test_function_of_a_script_can_be_run_in_a_spawned_process(launcher: RunningLauncher, name: str) -> None:
    script = launcher.launch(launcher.script(POOL, name))
    assert _result(script) == [2, 4]
    end = script.wait_for_exit()
    assert (end.status, end.leftovers) == (0, [])


def test_embedded_function_can_be_run_in_a_spawned_process(launcher: RunningLauncher) -> None:
    assert _result(launcher.launch(Script("embedded", text=POOL))) == [2, 4]


def test_process_pool_executor_works(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        from concurrent.futures import ProcessPoolExecutor
        def double(x): return 2 * x
        def main():
            with ProcessPoolExecutor(1) as pool:
                return list(pool.map(double, [1, 2]))
        """
    )
    assert _result(script) == [2, 4]
    assert script.wait_for_exit().leftovers == []


def test_dataclass_of_a_script_can_be_pickled(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        from __future__ import annotations
        import dataclasses, pickle, typing
        @dataclasses.dataclass
        class Pointing:
            ra: float
            name: typing.ClassVar[str] = "x"
        def main():
            copy = pickle.loads(pickle.dumps(Pointing(1.5)))
            return [copy == Pointing(1.5), typing.get_type_hints(Pointing)["ra"] is float, Pointing.__module__]
        """
    )
    assert _result(script) == [True, True, "observe"]


def test_script_finds_its_files_and_neighbours(launcher: RunningLauncher) -> None:
    launcher.script("WORD = 'neighbour'", "near.py")
    (launcher.home / "scripts" / "data.txt").write_text("data")
    script = launcher.launch(
        """
        import pathlib, sys
        import near
        def main():
            beside = (pathlib.Path(__file__).parent / "data.txt").read_text()
            return [near.WORD, open("data.txt").read(), beside, sys.argv]
        """
    )
    assert _result(script) == ["neighbour", "data", "data", [str(launcher.home / "scripts" / "observe.py")]]


def test_embedded_script_works_in_a_folder_of_its_own(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        Script("embedded", text="import os\ndef main():\n    return [os.getcwd(), __name__, __file__]")
    )
    assert _result(script) == [str(script.directory / "work"), "script", str(script.directory / "script.py")]


def test_additional_folders_are_searched(launcher: RunningLauncher, tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "optics.py").write_text("FOCUS = 3")
    spec = launcher.prepare("import optics\ndef main(): return optics.FOCUS")
    spec.sys_path.append(str(tmp_path / "library"))
    assert _result(launcher.spawn(spec)) == 3


def test_script_may_import_oet_and_nothing_that_lies_beside_it(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        import importlib.util, sys
        import oet
        def main():
            return [name for name in ("procedures", "oet_site", "environments", "tests") if importlib.util.find_spec(name)]
        """
    )
    assert _result(script) == []


def test_changed_script_is_read_anew_and_nothing_is_left_in_its_folder(launcher: RunningLauncher) -> None:
    for number in (1, 2, 3):
        path = launcher.script(f"def main(): return {number}")
        os.utime(path, (1_700_000_000, 1_700_000_000))  # same size, same time: a .pyc would be believed
        assert _result(launcher.launch(path)) == number
    assert [entry.name for entry in (launcher.home / "scripts").iterdir()] == ["observe.py"]


def test_script_in_another_encoding(launcher: RunningLauncher) -> None:
    path = launcher.script("")
    path.write_bytes("# coding: latin-1\ndef main(): return 'é'".encode("latin-1"))
    assert _result(launcher.launch(path)) == "é"


def test_script_that_is_a_link_finds_the_neighbours_of_its_target(launcher: RunningLauncher) -> None:
    launcher.script("WORD = 'far'", "near.py")
    target = launcher.script("import near\ndef main(): return near.WORD")
    link = launcher.home / "link.py"
    link.symlink_to(target)
    assert _result(launcher.launch(link)) == "far"


def test_script_that_closes_every_descriptor_can_still_be_run_and_stopped(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        import os, time
        def init(): os.closerange(3, 9000)
        def park(): return "parked"
        def main(): time.sleep(60)
        """
    )
    script.run("park")
    assert script.wait_for("returned park").payload["result"] == "parked"
    script.wait_for("state READY", 2)
    script.run("main")
    script.stop()
    assert script.wait_for_exit().status == 0
    assert script.topics()[-1] == "stopped main"


def test_script_that_reuses_our_descriptors_does_not_get_our_records(launcher: RunningLauncher) -> None:
    script = launcher.launch(
        """
        import os
        def init():
            os.closerange(3, 9000)
            for _ in range(20): os.open("mine", os.O_WRONLY | os.O_CREAT)
        def main(): return os.path.getsize("mine")
        """
    )
    assert _result(script) == 0
    assert script.wait_for_exit().status == 0


def test_script_that_uses_up_all_descriptors_can_be_stopped(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import os, time
        def main():
            try:
                while True: os.open("/dev/null", os.O_RDONLY)
            except OSError:
                pass
            print("full")
            time.sleep(60)
        """
    )
    script.wait_for_output("full")
    assert script.kill()["ok"]


def test_script_that_deletes_its_run_directory_can_be_killed(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import os, shutil, time
        def main():
            print("on")
            shutil.rmtree(os.path.dirname(os.environ["RUN"]) + "/" + os.environ["OET_PROCEDURE_ID"])
            print("gone")
            time.sleep(60)
        """,
        environment={"RUN": str(launcher.home / "procedures" / "x")},
    )
    assert script.exit() is None
    answer = script.kill()
    assert answer["ok"]
    assert launcher.ask(op="list")["procedures"] == []


def test_script_may_change_folder_umask_and_its_own_streams(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import io, os, sys
        def main():
            os.chdir("/")
            os.umask(0o777)
            sys.stdout.close()
            sys.stdout = sys.stderr = None
            return 1
        """
    )
    assert script.wait_for_exit().status == 0
    assert script.topics()[-1] == "ended"
