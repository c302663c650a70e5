"""How the synapses of a reservoir change between two simulations: which go, where new ones grow, and how all are scaled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from bioworkbench.readout.features import binned_counts
from bioworkbench.readout.spike_distributions import neuron_rates
from bioworkbench.records.annotations import Hertz, Seconds
from bioworkbench.records.arrays import Floats, fraction, non_negative, positive
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.network import INPUT, Network, Projection
from bioworkbench.records.recording import Recording
from bioworkbench.topology.generators.spatial import positions
from bioworkbench.topology.masks import Mask, link_arrays, mask_shape
from bioworkbench.topology.rewiring import Rewiring, delays_on, rewire, weights_on
from bioworkbench.topology.rewiring.plan import RewiringPlan
from bioworkbench.topology.rewiring.regrowth import REGROWTH_RULES
from bioworkbench.topology.rewiring.removal import REMOVAL_SCORES
from bioworkbench.topology.rewiring.selection import part_of

__all__ = [
    "Plasticity",
    "ReservoirRewiring",
    "Scaling",
    "Wiring",
    "lagged_correlations",
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
        """The `projection` as it is simulated: its weights times the factors of synaptic scaling."""
        if projection.source == INPUT or not projection.n_synapses:
            return projection
        links = projection.links
        factor = self.factors[projection.target][links.targets]
        return replace(projection, links=links.with_values(links.weights * np.where(links.weights > 0, factor, 1 / factor)))

    def network(self, start: Network) -> Network:
        """The `start` network with these synapses."""
        return replace(start, projections=tuple(self.scaled(projection) for projection in self.projections))


@dataclass(frozen=True)
class ReservoirRewiring(RewiringPlan):
    """Which synapses go between two simulations, and where new ones grow; rounds are episodes.

    Parameters
    ----------
    removal : str
        "spike_correlation" is the size of a weight times that of the correlation between spike counts of its source and those of
        its target one bin later; others see weights alone, in units of their mean size, as named in
        `bioworkbench.topology.rewiring.removal.REMOVAL_SCORES`.
    regrowth : str
        A rule of `bioworkbench.topology.rewiring.regrowth.REGROWTH_RULES` on the mask of the projection ("ch3_l3", "random", ...);
        "correlation" of spikes as in `removal`; "distance", likelier the closer the neurons, as exp(-d / length), at the places of
        `bioworkbench.topology.generators.spatial.positions`; "none" leaves all synapses where they are.
    projections : sequence of str, optional
        Names of the projections whose synapses move; by default all between populations that spike.
    bin : float, seconds
        Of the spike counts whose correlations are taken; divides the duration of a trial.
    length : float
        Of regrowth by distance, in sides of the square in which the neurons lie.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.

    See Also
    --------
    RewiringPlan : all further settings.
    """

    removed_fraction: float = 0.1
    removal: str = "spike_correlation"
    sample_removal: bool = False
    last_fraction: float = 0.8
    decaying: bool = False
    projections: Sequence[str] | None = None
    bin: Seconds = 0.005
    length: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("length", self.length)
        positive("bin", self.bin)
        for what, given, known in (
            ("removal score", self.removal, [*REMOVAL_SCORES, "spike_correlation"]),
            ("regrowth rule", self.regrowth, [*REGROWTH_RULES, *OWN_REGROWTH]),
        ):
            if not callable(given) and given not in known:
                raise ValueError(unknown_name(given, what, known))

    @property
    def by_correlation(self) -> bool:
        """Whether correlations of spikes decide which synapses move."""
        return self.regrowth == "correlation" or self.removal == "spike_correlation"

    def check_recording(self, recording: Recording) -> None:
        """Raise ValueError if correlations that decide cannot be taken of such a `recording`."""
        if self.by_correlation and self.removed_fraction and self.regrowth != "none":
            _binned(recording, next(iter(recording.spikes)), self.bin)


@dataclass(frozen=True)
class Scaling:
    """Synaptic scaling, which keeps the rate of every neuron.

    Parameters
    ----------
    target_rate : float, hertz, optional
        Rate that every neuron is scaled to; by default its own in the first episode.
    exponent : float
        Positive weights onto a neuron are multiplied, negative ones divided, by (target / rate) to this power, by 2 at most per
        episode and 10 in all; 0 scales nothing.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Turrigiano (2008), doi:10.1016/j.cell.2008.10.008.
    """

    target_rate: Hertz | None = None
    exponent: float = 0.5

    def __post_init__(self) -> None:
        fraction("scaling.exponent", self.exponent)
        if self.target_rate is not None:
            non_negative("target_rate", self.target_rate)


@dataclass(frozen=True)
class Plasticity:
    """Rules of a change.

    Parameters
    ----------
    start : Network
        Its weights and delays are what new synapses are given.
    rewiring : ReservoirRewiring
        With its projections named.
    scaling : Scaling

    Raises
    ------
    ValueError
        If a projection has too few synapses to move a fraction of them.
    """

    start: Network
    rewiring: ReservoirRewiring
    scaling: Scaling

    def __post_init__(self) -> None:
        if self.rewiring.regrowth != "none":
            self._check_links()

    def _check_links(self) -> None:
        for projection in self.start.projections:
            n, moving = projection.n_synapses, projection.name in self._moving
            if moving and not 0 < part_of(self.rewiring.removed_fraction, n) < n:
                raise ValueError(
                    f"removed_fraction = {self.rewiring.removed_fraction} of the {n} synapses of {projection.name}: at least one "
                    "must go and one stay; choose another fraction, or regrowth = 'none'"
                )

    @property
    def _moving(self) -> Sequence[str]:
        return self.rewiring.projections or ()

    @property
    def fresh(self) -> Wiring:
        """The start network's synapses, not scaled."""
        return Wiring(self.start.projections, {name: np.ones(size) for name, size in self.start.sizes.items()}, {})

    def scaled(self, wiring: Wiring, recording: Recording) -> Wiring:
        """The wiring after scaling by the rates of a recording; the first one sets the rates to keep where none is given.

        Parameters
        ----------
        wiring : Wiring
        recording : Recording
            Of the network with this wiring.

        Returns
        -------
        Wiring
        """
        rates = {name: neuron_rates(recording, name) for name in recording.spikes}
        set_points = wiring.set_points
        if not set_points:
            aim = self.scaling.target_rate
            set_points = {name: rate if aim is None else np.full_like(rate, aim) for name, rate in rates.items()}
        # A neuron that never spikes has no rate to divide by: one spike more in the whole recording keeps the ratio finite.
        one_spike = 1 / (recording.n_trials * recording.duration)
        factors = dict(wiring.factors)
        for name, rate in rates.items():
            change = ((set_points[name] + one_spike) / (rate + one_spike)) ** self.scaling.exponent
            change = np.clip(change, 1 / _FACTOR_OF_ONE_STEP, _FACTOR_OF_ONE_STEP)
            factors[name] = np.clip(factors[name] * change, 1 / _LARGEST_FACTOR, _LARGEST_FACTOR)
        return replace(wiring, factors=factors, set_points=set_points)

    def rewired_by(
        self, wiring: Wiring, recording: Recording, step: Rewiring, draw: Callable[[str], np.random.Generator]
    ) -> tuple[Wiring, dict[str, float]]:
        """The wiring after weak synapses have gone and as many have grown elsewhere.

        Parameters
        ----------
        wiring : Wiring
        recording : Recording
            Of the network with this wiring, before it was scaled.
        step : Rewiring
            Fraction, exponent and sampling of this step.
        draw : callable
            Random generator by name of a projection.

        Returns
        -------
        wiring : Wiring
        history : dict
            "overlap", the fraction of new synapses that had just been removed, and "n_filled", how many had to be placed at random.
        """
        changed, overlaps, n_filled = [], [], 0
        for projection in wiring.projections:
            if projection.name in self._moving:
                projection, overlap, filled = self._moved(wiring, projection, recording, step, draw(projection.name))
                overlaps.append(overlap)
                n_filled += filled
            changed.append(projection)
        return replace(wiring, projections=tuple(changed)), {"overlap": float(np.mean(overlaps)), "n_filled": float(n_filled)}

    def _moved(
        self, wiring: Wiring, projection: Projection, recording: Recording, step: Rewiring, rng: np.random.Generator
    ) -> tuple[Projection, float, int]:
        correlations = np.zeros((0, 0))
        if self.rewiring.by_correlation:
            correlations = np.abs(lagged_correlations(recording, projection.source, projection.target, self.rewiring.bin))
        rules = replace(
            step,
            removal=_used(correlations) if self.rewiring.removal == "spike_correlation" else step.removal,
            regrowth=self._rule(correlations),
            percolation=False,
        )
        # Scored with the scaling that has just been found; the wiring keeps the weights without it.
        weights = wiring.scaled(projection).weights
        weights = weights / (np.abs(weights.data).mean() or 1.0)  # scores must not depend on the unit
        result = rewire([weights], rules, rng, recurrent=projection.source == projection.target)
        # New synapses draw from those of the start, not from the present ones: drawing from survivors, episode after episode,
        # would let the distribution of weights drift.
        before = next(p for p in self.start.projections if p.name == projection.name)
        return _given_weights(projection, result.weights[0], before, rng), result.overlap[0], result.n_filled[0]

    def _rule(self, correlations: Floats) -> str | Callable[[Mask], Floats]:
        if self.rewiring.regrowth == "correlation":
            return lambda mask: correlations
        if self.rewiring.regrowth == "distance":
            return lambda mask: _closeness(mask_shape(mask), self.rewiring.length)
        return self.rewiring.regrowth


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
    # Ones in place of the weights: a synapse of weight 0 is still one that was there.
    pattern = sparse.csr_array(
        (np.ones(projection.n_synapses), projection.weights.indices, projection.weights.indptr), mask_shape(mask)
    )
    grown = weights_on(mask, pattern).data == 0
    weights = weights_on(mask, projection.weights)
    chosen = rng.integers(start.n_synapses, size=int(grown.sum()))
    signs = source_signs(start.weights)
    # By Dale's law a source has one sign: sizes are drawn from all synapses, signs belong to the source.
    drawn = start.weights.data[chosen]
    weights.data[grown] = drawn if signs is None else np.abs(drawn) * signs[link_arrays(mask)[0][grown]]
    return replace(projection, links=weights, delay=delays_on(mask, projection.given, grown, start.given, chosen))


