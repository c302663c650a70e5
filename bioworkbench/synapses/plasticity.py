"""Synapses that learn from the times of spikes; weights stay between 0 and a largest one, which has their unit."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Hz, Quantity, ms, second

from bioworkbench.records.arrays import positive
from bioworkbench.records.synapse import SynapseModel

__all__ = ["inhibitory_stdp", "pair_stdp", "triplet_stdp"]

_TRACE = "d{0}/dt = -{0}/{1} : 1 (event-driven)"
_SEND = "{receiver}_post += weight\n"
_CHANGE = "weight = clip(weight + largest*({0}), 0*largest, largest)\n"


def _times(**times: Quantity) -> dict[str, Quantity]:
    for name, value in times.items():
        positive(name, value / second)
    return times


def _largest(value: Quantity | float) -> Quantity | float:
    positive("largest", value)
    return value


def pair_stdp(
    *,
    largest: Quantity,
    potentiation: float = 0.005,
    depression: float = 0.00525,
    tau_plus: Quantity = 20 * ms,
    tau_minus: Quantity = 20 * ms,
) -> SynapseModel:
    """Spike-timing dependent plasticity of all pairs: stronger where the source spikes first, weaker where the target does.

    Parameters
    ----------
    largest : Quantity, unit of the weights
        Where weights stop growing.
    potentiation, depression : float
        Largest change by one pair, as a fraction of the largest weight.
    tau_plus, tau_minus : Quantity, second
        Memory of the spikes of source and target.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time or the largest weight is not above 0.

    References
    ----------
    Song, Miller and Abbott, Nat. Neurosci. 3, 2000, doi 10.1038/78829.
    """
    constants = {"largest": _largest(largest), "potentiation": potentiation, "depression": depression}
    return SynapseModel(
        "\n".join(_TRACE.format(*names) for names in (("before", "tau_plus"), ("after", "tau_minus"))),
        on_pre=f"{_SEND}before += potentiation\n{_CHANGE.format('-after')}",
        on_post=f"after += depression\n{_CHANGE.format('before')}",
        constants=constants | _times(tau_plus=tau_plus, tau_minus=tau_minus),
        bound="largest",
    )


def triplet_stdp(
    *,
    largest: Quantity,
    pair_potentiation: float = 5e-10,
    pair_depression: float = 7e-3,
    triplet_potentiation: float = 6.2e-3,
    triplet_depression: float = 2.3e-4,
    tau_plus: Quantity = 16.8 * ms,
    tau_minus: Quantity = 33.7 * ms,
    tau_x: Quantity = 101 * ms,
    tau_y: Quantity = 125 * ms,
) -> SynapseModel:
    """Plasticity of pairs and triplets of spikes, which depends on rates as in visual cortex (all-to-all, full model).

    Parameters
    ----------
    largest : Quantity, unit of the weights
        Where weights stop growing.
    pair_potentiation, pair_depression : float
        Change by a pair, as a fraction of the largest weight.
    triplet_potentiation, triplet_depression : float
        Further change where a spike of the same neuron went before.
    tau_plus, tau_minus, tau_x, tau_y : Quantity, second
        Fast memory of source and target, slow memory of source and target.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time or the largest weight is not above 0.

    References
    ----------
    Pfister and Gerstner, J. Neurosci. 26, 2006, doi 10.1523/JNEUROSCI.1425-06.2006, table 4.
    """
    traces = (("r1", "tau_plus"), ("r2", "tau_x"), ("o1", "tau_minus"), ("o2", "tau_y"))
    constants = {"largest": _largest(largest), "pair_up": pair_potentiation, "pair_down": pair_depression}
    constants |= {"triplet_up": triplet_potentiation, "triplet_down": triplet_depression}
    return SynapseModel(
        "\n".join(_TRACE.format(*names) for names in traces),
        on_pre=f"{_SEND}{_CHANGE.format('-o1*(pair_down + triplet_down*r2)')}r1 += 1\nr2 += 1",  # slow memory of spikes before this one
        on_post=f"{_CHANGE.format('r1*(pair_up + triplet_up*o2)')}o1 += 1\no2 += 1",
        constants=constants | _times(tau_plus=tau_plus, tau_minus=tau_minus, tau_x=tau_x, tau_y=tau_y),
        bound="largest",
    )


def inhibitory_stdp(
    *, largest: Quantity, rate: float = 0.005, target_rate: Quantity = 5 * Hz, tau: Quantity = 20 * ms
) -> SynapseModel:
    """Plasticity of inhibition that brings the target to a rate: near spikes of either order strengthen, those of the source alone weaken.

    Weights are magnitudes: use it where the target subtracts what it receives, as the inhibitory conductance of `conductance_lif` does.

    Parameters
    ----------
    largest : Quantity, unit of the weights
        Where weights stop growing.
    rate : float
        Change by a pair, as a fraction of the largest weight.
    target_rate : Quantity, hertz
        Rate that the target is brought to.
    tau : Quantity, second
        Memory of the spikes of both.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If the time, the rate aimed at or the largest weight is not above 0.

    References
    ----------
    Vogels, Sprekeler, Zenke, Clopath and Gerstner, Science 334, 2011, doi 10.1126/science.1211095.
    """
    bias = 2 * positive("target_rate", target_rate * second) * (tau / second)
    constants = {"largest": _largest(largest), "rate": rate, "bias": bias}
    return SynapseModel(
        "\n".join(_TRACE.format(*names) for names in (("before", "tau"), ("after", "tau"))),
        on_pre=f"{_SEND}before += 1\n{_CHANGE.format('rate*(after - bias)')}",
        on_post=f"after += 1\n{_CHANGE.format('rate*before')}",
        constants=constants | _times(tau=tau),
        bound="largest",
    )
