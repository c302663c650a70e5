"""How the synapses of a reservoir change between two simulations: which go, where new ones grow, and how all are scaled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from bioworkbench.arrays import Floats, fraction, non_negative, positive
from bioworkbench.errors import unknown_name
from bioworkbench.features import binned_counts
from bioworkbench.network import INPUT, Network, Projection
from bioworkbench.signals import Recording
from bioworkbench.topology.link_removal import REMOVAL_SCORES
from bioworkbench.topology.masks import Mask, link_arrays, mask_shape
from bioworkbench.topology.regrowth import REGROWTH_RULES
from bioworkbench.topology.rewiring import Rewiring, rewire, weights_on
from bioworkbench.topology.spatial import positions

__all__ = [
    "Plasticity",
    "Wiring",
    "lagged_correlations",
    "neuron_rates",
    "source_signs",
]

OWN_REGROWTH = ("correlation", "distance", "none")
_FACTOR_OF_ONE_STEP, _LARGEST_FACTOR = 2.0, 10.0


@dataclass(frozen=True)
class Wiring:
    """Synapses between two simulations.

    Parameters
    ----------
    projections : tuple of Projection
        All of the network, with weights before scaling.
    factors : mapping from population to array (n_neurons,)
        What multiplies the positive and divides the negative recurrent weights onto each neuron.
    set_points : mapping from population to array (n_neurons,), hertz
        Rates that scaling aims at; empty before the first episode.
    """

    projections: tuple[Projection, ...]
    factors: Mapping[str, Floats]
    set_points: Mapping[str, Floats]

    def scaled(self, projection: Projection) -> Projection:
        """The projection as it is simulated."""
        if projection.source == INPUT or not projection.n_synapses:
            return projection
        weights = projection.weights.copy()
        factor = self.factors[projection.target][weights.indices]
        weights.data = weights.data * np.where(weights.data > 0, factor, 1 / factor)
        return replace(projection, weights=weights)

    def network(self, start: Network) -> Network:
        """The start network with these synapses."""
        return replace(start, projections=tuple(self.scaled(projection) for projection in self.projections))


@dataclass(frozen=True)
class Plasticity:
    """Rules of a change.

    Parameters
    ----------
    start : Network
        Its weights and delays are what new synapses are given.
    rewired : tuple of str
        Names of the projections whose synapses move.
    removed_share : float
    removal : str
        "spike_correlation" or a name in `link_removal.REMOVAL_SCORES`.
    sample_removal : bool
    regrowth : str
        A name in `regrowth.REGROWTH_RULES`, or "correlation", "distance" or "none".
    sample_regrowth : bool
    bin : float, seconds
        Of the spike counts whose correlations are taken.
    length : float
        Of regrowth by distance.
    target_rate : float or None, hertz
    scaling : float

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.
    """

    start: Network
    rewired: tuple[str, ...]
    removed_share: float
    removal: str
    sample_removal: bool
    regrowth: str
    sample_regrowth: bool
    bin: float
    length: float
    target_rate: float | None
    scaling: float

    def __post_init__(self) -> None:
        fraction("removed_share", self.removed_share)
        positive("length", self.length)
        positive("bin", self.bin)
        fraction("scaling", self.scaling)
        if self.target_rate is not None:
            non_negative("target_rate", self.target_rate)
        for what, given, known in (
            ("removal score", self.removal, [*REMOVAL_SCORES, "spike_correlation"]),
            ("regrowth rule", self.regrowth, [*REGROWTH_RULES, *OWN_REGROWTH]),
        ):
            if given not in known:
                raise ValueError(unknown_name(given, what, known))
        if self.regrowth != "none":
            self._check_links()

    def _check_links(self) -> None:
        for projection in self.start.projections:
            if (
                projection.name in self.rewired
                and not 0 < int(self.removed_share * projection.n_synapses) < projection.n_synapses
            ):
                raise ValueError(
                    f"removed_share = {self.removed_share} of the {projection.n_synapses} synapses of {projection.name}: at least "
                    "one must go and one stay; choose another share, or regrowth = 'none'"
                )

    @property
    def fresh(self) -> Wiring:
        """The start network's synapses, not scaled."""
        return Wiring(self.start.projections, {name: np.ones(size) for name, size in self.start.sizes.items()}, {})

    def scaled(self, wiring: Wiring, recording: Recording) -> Wiring:
        """Synaptic scaling by the rates of a recording; the first one sets the rates to keep where none is given."""
        rates = {name: neuron_rates(recording, name) for name in recording.spikes}
        set_points = wiring.set_points
        if not set_points:
            aim = self.target_rate
            set_points = {name: rate if aim is None else np.full_like(rate, aim) for name, rate in rates.items()}
        one_spike = 1 / (recording.n_trials * recording.duration)
        factors = dict(wiring.factors)
        for name, rate in rates.items():
            change = ((set_points[name] + one_spike) / (rate + one_spike)) ** self.scaling
            change = np.clip(change, 1 / _FACTOR_OF_ONE_STEP, _FACTOR_OF_ONE_STEP)
            factors[name] = np.clip(factors[name] * change, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR)
        return replace(wiring, factors=factors, set_points=set_points)

    def rewired_by(
        self, wiring: Wiring, recording: Recording, draw: Callable[[str], np.random.Generator]
    ) -> tuple[Wiring, dict[str, float]]:
        """The wiring after weak synapses have gone and as many have grown elsewhere.

        Parameters
        ----------
        wiring : Wiring
        recording : Recording
            Of the network with this wiring.
        draw : callable
            Random generator by name of a projection.

        Returns
        -------
        wiring : Wiring
        history : dict
            "overlap", the share of new synapses that had just been removed, and "n_filled", how many had to be placed at random.
        """
        changed, overlaps, n_filled = [], [], 0
        for projection in wiring.projections:
            if projection.name in self.rewired:
                projection, overlap, filled = self._moved(wiring, projection, recording, draw(projection.name))
                overlaps.append(overlap)
                n_filled += filled
            changed.append(projection)
        return replace(wiring, projections=tuple(changed)), {"overlap": float(np.mean(overlaps)), "n_filled": float(n_filled)}

    def _moved(
        self, wiring: Wiring, projection: Projection, recording: Recording, rng: np.random.Generator
    ) -> tuple[Projection, float, int]:
        correlations = np.zeros((0, 0))
        if "correlation" in self.regrowth or self.removal == "spike_correlation":
            correlations = np.abs(lagged_correlations(recording, projection.source, projection.target, self.bin))
        rules = Rewiring(
            share=self.removed_share,
            removal=_used(correlations) if self.removal == "spike_correlation" else self.removal,
            sample_removal=self.sample_removal,
            regrowth=self._rule(projection, correlations),
            sample_regrowth=self.sample_regrowth,
            percolation=False,
        )
        weights = wiring.scaled(projection).weights
        weights = weights / (np.abs(weights.data).mean() or 1.0)  # scores must not depend on the unit
        result = rewire([weights], rules, rng, recurrent=projection.source == projection.target)
        before = next(p for p in self.start.projections if p.name == projection.name)
        return _given_weights(projection, result.weights[0], before, rng), result.overlap[0], result.n_filled[0]

    def _rule(self, projection: Projection, correlations: Floats) -> str | Callable[[Mask], Floats]:
        if self.regrowth == "correlation":
            return lambda mask: correlations
        if self.regrowth == "distance":
            return lambda mask: _closeness(mask_shape(mask), self.length)
        return self.regrowth


