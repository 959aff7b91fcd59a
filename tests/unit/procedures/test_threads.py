import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait

import pytest

from procedures.threads import RequestThreads
from tests.waiting import wait_until

TIMEOUT_S = 10.0


@pytest.fixture
def threads() -> Iterator[RequestThreads]:
    made = RequestThreads(3)
    yield made
    made.close()


def test_what_follows_runs_in_the_thread_that_was_used_last(threads: RequestThreads) -> None:
    first = threads.submit(threading.get_ident).result(TIMEOUT_S)
    wait_until(lambda: threads.idle, what="the thread to be free")
    assert threads.submit(threading.get_ident).result(TIMEOUT_S) == first


def test_jobs_run_beside_each_other_up_to_the_limit_and_the_others_wait(threads: RequestThreads) -> None:
    meeting = threading.Barrier(3)
    together = [threads.submit(lambda: meeting.wait(TIMEOUT_S)) for _ in range(3)]
    wait(together, TIMEOUT_S)
    gate = threading.Event()
    blocking: list[Future[bool]] = [threads.submit(lambda: gate.wait(TIMEOUT_S)) for _ in range(3)]
    late = threads.submit(lambda: "late")
    assert not late.done()
    gate.set()
    assert late.result(TIMEOUT_S) == "late"
    assert all(job.result(TIMEOUT_S) for job in blocking)


def test_a_machine_that_had_no_thread_left_for_a_while_costs_none_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = RequestThreads(1)
    with monkeypatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", fail)
        with pytest.raises(RuntimeError):
            threads.submit(lambda: "never")
    assert threads.submit(lambda: "again").result(TIMEOUT_S) == "again"
    threads.close()


def test_an_error_reaches_whoever_waits_and_the_thread_goes_on(threads: RequestThreads) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.submit(fail).result(TIMEOUT_S)
    assert threads.submit(lambda: 1).result(TIMEOUT_S) == 1


def test_a_thread_that_is_not_needed_ends_and_another_takes_its_place() -> None:
    threads = RequestThreads(1, idle_s=0.01)
    for _ in range(3):
        thread = threads.submit(threading.current_thread).result(TIMEOUT_S)
        assert thread.daemon
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def test_no_job_is_lost_while_threads_come_and_go() -> None:
    threads = RequestThreads(4, idle_s=0.0005)
    jobs = [threads.submit(lambda number=number: number) for number in range(3000)]  # type: ignore[misc]
    assert [job.result(TIMEOUT_S) for job in jobs] == list(range(3000))
