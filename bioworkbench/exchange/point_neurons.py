"""What models of point neurons that other simulators define have in common: alpha currents in exact steps, and constants in arrays."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioworkbench.records.arrays import Floats
from bioworkbench.records.units import Quantity, parse_quantity

__all__ = ["ALPHA", "FIRST", "MANY_STEPS", "Currents", "each", "given_or_default", "quantities"]

MANY_STEPS = "1000000000"
"""More than any refractory period has."""


@dataclass(frozen=True)
class Currents:
    """Synaptic currents that statements step exactly; PORT stands for the name of a port.

    Parameters
    ----------
    variables : str
        Declarations.
    factors : str
        Statements that make what depends on constants and the step alone.
    change : str
        Statements that add to ``change``, what a step adds to ``v``, and step the currents.
    """

    variables: str
    factors: str
    change: str


# integrals over a step of exp(q*s) and s*exp(q*s), s from 0 to 1: series near 0, where the closed forms cancel
FIRST = (
    "q_PORT = (1/tau_m - 1/tau_syn_PORT)*dt\nnear_PORT = int(abs(q_PORT) < 0.05)\np_PORT = q_PORT + near_PORT\n"
    "first_PORT = near_PORT*(1 + q_PORT/2.0 + q_PORT**2/6.0 + q_PORT**3/24.0 + q_PORT**4/120.0 + q_PORT**5/720.0)"
    " + (1 - near_PORT)*(exp(q_PORT) - 1)/p_PORT\nlost_PORT = exp(-dt/tau_syn_PORT)\n"
)
"""Factors of currents that decay exponentially."""

ALPHA = Currents(
    "x_PORT : amp\ny_PORT : amp\n",
    "second_PORT = near_PORT*(0.5 + q_PORT/3.0 + q_PORT**2/8.0 + q_PORT**3/30.0 + q_PORT**4/144.0 + q_PORT**5/840.0)"
    " + (1 - near_PORT)*(exp(q_PORT)*(q_PORT - 1) + 1)/p_PORT**2\n",
    # the current is e*y: a weight is then its peak
    "change = change + 2.718281828459045*decay/C_m*dt*(first_PORT*y_PORT + second_PORT*x_PORT*dt/tau_syn_PORT)\n"
    "y_PORT = (y_PORT + x_PORT*dt/tau_syn_PORT)*lost_PORT\nx_PORT = x_PORT*lost_PORT\n",
)
"""Alpha functions, which weights are the peaks of; after `FIRST`."""


def each(text: str, ports: Iterable[str]) -> str:
    """Statements for every port.

    Parameters
    ----------
    text : str
        With PORT where a port's name stands.
    ports : iterable of str

    Returns
    -------
    str

    Examples
    --------
    >>> each("x_PORT : amp; ", ("ex", "in"))
    'x_ex : amp; x_in : amp; '
    """
    return "".join(text.replace("PORT", port) for port in ports)


def given_or_default(given: Floats | None, default: Floats | float) -> Floats | float:
    """Values where they are given; one number where all are alike.

    Parameters
    ----------
    given : array (n_nodes,), optional
        NaN where there is none.
    default : array (n_nodes,) or float

    Returns
    -------
    array (n_nodes,) or float
    """
    values = np.asarray(default, dtype=float) if given is None else np.where(np.isnan(given), default, given)
    return float(values.flat[0]) if values.size and (values == values.flat[0]).all() else values


def quantities(known: Mapping[str, Floats | float], units: Mapping[str, tuple[str, float]]) -> dict[str, Any]:
    """Constants with their units: all of them numbers, or all arrays.

    Brian2 evaluates statements of numbers alone once, before all others: they may not follow one that differs between neurons.

    Parameters
    ----------
    known : mapping from name to array (n_nodes,) or float
    units : mapping from name to (unit, factor)
        What a value is multiplied with to be in the unit.

    Returns
    -------
    mapping from name to Quantity
    """
    shape = np.broadcast_shapes(*(np.shape(value) for value in known.values()))
    return {
        name: Quantity(np.broadcast_to(np.multiply(value, units[name][1]), shape), dim=parse_quantity(f"1 {units[name][0]}").dim)
        for name, value in known.items()
    }
