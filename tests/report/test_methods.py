"""The methods paragraph tells what was simulated: not how the network began where training changed it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from brian2 import mvolt
from scipy import sparse

from bioworkbench.experiment.results import load_record, result_folder, save_record
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.records.choice import Choice
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.report.methods import (
    arrows,
    dimension_of_weights,
    is_identity,
    methods_paragraph,
    projection_rows,
    synapse_rows,
)
from bioworkbench.report.text import drawn_texts, population_rows
from bioworkbench.report.values import choice_text
from bioworkbench.synapses import pair_stdp
from tests.documents import alone
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.run_records import record_alone, record_with_task


def trained(record, weights):
    """A record whose only projection has the weights, and had others before training."""
    network = record.data.network
    after = replace(network, projections=(replace(network.projections[0], links=Links.from_csr(sparse.csr_array(weights))),))
    return replace(record, data=replace(record.data, network=after, start=network))


def test_a_network_without_training():
    words = methods_paragraph(record_alone())
    assert words.startswith(
        "The network consisted of 20 noisy_lif neurons ('exc') with refractory period 2 ms, tau = normal(20 ms, 1 ms), rest = -52 mV, "
        "threshold = -50 mV, reset = -60 mV, sigma = 5 mV, v = -52 mV at the start; 5 noisy_lif neurons ('inh') with refractory period "
        "2 ms, tau = 20 ms, rest = -70 mV, threshold = -50 mV, reset = -60 mV, sigma = 1 mV, v = -70 mV at the start. "
        "Projections were exc"
    )
    assert re.search(
        r"exc to inh onto v \(\d+ synapses, bernoulli\(p = 0\.5\), weights gaussian\(mean = 2 mV, deviation = 0\.5 mV\)", words
    )
    assert re.search(r", delay 1(\.\d+)? to [12](\.\d+)? ms\); exc to exc|, delay .* ms\) and exc to exc", words)
    assert "in steps of 0.5 ms for 50 ms per trial, with all random numbers derived from seed 1" in words


def test_what_differs_between_neurons():
    """Settings and start values that are drawn are told as the spec writes them, those of own equations too."""
    document = with_value(alone(), "populations.exc.start", "rest - rand()*5*mV")
    document["populations"]["inh"] = {
        "size": 5,
        "kind": "custom",
        "equations": "dv/dt = (rest - v)/tau : volt",
        "threshold": "v > -50*mV",
        "constants": {"rest": "-45 mV", "tau": "10*ms + i*ms/N"},
        "start": {"v": "rest - randn()*mV"},
    }
    record = record_alone(document)
    words = methods_paragraph(record)
    assert re.search(
        r"\('exc'\) with .*, tau = normal\(20 ms, 1 ms\), .*, v = rest - rand\(\)\*5\*mV at the start; 5 neurons", words
    )
    assert "rest = -45 mV, tau = 10*ms + i*ms/N, v = rest - randn()*mV at the start" in words
    shown = {row["name"]: dict(row["constants"]) for row in population_rows(record)}
    assert shown["inh"] | {"v at start": "rest - randn()*mV"} == shown["inh"]
    assert shown["inh"]["tau"] == "5 values from 10 ms to 10.8 ms of 10*ms + i*ms/N"
    trained = replace(record, spec=replace(record.spec, method=Choice("frozen", {})))
    assert drawn_texts(record, "exc") == {"tau": "normal(20 ms, 1 ms)"}
    assert drawn_texts(trained, "exc") == {}


def test_settings_that_populations_share_are_told_once():
    document = alone()
    document["populations"]["exc"] = {"size": 20, "kind": "noisy_lif"}
    words = methods_paragraph(record_alone(document))
    assert words.count("rest = -70 mV") == 1
    assert "; 5 noisy_lif neurons ('inh') with the settings of 'exc'." in words


def test_background_is_told_of_every_kind_of_population():
    """Poisson input that no projection brings stands in the paragraph and the table of its population, and nowhere else."""
    once = {"receives": "v", "n": 200, "rate": "9 Hz", "weight": "0.5 mV"}
    document = with_value(alone(), "populations.exc.background", [once, once | {"n": 1, "weight": "-1 mV"}])
    own = {"size": 5, "kind": "custom", "equations": "dv/dt = -v/ms : volt", "threshold": "v > 1*mV", "reset": "v = 0*mV"}
    document["populations"]["inh"] = own | {"background": once | {"rate": "2 kHz"}}
    record = record_alone(document)
    many, single = "200 Poisson sources of 9 Hz onto v with weight 0.5 mV", "1 Poisson source of 9 Hz onto v with weight -1 mV"
    words = methods_paragraph(record)
    assert f"v = -52 mV at the start, background of {many}, background of {single}; 5 neurons ('inh')" in words
    assert "reset v = 0*mV, background of 200 Poisson sources of 2 kHz onto v with weight 0.5 mV." in words
    assert [value for name, value in population_rows(record)[0]["constants"] if name == "background"] == [many, single]
    network = record.data.network
    exc = network.population("exc")
    regular = replace(exc, background=(replace(exc.background[0], regular=True),))
    from_file = replace(record, spec=replace(record.spec, populations=(), projections=()))
    from_file = replace(
        from_file, data=replace(record.data, network=replace(network, populations=(regular, network.populations[1])))
    )
    assert f"20 neurons ('exc') given by the script with background of the mean of {many}" in methods_paragraph(from_file)
    assert "background" not in methods_paragraph(record_alone())


def test_rows_without_training():
    record = record_alone()
    first, second = projection_rows(record)
    assert first["topology"] == "bernoulli(p = 0.5)"
    assert first["weights"] == "gaussian(mean = 2 mV, deviation = 0.5 mV)"
    assert first["receiver"] == "v"
    assert re.fullmatch(r"1(\.\d+)? to [12](\.\d+)? ms", first["delay"])
    assert second["synapses"] == "60 (15 %)"
    assert dimension_of_weights(record, record.data.network.projections[0]) is mvolt.dim


def test_synapses_are_told_with_their_equations():
    record = record_alone()
    assert synapse_rows(record) == []
    network = record.data.network
    learning = replace(network.projections[0], synapse=pair_stdp(largest=4 * mvolt))
    changed = replace(network, projections=(learning, *network.projections[1:]))
    (row,) = synapse_rows(replace(record, data=replace(record.data, network=changed)))
    assert "dbefore/dt = -before/tau_plus : 1 (event-driven)" in row["text"].splitlines()
    assert "on_pre: v_post += weight" in row["text"].splitlines()
    assert any(line.startswith("on_post: weight = clip(") for line in row["text"].splitlines())
    assert dict(row["constants"])["largest"] == "4 mV"
    assert row["names"] == f"{learning.source} → {learning.target}"


@pytest.mark.usefixtures("frozen")
def test_synapses_as_training_left_them(tmp_path):
    """Neither the topology nor the weights of the spec are told where they are not those of the network."""
    record = record_with_task()
    weights = np.zeros((64, 30))
    weights[3, :4] = [0.5, -1.5, 2.0, 1.0]
    record = trained(record, weights)
    told = "4 synapses, weights from -1.5 to 2 (mean 0.5, standard deviation 1.27), as frozen left them)"
    save_record(record, result_folder(tmp_path, record.spec))
    for known in (record, load_record(result_folder(tmp_path, record.spec))):
        words = methods_paragraph(known)
        assert told in words
        assert "all_to_all" not in words
        assert "uniform_fan_in" not in words
        (row,) = projection_rows(known)
        assert row["topology"] == "as frozen left them"
        assert row["synapses"] == "4 (0.208 %)"


@pytest.mark.usefixtures("frozen")
def test_a_method_that_trains_the_readout_alone_leaves_what_the_spec_says():
    (row,) = projection_rows(record_with_task())
    assert row["topology"] == "all_to_all"
    assert row["weights"] == "uniform_fan_in(gain = 2)"


@pytest.mark.usefixtures("frozen")
def test_populations_that_the_method_made():
    record = record_with_task()
    model = record.data.network.population("hidden").model
    network = Network(
        (Population("hidden", 10, model), Population("more", 3, model)),
        (Projection("hidden", "more", np.ones((10, 3)), np.full(30, 2e-3)),),
    )
    words = methods_paragraph(replace(record, data=replace(record.data, network=network, start=None)))
    assert "10 discrete_lif neurons ('hidden') with leak = 0.95, " in words
    assert "; 3 neurons ('more') as frozen left them." in words
    assert "(30 synapses, weights 1, as frozen left them, delay 2 ms)" in words


def test_projections_onto_several_receivers_are_kept_apart():
    record = record_alone()
    network, spec = record.data.network, record.spec
    twice = (network.projections[0], replace(network.projections[0], receives="v", name="again"))
    described = (spec.projections[0], replace(spec.projections[1], name="again", source="exc", target="inh"))
    changed = replace(
        record, spec=replace(spec, projections=described), data=replace(record.data, network=replace(network, projections=twice))
    )
    assert [row["topology"] for row in projection_rows(changed)] == ["bernoulli(p = 0.5)", "fixed_in_degree(n_inputs = 3)"]


def test_equations_of_ones_own_are_printed():
    own = {"size": 4, "kind": "custom", "equations": "dv/dt = (E - v) / tau : volt", "threshold": "v > -50*mV", "reset": "v = E"}
    document = alone() | {"populations": {"cells": own | {"constants": {"tau": "20 ms", "E": "-60 mV"}, "refractory": "2 ms"}}}
    document |= {"projections": {}, "record": []}
    words = methods_paragraph(record_alone(document))
    assert "custom" not in words
    assert (
        "4 neurons ('cells') with the equations dv/dt = (E - v) / tau : volt, threshold v > -50*mV, reset v = E, refractory period 2 ms, "
        "tau = 20 ms, E = -60 mV." in words
    )


@pytest.mark.usefixtures("frozen")
def test_where_a_task_comes_from_is_told():
    record = record_with_task()
    told = replace(record, provenance={**record.provenance, "task": "file t.csv: 5 rows"})
    assert "The task was digits(" in methods_paragraph(record)
    assert ") (file t.csv: 5 rows) with 60 training and 30 test trials" in methods_paragraph(told)


@pytest.mark.usefixtures("frozen")
def test_settings_have_their_units():
    told = methods_paragraph(record_with_task())
    assert "frame = 0.0" not in told
    assert re.search(r"encoded by as_\w+\(.*frame = [\d.]+ ms", told)
    nested = Choice("rewired_reservoir", {"feature": Choice("filtered_spikes", {"tau": 0.05})})
    assert choice_text(nested, {"rewired_reservoir": lambda: None}) == "rewired_reservoir(feature = filtered_spikes(tau = 50 ms))"


def test_integers_of_any_size_are_told():
    assert choice_text(Choice("digits", {"seed": 10**400})) == f"digits(seed = {10**400})"
    assert with_value(alone(), "seed", 1)["seed"] == 1


def test_projections_of_the_same_ends_are_told_apart():
    """The panels of degrees and weights showed the last of them alone."""
    document = alone()
    document["projections"]["slow"] = {**document["projections"]["exc_exc"], "delay": "5 ms"}
    network = record_alone(document).data.network
    assert arrows(network) == {"exc_inh": "exc → inh", "exc_exc": "exc → exc (exc_exc)", "slow": "exc → exc (slow)"}


def test_what_a_stimulus_does_directly_is_not_a_projection_of_synapses():
    document = alone()
    document["stimuli"] = {
        "push": {"kind": "steps", "times": ["0 ms", "20 ms"], "values": ["2 mV", "3 mV"], "target": "inh"},
        "drum": {"kind": "regular", "rate": "100 Hz", "target": "inh", "weight": "0.5 mV", "each": True},
    }
    record = record_alone(document)
    words = methods_paragraph(record)
    assert "'push', steps(times = (0 s, 20 ms), values = (2 mV, 3 mV)) onto drive of inh" in words
    assert "drum to inh onto v (5 synapses, one to one, weights 0.5 mV)" in words
    assert "push to inh" not in words
    rows = {row["source"]: (row["topology"], row["weights"]) for row in projection_rows(record)}
    assert rows["push"] == ("all to all", "values of the stimulus")
    assert rows["drum"] == ("one to one", "0.5 mV")
    assert {p.source: is_identity(record, p) for p in record.data.network.projections} == {
        "exc": False, "push": True, "drum": False
    }  # fmt: skip
