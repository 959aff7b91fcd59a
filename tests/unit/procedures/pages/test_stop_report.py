"""procedures.pages.stop_report: what was done, in words; nothing that was killed is left out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from procedures.models import Command, Procedure, ProcedureHistory
from procedures.pages.stop_report import ShownReport, stop_report

AT = datetime(2026, 3, 18, 0, 17, 53, 112000, tzinfo=UTC)


def after(seconds: float) -> float:
    return (AT + timedelta(seconds=seconds)).timestamp()


def told(*rungs: dict[str, Any], grace_s: float = 5.0, **more: Any) -> dict[str, Any]:
    report = {"asked_by": "l.okafor", "asked_at": AT.timestamp(), "grace_s": grace_s, "rungs": list(rungs)}
    return {**report, "killed": [], "check": "the launcher looked, and found none", **more}


def shown(stop: dict[str, Any], *, state: str = "STOPPED", ended_s: float = 1.79, **more: Any) -> ShownReport:
    step = ProcedureHistory(state=state, at=AT + timedelta(seconds=ended_s), details={"stop": stop})
    report = stop_report(
        [ProcedureHistory(state="RUNNING", at=AT), step], more.get("commands", []), more.get("aborts", [])
    )
    assert report is not None
    return report


def test_what_was_not_stopped_has_no_report() -> None:
    steps = [
        ProcedureHistory(state="COMPLETE", at=AT, details={"function": "main"}),
        ProcedureHistory(state="READY", at=AT),
    ]
    assert stop_report(steps, [], []) is None


def test_each_rung_has_its_time_and_how_long_after_the_request_it_was() -> None:
    report = shown(told({"rung": "asked", "at": after(0.002)}, {"rung": "empty", "at": after(1.79)}))
    assert report.summary == "asked to gone in 1.8 s, grace 5 s"
    assert [(rung.at, rung.words, rung.after) for rung in report.rungs] == [
        ("00:17:53.112", "l.okafor asked for it to be stopped", ""),
        ("00:17:53.114", "Asked the script: StopRequested raised in it", "+2 ms"),
        ("00:17:54.902", "Process tree empty", "+1.8 s"),
        ("not needed", "Freeze and kill", ""),
    ]
    assert report.rungs[2].remark == "The launcher looked, and found none"
    assert report.rungs[3].remark == "3.2 s of grace left"


def test_every_process_that_was_killed_is_named_and_those_without_a_name_are_counted() -> None:
    killed = [
        {"pid": 11, "command": "sleep 600"},
        {"pid": 12, "command": ""},
        {"pid": 10, "command": "python -I /a/oet/launcher.py --id 3"},
    ]
    rungs = (
        {"rung": "kill", "at": after(5)},
        {"rung": "killed", "at": after(5.1), "count": 120, "frozen_s": 0.004, "took_s": 0.02},
    )
    report = shown(told(*rungs, {"rung": "empty", "at": after(5.1)}, killed=killed), ended_s=5.1)
    rung = report.rungs[2]
    assert (rung.words, rung.remark, rung.uncounted) == ("Killed 120 processes", "frozen in 4 ms, dead in 20 ms", 117)
    assert [(process.pid, process.command) for process in rung.processes] == [
        (11, "sleep 600"),
        (12, "(without a command line)"),
        (10, "the script itself: python -I /a/oet/launcher.py --id 3"),
    ]
    assert report.rungs[3].processes == ()
    assert not any(r.at == "not needed" for r in report.rungs)


def test_what_a_script_had_left_behind_is_named_with_the_check() -> None:
    report = shown(told({"rung": "empty", "at": after(1)}, killed=[{"pid": 11, "command": "sleep 600"}]))
    assert report.rungs[1].words == "Process tree empty; 1 process it had left behind killed"
    assert report.rungs[1].processes[0].pid == 11


def test_what_lives_still_is_named() -> None:
    alive = [{"pid": 11, "command": "dd"}]
    report = shown(
        told({"rung": "kill", "at": after(5)}, {"rung": "still alive", "at": after(15), "alive": alive}),
        state="UNKNOWN",
        ended_s=15,
    )
    assert report.summary == "asked to given up in 0:15, grace 5 s"
    assert [process.pid for process in report.alive] == [11]
    assert (report.rungs[2].state, report.rungs[2].words) == ("crashed", "Still alive after SIGKILL")


def test_a_second_stop_stands_where_it_came() -> None:
    again = [
        Command(
            kind="stop", state="done", issued_by=who, issued_at=AT + timedelta(seconds=s), arguments={"grace": grace}
        )
        for who, s, grace in (("l.okafor", -0.01, 5), ("t.mokoena", 1, 0))
    ]
    report = shown(told({"rung": "asked", "at": after(0.002)}, {"rung": "kill", "at": after(1.1)}), commands=again)
    assert [rung.words for rung in report.rungs][2] == "t.mokoena asked for a kill at once"


def test_the_abort_is_the_last_rung_with_what_came_of_it() -> None:
    abort = Procedure(
        pk=13,
        script_name="abort.py",
        state="FAILED",
        cause="ValueError: no",
        created_at=AT,
        finished_at=AT + timedelta(seconds=13),
    )
    rung = shown(told(), aborts=[abort]).rungs[-1]
    assert (rung.words, rung.after, rung.remark, rung.procedure) == (
        "Abort script abort.py #13",
        "FAILED, 0:13",
        "ValueError: no",
        13,
    )


def test_a_rung_that_is_not_known_here_is_shown_as_it_is() -> None:
    assert shown(told({"rung": "prayed", "at": after(1), "error": "in vain"})).rungs[1].words == "prayed"
