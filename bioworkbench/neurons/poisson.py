"""Poisson sources: populations that fire at random, at a stated rate."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Hz, Quantity, hertz

from bioworkbench.neurons.values import non_negative_amounts
from bioworkbench.records.neuron import NeuronModel

__all__ = ["poisson_source"]


def poisson_source(*, rate: Quantity = 10 * Hz) -> NeuronModel:
    """Source of Poisson spikes: one Bernoulli draw per step, with probability rate * dt.

    Parameters
    ----------
    rate : Quantity, hertz
        Spikes per second, one value or one per neuron (n_neurons,). A stimulus of kind "current" adds to it, in hertz. Above 1 / dt it
        is refused when dt is known.

    Returns
    -------
    NeuronModel
        Receives no spikes. A neuron fires at most once per step: the variance of its counts is that of a Poisson process times
        1 - rate * dt. From rate * dt = 0.1 on the spikes are no longer Poisson, and a warning says so.

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
        constants=non_negative_amounts(hertz, rate=rate),
        receives="",
        rates=("rate", "drive"),
        reference="Gerstner, Kistler, Naud and Paninski, Neuronal Dynamics, 2014, doi 10.1017/CBO9781107447615",
    )
