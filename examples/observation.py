"""A simulated observation of a minute: slew, acquire, integrate, calibrate, and always stow the antennas.

It is made of actions, and shows all that a script can say and hear; docs/writing-scripts.md explains it piece by piece.
Without OET: `python -m oet.run examples/observation.py main --target Vela --duration_s 5`.
"""

import logging
import time

import oet
from oet import harness

logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(message)s")
log = logging.getLogger("observation")

SHARES = {"slew": 0.2, "acquire": 0.1, "integrate": 0.6, "calibrate": 0.1}  # of the whole time
SCANS = 4
STRONG_WIND = 20.0  # m/s

wind = {"speed": 0.0}


def hear_wind(message):
    """Called whenever somebody sends an event weather.wind, in a thread of its own."""
    wind["speed"] = message["speed"]
    log.info("wind: %s m/s", message["speed"])


def slew(ctx):
    oet.status(f"slewing to {ctx.config['target']}")
    work(ctx, "slew")


def acquire(ctx):
    if oet.context.overrides["wait_for_qa_ready"]:
        oet.status("waiting for quality assurance")
        oet.wait_for("qa.ready", timeout=600)
    oet.status(f"acquiring {ctx.config['target']}")
    work(ctx, "acquire")
    log.warning("antenna 3 was slow to lock; going on without it")


def integrate(ctx):
    for scan in range(SCANS):
        oet.checkpoint(f"before scan {scan + 1}")  # an operator may have us wait here
        if wind["speed"] > STRONG_WIND:
            question = f"The wind is {wind['speed']} m/s. Go on?"
            if oet.ask(question, choices=["go on", "park"], timeout=300, default="park") == "park":
                raise harness.ScriptHarnessFatal(f"parked: the wind is {wind['speed']} m/s")
        oet.status(f"integrating, scan {scan + 1} of {SCANS}")
        oet.publish("observation.scan", scan=scan + 1, target=ctx.config["target"])
        work(ctx, "integrate", first=scan / SCANS, last=(scan + 1) / SCANS)


def calibrate(ctx):
    oet.status("calibrating")
    work(ctx, "calibrate")
    oet.attach("calibration.json", {"target": ctx.config["target"], "antennas": {"m000": 1.02, "m001": 0.98}})
    return {"antennas": 2}


def stow(ctx):
    """After the last action, and after a stop or a fatal error too."""
    oet.status("stowed")
    print("Stowing the antennas.")


def work(ctx, name, first=0.0, last=1.0):
    """Pass the time as a telescope would, from one fraction of an action to another."""
    took_s = SHARES[name] * ctx.config["duration_s"] * (last - first)
    print(f"{name}: {ctx.config['target']}, {took_s:.1f} s")
    names = list(SHARES)
    before = sum(SHARES[earlier] for earlier in names[: names.index(name)])
    end = time.monotonic() + took_s
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(0.2, left_s))
        done = first + (last - first) * (1 - max(0.0, end - time.monotonic()) / took_s)
        harness.progress(done, f"{name} {done:.0%}")
        oet.progress(before + done * SHARES[name], f"{ctx.config['target']}: {name}")


template = harness.get_config_template()
template.add_argument("--subarray_id", type=int, default=1, help="the subarray that observes")
template.add_argument("--target", default="Centaurus A", help="what is observed")
template.add_argument("--duration_s", type=float, default=60.0, help="seconds in all")

script = harness.Script(
    harness.get_actions_from_list(list(SHARES), namespace=globals()), template, "observation", cmdln_args=[]
)
script.add_listener(stow, harness.POST_RUN)
script.add_listener(stow, harness.POST_FATAL)
oet.subscribe("weather.wind", hear_wind)
init, main = harness.entry_points(script)
