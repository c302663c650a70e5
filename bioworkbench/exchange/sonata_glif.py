"""Generalized leaky integrate-and-fire neurons (GLIF) that SONATA circuits of BMTK name as templates, as NEST's ``glif_psc`` steps them.

Three mechanisms are switched on one by one: biologically defined reset rules with a threshold that spikes raise (R), after-spike
currents (ASC), and a threshold that follows the potential (A); none, R, ASC, R with ASC, and all three are the five levels of the source.
With delays and inputs on the grid, potential and spikes are NEST's for any step. As in NEST, what synapses send acts on the potential
and not on the threshold that follows it, and the currents decay through the refractory period at its begin.

References: C. Teeter et al. (2018), https://doi.org/10.1038/s41467-017-02717-4; S. Rotter and M. Diesmann (1999),
https://doi.org/10.1007/s004220050570.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from typing import Any

import numpy as np

from bioworkbench.exchange.point_neurons import ALPHA, FIRST, MANY_STEPS, each, given_or_default, quantities
from bioworkbench.records.arrays import Floats, finite
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["GLIF", "GLIF_DEFAULTS", "glif_content", "glif_model"]

_SWITCHES = ("spike_dependent_threshold", "after_spike_currents", "adapting_threshold")
_LEVELS = {  # of the templates whose parameters are those of the Allen Cell Types Database
    "nest:glif_lif_psc": (0, 0, 0),
    "nest:glif_lif_r_psc": (1, 0, 0),
    "nest:glif_lif_asc_psc": (0, 1, 0),
    "nest:glif_lif_r_asc_psc": (1, 1, 0),
    "nest:glif_lif_r_asc_a_psc": (1, 1, 1),
}
GLIF = ("nest:glif_psc", *_LEVELS)
"""Templates that are GLIF neurons; all receive through ports, one for each synaptic time constant."""

_ALLEN_PORTS = [5.5, 8.5, 2.8, 5.8]  # ms; BMTK gives these to all cells of the database
GLIF_DEFAULTS = {
    "C_m": 58.72, "g": 9.43, "E_L": -78.85, "V_th": -51.68, "V_reset": -78.85, "t_ref": 3.75,
    "th_spike_add": 0.37, "th_spike_decay": 0.009, "voltage_reset_fraction": 0.2, "voltage_reset_add": 18.51,
    "th_voltage_index": 0.005, "th_voltage_decay": 0.09,
}  # fmt: skip
"""Those of NEST that are numbers, in its units."""
_LISTS = {"asc_init": [0.0, 0.0], "asc_decay": [0.003, 0.1], "asc_amps": [-9.18, -198.94], "asc_r": [1.0, 1.0], "tau_syn": [2.0]}
_BEYOND = {"asc_init": 0.0, "asc_decay": 1.0, "asc_amps": 0.0, "asc_r": 0.0, "tau_syn": 1.0}  # of nodes whose list is shorter
_UNITS = {  # else potentials in mV
    "C_m": ("farad", 1e-12), "g": ("siemens", 1e-9), "tau_m": ("second", 1e-3), "t_ref": ("second", 1e-3),
    "tau_syn": ("second", 1e-3), "th_spike_decay": ("hertz", 1e3), "th_voltage_decay": ("hertz", 1e3),
    "th_voltage_index": ("hertz", 1e3), "voltage_reset_fraction": ("", 1.0), "asc_decay": ("hertz", 1e3),
    "asc_amps": ("amp", 1e-12), "asc_r": ("", 1.0),
}  # fmt: skip
_POSITIVE = ("C_m", "g", "t_ref", "tau_syn", "asc_decay", "th_spike_decay", "th_voltage_decay")
_FRACTIONS = ("voltage_reset_fraction", "asc_r")


def glif_content(template: str, content: Mapping[str, Any], where: str) -> dict[str, float]:
    """Parameters of one file, in NEST's names and units; lists become entries with a number: ``tau_syn_1``.

    Parameters
    ----------
    template : str
        One of `GLIF`.
    content : mapping
        Of the file: NEST's parameters, or those of a cell of the Allen Cell Types Database.
    where : str
        File and population, for messages.

    Returns
    -------
    mapping from name to number

    Raises
    ------
    ValueError
        If something that the template needs is missing, or is not a number or a list of them.
    """
    given = dict(content)
    if template in _LEVELS and "El_reference" in given:
        try:
            given = _of_cell(given, _LEVELS[template])
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ValueError(
                f"{where}: not the parameters of a GLIF cell of the Allen Cell Types Database ({type(error).__name__}: {error})"
            ) from error
    elif template in _LEVELS:
        given |= dict(zip(_SWITCHES, _LEVELS[template], strict=True))
    found: dict[str, float] = {}
    for name, value in given.items():
        listed = isinstance(value, list)
        values = value if listed else [value]
        if not all(isinstance(one, int | float) for one in values) or (name in _LISTS and not (listed and values)):
            kind = "list of numbers" if name in _LISTS else "number"
            raise ValueError(f"{where}: {name} = {value!r:.60}; it must be a {kind}")
        found |= {f"{name}_{k + 1}" if listed else name: float(one) for k, one in enumerate(values)}
    lengths = {name: len(given[name]) for name in _LISTS if name in given and name != "tau_syn"}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"{where}: lists of after-spike currents have {told} entries; each current has one in every list")
    return found


def _of_cell(cell: Mapping[str, Any], level: tuple[int, int, int]) -> dict[str, Any]:
    """Parameters of a cell of the Allen Cell Types Database, which are in SI units and relative to a reference, as NEST's."""
    factors = cell["coeffs"]
    rest = cell["El"] + cell["El_reference"]
    found: dict[str, Any] = {
        "V_m": rest * 1e3,
        "E_L": rest * 1e3,
        "V_th": (factors["th_inf"] * cell["th_inf"] + cell["El_reference"]) * 1e3,
        "V_reset": cell["El_reference"] * 1e3,
        "g": factors["G"] / cell["R_input"] * 1e9,
        "C_m": factors["C"] * cell["C"] * 1e12,
        "t_ref": cell["spike_cut_length"] * cell["dt"] * 1e3,
        "tau_syn": list(_ALLEN_PORTS),
        **dict(zip(_SWITCHES, level, strict=True)),
    }
    resets, currents, follows = level
    if resets:
        spikes, voltage = cell["threshold_dynamics_method"]["params"], cell["voltage_reset_method"]["params"]
        found |= {"th_spike_add": spikes["a_spike"] * 1e3, "th_spike_decay": spikes["b_spike"] * 1e-3}
        found |= {"voltage_reset_fraction": voltage["a"], "voltage_reset_add": voltage["b"] * 1e3}
        if follows:
            found["th_voltage_index"] = spikes["a_voltage"] * factors["a"] * 1e-3
            found["th_voltage_decay"] = spikes["b_voltage"] * factors["b"] * 1e-3
    if currents:
        amplitudes = zip(cell["asc_amp_array"], factors["asc_amp_array"], strict=True)
        found |= {"asc_amps": [one * factor * 1e12 for one, factor in amplitudes]}
        found |= {"asc_init": [one * 1e12 for one in cell["init_AScurrents"]]}
        found |= {"asc_decay": [1e-3 / one for one in cell["asc_tau_array"]], "asc_r": [1.0] * len(cell["asc_tau_array"])}
    return found


