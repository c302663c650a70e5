import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.readout import fitting, gram
from bioworkbench.readout.metrics import raw_linear
from bioworkbench.readout.reading import fitted_readout, read_feature
from bioworkbench.records.choice import Choice
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.sequences import memory_capacity
from bioworkbench.tasks.time_series import encode_rows


@pytest.fixture
def task():
    return memory_capacity(np.random.default_rng(1), n_train=2, n_test=1, n_frames=30, n_delays=2, washout=5)


@pytest.fixture
def network():
    model = discrete_lif(leak=0.9)
    layers = (Population("below", 3, model), Population("above", 4, model, layer=1))
    return Network(layers, (Projection("input", "below", sparse.csr_array(np.ones((1, 3)))),))


def test_targets_per_frame_are_read_at_every_frame(task, network):
    read = read_feature(task, network, Choice("filtered_spikes", {"tau": 0.01}), None)
    assert read.arguments == {"every": pytest.approx(0.001), "tau": 0.01, "per_frame": True, "populations": ("above",)}


def test_a_time_that_is_given_stays(task, network):
    read = read_feature(task, network, Choice("binned_counts", {"bin": 0.002}), ["below"])
    assert read.arguments == {"bin": 0.002, "per_frame": True, "populations": ("below",)}


def test_the_washout_does_not_count(task):
    features = np.random.default_rng(2).normal(size=(2, 30, 3))
    spoilt = features.copy()
    spoilt[:, :5] = 1e6
    readouts = [
        fitted_readout(task, given, task.train.targets, Choice("ridge", {"penalty": 0.1})) for given in (features, spoilt)
    ]
    assert np.array_equal(readouts[0].coefficients, readouts[1].coefficients)


def test_folds_know_which_trials_share_targets(monkeypatch):
    """Those that a readout is fitted to, and the baseline of raw values."""
    rng, n, told = np.random.default_rng(3), 40, []
    trials = Trials(rng.normal(size=(n, 1, 4)), rng.normal(size=(n, 2)))
    task = Task("windows", "regression", trials, trials, None, 2, encode_rows, "made", shared=3)
    fitted = fitting.fitted_rows
    monkeypatch.setattr(gram, "fitted_rows", lambda problem, *of: told.append(problem.shared) or fitted(problem, *of))
    fitted_readout(task, rng.normal(size=(n, 3)), trials.targets, Choice("ridge", {"n_folds": 2}))
    raw_linear(task)
    assert told == [3] * (2 + 5)


@pytest.mark.parametrize(
    ("feature", "populations", "message"),
    [
        ("spike_count", None, r"'spike_count' is not a feature; did you mean 'spike_counts'\?"),
        ("spike_counts", None, r"feature 'spike_counts' is one per trial, and task 'memory_capacity' has targets per frame"),
        ("filtered_spikes", ["inh"], r"'inh' is not a spiking population;.* [Kk]nown: above, below"),
    ],
)
def test_what_cannot_be_read(task, network, feature, populations, message):
    with pytest.raises(ValueError, match=message):
        read_feature(task, network, Choice(feature, {"tau": 0.01}), populations)


def test_unknown_readouts(task):
    with pytest.raises(ValueError, match=r"'rigde' is not a readout; did you mean 'ridge'\?"):
        fitted_readout(task, np.zeros((2, 30, 3)), task.train.targets, Choice("rigde"))
