"""Receptors with the published rates of their channels: AMPA, GABA-A and GABA-B, each open to a pulse of transmitter after a spike.

The target receives in a parameter, such as ``g : siemens``, that its equations multiply with the distance of the membrane from the
reversal potential (0 mV for AMPA, -80 mV for GABA-A, -95 mV for GABA-B); the weight is the conductance with all channels open.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Quantity, ms, second

from bioworkbench.records.arrays import positive
from bioworkbench.records.synapse import SynapseModel

__all__ = ["ampa", "gaba_a", "gaba_b"]

# A spike in one step opens channels from the next one on, for as many steps as the pulse has.
_BOUND = "dr/dt = opening*int(t - arrived < pulse + dt/2)*(1 - r) - closing*r : 1 (clock-driven)\narrived : second"
_OPEN = "{receiver}_post = weight*r : {unit} (summed)"


def _kinetic(equations: str, pulse: Quantity, rates: dict[str, Quantity], **numbers: float) -> SynapseModel:
    """Receptors that transmitter binds to, with the given equations of what follows."""
    positive("pulse", pulse / second)
    for name, rate in rates.items():
        positive(name, rate * second)
    return SynapseModel(
        f"{_BOUND}\n{equations}",
        on_pre="arrived = t",
        constants={**rates, "pulse": pulse, **numbers},
        start={"arrived": -1e3 * second},
        method="exponential_euler",
    )


def ampa(*, opening: Quantity = 1.1 / ms, closing: Quantity = 0.19 / ms, pulse: Quantity = 1 * ms) -> SynapseModel:
    """AMPA receptor: the fraction r of open channels follows a pulse of 1 mM transmitter, as first-order kinetics.

    Parameters
    ----------
    opening, closing : Quantity, hertz
        Rates of closed channels at 1 mM, and of open ones.
    pulse : Quantity, second
        Duration of the transmitter; a spike during it begins it anew.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a rate or time is not above 0.

    References
    ----------
    Destexhe, Mainen and Sejnowski, Neural Comput. 6, 1994, doi 10.1162/neco.1994.6.1.14; in Methods in Neuronal Modeling, MIT Press 1998.
    """
    return _kinetic(_OPEN, pulse, {"opening": opening, "closing": closing})


def gaba_a(*, opening: Quantity = 5 / ms, closing: Quantity = 0.18 / ms, pulse: Quantity = 1 * ms) -> SynapseModel:
    """GABA-A receptor: the fraction r of open channels follows a pulse of 1 mM transmitter, as first-order kinetics.

    Parameters
    ----------
    opening, closing : Quantity, hertz
        Rates of closed channels at 1 mM, and of open ones.
    pulse : Quantity, second
        Duration of the transmitter; a spike during it begins it anew.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a rate or time is not above 0.

    References
    ----------
    Destexhe, Mainen and Sejnowski, Neural Comput. 6, 1994, doi 10.1162/neco.1994.6.1.14; in Methods in Neuronal Modeling, MIT Press 1998.
    """
    return _kinetic(_OPEN, pulse, {"opening": opening, "closing": closing})


def gaba_b(
    *,
    opening: Quantity = 0.09 / ms,
    closing: Quantity = 1.2e-3 / ms,
    production: Quantity = 0.18 / ms,
    removal: Quantity = 0.034 / ms,
    half: float = 100.0,
    pulse: Quantity = 1 * ms,
) -> SynapseModel:
    """GABA-B receptor: bound receptors r make G-protein s, four of which open a potassium channel, so that bursts count most.

    Parameters
    ----------
    opening, closing : Quantity, hertz
        Rates at which receptors bind at 1 mM transmitter, and let go.
    production, removal : Quantity, hertz
        Rates of G-protein: made by bound receptors, in micromole per liter, and taken away.
    half : float
        Fourth power of the G-protein, in micromole per liter, at which half of the channels are open.
    pulse : Quantity, second
        Duration of the transmitter; a spike during it begins it anew.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a rate, time or ``half`` is not above 0.

    References
    ----------
    Destexhe and Sejnowski, PNAS 92, 1995, doi 10.1073/pnas.92.21.9515; Destexhe, Mainen and Sejnowski, in Methods in Neuronal Modeling,
    MIT Press 1998.
    """
    positive("half", half)
    equations = """
    ds/dt = production*r - removal*s : 1 (clock-driven)
    {receiver}_post = weight*s**4/(s**4 + half) : {unit} (summed)
    """
    rates = {"opening": opening, "closing": closing, "production": production, "removal": removal}
    return _kinetic(equations, pulse, rates, half=half)
