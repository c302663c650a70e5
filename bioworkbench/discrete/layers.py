"""Feed-forward chains of discrete-time populations: read from a network, and written back with trained weights.

A chain is what the gradient methods train: the stimulus drives the first population, each population drives the next, and
nothing else is connected but skips, which lead from a population to one behind the next (`bioworkbench.discrete.skips`).
"""

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from bioworkbench.discrete.lif import arguments_of, discrete_lif
from bioworkbench.discrete.simulate import check_inputs
from bioworkbench.discrete.skips import Skip, skip_pairs, skip_weight
from bioworkbench.readout.trials import Simulate
from bioworkbench.records.arrays import Floats
from bioworkbench.records.choice import Choice
from bioworkbench.records.counted import counted
from bioworkbench.records.history import ACCURACY_BY_STEPS
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import derived_seed
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task
from bioworkbench.tasks.task import check_learnable

__all__ = [
    "chain",
    "chain_sizes",
    "chain_skips",
    "check_classes",
    "constant_input",
    "frame_input",
    "scalar_arguments",
    "with_readout",
    "with_weights",
]


_N_CHECKED = 200  # trials that are simulated to see how a trained network does


def chain(network: Network) -> tuple[Population, ...]:
    """Populations of a feed-forward chain.

    Parameters
    ----------
    network : Network
        Populations in layers 0, 1, 2, ...; projections from the stimulus to the first and from each to the next, and skips from one to
        another behind the next, all without delay and with synapses that only add their weight; no background input.

    Returns
    -------
    tuple of Population
        From the stimulus on.

    Raises
    ------
    ValueError
        If layers repeat or are left out, a projection is missing, is neither part of the chain nor a skip, or has a delay, or neurons
        get something else (`bioworkbench.discrete.simulate.check_inputs`).
    """
    populations = tuple(sorted(network.populations, key=lambda population: population.layer))
    layers = [population.layer for population in populations]
    if layers != list(range(len(layers))):
        raise ValueError(f"populations lie in layers {layers}; a feed-forward chain has one in each of 0, 1, 2, ...")
    names = [INPUT, *(population.name for population in populations)]
    wanted = list(pairwise(names))
    found = [(projection.source, projection.target) for projection in network.projections]
    if sorted(found) != sorted({*wanted, *(skip_pairs(names[1:]) & set(found))}):
        described = ", ".join(f"{source} -> {target}" for source, target in found)
        raise ValueError(
            f"projections are {described}; a chain has {', '.join(f'{s} -> {t}' for s, t in wanted)}, and one-to-one links from a "
            "population to another behind the next, alone"
        )
    late = [projection.name for projection in network.projections if np.any(projection.delay)]
    if late:
        raise ValueError(f"projections {', '.join(late)} have delays; a chain in discrete time has none")
    check_inputs(network)
    return populations


def chain_sizes(network: Network) -> tuple[int, ...]:
    """Number of stimulus channels, then the size of each population of the chain.

    Parameters
    ----------
    network : Network
        See `chain`.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> links = Projection("input", "a", sparse.csr_array(np.ones((3, 2))))
    >>> chain_sizes(Network((Population("a", 2, discrete_lif(leak=1.0)),), (links,)))
    (3, 2)
    """
    return (network.n_channels, *(population.size for population in chain(network)))


def chain_skips(network: Network) -> tuple[Skip, ...]:
    """Skips of a chain, ordered by target and source.

    Parameters
    ----------
    network : Network
        See `chain`.

    Returns
    -------
    tuple of Skip

    Raises
    ------
    ValueError
        As `chain`; if links that skip a population are not one to one, or their weights differ.

    Examples
    --------
    >>> populations = [Population(name, 2, discrete_lif(leak=1.0), k) for k, name in enumerate("abc")]
    >>> ends = [("input", "a"), ("a", "b"), ("b", "c"), ("a", "c")]
    >>> chain_skips(Network(populations, [Projection(*pair, sparse.csr_array(np.eye(2))) for pair in ends]))
    (Skip(source=0, target=2, weight=1.0),)
    """
    names = [population.name for population in chain(network)]
    pairs = skip_pairs(names)
    found = [
        Skip(names.index(projection.source), names.index(projection.target), skip_weight(projection.name, projection.given))
        for projection in network.projections
        if (projection.source, projection.target) in pairs
    ]
    return tuple(sorted(found, key=lambda skip: (skip.target, skip.source)))


