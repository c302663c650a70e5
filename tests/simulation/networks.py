"""Small networks that the tests of the seam share."""

from brian2 import ms, mV
from scipy import sparse

from bioworkbench.discrete.lif import discrete_lif
from bioworkbench.neurons import NEURON_MODELS, NeuronModel
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.stimulus import Stimulus
from tests.neurons.test_models import DRIVES


def leaky(sigma=0 * mV, **settings):
    """Membrane with drive and white noise, written out, so that the seam's tests do not lean on the model library."""
    constants = {"tau": 20 * ms, "rest": -70 * mV, "limit": -50 * mV, "sigma": sigma} | settings.pop("constants", {})
    return NeuronModel(
        equations="dv/dt = (rest - v + drive)/tau + sigma*sqrt(2/tau)*xi : volt (unless refractory)\ndrive : volt",
        threshold="v > limit",
        reset="v = rest",
        constants=constants,
        start=settings.pop("start", {"v": "uniform(-70 mV, -55 mV)"}),
        refractory=settings.pop("refractory", 2 * ms),
        **settings,
    )


def discrete_network(rng, bias=0.05):
    """Two layers in discrete time with every kind of projection: input, forward, within a layer, backward."""
    first = discrete_lif(leak=0.9, reset="subtract", bias=rng.normal(0, bias, 30))
    second = discrete_lif(leak=0.8, reset="zero", strict=True, floor=-0.5)
    return Network(
        (Population("first", 30, first), Population("second", 20, second, layer=1)),
        (
            Projection("input", "first", random_weights(rng, 5, 30, 0.3)),
            Projection("first", "second", random_weights(rng, 30, 20, 0.5)),
            Projection("second", "second", random_weights(rng, 20, 20, 0.3)),
            Projection("second", "first", random_weights(rng, 20, 30, 0.3)),
        ),
    )


def noisy_network(rng, sigma=2 * mV):
    """Excitatory and inhibitory neurons with noise, sparse synapses, delays per synapse and one delay for all."""
    excite = random_weights(rng, 40, 40, 1e-3, density=0.2)
    return Network(
        (Population("exc", 40, leaky(sigma)), Population("inh", 10, leaky(sigma))),
        (
            Projection("input", "exc", random_weights(rng, 3, 40, 20e-3)),
            Projection("exc", "exc", excite, rng.uniform(0, 5e-3, excite.nnz)),
            Projection("exc", "inh", random_weights(rng, 40, 10, 5e-3), 1.5e-3),
            Projection("inh", "exc", -1 * random_weights(rng, 10, 40, 3e-3)),
        ),
    )


def every_model(rng):
    """Every model of the library beside excitatory and inhibitory neurons with noise, synapses with and without delays, and layers."""
    full = noisy_network(rng)
    models = {
        name: function(**DRIVES[name][0])
        for name, function in NEURON_MODELS.items()
        if name not in ("noisy_lif", "hodgkin_huxley")
    }
    models |= {
        "noisy_lif": NEURON_MODELS["noisy_lif"](sigma=1 * mV, correlation=0.3),
        "hodgkin_huxley": NEURON_MODELS["hodgkin_huxley"](channel_noise=True),
    }
    others = tuple(Population(name, 3, model, layer=number % 2) for number, (name, model) in enumerate(sorted(models.items())))
    inputs = tuple(Projection("input", population.name, random_weights(rng, 3, 3, 1e-3)) for population in others)
    receivers = [population for population in others if population.name != "poisson_source"]
    links = tuple(Projection("exc", population.name, random_weights(rng, 40, 3, 1e-3)) for population in receivers)
    return Network((*full.populations, *others), (*full.projections, *inputs, *links))


def random_weights(rng, n_source, n_target, scale, density=1.0):
    """Gaussian weights on a random part of all links."""
    return sparse.csr_array(rng.normal(0, scale, (n_source, n_target)) * (rng.random((n_source, n_target)) < density))


def random_stimulus(rng, n_trials, n_channels, n_frames=12, frame=1e-3):
    """Currents between 0 and 2."""
    return Stimulus(2 * rng.random((n_trials, n_frames, n_channels)), frame)
