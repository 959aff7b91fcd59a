import os
import resource
import socket
from pathlib import Path

from oet.doorbell import Doorbell, ring

FD_SETSIZE = 1024


def test_every_bell_of_the_role_rings(tmp_path: Path) -> None:
    with (
        Doorbell(tmp_path, "manager") as first,
        Doorbell(tmp_path, "manager") as second,
        Doorbell(tmp_path, "web") as other,
    ):
        ring(tmp_path, "manager")
        assert (first.wait(2), second.wait(2), other.drain()) == (True, True, False)


def test_rings_are_forgotten_once_heard(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "manager") as bell:
        for _ in range(3):
            ring(tmp_path, "manager")
        assert (bell.drain(), bell.drain()) == (True, False)


def test_full_queue_does_not_hold_the_ringer_up(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "manager") as bell:
        for _ in range(5000):
            ring(tmp_path, "manager")
        assert bell.drain()


def test_wait_without_a_ring_ends_in_time(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "manager") as bell:
        assert bell.wait(0.01) is False


def test_a_bell_is_heard_in_a_process_with_more_clients_than_select_can_count(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * FD_SETSIZE), hard))
    clients = [os.open(os.devnull, os.O_RDONLY) for _ in range(FD_SETSIZE)]
    try:
        with Doorbell(tmp_path, "web") as bell:
            assert bell.fileno() >= FD_SETSIZE
            ring(tmp_path, "web")
            assert (bell.wait(2), bell.wait(0.01)) == (True, False)
    finally:
        for client in clients:
            os.close(client)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_bell_is_taken_away_at_the_end(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "manager"):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_bell_of_a_dead_process_is_removed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(tmp_path / "manager-1-1"))
    (tmp_path / "manager-note").write_text("not a socket")
    with Doorbell(tmp_path, "manager") as bell:
        ring(tmp_path, "manager")
        assert bell.drain()
        assert not (tmp_path / "manager-1-1").exists()


def test_missing_folder_is_nobody(tmp_path: Path) -> None:
    ring(tmp_path / "missing", "manager")


def test_folder_with_a_very_long_path(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 40) / ("deep" * 40)
    with Doorbell(folder, "manager") as bell:
        ring(os.fspath(folder), "manager")
        assert bell.wait(2)
