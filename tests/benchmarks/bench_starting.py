"""Seconds of processor time until a command answers: help, lists, the check of every shipped spec, and the first line of a run.

``python -m tests.benchmarks starting``, or ``... "starting:ransnn_mnist,speed"`` for some specs. Of two tries
the better counts.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

SPECS = Path(__file__).parents[2] / "network_specs"
REACH = {"--help": 0.2, "list": 0.5, "check": 1.5, "first line of run": 0.5}


def processor_seconds(*words):
    """Of a command and what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "bioworkbench", *words], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"bioworkbench {' '.join(words)}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_line():
    """Seconds on the clock until `run` has printed something; it is then ended."""
    started = time.perf_counter()
    words = [sys.executable, "-m", "bioworkbench", "run", str(SPECS / "ei_balanced_network.toml")]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as running:
        running.stderr.readline()
        seconds = time.perf_counter() - started
        running.terminate()
    return seconds


def main(*names):
    """Print a row for each command."""
    os.environ["OMP_NUM_THREADS"] = "1"
    rows = {"--help": ("--help",), "list": ("list",)}
    rows |= {
        f"check {name}": ("check", str(SPECS / f"{name}.toml")) for name in names or sorted(p.stem for p in SPECS.glob("*.toml"))
    }
    above = []
    for name, words in rows.items():
        seconds = min(processor_seconds(*words) for _ in range(2))
        reach = REACH[words[0]]
        above += [name] * (seconds > reach)
        print(f"{name:45} {seconds:5.2f} s of {reach}", flush=True)
    print(f"{'first line of run (clock)':45} {min(first_line() for _ in range(2)):5.2f} s of {REACH['first line of run']}")
    print(f"above: {', '.join(above) or 'none'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
