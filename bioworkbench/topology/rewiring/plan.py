"""`RewiringPlan`: when links move, and by which rules, over the rounds of a training."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bioworkbench.records.arrays import Floats, count, fraction, positive
from bioworkbench.topology.rewiring import Rewiring

__all__ = ["RewiringPlan"]


@dataclass(frozen=True)
class RewiringPlan:
    """Rules of removal and regrowth, and the rounds (epochs, episodes) after which they act.

    Parameters
    ----------
    removed_fraction : float
        Of the links per step, rounded down; 0 leaves the topology as it is.
    removal : str or callable
        Score of a link, the smaller the sooner removed; see `bioworkbench.topology.rewiring.removal.REMOVAL_SCORES`.
    sample_removal : bool
        Draw the survivors in proportion to the score to the power of an exponent, which moves from `removal_exponent` to
        `last_removal_exponent` (by default it stays), instead of removing the smallest.
    removal_exponent : float
        Of sampled removal in the first round.
    last_removal_exponent : float, optional
        Of sampled removal in the last round.
    regrowth : str or callable
        A name in `bioworkbench.topology.rewiring.regrowth.REGROWTH_RULES`, or one that the method adds, or a function of the mask.
    sample_regrowth : bool
        Draw new links in proportion to their score instead of taking the largest.
    every : int
        Rounds from one step to the next.
    last_fraction : float
        Fraction of the rounds after which links stay as they are.
    decaying : bool
        Let `removed_fraction` fall to 0 along half a cosine.
    keep_in_degrees : bool
        Regrow onto every target as many links as it lost, so that its number of inputs never changes.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    removed_fraction: float = 0.3
    removal: str | Callable[..., Floats] = "lrs"
    sample_removal: bool = True
    removal_exponent: float = 1.0
    last_removal_exponent: float | None = None
    regrowth: str | Callable[..., Floats] = "ch3_l3"
    sample_regrowth: bool = True
    every: int = 1
    last_fraction: float = 0.75
    decaying: bool = True
    keep_in_degrees: bool = False

    def __post_init__(self) -> None:
        fraction("removed_fraction", self.removed_fraction)
        count("every", self.every)
        fraction("last_fraction", self.last_fraction)
        positive("removal_exponent", self.removal_exponent)
        if self.last_removal_exponent is not None:
            positive("last_removal_exponent", self.last_removal_exponent)

    def rules_after(self, done: int, n_rounds: int) -> Rewiring | None:
        """Rules of the step after a round; None where there is none, as after the last round.

        Parameters
        ----------
        done : int
            Rounds that are finished.
        n_rounds : int
            Of the whole training.

        Returns
        -------
        Rewiring or None
        """
        last = self.last_fraction * n_rounds
        if done % self.every or done > last or done == n_rounds or not self.removed_fraction:
            return None
        progress = done / last
        decay = (1 + math.cos(math.pi * progress)) / 2 if self.decaying else 1.0
        end = self.removal_exponent if self.last_removal_exponent is None else self.last_removal_exponent
        return Rewiring(
            fraction=self.removed_fraction * decay,
            removal=self.removal,
            sample_removal=self.sample_removal,
            exponent=self.removal_exponent + (end - self.removal_exponent) * progress,
            regrowth=self.regrowth,
            sample_regrowth=self.sample_regrowth,
            keep_in_degrees=self.keep_in_degrees,
        )
