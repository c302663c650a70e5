"""Synapses that learn by their own rules while the network sees training trials one after another; labels come last.

No error reaches the network. Between two rounds of trials synapses are scaled, so that each neuron keeps the sum of its weights, and may be
removed and regrown elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.methods.unsupervised.sequence import one_after_another
from bioworkbench.readout.reading import fitted_readout, read_feature
from bioworkbench.readout.trials import blocked_features
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.arrays import Floats, count, non_negative
from bioworkbench.records.choice import Choice, Chosen
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.history import RATE, of_member
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import owner_and_variable, probe_of, variable_name
from bioworkbench.records.randomness import derived_seed, seed_of, stream
from bioworkbench.records.recording import Recording
from bioworkbench.records.synapse import PULSE
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.records.units import Quantity
from bioworkbench.tasks import Task
from bioworkbench.topology.rewiring import Rewiring, delays_on, rewire, weights_on
from bioworkbench.topology.rewiring.plan import RewiringPlan

__all__ = ["Learning", "train"]

_COUNTS, _LABELS = Choice("spike_counts"), Choice("neuron_labels")
_FIXED = RewiringPlan(removed_fraction=0.0, removal="magnitude", sample_removal=False, decaying=False)


@dataclass(frozen=True)
class Learning:
    """How trials are shown while synapses learn.

    Parameters
    ----------
    n_trials : int, optional
        Training trials that are shown, the first ones; by default all.
    n_passes : int
        How often each is shown.
    n_in_round : int
        Trials that follow each other in one simulation; weights are scaled and links moved between two rounds. The last, incomplete round
        of a pass is left out, so that all rounds are of one length, unless it is the only one.
    pause : float, seconds
        Without input, after each trial.
    scaled : bool
        Whether the weights onto each neuron keep the sum that they have at the start.
    kept : sequence of str
        Variables of neurons, ``"exc.theta"``, that go on from round to round and to what is read; all others begin anew.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    n_trials: int | None = None
    n_passes: int = 1
    n_in_round: int = 20
    pause: Seconds = 0.15
    scaled: bool = True
    kept: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("n_passes", "n_in_round"):
            count(name, getattr(self, name))
        non_negative("pause", self.pause)


_LEARNING = Learning()


def train(
    task: Task,
    network: Network,
    simulate: Callable[..., Recording],
    rng: np.random.Generator,
    *,
    learning: Learning = _LEARNING,
    rewiring: RewiringPlan = _FIXED,
    feature: Chosen = _COUNTS,
    readout: Chosen = _LABELS,
    populations: Sequence[str] | None = None,
    block: int = 512,
) -> TrainedNetwork:
    """Let synapses with a rule of their own learn from the trials, then read the network as it is.

    Parameters
    ----------
    task : Task
        Of classes.
    network : Network
        With at least one projection between populations whose synapses change their weights; afterwards these are pulses of the
        learned weights.
    simulate : callable
        ``simulate(network, stimuli, seed, record=...) -> Recording``.
    rng : Generator
        Seeds input spikes, noise, removal and regrowth.
    learning : Learning
        How trials are shown.
    rewiring : RewiringPlan
        Which synapses that learn go between two rounds, and where new ones grow, with weights and delays of randomly chosen synapses of
        the start. By default none.
    feature : Choice
        What the readout sees: a name in ``features.FEATURES`` and its arguments.
    readout : Choice
        How it is fitted, a name in ``fits.READOUTS`` and its arguments; "neuron_labels" gives each neuron the class that it spikes most
        for. It sees all `n_trials`.
    populations : sequence of str, optional
        Whose spikes are read; by default the spiking populations of the highest layer.
    block : int
        Most trials whose spikes are held at once when the readout is fitted.

    Returns
    -------
    TrainedNetwork
        History per round: "rate_<population>" (hertz), "weight" and "change" (mean weight and mean size of its change, in the largest
        weight at the start), "n_moved" (links).

    Raises
    ------
    ValueError
        If no synapse learns, or a name is unknown.

    References
    ----------
    Diehl & Cook (2015), doi:10.3389/fncom.2015.00099. Regrowth: Zhang et al. (2024), https://openreview.net/forum?id=iayEcORsGd.
    """
    read = read_feature(task, network, feature, populations)
    seed = derived_seed(rng)
    _check(network, learning)
    shown = task.train.take(slice(0, learning.n_trials))
    learned, history = _Rounds(task, network, learning, rewiring, seed).run(simulate, shown.values)
    frozen = replace(learned, projections=tuple(_frozen(projection) for projection in learned.projections))
    features = blocked_features(
        frozen, task.encode, shown.values, simulate, seed_of(seed, "readout"), feature=read, block=block
    )  # fmt: skip
    return TrainedNetwork(frozen, read, fitted_readout(task, features, shown.targets, readout), history)


def _learns(projection: Projection) -> bool:
    return projection.synapse.changes_weight and projection.n_synapses > 0


def _frozen(projection: Projection) -> Projection:
    return replace(projection, synapse=PULSE) if _learns(projection) else projection


