"""A neuron model written in a spec file."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping

from brian2.units import Quantity, ms

from bioworkbench.neurons.checks import check_model, check_text
from bioworkbench.neurons.model import NeuronModel, Start
from bioworkbench.neurons.values import refractory_period
from bioworkbench.quantities import parse_law, parse_quantity

__all__ = ["custom"]


def custom(
    *,
    equations: str,
    threshold: str = "",
    reset: str = "",
    refractory: Quantity = 0 * ms,
    constants: Mapping[str, Quantity | float | str] | None = None,
    start: Mapping[str, Quantity | float | str] | None = None,
    receives: str = "v",
    method: str = "euler",
    update: str = "",
    reference: str = "",
) -> NeuronModel:
    """Neuron of your own equations, checked by Brian2's parser and unit system before anything is built.

    Parameters
    ----------
    equations : str
        Brian2 equations, one per line. Names that are not defined there must be `constants`, functions or units.
        ``drive : <unit>`` and ``shared_noise : second**-0.5`` have the meaning that `NeuronModel` gives them.
    threshold : str
        Condition; empty for a neuron that never spikes.
    reset : str
        Statements after a spike, separated by new lines or semicolons.
    refractory : Quantity, second
        Holds variables marked ``(unless refractory)`` after a spike, and delays the next one.
    constants : mapping from name to Quantity, number or text
        Text is a quantity such as ``"20 ms"``.
    start : mapping from variable to Quantity, number or text
        Text is a quantity, or a law such as ``"uniform(-70 mV, -50 mV)"``; the other variables start at 0.
    receives : str
        Variable that an incoming spike adds its weight to.
    method : {"euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4"}
    update : str
        Statements run once per step, before the threshold is tested.
    reference : str

    Raises
    ------
    ValueError
        If a text does not parse, names something unknown, or mixes units; see `bioworkbench.neurons.checks.check_model`.

    References
    ----------
    Stimberg, Brette and Goodman, eLife 8, 2019, doi 10.7554/eLife.47314.

    Examples
    --------
    >>> custom(equations="dv/dt = -v/tau : volt", constants={"tau": "20 mV"})
    Traceback (most recent call last):
    ValueError: equation of v '-v/tau' has the unit 1; it must have the unit volt/second
    """
    texts = {"equations": equations, "threshold": threshold, "reset": reset, "update": update}
    for name, text in texts.items():
        check_text(name, text)
    model = NeuronModel(
        **texts,
        constants={name: _constant(value) for name, value in (constants or {}).items()},
        start={name: _start(value) for name, value in (start or {}).items()},
        receives=receives,
        refractory=refractory_period(refractory),
        method=method,
        reference=reference,
    )
    check_model(model)
    return model


def _constant(value: Quantity | float | str) -> Quantity | float:
    return parse_quantity(value) if isinstance(value, str) else value


def _start(value: Start) -> Start:
    if isinstance(value, str) and "(" in value:
        parse_law(value)
        return value
    return _constant(value)
