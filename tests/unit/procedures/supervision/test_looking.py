"""Reading what `faulthandler` writes."""

import faulthandler
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from procedures.supervision.looking import threads_of_dump

DUMP = """Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 327 in wait
  File "/srv/scripts/observe.py", line 9 in helper

Current thread 0x00007f2 [MainThread] (most recent call first):
  File "/srv/scripts/observe.py", line 20 in slew
  File "/srv/scripts/observe.py", line 12 in main
"""


def test_the_main_thread_comes_first_and_frames_outermost_first() -> None:
    main, other = threads_of_dump(DUMP)
    assert (main["name"], main["is_main"]) == ("main thread", True)
    assert [(frame["function"], frame["line"]) for frame in main["frames"]] == [("main", 12), ("slew", 20)]
    assert [frame["kind"] for frame in main["frames"]] == ["script", "script"]
    assert not other["is_main"]
    assert other["frames"][-1]["function"] == "wait"


def test_what_this_python_writes_is_understood(tmp_path: Path) -> None:
    is_up, is_over = threading.Event(), threading.Event()

    def wait_here() -> None:
        is_up.set()
        is_over.wait()

    thread = threading.Thread(target=wait_here)
    thread.start()
    is_up.wait()
    path = tmp_path / "stack"
    with path.open("w") as file:
        faulthandler.dump_traceback(file, all_threads=True)
    is_over.set()
    thread.join()
    threads = threads_of_dump(path.read_text())
    main = next(thread for thread in threads if thread["is_main"])
    assert "test_what_this_python_writes_is_understood" in [frame["function"] for frame in main["frames"]]
    assert any(frame["function"] == "wait_here" for thread in threads for frame in thread["frames"])


@given(st.text() | st.lists(st.sampled_from(DUMP.splitlines()) | st.text()).map("\n".join))
def test_whatever_stands_in_the_file_is_read_without_a_fault(text: str) -> None:
    threads = threads_of_dump(text)
    assert sum(thread["is_main"] for thread in threads) == min(1, len(threads))
