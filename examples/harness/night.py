"""Nightly calibration: python night.py --actions open-dome,flat-field --exposure 2"""

import sys

from oet import harness


def open_dome(ctx):
    ctx.logger.info("opening")


def flat_field(ctx):  # found for the action "flat-field"
    if ctx.config["exposure"] <= 0:
        raise harness.ScriptHarnessError("exposure must be positive")
    for i in range(10):
        harness.progress(i / 10, f"frame {i}")
    return 10


def park(ctx):
    harness.run_command(["true"], timeout=30, halt_on_failure=True)


def close_dome(ctx):
    ctx.logger.warning("closing after %s", ctx.script.fatal_action)


actions = harness.get_actions_from_list(
    ["open-dome", "flat-field", "park"], default_actions=["open-dome", "park"], namespace=globals()
)
template = harness.get_config_template()
template.add_argument("--exposure", type=float, default=1.0, help="seconds")
script = harness.Script(actions, template, "night", cmdln_args=None if __name__ == "__main__" else [])
script.add_listener(close_dome, harness.POST_FATAL)
init, main = harness.entry_points(script)
if __name__ == "__main__":
    sys.exit(script.main(handle_sigterm=True))
