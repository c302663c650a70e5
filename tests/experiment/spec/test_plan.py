"""From a spec to models, task and start network."""

import numpy as np
import pytest
from brian2 import ms

from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import construct, estimate
from bioworkbench.records.errors import SpecError
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture

CUSTOM = {
    "size": 20,
    "kind": "custom",
    "equations": "dv/dt = (rest - v + drive)/tau : volt\ndrive : volt",
    "threshold": "v > -50*mV",
    "reset": "v = rest",
    "constants": {"rest": "-60 mV", "tau": "10 ms"},
    "start": {"v": "uniform(-60 mV, -50 mV)"},
}


def constructed(document):
    return construct(read(document, "x", "x.toml"))


def test_a_network_without_a_task():
    plan = constructed(alone())
    assert plan.task is None
    assert plan.stimulus.duration == pytest.approx(0.05)
    assert plan.network.sizes == {"exc": 20, "inh": 5}
    first, second = plan.network.projections
    assert first.weights.shape == (20, 5)
    assert first.delay.shape == (first.n_synapses,)
    assert first.delay.min() >= 0.001
    assert first.delay.max() <= 0.002
    assert (np.bincount(second.weights.indices) == 3).all()
    assert not second.weights.diagonal().any()
    np.testing.assert_allclose(second.weights.data, 1e-4)


def test_parameters_that_vary_between_neurons():
    tau = constructed(alone()).network.population("exc").model.constants["tau"]
    assert tau.shape == (20,)
    assert abs(tau.mean() - 20 * ms) < 4.5 * ms / np.sqrt(20)


def with_expressions(seed=1):
    document = with_value(alone() | {"seed": seed}, "populations.exc.tau", "20*ms + i*ms/N")
    document = with_value(document, "populations.exc.sigma", "(1 + rand())*mV")
    document = with_value(document, "populations.exc.start", "reset + i*(threshold - reset)/N")
    return with_value(document, "projections.exc_inh.delay", "1*ms + abs(i - j)*ms/10")


def test_expressions_give_every_neuron_and_synapse_a_value():
    network = constructed(with_expressions()).network
    model, links = network.population("exc").model, network.projections[0].links
    np.testing.assert_allclose(np.asarray(model.constants["tau"]), (20 + np.arange(20) / 20) * 1e-3)
    sigma = np.asarray(model.constants["sigma"])
    assert 1e-3 <= sigma.min() < sigma.max() <= 2e-3
    np.testing.assert_allclose(links.delays, 1e-3 + np.abs(links.sources - links.targets) * 1e-4)
    assert model.start == {"v": "reset + i*(threshold - reset)/N"}
    again, other = (constructed(with_expressions(seed)).network.population("exc").model.constants for seed in (1, 2))
    np.testing.assert_array_equal(again["sigma"], model.constants["sigma"])
    assert (other["sigma"] != model.constants["sigma"]).all()
    np.testing.assert_array_equal(other["tau"], model.constants["tau"])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("populations.exc.tau", "2/5", r"exc\.tau: '2/5' is a plain number; noisy_lif needs a time"),
        ("populations.exc.tau", "20*mV + i*mV", r"exc\.tau: '20\*mV \+ i\*mV' is a voltage; noisy_lif needs a time"),
        (
            "populations.exc.tau",
            "20*ms + j*ms",
            r"populations\.exc: expression '20\*ms \+ j\*ms': 'j' is not a variable.*[Kk]nown: N, i",
        ),
        ("populations.exc.tau", "20*ms + sigma", r"exc\.tau: expression .*'sigma' is not a variable, constant, function or unit"),
        ("populations.exc.tau", "(i - 3)*ms", r"populations\.exc: tau = 20 values from -3 ms to 16 ms: must be above 0"),
        ("populations.exc.tau", "ms/(i - 3)", r"populations\.exc: 'ms/\(i - 3\)' is inf for number 3; values must be finite"),
        ("populations.exc.start", "rest + i*ms", r"populations\.exc: start of 'v' 'rest \+ i\*ms': .*inconsistent units"),
        ("populations.exc.start", "rset + i*mV", r"populations\.exc: start of 'v' .*'rset' is not .*did you mean 'res.t'"),
        (
            "projections.exc_inh.delay",
            "rand()*mV",
            r"exc_inh\.delay: delay 'rand\(\)\*mV' has the unit volt; it must have the unit second",
        ),
        ("projections.exc_inh.delay", "i*ms - 5*ms", r"exc_inh\.delay: .*delays go down to -0\.005 s"),
        ("duration", "N*ms", r"duration: 'N\*ms' is not a quantity"),
        ("projections.exc_inh.topology.p", "i/N", r"topology\.p: 'i/N' is not a quantity"),
    ],
)
def test_expressions_that_cannot_be_used(field, value, message):
    with pytest.raises(SpecError, match=message):
        constructed(with_value(alone(), field, value))


