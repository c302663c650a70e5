"""What figures take from finished runs."""

from pathlib import Path

import pytest

from bioworkbench.gallery.runs import FinishedRun, baseline_scores, best_baseline, grouped, scores_on_test


def run(seed, test, **baselines):
    """A finished run with one score."""
    metrics = {"test": {"accuracy": test}, "baselines": {name: {"accuracy": value} for name, value in baselines.items()}}
    return FinishedRun(Path(), {"seed": seed, "kind": "a" if seed < 2 else "b"}, metrics)


RUNS = [
    run(1, 0.9, chance=0.1, raw_linear=0.5),
    run(2, None, chance=0.2, raw_linear=0.7),
    run(3, 0.8, chance=0.1, raw_linear=None),
]


def test_scores_that_are_defined():
    assert scores_on_test(RUNS, "accuracy", 100) == pytest.approx([90, 80])
    assert baseline_scores(RUNS, "accuracy") == {"chance": [0.1, 0.2, 0.1], "raw linear": [0.5, 0.7]}


def test_the_best_baseline_is_the_largest_score_or_the_smallest_error():
    assert best_baseline(RUNS, "accuracy", 100) == ("best baseline: raw linear", pytest.approx(60))
    with pytest.raises(ValueError, match="none of 1 run has a baseline with the metric 'r2'; run the specs"):
        best_baseline(RUNS[:1], "r2")
    errors = [FinishedRun(Path(), {}, {"test": {}, "baselines": {"chance": {"rse": 1.0}, "last_value": {"rse": 0.4}}})]
    assert best_baseline(errors, "rse") == ("best baseline: last value", 0.4)


def test_groups_in_the_order_of_the_sweep():
    assert {kind: len(group) for kind, group in grouped(RUNS, "kind").items()} == {"a": 1, "b": 2}
