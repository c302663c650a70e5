"""Last two stages of CH-SNN, between epochs: links are scored and removed, dead neurons lose theirs, as many regrow."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioworkbench.arrays import count, fraction, positive
from bioworkbench.errors import TopologyError, unknown_name
from bioworkbench.gradients.linked import links_of, relinked
from bioworkbench.gradients.training import State
from bioworkbench.randomness import stream
from bioworkbench.topology.link_removal import REMOVAL_SCORES
from bioworkbench.topology.masks import Mask
from bioworkbench.topology.measures import layer_measures
from bioworkbench.topology.percolation import active_node_share, node_sparsity
from bioworkbench.topology.power_law import fit_power_law
from bioworkbench.topology.regrowth import REGROWTH_RULES
from bioworkbench.topology.rewiring import Rewired, Rewiring, rewire

__all__ = ["Evolution", "layer_history"]

Gradients = Callable[[State, int], list[np.ndarray]]
"""``gradients(state, epoch)``: of the weights of every layer, absent links included."""


@dataclass(frozen=True)
class Evolution:
    """When and how links change.

    Parameters
    ----------
    rules : Rewiring
        At the start; its share and exponent follow the schedules. Regrowth "gradient" takes the largest gradients.
    epochs : int
        Of the whole training.
    every : int
        Epochs from one step to the next.
    last_share : float
        Share of the epochs after which links stay as they are.
    decaying : bool
        Whether the share of removed links falls to 0 along half a cosine.
    last_exponent : float
        The exponent of sampled removal moves to this along a line.
    overlap_stop : float, optional
        A layer is settled once more than this share of its regrown links had just been removed; links stay as they are once
        all layers are settled.
    seed : int
        Each step draws from it and its epoch.

    Raises
    ------
    ValueError
        If a number is out of range or a rule unknown.
    """

    rules: Rewiring
    epochs: int
    every: int
    last_share: float
    decaying: bool
    last_exponent: float
    overlap_stop: float | None
    seed: int

    def __post_init__(self) -> None:
        count("every", self.every)
        fraction("last_share", self.last_share)
        positive("removal_exponent", self.rules.exponent)
        positive("last_removal_exponent", self.last_exponent)
        if self.overlap_stop is not None:
            fraction("overlap_stop", self.overlap_stop)
        if self.rules.removal not in REMOVAL_SCORES:
            raise ValueError(unknown_name(str(self.rules.removal), "removal score", REMOVAL_SCORES))
        if self.rules.regrowth not in (*REGROWTH_RULES, "gradient"):
            raise ValueError(unknown_name(str(self.rules.regrowth), "regrowth rule", [*REGROWTH_RULES, "gradient"]))

    @property
    def last_epoch(self) -> float:
        """Epochs during which links change."""
        return self.last_share * self.epochs

    def rules_after(self, epoch: int) -> Rewiring | None:
        """Rules of the step after an epoch (counted from 0); None where there is none."""
        done = epoch + 1
        if done % self.every or done > self.last_epoch or done == self.epochs or not self.rules.share:
            return None
        progress = done / self.last_epoch
        share = self.rules.share * (1 + math.cos(math.pi * progress)) / 2 if self.decaying else self.rules.share
        exponent = self.rules.exponent + (self.last_exponent - self.rules.exponent) * progress
        return replace(self.rules, share=share, exponent=exponent)

    def between(self, gradients: Gradients) -> Callable[[int, State], tuple[State, dict[str, float]]]:
        """What happens after an epoch."""

        def change(epoch: int, state: State) -> tuple[State, dict[str, float]]:
            began, rules, values = time.perf_counter(), self.rules_after(epoch), {"overlap": np.nan, "n_filled": 0.0}
            settled = np.asarray(state.fixed["settled"])
            if rules is not None and not settled.all():
                result = self._step(state, rules, epoch, gradients)
                state = relinked(state, result.weights, _newborn(result))
                values = {"overlap": float(np.mean(result.overlap)), "n_filled": float(sum(result.n_filled))}
                if self.overlap_stop is not None:
                    settled = settled | (np.array(result.overlap) > self.overlap_stop)
                state = replace(state, fixed=state.fixed | {"settled": settled})
            seconds = time.perf_counter() - began
            return state, {**values, "rewiring_seconds": seconds, **layer_history(links_of(state))}

        return change

    def _step(self, state: State, rules: Rewiring, epoch: int, gradients: Gradients) -> Rewired:
        weights, rng = links_of(state), stream(self.seed, f"rewiring after epoch {epoch}")
        if rules.regrowth != "gradient":
            return rewire(weights, rules, rng)
        sizes = [np.abs(gradient) for gradient in gradients(state, epoch)]
        parts = [
            rewire([layer], replace(rules, regrowth=_scores(size), percolation=False), rng)
            for layer, size in zip(weights, sizes, strict=True)
        ]
        return Rewired(*(tuple(getattr(part, name)[0] for part in parts) for name in Rewired.__dataclass_fields__))


def _scores(values: np.ndarray) -> Callable[[Mask], Any]:
    return lambda mask: values


def _newborn(result: Rewired) -> list[Mask]:
    """Regrown links that start at 0."""
    return [new > abs(layer).astype(bool) for new, layer in zip(result.regrown, result.weights, strict=True)]


def layer_history(weights: Any) -> Mapping[str, float]:
    """Numbers that describe the topology of all layers, for the history of a training.

    "n_links", "active_nodes" (share of nodes with links), "node_sparsity" (share of hidden neurons that are on no way from
    input to output); and for layer k "clustering_k" (four-cycle clustering over that of random links, the bipartite stand-in
    for small-worldness) and "degree_exponent_k" (power law fitted to the degrees of all its nodes; NaN where none fits).
    """
    values: dict[str, float] = {
        "n_links": float(sum(layer.nnz for layer in weights)),
        "active_nodes": active_node_share(_patterns(weights)),
        "node_sparsity": node_sparsity(_patterns(weights)),
    }
    for number, layer in enumerate(_patterns(weights)):
        found = layer_measures(layer)
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
        return fit_power_law(degrees).exponent
    except TopologyError:  # all degrees are equal
        return math.nan
