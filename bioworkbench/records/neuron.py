"""`NeuronModel`: what a neuron is, as Brian2 equations with units."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import PARAMETER, Equations
from brian2.units.fundamentalunits import Quantity

from bioworkbench.records.arrays import Floats, non_negative
from bioworkbench.records.errors import check_all, unknown_name
from bioworkbench.records.kinds import check_fields
from bioworkbench.records.language import BRIAN2_REFUSES, check_name, check_whole_numbers, one_line
from bioworkbench.records.lazily import later
from bioworkbench.records.names import NEURON_INDICES
from bioworkbench.records.statements import unused_names
from bioworkbench.records.times import SECOND, rough_times, seconds
from bioworkbench.records.units import Start, dimension_name, plain_values, unit_text

if TYPE_CHECKING:
    from bioworkbench.discrete.lif import DiscreteLIF
    from bioworkbench.discrete.spike_response import DiscreteSpikeResponse

__all__ = ["NeuronModel", "refractory_text", "refractory_time", "rough_refractory"]

check_drawn = later("bioworkbench.records.expressions:check_drawn")  # only for models whose start values are texts

_TAKEN = frozenset((*DEFAULT_FUNCTIONS, *DEFAULT_UNITS, *DEFAULT_CONSTANTS, "t", "dt", "i", "N", "xi", "and", "or", "not"))
_OF_BRIAN2 = ("not_refractory", "lastspike")  # variables of every neuron
_RANDOM = frozenset(("rand", "randn", "poisson", "binomial", "shared_noise"))
_COMMENT = re.compile(r"#[^\n]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_ASSIGNED = re.compile(r"(?:^|[;\n])\s*([A-Za-z_]\w*)\s*(?:[-+*/%]|\*\*|//)?=(?!=)")  # left of =, +=, ...


@dataclass(frozen=True)
class NeuronModel:
    """Equations, threshold and reset of a neuron, in Brian2's language.

    Three parameters have a meaning when the equations declare them:

    * ``drive : <unit>``: input from a stimulus of kind "current", constant during a frame; zero without a stimulus;
    * ``shared_noise : second**-0.5``: white noise that all neurons of the population, in one trial, have in common;
    * a name in `constants`: set from there.

    Every other parameter must be set: by `start`, by a statement, or by spikes where `receives` names it.

    Parameters
    ----------
    equations : str
        Differential equations, subexpressions and parameters; may be only parameters for models in discrete time.
    threshold, reset : str
        Condition and statements; an empty threshold means a neuron that never spikes.
    constants : mapping from name to Quantity, number or array
        Scalars, or one value per neuron. Changing a value needs no rebuild.
    start : mapping from variable to Quantity, number, array or text
        Text is a distribution, ``"uniform(-70 mV, -50 mV)"``, as `distributions.parse_distribution` reads it, or an expression of
        ``i``, ``N``, constants, units and functions, ``"rest + rand()*10*mV"``, as `expressions` reads it; drawn anew in each trial.
    receives : str
        Variable that an incoming spike adds its weight to; empty for a source that receives none.
    refractory : Quantity, number or array, seconds, or text, optional
        How long a neuron does not spike again, and variables marked ``(unless refractory)`` are held: one time or one per neuron, rounded
        to whole steps as `bioworkbench.records.times` says. Text is a condition under which it does not, ``"v > -40*mV"``, or an
        expression of time in the model's variables.
    method : str
        Brian2's integration method; "exact" where the equations allow it.
    update : str
        Statements run once per step before the threshold is tested: how the state changes, for models in discrete time.
    reference : str
        Where the model comes from, with DOI where there is one.
    rates : tuple of str
        Names, of constants or ``drive``, whose sum times dt is the chance of a spike in a step, and cannot be above 1; for models that
        draw their spikes.
    discrete : DiscreteLIF or DiscreteSpikeResponse, optional
        What a model in discrete time is; the record makes everything else of the model (``record.model()``).

    Raises
    ------
    ValueError
        If the equations do not parse, `receives` or a name in `start` is not a variable of them, nothing names a constant, nothing
        sets a parameter, C++ or Brian2 uses the name of a variable itself, or something is of another kind, such as a constant in quotes.
    """

    equations: str
    threshold: str
    reset: str
    constants: Mapping[str, Quantity | float | np.ndarray] = field(default_factory=dict)
    start: Mapping[str, Start] = field(default_factory=dict)
    receives: str = "v"
    refractory: Quantity | float | np.ndarray | str | None = None
    method: str = "euler"
    update: str = ""
    reference: str = ""
    rates: tuple[str, ...] = ()
    discrete: "DiscreteLIF | DiscreteSpikeResponse | None" = None

    def __post_init__(self) -> None:
        texts = ("equations", "threshold", "reset", "receives", "method", "update", "reference")
        check_fields(self, texts=texts, mappings=("constants", "start"))
        if self.discrete is not None:
            self.discrete.check(self)
        names = self.parsed.names
        if self.receives and self.receives not in names:
            raise ValueError(f"receives: {unknown_name(self.receives, 'variable', names)}")
        check_all(_checks(self))
        if self.refractory is not None and not isinstance(self.refractory, str):
            pause = non_negative("refractory", seconds("refractory", self.refractory))
            object.__setattr__(self, "refractory", Quantity(pause, dim=SECOND))

    @property
    def _statements(self) -> list[str]:
        return [_COMMENT.sub("", text) for text in (self.reset, self.update)]

    @cached_property
    def _named(self) -> set[str]:
        """Everything that the model's texts name."""
        texts = (self.threshold, refractory_text(self.refractory), *self._statements)
        named = {word for text in texts for word in _WORD.findall(text)}
        return named | {word for equation in self.parsed.values() for word in equation.identifiers} | self.parsed.names

    @property
    def is_random(self) -> bool:
        """Whether neurons draw random numbers while they run."""
        return bool(self._named & _RANDOM) or bool(self.parsed.stochastic_variables)

    @cached_property
    def parsed(self) -> Equations:
        """The equations as Brian2 reads them."""
        try:
            return _equations_of(self.equations)
        except BRIAN2_REFUSES as error:
            raise ValueError(f"equations do not parse: {one_line(error)}") from error

    def check_size(self, population: str, size: int) -> None:
        """Check that arrays among constants and start values have one entry per neuron, and start values the unit of their variable.

        Parameters
        ----------
        population : str
            Name, for messages.
        size : int
            Neurons of the population.

        Raises
        ------
        ValueError
            If one has another shape, or a start value another unit.
        """
        for name, value in [*self.constants.items(), *self.start.items(), ("refractory", self.refractory)]:
            shape = () if isinstance(value, str) else np.shape(value)
            if shape not in ((), (size,)):
                raise ValueError(f"{name} of population '{population}' has shape {shape}; it must be a scalar or ({size},)")
        for name, value in self.start.items():
            if isinstance(value, Quantity) and value.dim is not self.parsed[name].dim:  # plain numbers are in SI units
                raise ValueError(
                    f"start of '{name}' of population '{population}' is a {dimension_name(value)}; the equations define it as "
                    f"'{self.parsed[name]}'"
                )

    def check_statements(self, population: str) -> None:
        """Check that every name that a statement sets is a variable, or is read by another statement.

        Parameters
        ----------
        population : str
            Name, for messages.

        Raises
        ------
        ValueError
            If one is neither, as a misspelled variable.
        """
        variables = {*self.parsed.names, *self.constants, *_OF_BRIAN2}
        for what in ("reset", "update"):
            for name, line in unused_names(getattr(self, what), variables).items():
                known = unknown_name(name, "variable that it may set", self.parsed.names)
                raise ValueError(f"{what} '{line}' of population '{population}': {known}")

    def unit(self, variable: str) -> str:
        """SI unit, as Brian2 code, of `variable`, which the equations define; KeyError if they do not."""
        return unit_text(self.parsed[variable].dim)


