"""Checks of the values that neuron models are given: finite, of the right dimension and sign, one per neuron at most."""

from typing import Any

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, get_dimensions

from bioworkbench.records.arrays import finite
from bioworkbench.records.distributions import start_dimension
from bioworkbench.records.expressions import is_start
from bioworkbench.records.units import dimension_name, format_quantity, parse_quantity, unit_text

__all__ = ["ascending", "non_negative_amounts", "positive_amounts", "refractory_period", "signed", "start_value"]

Constants = dict[str, Any]
Amount = Any  # a Quantity, which Brian2 leaves untyped, or a number


def signed(unit: Amount, **values: Amount) -> Constants:
    """Return values by name if they are finite numbers of one dimension, of either sign.

    Parameters
    ----------
    unit : Quantity or float
        Of the right dimension, as an example.
    **values : Quantity or float, one or array (n_neurons,)

    Returns
    -------
    dict
        The same values.

    Raises
    ------
    TypeError
        If a value is text or None.
    ValueError
        If the dimension or the shape is another, or a value is NaN or infinite.
    """
    for name, value in values.items():
        if value is None or isinstance(value, str):
            raise TypeError(f"{name} = {value!r}: must be a quantity such as 20*ms, or a number")
        if get_dimensions(value) is not get_dimensions(unit):
            wanted = (
                f"{dimension_name(unit)}, in {unit_text(get_dimensions(unit))}" if isinstance(unit, Quantity) else "plain number"
            )
            raise ValueError(f"{name} = {format_quantity(value)} is a {dimension_name(value)}; it must be a {wanted}")
        if finite(name, np.asarray(value)).ndim > 1:
            raise ValueError(f"{name} has shape {np.shape(value)}; give one value, or one per neuron")
    return dict(values)


def positive_amounts(unit: Amount, **values: Amount) -> Constants:
    """As `signed`, of the dimension of `unit`; all `values` must be above 0."""
    for name, value in signed(unit, **values).items():
        if np.min(np.asarray(value)) <= 0:
            raise ValueError(f"{name} = {format_quantity(value)}: must be above 0")
    return dict(values)


def non_negative_amounts(unit: Amount, **values: Amount) -> Constants:
    """As `signed`, of the dimension of `unit`; all `values` must be 0 or more."""
    for name, value in signed(unit, **values).items():
        if np.min(np.asarray(value)) < 0:
            raise ValueError(f"{name} = {format_quantity(value)}: cannot be negative")
    return dict(values)


def ascending(low: str, high: str, constants: Constants) -> None:
    """Raise ValueError unless, neuron by neuron, the one of the `constants` that is named `low` is below the one named `high`."""
    first, second_ = np.asarray(constants[low]), np.asarray(constants[high])
    if np.any(first >= second_):
        raise ValueError(
            f"{low} = {format_quantity(constants[low])} must be below {high} = {format_quantity(constants[high])} in every neuron"
        )


def refractory_period(refractory: Quantity) -> Quantity | None:
    """The period of refractoriness, or None without one.

    Parameters
    ----------
    refractory : Quantity, () or (n_neurons,), second

    Returns
    -------
    Quantity or None
        None for 0.

    Raises
    ------
    ValueError
        If it is not a time, or negative.
    """
    non_negative_amounts(second, refractory=refractory)
    return refractory if np.any(refractory) else None


def start_value(start: Quantity | str | None, default: Quantity, name: str = "start") -> Quantity | str:
    """Value, distribution or expression that a variable starts with.

    Parameters
    ----------
    start : Quantity, text or None
        Text is a quantity, a distribution or an expression; None means the default.
    default : Quantity
        Also says the dimension.
    name : str
        Of the argument, for messages.

    Returns
    -------
    Quantity or str
        Text for a distribution or an expression; what that names is checked by `NeuronModel`, which knows the constants.

    Raises
    ------
    ValueError
        If the dimension is another, a value is not finite, or the text is neither quantity, distribution nor expression.
    """
    if start is None:
        return default
    if isinstance(start, str) and is_start(start):
        return start
    wanted = get_dimensions(default)
    if isinstance(start, str) and "(" in start:
        if (found := start_dimension(start)) is not wanted:
            raise ValueError(f"{name} = {start} is a {dimension_name(found)}; it must be a {dimension_name(wanted)}")
        return start
    unit = Quantity(1.0, dim=wanted)
    return signed(unit, **{name: parse_quantity(start) if isinstance(start, str) else start})[name]
