"""Specs with random changes, of the kind that people make and of the kind that nobody would."""

import copy
from typing import Any

import numpy as np

from tests.documents import alone, with_task

VALUES: tuple[Any, ...] = (
    "20 ms", "-3 mV", "0 mV", "0 ms", "0.5 ms", "1e400 ms", "1e300 s", "1e-300 s", "3 nS/um**2", "1/0 ms", "normal(1 ms, 2 ms)",
    "uniform(0, 1)", "uniform(-60 mV, -50 mV)", "normal(1 mV, 2 ms)", "", "exc", "exc.v", "inh", "input", "noisy_lif", "custom", "ridge",
    "all_to_all", "auto", "numpy", "__import__('os')", "v > 0*mV", "dv/dt = 1 : 1", "20 \u00b5s", "\u00e9", "new", "NULL", "lastspike",
    "exc_spikes", "[x]", "a\nb", "nan", "inf", "-inf", "v", "v = 0*mV; w += 1", "2/5", "validation", "train", "exponential_euler", "exact",
    0, 1, -1, 2, 3, 7, 50, 10**6, 10**18, 10**30, 2**31, 2**63, 2**64, -(2**63), 0.0, 0.1, 0.5, 1.0, 1.3, -0.5, 1e-300, 1e300,
    float("nan"), float("inf"), True, False, [], [1, 2], [0.1, -1.0], ["exc"], ["20 ms", "30 ms"], {}, {"kind": "ridge"}, {"p": 0.5},
    {"kind": "bernoulli", "p": 0.3}, {"kind": "binned_counts", "bin": "5 ms"}, {"from": 1, "to": 5, "steps": 3}, {"tau": "5 ms"},
    [[[]]], {"a": {"a": {"a": {}}}}, "-60*mV + rand()*10*mV", "i/N", "20*ms + i*ms/N", "rest + randn()*mV", "mV/(i - 2)", "j*ms", "rand()",
    "poisson(-1)", "tau*2", "i < N",
)  # fmt: skip
NAMES = (
    "tau", "sweep", "record", "delay", "layer", "equations", "inhibitory", "zzz", "seed", "dt", "threshold", "reset", "refractory", "sigma",
    "start", "constants", "update", "receives", "method", "memory", "n_trials", "duration", "populations", "feature", "readout", "bin",
    "epochs", "penalty", "n_folds", "kind", "size", "precision", "backend", "scored_on", "metrics", "new", "\u00e9", "exc_spikes", "M_PI",
)  # fmt: skip


def own_model() -> dict[str, Any]:
    """A population of own equations that uses most of what they may have."""
    document = alone()
    document["populations"]["exc"] = {
        "size": 4,
        "kind": "custom",
        "equations": "dv/dt = (rest - v + drive - w)/tau : volt (unless refractory)\ndw/dt = -w/slow : volt\ndrive : volt",
        "threshold": "v > -50*mV and t - lastspike > 1*ms",
        "reset": "jump = 2*mV; v = -60*mV; w += jump",
        "refractory": "2 ms",
        "constants": {"rest": "-45 mV", "tau": "normal(20 ms, 1 ms)", "slow": "100 ms"},
        "start": {"v": "uniform(-60 mV, -50 mV)", "w": "(i < N/2)*rand()*mV"},
        "method": "euler",
    }
    return document | {"sweep": {"populations.exc.constants.slow": ["50 ms", "100 ms"]}}


def trained() -> dict[str, Any]:
    """A task with RanSNN."""
    document = with_task()
    document["method"] = {"kind": "ransnn", "feature": {"kind": "binned_counts", "bin": "5 ms"}, "readout": {"kind": "ridge"}}
    return document


BASES = (alone, own_model, trained)


def places(table: Any, path: tuple = ()) -> list[tuple]:
    """Paths of everything inside nested tables and lists."""
    keys = table.keys() if isinstance(table, dict) else range(len(table)) if isinstance(table, list) else ()
    return [found for key in keys for found in [(*path, key), *places(table[key], (*path, key))]]


def _misspelt(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text) + 1))
    letter = rng.choice(list("abtv(*+-/ 0159.:=#;\n\u00b5"))
    return text[:at] + rng.choice(["", letter]) + text[at + int(rng.integers(3)) :]


def mutated(rng: np.random.Generator) -> dict[str, Any]:
    """A spec with one to three entries replaced, removed, renamed, misspelt or added."""
    document = copy.deepcopy(BASES[rng.integers(len(BASES))]())
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        *way, last = (found := places(document))[rng.integers(len(found))]
        table = document
        for key in way:
            table = table[key]
        action = rng.choice(["replace", "remove", "add", "misspell", "rename"])
        if action == "remove":
            del table[last]
        elif action == "misspell" and isinstance(table[last], str):
            table[last] = _misspelt(table[last], rng)
        elif action == "rename" and isinstance(table, dict):
            table[_misspelt(str(last), rng)] = table.pop(last)
        elif action == "add" and isinstance(table, dict):
            table[str(rng.choice(NAMES))] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])
        else:
            table[last] = copy.deepcopy(VALUES[rng.integers(len(VALUES))])
        if not places(document):
            break
    return document
