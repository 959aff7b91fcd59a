"""Scripts run without OET: by `oet.testing`, by `python -m oet.run`, and by themselves."""

import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from oet import testing
from oet.harness import ScriptHarnessFatal
from oet.testing import Unanswered
from tests.integration.oet.test_launcher import OLDEST

PROJECT = Path(__file__).parents[3]
OBSERVATION = PROJECT / "examples" / "observation.py"

SCRIPT = """
import oet

def init(subarray_id):
    oet.status(f"subarray {subarray_id}")

def main(context, scans: int = 2, **more):
    "Observes."
    oet.progress(0.5, "half")
    oet.publish("scan.done", number=scans)
    oet.checkpoint("between")
    oet.attach("x.json", {"a": 1})
    print("overrides", dict(context.overrides), context.subarray_id, more)
    return oet.ask("Go on?", ["yes", "no"], timeout=5, default="nobody")
"""


@pytest.fixture
def script_file(tmp_path: Path) -> Path:
    path = tmp_path / "observe.py"
    path.write_text(SCRIPT)
    return path


def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "oet.run", *arguments]
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, cwd=cwd or PROJECT, env=environment, timeout=60
    )


def test_script_runs_on_a_laptop_and_prints_what_it_says(script_file: Path) -> None:
    done = run(
        str(script_file),
        "main",
        "--subarray_id",
        "3",
        "--override",
        "band=mid",
        "--colour",
        "red",
        stdin="maybe\nyes\n",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "overrides {'wait_for_qa_ready': False, 'band': 'mid'} 3 {'colour': 'red'}\n"
    for words in (
        "[oet status] subarray 3",
        "[oet progress] 50% half",
        '[oet event] scan.done {"number": 2}',
        "[oet checkpoint] between",
        "[oet attachment] x.json (application/json, 11 bytes)",
        "[oet question] Go on? [yes/no]",
        "[oet question] 'maybe' is none of yes, no",
        "[oet returned] 'yes'",
    ):
        assert words in done.stderr


def test_question_without_anybody_takes_its_default(script_file: Path) -> None:
    assert "[oet returned] 'nobody'" in run(str(script_file), "--subarray_id", "1").stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.py"], "there is no script"),
        (["{script}", "park"], "the script has no function 'park'; it has: init, main"),
        (["{script}"], "init: missing a required argument: 'subarray_id'"),
        (["{script}", "main", "--subarray_id"], "--subarray_id needs a value"),
    ],
)
def test_what_cannot_be_run_is_explained(script_file: Path, arguments: list[str], words: str) -> None:
    done = run(*(argument.format(script=script_file) for argument in arguments))
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_script_runs_by_itself_with_the_same_functions(script_file: Path) -> None:
    with script_file.open("a") as file:
        file.write("\nif __name__ == '__main__':\n    init(7)\n    main(oet.context)\n")
    done = subprocess.run(
        [sys.executable, str(script_file)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": str(PROJECT)},
        timeout=60,
        check=True,
    )
    assert "[oet status] subarray 7" in done.stderr


BY_HAND = """
import sys
from oet import testing
with testing.script(sys.argv[1], answers={"Go on?": "no"}) as observe:
    observe.call("init", 2)
    assert observe.call("main", scans=4) == "no"
    assert observe.published("scan.done") == [{"number": 4}]
"""


@pytest.mark.skipif(OLDEST is None, reason="no Python 3.9 here")
@pytest.mark.parametrize("how", ["-m oet.run {script} --subarray_id 7", "{script}", "{by_hand} {script}"])
def test_script_runs_and_is_tested_on_the_oldest_python(script_file: Path, how: str) -> None:
    with script_file.open("a") as file:
        file.write("\nif __name__ == '__main__':\n    init(7)\n    main(oet.context)\n")
    by_hand = script_file.with_name("by_hand.py")
    by_hand.write_text(BY_HAND)
    done = subprocess.run(
        [str(OLDEST), *how.format(script=script_file, by_hand=by_hand).split()],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PYTHONPATH": str(PROJECT)},
        timeout=60,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "overrides" in done.stdout


def test_ctrl_c_is_a_stop_that_parks_the_telescope(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(
        """
import time
import oet
from oet import harness
def expose(ctx):
    oet.status("exposing")
    time.sleep(600)
script = harness.Script(harness.get_actions_from_list(["expose"], namespace=globals()), cmdln_args=[])
script.add_listener(lambda ctx: oet.status("parked"), harness.POST_FATAL)
init, main = harness.entry_points(script)
"""
    )
    command = [sys.executable, "-m", "oet.run", str(script)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(PROJECT)}) as running:
        assert running.stderr is not None
        printed = next(line for line in running.stderr if "exposing" in line)
        running.send_signal(signal.SIGINT)
        printed += running.stderr.read()
    assert running.returncode == 130
    assert "### Action expose stopped on request" in printed
    assert printed.index("[oet status] parked") < printed.index("[oet] stopped")
    assert "Traceback" not in printed


def test_test_sees_everything_that_a_script_says(script_file: Path) -> None:
    with testing.script(script_file, answers={"Go on?": "no"}, overrides={"band": "low"}) as observe:
        observe.call("init", subarray_id=2)
        assert observe.call("main", scans=4) == "no"
        assert observe.statuses == ["subarray 2"]
        assert observe.progresses == [(0.5, "half")]
        assert observe.published("scan.done") == [{"number": 4}]
        assert observe.checkpoints == ["between"]
        assert observe.attached == {"x.json": {"a": 1}}
        assert observe.asked == ["Go on?"]


def test_question_without_an_answer_fails_the_test(script_file: Path) -> None:
    with testing.script(script_file) as observe:
        observe.call("init", 1)
        with pytest.raises(Unanswered, match="the script asks “Go on\\?”"):
            observe.call("main")


def test_each_block_imports_the_script_anew_and_leaves_nothing_behind(script_file: Path) -> None:
    folder, path = Path.cwd(), list(sys.path)
    with testing.script(script_file) as one:
        pass
    with testing.script(script_file) as other:
        assert other.module is not one.module
    assert (Path.cwd(), list(sys.path)) == (folder, path)
    assert "observe" not in sys.modules


QUESTION = "The wind is 25 m/s. Go on?"


@pytest.mark.parametrize("answer", ["park", None])
def test_observation_parks_in_strong_wind_unless_somebody_says_otherwise(answer: str | None) -> None:
    with testing.script(OBSERVATION, answers={QUESTION: answer}) as observation:
        observation.send("weather.wind", speed=25)
        with pytest.raises(ScriptHarnessFatal, match="parked: the wind is 25"):
            observation.call("main", duration_s=0.01)
        assert observation.statuses[-1] == "stowed"
        assert observation.published("observation.scan") == []


def test_observation_goes_through_its_actions() -> None:
    with testing.script(OBSERVATION, answers={QUESTION: "go on"}) as observation:
        observation.send("weather.wind", speed=25)
        statuses = observation.call("main", duration_s=0.01, target="Vela")
        assert set(statuses.values()) == {"SUCCESS"}
        assert [event["scan"] for event in observation.published("observation.scan")] == [1, 2, 3, 4]
        assert observation.attached["calibration.json"]["target"] == "Vela"
        assert observation.progresses[-1][0] == pytest.approx(1.0)


def test_document_shows_the_example_as_it_is() -> None:
    """Every line of code of the walk through the example is a line of the example."""
    text = (PROJECT / "docs" / "writing-scripts.md").read_text()
    lines = {line.strip() for line in OBSERVATION.read_text().splitlines()}
    walk = text.split("## The whole of it")[1].split("\n## ")[0]
    shown = [
        line.strip() for block in re.findall(r"```python\n(.*?)```", walk, re.DOTALL) for line in block.splitlines()
    ]
    assert len(shown) > 20
    assert [line for line in shown if line and line not in lines] == []


def test_snippets_of_the_document_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT / "docs" / "writing-scripts.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)

    def script_of(beginning: str, *, is_body: bool = False) -> Path:
        [block] = [block for block in blocks if block.startswith(beginning)]
        body = "def main():\n" + textwrap.indent(block, "    ") if is_body else block
        path = tmp_path / f"snippet_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f"import oet\n{body}")
        return path

    with testing.script(script_of('"""Point at a target')) as first:
        first.call("init", 3)
        assert first.call("main") == {"target": "Centaurus A"}
    with testing.script(script_of("oet.progress(", is_body=True), answers={"Continue?": "no"}) as says:
        says.call("main")
        assert (says.statuses, says.checkpoints) == (["slewing to target"], ["between scans"])
        assert says.attached == {"seeing.json": {"arcsec": 0.8}}
    with testing.script(script_of("def main(context, target: str)")) as knows:
        knows.call("main", target="Vela")
    [test] = [block for block in blocks if "def test_observation" in block]
    names: dict[str, Any] = {}
    exec(test, names)
    monkeypatch.chdir(PROJECT)
    names["test_observation_parks_in_strong_wind"]()
