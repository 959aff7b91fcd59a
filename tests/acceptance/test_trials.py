"""The acceptance table of trials, against the product as it is started: all rows are submitted at once, and run beside each other.

Rows that are about documents only are in `tests/unit/trials`; row 31, in which the manager is killed, is in `tests/integration/trials`.
"""

import os
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.rows_of_trials import TIMEOUT_S, Night
from tests.product import PROJECT_DIR, Product
from tests.unit.trials.domain.test_acceptance_rows import after
from tests.waiting import wait_until

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def night(product: Product) -> Night:
    return Night(product)


def test_row_1_a_service_runs_while_a_test_runs_and_is_ended_after_it(night: Night) -> None:
    expected = {"prepare": "passed", "run-service": "aborted", "test": "passed", "cleanup": "passed"}
    assert night.outcome("1") == ("passed", expected)
    assert night.scripts("1")["run-service"]["reason"] == "terminate_when"
    assert night.procedure("1", "run-service")["state"] == "STOPPED"


@pytest.mark.parametrize(
    ("name", "state", "scripts"),
    [
        ("2 passes", "passed", {"a": "passed"}),
        ("2 fails", "failed", {"a": "failed"}),
        ("3", "passed", {"f": "failed", "p": "passed"}),
        ("3 alone", "defective", {"f": "failed"}),
        ("4", "defective", {"s": "skipped"}),
        ("4 ignored", "defective", {"s": "skipped"}),
        ("5", "passed", {"root": "passed", "failing": "failed", "ok": "passed", "no": "skipped"}),
        ("6", "aborted", {"i": "passed", "t": "aborted"}),
        ("7", "defective", {"m": "defective", "after": "skipped"}),
        ("8 passes", "passed", {"a": "passed", "b": "passed"}),
        ("8 fails", "failed", {"a": "failed", "b": "skipped"}),
        ("9", "defective", {"a": "passed", "b": "skipped"}),
        ("10", "defective", {"a": "skipped", "b": "skipped"}),
        ("11", "aborted", {"a": "passed", "b": "aborted"}),
        ("12", "failed", {"a": "passed", "b": "failed", "t": "passed"}),
        ("13", "passed", {"a": "passed"}),
        ("14", "passed", {"a": "passed", "b": "passed"}),
        ("15", "passed", {"a": "passed", "b": "passed"}),
        ("16", "defective", {"a": "defective", "b": "passed"}),
        ("17", "passed", {"a": "passed", "b": "passed"}),
        ("18", "passed", {"a": "passed", "b": "passed", "c": "passed", "d": "passed"}),
        ("19", "passed", {"a": "passed"}),
        ("20", "defective", {"a": "skipped"}),
        ("21 last command", "passed", {"a": "passed"}),
        ("21 set -e", "failed", {"a": "failed"}),
        ("21 python", "failed", {"a": "failed"}),
        ("21 killed", "failed", {"a": "failed"}),
        ("21 unknown command", "failed", {"a": "failed"}),
        ("21 unknown interpreter", "defective", {"a": "defective"}),
        ("22", "defective", {"a": "defective"}),
        ("26 none", "defective", {}),
        ("26 text", "passed", {"main": "passed"}),
        ("28", "passed", {"a": "passed"}),
        ("29 passes", "passed", {"a": "passed"}),
        ("29 raises", "failed", {"a": "failed"}),
        ("29 syntax", "defective", {"a": "defective"}),
        ("29 no function", "defective", {"a": "defective"}),
        ("29 another function", "passed", {"a": "passed"}),
        ("29 file", "passed", {"a": "passed"}),
        ("29 harness", "passed", {"a": "passed"}),
        ("30 free", "passed", {"a": "passed", "b": "passed"}),
        ("30 in turn", "passed", {"a": "passed", "b": "passed"}),
        ("leaves nothing", "passed", {"a": "passed"}),
        ("hostile key", "passed", {"../../x; touch y": "passed"}),
        ("ports", "passed", {"a": "passed"}),
    ],
)
def test_the_scripts_of_a_row_and_its_trial_end_as_the_table_says(
    night: Night, name: str, state: str, scripts: Mapping[str, str]
) -> None:
    assert night.outcome(name) == (state, scripts), night.trial(name)


def test_rows_2_and_21_the_exit_status_is_kept_where_a_script_ended_by_itself(night: Night) -> None:
    status: Callable[[str], Any] = lambda name: night.scripts(name)["a"]["exit_status"]  # noqa: E731
    assert [status("2 passes"), status("2 fails"), status("21 python"), status("21 unknown command")] == [0, 3, 4, 127]
    assert [status("21 killed"), status("22"), status("29 passes")] == [None, None, None]
    assert night.procedure("2 fails")["cause"] == "exit status 3"
    assert "SIGKILL" in night.scripts("21 killed")["a"]["reason"]