def source_signs(weights: sparse.csr_array) -> Floats | None:
    """Sign of the weights of every source, as Dale's law has it; None where a source has weights of both signs.

    A source without synapses has the sign of the sum of all weights.

    Parameters
    ----------
    weights : sparse array (n_source, n_target)

    Returns
    -------
    array (n_source,) or None

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


def lagged_correlations(recording: Recording, source: str, target: str, bin: float) -> Floats:
    """Pearson correlations of spike counts of sources with those of targets one bin later, over all trials.

    Parameters
    ----------
    recording : Recording
    source, target : str
        Populations.
    bin : float, seconds
        A whole number of steps that divides the duration of a trial.

    Returns
    -------
    array (n_source, n_target)

    Raises
    ------
    ValueError
        If the bin does not divide the duration, or only one fits into it.
    """
    early = _binned(recording, source, bin)
    late = early if source == target else binned_counts(recording, [target], bin=bin, per_frame=True)
    one, other = _standardized(early[:, :-1]), _standardized(late[:, 1:])
    return one.T @ other / len(one)


def _binned(recording: Recording, population: str, bin: float) -> Floats:
    counts = binned_counts(recording, [population], bin=bin, per_frame=True)
    if counts.shape[1] < 2:
        raise ValueError(f"bin = {bin} s: at least two bins must fit into a trial of {recording.duration} s")
    return counts


def _standardized(counts: Floats) -> Floats:
    """Rows (n_trials * n_bins, n_neurons) with mean 0 and deviation 1; 0 for neurons that never change."""
    rows = counts.reshape(-1, counts.shape[2])
    deviation = rows.std(axis=0)
    return np.divide(rows - rows.mean(axis=0), deviation, out=np.zeros_like(rows), where=deviation > 0)
