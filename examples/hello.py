"""The smallest script that shows everything: it has an `init`, a `main`, and one more function.

OET imports the file, calls `init`, and the procedure is READY. Then any function can be started: after `main` the procedure is
COMPLETE, after any other it is READY again. Whatever is printed appears live on the procedure's page.
"""

import time

greeting = "Hello"


def init(subarray_id: int = 1, greet_in: str = "English") -> None:
    """Prepare: choose the words. What is set here is still set when `main` runs, in the same process."""
    global greeting
    greeting = {"English": "Hello", "Dutch": "Hallo", "Zulu": "Sawubona"}.get(greet_in, "Hello")
    print(f"Subarray {subarray_id} is ours; we greet in {greet_in}.")


def main(name: str = "sky", count_to: int = 3, pause_s: float = 1.0) -> str:
    """Greet, and count to `count_to` with `pause_s` seconds between the numbers. What is returned is kept with the history."""
    print(f"{greeting}, {name}!")
    for number in range(1, count_to + 1):
        time.sleep(pause_s)
        print(number)
    return f"counted to {count_to}"


def wave() -> None:
    """Any function without a leading underscore can be started, as often as you like."""
    print("o/")
