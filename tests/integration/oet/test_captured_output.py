"""What scripts print arrives complete, in order, soon, and bounded."""

import dataclasses
import itertools
import sys

from oet import doorbell
from oet.output import STDERR, STDOUT
from tests.integration.oet.running import RunningLauncher
from tests.waiting import wait_until


def test_hundred_thousand_lines_arrive_complete_and_in_order(launcher: RunningLauncher) -> None:
    script = launcher.run("def main():\n    for i in range(100_000): print('line', i)")
    end = script.wait_for_exit(timeout_s=20)
    assert script.output() == "".join(f"line {i}\n" for i in range(100_000))
    assert end.output_lines == 100_000
    frames = script.frames()
    assert end.output_position == frames[-1].end
    assert [frame.line for frame in frames] == _running_lines([frame.text for frame in frames])


def _running_lines(texts: list[bytes]) -> list[int]:
    lines, total = [], 0
    for text in texts:
        lines.append(total)
        total += text.count(b"\n")
    return lines


def test_line_is_there_as_soon_as_it_is_printed(launcher: RunningLauncher) -> None:
    with doorbell.Doorbell(launcher.bells, "manager") as bell:
        script = launcher.run("import time\ndef main():\n    print('now')\n    time.sleep(60)")
        script.wait_for("command RUN")
        wait_until(lambda: bell.wait(2) and "now" in script.output(), what="the line, when the bell rings")


def test_both_streams_are_told_apart(launcher: RunningLauncher) -> None:
    script = launcher.run("import sys\ndef main():\n    print('out')\n    print('err', file=sys.stderr)")
    script.wait_for_exit()
    assert (script.output(STDOUT), script.output(STDERR)) == ("out\n", "err\n")


def test_what_child_processes_and_c_code_print_is_captured(launcher: RunningLauncher) -> None:
    script = launcher.run(
        "import os, subprocess\ndef main():\n    subprocess.run(['echo', 'child'])\n    os.write(2, b'raw\\xff')"
    )
    script.wait_for_exit()
    assert {frame.text for frame in script.frames()} == {b"child\n", b"raw\xff"}


def test_character_that_cannot_be_encoded_does_not_end_a_script(launcher: RunningLauncher) -> None:
    script = launcher.run("def main(): print('\\ud800')")
    assert script.wait_for_exit().status == 0
    assert script.output() == "\\ud800\n"


def test_output_without_end_takes_bounded_space(launcher: RunningLauncher) -> None:
    spec = launcher.prepare("import os\ndef main():\n    for i in range(400): os.write(1, b'%07d\\n' % i * 8192)")
    script = launcher.spawn(dataclasses.replace(spec, output_limit_bytes=1 << 20))
    script.run()
    end = script.wait_for_exit(timeout_s=20)
    files = [path for path in script.directory.iterdir() if path.name.startswith("output")]
    frames = script.frames()

    assert end.output_bytes == 400 * 65536
    assert sum(path.stat().st_size for path in files) < 1.3 * (1 << 20)
    assert frames[0].text.startswith(b"0000000\n")
    assert frames[-1].text.endswith(b"0000399\n")
    assert frames[-1].end == end.output_position
    gaps = [b.offset - a.offset - len(a.text) for a, b in itertools.pairwise(frames)]
    assert sum(gap > 0 for gap in gaps) == 1
    assert sum(gaps) + sum(len(frame.text) for frame in frames) == end.output_bytes


def test_one_loud_script_does_not_hold_up_the_others(launcher: RunningLauncher) -> None:
    loud = launcher.run("import os\ndef main():\n    print('on')\n    while True: os.write(1, b'x' * 65536)")
    loud.wait_for_output("on")
    quiet = launcher.run("def main(): print('here')")
    assert quiet.wait_for_exit(timeout_s=5).status == 0
    assert quiet.output() == "here\n"
    assert loud.kill()["ok"]


def test_this_python_is_the_one_that_ran(launcher: RunningLauncher) -> None:
    script = launcher.run("import sys\ndef main(): print(sys.executable)")
    script.wait_for_exit()
    assert script.output().strip() == sys.executable
