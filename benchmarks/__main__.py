import argparse
import importlib
import os

ALL = ("lifecycle", "manager", "stop", "output", "feed", "memory", "trials", "environments", "overrides", "pages")


def main() -> None:
    """Run the benchmarks that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=importlib.import_module("benchmarks").__doc__
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which: {', '.join(ALL)}, admin; default: all but admin"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of rounds (default: 1)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in options.names or ALL:
        importlib.import_module(f"benchmarks.{name}").main(options.scale)


if __name__ == "__main__":
    main()