def scalar_arguments(population: Population) -> dict[str, Any]:
    """Arguments of `discrete_lif` that made a population's model; all but the bias must be one value for all neurons.

    Parameters
    ----------
    population : Population

    Returns
    -------
    dict
        Values by argument.

    Raises
    ------
    ValueError
        If the model is not `discrete_lif`, has noise, starts from a distribution, or a value differs between neurons.
    """
    arguments = arguments_of(population.model, population.name)
    for name, value in arguments.items():
        if name != "bias" and np.ndim(value):
            raise ValueError(
                f"{name} of population '{population.name}' differs between neurons; training needs one value for all"
            )
    if isinstance(arguments["start"], str):
        raise ValueError(
            f"population '{population.name}' starts from '{arguments['start']}', drawn in each trial; training needs one number"
        )
    if arguments["noise_deviation"] or arguments["noise_mean"]:
        raise ValueError(f"population '{population.name}' has noise of its own; leave it out, the method adds what it needs")
    return arguments


def with_weights(
    network: Network,
    weights: Sequence[sparse.csr_array],
    biases: Sequence[ArrayLike],
    changes: Mapping[str, Any],
    skips: Sequence[Skip] | None = None,
) -> Network:
    """Chain with other weights, biases and arguments of its models.

    Parameters
    ----------
    network : Network
        See `chain`.
    weights : sequence of csr_array
        Of each projection along the chain.
    biases : sequence of array (n_neurons,)
        Of each population along the chain.
    changes : mapping from argument of `discrete_lif` to value
        For all populations; a sequence of one value per population gives each its own.
    skips : sequence of Skip, optional
        By default those of the network.

    Returns
    -------
    Network
    """
    populations, source, projections, changed = chain(network), INPUT, [], []
    names = {(projection.source, projection.target): projection.name for projection in network.projections}
    for number, population in enumerate(populations):
        own: dict[str, Any] = {
            name: value[number] if isinstance(value, list | tuple) else value for name, value in changes.items()
        }
        arguments: dict[str, Any] = scalar_arguments(population) | own | {"bias": np.asarray(biases[number], dtype=float)}
        changed.append(Population(population.name, population.size, discrete_lif(**arguments), population.layer))
        links = sparse.csr_array(weights[number], dtype=float)
        projections.append(Projection(source, population.name, links, name=names[source, population.name]))
        source = population.name
    for skip in chain_skips(network) if skips is None else skips:
        ends, size = (populations[skip.source].name, populations[skip.target].name), populations[skip.source].size
        links = sparse.eye_array(size, format="csr") * skip.weight
        projections.append(Projection(*ends, links, name=names.get(ends, "")))
    return Network(tuple(changed), tuple(projections))


def frame_input(stimulus: Stimulus) -> np.ndarray:
    """Currents of a stimulus.

    Parameters
    ----------
    stimulus : Stimulus

    Returns
    -------
    float32 array (n_trials, n_frames, n_channels)

    Raises
    ------
    ValueError
        If the stimulus is not of kind "current".
    """
    if stimulus.kind != "current":
        raise ValueError(f"stimulus kind = '{stimulus.kind}': this method trains on currents; encode with kind = 'as_current'")
    return stimulus.values.astype(np.float32)


def constant_input(stimulus: Stimulus) -> np.ndarray:
    """Currents that do not change within a trial.

    Parameters
    ----------
    stimulus : Stimulus

    Returns
    -------
    float32 array (n_trials, n_channels)

    Raises
    ------
    ValueError
        If the stimulus is not of kind "current", or changes from frame to frame.
    """
    values = frame_input(stimulus)
    if (values != values[:, :1]).any():
        raise ValueError(
            f"the stimulus changes over its {counted(values.shape[1], 'frame')}; this method trains on constant currents"
        )
    return values[:, 0]


def check_classes(task: Task) -> None:
    """Raise ValueError unless `task` is to classify whole trials, which differ, and has training trials of every class."""
    if task.kind != "classification" or task.train.per_frame:
        wanted = "a class per frame" if task.kind == "classification" else "values"
        raise ValueError(f"task '{task.name}' wants {wanted}; this method learns one class per trial")
    check_learnable(task)