def _used(correlations: Floats) -> Callable[[sparse.csr_array], Floats]:
    """Score of a synapse: size of its weight times that of the correlation between its two neurons."""

    def score(weights: sparse.csr_array) -> Floats:
        sources, targets = link_arrays(weights)
        return np.abs(weights.data) * correlations[sources, targets]

    return score


def _closeness(shape: tuple[int, int], length: float) -> Floats:
    apart = np.abs(positions(shape[0])[:, None] - positions(shape[1])[None])
    return np.exp(-np.linalg.norm(np.minimum(apart, 1 - apart), axis=2) / length)


def _given_weights(projection: Projection, mask: Mask, start: Projection, rng: np.random.Generator) -> Projection:
    """The projection with the links of a mask: those it had keep weight and delay, others get them from synapses at the start."""
    pattern = sparse.csr_array(
        (np.ones(projection.n_synapses), projection.weights.indices, projection.weights.indptr), mask_shape(mask)
    )
    born = weights_on(mask, pattern).data == 0
    weights = weights_on(mask, projection.weights)
    chosen = rng.integers(start.n_synapses, size=int(born.sum()))
    signs = source_signs(start.weights)
    drawn = start.weights.data[chosen]
    weights.data[born] = drawn if signs is None else np.abs(drawn) * signs[link_arrays(mask)[0][born]]
    delay = projection.delay
    if isinstance(delay, np.ndarray):
        delays = weights_on(
            mask, sparse.csr_array((delay, projection.weights.indices, projection.weights.indptr), mask_shape(mask))
        )
        delays.data[born] = np.asarray(start.delay)[chosen]
        delay = delays.data
    return replace(projection, weights=weights, delay=delay)


