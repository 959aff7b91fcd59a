import argparse
import importlib
import os
import time

DEFAULT = (
    *("lifecycle", "manager", "stop", "output", "feed", "memory", "trials", "environments", "overrides", "browser"),
    "pages",
)
LONG = ("endurance",)


def main() -> None:
    """Run the benchmarks that the arguments name."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=importlib.import_module("benchmarks").__doc__
    )
    words = f"which: {', '.join(DEFAULT + LONG)}; default: all but {', '.join(LONG)}"
    parser.add_argument("names", nargs="*", metavar="name", help=words)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of rounds (default: 1)")
    options = parser.parse_args()
    if unknown := set(options.names) - {*DEFAULT, *LONG}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(DEFAULT + LONG)}")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    for name in options.names or DEFAULT:
        begin = time.perf_counter()
        importlib.import_module(f"benchmarks.{name}").main(options.scale)
        took = time.perf_counter() - begin
        print(f"\n[{name} took {took:.0f} s, load {os.getloadavg()[0]:.1f}]", flush=True)


if __name__ == "__main__":
    main()
