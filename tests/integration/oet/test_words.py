"""What a script says at its end, and what it is told while it is being stopped."""

from tests.integration.oet.running import RunningLauncher
from tests.waiting import wait_until


def test_last_words_of_a_script_that_fails_are_kept(launcher: RunningLauncher) -> None:
    """The second comes too soon after the first to be written at once."""
    script = launcher.run(
        """
        import oet
        def main():
            oet.status("slewing")
            oet.status("lost the antenna")
            oet.progress(0.1, "begun")
            oet.progress(0.2, "no further")
            raise ValueError("lost")
        """
    )
    script.wait_for_exit()
    said = [record.payload for record in script.records() if record.topic in {"status", "progress"}]
    assert {"text": "lost the antenna"} in said
    assert {"fraction": 0.2, "message": "no further"} in said
    assert script.topics()[-1] == "raised main"


def test_clean_up_of_a_script_that_was_paused_is_not_paused(launcher: RunningLauncher) -> None:
    script = launcher.run(
        """
        import threading, oet
        def main():
            print("up", flush=True)
            try:
                while True:
                    oet.checkpoint("between scans")
            finally:
                oet.checkpoint("before parking")
                print("parked", flush=True)
                threading.Event().wait(60)
        """
    )
    script.wait_for_output("up")
    assert script.tell(op="PAUSE", command=100, by="ann") == {"ok": True}
    wait_until(lambda: any(r.payload.get("state") == "paused" for r in script.records()), what="the pause")
    script.stop()
    script.wait_for_output("parked")
    checkpoints = [(p["name"], p["state"]) for p in (r.payload for r in script.records() if r.topic == "checkpoint")]
    assert ("between scans", "resumed") in checkpoints
    assert ("before parking", "paused") not in checkpoints
    assert script.tell(op="PAUSE", command=101) == {"ok": False, "error": "the script is being stopped"}
    script.kill()
