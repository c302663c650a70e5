"""Point neurons of NEST and NEURON that SONATA circuits name as templates, with the parameters that go with them.

``iaf_psc_alpha`` and ``iaf_psc_exp`` take steps of their exact solution, as NEST does: with delays and inputs on the grid, the potential is
NEST's for any step. ``iaf_psc_delta`` too, but a threshold that an incoming spike passes is noticed in the next step. ``IntFire1`` is
NEURON's; NEURON itself looks at it at the very times of spikes.

References: S. Rotter and M. Diesmann (1999), https://doi.org/10.1007/s004220050570; A. Morrison et al. (2005),
https://doi.org/10.1162/0899766054026648; M. L. Hines and N. T. Carnevale (2004), https://doi.org/10.1016/j.neucom.2004.01.161.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.records.arrays import Floats, finite
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["TEMPLATES", "Template", "template_model"]


@dataclass(frozen=True)
class Template:
    """What a template is.

    Parameters
    ----------
    defaults : mapping from parameter to value in the unit of its simulator
    receives : tuple of str
        Variables that weights above and below 0 act on; one for both.
    weight_unit : str
        Of weights; "" for plain numbers.
    variables : str
        Declarations of what the model has beside its constants.
    factors : str
        Statements that make what depends on constants and the step alone.
    change : str
        Statements that make ``change``, what a step adds to ``v`` outside the refractory period.
    """

    defaults: Mapping[str, float]
    receives: tuple[str, ...]
    weight_unit: str
    variables: str = ""
    factors: str = ""
    change: str = ""


_UNITS = {"C_m": ("farad", 1e-12), "I_e": ("amp", 1e-12), "tau": ("second", 1e-3), "t_ref": ("second", 1e-3)}  # else potentials
_COMMON = {"C_m": 250.0, "tau_m": 10.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0, "I_e": 0.0}
_PORTS = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}
_BIG = "1000000000"
_DECAY = "decay = exp(-dt/tau_m)\n"
_LEAK = "change = (E_L - v + (I_e + drive)*tau_m/C_m)*(1 - decay)\n"


def _ports(text: str) -> str:
    """Statements for both ports."""
    return "".join(text.replace("PORT", port) for port in ("ex", "in"))


# integrals over a step of exp(q*s) and s*exp(q*s), s from 0 to 1: series near 0, where the closed forms cancel
_FIRST = _DECAY + _ports(
    "q_PORT = (1/tau_m - 1/tau_syn_PORT)*dt\nnear_PORT = int(abs(q_PORT) < 0.05)\np_PORT = q_PORT + near_PORT\n"
    "first_PORT = near_PORT*(1 + q_PORT/2.0 + q_PORT**2/6.0 + q_PORT**3/24.0 + q_PORT**4/120.0 + q_PORT**5/720.0)"
    " + (1 - near_PORT)*(exp(q_PORT) - 1)/p_PORT\nlost_PORT = exp(-dt/tau_syn_PORT)\n"
)
_SECOND = _ports(
    "second_PORT = near_PORT*(0.5 + q_PORT/3.0 + q_PORT**2/8.0 + q_PORT**3/30.0 + q_PORT**4/144.0 + q_PORT**5/840.0)"
    " + (1 - near_PORT)*(exp(q_PORT)*(q_PORT - 1) + 1)/p_PORT**2\n"
)
_EXPONENTIAL = _LEAK + _ports("change = change + decay/C_m*dt*first_PORT*i_PORT\ni_PORT = i_PORT*lost_PORT\n")
_ALPHA = _LEAK + _ports(
    # the current is e*y: a weight is then its peak
    "change = change + 2.718281828459045*decay/C_m*dt*(first_PORT*y_PORT + second_PORT*x_PORT*dt/tau_syn_PORT)\n"
    "y_PORT = (y_PORT + x_PORT*dt/tau_syn_PORT)*lost_PORT\nx_PORT = x_PORT*lost_PORT\n"
)

TEMPLATES = {
    "nest:iaf_psc_alpha": Template(
        _COMMON | _PORTS,
        ("x_ex", "x_in"),
        "pA",
        "x_ex : amp\nx_in : amp\ny_ex : amp\ny_in : amp\ndrive : amp\n",
        _FIRST + _SECOND,
        _ALPHA,
    ),
    "nest:iaf_psc_delta": Template(_COMMON, ("v",), "mV", "drive : amp\n", _DECAY, _LEAK),
    "nest:iaf_psc_exp": Template(
        _COMMON | _PORTS, ("i_ex", "i_in"), "pA", "i_ex : amp\ni_in : amp\ndrive : amp\n", _FIRST, _EXPONENTIAL
    ),
    "nrn:IntFire1": Template({"tau": 10.0, "refrac": 5.0}, ("v",), ""),
}
"""Templates by the name that types of nodes give as ``model_template``."""


def template_model(template: str, parameters: Mapping[str, Floats], where: str) -> tuple[NeuronModel, tuple[str, ...]]:
    """Model of a template.

    Parameters
    ----------
    template : str
        One of `TEMPLATES`.
    parameters : mapping from name to array (n_nodes,)
        In the units of the simulator; what is missing has its default, and so has an entry that is NaN.
    where : str
        File and population, for messages.

    Returns
    -------
    model : NeuronModel
    lost : tuple of str
        Parameters that the model does not have.

    Raises
    ------
    ValueError
        If the template is unknown, a time or capacitance is not above 0, or a reset is not below its threshold.
    """
    if template not in TEMPLATES:
        raise ValueError(f"{where}: {unknown_name(template, 'model template', TEMPLATES)}. Give models for this population")
    given = TEMPLATES[template]
    known = {name: _filled(parameters.get(name), default) for name, default in given.defaults.items()}
    first = _filled(parameters.get("V_m"), known.get("E_L", 0.0))
    lost = tuple(name for name in parameters if name not in (*known, "V_m"))
    for name, value in known.items():
        if np.min(finite(f"{where}: {name}", value)) <= 0 and (name.startswith("tau") or name == "C_m"):
            raise ValueError(f"{where}: {name} goes down to {np.min(value)}; it must be above 0")
    if template == "nrn:IntFire1":
        return _intfire1(known), lost
    if np.any(known["V_reset"] >= known["V_th"]):
        raise ValueError(
            f"{where}: V_reset = {known['V_reset']} is not below V_th = {known['V_th']}; the neuron would never stop"
        )
    return _nest(given, known, first), lost


def _filled(given: Floats | None, default: Floats | float) -> Floats | float:
    """Values where they are given; one number where all are alike."""
    values = np.asarray(default, dtype=float) if given is None else np.where(np.isnan(given), default, given)
    return float(values.flat[0]) if values.size and (values == values.flat[0]).all() else values


def _nest(template: Template, known: Mapping[str, Floats | float], first: Floats | float) -> NeuronModel:
    units = {name: _UNITS.get("tau" if name.startswith("tau") else name, ("volt", 1e-3)) for name in known}
    constants = _quantities(known, units)
    declared = "".join(f"{name} : {unit} (constant)\n" for name, (unit, _) in units.items())
    # `left` counts one more than the steps of the refractory period: what arrives in the last of them is thrown away as well
    held = f"v = v + int(left > 0)*(V_reset - v)\nleft = clip(left - 1, 0, {_BIG})\n"
    return NeuronModel(
        equations=f"v : volt\nleft : 1\n{template.variables}{declared}",
        threshold="left <= 0 and v >= V_th",
        reset="v = V_reset\nleft = floor(t_ref/dt + 0.5) + 1",
        constants=constants,
        start={"v": Quantity(np.multiply(first, 1e-3), dim=parse_quantity("1 volt").dim)},
        receives=template.receives[0],
        update=f"{template.factors}{held}{template.change}v = v + int(left <= 0)*change",
        reference="Rotter & Diesmann, Biological Cybernetics 81, 1999, doi 10.1007/s004220050570",
    )


def _quantities(known: Mapping[str, Floats | float], units: Mapping[str, tuple[str, float]]) -> dict[str, Any]:
    """Constants with their units: all of them numbers, or all arrays.

    Brian2 evaluates statements of numbers alone once, before all others: they may not follow one that differs between neurons.
    """
    shape = np.broadcast_shapes(*(np.shape(value) for value in known.values()))
    return {
        name: Quantity(np.broadcast_to(np.multiply(value, units[name][1]), shape), dim=parse_quantity(f"1 {units[name][0]}").dim)
        for name, value in known.items()
    }


def _intfire1(known: Mapping[str, Floats | float]) -> NeuronModel:
    held = f"v = v*int(left <= 0)\nleft = clip(left - 1, 0, {_BIG})\n"
    return NeuronModel(
        equations="v : 1\nleft : 1\ntau : second (constant)\nrefrac : second (constant)",
        threshold="left <= 0 and v >= 1",
        reset="v = 0\nleft = floor(refrac/dt + 0.5) + 1",
        constants=_quantities(known, dict.fromkeys(known, ("second", 1e-3))),
        receives="v",
        update=f"decay = exp(-dt/tau)\n{held}v = v*decay",
        reference="Hines & Carnevale, Neurocomputing 58-60, 2004, doi 10.1016/j.neucom.2004.01.161",
    )
