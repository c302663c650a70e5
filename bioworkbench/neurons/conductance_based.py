"""Conductance-based neurons: Hodgkin and Huxley's axon with the noise of its ion channels, and a leaky neuron with synapses."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from math import comb
from typing import Annotated

from brian2.units import Quantity, amp, cm, farad, meter, ms, msiemens, mV, second, siemens, uF, um, volt
from brian2.units.allunits import meter2

from bioworkbench.neurons.parts import Mechanism, equation_lines, membrane_noise, synapse, unless_refractory
from bioworkbench.neurons.values import ascending, positive_amounts, refractory_period, signed, start_value
from bioworkbench.records.annotations import Unit
from bioworkbench.records.neuron import NeuronModel

__all__ = ["conductance_lif", "hodgkin_huxley"]

_RATES = {  # opening and closing; exprel(x) = (exp(x) - 1) / x is finite where the source's quotients are 0 / 0
    "m": ("1/exprel(-(v + 40*mV)/(10*mV))/ms", "4*exp(-(v + 65*mV)/(18*mV))/ms"),
    "h": ("0.07*exp(-(v + 65*mV)/(20*mV))/ms", "1/(1 + exp(-(v + 35*mV)/(10*mV)))/ms"),
    "n": ("0.1/exprel(-(v + 55*mV)/(10*mV))/ms", "0.125*exp(-(v + 65*mV)/(80*mV))/ms"),
}
_AT_REST = {"m": 0.0529325, "h": 0.5961208, "n": 0.3176769}  # steady state at -65 mV


def _gates() -> list[str]:
    lines = []
    for gate, (opening, closing) in _RATES.items():
        lines += [
            f"d{gate}/dt = alpha_{gate}*(1 - {gate}) - beta_{gate}*{gate} : 1",
            f"alpha_{gate} = {opening} : hertz (constant over dt)",
            f"beta_{gate} = {closing} : hertz (constant over dt)",
        ]
    return lines


def _mode(name: str, variance: str, rate: str) -> list[str]:
    """Ornstein-Uhlenbeck process of given variance and decay rate, both functions of the potential."""
    return [
        f"d{name}/dt = ({name}_kick - {name})*{name}_rate : 1",
        f"{name}_rate = {rate} : hertz (constant over dt)",
        f"{name}_kick = sqrt({variance}/tanh({name}_rate*dt/2))*randn() : 1 (constant over dt)",
    ]


def _channel_noise(sodium_channels: Quantity, potassium_channels: Quantity) -> Mechanism:
    """Fluctuations of the open fractions: one process for each way in which the gates of a channel can fail to be all open."""
    # a potassium channel has 4 equal gates, a sodium channel 3 of kind m and 1 of kind h; with k shut gates, a mode decays k times
    # as fast as one gate, and its variance is the binomial term divided by the number of channels
    lines, sodium, potassium = [], [], []
    for k in range(1, 5):
        variance = f"{comb(4, k)}*n_open**{8 - k}*(1 - n_open)**{k}/potassium_channels"
        lines += _mode(f"potassium_{k}", variance, f"{k}*(alpha_n + beta_n)")
        potassium.append(f"potassium_{k}")
    for k, shut in [(k, shut) for k in range(4) for shut in range(2) if k or shut]:
        variance = f"{comb(3, k)}*m_open**{6 - k}*(1 - m_open)**{k}*h_open**{2 - shut}*(1 - h_open)**{shut}/sodium_channels"
        lines += _mode(f"sodium_{k}{shut}", variance, f"{k}*(alpha_m + beta_m) + {shut}*(alpha_h + beta_h)")
        sodium.append(f"sodium_{k}{shut}")
    lines += [f"{gate}_open = alpha_{gate}/(alpha_{gate} + beta_{gate}) : 1 (constant over dt)" for gate in _RATES]
    lines.append(f"sodium_noise = {' + '.join(sodium)} : 1")
    lines.append(f"potassium_noise = {' + '.join(potassium)} : 1")
    return Mechanism(
        "noise", tuple(lines), positive_amounts(1.0, sodium_channels=sodium_channels, potassium_channels=potassium_channels)
    )


def hodgkin_huxley(
    *,
    area: Quantity = 1000 * um**2,
    capacitance: Quantity = 1 * uF / cm**2,
    sodium: Quantity = 120 * msiemens / cm**2,
    potassium: Quantity = 36 * msiemens / cm**2,
    leak: Quantity = 0.3 * msiemens / cm**2,
    sodium_reversal: Quantity = 50 * mV,
    potassium_reversal: Quantity = -77 * mV,
    leak_reversal: Quantity = -54.4 * mV,
    channel_noise: bool = True,
    sodium_density: Quantity = 60 / um**2,
    potassium_density: Quantity = 18 / um**2,
    detection: Quantity = 0 * mV,
    refractory: Quantity = 3 * ms,
    synaptic_tau: Quantity = 5 * ms,
    start: Quantity | str = -65 * mV,
) -> NeuronModel:
    """Hodgkin and Huxley's squid axon at 6.3 degrees, at rest at -65 mV, with Gaussian noise from its finite number of channels.

    Parameters
    ----------
    area : Quantity, meter**2
        Membrane area: a smaller cell has fewer channels and is noisier.
    capacitance : Quantity, farad/meter**2
        Of the membrane, by area.
    sodium, potassium, leak : Quantity, siemens/meter**2
        Conductance densities with all channels open.
    sodium_reversal, potassium_reversal, leak_reversal : Quantity, volt
        Potentials at which these currents turn.
    channel_noise : bool
        Whether the fractions of open channels fluctuate.
    sodium_density, potassium_density : Quantity, 1/meter**2
        Channels per area; they set the size of the noise, not the conductances.
    detection : Quantity, volt
        A spike is counted when the potential rises above this value; nothing is reset.
    refractory : Quantity, second
        Time after a spike during which no other is counted; longer than a spike stays above `detection`.
    synaptic_tau : Quantity, second
        Decay of the synaptic current; 0 for spikes that add their weight to the potential at once.
    start : Quantity or distribution, volt
        Potential at the start; the gates start at their steady state for -65 mV.

    Returns
    -------
    NeuronModel
        ``drive`` in amperes, over the whole area; weights in amperes with a synaptic time constant, else in volts.

    Raises
    ------
    ValueError
        If a value has another dimension or sign.

    Notes
    -----
    The deviation of each open fraction from its deterministic value is a sum of Ornstein-Uhlenbeck processes with the variances and
    time constants of the channel's Markov chain in steady state; fractions are cut at 0 and 1. Equations are linear in each variable
    for fixed others, so exponential Euler is stable at any dt; it is of first order: at 10 uA/cm**2 the intervals between spikes
    are 0.5 % too long at dt = 0.01 ms, 2 % at 0.05 ms.

    References
    ----------
    Hodgkin and Huxley, J. Physiol. 117, 1952, doi 10.1113/jphysiol.1952.sp004764. Channel noise: Linaro, Storace and Giugliano,
    PLoS Comput. Biol. 7, 2011, doi 10.1371/journal.pcbi.1001102. Channel densities: Goldwyn and Shea-Brown, PLoS Comput. Biol.
    7, 2011, doi 10.1371/journal.pcbi.1002247.
    """
    constants = positive_amounts(meter2, area=area) | positive_amounts(farad / meter**2, capacitance=capacitance)
    constants |= positive_amounts(siemens / meter**2, sodium=sodium, potassium=potassium, leak=leak) | signed(
        volt, detection=detection
    )
    constants |= signed(volt, sodium_reversal=sodium_reversal, potassium_reversal=potassium_reversal, leak_reversal=leak_reversal)
    positive_amounts(1 / meter**2, sodium_density=sodium_density, potassium_density=potassium_density)
    noises = _channel_noise(sodium_density * area, potassium_density * area) if channel_noise else Mechanism()
    synapses = synapse(synaptic_tau, amp)
    return NeuronModel(
        equations=equation_lines(*_membrane(noises, synapses), *_gates(), "drive : amp", parts=(synapses, noises)),
        threshold="v > detection",
        reset="",
        constants=constants | synapses.constants | noises.constants,
        start={"v": start_value(start, -65 * mV), **_AT_REST},
        receives="synaptic" if synapses.term else "v",
        refractory=refractory_period(refractory),
        method="exponential_euler",
        reference="Hodgkin and Huxley, J. Physiol. 117, 1952, doi 10.1113/jphysiol.1952.sp004764",
    )


def _membrane(noises: Mechanism, synapses: Mechanism) -> list[str]:
    fractions = {"sodium": "m**3*h", "potassium": "n**4"}
    if noises.term:
        fractions = {ion: f"clip({fraction} + {ion}_noise, 0, 1)" for ion, fraction in fractions.items()}
    currents = "sodium*open_sodium*(sodium_reversal - v) + potassium*open_potassium*(potassium_reversal - v)"
    return [
        f"dv/dt = ({currents} + leak*(leak_reversal - v) + (drive{synapses.term})/area)/capacitance : volt",
        *(f"open_{ion} = {fraction} : 1 (constant over dt)" for ion, fraction in fractions.items()),
    ]


def conductance_lif(
    *,
    tau: Quantity = 20 * ms,
    rest: Quantity = -60 * mV,
    threshold: Quantity = -50 * mV,
    reset: Quantity = -60 * mV,
    refractory: Quantity = 5 * ms,
    excitatory_reversal: Quantity = 0 * mV,
    inhibitory_reversal: Quantity = -80 * mV,
    excitatory_tau: Quantity = 5 * ms,
    inhibitory_tau: Quantity = 10 * ms,
    sigma: Quantity = 0 * mV,
    noise_tau: Quantity = 0 * ms,
    correlation: float = 0.0,
    start: Annotated[Quantity, Unit("volt")] | str | None = None,
) -> NeuronModel:
    """Leaky integrate-and-fire neuron whose synapses are conductances; the defaults are those of the COBA benchmark network.

    Parameters
    ----------
    tau, rest, threshold, reset, refractory, sigma, noise_tau, correlation, start
        See `noisy_lif`; sigma is that of the membrane without synapses.
    excitatory_reversal, inhibitory_reversal : Quantity, volt
        Potentials at which the synaptic currents turn.
    excitatory_tau, inhibitory_tau : Quantity, second
        Decay of the conductances.

    Returns
    -------
    NeuronModel
        ``drive`` in volts. Spikes add to ``excitation``; projections that inhibit name ``inhibition`` as what receives them.
        Weights are conductances in multiples of the leak, and positive.

    Raises
    ------
    ValueError
        If a value has another dimension or sign, or a reset is not below its threshold.

    References
    ----------
    Vogels and Abbott, J. Neurosci. 25, 2005, doi 10.1523/JNEUROSCI.3508-05.2005; benchmark 1 of Brette et al., J. Comput.
    Neurosci. 23, 2007, doi 10.1007/s10827-007-0038-6. Exponential Euler is exact for conductances held during a step.
    """
    pause = refractory_period(refractory)
    noises = membrane_noise(sigma, noise_tau, correlation)
    constants = positive_amounts(second, tau=tau, excitatory_tau=excitatory_tau, inhibitory_tau=inhibitory_tau)
    constants |= signed(volt, rest=rest, threshold=threshold, reset=reset) | noises.constants
    constants |= signed(volt, excitatory_reversal=excitatory_reversal, inhibitory_reversal=inhibitory_reversal)
    ascending("reset", "threshold", constants)
    synaptic = "excitation*(excitatory_reversal - v) + inhibition*(inhibitory_reversal - v)"
    return NeuronModel(
        equations=equation_lines(
            f"dv/dt = (rest - v + {synaptic} + drive{noises.term})/tau : volt{unless_refractory(pause)}",
            "dexcitation/dt = -excitation/excitatory_tau : 1",
            "dinhibition/dt = -inhibition/inhibitory_tau : 1",
            "drive : volt",
            parts=(noises,),
        ),
        threshold="v > threshold",
        reset="v = reset",
        constants=constants,
        start={"v": start_value(start, rest)},
        receives="excitation",
        refractory=pause,
        method="exponential_euler",
        reference="Vogels and Abbott, J. Neurosci. 25, 2005, doi 10.1523/JNEUROSCI.3508-05.2005",
    )
