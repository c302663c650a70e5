"""Izhikevich's two-variable neuron."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Quantity, ms, mV, second, volt

from bioworkbench.neurons.parts import equation_lines, gaussian_noise, synapse
from bioworkbench.neurons.values import ascending, signed, start_value
from bioworkbench.records.neuron import NeuronModel

__all__ = ["izhikevich"]


def izhikevich(
    *,
    a: Quantity = 0.02 / ms,
    b: Quantity | float = 0.2,
    c: Quantity = -65 * mV,
    d: Quantity = 8 * mV,
    peak: Quantity = 30 * mV,
    sigma: Quantity = 0 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    synaptic_tau: Quantity = 0 * ms,
    start: Quantity | str = -65 * mV,
) -> NeuronModel:
    """Quadratic neuron with recovery, in Izhikevich's scaled units; the defaults are a regularly spiking cell.

    Parameters
    ----------
    a : Quantity, hertz
        Rate of the recovery ``u``.
    b : float
        Sensitivity of the recovery to the potential.
    c : Quantity, volt
        Reset of the potential.
    d : Quantity, volt
        What a spike adds to the recovery.
    peak : Quantity, volt
        Where the spike is cut.
    sigma : Quantity, volt
        Noise of the drive: standard deviation of its mean over 1 ms if white, of its value if colored. The source's
        thalamic input is 5 mV, for excitatory cells.
    noise_tau, correlation, synaptic_tau
        See `noisy_lif`.
    start : Quantity or distribution, volt
        Potential at the start; the recovery starts at b times -65 mV.

    Returns
    -------
    NeuronModel
        ``drive`` in millivolts is the source's I; so are weights.

    Raises
    ------
    ValueError
        If a value has another dimension or sign, or c is not below the peak.

    References
    ----------
    Izhikevich, IEEE Trans. Neural Netw. 14, 2003, doi 10.1109/TNN.2003.820440. The equation is quadratic and is cut at the peak;
    it is integrated by Euler's rule for the reason that `bioworkbench.neurons.integrate_and_fire` gives.
    """
    synapses, noises = (
        synapse(synaptic_tau, volt),
        gaussian_noise(sigma, noise_tau, correlation, white="sqrt(ms/dt)", colored="1"),
    )
    constants = signed(1 / second, a=a) | signed(1.0, b=b) | signed(volt, c=c, d=d, peak=peak)
    constants |= synapses.constants | noises.constants
    ascending("c", "peak", constants)
    inputs = f"drive{synapses.term}{noises.term}"
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = (0.04*v**2/mV + 5*v + 140*mV - u + {inputs})/ms : volt",
            "du/dt = a*(b*v - u) : volt",
            "drive : volt",
            parts=(synapses, noises),
        ),
        threshold="v > peak",
        reset="v = c\nu += d",
        constants=constants,
        start={"v": start_value(start, -65 * mV), "u": b * (-65 * mV)},
        receives="synaptic" if synapses.term else "v",
        method="euler",
        reference="Izhikevich, IEEE Trans. Neural Netw. 14, 2003, doi 10.1109/TNN.2003.820440",
    )
