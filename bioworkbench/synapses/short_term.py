"""Synapses whose strength depends on the spikes just before, or on chance."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import numpy as np
from brian2.units import Quantity, ms, second

from bioworkbench.records.arrays import fraction, positive
from bioworkbench.records.synapse import SynapseModel

__all__ = ["stochastic_release", "tsodyks_markram"]


def tsodyks_markram(
    *, use: Quantity | float = 0.5, recovery: Quantity = 800 * ms, facilitation: Quantity = 0 * ms
) -> SynapseModel:
    """Short-term depression and facilitation: a spike uses a fraction of what has recovered, and raises that fraction for a while.

    Parameters
    ----------
    use : float
        Fraction that the first spike uses, and by which each spike raises it. It and the times may be arrays (n_synapses,).
    recovery : Quantity, second
        Time constant with which what was used recovers.
    facilitation : Quantity, second
        Time constant with which the raised fraction falls; 0 for a synapse that only tires: every spike uses the same fraction.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If the fraction lies outside [0, 1], recovery is not above 0, or facilitation is negative.

    References
    ----------
    Tsodyks, Pawelzik and Markram, Neural Comput. 10, 1998, doi 10.1162/089976698300017502; Tsodyks, Uziel and Markram, J. Neurosci. 20,
    2000, doi 10.1523/JNEUROSCI.20-01-j0003.2000.
    """
    fraction("use", use)
    positive("recovery", recovery / second)
    if np.any(facilitation < 0 * second):
        raise ValueError(f"facilitation = {facilitation}: a time cannot be negative; 0 leaves facilitation out")
    constants = {"use": use, "recovery": recovery}
    equations, act = "dx/dt = (1 - x)/recovery : 1 (event-driven)", "{receiver}_post += weight*%s*x\nx -= %s*x"
    if np.all(facilitation == 0 * second):
        return SynapseModel(equations, act % ("use", "use"), constants=constants, start={"x": 1.0})
    equations += "\ndu/dt = -u/facilitation : 1 (event-driven)"
    on_pre = "u += use*(1 - u)\n" + act % ("u", "u")
    return SynapseModel(equations, on_pre, constants=constants | {"facilitation": facilitation}, start={"x": 1.0})


def stochastic_release(*, probability: float = 0.5, n_sites: int = 1) -> SynapseModel:
    """Each of some sites releases with a probability, on its own; the weight is what one site gives.

    Parameters
    ----------
    probability : float
        With which a site releases at a spike.
    n_sites : int
        At most 5.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If the probability lies outside [0, 1], or the number of sites outside 1 ... 5.

    References
    ----------
    Del Castillo and Katz, J. Physiol. 124, 1954, doi 10.1113/jphysiol.1954.sp005129.
    """
    fraction("probability", probability)
    if n_sites not in range(1, 6):
        raise ValueError(f"n_sites = {n_sites}: must be between 1 and 5; more are several synapses between the same neurons")
    released = " + ".join(["int(rand() < probability)"] * n_sites)
    return SynapseModel(on_pre=f"{{receiver}}_post += weight*({released})", constants={"probability": probability})
