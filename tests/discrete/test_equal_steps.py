"""One step of a neuron in discrete time, however it is computed: Brian2, NumPy, the fast step of sub-networks, JAX."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.kinds import DISCRETE, discrete_model, kind_and_fields
from bioworkbench.discrete.lif import DiscreteLIF, discrete_lif, lif_of
from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.discrete.spike_response import DiscreteSpikeResponse
from bioworkbench.discrete.subnetworks import Layer, SubNetworks, last_layer_spikes
from bioworkbench.gradients.layers import Dense, FeedForward, Neuron
from bioworkbench.gradients.linked import _constants
from bioworkbench.gradients.linked_kernels import fire
from bioworkbench.gradients.networks import unrolled_outputs
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.simulation import simulate

N_STEPS, SIZE = 40, 6
NEURONS = {
    "subtract": DiscreteLIF(leak=0.75, bias=np.arange(-2, SIZE - 2) / 8),
    "zero": DiscreteLIF(leak=0.5, reset="zero", bias=0.125),
    "strict": DiscreteLIF(leak=0.75, strict=True),
    "integrator": DiscreteLIF(leak=1.0, floor=0.0, start=0.5),
    "below its floor": DiscreteLIF(leak=1.0, floor=0.0, start=-2.0),
    "delayed": DiscreteLIF(leak=0.5, reset="delayed_subtract", threshold=2.0),
    "no memory": DiscreteLIF(leak=0.0, threshold=0.5),
}


def drive():
    """Multiples of 1/8, which all engines add up exactly."""
    return np.random.default_rng(5).integers(-8, 16, (3, N_STEPS, SIZE)) / 8


def network(neuron):
    return Network((Population("a", SIZE, neuron.model()),), (Projection("input", "a", sparse.eye_array(SIZE).tocsr()),))


def by_hand(neuron):
    """Step after step, as the record says."""
    left, raster = np.broadcast_to(np.asarray(neuron.start, dtype=float), (3, SIZE)), []
    for total in (drive() + np.asarray(neuron.bias)).transpose(1, 0, 2):
        _, fired, left = neuron.step(left, total)
        raster.append(fired)
    return np.array(raster).transpose(1, 0, 2)


def in_brian2(neuron, backend="numpy"):
    return simulate(network(neuron), Stimulus(drive(), 1e-3), 1, dt=1e-3, backend=backend).raster("a")


def in_numpy(neuron):
    return simulate_discrete(network(neuron), Stimulus(drive(), 1e-3), dt=1e-3).raster("a")


def in_subnetworks(neuron):
    columns = (np.broadcast_to(np.reshape(value, (-1, 1)), (SIZE, 1)) for value in (neuron.bias, neuron.leak))
    layer = Layer(np.eye(SIZE)[:, :, None], *columns)
    return last_layer_spikes(SubNetworks((layer,), neuron.reset), drive())


def trained(neuron):
    """As the gradient engines see it."""
    return Neuron(neuron.leak, neuron.threshold, neuron.reset, neuron.strict, neuron.floor, neuron.start)


def in_links(neuron):
    incoming = (drive() + np.asarray(neuron.bias)).transpose(1, 2, 0).astype(np.float32)
    return fire(np.ascontiguousarray(incoming), _constants(trained(neuron)), N_STEPS)[1].transpose(2, 0, 1) > 0


def in_jax(neuron):
    layers = FeedForward((Dense(SIZE, SIZE), Dense(SIZE, 1)), (trained(neuron),))
    weights = [{"weights": jnp.eye(SIZE), "bias": jnp.broadcast_to(jnp.asarray(neuron.bias, jnp.float32), SIZE)}]
    output = {"weights": jnp.zeros((SIZE, 1)), "bias": jnp.zeros(1)}
    signal = jnp.asarray(drive().transpose(1, 0, 2), jnp.float32)
    _, (spikes,), _ = unrolled_outputs(layers, (*weights, output), signal, N_STEPS)
    return np.asarray(spikes).transpose(1, 0, 2) > 0


@pytest.mark.parametrize("name", NEURONS)
@pytest.mark.parametrize("engine", [in_brian2, in_numpy, in_jax, in_links])
def test_every_engine_takes_the_same_steps(engine, name):
    wanted = by_hand(NEURONS[name])
    assert 0.05 < wanted.mean() < 0.95
    np.testing.assert_array_equal(engine(NEURONS[name]), wanted)


@pytest.mark.parametrize("name", ["subtract", "zero"])
def test_the_fast_step_of_sub_networks_is_the_same(name):
    np.testing.assert_array_equal(in_subnetworks(NEURONS[name]), by_hand(NEURONS[name]))


def test_compiled_programs_take_the_same_steps():
    np.testing.assert_array_equal(in_brian2(NEURONS["delayed"], "cpp"), by_hand(NEURONS["delayed"]))


RESPONSES = (DiscreteSpikeResponse(sigma=4.0), DiscreteSpikeResponse(sigma=[2.0, 3.0], tau=1, threshold=None))


@pytest.mark.parametrize("record", [*NEURONS.values(), *RESPONSES])
def test_records_survive_being_written(record):
    kind, fields = kind_and_fields(record.model())
    again = discrete_model(kind, fields)
    assert type(again.discrete) is DISCRETE[kind]
    record.check(again)


def test_a_model_cannot_say_another_thing_than_its_record():
    model = discrete_lif(leak=0.5)
    for change in ({"reset": "v = 0"}, {"constants": {**model.constants, "leak": 0.25}}, {"update": "v = 0"}):
        with pytest.raises(ValueError, match=r"a model in discrete time is made by its record; change that"):
            replace(model, **change)
    assert replace(lif_of(model, "a"), leak=0.25).model().constants["leak"] == 0.25


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("lif ", {}, "'lif ' is not a neuron in discrete time; did you mean 'lif'"),
        ("lif", {"leak": 0.5, "lek": 1.0}, r"fields \['leak', 'lek'\] of a neuron of kind 'lif'"),
        ("lif", {}, r"fields \[\] of a neuron of kind 'lif'"),
        ("spike_response", {"sigma": -1.0}, "sigma goes down to -1.0 steps"),
    ],
)
def test_records_that_files_hold_are_checked(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        discrete_model(kind, fields)