def test_random_streams_are_named():
    """Another population changes nothing about those that were there."""
    document = alone()
    before = constructed(document).network
    document["populations"]["third"] = {"size": 3, "kind": "noisy_lif", "tau": "uniform(10 ms, 20 ms)"}
    after = constructed(document).network
    np.testing.assert_array_equal(before.population("exc").model.constants["tau"], after.population("exc").model.constants["tau"])
    np.testing.assert_array_equal(before.projections[0].weights.toarray(), after.projections[0].weights.toarray())
    np.testing.assert_array_equal(before.projections[0].delay, after.projections[0].delay)


def test_other_seeds_draw_others():
    one, other = (constructed(alone() | {"seed": seed}).network.projections[0] for seed in (1, 2))
    assert (one.weights != other.weights).nnz


@pytest.mark.usefixtures("frozen")
def test_a_task_and_its_stimulus():
    plan = constructed(with_task())
    assert plan.task.train.n_trials == 60
    assert plan.stimulus.values.shape == (1, 1, 64)
    assert plan.stimulus.kind == "rate"
    assert plan.network.n_channels == 64


@pytest.mark.usefixtures("frozen")
def test_rates_that_a_step_cannot_hold_are_refused():
    """Of any trial: the first one of a task may not have the largest values."""
    document = with_value(with_task(), "input.maximum", "5 kHz")
    with pytest.raises(SpecError, match=r"input: the stimulus has rates of up to 5000 Hz; .* at 1000 Hz with dt = 0\.001 s"):
        constructed(document)
    document = alone()
    document["populations"]["noise"] = {"size": 3, "kind": "poisson_source", "rate": "2001 Hz"}
    with pytest.raises(SpecError, match=r"populations: population 'noise' has rates of up to 2001 Hz; .* at 2000 Hz with dt"):
        constructed(document)


def test_custom_equations():
    document = alone()
    document["populations"]["exc"] = CUSTOM
    model = constructed(document).network.population("exc").model
    assert model.constants["tau"] == 10 * ms
    assert model.start["v"] == "uniform(-60 mV, -50 mV)"


