"""Last two stages of CH-SNN, between epochs: links are scored and removed, dead neurons lose theirs, as many regrow."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from bioworkbench.records.arrays import fraction
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.history import NODE_SPARSITY
from bioworkbench.records.lazily import later
from bioworkbench.records.randomness import stream
from bioworkbench.topology.masks import Mask
from bioworkbench.topology.rewiring import Rewired, Rewiring, rewire
from bioworkbench.topology.rewiring.percolation import Skips, active_node_fraction, node_sparsity
from bioworkbench.topology.rewiring.plan import RewiringPlan
from bioworkbench.topology.rewiring.regrowth import REGROWTH_RULES
from bioworkbench.topology.rewiring.removal import REMOVAL_SCORES

if TYPE_CHECKING:
    from bioworkbench.gradients.training import State

__all__ = ["Evolution", "LayerRewiring", "layer_history"]

_layer_measures = later("bioworkbench.topology.measures:layer_measures")  # their kernels bring numba, JAX comes with links
_fit_power_law = later("bioworkbench.topology.measures.power_law:fit_power_law")
_linked_chain, _links_of, _relinked = (
    later(f"bioworkbench.gradients.linked_states:{name}") for name in ("linked_chain", "links_of", "relinked")
)

_PARTS = [field.name for field in fields(Rewired)]

Gradients = Callable[["State", int], list[np.ndarray]]
"""``gradients(state, epoch)``: of the weights of every layer that has links, absent ones included."""


@dataclass(frozen=True)
class LayerRewiring(RewiringPlan):
    """When and how the links of layers change; rounds are epochs.

    Parameters
    ----------
    percolation : bool
        Remove the links of neurons that lost all inputs or all outputs.
    keep_weights : bool
        A link that is removed and regrown in the same step keeps its weight; all others start at 0.
    overlap_stop : float, optional
        A layer is settled once more than this fraction of its regrown links had just been removed; links stay as they are once
        all layers are settled.

    Raises
    ------
    ValueError
        If a number is out of range or a rule unknown.

    See Also
    --------
    RewiringPlan : all further settings. Regrowth "gradient" takes the largest gradients of absent links.
    """

    percolation: bool = True
    keep_weights: bool = True
    overlap_stop: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.overlap_stop is not None:
            fraction("overlap_stop", self.overlap_stop)
        for what, given, known in (
            ("removal score", self.removal, list(REMOVAL_SCORES)),
            ("regrowth rule", self.regrowth, [*REGROWTH_RULES, "gradient"]),
        ):
            if not callable(given) and given not in known:
                raise ValueError(unknown_name(given, what, known))

    def rules_after(self, done: int, n_rounds: int) -> Rewiring | None:
        """Rules of the step after an epoch; None where there is none.

        Parameters
        ----------
        done : int
            Epochs that are finished.
        n_rounds : int
            Of the whole training.

        Returns
        -------
        Rewiring or None
        """
        rules = super().rules_after(done, n_rounds)
        return None if rules is None else replace(rules, percolation=self.percolation, keep_weights=self.keep_weights)


@dataclass(frozen=True)
class Evolution:
    """The links of a network during its training.

    Parameters
    ----------
    plan : LayerRewiring
    epochs : int
        Of the whole training.
    seed : int
        Each step draws from it and its epoch.
    skips : sequence of (int, int)
        As of `bioworkbench.topology.rewiring.percolation.percolated`.
    """

    plan: LayerRewiring
    epochs: int
    seed: int
    skips: Skips = ()

    def between(self, gradients: Gradients) -> "Callable[[int, State], tuple[State, dict[str, float]]]":
        """What happens after an epoch, as the training loop calls it.

        Parameters
        ----------
        gradients : Gradients
            Of the network in training, for removal and regrowth that look at them.

        Returns
        -------
        callable (epoch, state) -> (state, numbers for the history)
        """

        def change(epoch: int, state: "State") -> "tuple[State, dict[str, float]]":
            began, rules, values = (
                time.perf_counter(),
                self.plan.rules_after(epoch + 1, self.epochs),
                {"overlap": np.nan, "n_filled": 0.0},
            )
            settled = np.asarray(state.fixed["settled"])
            if rules is not None and not settled.all():
                result = self._step(state, rules, epoch, gradients)
                state = _relinked(state, result.weights, _regrown_at_zero(result))
                values = {"overlap": float(np.mean(result.overlap)), "n_filled": float(sum(result.n_filled))}
                if self.plan.overlap_stop is not None:
                    settled = settled | (np.array(result.overlap) > self.plan.overlap_stop)
                state = replace(state, fixed=state.fixed | {"settled": settled})
            values["rewiring_seconds"] = time.perf_counter() - began
            weights, _ = _linked_chain(state)
            # attention stands there with all pairs of its channels; what has weights is a link
            values["n_links"] = float(sum(own["weights"].size for own in state.parameters["layers"][-len(weights) :]))
            return state, {**values, **layer_history(weights, self.skips)}

        return change

    def _step(self, state: "State", rules: Rewiring, epoch: int, gradients: Gradients) -> Rewired:
        rng = stream(self.seed, f"rewiring after epoch {epoch}")
        if rules.regrowth != "gradient":
            chain, linked = _linked_chain(state)
            result = rewire(chain, rules, rng, skips=self.skips, shared=True)
            return Rewired(*(tuple(compress(getattr(result, name), linked)) for name in _PARTS))
        # Each layer has scores of its own here, so that layers are rewired one by one; links that then lead nowhere stay.
        sizes = [np.abs(gradient) for gradient in gradients(state, epoch)]
        parts = [
            rewire([layer], replace(rules, regrowth=_scores(size), percolation=False), rng)
            for layer, size in zip(_links_of(state), sizes, strict=True)
        ]
        return Rewired(*(tuple(getattr(part, name)[0] for part in parts) for name in _PARTS))


def _scores(values: np.ndarray) -> Callable[[Mask], Any]:
    return lambda mask: values


def _regrown_at_zero(result: Rewired) -> list[Mask]:
    """Regrown links that start at 0."""
    return [new > abs(layer).astype(bool) for new, layer in zip(result.regrown, result.weights, strict=True)]


def layer_history(weights: Any, skips: Skips = ()) -> Mapping[str, float]:
    """Numbers that describe the topology of all layers, for the history of a training.

    "active_nodes" (fraction of nodes with links), "node_sparsity" (fraction of hidden neurons that are on no path from input to
    output; a filter counts as one); and for layer k "clustering_k" (four-cycle clustering over that of random links, the bipartite
    stand-in for small-worldness) and "degree_exponent_k" (power law fitted to the degrees of all its nodes; NaN where none fits).

    Parameters
    ----------
    weights : sequence of sparse arrays (n_source, n_target)
        Of every layer; of a convolution, its kernel (size * size * channels, filters); of attention, all pairs of its channels.
    skips : sequence of (int, int)
        As of `bioworkbench.topology.rewiring.percolation.percolated`.

    Returns
    -------
    mapping
    """
    values: dict[str, float] = {
        "active_nodes": active_node_fraction(_patterns(weights), shared=True),
        NODE_SPARSITY: node_sparsity(_patterns(weights), skips, shared=True),
    }
    for number, layer in enumerate(_patterns(weights)):
        found = _layer_measures(layer)
        density = 1 - found["sparsity"]
        values[f"clustering_{number}"] = found["four_cycle_clustering"] / density if density else math.nan
        values[f"degree_exponent_{number}"] = _degree_exponent(layer)
    return values


def _patterns(weights: Any) -> list[Mask]:
    """Links without their weights: one is there even where its weight is 0."""
    return [type(layer)((np.ones(layer.nnz, bool), layer.indices, layer.indptr), shape=layer.shape) for layer in weights]


def _degree_exponent(mask: Mask) -> float:
    degrees = np.concatenate([np.diff(mask.indptr), np.bincount(mask.indices, minlength=mask.shape[1])])
    try:
        return _fit_power_law(degrees).exponent
    except TopologyError:  # all degrees are equal
        return math.nan
