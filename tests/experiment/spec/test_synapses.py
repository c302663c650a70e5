"""Synapses written in specs: every model runs small, errors name the field, and networks of many trials learn apart."""

import numpy as np
import pytest
from brian2 import ms

import bioworkbench as bw
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.warnings import about_times
from bioworkbench.records.errors import SpecError
from bioworkbench.synapses import SYNAPSE_MODELS
from tests.documents import alone
from tests.sampled import every

CELL = {
    "kind": "custom",
    "equations": "dv/dt = (-52*mV - v + drive)/(20*ms) : volt\ndrive : volt\ndopamine : 1",
    "threshold": "v > -53.5*mV",
    "reset": "v = -60*mV",
    "start": {"v": "uniform(-60 mV, -52 mV)", "dopamine": 0.1},
}
SETTINGS = {
    name: {"largest": "2 mV"} for name in ("pair_stdp", "triplet_stdp", "inhibitory_stdp", "voltage_stdp", "dopamine_stdp")
}
SETTINGS["custom"] = {
    "equations": "dx/dt = -x/tau : 1 (event-driven)\ny : 1",
    "on_pre": {"act": "v_post += weight*x*y", "learn": "weight *= 0.99\nx += 1"},
    "on_post": "x *= 0.5",
    "constants": {"tau": "uniform(10 ms, 20 ms)", "y": 2.0},
    "start": {"x": "uniform(0, 1)"},
    "delays": {"learn": "uniform(0 ms, 1 ms)", "post": "0.5 ms"},
}
IN_A_PARAMETER = {"alpha", "ampa", "biexponential", "exponential", "gaba_a", "gaba_b", "gap_junction", "graded", "nmda"}


def document(name, **settings):
    """Two populations with that synapse between them."""
    made = alone() | {"duration": "20 ms", "n_trials": 2, "record": []}
    made["populations"] = {"exc": {"size": 6, **CELL}, "inh": {"size": 4, **CELL}}
    made["projections"] = {
        "ab": {
            "source": "exc",
            "target": "inh",
            "topology": {"kind": "bernoulli", "p": 0.8},
            "weights": {"kind": "uniform", "low": "0.1 mV", "high": "1 mV"},
            "delay": "uniform(1 ms, 2 ms)",
            "synapse": {"kind": name, **(settings or SETTINGS.get(name, {}))},
        }
    }
    if name in IN_A_PARAMETER:
        made["projections"]["ab"]["receives"] = "drive"
    if name in ("gap_junction", "graded"):
        made["projections"]["ab"]["weights"] = {"kind": "constant", "value": 0.1}
    return made


@pytest.mark.parametrize("name", every(5, sorted(SYNAPSE_MODELS)))
def test_every_model_runs_from_a_spec(name, tmp_path):
    result = bw.run(read(document(name), "x", "x.toml"), results=tmp_path, report=False)
    recording = result.recording
    assert len(recording.spikes["exc"]) > 1
    changes = construct(read(document(name), "x", "x.toml")).network.projections[0].synapse.changes_weight
    assert set(recording.weights) == ({"ab"} if changes else set())


def test_custom_becomes_what_it_says():
    (projection,) = construct(read(document("custom"), "x", "x.toml")).network.projections
    model = projection.synapse
    assert [(p.name, p.end) for p in model.pathways] == [("act", "pre"), ("learn", "pre"), ("post", "post")]
    assert model.constants["tau"].shape == model.delays["learn"].shape == (projection.n_synapses,)
    assert np.ptp(model.constants["tau"] / ms) > 1
    assert float(model.delays["post"]) == 0.5e-3
    assert model.start == {"x": "uniform(0, 1)"}


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("pair_sdtp", {}, r"projections\.ab\.synapse\.kind: 'pair_sdtp' is not .*did you mean 'pair_stdp'"),
        ("pair_stdp", {"potentiation": 0.1}, r"projections\.ab\.synapse: pair_stdp also needs largest"),
        ("pair_stdp", {"largest": "2 mV", "tau": "3 ms"}, r"projections\.ab\.synapse\.tau: 'tau' is not"),
        ("pair_stdp", {"largest": "-2 mV"}, r"projections\.ab\.synapse: largest = -0.002"),
        ("pair_stdp", {"largest": "2 nS"}, r"projection ab: .*if 'largest' is in volt"),
        ("custom", {"on_pre": "v_post += wieght"}, r"projections\.ab\.synapse: on_pre 'wieght'.*did you mean 'weight'"),
        ("custom", {"on_pre": "u_post += weight"}, r"projection ab: on_pre .*'u_post"),
        ("custom", {"on_pre": 3}, r"projections\.ab\.synapse\.on_pre: 3 is not text"),
        ("custom", {"on_pre": {"a": 3}}, r"projections\.ab\.synapse\.on_pre"),
        ("custom", {"on_pre": "v_post += weight*x", "constants": {"x": "2 ms"}}, r"projection ab: .*if 'x' is in 1"),
        (
            "custom",
            {"on_pre": "v_post += weight", "delays": {"pre": "2 mV"}},
            r"projections\.ab\.synapse: delay of pathway 'pre'",
        ),
        (
            "custom",
            {"equations": "x : 1", "on_pre": "x += 1"},
            r"projections\.ab\.synapse: parameter 'x' of the synapse is read by",
        ),
        ("custom", {"method": "eulr", "equations": "dx/dt = -x/ms : 1 (clock-driven)"}, r"projection ab: method 'eulr'"),
    ],
)
def test_errors_name_the_field(name, settings, words):
    with pytest.raises(SpecError, match=words):
        construct(read(document(name, **settings), "x", "x.toml"))


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "custom"])
@pytest.mark.parametrize("weights", ["-1 mV", "3 mV", "uniform(1 mV, 3 mV)"])
def test_weights_outside_the_range_of_a_synapse_are_refused(name, weights):
    made = document(name)
    made["projections"]["ab"]["weights"] = weights
    words = r"projections\.ab\.weights: the weights go from .*: must lie between 0 and largest = 2 mV"
    with pytest.raises(SpecError, match=words):
        construct(read(made, "x", "x.toml"))


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("nmda", {"receives": "v"}, r"projections\.ab\.receives: receives = 'v', which the equations integrate: .*'drive'"),
        (
            "gap_junction",
            {"receives": ""},
            r"projections\.ab\.receives: receives = 'v', which the equations integrate: .*'drive'",
        ),
        ("pulse", {"receives": "w"}, r"projections\.ab\.receives: 'w' is not a variable of 'inh'"),
        ("pulse", {"weight": "1 mV"}, r"projections\.ab\.weight: weight = '1 mV' goes with links; .*write weights = '1 mV'"),
    ],
)
def test_errors_of_projections_name_their_field(name, changed, words):
    made = document(name)
    made["projections"]["ab"] |= changed
    with pytest.raises(SpecError, match=words):
        construct(read(made, "x", "x.toml"))


