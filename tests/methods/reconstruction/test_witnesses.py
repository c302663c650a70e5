"""Witnesses: distributions of their weights, thresholds from the data, and the start networks that describe them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.subnetworks import last_layer_spikes
from bioworkbench.methods.reconstruction.witnesses import WitnessDistribution, gaussian_witnesses, pair_witnesses, template
from bioworkbench.neurons import discrete_lif, noisy_lif
from bioworkbench.records.background import Background
from bioworkbench.records.network import Network, Population, Projection


def start(*sizes, n_channels=3, leak=0.9, reset="subtract", recurrent=True, **model):
    populations, projections, below, width = [], [], "input", n_channels
    for k, size in enumerate(sizes):
        populations.append(Population(f"p{k}", size, discrete_lif(leak=leak, reset=reset, **model), layer=k))
        projections.append(Projection(below, f"p{k}", sparse.csr_array(np.ones((width, size)))))
        if recurrent and size > 1:
            projections.append(Projection(f"p{k}", f"p{k}", sparse.csr_array(1 - np.eye(size))))
        below, width = f"p{k}", size
    return Network(tuple(populations), tuple(projections))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_template_reads_sizes_leaks_reset_and_links():
    found = template(start(4, 1, leak=0.7, reset="zero"))
    assert found.shape == (4, 1)
    assert found.reset == "zero"
    assert found.layers[0].leak.tolist() == [[0.7] * 4]
    np.testing.assert_array_equal(found.layers[0].recurrent[0], 1 - np.eye(4))
    assert found.layers[1].recurrent is None


def test_self_links_can_be_added_to_recurrent_populations_only():
    found = template(start(4, 1), self_links=True)
    assert found.layers[0].recurrent is not None
    np.testing.assert_array_equal(found.layers[0].recurrent[0], np.ones((4, 4)))
    assert found.layers[1].recurrent is None


def test_gaussian_weights(rng):
    settings = WitnessDistribution(input_gain=3.0, recurrent_gain=2.0, bias=(0.5, 0.25), balanced=False)
    found = gaussian_witnesses(template(start(5, 1, leak=0.0)), np.zeros((1, 1, 3)), [0], 4000, settings, rng)
    first = found.layers[0]
    for values, mean, deviation in (
        (first.weights, 0.0, 1.0),
        (first.recurrent[:, ~np.eye(5, dtype=bool)], 0.0, 2 / 5**0.5),
        (first.bias, 1.5, 0.25),
        (found.layers[1].weights, 0.0, (3 / 5) ** 0.5),
    ):
        assert abs(values.mean() - mean) < 4.5 * deviation / values.size**0.5
        assert abs(values.std() / deviation - 1) < 4.5 / (2 * values.size) ** 0.5
    assert not first.recurrent[:, np.eye(5, dtype=bool)].any()


def test_leaks_are_drawn_per_sub_network(rng):
    settings = WitnessDistribution(leak=(0.2, 0.6), balanced=False)
    found = gaussian_witnesses(template(start(4, 1)), np.zeros((1, 1, 3)), [0], 50, settings, rng)
    leak = found.layers[0].leak
    assert ((leak >= 0.2) & (leak <= 0.6)).all()
    assert (leak == leak[:, :1]).all()
    assert (found.layers[1].leak[:, 0] == leak[:, 0]).all()


def test_a_constant_input_reaches_the_threshold_with_any_leak(rng):
    settings = WitnessDistribution(leak=(0.2, 0.6), bias=(0.0, 0.0), balanced=False)
    for layer in gaussian_witnesses(template(start(4, 1)), np.zeros((1, 1, 3)), [0], 50, settings, rng).layers:
        np.testing.assert_allclose(layer.bias / (1 - layer.leak), 1.0)


@pytest.mark.parametrize("sizes", [(1,), (6, 1)])
def test_a_balanced_neuron_spikes_in_some_trials(rng, sizes):
    values = rng.normal(size=(50, 4, 3))
    shares = {}
    for balanced in (True, False):
        settings = WitnessDistribution(balanced=balanced, bias=(-3.0, 0.0))  # the bias alone would silence most
        found = gaussian_witnesses(template(start(*sizes, leak=0.0)), values, [3], 100, settings, rng)
        shares[balanced] = last_layer_spikes(found, values, [3])[:, 0].mean(axis=0)
    assert shares[True].min() > 0
    assert shares[True].mean() > shares[False].mean() + 0.1


@pytest.mark.parametrize("linked", [[1, 1, 1], [1, 0, 1]])
def test_a_pair_lies_about_its_threshold(rng, linked):
    """Potentials without resets of the only two trials have the spread, and their middle is half a unit above the threshold."""
    values, powers = rng.normal(size=(2, 6, 3)), 0.8 ** np.arange(5, -1, -1)
    settings = WitnessDistribution(leak=(0.8, 0.8), spread=2.0)
    network = change(start(1), projections=(Projection("input", "p0", sparse.csr_array(np.array(linked)[:, None])),))
    (layer,) = pair_witnesses(template(network), values, np.eye(2), [5], 40, settings, rng).layers
    assert ((layer.weights[0, :, 0] != 0) == linked).all()
    potentials = np.einsum("ntc,pcm,t->np", values, layer.weights, powers) + layer.bias[:, 0] * powers.sum()
    np.testing.assert_allclose(potentials.mean(axis=0), 1.5)
    np.testing.assert_allclose(potentials.std(axis=0), 2.0)


def test_neurons_of_pairs_differ_and_keep_their_links(rng):
    network = start(4, 1, n_channels=5)
    links = sparse.csr_array(np.arange(20).reshape(5, 4) % 3 > 0)
    network = change(network, projections=(Projection("input", "p0", links), *network.projections[1:]))
    values = rng.normal(size=(60, 6, 5))
    wanted = np.eye(2)[(values[:, -1, 0] > 0).astype(int)]
    first = pair_witnesses(template(network), values, wanted, [5], 30, WitnessDistribution(), rng).layers[0]
    assert ((first.weights != 0) == links.toarray()).all()
    assert len(np.unique(first.bias, axis=1).T) == 4


@pytest.mark.thorough
@pytest.mark.parametrize("sizes", [(1,), (6, 1)])
def test_balanced_thresholds_split_the_trials_evenly_over_all_shares(rng, sizes):
    """The fraction of trials above the level of a random one is uniform; last neurons without memory have no resets to care for."""
    values = rng.normal(size=(200, 10, 3))
    given = template(start(*sizes, leak=0.0))
    found = gaussian_witnesses(given, values, [9], 1000, WitnessDistribution(), rng)
    share = last_layer_spikes(found, values, [9])[:, 0].mean(axis=0)
    if sizes == (1,):
        assert abs(share.mean() - 0.5) < 4.5 / np.sqrt(12 * 1000)
        assert abs(share.std() - 12**-0.5) < 4.5 * 12**-0.5 / np.sqrt(1000)
    unbalanced = gaussian_witnesses(given, values, [9], 1000, WitnessDistribution(balanced=False, bias=(-2.0, 0.1)), rng)
    silent = [(last_layer_spikes(some, values, [9])[:, 0].any(axis=0)).mean() for some in (found, unbalanced)]
    assert silent[0] == 1.0
    assert silent[1] < 1.0


def test_pairs_find_the_channel_that_matters(rng):
    values = rng.normal(size=(400, 6, 5))
    wanted = np.eye(2)[(values[:, 3:, 2].sum(axis=1) > 0).astype(int)]
    settings = WitnessDistribution(leak=(0.8, 0.8))
    best = []
    for draw in (
        lambda: pair_witnesses(template(start(1, n_channels=5)), values, wanted, [5], 3000, settings, rng),
        lambda: gaussian_witnesses(template(start(1, n_channels=5)), values, [5], 3000, settings, rng),
    ):
        weights = draw().layers[0].weights[:, :, 0]
        share = weights[:, 2] ** 2 / (weights**2).sum(axis=1)
        best.append((share.mean(), share.std() / 3000**0.5))
    assert (best[0][0] - best[1][0]) / np.hypot(best[0][1], best[1][1]) > 4.5


def test_deeper_pair_witnesses_have_gaussian_upper_layers(rng):
    values = rng.normal(size=(100, 6, 3))
    wanted = np.eye(2)[(values[:, -1, 0] > 0).astype(int)]
    found = pair_witnesses(template(start(4, 1)), values, wanted, [5], 30, WitnessDistribution(), rng)
    patterns = last_layer_spikes(found, values, [5])[:, 0]
    assert found.shape == (4, 1)
    assert (patterns.any(axis=0)).mean() > 0.5


@pytest.mark.parametrize("columns", ["unscaled", "normalized", "orthogonal"])
def test_ways_to_draw_the_weights_of_a_neuron(columns, rng):
    settings = WitnessDistribution(input_gain=4.0, columns=columns, balanced=False)
    weights = (
        gaussian_witnesses(template(start(5, n_channels=3)), rng.normal(size=(4, 2, 3)), [1], 200, settings, rng)
        .layers[0]
        .weights
    )
    if columns == "unscaled":
        assert weights.std() == pytest.approx(2.0, rel=0.05)
        return
    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 2.0)
    angles = np.einsum("nik,nil->nkl", weights, weights)[:, [0, 0, 1, 3], [1, 2, 2, 4]]
    assert (np.abs(angles) < 1e-9).all() == (columns == "orthogonal")


def test_every_last_neuron_of_a_branch_is_balanced_and_gives_a_pattern(rng):
    values = rng.normal(size=(200, 6, 3))
    found = gaussian_witnesses(template(start(4, 7)), values, [5], 3, WitnessDistribution(), rng)
    patterns = last_layer_spikes(found, values, [5])[:, 0]
    assert patterns.shape == (200, 21)
    assert patterns.any(axis=0).mean() > 0.8
    assert len(np.unique(patterns, axis=1).T) > 15


def change(network, **parts):
    return Network(parts.get("populations", network.populations), parts.get("projections", network.projections))


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (change(start(4, 1), projections=start(4, 1).projections[:1]), "projections must be input -> p0, p0 -> p1"),
        (
            change(start(4, 1), populations=(start(4, 1).populations[0], Population("p1", 1, discrete_lif(leak=0.9), layer=2))),
            r"populations p0, p1 must lie in layers 0, 1, ..., one each",
        ),
        (
            start(1, threshold=2.0),
            "population 'p0' has threshold = 2.0, leak = .*; it must have threshold 1, one leak, reset 'subtract'",
        ),
        (start(1, reset="delayed_subtract"), "population 'p0' has leak = .*, reset = delayed_subtract; it must have threshold 1"),
        (start(1, strict=True), "population 'p0' has strict = True, leak"),
        (
            start(1, floor=0.0, start=0.5, noise_deviation=0.1),
            "population 'p0' has floor = 0.0, start = 0.5, noise_deviation = 0.1, leak",
        ),
        (
            change(start(1), projections=(Projection("input", "p0", np.ones((3, 1)), 1e-3),)),
            "projections input_p0 have delays; those of a sub-network have none",
        ),
        (
            change(start(1), populations=(replace(start(1).populations[0], background=(Background("current", 1, 10.0, 1.0),)),)),
            "populations p0 have background input",
        ),
        (
            change(
                start(4, 1),
                populations=(start(4, 1).populations[0], Population("p1", 1, discrete_lif(leak=0.9, reset="zero"), layer=1)),
            ),
            "populations p0, p1 have different resets; a sub-network has one",
        ),
        (Network((Population("p0", 1, noisy_lif()),)), "projections must be input -> p0"),
    ],
)
def test_networks_that_are_no_sub_network_are_refused(network, words):
    with pytest.raises(ValueError, match=words):
        template(network)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"input_gain": 0.0}, "input_gain = 0.0: must be a finite number above 0"),
        ({"recurrent_gain": -1.0}, "recurrent_gain = -1.0: must be a finite number, 0 or more"),
        ({"spread": 0.0}, "spread = 0.0: must be a finite number above 0"),
        ({"bias": (float("nan"), 0.5)}, "mean of bias has 1 value that is not finite"),
        ({"bias": (0.0, -1.0)}, "deviation of bias = -1.0: must be a finite number, 0 or more"),
        ({"leak": (0.5, 1.2)}, r"leak = \(0.5, 1.2\): must be a range between 0 and 1"),
    ],
)
def test_settings_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        WitnessDistribution(**arguments)