@lru_cache(maxsize=256)
def _equations_of(text: str) -> Equations:
    """Equations that Brian2 reads from a text, once for all models that have it: they never change."""
    return Equations(text)


def _checks(model: NeuronModel) -> Iterator[Callable[[], object]]:
    """Each name by itself: start values, variables and constants, constants that nothing names, parameters that nothing sets."""
    names = model.parsed.names
    for name, value in model.start.items():
        yield partial(_check_start, model, name, value)
    for name in (*names, *model.constants):
        yield partial(check_name, "variable" if name in names else "constant", name)
    drawn = {word for text in model.start.values() if isinstance(text, str) for word in _WORD.findall(text)}
    for name, value in model.constants.items():
        yield partial(plain_values, f"constant '{name}'", value)
    for name in [name for name in model.constants if name not in model._named | drawn]:
        yield partial(_refuse_unused, model, name, model._named | drawn)
    assigned = {name for text in model._statements for name in _ASSIGNED.findall(text)}
    given = {*model.constants, *model.start, *assigned, model.receives, "drive", "shared_noise"}
    for name, equation in model.parsed.items():
        if equation.type == PARAMETER and name not in given:
            yield partial(_refuse_unset, model, name)


def _check_start(model: NeuronModel, name: str, value: Start) -> None:
    """Refuse text that cannot be drawn; what neurons share has no index, and no constants that differ between them."""
    if name not in model.parsed.names:
        raise ValueError(f"start: {unknown_name(name, 'variable', model.parsed.names)}")
    if name in model.constants:
        raise ValueError(f"'{name}' is given among the constants and among the start values; leave one of them out")
    if isinstance(value, str):
        shared = "shared" in model.parsed[name].flags
        constants = {other: given for other, given in model.constants.items() if not (shared and np.ndim(given))}
        check_drawn(f"start of '{name}'", value, ("N",) if shared else NEURON_INDICES, constants, model.parsed[name].dim)
        return
    check_whole_numbers(f"start of '{name}'", value, model.parsed[name])


