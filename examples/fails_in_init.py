"""A script that cannot prepare: the procedure becomes FAILED before it was ever READY, and the history keeps the stacktrace."""


def init(subarray_id: int = 1) -> None:
    """Ask for a receiver that is not there."""
    receivers = {"band 1": "ready", "band 2": "ready"}
    print(f"Subarray {subarray_id}: looking for band 5.")
    state = receivers["band 5"]  # KeyError
    print(f"It is {state}.")


def main() -> None:
    """Never called: OET does not start what could not be prepared."""
    print("You will not see this.")
