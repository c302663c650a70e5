"""Convex program: seconds and memory as samples (to 100 000) and dictionary grow, ten outputs, gap 1e-6, beside scikit-learn.

Run with ``python -m tests.benchmarks.bench_convex [figure.svg]``; with a file name the table is drawn as well.
Seen on a loaded core: 100 000 samples and 500 patterns 16 s and 410 MB, 140 iterations; 3 to 37 times as fast as scikit-learn, which
was stopped at a gap of 0.02 to 0.03.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import MultiTaskLasso

from bioworkbench.convex.program import CHECKED_EVERY, certificate, largest_penalty, sparse_coefficients

SIZES = [(n_rows, 500) for n_rows in (1000, 3000, 10_000, 30_000, 100_000)]
SIZES += [(10_000, n_atoms) for n_atoms in (125, 250, 1000)]
PEER_ENTRIES = 5_000_000  # of the largest dictionary that scikit-learn is given
FRACTION, N_OUTPUTS = 0.01, 10


def made(n_rows: int, n_atoms: int) -> tuple[np.ndarray, np.ndarray]:
    """Patterns of threshold units on 20 shared inputs, so that they overlap as those of neurons do, and classes of the same inputs."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(n_rows, 20))
    patterns = np.concatenate(
        [inputs @ rng.normal(size=(20, 100)) > rng.normal(size=100) for _ in range(-(-n_atoms // 100))], axis=1
    )
    labels = (inputs @ rng.normal(size=(20, N_OUTPUTS)) + rng.normal(size=(n_rows, N_OUTPUTS))).argmax(axis=1)
    return patterns[:, :n_atoms], 2 * np.eye(N_OUTPUTS)[labels] - 1


def measured(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, seconds, and most bytes that arrays took at once."""
    tracemalloc.start()
    began = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, seconds, peak


def row(n_rows: int, n_atoms: int) -> tuple[float, ...]:
    patterns, targets = made(n_rows, n_atoms)
    penalty = FRACTION * largest_penalty(patterns, targets)
    (_, proof), seconds, peak = measured(lambda: sparse_coefficients(patterns, targets, penalty))
    steps = CHECKED_EVERY * len(proof.course)
    text = f"{n_rows:8d} {n_atoms:6d} {seconds:9.2f} {peak / 1e6:9.0f} {proof.gap:9.1e} {steps:6d} {proof.n_kept:6d}"
    other, most = np.nan, np.nan
    if n_rows * n_atoms <= PEER_ENTRIES:
        peer = MultiTaskLasso(alpha=penalty / n_rows, fit_intercept=False, tol=1e-6, max_iter=300)
        fitted, other, most = measured(lambda: peer.fit(patterns.astype(float), targets))
        gap = certificate(patterns, targets, fitted.coef_.T, penalty).gap
        text += f"   {other:9.2f} {most / 1e6:9.0f} {gap:9.1e} {other / seconds:7.1f}"
    print(text, flush=True)
    return n_rows, n_atoms, seconds, peak / 1e6, other, most / 1e6


def draw(rows: np.ndarray, path: str) -> None:
    """Seconds and megabytes by samples and by atoms."""
    figure, panels = plt.subplots(2, 2, figsize=(6.5, 4.5), layout="constrained", sharey="row")
    varied = [(rows[rows[:, 1] == 500], 0, "samples (500 atoms)"), (rows[rows[:, 0] == 10_000], 1, "atoms (10 000 samples)")]
    for column, (chosen, axis, label) in enumerate(varied):
        chosen = chosen[np.argsort(chosen[:, axis])]
        for axes, first, unit in zip(panels[:, column], (2, 3), ("seconds", "megabytes"), strict=True):
            axes.loglog(chosen[:, axis], chosen[:, first], "o-", label="bioworkbench")
            axes.loglog(chosen[:, axis], chosen[:, first + 2], "s--", label="scikit-learn")
            axes.set(xlabel=label, ylabel=unit)
            axes.minorticks_off()
            axes.set_xticks(chosen[:, axis], [f"{size:.0f}" for size in chosen[:, axis]])
    panels[0, 0].legend()
    figure.savefig(path)


def main() -> None:
    print(f"{'':15s} {'bioworkbench':>43s}   {'scikit-learn MultiTaskLasso':>37s}")
    print(" samples  atoms   seconds megabytes       gap  steps   kept     seconds megabytes       gap   ratio")
    rows = np.array([row(*size) for size in SIZES])
    if len(sys.argv) > 1:
        draw(rows, sys.argv[1])


if __name__ == "__main__":
    main()