def test_row_4_a_condition_on_no_script_is_warned_of(night: Night) -> None:
    script = night.scripts("4")["s"]
    assert script["reason"] == "unreachable"
    assert [issue["level"] for issue in script["issues"]] == ["warning"]
    assert "there is no script 'root'" in script["issues"][0]["title"]


def test_row_7_a_timeout_counts_from_the_start_and_is_an_issue(night: Night) -> None:
    scripts = night.scripts("7")
    ran_s = scripts["m"]["finished_at"] - scripts["m"]["started_at"]
    assert (ran_s >= 2.0, scripts["m"]["exit_status"], scripts["m"]["reason"]) == (True, None, "timeout")
    assert [issue["title"] for issue in scripts["m"]["issues"]] == ["timed out after 2 seconds"]
    assert (scripts["after"]["reason"], scripts["after"]["started_at"], scripts["after"]["finished_at"]) == (
        "unsatisfiable",
        None,
        None,
    )
    procedure = night.procedure("7", "m")
    assert (procedure["state"], procedure["cause"].startswith("timed out after 2 seconds")) == ("FAILED", True)
    assert procedure["part_of"]["key"] == "m"


def test_row_8_one_starts_after_the_other(night: Night) -> None:
    scripts = night.scripts("8 passes")
    assert scripts["b"]["started_at"] >= scripts["a"]["finished_at"]


@pytest.mark.parametrize(("name", "text"), [("11", "sleep 4321"), ("leaves nothing", "sleep 4322")])
def test_rows_11_and_more_no_process_outlives_its_script(night: Night, name: str, text: str) -> None:
    night.trial(name)
    assert text.replace(" ", "\0") not in "".join(_command_lines())


def test_row_14_what_two_scripts_need_they_have_in_turn(night: Night) -> None:
    scripts = night.scripts("14")
    assert _are_apart(scripts["a"], scripts["b"])
    assert ("b", "waiting") in night.states_seen("14")
    assert _are_apart(night.scripts("14 one")["a"], night.scripts("14 other")["a"])


def test_rows_15_and_17_resources_are_rendered(night: Night) -> None:
    scripts = night.scripts("15")
    assert (scripts["a"]["resource"], scripts["b"]["resource"]) == (["r-1"], ["r-2"])
    assert not _are_apart(scripts["a"], scripts["b"])
    assert night.scripts("17")["b"]["resource"] == ["r-7"]


def test_row_16_a_resource_is_free_once_its_holder_is_gone(night: Night) -> None:
    scripts = night.scripts("16")
    assert scripts["b"]["started_at"] >= scripts["a"]["finished_at"]


def test_row_20_a_set_up_that_fails_says_why(night: Night) -> None:
    trial = night.trial("20")
    assert trial["error"] == "template t: there is no file missing.yml in the working directory"
    assert (trial["started_at"], [script["reason"] for script in trial["scripts"]]) == (None, ["setup"])


def test_row_23_an_abort_ends_what_runs_and_skips_the_rest(night: Night) -> None:
    document = f"{{load: 0.01, scripts: {{m: {{body: sleep 60}}, n: {{start_when: {after('m')}}}}}}}"
    task = night.submit(document)
    trial_id = task["trials"][0]["id"]
    wait_until(
        lambda: night.get(f"trials/{trial_id}/")["scripts"][0]["state"] == "executing",
        what="m to execute",
        timeout_s=TIMEOUT_S,
    )
    answer = night.product.http.put(f"trials/{trial_id}/", json={"state": "aborted"})
    assert (answer.status_code, answer.json()["state"]) == (200, "aborting")
    assert night.product.http.put(f"trials/{trial_id}/", json={"state": "aborted"}).status_code in {200, 409}
    over = night.finished(task["id"])
    assert (over["state"], [trial["state"] for trial in over["trials"]]) == ("aborted", ["aborted"])
    scripts = {s["key"]: (s["state"], s["reason"]) for s in night.get(f"trials/{trial_id}/")["scripts"]}
    assert scripts == {"m": ("aborted", "abort"), "n": ("skipped", "abort")}
    assert night.product.http.put(f"trials/{trial_id}/", json={"state": "aborted"}).status_code == 409


def test_row_23_what_no_node_has_taken_is_aborted_at_once(night: Night) -> None:
    task = night.submit("{traits: [that-no-node-has], scripts: {a: {body: exit 0}, b: {}}}")
    answer = night.product.http.put(f"tasks/{task['id']}/", json={"state": "aborted"})
    assert (answer.status_code, answer.json()["state"]) == (200, "aborted")
    trial = night.get(f"trials/{task['trials'][0]['id']}/")
    assert (trial["state"], trial["counts"], trial["finished_at"] is None) == ("aborted", {"skipped": 2}, False)


