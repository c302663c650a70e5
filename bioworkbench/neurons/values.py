"""Checks of the values that neuron models are given: finite, of the right dimension and sign, one per neuron at most."""

from typing import Any

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import Quantity, get_dimensions

from bioworkbench.arrays import finite
from bioworkbench.quantities import dimension_name, format_quantity, parse_law, parse_quantity, unit_text

__all__ = ["ascending", "non_negative", "positive", "refractory_period", "signed", "start_value"]

Constants = dict[str, Any]
Amount = Any  # a Quantity, which Brian2 leaves untyped, or a number


def signed(unit: Amount, **values: Amount) -> Constants:
    """The values by name, if they are finite numbers or arrays (n_neurons,) of the dimension of `unit`.

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


def positive(unit: Amount, **values: Amount) -> Constants:
    """As `signed`; every value must be above 0."""
    for name, value in signed(unit, **values).items():
        if np.min(np.asarray(value)) <= 0:
            raise ValueError(f"{name} = {format_quantity(value)}: must be above 0")
    return dict(values)


def non_negative(unit: Amount, **values: Amount) -> Constants:
    """As `signed`; no value may be below 0."""
    for name, value in signed(unit, **values).items():
        if np.min(np.asarray(value)) < 0:
            raise ValueError(f"{name} = {format_quantity(value)}: cannot be negative")
    return dict(values)


def ascending(low: str, high: str, constants: Constants) -> None:
    """Raise ValueError unless, neuron by neuron, the first named value is below the second."""
    first, second_ = np.asarray(constants[low]), np.asarray(constants[high])
    if np.any(first >= second_):
        raise ValueError(
            f"{low} = {format_quantity(constants[low])} must be below {high} = {format_quantity(constants[high])} in every neuron"
        )


def refractory_period(refractory: Quantity) -> Quantity | None:
    """The period, or None for 0.

    Raises
    ------
    ValueError
        If it is not a time, negative, or not one value for the whole population.
    """
    non_negative(second, refractory=refractory)
    if np.ndim(refractory):
        raise ValueError(f"refractory has shape {np.shape(refractory)}; give one time for the population")
    return refractory if np.any(refractory) else None


def start_value(start: Quantity | str | None, default: Quantity, name: str = "start") -> Quantity | str:
    """Value or law that a variable starts with; None means the default, which also says the dimension.

    Raises
    ------
    ValueError
        If the dimension is another, a value is not finite, or the text is neither quantity nor law.
    """
    if start is None:
        return default
    unit = Quantity(1.0, dim=get_dimensions(default))
    if isinstance(start, str) and "(" in start:
        signed(unit, **{name: parse_law(start)[1]})
        return start
    return signed(unit, **{name: parse_quantity(start) if isinstance(start, str) else start})[name]
