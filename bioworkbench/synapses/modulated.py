"""Synapses whose weights change all the time: under dopamine, towards a rate of the target, with its membrane."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from brian2.units import Hz, Quantity, ms, mV, second

from bioworkbench.records.arrays import positive
from bioworkbench.records.names import check_identifier
from bioworkbench.records.synapse import SynapseModel

__all__ = ["dopamine_stdp", "homeostatic_scaling", "voltage_stdp"]

_BOUNDED = "largest*rate_of_change*(int(rate_of_change > 0{0})*int(weight < largest) + int(rate_of_change < 0{0})*int(weight > 0*largest))"


def _above_zero(**values: Quantity) -> dict[str, Quantity]:
    for name, value in values.items():
        positive(name, value)
    return values


def voltage_stdp(
    *,
    largest: Quantity,
    depression: Quantity = 14e-5 / mV,
    potentiation: Quantity = 8e-5 / mV**2,
    low: Quantity = -70.6 * mV,
    high: Quantity = -45.3 * mV,
    tau_x: Quantity = 15 * ms,
    tau_minus: Quantity = 10 * ms,
    tau_plus: Quantity = 7 * ms,
) -> SynapseModel:
    """Plasticity by the membrane of the target: spikes of the source weaken above ``low``, depolarization above ``high`` strengthens.

    The target has a membrane ``v``, in volt, whose spikes have a shape, as those of `exponential_lif` and `hodgkin_huxley` do.
    Depression is constant: it does not follow the mean membrane.

    Parameters
    ----------
    largest : Quantity, unit of the weights
        Upper bound of a weight.
    depression : Quantity, per volt
        Change at a spike of the source, as a fraction of the largest weight, by the slow membrane above ``low``.
    potentiation : Quantity, per volt squared
        Change by the membrane above ``high`` and its slow mean above ``low``, for one spike of the source.
    low, high : Quantity, volt
        Thresholds; filtered membranes start at the lower one.
    tau_x, tau_minus, tau_plus : Quantity, second
        Memory of the spikes of the source, of the membrane for depression and of that for potentiation.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time, a change or the largest weight is not above 0.

    References
    ----------
    Clopath, Büsing, Vasilaki and Gerstner, Nat. Neurosci. 13, 2010, doi 10.1038/nn.2479, table 1 (visual cortex).
    """
    equations = f"""
    dx/dt = -x/tau_x : hertz (clock-driven)
    du_minus/dt = (v_post - u_minus)/tau_minus : volt (clock-driven)
    du_plus/dt = (v_post - u_plus)/tau_plus : volt (clock-driven)
    rate_of_change = potentiation*x*clip(v_post - high, 0*mV, 1*volt)*clip(u_plus - low, 0*mV, 1*volt) : hertz
    dweight/dt = {_BOUNDED.format("*hertz")} : {{unit}} (clock-driven)
    """
    on_pre = """
    {receiver}_post += weight
    weight = clip(weight - largest*depression*clip(u_minus - low, 0*mV, 1*volt), 0*largest, largest)
    x += 1/tau_x
    """
    times = {"tau_x": tau_x, "tau_minus": tau_minus, "tau_plus": tau_plus}
    constants = _above_zero(**times, largest=largest, depression=depression, potentiation=potentiation) | {
        "low": low,
        "high": high,
    }
    start = {"u_minus": low, "u_plus": low}
    return SynapseModel(equations, on_pre, constants=constants, start=start, method="euler", bound="largest")


def dopamine_stdp(
    *,
    largest: Quantity,
    dopamine: str = "dopamine",
    potentiation: float = 0.005,
    depression: float = 0.00525,
    tau_plus: Quantity = 20 * ms,
    tau_minus: Quantity = 20 * ms,
    tau_eligibility: Quantity = 1 * second,
    response: Quantity = 1 * second,
) -> SynapseModel:
    """Plasticity that waits for a reward: pairs of spikes leave a trace, which dopamine turns into weight.

    The target has a variable of dopamine, a plain number such as ``ddopamine/dt = -dopamine/(0.2*second) : 1``, to which spikes of a
    stimulus or a population of reward add.

    Parameters
    ----------
    largest : Quantity, unit of the weights
        Upper bound of a weight.
    dopamine : str
        Variable of the target.
    potentiation, depression : float
        Largest trace that a pair leaves, source first and target first.
    tau_plus, tau_minus, tau_eligibility : Quantity, second
        Memory of the spikes of source and target, and of the pairs.
    response : Quantity, second
        Time in which dopamine of 1 turns a trace of 1 into the largest weight.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a time or the largest weight is not above 0, or the variable's name is not an identifier.

    References
    ----------
    Izhikevich, Cereb. Cortex 17, 2007, doi 10.1093/cercor/bhl152.
    """
    check_identifier("dopamine", dopamine)
    equations = f"""
    dbefore/dt = -before/tau_plus : 1 (clock-driven)
    dafter/dt = -after/tau_minus : 1 (clock-driven)
    deligibility/dt = -eligibility/tau_eligibility : 1 (clock-driven)
    rate_of_change = eligibility*{dopamine}_post : 1
    dweight/dt = {_BOUNDED.format("")}/response : {{unit}} (clock-driven)
    """
    times = {"tau_plus": tau_plus, "tau_minus": tau_minus, "tau_eligibility": tau_eligibility, "response": response}
    constants = _above_zero(**times, largest=largest) | {"potentiation": potentiation, "depression": depression}
    on_pre = "{receiver}_post += weight\nbefore += potentiation\neligibility -= after"
    on_post = "after += depression\neligibility += before"
    return SynapseModel(equations, on_pre, on_post, constants, method="euler", bound="largest")


def homeostatic_scaling(
    *, target_rate: Quantity = 5 * Hz, tau_activity: Quantity = 100 * second, gain: float = 4e-5
) -> SynapseModel:
    """Weights that grow or shrink together, in proportion to themselves, until the target has a rate.

    They grow without end onto a target that never reaches the rate.

    Parameters
    ----------
    target_rate : Quantity, hertz
        At which weights stay as they are.
    tau_activity : Quantity, second
        Over which the rate of the target is measured, which starts at the one aimed at.
    gain : float
        Relative change in a second by a difference of 1 hertz.

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a value is not above 0.

    References
    ----------
    Turrigiano, Leslie, Desai, Rutherford and Nelson, Nature 391, 1998, doi 10.1038/36103; van Rossum, Bi and Turrigiano, J. Neurosci. 20,
    2000, doi 10.1523/JNEUROSCI.20-23-08812.2000 (proportional term).
    """
    equations = """
    dactivity/dt = -activity/tau_activity : hertz (clock-driven)
    dweight/dt = gain*weight*(target_rate - activity) : {unit} (clock-driven)
    """
    constants = _above_zero(target_rate=target_rate, tau_activity=tau_activity, gain=gain)
    return SynapseModel(
        equations, on_post="activity += 1/tau_activity", constants=constants, start={"activity": target_rate}, method="euler"
    )