def test_constants_of_library_models_may_differ_between_synapses():
    made = document("tsodyks_markram", use="uniform(0.2, 0.4)", recovery="normal(500 ms, 250 ms, low = 5 ms)")
    (projection,) = construct(read(made, "x", "x.toml")).network.projections
    for name, low, high in (("use", 0.2, 0.4), ("recovery", 0.005, 5.0)):
        values = np.asarray(projection.synapse.constants[name])
        assert len(set(values)) == len(projection.links)
        assert low <= values.min() < values.max() <= high
    made = document("tsodyks_markram", use="uniform(0.2, 1.4)")
    with pytest.raises(SpecError, match=r"use = 1\.\d+: must lie between 0 and 1"):
        construct(read(made, "x", "x.toml"))


@pytest.mark.parametrize(
    ("text", "kind", "arguments"),
    [
        ("0.5 mV", "constant", {"value": 0.5e-3}),
        ("normal(1 mV, 0.5 mV, low = 0.2 mV)", "gaussian", {"mean": 1e-3, "deviation": 0.5e-3, "low": 0.2e-3}),
        ("uniform(-1 mV, 2 mV, high = 1 mV)", "uniform", {"low": -1e-3, "high": 1e-3}),
    ],
)
def test_weights_in_words(text, kind, arguments):
    made = document("pulse")
    made["projections"]["ab"]["weights"] = text
    spec = read(made, "x", "x.toml")
    found = spec.projections[0].weights
    assert found.kind == kind
    assert {name: float(np.asarray(value)) for name, value in found.arguments.items()} == pytest.approx(arguments)
    weights = construct(spec).network.projections[0].links.weights
    assert weights.min() >= arguments.get("low", arguments.get("value"))


def test_a_number_is_a_weight_without_a_unit():
    made = document("gap_junction")
    made["projections"]["ab"]["weights"] = 0.1
    assert set(construct(read(made, "x", "x.toml")).network.projections[0].links.weights) == {0.1}


@pytest.mark.parametrize(
    ("weights", "words"),
    [("norml(1 mV, 1 mV)", "did you mean 'normal'"), ("1 ms", "time"), ("gausian", "did you mean 'gaussian'"), (True, "weights")],
)
def test_weights_in_wrong_words(weights, words):
    made = document("pulse")
    made["projections"]["ab"]["weights"] = weights
    with pytest.raises(SpecError, match=words):
        construct(read(made, "x", "x.toml"))


def told_of_delay(name, delay):
    made = with_value(document(name), "projections.ab.delay", delay)
    return list(about_times(construct(read(made, "x", "x.toml")).network, 1e-4, 0.02))


def test_delays_of_synapses_that_act_in_every_step_are_told():
    """They have no effect, since nothing happens when a spike of the source arrives; those of other synapses have."""
    (told,) = told_of_delay("gap_junction", "1 ms")
    assert "Projection 'ab' has delays up to 1 ms, and its synapses do nothing when a spike of the source arrives" in told
    assert not told_of_delay("gap_junction", "0 ms")
    assert not told_of_delay("tsodyks_markram", "1 ms")
