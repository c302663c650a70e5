"""The estimators keep scikit-learn's rules, work inside its tools, and beat a linear model where one cannot do."""

import numpy as np
import pytest
from brian2 import ms, mV
from sklearn.base import clone
from sklearn.datasets import make_circles
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import check_estimator

from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.neurons import custom, noisy_lif
from bioworkbench.simulation import simulate
from bioworkbench.sklearn import SpikingReservoirClassifier, SpikingReservoirRegressor

BOTH = (SpikingReservoirClassifier, SpikingReservoirRegressor)
DECLARED = {"check_array_api_input": "scikit-learn runs it only where SCIPY_ARRAY_API is set; inputs are NumPy arrays here"}


def not_passed(estimator):
    """Names of scikit-learn's checks that do not pass, skipped ones included."""
    reports = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(reports) > 50
    return {report["check_name"]: report["exception"] for report in reports if report["status"] != "passed"}


@pytest.fixture
def circles():
    """Two rings, one inside the other: no line divides them."""
    return make_circles(300, noise=0.05, factor=0.5, random_state=1)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", BOTH)
def test_scikit_learns_own_checks(kind):
    assert set(not_passed(kind(n_neurons=30))) <= set(DECLARED)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("settings", [{}, {"readout": "linear_svm"}, {"feature": "first_spike_latency"}])
def test_scikit_learns_own_checks_with_other_settings(kind, settings):
    if settings.get("readout") != "linear_svm" or kind is SpikingReservoirClassifier:
        assert set(not_passed(kind(**settings))) <= set(DECLARED)


def test_cross_validation_beats_a_linear_model(circles):
    reservoir = cross_val_score(SpikingReservoirClassifier(random_state=1), *circles, cv=3)
    linear = cross_val_score(LogisticRegression(), *circles, cv=3)
    assert linear.mean() < 0.6
    assert reservoir.mean() > 0.97


def test_regression_beats_a_linear_model():
    x = np.linspace(-3, 3, 120)[:, None]
    y = np.cos(x[:, 0])
    assert LinearRegression().fit(x, y).score(x, y) < 0.1
    assert SpikingReservoirRegressor(random_state=1).fit(x[::2], y[::2]).score(x[1::2], y[1::2]) > 0.95


def test_pipeline_and_grid_search(circles):
    pipeline = make_pipeline(MinMaxScaler(), SpikingReservoirClassifier(n_neurons=40, random_state=1))
    grid = {"spikingreservoirclassifier__recurrent_scale": [0.0, 0.3], "spikingreservoirclassifier__penalty": [1e-2, 1e-1]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*circles)
    assert search.best_score_ > 0.95
    assert len(search.cv_results_["params"]) == 4


def test_as_a_transformer(circles):
    reservoir = SpikingReservoirClassifier(n_neurons=50, random_state=1)
    features = reservoir.fit(*circles).transform(circles[0])
    assert features.shape == (300, 50)
    assert list(reservoir.get_feature_names_out())[:2] == ["spikingreservoirclassifier0", "spikingreservoirclassifier1"]
    model = make_pipeline(reservoir, LogisticRegression(max_iter=1000)).fit(*circles)
    assert model.score(*circles) > 0.97


def test_random_state_decides_everything(circles):
    first = SpikingReservoirClassifier(n_neurons=20, random_state=3).fit(*circles)
    again = clone(first).fit(*circles)
    other = SpikingReservoirClassifier(n_neurons=20, random_state=4).fit(*circles)
    np.testing.assert_array_equal(first.decision_function(circles[0]), again.decision_function(circles[0]))
    assert not np.array_equal(first.decision_function(circles[0]), other.decision_function(circles[0]))


