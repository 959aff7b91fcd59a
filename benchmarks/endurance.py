"""Ten thousand lifecycles: no slower at the end, and nothing left behind by any. Takes minutes, so it has to be named."""

from benchmarks.lifecycle import for_ever
from benchmarks.running import running_product

LIFECYCLES = 10_000


def main(scale: float) -> None:
    """Print the table."""
    with running_product() as product:
        for_ever(product, 50)  # warm
        for_ever(product, max(50, int(LIFECYCLES * scale)))
