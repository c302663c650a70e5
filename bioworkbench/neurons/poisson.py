"""Poisson sources: populations that fire at random, at a stated rate."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Hz, Quantity, hertz

from bioworkbench.neurons.model import NeuronModel
from bioworkbench.neurons.values import non_negative

__all__ = ["poisson_source"]


def poisson_source(*, rate: Quantity = 10 * Hz) -> NeuronModel:
    """Source of Poisson spikes: one Bernoulli draw per step, with probability rate * dt.

    Parameters
    ----------
    rate : Quantity, hertz
        Spikes per second, one value or one per neuron (n_neurons,). A stimulus of kind "current" adds to it, in hertz.

    Returns
    -------
    NeuronModel
        Receives no spikes. A neuron fires at most once per step, so rates must stay well below 1 / dt.

    Raises
    ------
    ValueError
        If the rate is negative, not finite, or not a frequency.

    References
    ----------
    Gerstner, Kistler, Naud and Paninski, Neuronal Dynamics, 2014, section 7.2, doi 10.1017/CBO9781107447615.

    Examples
    --------
    >>> poisson_source(rate=20 * Hz).threshold
    'rand() < (rate + drive)*dt'
    """
    return NeuronModel(
        equations="drive : hertz",
        threshold="rand() < (rate + drive)*dt",
        reset="",
        constants=non_negative(hertz, rate=rate),
        receives="",
        reference="Gerstner, Kistler, Naud and Paninski, Neuronal Dynamics, 2014, doi 10.1017/CBO9781107447615",
    )
