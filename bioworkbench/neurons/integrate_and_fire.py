"""Integrate-and-fire neurons in continuous time, with exponential synapses and with white, colored and shared noise.

Settings that the models share:

* ``drive`` is the input in units of what it adds to the resting potential (``adex``: a current).
* ``sigma`` is the stationary standard deviation of the membrane potential without threshold, spike current and adaptation,
  whatever the color of the noise.
* ``noise_tau``: correlation time of Ornstein-Uhlenbeck noise; 0 ms means white noise.
* ``correlation``: between the noises of any two neurons of the population, in the same trial.
* ``synaptic_tau``: a spike adds its weight to ``synaptic``, which decays with this time constant and acts like the drive;
  0 ms means that a spike adds its weight to ``v``.

Linear models are integrated exactly, noise included (see `bioworkbench.neurons.parts`); with colored noise the variance of ``v``
is too large by about a twelfth of (dt / noise_tau)**2. Models whose potential runs away are integrated by Euler's rule: it looks
only at potentials below the spike's peak, where a rule with several stages would carry its huge trial values into the adaptation.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from typing import Annotated

from brian2.units import Quantity, amp, farad, ms, mV, nA, nS, pF, second, siemens, volt

from bioworkbench.neurons.parts import Mechanism, distinct, equation_lines, membrane_noise, synapse, unless_refractory
from bioworkbench.neurons.values import ascending, positive_amounts, refractory_period, signed, start_value
from bioworkbench.records.annotations import Unit
from bioworkbench.records.neuron import NeuronModel

__all__ = ["adaptive_lif", "adex", "exponential_if", "noisy_lif"]


def _receives(synapses: Mechanism) -> str:
    return "synaptic" if synapses.term else "v"


def noisy_lif(
    *,
    tau: Quantity = 20 * ms,
    rest: Quantity = -70 * mV,
    threshold: Quantity = -50 * mV,
    reset: Quantity = -60 * mV,
    refractory: Quantity = 2 * ms,
    sigma: Quantity = 1 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    synaptic_tau: Quantity = 0 * ms,
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
) -> NeuronModel:
    """Leaky integrate-and-fire neuron with noise; the defaults are Brunel's neuron, at rest at -70 mV.

    Parameters
    ----------
    tau : Quantity, second
        Membrane time constant. This and the others below may be arrays (n_neurons,), save `correlation`.
    rest, threshold, reset : Quantity, volt
        Where the membrane potential goes without input, where it spikes, and what it is set to then.
    refractory : Quantity, second
        Time after a spike during which ``v`` is held at the reset.
    sigma : Quantity, volt
        Stationary standard deviation of the free membrane potential.
    noise_tau : Quantity, second
        Correlation time of the noise; 0 for white noise.
    correlation : float
        Correlation of the noises of two neurons, 0 to 1.
    synaptic_tau : Quantity, second
        Decay of the synaptic input; 0 for spikes that add to ``v`` at once.
    start : Quantity or distribution, volt, optional
        Potential at the start; None means at rest.

    Returns
    -------
    NeuronModel
        ``drive`` in volts; weights in volts.

    Raises
    ------
    ValueError
        If a value has another dimension or sign, a reset is not below its threshold, or another time constant equals tau.

    References
    ----------
    Brunel, J. Comput. Neurosci. 8, 2000, doi 10.1023/A:1008925309027. Noise held during a step: Gillespie, Phys. Rev. E 54,
    1996, doi 10.1103/PhysRevE.54.2084, for the exact moments.

    Examples
    --------
    >>> noisy_lif(sigma=0 * mV).parsed["v"].expr
    Expression('(rest - v + drive)/tau')
    """
    pause = refractory_period(refractory)
    synapses, noises = synapse(synaptic_tau, volt), membrane_noise(sigma, noise_tau, correlation)
    constants = positive_amounts(second, tau=tau) | signed(volt, rest=rest, threshold=threshold, reset=reset)
    constants |= synapses.constants | noises.constants
    ascending("reset", "threshold", constants)
    distinct(constants)
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = (rest - v + drive{synapses.term}{noises.term})/tau : volt{unless_refractory(pause)}",
            "drive : volt",
            parts=(synapses, noises),
        ),
        threshold="v > threshold",
        reset="v = reset",
        constants=constants,
        start={"v": start_value(start, rest)},
        receives=_receives(synapses),
        refractory=pause,
        method="exact",
        reference="Brunel, J. Comput. Neurosci. 8, 2000, doi 10.1023/A:1008925309027",
    )


def adaptive_lif(
    *,
    tau: Quantity = 20 * ms,
    rest: Quantity = -70 * mV,
    threshold: Quantity = -50 * mV,
    reset: Quantity = -60 * mV,
    refractory: Quantity = 2 * ms,
    adaptation_tau: Quantity = 200 * ms,
    jump: Quantity = 2 * mV,
    sigma: Quantity = 0 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    synaptic_tau: Quantity = 0 * ms,
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
) -> NeuronModel:
    """Leaky integrate-and-fire neuron whose every spike lowers its drive for a while.

    Parameters
    ----------
    tau, rest, threshold, reset, refractory, sigma, noise_tau, correlation, synaptic_tau, start
        See `noisy_lif`.
    adaptation_tau : Quantity, second
        Decay of the adaptation.
    jump : Quantity, volt
        What a spike adds to the adaptation, which is subtracted from the drive; a negative jump facilitates.

    Returns
    -------
    NeuronModel
        ``drive`` in volts; weights in volts.

    Raises
    ------
    ValueError
        As `noisy_lif`.

    References
    ----------
    Benda and Herz, Neural Comput. 15, 2003, doi 10.1162/089976603322385063.
    """
    pause = refractory_period(refractory)
    synapses, noises = synapse(synaptic_tau, volt), membrane_noise(sigma, noise_tau, correlation)
    constants = positive_amounts(second, tau=tau, adaptation_tau=adaptation_tau)
    constants |= signed(volt, rest=rest, threshold=threshold, reset=reset, jump=jump) | synapses.constants | noises.constants
    ascending("reset", "threshold", constants)
    distinct(constants)
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = (rest - v + drive - adaptation{synapses.term}{noises.term})/tau : volt{unless_refractory(pause)}",
            "dadaptation/dt = -adaptation/adaptation_tau : volt",
            "drive : volt",
            parts=(synapses, noises),
        ),
        threshold="v > threshold",
        reset="v = reset\nadaptation += jump",
        constants=constants,
        start={"v": start_value(start, rest)},
        receives=_receives(synapses),
        refractory=pause,
        method="exact",
        reference="Benda and Herz, Neural Comput. 15, 2003, doi 10.1162/089976603322385063",
    )


def exponential_if(
    *,
    tau: Quantity = 10 * ms,
    rest: Quantity = -65 * mV,
    threshold: Quantity = -59.9 * mV,
    slope: Quantity = 3.48 * mV,
    peak: Quantity = -30 * mV,
    reset: Quantity = -68 * mV,
    refractory: Quantity = 1.7 * ms,
    sigma: Quantity = 0 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    synaptic_tau: Quantity = 0 * ms,
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
) -> NeuronModel:
    """Integrate-and-fire neuron with an exponential spike current; it fires steadily where drive > threshold - rest - slope.

    Parameters
    ----------
    tau, rest, reset, refractory, sigma, noise_tau, correlation, synaptic_tau, start
        See `noisy_lif`; sigma is that of the membrane without spike current.
    threshold : Quantity, volt
        Where the slope of the current-voltage curve vanishes and the spike takes off.
    slope : Quantity, volt
        Sharpness of the spike's start; small is sharp.
    peak : Quantity, volt
        Where the spike is cut; from there to infinity it would take tau * exp((threshold - peak) / slope).

    Returns
    -------
    NeuronModel
        ``drive`` in volts; weights in volts.

    Raises
    ------
    ValueError
        As `noisy_lif`; threshold and reset must lie below the peak.

    References
    ----------
    Fourcaud-Trocme, Hansel, van Vreeswijk and Brunel, J. Neurosci. 23, 2003, doi 10.1523/JNEUROSCI.23-37-11628.2003, with
    the parameters of their fit to a conductance-based neuron.
    """
    pause = refractory_period(refractory)
    synapses, noises = synapse(synaptic_tau, volt), membrane_noise(sigma, noise_tau, correlation)
    constants = positive_amounts(second, tau=tau) | positive_amounts(volt, slope=slope)
    constants |= signed(volt, rest=rest, threshold=threshold, peak=peak, reset=reset) | synapses.constants | noises.constants
    ascending("threshold", "peak", constants)
    ascending("reset", "peak", constants)
    inputs = f"drive{synapses.term}{noises.term}"
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = (rest - v + slope*exp((v - threshold)/slope) + {inputs})/tau : volt{unless_refractory(pause)}",
            "drive : volt",
            parts=(synapses, noises),
        ),
        threshold="v > peak",
        reset="v = reset",
        constants=constants,
        start={"v": start_value(start, rest)},
        receives=_receives(synapses),
        refractory=pause,
        method="euler",
        reference="Fourcaud-Trocme et al., J. Neurosci. 23, 2003, doi 10.1523/JNEUROSCI.23-37-11628.2003",
    )


def adex(
    *,
    capacitance: Quantity = 281 * pF,
    leak: Quantity = 30 * nS,
    rest: Quantity = -70.6 * mV,
    threshold: Quantity = -50.4 * mV,
    slope: Quantity = 2 * mV,
    peak: Quantity = 20 * mV,
    reset: Quantity = -70.6 * mV,
    a: Quantity = 4 * nS,
    b: Quantity = 0.0805 * nA,
    tau_w: Quantity = 144 * ms,
    refractory: Quantity = 0 * ms,
    sigma: Quantity = 0 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    synaptic_tau: Quantity = 0 * ms,
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
) -> NeuronModel:
    """Adaptive exponential integrate-and-fire neuron; the defaults are the source's fit to a regularly firing pyramidal cell.

    Parameters
    ----------
    capacitance : Quantity, farad
        Of the membrane.
    leak : Quantity, siemens
        Leak conductance.
    rest, threshold, slope, peak, reset, refractory
        See `exponential_if`.
    a : Quantity, siemens
        Coupling of the adaptation current to the potential.
    b : Quantity, amp
        What a spike adds to the adaptation current.
    tau_w : Quantity, second
        Decay of the adaptation current.
    sigma, noise_tau, correlation, synaptic_tau, start
        See `noisy_lif`; sigma is that of the leaky membrane alone, with time constant capacitance / leak.

    Returns
    -------
    NeuronModel
        ``drive`` in amperes; weights in amperes with a synaptic time constant, else in volts.

    Raises
    ------
    ValueError
        As `exponential_if`.

    References
    ----------
    Brette and Gerstner, J. Neurophysiol. 94, 2005, doi 10.1152/jn.00686.2005.
    """
    pause = refractory_period(refractory)
    synapses, noises = synapse(synaptic_tau, amp), membrane_noise(sigma, noise_tau, correlation, "(capacitance/leak)")
    constants = (
        positive_amounts(farad, capacitance=capacitance)
        | positive_amounts(siemens, leak=leak)
        | positive_amounts(second, tau_w=tau_w)
    )
    constants |= positive_amounts(volt, slope=slope) | signed(siemens, a=a) | signed(amp, b=b)
    constants |= signed(volt, rest=rest, threshold=threshold, peak=peak, reset=reset) | synapses.constants | noises.constants
    ascending("threshold", "peak", constants)
    ascending("reset", "peak", constants)
    membrane = f"leak*(rest - v + slope*exp((v - threshold)/slope){noises.term})"
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = ({membrane} - w + drive{synapses.term})/capacitance : volt{unless_refractory(pause)}",
            "dw/dt = (a*(v - rest) - w)/tau_w : amp",
            "drive : amp",
            parts=(synapses, noises),
        ),
        threshold="v > peak",
        reset="v = reset\nw += b",
        constants=constants,
        start={"v": start_value(start, rest)},
        receives=_receives(synapses),
        refractory=pause,
        method="euler",
        reference="Brette and Gerstner, J. Neurophysiol. 94, 2005, doi 10.1152/jn.00686.2005",
    )