def _check(network: Network, learning: Learning) -> None:
    learning_ones = [projection.name for projection in network.projections if _learns(projection)]
    if not learning_ones:
        raise ValueError(
            f"none of the projections {', '.join(p.name for p in network.projections)} changes its weights; give one a synapse that "
            "learns, such as pair_stdp"
        )
    for given in learning.kept:
        name, variable = owner_and_variable(given)
        if name not in network.sizes:
            raise ValueError(f"kept: {unknown_name(name, 'population', network.sizes)}")
        names = network.population(name).model.parsed.diff_eq_names
        if variable not in names:
            raise ValueError(f"kept: {unknown_name(variable, f'variable of {name} that equations change', sorted(names))}")


def _sums(projection: Projection) -> Floats:
    links = projection.links
    weights = np.broadcast_to(np.abs(links.weights), links.targets.shape)
    return np.bincount(links.targets, weights, minlength=links.shape[1]).astype(float)


@dataclass(frozen=True)
class _Rounds:
    """Simulation and change in turns."""

    task: Task
    start: Network
    learning: Learning
    rewiring: RewiringPlan
    seed: int

    def run(self, simulate: Callable[..., Recording], values: np.ndarray) -> tuple[Network, dict[str, np.ndarray]]:
        size = self.learning.n_in_round
        rounds = [
            values[k : k + size] for _ in range(self.learning.n_passes) for k in range(0, len(values) // size * size or 1, size)
        ]
        network, history = self.start, {}
        for number, shown in enumerate(rounds):
            stimulus = one_after_another(self.task.encode(shown), self.learning.pause)
            every = min(stimulus.frame, self.learning.pause or stimulus.frame)  # the last is recorded in the pause
            probes = [probe_of(name, every) for name in self.learning.kept]
            recording = simulate(network, stimulus, seed_of(self.seed, f"round {number}"), record=probes)
            step = self.rewiring.rules_after(number + 1, len(rounds))
            network, found = self._gone_on(network, recording, step, number)
            for name, value in found.items():
                history.setdefault(name, []).append(value)
        return network, {name: np.asarray(found) for name, found in history.items()}

    def _gone_on(
        self, network: Network, recording: Recording, step: Rewiring | None, number: int
    ) -> tuple[Network, dict[str, float]]:
        """The network that the next round begins with, and what is followed."""
        found = {
            of_member(RATE, name): len(spikes) / (recording.sizes[name] * recording.duration)
            for name, spikes in recording.spikes.items()
            if name in network.sizes
        }
        projections, changes, n_moved = [], [], 0
        for first, projection in zip(self.start.projections, network.projections, strict=True):
            if _learns(projection):
                own = replace(projection.synapse, bound="")  # scaled weights may lie outside, and are cut as they learn
                links = projection.links.with_values(weights=recording.weights[projection.name][0])
                learned = replace(projection, links=links, synapse=own)
                now, before = learned.links.weights, projection.links.weights
                largest = np.abs(first.links.weights).max() or 1.0
                changes.append([np.mean(now) / largest, np.abs(now - before).mean() / largest])
                projection, moved = self._moved(first, learned, step, stream(self.seed, f"{projection.name} {number}"))
                n_moved += moved
            projections.append(projection)
        populations = tuple(self._kept(population, recording) for population in network.populations)
        weight, change = np.mean(changes, axis=0)
        found |= {"weight": float(weight), "change": float(change), "n_moved": float(n_moved)}
        return replace(network, populations=populations, projections=tuple(projections)), found

    def _kept(self, population: Population, recording: Recording) -> Population:
        model = population.model
        start: dict[str, Any] = dict(model.start)
        for name, variable in map(owner_and_variable, self.learning.kept):
            if name == population.name:
                last = np.asarray(recording.traces[variable_name(name, variable)])[0, -1]
                start[variable] = Quantity(last, dim=model.parsed[variable].dim)
        return replace(population, model=replace(model, start=start))

    def _moved(
        self, first: Projection, learned: Projection, step: Rewiring | None, rng: np.random.Generator
    ) -> tuple[Projection, int]:
        """The projection with links moved and weights scaled, and how many links moved."""
        moved = 0
        if step is not None:
            recurrent = learned.source == learned.target
            result = rewire([learned.weights], replace(step, percolation=False), rng, recurrent=recurrent)
            new = result.weights[0].copy()
            grown = weights_on(new, sparse.csr_array(result.regrown[0], dtype=float)).data > 0
            moved = int(grown.sum())
            chosen = rng.choice(first.n_synapses, moved)
            new.data[grown] = first.weights.data[chosen]
            learned = replace(learned, links=new, delay=delays_on(new, learned.given, grown, first.given, chosen))
        if not self.learning.scaled:
            return learned, moved
        links, wanted, have = learned.links, _sums(first), _sums(learned)
        factor = np.divide(wanted, have, out=np.ones_like(have), where=have > 0)
        return replace(learned, links=links.with_values(weights=links.weights * factor[links.targets])), moved