def with_readout(
    task: Task,
    network: Network,
    output: Mapping[str, np.ndarray],
    history: Mapping[str, np.ndarray],
    simulate: Simulate,
    rng: np.random.Generator,
) -> TrainedNetwork:
    """Trained network whose outputs are the mean over the steps of ``spikes @ weights + bias``, tried on some trials.

    Parameters
    ----------
    task : Task
        Its validation trials are tried, or training trials where there are none.
    network : Network
        A chain; the spikes of its last population are read.
    output : mapping with "weights" (n_neurons, n_outputs) and "bias" (n_outputs,)
    history : mapping
        Gets "simulated_accuracy", "accuracy_by_steps" (n_steps,) of a readout after 1, 2, ... steps, "simulated_rate" (spikes per
        neuron and step, by population) and "synaptic_operations" (per trial: each spike counts the synapses and output weights
        that it meets) in addition.
    simulate : callable (network, stimulus, seed) -> Recording
    rng : Generator
        For the seed of the simulation.

    Returns
    -------
    TrainedNetwork

    Raises
    ------
    ValueError
        If a population stays silent and no skip bypasses it; a RuntimeWarning names those that one bypasses.
    """
    trials = task.train if task.validation is None else task.validation
    recording = simulate(network, task.encode(trials.values[:_N_CHECKED]), derived_seed(rng))
    rates = np.array([len(s) for s in recording.spikes.values()], dtype=float)
    rates /= [recording.n_trials * recording.n_steps * recording.sizes[name] for name in recording.spikes]
    _check_spikes(network, recording)
    last = (chain(network)[-1].name,)
    readout = LinearReadout(np.asarray(output["weights"]) / recording.n_steps, np.asarray(output["bias"]), "argmax")
    accuracies = _accuracy_by_steps(recording, last[0], readout, trials.targets[:_N_CHECKED])
    found = {
        "simulated_accuracy": accuracies[-1:],
        ACCURACY_BY_STEPS: accuracies,
        "simulated_rate": rates,
        "synaptic_operations": np.array([_operations(network, recording, readout) / recording.n_trials]),
    }
    return TrainedNetwork(network, Choice("spike_counts", {"populations": last}), readout, {**history, **found})


def _check_spikes(network: Network, recording: Recording) -> None:
    """Refuse a chain of which a population says nothing to those behind it, and warn of silent ones that skips bypass."""
    names, skips = [population.name for population in chain(network)], chain_skips(network)
    silent = [number for number, name in enumerate(names) if not len(recording.spikes[name])]
    bypassed = [number for number in silent if any(skip.source < number < skip.target for skip in skips)]
    lost = [names[number] for number in silent if number not in bypassed]
    seen = counted(recording.n_trials, "trial")
    if lost:
        raise ValueError(f"populations {', '.join(lost)} are silent in {seen}; raise weights or input")
    if bypassed:
        warnings.warn(
            f"populations {', '.join(names[number] for number in bypassed)} are silent in {seen}; only skips bypass them",
            RuntimeWarning,
            stacklevel=3,
        )


def _accuracy_by_steps(recording: Recording, population: str, readout: LinearReadout, labels: np.ndarray) -> Floats:
    """Accuracy (n_steps,) of the mean output over the first steps."""
    spikes, n_steps = recording.spikes[population], recording.n_steps
    steps = np.rint(spikes.time / recording.dt).astype(int)
    outputs = np.zeros((recording.n_trials, readout.coefficients.shape[1]))
    accuracies = np.zeros(n_steps)
    for k in range(n_steps):
        now = steps == k
        fired = sparse.csr_array(
            (np.ones(now.sum()), (spikes.trial[now], spikes.neuron[now])), shape=(recording.n_trials, recording.sizes[population])
        )
        # coefficients are divided by the number of all steps; the mean after k + 1 steps needs them as they were
        outputs += fired @ readout.coefficients * n_steps
        accuracies[k] = ((outputs / (k + 1) + readout.intercepts).argmax(axis=1) == labels).mean()
    return accuracies


def _operations(network: Network, recording: Recording, readout: LinearReadout) -> float:
    """Number of synapses and output weights that all spikes meet."""
    met: dict[str, np.ndarray] = {}
    for projection in network.projections:
        met[projection.source] = met.get(projection.source, 0) + np.diff(projection.weights.indptr)
    met[chain(network)[-1].name] = np.count_nonzero(readout.coefficients, axis=1)
    return float(sum(met[name][spikes.neuron].sum() for name, spikes in recording.spikes.items()))