def glif_model(parameters: Mapping[str, Floats], where: str) -> tuple[NeuronModel, tuple[str, ...]]:
    """Model of GLIF neurons, each with mechanisms of its own.

    Parameters
    ----------
    parameters : mapping from name to array (n_nodes,)
        In NEST's names and units, lists as `glif_content` makes them; what is missing has NEST's default, and so has an entry that is NaN.
    where : str
        File and population, for messages.

    Returns
    -------
    model : NeuronModel
        ``x_1``, ``x_2``, ... receive weights in amperes, one for each synaptic time constant.
    lost : tuple of str
        Parameters that the model does not have.

    Raises
    ------
    ValueError
        If a time, rate, conductance or capacitance is not above 0, a fraction is not one, or a reset is not below its threshold.
    """
    known, n_ports, n_currents = _known(parameters)
    _check(known, where)
    first = given_or_default(parameters.get("V_m"), GLIF_DEFAULTS["E_L"])  # as in NEST, whatever the node's own E_L is
    begun = {f"asc_{k + 1}": np.multiply(known.pop(f"asc_init_{k + 1}"), 1e-12) for k in range(n_currents)}
    on = [given_or_default(parameters.get(name), 0.0) for name in _SWITCHES]
    resets, currents, follows = (bool(np.any(one)) for one in on)
    n_currents = n_currents if currents else 0
    used = _switched(known, on, n_currents)
    units = {name: _UNITS.get(_list_of(name) or name, ("volt", 1e-3)) for name in used}
    ports = [str(k + 1) for k in range(n_ports)]
    variables = "v : volt\nbefore : volt\nleft : 1\ndrive : amp\n" + each(ALPHA.variables, ports)
    variables += "".join(f"asc_{k + 1} : amp\n" for k in range(n_currents))
    variables += "raised : volt\n" * resets + "followed : volt\n" * follows
    model = NeuronModel(
        equations=variables + "".join(f"{name} : {unit or 1} (constant)\n" for name, (unit, _) in units.items()),
        threshold="left <= 0 and v > V_th" + " + raised" * resets + " + followed" * follows,
        reset=_reset(n_currents, resets=resets),
        constants=quantities(used, units),
        start={"v": _quantity(np.multiply(first, 1e-3), "volt")}
        | {f"asc_{k + 1}": _quantity(begun[f"asc_{k + 1}"] * on[1], "amp") for k in range(n_currents)},
        receives="x_1",
        update=_update(ports, n_currents, follows=follows, resets=resets),
        reference="Teeter et al., Nature Communications 9, 2018, doi 10.1038/s41467-017-02717-4",
    )
    told = {*GLIF_DEFAULTS, *_SWITCHES, "V_m"}
    return model, tuple(name for name in parameters if name not in told and not _list_of(name))


