"""Lines of output per second: printed by a script, stored, and readable through REST."""

import time

from benchmarks.figures import show
from benchmarks.running import running_product, script_json

LINES = 500_000
SCRIPT = """
import sys
def main(lines):
    text = "".join(f"line {i:07d} of what a telescope says in a busy night\\n" for i in range(lines))
    sys.stdout.write(text)
"""


def main(scale: float) -> None:
    """Print the table."""
    lines = max(1000, int(LINES * scale))
    with running_product() as product:
        (product.home.parent / "loud.py").write_text(SCRIPT)
        created = product.http.post("procedures/", json={"script": script_json(product, "loud.py")}).raise_for_status()
        procedure_id = created.json()["id"]
        product.wait_for_state(procedure_id, "READY")
        begin = time.perf_counter()
        arguments = {"main": {"args": [lines], "kwargs": {}}}
        product.http.put(
            f"procedures/{procedure_id}/", json={"state": "RUNNING", "script_args": arguments}
        ).raise_for_status()
        product.wait_for_state(procedure_id, "COMPLETE", timeout_s=300)
        stored = time.perf_counter() - begin
        begin = time.perf_counter()
        text = product.http.get(f"procedures/{procedure_id}/output/", timeout=300).text
        read = time.perf_counter() - begin
        kept = text.count("\n")
    rows = [
        ["printed and stored", f"{lines / stored:,.0f} lines/s"],
        ["read through REST", f"{kept / read:,.0f} lines/s"],
        ["lines printed, lines kept", f"{lines:,} {kept:,}"],
    ]
    show("Output", ["", ""], rows)
