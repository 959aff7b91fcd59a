"""How fast OET is, as medians and as ratios to something measured in the same run.

`python -m benchmarks` (or `make bench`) runs all, `python -m benchmarks lifecycle output` some; `--scale 0.1` does a tenth of the rounds.
Nothing here asserts: machines differ, and ratios are what can be compared.
"""