def _list_of(name: str) -> str:
    """The list that a name with a number is an entry of; "" for others."""
    short, _, number = name.rpartition("_")
    return short if short in _LISTS and number.isdigit() else ""


def _quantity(values: Any, unit: str) -> Quantity:
    quantity: Any = Quantity(values, dim=parse_quantity(f"1 {unit}").dim)
    return quantity


def _known(parameters: Mapping[str, Floats]) -> tuple[dict[str, Any], int, int]:
    """Parameters of all nodes; the numbers of ports and of after-spike currents of the node that has most."""
    known: dict[str, Any] = {name: given_or_default(parameters.get(name), default) for name, default in GLIF_DEFAULTS.items()}
    found = {name: sum(_list_of(key) == name for key in parameters) for name in _LISTS}
    n_ports = found.pop("tau_syn") or 1
    n_currents = max(found.values()) or 2
    for name, defaults in _LISTS.items():
        given = parameters.get("tau_syn_1" if name == "tau_syn" else "asc_decay_1", np.array(np.nan))
        for k in range(n_ports if name == "tau_syn" else n_currents):
            # a node with a list of its own has nothing beyond its end, where another one has more; one without has NEST's
            default = defaults[k] if k < len(defaults) else _BEYOND[name]
            beyond = {"asc_r": 1.0}.get(name, _BEYOND[name])
            fallback = np.where(np.isnan(given), default, beyond)
            known[f"{name}_{k + 1}"] = given_or_default(parameters.get(f"{name}_{k + 1}"), fallback)
    return known, n_ports, n_currents


def _check(known: Mapping[str, Any], where: str) -> None:
    for name, value in known.items():
        least, most, short = np.min(finite(f"{where}: {name}", value)), np.max(value), _list_of(name) or name
        if short in _POSITIVE and least <= 0:
            raise ValueError(f"{where}: {name} goes down to {least}; it must be above 0")
        if short in _FRACTIONS and not 0 <= least <= most <= 1:
            raise ValueError(f"{where}: {name} goes from {least} to {most}; it must be 0 to 1")
    if np.any(known["V_reset"] >= known["V_th"]):
        raise ValueError(
            f"{where}: V_reset = {known['V_reset']} is not below V_th = {known['V_th']}; the neuron would never stop"
        )


