"""Twenty plain Brian2 scripts on the device "bioworkbench" and on "cpp_standalone": run time, and how long a second run takes to begin.

The scripts are those of `brian2_scripts`; a word is one of their names. "To first step" is the time of ``run`` less that of the
simulation: what is generated, compiled and loaded. The second run of a script finds its functions in the cache; Brian2's device builds
again.
Spikes are equal where nothing is random; otherwise their numbers are close.
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


def names():
    tree = ast.parse((Path(__file__).parent / "brian2_scripts.py").read_text())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]


def run(device, name, cache):
    command = [sys.executable, "-m", "tests.benchmarks.brian2_scripts", device, name]
    made = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "BIOWORKBENCH_CACHE": cache})
    found = json.loads(made.stdout.splitlines()[-1])
    return found["run"], found["whole"] - found["run"], sum(found["spikes"])


def main():
    chosen = sys.argv[1:] or names()
    print(f"{'script':30} {'run, s':>16} {'ratio':>6} {'to first step, s':>26} {'ratio':>6} {'spikes':>16}")
    print(f"{'':30} {'ours':>8}{'Brian2':>8} {'':6} {'ours':>8}{'second':>9}{'Brian2':>9} {'':6} {'ours':>8}{'Brian2':>8}")
    runs, begins = [], []
    with tempfile.TemporaryDirectory() as cache:
        for name in chosen:
            first, second, theirs = (run(d, name, cache) for d in ("bioworkbench", "bioworkbench", "cpp_standalone"))
            again = run("cpp_standalone", name, cache)
            ours, brian2 = min(first[0], second[0]), min(theirs[0], again[0])
            rebuild = min(theirs[1], again[1])
            runs.append(ours / brian2)
            begins.append(rebuild / second[1])
            times = f"{ours:8.2f}{brian2:8.2f} {runs[-1]:6.2f} {first[1]:8.2f}{second[1]:9.2f}{rebuild:9.2f} {begins[-1]:6.1f}"
            print(f"{name:30} {times} {second[2]:8}{theirs[2]:8}", flush=True)
    ratio, slowest, sooner = np.median(runs), max(runs), np.median(begins)
    print(f"\nrun time: median {ratio:.2f} of Brian2's, slowest {slowest:.2f}; second begin: median {sooner:.1f} x sooner")


if __name__ == "__main__":
    main()