def test_the_twin_spikes_as_brian2_does(circles):
    model = SpikingReservoirClassifier(n_neurons=20, n_steps=10, random_state=1).fit(*circles)
    scaled = np.c_[(circles[0][:5] - model.mean_) / model.scale_, np.ones(5)]
    stimulus = model._stimulus(scaled[:, None, :])
    twin = simulate_discrete(model.network_, stimulus, dt=model.dt)
    brian2 = simulate(model.network_, stimulus, 1, dt=model.dt, backend="numpy")
    assert twin.raster("reservoir").any()
    np.testing.assert_array_equal(twin.raster("reservoir"), brian2.raster("reservoir"))


def test_probabilities_need_the_logistic_readout(circles):
    X, y = circles
    model = SpikingReservoirClassifier(n_neurons=30, readout="logistic", random_state=1).fit(X, y)
    chances = model.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[chances.argmax(axis=1)], model.predict(X))
    assert not hasattr(SpikingReservoirClassifier(), "predict_proba")


@pytest.mark.parametrize("model", [noisy_lif(tau=5 * ms, sigma=1 * mV), {"kind": "noisy_lif", "tau": "5 ms", "sigma": "1 mV"}])
def test_any_neuron_model_in_brian2(circles, model):
    X, y = circles[0][:40], circles[1][:40]
    scales = {"input_scale": 0.03, "bias_scale": 0.03, "recurrent_scale": 1e-3}
    reservoir = SpikingReservoirClassifier(20, model=model, **scales, n_steps=10, backend="numpy", random_state=1)
    assert reservoir.fit(X, y).score(X, y) > 0.8


def test_a_penalty_is_chosen_by_cross_validation(circles):
    assert SpikingReservoirClassifier(penalty=None, random_state=1).fit(*circles).score(*circles) > 0.97


def test_values_keep_their_shape():
    x = np.linspace(-1, 1, 40)[:, None]
    both = np.c_[x, x**2]
    model = SpikingReservoirRegressor(n_neurons=30, random_state=1).fit(x, both)
    assert model.predict(x).shape == (40, 2)
    assert model.fit(x, both[:, 0]).predict(x).shape == (40,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_neurons": 0}, "n_neurons = 0: must be an integer, 1 or more"),
        ({"n_steps": 2.5}, r"n_steps = 2\.5: must be an integer"),
        ({"dt": -1.0}, r"dt = -1\.0: must be a finite number above 0"),
        ({"input_scale": np.nan}, "input_scale has 1 value that is not finite"),
        ({"topology": "bernouli"}, "'bernouli' is not a topology; did you mean 'bernoulli'"),
        ({"feature": {"kind": "spike_counts", "tau": 1}}, "'tau' is not a setting of spike_counts"),
        ({"readout": "forest"}, "'forest' is not a readout"),
        ({"model": "lif"}, "'lif' is not a model"),
        ({"input_scale": 0.0, "bias_scale": 0.0}, "features varies"),
    ],
)
def test_bad_settings(circles, settings, words):
    with pytest.raises(ValueError, match=words):
        SpikingReservoirClassifier(**settings).fit(*circles)


def test_too_little_data():
    with pytest.raises(ValueError, match="n_samples = 1: a readout needs two rows"):
        SpikingReservoirRegressor().fit([[1.0]], [1.0])
    with pytest.raises(ValueError, match=r"y holds one class, \[3\]"):
        SpikingReservoirClassifier().fit([[1.0], [2.0]], [3, 3])


@pytest.mark.thorough
def test_a_model_is_simulated_as_it_is_written(circles):
    """Its update begins as that of `discrete_lif` does, and goes on in another way."""
    model = custom(
        equations="v : 1\ndrive : 1\ncurrent : 1\nleak : 1 (constant)",
        threshold="v >= 1",
        reset="v = 0",
        update="v = leak*v + 0.5*drive + current + 0.25\ncurrent = 0",
        constants={"leak": 0.5},
        receives="current",
    )
    settings = {"model": model, "n_neurons": 20, "random_state": 1}
    counts = [
        SpikingReservoirClassifier(backend=backend, **settings).fit(*circles).transform(circles[0])
        for backend in ("auto", "numpy")
    ]
    assert 0.5 < counts[0].mean() < 20
    np.testing.assert_array_equal(*counts)
