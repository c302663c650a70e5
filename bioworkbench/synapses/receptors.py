"""Receptors: what a spike opens in the target, summed over its synapses, and how it closes again.

The target receives in a parameter, such as ``drive`` of `noisy_lif` or ``g : siemens`` of a model of your own; its weights are the
conductance or current of one spike, and the parameter is the sum over the synapses of a neuron.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import numpy as np
from brian2.units import Quantity, ms, second

from bioworkbench.records.arrays import positive
from bioworkbench.records.synapse import SynapseModel

__all__ = ["alpha", "biexponential", "exponential", "nmda"]

_SUM = "{receiver}_post = weight*s : {unit} (summed)"


def _time(name: str, value: Quantity) -> Quantity:
    positive(name, value / second)
    return value


def exponential(*, decay: Quantity = 5 * ms) -> SynapseModel:
    """Receptor that opens at once and closes exponentially, such as AMPA (5 ms) and GABA-A (10 ms).

    Parameters
    ----------
    decay : Quantity, second
        Time constant of closing.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time is not above 0.

    References
    ----------
    Destexhe, Mainen and Sejnowski, in Methods in Neuronal Modeling, MIT Press 1998.
    """
    equations = f"ds/dt = -s/decay : 1 (clock-driven)\n{_SUM}"
    return SynapseModel(equations, on_pre="s += 1", constants={"decay": _time("decay", decay)})


def alpha(*, peak: Quantity = 2 * ms) -> SynapseModel:
    """Receptor with the time course ``t/peak * exp(1 - t/peak)``, whose largest value is 1.

    Parameters
    ----------
    peak : Quantity, second
        Time from a spike to the largest value.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time is not above 0.

    References
    ----------
    Rall, J. Neurophysiol. 30, 1967, doi 10.1152/jn.1967.30.5.1138.
    """
    equations = f"ds/dt = (x - s)/peak : 1 (clock-driven)\ndx/dt = -x/peak : 1 (clock-driven)\n{_SUM}"
    return SynapseModel(equations, on_pre="x += exp(1)", constants={"peak": _time("peak", peak)})


def biexponential(*, rise: Quantity = 0.5 * ms, decay: Quantity = 5 * ms) -> SynapseModel:
    """Receptor with a time of rise and one of decay, whose largest value is 1; GABA-B rises in 30 ms and decays in 100 ms.

    Parameters
    ----------
    rise, decay : Quantity, second
        Time constants of opening and closing; rise is the shorter one.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time is not above 0, or rise is not below decay.

    References
    ----------
    Roth and van Rossum, in Computational Modeling Methods for Neuroscientists, MIT Press 2009, doi 10.7551/mitpress/9780262013277.003.0007.
    """
    if not np.all(_time("rise", rise) < _time("decay", decay)):
        raise ValueError(f"rise = {rise}: must be below decay = {decay}; alpha is the receptor where they are equal")
    slow, fast = np.asarray(decay / second), np.asarray(rise / second)
    peak = slow * fast / (slow - fast) * np.log(slow / fast)
    scale = 1 / (np.exp(-peak / slow) - np.exp(-peak / fast))
    equations = f"s = scale*(slow - fast) : 1\ndslow/dt = -slow/decay : 1 (clock-driven)\ndfast/dt = -fast/rise : 1 (clock-driven)\n{_SUM}"
    return SynapseModel(equations, on_pre="slow += 1\nfast += 1", constants={"rise": rise, "decay": decay, "scale": scale})


def nmda(
    *, rise: Quantity = 2 * ms, decay: Quantity = 100 * ms, opening: Quantity = 0.5 / ms, magnesium: float = 1.0
) -> SynapseModel:
    """NMDA receptor: opens slowly, saturates, and is blocked by magnesium where the target is not depolarized.

    Name a parameter of the target with ``receives``, not its membrane, which is ``v``, in volt. The parameter is a conductance, or what
    stands for one.

    Parameters
    ----------
    rise, decay : Quantity, second
        Time constants of the transmitter and of closing.
    opening : Quantity, hertz
        Rate at which closed channels open.
    magnesium : float
        Concentration outside, in millimole per liter.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time or rate is not above 0, or the concentration is negative.

    References
    ----------
    Jahr and Stevens, J. Neurosci. 10, 1990, doi 10.1523/JNEUROSCI.10-09-03178.1990; Wang, Neuron 36, 2002,
    doi 10.1016/S0896-6273(02)01092-9.
    """
    positive("opening", opening * second)
    if magnesium < 0:
        raise ValueError(f"magnesium = {magnesium}: a concentration cannot be negative; 0 takes the block away")
    equations = """
    ds/dt = -s/decay + opening*x*(1 - s) : 1 (clock-driven)
    dx/dt = -x/rise : 1 (clock-driven)
    {receiver}_post = weight*s/(1 + magnesium*exp(-62*v_post/volt)/3.57) : {unit} (summed)
    """
    constants = {"rise": _time("rise", rise), "decay": _time("decay", decay), "opening": opening, "magnesium": magnesium}
    return SynapseModel(equations, on_pre="x += 1", constants=constants, method="rk2")
