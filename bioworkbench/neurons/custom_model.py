"""A neuron model written in a spec file."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from typing import Annotated

from brian2.units import Quantity, ms

from bioworkbench.neurons.checks import check_model
from bioworkbench.neurons.values import refractory_period
from bioworkbench.records.annotations import Condition, Drawn
from bioworkbench.records.expressions import read_value
from bioworkbench.records.language import check_text
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.units import parse_quantity

__all__ = ["custom"]


def custom(
    *,
    equations: str,
    threshold: str = "",
    reset: str = "",
    refractory: Annotated[Quantity | str, Condition()] = 0 * ms,
    constants: Mapping[str, Quantity | float | str] | None = None,
    start: Annotated[Mapping[str, Quantity | float | str], Drawn()] | None = None,
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
        Statements after a spike, separated by new lines or semicolons; only with a `threshold`, as `refractory`.
    refractory : Quantity, second, or text
        Holds variables marked ``(unless refractory)`` after a spike, and delays the next one: for a time, one for all or one per neuron,
        or as long as a condition is true, such as ``"v > -40*mV"``.
    constants : mapping from name to Quantity, number or text
        Text is a quantity such as ``"20 ms"``. In a spec it may also be ``"normal(20 ms, 2 ms)"`` or an expression such as
        ``"20*ms + i*0.1*ms"``, which give every neuron a value of its own, the same in all trials.
    start : mapping from variable to Quantity, number, distribution or expression
        Text is a quantity, a distribution such as ``"uniform(-70 mV, -50 mV)"``, or an expression such as ``"rest + rand()*10*mV"``,
        which may name ``i``, ``N`` and constants; both are drawn anew in each trial. The other variables start at 0.
    receives : str
        Variable that an incoming spike adds its weight to.
    method : {"euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4"}
        Of integration.
    update : str
        Statements run once per step, before the threshold is tested.
    reference : str
        Where the model comes from.

    Returns
    -------
    NeuronModel

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
    ValueError: equation of v '-v/tau' has the unit 1; it must have the unit volt/second (it does if 'tau' is in second, not volt)
    """
    texts = {"equations": equations, "threshold": threshold, "reset": reset, "update": update}
    for name, text in texts.items():
        check_text(name, text)
    model = NeuronModel(
        **texts,
        constants={name: _constant(value) for name, value in (constants or {}).items()},
        start={name: read_value(name, value) for name, value in (start or {}).items()},
        receives=receives,
        refractory=refractory if isinstance(refractory, str) else refractory_period(refractory),
        method=method,
        reference=reference,
    )
    check_model(model)
    return model


def _constant(value: Quantity | float | str) -> Quantity | float:
    return parse_quantity(value) if isinstance(value, str) else value
