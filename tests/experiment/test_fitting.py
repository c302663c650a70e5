"""Networks as functions of their parameters: copies side by side spike as each alone, and a fit finds what made a recording."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV

import bioworkbench as bw
from bioworkbench.experiment.fitting import mean_rates
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.neurons import noisy_lif
from bioworkbench.records.errors import SpecError
from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.side_by_side import side_by_side
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.synapses import pair_stdp


def document(**changes):
    cells = {"kind": "noisy_lif", "size": 2, "sigma": "0 mV", "rest": "-45 mV", "start": "-65 mV"}
    links = {"topology": "all_to_all", "weights": {"kind": "constant", "value": "2 mV"}, "delay": "1 ms"}
    return {
        "seed": 1,
        "dt": "0.5 ms",
        "duration": "100 ms",
        "backend": "numpy",
        "populations": {"one": cells, "two": {**cells, "size": 3, "rest": "-49 mV"}},
        "projections": {"one_two": {"source": "one", "target": "two", **links}},
        **changes,
    }


def spec(**changes):
    return read({key: value for key, value in document(**changes).items() if value is not None}, "x", "x.toml")


SETS = np.array([[20.0, -45.0, 2.0], [12.0, -40.0, 0.5], [30.0, -48.0, 9.0]])
FIELDS = {"populations.one.tau": "ms", "populations.one.rest": "mV", "projections.one_two.weights.value": "mV"}


def test_copies_spike_as_each_network_alone():
    made = bw.simulator(spec(), FIELDS, at_once=2)
    found = made.recordings(SETS)
    for (tau, rest, weight), recording in list(zip(SETS, found, strict=True))[1:]:
        given = document()
        given["populations"]["one"] |= {"tau": f"{tau} ms", "rest": f"{rest} mV"}
        given["projections"]["one_two"]["weights"]["value"] = f"{weight} mV"
        plan = construct(read(given, "x", "x.toml"))
        alone = bw.simulate(plan.network, plan.stimulus, 1, dt=0.5 * ms, backend="numpy")
        assert sum(map(len, alone.spikes.values())) > 3
        for name, spikes in alone.spikes.items():
            for column in ("trial", "neuron", "time"):
                np.testing.assert_array_equal(getattr(recording.spikes[name], column), getattr(spikes, column))
    rates = made(SETS)
    assert rates.shape == (3, 2)
    np.testing.assert_array_equal(rates[1], mean_rates(found[1]))
    np.testing.assert_array_equal(made(SETS[1]), rates[1])


def test_noise_is_that_of_the_sets():
    noisy = document()
    noisy["populations"]["one"]["sigma"] = "5 mV"
    made = bw.simulator(read(noisy, "x", "x.toml"), FIELDS, summary=lambda recording: recording.spikes["one"].time.sum())
    first = made(SETS)
    np.testing.assert_array_equal(made(SETS), first)
    assert (made(np.vstack([SETS[:1]] * 3)) != first[0]).any()


def test_a_fit_finds_what_made_a_recording():
    one = document()
    del one["populations"]["two"], one["projections"]
    one["populations"]["one"] |= {"size": 1, "tau": "14 ms", "rest": "-44 mV"}
    plan = construct(read(one, "x", "x.toml"))
    spikes = bw.simulate(plan.network, plan.stimulus, 1, dt=0.5 * ms, backend="numpy").spikes["one"]
    wanted = SpikeTrains("wanted", spikes.trial, spikes.neuron, spikes.time)
    ranges = {"populations.one.tau": ("5 ms", "40 ms")}
    start = read({**one, "populations": {"one": {**one["populations"]["one"], "tau": "20 ms"}}}, "x", "x.toml")
    found = bw.fit(start, ranges, wanted, distance="van_rossum", n_sets=24, generations=3)
    assert found.distance < 0.3
    assert float(found.values["populations.one.tau"].removesuffix(" s")) == pytest.approx(14e-3, rel=0.03)
    assert len(found.tried["distance"]) == 24 * 4
    assert found.distance == found.tried["distance"].min()
    assert list(found.values) == list(ranges)
    assert repr(found).startswith("<fit of populations.one.tau = 0.0")


def test_a_fit_finds_what_made_a_trace():
    one = document()
    del one["populations"]["two"], one["projections"]
    one["populations"]["one"] |= {"tau": "14 ms", "rest": "-54 mV"}
    plan = construct(read(one, "x", "x.toml"))
    probe = bw.Probe("one", "v", (1,), every=1 * ms)
    wanted = bw.simulate(plan.network, plan.stimulus, 1, dt=0.5 * ms, backend="numpy", record=[probe]).traces["one.v"]
    ranges = {"populations.one.tau": ("5 ms", "40 ms"), "populations.one.rest": ("-60 mV", "-50 mV")}
    start = read({**one, "populations": {"one": {**one["populations"]["one"], "tau": "20 ms"}}}, "x", "x.toml")
    found = bw.fit(start, ranges, wanted, compared="one.v", n_sets=24, generations=12)
    assert found.distance < 0.1e-3
    assert float(found.values["populations.one.tau"].removesuffix(" s")) == pytest.approx(14e-3, rel=0.1)
    relative = bw.fit(start, ranges, wanted, distance="of_deviation", n_sets=5, generations=1)
    assert relative.distance == pytest.approx(relative.tried["distance"].min())
    with pytest.raises(ValueError, match=r"compared = 'one\.w': 'w' is not a variable of one"):
        bw.fit(start, ranges, wanted, compared="one.w")
    with pytest.raises(ValueError, match=r"the recorded trace is in amp, and one\.v in volt; they must agree"):
        bw.fit(start, ranges, replace(wanted, unit="amp"))
    with pytest.raises(ValueError, match="the recorded trace has 1 trial and neurons up to 7, the network 1 trial and 2 neurons"):
        bw.fit(start, ranges, replace(wanted, neurons=np.array([7])))
    with pytest.raises(ValueError, match="must begin at 0 s and go in equal steps"):
        bw.fit(start, ranges, replace(wanted, times=wanted.times + 1))


def test_traces_of_copies_are_those_of_each_network_alone():
    probes = ["one.v", bw.Probe("two", "v", (0, 2), every=2 * ms)]
    made = bw.simulator(
        spec(), FIELDS, record=probes, at_once=3, summary=lambda recording: recording.traces["two.v"].values[0, -1]
    )
    found = made.recordings(SETS)[1]
    given = document()
    given["populations"]["one"] |= {"tau": "12 ms", "rest": "-40 mV"}
    given["projections"]["one_two"]["weights"]["value"] = "0.5 mV"
    plan = construct(read(given, "x", "x.toml"))
    alone = bw.simulate(plan.network, plan.stimulus, 1, dt=0.5 * ms, backend="numpy", record=probes)
    for name, trace in alone.traces.items():
        np.testing.assert_allclose(found.traces[name].values, trace.values, rtol=1e-12)  # constants of all are rounded otherwise
        np.testing.assert_array_equal(found.traces[name].neurons, trace.neurons)
    assert made(SETS).shape == (3, 2)
    with pytest.raises(ValueError, match=r"record = 'one_two\.weight': 'one_two' is not a population"):
        bw.simulator(spec(), FIELDS, record=["one_two.weight"])(SETS)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: bw.simulator(spec(duration=None, phases=[{"duration": "2 ms"}]), ["dt"]),
            "x has phases; give a network that runs",
        ),
        (lambda: bw.simulator(spec(), []), r"parameters = \[\]: name one at least"),
        (lambda: bw.simulator(spec(), FIELDS)(SETS[:, :2]), "parameters have 2 columns; there are 3: populations.one.tau"),
        (lambda: bw.simulator(spec(), {"populations.one.tau": "mV"})([[1.0]]), r"populations\.one\.tau: .* is a voltage"),
        (lambda: fitted(distance="rossum"), "'rossum' is not a distance of spike trains; did you mean 'van_rossum'"),
        (lambda: fitted(compared=""), "compared = '': name the population that is compared, of one, two"),
        (lambda: fitted({"populations.one.tau": ("5 ms", "3 ms")}), "the range from '5 ms' to '3 ms' must be of one unit"),
        (lambda: fitted({"populations.one.tua": ("5 ms", "30 ms")}), "'tua' is not a setting of noisy_lif"),
        (
            lambda: fitted(wanted=SpikeTrains("w", [0], [5], [0.1])),
            "the recording has 6 neurons and 1 trial, the network 2 and 1",
        ),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises((ValueError, SpecError), match=words):
        call()


def fitted(ranges=None, wanted=None, compared="one", **settings):
    ranges = {"populations.one.tau": ("5 ms", "30 ms")} if ranges is None else ranges
    return bw.fit(spec(), ranges, wanted or SpikeTrains("w", [0], [0], [0.1]), compared=compared, **settings)


def test_sets_have_stimuli_of_their_own():
    pulses = {"kind": "regular", "rate": "50 Hz"}
    links = {"source": "pulses", "target": "one", "topology": "all_to_all", "weights": {"kind": "constant", "value": "2 mV"}}
    given = spec(stimuli={"pulses": pulses}, projections={"pulses_one": links})
    made = bw.simulator(given, {"stimuli.pulses.rate": "Hz", "populations.one.rest": "mV"})
    sets = np.array([[50.0, -52.0], [200.0, -52.0], [50.0, -45.0], [400.0, -52.0]])
    together, alone = made(sets), np.array([made(one) for one in sets])
    np.testing.assert_array_equal(together, alone)
    assert len(set(together[:, 0])) == 3


@pytest.mark.parametrize("name", ["dt", "duration", "record.every", "seed"])
def test_what_all_sets_share_is_no_parameter(name):
    with pytest.raises(
        ValueError, match=f"'{name}' is the same for all sets of parameters; those that differ begin with populations"
    ):
        bw.simulator(spec(), [name])


def test_networks_that_differ_in_more_than_numbers():
    one = Network((Population("a", 2, noisy_lif()),), (Projection("a", "a", np.ones((2, 2)) * mV),))
    with pytest.raises(ValueError, match=r"networks = \[\]: give one at least"):
        side_by_side([])
    with pytest.raises(ValueError, match=r"networks differ in names and sizes: \{'a': 2\} and \{'a': 3\}"):
        side_by_side([one, Network((Population("a", 3, noisy_lif()),))])
    with pytest.raises(ValueError, match=r"networks differ in projections: \['a_a'\] and \[\]"):
        side_by_side([one, Network(one.populations)])
    other = Population("a", 2, noisy_lif(refractory=0 * ms))
    with pytest.raises(ValueError, match="networks differ in equations of 'a'"):
        side_by_side([one, Network((other,), one.projections)])
    counted = replace(one.populations[0].model, start={"v": "-70*mV + i*mV"})
    with pytest.raises(ValueError, match=r"the start of 'v' = .* counts neurons"):
        side_by_side([Network((Population("a", 2, counted),))])
    synapse = replace(
        pair_stdp(largest=1 * mV), constants={**pair_stdp(largest=1 * mV).constants, "largest": np.ones(4) * 1000 * mV}
    )
    learning = Projection("a", "a", Links([0, 0, 1, 1], [0, 1, 0, 1], (2, 2)), synapse=synapse)
    with pytest.raises(ValueError, match="synapses of 'a_a' have constants of their own"):
        side_by_side([Network(one.populations, (learning,))])


def test_delays_and_stimuli_side_by_side():
    """Channels are shared, and delays of synapses are kept."""

    def network(delay):
        fed = Projection("input", "a", np.eye(2) * 20 * mV)
        return Network((Population("a", 2, noisy_lif(sigma=0 * mV)),), (fed, Projection("a", "a", np.ones((2, 2)) * mV, delay)))

    made = side_by_side([network(1e-3), network(2e-3)])
    assert made.channels == {"input": 2}
    assert [p.links.shape for p in made.projections] == [(2, 4), (4, 4)]
    np.testing.assert_allclose(made.projections[1].delay, [1e-3] * 4 + [2e-3] * 4)
    assert side_by_side([network(1e-3)] * 2).projections[1].delay == 1e-3
