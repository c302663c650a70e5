"""Synapses that act all the time: gap junctions and graded release. The membrane at both ends is ``v``, in volt."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Quantity, ms, mV, second

from bioworkbench.records.arrays import positive
from bioworkbench.records.synapse import SynapseModel

__all__ = ["gap_junction", "graded"]


def gap_junction() -> SynapseModel:
    """Electrical synapse: a current in proportion to the difference of the membranes.

    Name a parameter of the target that its equations add to the membrane with ``receives``, not the membrane itself: one in ampere with
    weights in siemens, or in volt, such as ``drive`` of `noisy_lif`, with weights as plain numbers. A link acts on its target only; give
    both directions.

    Returns
    -------
    SynapseModel

    References
    ----------
    Lewis and Rinzel, J. Comput. Neurosci. 14, 2003, doi 10.1023/A:1023265027714.
    """
    return SynapseModel("weight : {unit/volt}\n{receiver}_post = weight*(v_pre - v_post) : {unit} (summed)", on_pre="")


def graded(
    *,
    half: Quantity = -35 * mV,
    slope: Quantity = 5 * mV,
    unbinding: Quantity = 40 * ms,
    reversal: Quantity = -70 * mV,
) -> SynapseModel:
    """Graded release: the membrane of the source opens channels of the target, without spikes.

    Parameters
    ----------
    half : Quantity, volt
        Membrane of the source at which half of the channels are open in the end.
    slope : Quantity, volt
        Of the sigmoid; the smaller, the more abruptly channels open.
    unbinding : Quantity, second
        Time of closing where the source is at rest.
    reversal : Quantity, volt
        Membrane of the target at which no current flows.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If slope or time is not above 0.

    References
    ----------
    Prinz, Bucher and Marder, Nat. Neurosci. 7, 2004, doi 10.1038/nn1352.
    """
    positive("slope", slope / mV)
    positive("unbinding", unbinding / second)
    equations = """
    weight : {unit/volt}
    open = 1/(1 + exp((half - v_pre)/slope)) : 1
    ds/dt = (open - s)/(unbinding*(1 - open)) : 1 (clock-driven)
    {receiver}_post = weight*s*(reversal - v_post) : {unit} (summed)
    """
    constants = {"half": half, "slope": slope, "unbinding": unbinding, "reversal": reversal}
    return SynapseModel(equations, on_pre="", constants=constants, method="exponential_euler")
