"""What halving the time step changes."""

import numpy as np
import pytest

from bioworkbench.experiment.convergence import Shift, converged
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture

REGULAR = {
    "seed": 1,
    "dt": "1 ms",
    "duration": "1 s",
    "backend": "numpy",
    "populations": {"cells": {"size": 3, "kind": "noisy_lif", "rest": "-40 mV", "sigma": "0 mV", "refractory": "0 ms"}},
}


@pytest.mark.thorough
def test_regular_neurons_fire_as_the_step_rounds_their_interval():
    """From -60 mV to -50 mV with rest -40 mV takes 20 ms * log 2 = 13.86 ms: 14 steps of 1 ms, 28 of 0.5 ms."""
    rate = next(shift for shift in converged(read(REGULAR, "x"), n_seeds=2) if shift.name == "cells mean_rate")
    assert rate.whole == pytest.approx(1 / 14e-3, rel=0.03)
    assert (rate.change, rate.error, rate.counts) == (0.0, 0.0, False)
    coarse = next(s for s in converged(read(REGULAR | {"dt": "10 ms"}, "x"), n_seeds=2) if s.name == "cells mean_rate")
    assert coarse.whole == pytest.approx(1 / 20e-3, rel=0.03)
    assert coarse.half == pytest.approx(1 / 15e-3, rel=0.03)
    assert coarse.counts


@pytest.mark.thorough
def test_runs_are_paired_and_counted():
    told = []
    shifts = converged(read(alone(), "x"), n_seeds=2, progress=lambda *numbers: told.append(numbers))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {"exc mean_rate", "exc cv_isi"} <= {shift.name for shift in shifts}
    assert all(np.isfinite(shift.error) for shift in shifts)


def test_a_difference_counts_from_two_standard_errors():
    assert Shift("x", 1.0, 1.2, 0.2, 0.1).counts
    assert not Shift("x", 1.0, 1.19, 0.19, 0.1).counts
    assert not Shift("x", 1.0, 1.2, 0.2, float("nan")).counts


@pytest.mark.usefixtures("frozen")
def test_steps_of_discrete_time_cannot_be_halved():
    with pytest.raises(ValueError, match=r"dt = 0\.001 s of 'x': no population has differential equations"):
        converged(read(with_task(), "x"))


@pytest.mark.thorough
@pytest.mark.usefixtures("frozen")
def test_scores_are_compared_too():
    document = with_value(with_task(), "populations.hidden", {"size": 30, "kind": "noisy_lif"})
    document["projections"]["input_hidden"]["weights"] = {"kind": "gaussian", "mean": "2 mV", "deviation": "4 mV"}
    assert "accuracy" in {shift.name for shift in converged(read(document, "x"), n_seeds=1)}