def _switched(known: Mapping[str, Any], on: list[Any], n_currents: int) -> dict[str, Any]:
    """Parameters that the model needs, 0 in nodes whose mechanism is off."""
    resets, _, follows = on
    used = {name: known[name] for name in ("C_m", "g", "E_L", "V_th", "t_ref")} | {"tau_m": np.divide(known["C_m"], known["g"])}
    used |= {name: value for name, value in known.items() if _list_of(name) == "tau_syn"}
    if np.any(resets):
        used |= {"th_spike_add": known["th_spike_add"] * resets, "th_spike_decay": known["th_spike_decay"]}
        plain = known["V_reset"] - known["E_L"]  # a reset to V_reset is one that forgets the potential before
        used["voltage_reset_fraction"] = known["voltage_reset_fraction"] * resets
        used["voltage_reset_add"] = plain + resets * (known["voltage_reset_add"] - plain)
    else:
        used["V_reset"] = known["V_reset"]
    if np.any(follows):
        used |= {"th_voltage_index": known["th_voltage_index"] * follows, "th_voltage_decay": known["th_voltage_decay"]}
    for k in range(n_currents):
        names = [f"{name}_{k + 1}" for name in ("asc_decay", "asc_amps", "asc_r")]
        used |= {name: known[name] * (on[1] if name.startswith("asc_amps") else 1.0) for name in names}
    return used


def _reset(n_currents: int, *, resets: bool) -> str:
    """What a spike does; currents and the raised threshold go through the refractory period at once."""
    lines = ["v = E_L + voltage_reset_fraction*(before - E_L) + voltage_reset_add" if resets else "v = V_reset"]
    lines += ["raised = raised*exp(-th_spike_decay*t_ref) + th_spike_add"] * resets
    lines += [f"asc_{k} = asc_amps_{k} + asc_{k}*asc_r_{k}*exp(-asc_decay_{k}*t_ref)" for k in range(1, n_currents + 1)]
    # `left` counts one more than the steps of the period: the next update takes one away first
    return "\n".join([*lines, "left = floor(t_ref/dt + 0.5) + 1"])


def _update(ports: list[str], n_currents: int, *, resets: bool, follows: bool) -> str:
    """Statements of a step: nothing but synaptic currents changes in the refractory period."""
    numbers = [str(k + 1) for k in range(n_currents)]
    lines = "decay = exp(-dt/tau_m)\n" + each(FIRST + ALPHA.factors, ports)
    lines += f"left = clip(left - 1, 0, {MANY_STEPS})\nfree = int(left <= 0)\nbefore = v\nmean = drive\n"
    # an after-spike current acts with its mean over the step
    lines += each(
        "kept_PORT = exp(-asc_decay_PORT*dt)\nmean = mean + asc_PORT*(1 - kept_PORT)/(asc_decay_PORT*dt)\n"
        "asc_PORT = asc_PORT*(1 - free*(1 - kept_PORT))\n",
        numbers,
    )
    lines += "change = (E_L - v + mean/g)*(1 - decay)\n" + each(ALPHA.change, ports)
    lines += "raised = raised*(1 - free*(1 - exp(-th_spike_decay*dt)))\n" * resets
    return lines + _FOLLOWING * follows + "v = v + free*change"


# the series is that of (exp(q) - 1)/q near 0, where threshold and membrane go alike
_FOLLOWING = (
    "eased = exp(-th_voltage_decay*dt)\nq = (th_voltage_decay - 1/tau_m)*dt\nnear = int(abs(q) < 0.05)\n"
    "ratio = near*(1 + q/2.0 + q**2/6.0 + q**3/24.0 + q**4/120.0 + q**5/720.0) + (1 - near)*(exp(q) - 1)/(q + near)\n"
    "goal = eased*followed + th_voltage_index*(v - E_L - mean/g)*dt*eased*ratio"
    " + th_voltage_index/th_voltage_decay*mean/g*(1 - eased)\n"
    "followed = followed + free*(goal - followed)\n"
)
