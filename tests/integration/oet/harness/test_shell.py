"""Scripts run by hand: exit codes, what is printed, SIGTERM, forks, the example, the oldest Python."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.oet.harness.shell import PROJECT, Shell
from tests.integration.oet.test_launcher import OLDEST

EXAMPLE = PROJECT / "examples" / "harness" / "night.py"


@pytest.mark.parametrize("run", ["sys.exit(script.main())", "script.run()"])
@pytest.mark.parametrize(
    ("arguments", "printed", "code"), [("'dead'", "dead\n", 1), ("7", "", 7), ("", "", 1), ("0", "", 1), ("256", "", 1)]
)
def test_fatal_ends_the_process_with_its_code_and_no_traceback(
    shell: Shell, run: str, arguments: str, printed: str, code: int
) -> None:
    script = shell.night(
        f"raise harness.ScriptHarnessFatal({arguments})", run="harness.prepare_simple_logging(level=60); " + run
    )
    ended = shell.run(script)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "one\nclosed\n", printed)


def test_crash_prints_its_traceback_and_no_listener_is_called(shell: Shell) -> None:
    ended = shell.run(shell.night("raise ValueError('too windy')"))
    assert (ended.returncode, ended.stdout) == (1, "one\n")
    assert ended.stderr.count("Traceback") == 1
    assert ended.stderr.endswith("ValueError: too windy\n")


def test_exit_codes_of_success_error_and_exit(shell: Shell) -> None:
    assert shell.run(shell.night()).returncode == 0
    failing = "raise harness.ScriptHarnessError('x')"
    assert shell.run(shell.night(failing)).returncode == 0
    assert shell.run(shell.night(failing, run="sys.exit(script.main(error_exit_code=4))")).returncode == 4
    ended = shell.run(shell.night("sys.exit(3)"))
    assert (ended.returncode, ended.stdout) == (3, "one\n")


def test_console_logging_goes_to_stderr(shell: Shell) -> None:
    ended = shell.run(shell.night(), "--actions", "one")
    assert ended.stdout == "one\n"
    assert "INFO - ### Running action one" in ended.stderr


def test_usage_errors_list_and_dump_run_nothing(shell: Shell) -> None:
    script = shell.night()
    for arguments in (["--actions", "nope"], ["--actions"], ["--action-group", "nope"], ["stray"]):
        ended = shell.run(script, *arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("usage: night.py ")
    listed = shell.run(script, "--list-actions")
    assert (listed.returncode, listed.stdout) == (0, "* one ['all']\n* two ['all']\n  three ['all']\n* four ['all']\n")
    dumped = shell.run(script, "--dump-config")
    assert (dumped.returncode, json.loads(dumped.stdout)) == (0, {})
    assert "Dumping config:" in dumped.stderr
    assert [path.name for path in shell.folder.iterdir()] == ["night.py"]


def test_first_sigterm_is_a_fatal_error_and_further_ones_are_ignored(shell: Shell) -> None:
    script = shell.night(
        "print('waiting', flush=True) or time.sleep(60)",
        post_fatal="os.kill(os.getpid(), signal.SIGTERM); print('closed', ctx.script.fatal_action.history['status'])",
        run="import signal; sys.exit(script.main(handle_sigterm=True))",
    )
    process = shell.start(script)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["one\n", "waiting\n"]
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == ("closed 100\n", 143)


def test_sigterm_ends_at_most_the_post_fatal_listener_it_hits(shell: Shell) -> None:
    script = shell.night(
        "raise harness.ScriptHarnessFatal(7)",
        post_fatal="print('waiting', flush=True) or time.sleep(60)",
        run="script.add_listener(lambda ctx: print('parked'), harness.POST_FATAL); sys.exit(script.main(handle_sigterm=True))",
    )
    process = shell.start(script)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["one\n", "waiting\n"]
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert (out, process.returncode) == ("parked\n", 7)


def test_sigterm_without_the_option_just_ends_the_process_and_the_handler_is_given_back(shell: Shell) -> None:
    script = shell.night("os.kill(os.getpid(), signal.SIGTERM)", run="import signal; sys.exit(script.main())")
    assert shell.run(script).returncode == -signal.SIGTERM
    script = shell.night(
        run="import signal; script.main(handle_sigterm=True); print(int(signal.getsignal(signal.SIGTERM)))"
    )
    assert shell.run(script).stdout.endswith(f"{int(signal.SIG_DFL)}\n")


def test_handle_sigterm_works_in_the_main_thread_only(shell: Shell) -> None:
    run = "import threading; t = threading.Thread(target=lambda: print(script.main(handle_sigterm=True))); t.start(); t.join()"
    ended = shell.run(shell.night(run=run))
    assert ended.stdout == "1\n"
    assert "main thread only" in ended.stderr


def test_process_that_an_action_forked_is_not_the_script(shell: Shell) -> None:
    for end in ("raise harness.ScriptHarnessFatal('child')", "pass", "raise ValueError"):
        script = shell.write(
            f"""
            import os, sys
            from oet import harness

            def fork(ctx):
                child = os.fork()
                if child:
                    os.waitpid(child, 0)
                else:
                    {end}
            def after(ctx): print("after", flush=True)
            script = harness.Script(harness.get_actions(["fork", True, "after", True]))
            script.add_listener(lambda ctx: print("closed", flush=True), harness.POST_FATAL)
            sys.exit(script.main())
            """
        )
        events = shell.folder / "events"
        ended = shell.run(script, OET_HARNESS_EVENTS=f"file:{events}")
        assert (ended.returncode, ended.stdout) == (0, "after\n")
        assert events.read_text().count("run_finished") == 1
        events.unlink()


def test_events_go_to_the_descriptor_that_the_environment_names(shell: Shell) -> None:
    script = shell.night()
    command = f"{shell.python} {script} --actions two 3>&1 >/dev/null 2>&1"
    ended = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=shell.environment(OET_HARNESS_EVENTS="fd:3"),
    )
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [event["type"] for event in told][0 :: len(told) - 1] == ["run_started", "run_finished"]
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))


def test_stream_of_a_killed_process_has_no_end(shell: Shell) -> None:
    events = shell.folder / "events"
    ended = shell.run(shell.night("os.kill(os.getpid(), 9)"), OET_HARNESS_EVENTS=f"file:{events}")
    assert ended.returncode == -signal.SIGKILL
    told = [json.loads(line)["type"] for line in events.read_text().splitlines()]
    assert told[-1] == "action_started"


def test_example_runs_from_the_shell(shell: Shell) -> None:
    ended = shell.run(EXAMPLE)
    assert (ended.returncode, ended.stdout) == (0, "")
    for line in (
        "Enabled actions:",
        " open-dome, park",
        "opening",
        "### Skipping action flat-field",
        "Running command: ['true']",
        "Done.",
    ):
        assert line in ended.stderr
    ended = shell.run(EXAMPLE, "--actions", "open-dome,flat-field", "--exposure", "2")
    assert "### Action flat-field: finished successfully" in ended.stderr
    ended = shell.run(EXAMPLE, "--add-actions", "flat-field", "--exposure", "0")
    assert ended.returncode == 0
    assert "### Action flat-field error! exposure must be positive" in ended.stderr
    assert "Done." in ended.stderr


@pytest.mark.skipif(OLDEST is None, reason="no Python 3.9 here")
def test_example_runs_on_the_oldest_python(tmp_path: Path) -> None:
    assert OLDEST is not None
    shell = Shell(tmp_path, OLDEST)
    ended = shell.run(EXAMPLE, "--add-actions", "flat-field")
    assert ended.returncode == 0, ended.stderr
    assert "Done." in ended.stderr
    ended = shell.run(shell.night("harness.run_command('sleep 60', timeout=0.1, halt_on_failure=True)"))
    assert (ended.returncode, ended.stdout) == (1, "one\nclosed\n")
    assert "Fatal timeout: sleep 60 took longer than 0.1 s" in ended.stderr
    assert shell.run(EXAMPLE, "--help").returncode == 0


def test_no_process_is_left(shell: Shell) -> None:
    ended = shell.run(
        shell.night("print(harness.run_command('sleep 61 & sleep 62', timeout=0.1).status.name, flush=True)")
    )
    assert ended.stdout.splitlines()[1] == "TIMEOUT"
    commands = [_command(path) for path in Path("/proc").iterdir() if path.name.isdigit()]
    assert not [command for command in commands if command in (["sleep", "61"], ["sleep", "62"])]


def _command(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_bytes().decode().split("\0")[:-1]
    except OSError:
        return []
