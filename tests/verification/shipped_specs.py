"""Runs of shipped specs over seeds, and their accuracies beside those of a linear model of the raw input."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

import bioworkbench as bw
from tests.verification.records import record

__all__ = ["SPECS", "recorded", "runs", "scores"]

SPECS = Path(__file__).parents[2] / "network_specs"
_SHIPPED = MappingProxyType({})


def runs(name, seeds, folder, settings=_SHIPPED):
    """Results of a shipped spec with some seeds, or of one with other settings; prints a line for each."""
    found = []
    for seed in seeds:
        found.append(bw.run(bw.load(SPECS / f"{name}.toml", {"seed": seed, **settings}), results=folder, jobs=2))
        metrics = found[-1].metrics
        beside = {baseline: round(scores["accuracy"], 4) for baseline, scores in metrics["baselines"].items()}
        print(f"{name} seed {seed}: test {metrics['test']['accuracy']:.4f}, {beside}, {metrics['timing']['total']:.0f} s in all")
    return found


def recorded(row, results):
    """Scores of the results, kept as a row."""
    found = np.array(scores(results))
    record(row, [result.spec.seed for result in results], {"ours": found[:, 0], "raw linear": found[:, 1]}, 100)
    return found.T


def scores(results):
    """Accuracies of the network and of the linear model of the raw input, one per result."""
    return [[r.metrics["test"]["accuracy"], r.metrics["baselines"]["raw_linear"]["accuracy"]] for r in results]
