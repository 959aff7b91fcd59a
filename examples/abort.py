"""The script that an abort runs: set `OET_ABORT_SCRIPT=file:///…/examples/abort.py`.

When a procedure is stopped with "abort", OET prepares and starts this one at once, with the subarray id of the procedure that was stopped.
"""

import logging

logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(message)s")
log = logging.getLogger("abort")


def main(subarray_id: int) -> None:
    """Bring the subarray to a safe state. A real one commands the telescope here; keep it short, and free of imports that take long."""
    log.warning("subarray %s: aborting", subarray_id)
    for step in ("correlator stopped", "antennas stopped", "resources released"):
        print(f"subarray {subarray_id}: {step}")
    log.info("subarray %s is safe", subarray_id)
