"""Point neurons of NEST and NEURON that SONATA circuits name as templates, with the parameters that go with them.

``iaf_psc_alpha`` and ``iaf_psc_exp`` take steps of their exact solution, as NEST does: with delays and inputs on the grid, the potential is
NEST's for any step. ``iaf_psc_delta`` too, but a threshold that an incoming spike passes is noticed in the next step. ``IntFire1`` is
NEURON's; NEURON itself looks at it at the very times of spikes. GLIF neurons are in `sonata_glif`.

References: S. Rotter and M. Diesmann (1999), https://doi.org/10.1007/s004220050570; A. Morrison et al. (2005),
https://doi.org/10.1162/0899766054026648; M. L. Hines and N. T. Carnevale (2004), https://doi.org/10.1016/j.neucom.2004.01.161.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bioworkbench.exchange.point_neurons import ALPHA, FIRST, MANY_STEPS, each, given_or_default, quantities
from bioworkbench.exchange.sonata_glif import GLIF, GLIF_DEFAULTS, glif_model
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
        Variables that weights above and below 0 act on; one for both. Of GLIF neurons the first of their ports.
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
_SIDES = ("ex", "in")
_DECAY = "decay = exp(-dt/tau_m)\n"
_LEAK = "change = (E_L - v + (I_e + drive)*tau_m/C_m)*(1 - decay)\n"


_EXPONENTIAL = _LEAK + each("change = change + decay/C_m*dt*first_PORT*i_PORT\ni_PORT = i_PORT*lost_PORT\n", _SIDES)

TEMPLATES = {
    "nest:iaf_psc_alpha": Template(
        _COMMON | _PORTS,
        ("x_ex", "x_in"),
        "pA",
        each(ALPHA.variables, _SIDES) + "drive : amp\n",
        _DECAY + each(FIRST + ALPHA.factors, _SIDES),
        _LEAK + each(ALPHA.change, _SIDES),
    ),
    "nest:iaf_psc_delta": Template(_COMMON, ("v",), "mV", "drive : amp\n", _DECAY, _LEAK),
    "nest:iaf_psc_exp": Template(
        _COMMON | _PORTS,
        ("i_ex", "i_in"),
        "pA",
        "i_ex : amp\ni_in : amp\ndrive : amp\n",
        _DECAY + each(FIRST, _SIDES),
        _EXPONENTIAL,
    ),
    "nrn:IntFire1": Template({"tau": 10.0, "refrac": 5.0}, ("v",), ""),
    **dict.fromkeys(GLIF, Template(GLIF_DEFAULTS, ("x_1",), "pA")),
}
"""Templates by the name that types of nodes give as ``model_template``."""


def template_model(template: str, parameters: Mapping[str, Floats], where: str) -> tuple[NeuronModel, tuple[str, ...]]:
    """Model of a template.

    Parameters
    ----------
    template : str
        One of `TEMPLATES`.
    parameters : mapping from name to array (n_nodes,)
        In the units of the simulator; what is missing has its default, and so has an entry that is NaN. Lists of GLIF neurons have an
        array for each entry: ``tau_syn_1``.
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
        If the template is unknown, a time, rate or capacitance is not above 0, or a reset is not below its threshold.
    """
    if template not in TEMPLATES:
        raise ValueError(f"{where}: {unknown_name(template, 'model template', TEMPLATES)}. Give models for this population")
    if template in GLIF:
        return glif_model(parameters, where)
    given = TEMPLATES[template]
    known = {name: given_or_default(parameters.get(name), default) for name, default in given.defaults.items()}
    first = given_or_default(parameters.get("V_m"), _COMMON["E_L"])  # as in NEST, whatever the node's own E_L is
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


def _nest(template: Template, known: Mapping[str, Floats | float], first: Floats | float) -> NeuronModel:
    units = {name: _UNITS.get("tau" if name.startswith("tau") else name, ("volt", 1e-3)) for name in known}
    constants = quantities(known, units)
    declared = "".join(f"{name} : {unit} (constant)\n" for name, (unit, _) in units.items())
    # `left` counts one more than the steps of the refractory period: what arrives in the last of them is thrown away as well
    held = f"v = v + int(left > 0)*(V_reset - v)\nleft = clip(left - 1, 0, {MANY_STEPS})\n"
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


def _intfire1(known: Mapping[str, Floats | float]) -> NeuronModel:
    held = f"v = v*int(left <= 0)\nleft = clip(left - 1, 0, {MANY_STEPS})\n"
    return NeuronModel(
        equations="v : 1\nleft : 1\ntau : second (constant)\nrefrac : second (constant)",
        threshold="left <= 0 and v >= 1",
        reset="v = 0\nleft = floor(refrac/dt + 0.5) + 1",
        constants=quantities(known, dict.fromkeys(known, ("second", 1e-3))),
        receives="v",
        update=f"decay = exp(-dt/tau)\n{held}v = v*decay",
        reference="Hines & Carnevale, Neurocomputing 58-60, 2004, doi 10.1016/j.neucom.2004.01.161",
    )