def test_row_25_what_fails_is_tried_again_but_not_for_ever(night: Night) -> None:
    twice = night.finished(night.tasks["25 twice"])
    assert (twice["state"], [trial["state"] for trial in twice["trials"]]) == ("failed", ["failed", "failed"])
    eager = night.finished(night.tasks["25 eager"])
    assert (len(eager["trials"]), {trial["state"] for trial in eager["trials"]}) == (12, {"failed"})
    spans = [night.get(f"trials/{trial['id']}/") for trial in eager["trials"]]
    most = max(sum(s["created_at"] < at["finished_at"] <= s["finished_at"] for s in spans) for at in spans)
    assert most <= 3


def test_row_27_each_task_of_a_context_sees_its_own(night: Night) -> None:
    document = (
        "task_defaults: {max_trials: 1, load: 0.01, environment_variables: {PLANET: Earth}}\n"
        "tasks: {one: {body: test $PLANET = Earth}}\n"
        "contexts: {far: {task_defaults: {environment_variables: {PLANET: Jupiter}}, tasks: {two: {body: test $PLANET = Jupiter}}}}\n"
    )
    made = night.submit(document)
    assert {task["key"]: night.finished(task["id"])["state"] for task in made} == {"one": "passed", "two": "passed"}


def test_row_28_streams_are_kept_apart(night: Night) -> None:
    assert night.output("28") == {"stdout": "out\n", "stderr": "err\n"}


def test_row_29_a_python_procedure_is_a_script_too(night: Night) -> None:
    assert (night.procedure("29 passes")["state"], night.output("29 passes")["stdout"]) == ("COMPLETE", "1\n")
    assert "ValueError: 1" in night.procedure("29 raises")["history"]["stacktrace"]
    assert night.output("29 another function")["stdout"] == "1\n2\n"
    assert night.output("29 file")["stdout"] == "Subarray 1 is ours; we greet in Dutch.\nHallo, moon!\n1\n"
    assert night.procedure("29 harness")["state"] == "COMPLETE"
    assert "has no function 'main'" in night.scripts("29 no function")["a"]["reason"]


def test_row_30_scripts_that_drive_the_telescope_do_so_in_turn(night: Night) -> None:
    in_turn, free = night.scripts("30 in turn"), night.scripts("30 free")
    assert (_are_apart(in_turn["a"], in_turn["b"]), in_turn["a"]["resource"]) == (True, ["site:telescope"])
    assert not _are_apart(free["a"], free["b"])


def test_a_graph_has_nodes_and_edges_with_what_they_say_now(night: Night) -> None:
    graph = night.get(f"trials/{night.trial('8 fails')['id']}/graph/")
    assert [(node["key"], node["state"], node["kind"]) for node in graph["nodes"]] == [
        ("a", "failed", "shell"),
        ("b", "skipped", "shell"),
    ]
    edge = graph["edges"][0]
    assert (edge["from"], edge["to"], edge["use"], edge["is_satisfied"], edge["is_impossible"]) == (
        "a",
        "b",
        "start_when",
        False,
        True,
    )


def test_what_did_not_pass_is_repeated_with_the_files_of_what_did(night: Night) -> None:
    document = f"""
        max_trials: 1
        load: 0.01
        scripts:
          a: {{body: touch made}}
          b: {{body: "if test -e again; then exit 0; fi; touch again; exit 1", start_when: {after("a")}}}
          c: {{body: test -e made, start_when: {after("b")}}}
    """
    task = night.submit(document)
    assert night.finished(task["id"])["state"] == "failed"
    assert night.repeat_rest(task["id"])["number"] == 2
    assert night.finished(task["id"])["state"] == "passed"
    second = night.get(f"trials/{night.finished(task['id'])['trials'][-1]['id']}/")
    assert second["scripts"][0]["reason"] == f"taken over from trial {task['trials'][0]['id']}"
    assert [script["procedure"] is None for script in second["scripts"]] == [True, False, False]


def _are_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    first, second = sorted((one, other), key=lambda script: float(script["started_at"]))
    return bool(second["started_at"] >= first["finished_at"])


def _command_lines() -> list[str]:
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                lines.append((entry / "cmdline").read_text(errors="replace"))
            except OSError:
                continue
    return lines


def test_the_pairs_of_a_night_that_share_a_resource_never_overlap(night: Night) -> None:
    scripts = [s for name in night.tasks for s in night.trial(name)["scripts"] if s["started_at"] and s["resource"]]
    for one, other in combinations(scripts, 2):
        if set(one["resource"]) & set(other["resource"]):
            assert _are_apart(one, other), (one, other)


@pytest.mark.parametrize(("name", "state"), [("service", "passed"), ("retry", "failed")])
def test_an_example_does_what_it_says(night: Night, name: str, state: str) -> None:
    task = night.submit((PROJECT_DIR / "examples" / "trials" / f"{name}.yml").read_text())
    assert night.finished(task["id"])["state"] == state, night.get(f"trials/{task['trials'][0]['id']}/")
    if name == "retry":
        night.repeat_rest(task["id"])
        assert night.finished(task["id"])["state"] == "passed"
