"""Values that differ between neurons or synapses, written as text: distributions, and expressions in Brian2's language.

An expression such as ``"-70*mV + rand()*10*mV"`` or ``"i/N"`` means what it means in Brian2: ``i`` and ``N`` are the place of a neuron in
its population, in its own trial, and the size of the population. Texts come from untrusted files. So Python's parser makes a tree of
one, Brian2 checks its units, and the tree is computed here, node by node, with NumPy; nothing is evaluated as code. All backends are
given the numbers, so that they simulate the same.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any

import numpy as np
import scipy  # its submodule is imported when it is first used
from brian2.core.functions import Function
from brian2.core.variables import Constant, Variable
from brian2.equations.equations import Equations
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS

from bioworkbench.records.arrays import Floats
from bioworkbench.records.distributions import draw_start, parse_distribution, start_dimension
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.language import check_dimension, check_text, known_names, refused
from bioworkbench.records.names import NEURON_INDICES, SYNAPSE_INDICES
from bioworkbench.records.units import Dimension, Quantity, dimension_name, parse_quantity, plain_values

__all__ = [
    "INDICES",
    "check_drawn",
    "dimension_of",
    "drawn_values",
    "is_drawn",
    "is_expression",
    "is_random",
    "is_start",
    "neuron_indices",
    "read_value",
    "synapse_indices",
]

INDICES = tuple(sorted({*NEURON_INDICES, *SYNAPSE_INDICES}))
"""All of these names."""

_LONGEST = 1000
_IS_DISTRIBUTION = re.compile(r"\s*(constant|uniform|normal|lognormal)\s*\(")
_DRAWS = ("rand", "randn", "poisson")
_BINARY = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod, ast.Pow: np.power,
}  # fmt: skip
_UNARY = {ast.UAdd: np.positive, ast.USub: np.negative, ast.Not: np.logical_not}
_COMPARISONS = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
_LOGIC = {ast.And: np.logical_and, ast.Or: np.logical_or}
_SAME = (
    "ceil",
    "clip",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "log",
    "log10",
    "log1p",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
)
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {name: getattr(np, name) for name in (*_SAME, "arccos", "arcsin", "arctan")} | {
    "abs": np.abs,
    "exprel": lambda x: scipy.special.exprel(x),
    "int": np.trunc,
}
_OPERATORS = (*_BINARY, *_UNARY, *_COMPARISONS, *_LOGIC)
_NODES = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Call, ast.Name, ast.Constant, ast.Load, *_OPERATORS)


def is_expression(text: str) -> bool:
    """Whether a text is an expression, rather than a quantity, a distribution, or neither.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_expression(text) for text in ("-70*mV + rand()*mV", "i/N", "20 ms", "20*ms", "normal(1 ms, 2 ms)", "tau")]
    [True, True, False, False, False, False]
    """
    if _IS_DISTRIBUTION.match(text):
        return False
    try:
        parse_quantity(text)
    except ValueError:
        node = _tree(text)
        return isinstance(node, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Compare | ast.Call) or (
            isinstance(node, ast.Name) and node.id in INDICES
        )
    return False


def is_start(text: str) -> bool:
    """Whether `text`, of a start value, is an expression, or the name of a constant alone."""
    return is_expression(text) or (text.strip().isidentifier() and text.strip() not in ("inf", "nan"))


def is_drawn(text: str) -> bool:
    """Whether `text` stands for a value per neuron or synapse: it is an expression, or looks like a distribution."""
    return "(" in text or is_expression(text)


def is_random(text: str) -> bool:
    """Whether a text stands for random values: it is a distribution, or an expression that draws numbers.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_random(text) for text in ("normal(1 ms, 2 ms)", "randn()*mV", "i*mV")]
    [True, True, False]
    """
    return bool(_IS_DISTRIBUTION.match(text)) or any(re.search(rf"\b{name}\s*\(", text) for name in _DRAWS)


def read_value(name: str, value: Quantity | float | str) -> Quantity | float | str:
    """A start value: a quantity or number as it is, text of a quantity as a quantity, and text that is drawn as text.

    Parameters
    ----------
    name : str
        Of the variable, for messages.
    value : Quantity, float or str

    Returns
    -------
    Quantity, float or str

    Raises
    ------
    ValueError
        If a text is none of these; what is wrong with an expression is found where its names are known.
    """
    if not isinstance(value, str):
        return value
    if is_start(value):
        return value
    try:
        if "(" in value:
            parse_distribution(value)
            return value
        return parse_quantity(value)
    except ValueError as error:
        raise ValueError(f"start of '{name}': {error}") from error


def neuron_indices(size: int) -> dict[str, Any]:
    """Values of ``i`` and ``N`` in a population of `size` neurons."""
    return {"i": np.arange(size, dtype=float), "N": float(size)}


def synapse_indices(sources: np.ndarray, targets: np.ndarray, shape: tuple[int, int]) -> dict[str, Any]:
    """Values of ``i``, ``j``, ``N_pre`` and ``N_post`` at synapses: source and target neuron, and how many there are.

    Parameters
    ----------
    sources, targets : int array (n_synapses,)
    shape : (n_sources, n_targets)

    Returns
    -------
    dict
        Arrays (n_synapses,) of ``i`` and ``j``, and two numbers.
    """
    return {"i": sources.astype(float), "j": targets.astype(float), "N_pre": float(shape[0]), "N_post": float(shape[1])}


def check_drawn(what: str, text: str, names: Iterable[str], constants: Mapping[str, Any], wanted: Dimension) -> None:
    """Raise ValueError unless a text is a distribution or an expression of known names, and of the right dimension.

    Parameters
    ----------
    what : str
        For messages: "start of 'v'".
    text : str
    names : iterable of str
        Those of `INDICES` that there are.
    constants : mapping from name to Quantity, number or array
        That an expression may name.
    wanted : Dimension

    Raises
    ------
    ValueError
        Naming what is unknown, or the dimensions.

    Examples
    --------
    >>> check_drawn("start of 'v'", "rand()*10*ms", ["i", "N"], {}, parse_quantity("1 mV").dim)
    Traceback (most recent call last):
    ValueError: start of 'v' 'rand()*10*ms' has the unit second; it must have the unit volt
    """
    if is_start(text):
        check_dimension(what, text.strip(), _checked_names(what, text, names, constants), wanted)
        return
    found = start_dimension(text)
    if found is not wanted:
        raise ValueError(f"{what} = {text.strip()} is a {dimension_name(found)}; it must be a {dimension_name(wanted)}")


def dimension_of(text: str, names: Iterable[str] = INDICES) -> Dimension:
    """Dimension of a distribution, or of an expression without constants of a model.

    Parameters
    ----------
    text : str
    names : iterable of str
        Those of `INDICES` that there are.

    Returns
    -------
    Dimension

    Raises
    ------
    ValueError
        If the text is neither, names something unknown, or mixes units.

    Examples
    --------
    >>> dimension_of("i*mV + rand()*mV") is dimension_of("normal(1 mV, 2 mV)")
    True
    """
    if not is_expression(text):
        return start_dimension(text)
    known = _checked_names("expression", text, names, {})
    return refused("expression", text, partial(parse_expression_dimensions, text.strip(), known))


def drawn_values(text: str, n: int, rngs: Sequence[np.random.Generator], names: Mapping[str, Any]) -> Floats:
    """Values of all neurons or synapses, for several trials.

    Parameters
    ----------
    text : str
        Distribution or expression.
    n : int
        Neurons or synapses.
    rngs : sequence of Generator
        One for each trial.
    names : mapping from name to float or array (n,)
        Indices, and constants in SI units, which an expression may name.

    Returns
    -------
    float array (n_trials, n)
        SI units.

    Raises
    ------
    ValueError
        If the text cannot be computed, or a value is not finite.

    Examples
    --------
    >>> drawn_values("i*mV/N", 2, [np.random.default_rng(1)], neuron_indices(2))
    array([[0.    , 0.0005]])
    """
    shape = (len(rngs), n)
    if not is_start(text):
        return np.concatenate([draw_start(text, (1, n), rng) for rng in rngs])
    _checked_names("expression", text, names, {})
    with np.errstate(all="ignore"):
        found = refused("expression", text, lambda: _Computed(shape, rngs, names).of(_tree(text)))
    values = np.broadcast_to(np.asarray(found, dtype=float), shape).copy()
    if not np.isfinite(values).all():
        at = int(np.argwhere(~np.isfinite(values))[0][1])
        raise ValueError(f"'{text}' is {values[~np.isfinite(values)][0]} for number {at}; values must be finite")
    return values


@cache
def _base() -> Mapping[str, Any]:
    """Units, constants and functions that any expression may name."""
    known = known_names(Equations(""))
    return {name: item for name, item in known.items() if not isinstance(item, Function) or name in (*_FUNCTIONS, *_DRAWS)}


def _parsed(text: str) -> ast.AST:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # "3or 4" is read, with a warning
        return ast.parse(text.strip(), mode="eval").body


def _tree(text: str) -> ast.AST | None:
    """The expression as a tree; None if the text is no expression of Python."""
    try:
        return _parsed(text) if len(text) <= 10 * _LONGEST else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _checked_names(what: str, text: str, names: Iterable[str], constants: Mapping[str, Any]) -> dict[str, Any]:
    """What the expression may name, as Brian2 describes it; ValueError if it names or does anything else."""
    if len(text) > _LONGEST:
        raise ValueError(f"{what} has {len(text)} characters; {_LONGEST} are allowed")
    check_text(what, text)
    known = dict(_base()) | {name: Variable(name) for name in names}
    dimensions = {name: plain_values(f"constant '{name}'", value)[1] or DIMENSIONLESS for name, value in constants.items()}
    known |= {
        name: Variable(name, dimensions=dimensions[name], constant=True, scalar=not np.ndim(value))
        for name, value in constants.items()
    }
    for part in ast.walk(refused(what, text, partial(_parsed, text))):
        if not isinstance(part, _NODES) or (isinstance(part, ast.Constant) and not _is_number(part.value)):
            shown = ast.unparse(part)[:40]
            raise ValueError(
                f"{what} '{text.strip()}': '{shown}' cannot be part of an expression; use numbers, names and operators"
            )
        if isinstance(part, ast.Name) and part.id not in known:
            words = unknown_name(part.id, "variable, constant, function or unit", [*names, *constants])
            raise ValueError(f"{what} '{text.strip()}': {words}")
    return known


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and value <= sys.float_info.max


class _Computed:
    """Values of the parts of an expression.

    Parameters
    ----------
    shape : (n_trials, n)
    rngs : sequence of Generator
        One for each trial; each call of ``rand()`` takes the next numbers of all of them.
    names : mapping from name to float or array (n,)
    """

    def __init__(self, shape: tuple[int, int], rngs: Sequence[np.random.Generator], names: Mapping[str, Any]) -> None:
        units = {name: item.value for name, item in _base().items() if isinstance(item, Constant)}
        self.shape, self.rngs, self.names = shape, rngs, {**units, **names}

    def of(self, node: Any) -> Any:
        """A number, or an array that fits (n_trials, n)."""
        match node:
            case ast.Constant():
                return float(node.value)
            case ast.Name():
                return self.names[node.id]
            case ast.BinOp():
                return _BINARY[type(node.op)](*(np.asarray(self.of(part), dtype=float) for part in (node.left, node.right)))
            case ast.UnaryOp(op=ast.Not()):
                return np.logical_not(self.of(node.operand))
            case ast.UnaryOp():
                return _UNARY[type(node.op)](np.asarray(self.of(node.operand), dtype=float))
            case ast.BoolOp():
                return reduce(_LOGIC[type(node.op)], map(self.of, node.values))
            case ast.Compare():
                values = [self.of(part) for part in (node.left, *node.comparators)]
                tests = zip(node.ops, values[:-1], values[1:], strict=True)
                return reduce(np.logical_and, [_COMPARISONS[type(op)](left, right) for op, left, right in tests])
            case _:
                return self._call(node.func.id, [np.asarray(self.of(part), dtype=float) for part in node.args])

    def _call(self, name: str, arguments: list[Any]) -> Any:
        n = self.shape[1]
        if name == "rand":
            return np.stack([rng.random(n) for rng in self.rngs])
        if name == "randn":
            return np.stack([rng.standard_normal(n) for rng in self.rngs])
        if name == "poisson":
            means = np.broadcast_to(arguments[0], self.shape)
            return np.stack([rng.poisson(mean) for rng, mean in zip(self.rngs, means, strict=True)])
        return _FUNCTIONS[name](*arguments)