def test_custom_constants_may_vary_between_neurons():
    document = alone()
    document["populations"]["exc"] = CUSTOM | {"constants": {"rest": "-60 mV", "tau": "uniform(10 ms, 12 ms)"}}
    tau = constructed(document).network.population("exc").model.constants["tau"]
    assert tau.shape == (20,)
    assert 10 * ms <= tau.min()
    assert tau.max() <= 12 * ms


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("populations.exc.equations", "dv/dt = (rest - v", r"x\.toml, populations\.exc: "),
        ("populations.exc.equations", "dv/dt = (rest - v)/tua : volt\ndrive : volt", r"x\.toml, populations\.exc: .*tua"),
        ("populations.exc.equations", "dv/dt = rest*tau : volt\ndrive : volt", r"x\.toml, populations\.exc: .*unit"),
        ("populations.exc.threshold", "w > 0*mV", r"x\.toml, populations\.exc: .*w"),
    ],
)
def test_bad_equations(field, value, message):
    document = alone()
    document["populations"]["exc"] = CUSTOM
    with pytest.raises(SpecError, match=message):
        constructed(with_value(document, field, value))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("populations.exc.tau", "-20 ms", r"x\.toml, populations\.exc: tau = -20 ms"),
        ("projections.exc_inh.topology.p", 1.5, r"x\.toml, projections\.exc_inh\.topology: p = 1\.5: must lie between 0 and 1"),
        (
            "projections.exc_inh.weights.mean",
            3,
            r"projections\.exc_inh\.weights: mean = 3 is a plain number; it must be a voltage",
        ),
        ("projections.exc_inh.weights.deviation", "-1 mV", r"projections\.exc_inh\.weights: deviation"),
        (
            "projections.exc_inh.weights.mean",
            "3 nS",
            r"projections\.exc_inh\.weights: mean = 3 nS is a conductance; it must be a voltage",
        ),
        (
            "projections.exc_inh.delay",
            "uniform(-1 ms, 1 ms)",
            r"projections\.exc_inh\.delay: projection .*: delays go down to",
        ),
        (
            "projections.exc_inh.receives",
            "w",
            r"projections\.exc_inh\.receives: 'w' is not a variable of 'inh' that could receive it",
        ),
        ("record.variable", "exc.w", r"record: 'w' is not a variable of 'exc'"),
        (
            "record.variable",
            "exc_inh.wait",
            "record: 'wait' is not a variable of the synapses of 'exc_inh'; did you mean 'weight'",
        ),
        (
            "record",
            {"variable": "exc_inh.weight", "neurons": 100_000},
            r"record: 'exc_inh\.weight': neurons has \d+; must lie between 0 and \d+, the synapses of 'exc_inh'",
        ),
        ("record.every", "0.7 ms", r"record: every = 0\.0007 s is not a whole number of steps"),
        ("memory", 1e-9, r"x\.toml, populations: 25 neurons take 5e-06 GB"),
        ("memory", 7e-6, r"memory: memory = .* GB: one trial needs about"),
        ("populations.exc.size", 10**9, r"x\.toml, populations: 1,000,000,005 neurons take 200 GB"),
        ("populations.inh.size", 4_500_000, r"projections\.exc_inh: about 4\.5e\+07 synapses .* Raise memory"),
        ("populations._x", {"size": 1, "kind": "noisy_lif"}, "population name '_x'"),
    ],
)
def test_values_that_functions_refuse(field, value, message):
    document = alone()
    document["record"] = document["record"][0]
    with pytest.raises(SpecError, match=message):
        constructed(with_value(document, field, value))


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("task.n_train", 5000, r"x\.toml, task: n_train = 5000"),
        ("task", {"kind": "mnist", "data": "/nowhere"}, r"x\.toml, task: data folder /nowhere is missing"),
        ("input.frame", "10.5 ms", r"x\.toml, input: frame = 0\.0105 s is not a whole number of steps"),
        ("input.maximum", "-1 Hz", r"x\.toml, input: maximum"),
        ("input", {"kind": "as_current", "frame": "10 ms", "gain": "nan"}, r"x\.toml, input\.gain: 'nan' is not a quantity"),
    ],
)
def test_tasks_that_cannot_be_made(field, value, message):
    with pytest.raises(SpecError, match=message):
        constructed(with_value(with_task(), field, value))


def test_no_needless_units():
    """Zero needs no unit."""
    plan = constructed(with_value(alone(), "projections.exc_inh.weights.deviation", 0))
    np.testing.assert_allclose(plan.network.projections[0].weights.data, 2e-3)


def test_estimates():
    spec = read(alone(), "x")
    need = estimate(spec, construct(spec))
    assert (need.n_neurons, need.n_steps, need.n_trials) == (25, 100, 1)
    assert need.n_synapses > 60
    assert need.bytes_per_trial > 0
    assert need.seconds > 0
