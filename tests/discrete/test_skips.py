"""Skips of a chain: read from its projections, kept when its weights change, refused where links are not one to one."""

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.layers import chain, chain_skips, with_readout, with_weights
from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.discrete.skips import Skip
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from tests.discrete.test_layers import _task
from tests.methods.chains import DT, in_numpy


def _network(*skips, size=2, weight=0.5):
    """Relays a, b, c, d, and further projections."""
    populations = tuple(Population(name, size, discrete_lif(leak=0.0), k) for k, name in enumerate("abcd"))
    ends = [("input", "a"), ("a", "b"), ("b", "c"), ("c", "d")]
    links = [Projection(*pair, sparse.csr_array(weight * np.eye(size))) for pair in ends]
    return Network(populations, (*links, *skips))


def _skip(source, target, links=None, **given):
    return Projection(source, target, sparse.csr_array(np.eye(2) if links is None else np.asarray(links, float)), **given)


def test_skips_are_read_beside_the_chain():
    network = _network(_skip("b", "d", 2 * np.eye(2)), _skip("a", "d"), _skip("a", "c"))
    assert [population.name for population in chain(network)] == list("abcd")
    assert chain_skips(network) == (Skip(0, 2, 1.0), Skip(0, 3, 1.0), Skip(1, 3, 2.0))
    assert chain_skips(_network()) == ()


@pytest.mark.parametrize(
    ("skips", "words"),
    [
        ([_skip("a", "c", np.ones((2, 2)))], "projection a_c has 4 links from 2 to 2 neurons and skips a population"),
        ([_skip("a", "c", [[0, 1], [1, 0]])], "projection a_c has 2 links .*: choose topology 'one_to_one'"),
        ([_skip("a", "c", [[1, 0], [0, 2]])], "weights of projection a_c go from 1 to 2; a skip has one weight, which is not"),
        ([_skip("a", "c"), _skip("a", "c", name="more")], "a -> c, a -> c; a chain has input -> a"),
        ([_skip("d", "a")], "projections are .*, d -> a; a chain has .*, and one-to-one links .* behind the next, alone"),
        ([_skip("a", "b", name="twice")], "projections are input -> a, a -> b, .*, a -> b; a chain has"),
        ([_skip("input", "c")], "projections are .*, input -> c; a chain has"),
        ([_skip("a", "c", delay=DT)], "projections a_c have delays; a chain in discrete time has none"),
    ],
)
def test_what_is_no_skip_is_refused(skips, words):
    with pytest.raises(ValueError, match=words):
        chain_skips(_network(*skips))


def test_populations_of_other_sizes_have_no_skip():
    populations = tuple(
        Population(name, size, discrete_lif(leak=0.0), k) for k, (name, size) in enumerate({"a": 2, "b": 2, "c": 3}.items())
    )
    links = [("input", "a", (2, 2)), ("a", "b", (2, 2)), ("b", "c", (2, 3)), ("a", "c", (2, 3))]
    with pytest.raises(ValueError, match="projection a_c has 6 links from 2 to 3 neurons"):
        chain_skips(Network(populations, [Projection(*ends, sparse.csr_array(np.ones(shape))) for *ends, shape in links]))


def test_a_spike_passes_a_block_without_weights_of_its_own():
    """Neurons of a reach their threshold in each step; b and c get nothing from each other, and d gets half from c and all from a."""
    network = _network(_skip("a", "c"), _skip("a", "d", 0.75 * np.eye(2)), weight=0.0)
    spiking = with_weights(
        network, [w.weights for w in _network(weight=1.0).projections[:1]] + [sparse.csr_array((2, 2))] * 3, [np.zeros(2)] * 4, {}
    )
    recording = in_numpy(spiking, Stimulus(np.array([[[1.0, 0.0]]]), 3 * DT), 1)
    assert [recording.raster(name)[0].sum(axis=0).tolist() for name in "abcd"] == [[3, 0], [0, 0], [3, 0], [0, 0]]


def test_skips_stay_when_weights_change():
    network, weights = _network(_skip("a", "c")), [sparse.csr_array(np.ones((2, 2)))] * 4
    assert chain_skips(with_weights(network, weights, [np.zeros(2)] * 4, {})) == (Skip(0, 2, 1.0),)
    assert chain_skips(with_weights(network, weights, [np.zeros(2)] * 4, {}, (Skip(1, 3, 0.5),))) == (Skip(1, 3, 0.5),)


def test_links_of_skips_are_counted():
    values, output = np.array([[[1.0, 1.0]], [[1.0, 1.0]]]), {"weights": np.ones((2, 2)), "bias": np.array([0.0, 1.0])}
    counted = [
        with_readout(_task(np.array([1, 1]), values=values), network, output, {}, in_numpy, np.random.default_rng(1))
        for network in (_network(weight=1.0), _network(_skip("a", "c"), weight=1.0))
    ]
    without, with_skip = (trained.history["synaptic_operations"][0] for trained in counted)
    assert (without, with_skip) == (8 * 3 + 16, 8 * 3 + 16 + 8)  # four steps of two neurons, two outputs