def _refuse_unused(model: NeuronModel, name: str, named: set[str]) -> None:
    free = sorted(named - _TAKEN - model.constants.keys())
    near = get_close_matches(name, free, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "; leave it out, or use it."
    raise ValueError(f"constant '{name}' is used by nothing{hint} Other names that the model uses: {', '.join(free)}")


def _refuse_unset(model: NeuronModel, name: str) -> None:
    near = get_close_matches(name, [*model.constants, *model.start], n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise ValueError(
        f"parameter '{name}' is set by nothing; {hint}give it in constants or start (0 there, where spikes of a "
        "projection add to it)"
    )


def refractory_text(refractory: object) -> str:
    """The condition or expression of time that says when neurons are refractory.

    Parameters
    ----------
    refractory : Quantity, number, array, text or None
        Of a `NeuronModel`, or of a group of Brian2.

    Returns
    -------
    str
        Empty where it is a time, or nothing.

    Examples
    --------
    >>> refractory_text("v > -40*mV"), refractory_text(0.002)
    ('v > -40*mV', '')
    """
    return refractory if isinstance(refractory, str) else ""


def refractory_time(model: NeuronModel) -> Floats | None:
    """Refractory period of the neurons of a model.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    array () or (n_neurons,), seconds, or None
        None without one, or where a text says when it ends.

    Examples
    --------
    >>> refractory_time(NeuronModel("v : 1", "v > 1", "v = 0", refractory=0.002))
    array(0.002)
    """
    pause = model.refractory
    return None if pause is None or isinstance(pause, str) else np.asarray(pause, dtype=float)


def rough_refractory(model: NeuronModel, population: str, dt: float) -> Iterator[str]:
    """What a user should know of a refractory period that is rounded to steps.

    Parameters
    ----------
    model : NeuronModel
    population : str
        Name, for messages.
    dt : float, seconds

    Yields
    ------
    str
        As `rough_times`; nothing where there is no period, or a text says when it ends.

    Examples
    --------
    >>> next(rough_refractory(NeuronModel("v : 1", "v > 1", "v = 0", refractory=1.3e-3), "a", 0.5e-3))[:53]
    "1 of 1 refractory periods of population 'a' are round"
    """
    if (pause := refractory_time(model)) is not None:
        yield from rough_times("refractory period", f"population '{population}'", pause, dt)