def source_signs(weights: sparse.csr_array) -> Floats | None:
    """Sign (n_source,) of the weights of every source, as Dale's law has it; None where a source has weights of both signs.

    A source without synapses has the sign of the sum of all weights.

    Examples
    --------
    >>> source_signs(sparse.csr_array([[0.0, 2.0], [-1.0, -3.0], [0.0, 0.0]]))
    array([ 1., -1., -1.])
    """
    sources = link_arrays(weights)[0]
    n_source = mask_shape(weights)[0]
    ups, downs = (np.bincount(sources[side], minlength=n_source) > 0 for side in (weights.data > 0, weights.data < 0))
    if (ups & downs).any():
        return None
    usual = 1.0 if weights.data.sum() >= 0 else -1.0
    return np.where(ups, 1.0, np.where(downs, -1.0, usual))


def neuron_rates(recording: Recording, population: str) -> Floats:
    """Mean rate of every neuron (n_neurons,), hertz."""
    counts = np.bincount(recording.spikes[population].neuron, minlength=recording.sizes[population])
    return counts / (recording.n_trials * recording.duration)


def lagged_correlations(recording: Recording, source: str, target: str, bin: float) -> Floats:
    """Pearson correlations (n_source, n_target) of spike counts of sources with those of targets one bin later, over all trials.

    Parameters
    ----------
    recording : Recording
    source, target : str
        Populations.
    bin : float, seconds
        A whole number of steps that divides the duration of a trial.

    Raises
    ------
    ValueError
        If the bin does not divide the duration, or only one fits into it.
    """
    early = binned_counts(recording, [source], bin=bin, per_frame=True)
    if early.shape[1] < 2:
        raise ValueError(f"bin = {bin} s: at least two bins must fit into a trial of {recording.duration} s")
    late = early if source == target else binned_counts(recording, [target], bin=bin, per_frame=True)
    one, other = _standardised(early[:, :-1]), _standardised(late[:, 1:])
    return one.T @ other / len(one)


def _standardised(counts: Floats) -> Floats:
    """Rows (n_trials * n_bins, n_neurons) with mean 0 and deviation 1; 0 for neurons that never change."""
    rows = counts.reshape(-1, counts.shape[2])
    deviation = rows.std(axis=0)
    return np.divide(rows - rows.mean(axis=0), deviation, out=np.zeros_like(rows), where=deviation > 0)
