"""What belongs to a trial, where trials are simulated as copies of a population side by side: `i`, `N`, and shared variables.

Brian2 numbers the neurons of all copies through. In the texts of a model these names mean the neuron's place in its population, in
its own trial, and the population's size: they are replaced by two variables that hold just that, whose values are data of a run.

A shared variable is one number for all copies. That is right as long as it changes alike in all trials, so random ones are refused.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from brian2.equations.equations import Equations
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioworkbench.records.expressions import is_random
from bioworkbench.records.neuron import NeuronModel, refractory_text
from bioworkbench.records.statements import lines
from bioworkbench.records.synapse import SynapseModel

if TYPE_CHECKING:
    from bioworkbench.records.network import Network

__all__ = ["INDEX", "SIZE", "check_shared", "index_values", "indices_used", "own_indices", "with_own_indices"]

INDEX, SIZE = "index_in_population", "size_of_population"
_NAMES = {"i": INDEX, "N": SIZE}
_DECLARED = {"i": f"{INDEX} : integer (constant)", "N": f"{SIZE} : integer (shared, constant)"}


def indices_used(model: NeuronModel) -> list[str]:
    """Which of `i` and `N` a model names in its equations or statements.

    Parameters
    ----------
    model : NeuronModel

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If the model has a variable or constant of the name that takes their place.
    """
    taken = sorted({INDEX, SIZE} & {*model.parsed.names, *model.constants})
    if taken:
        raise ValueError(f"'{taken[0]}' is what i or N becomes when trials are simulated together; rename that variable")
    texts = (model.threshold, model.reset, model.update, refractory_text(model.refractory))
    named = set().union(*(get_identifiers(text) for text in texts))
    named |= set().union(*(equation.identifiers for equation in model.parsed.values() if equation.expr is not None))
    return [name for name in _NAMES if name in named]


def own_indices(text: str) -> str:
    """Threshold or statements with both names replaced.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> own_indices("v > 1 and i < N//2")
    'v > 1 and index_in_population < size_of_population//2'
    """
    return word_substitute(text, _NAMES)


def with_own_indices(equations: Equations, used: list[str]) -> Equations:
    """Equations with the names in use replaced, and the variables that take their place declared.

    Parameters
    ----------
    equations : Equations
    used : list of str
        From `indices_used`.

    Returns
    -------
    Equations
    """
    if not used:
        return equations
    return equations.substitute(**{name: _NAMES[name] for name in used}) + Equations("\n".join(_DECLARED[name] for name in used))


def index_values(model: NeuronModel, size: int, n_copies: int) -> dict[str, np.ndarray]:
    """Values of the variables that a model needs for `i` and `N`.

    Parameters
    ----------
    model : NeuronModel
    size : int
        Neurons of the population.
    n_copies : int

    Returns
    -------
    dict
        int32 arrays by the variable's name: of every neuron of all copies, or of one number.
    """
    values = {"i": np.tile(np.arange(size, dtype=np.int32), n_copies), "N": np.array([size], dtype=np.int32)}
    return {_NAMES[name]: values[name] for name in indices_used(model)}


def check_shared(network: "Network", n_trials: int) -> None:
    """Refuse shared variables that are random, where there are several trials: all would have the same values.

    Parameters
    ----------
    network : Network
    n_trials : int

    Raises
    ------
    ValueError
        Naming the variable, and where it is drawn.
    """
    if n_trials <= 1:
        return
    owners = [(f"population '{p.name}'", p.model) for p in network.populations]
    owners += [(f"projection {p.name}", p.synapse) for p in network.projections]
    for owner, model in owners:
        for name, text in _random_shared(model):
            raise ValueError(
                f"shared variable '{name}' of {owner} is drawn at random ({text}), and {n_trials} trials would all have the same values; "
                "declare it without (shared). For a number that the neurons of a trial have in common, declare "
                "'shared_noise : second**-0.5': shared_noise*sqrt(dt) is standard normal, drawn anew in each step of each trial"
            )


def _random_shared(model: NeuronModel | SynapseModel) -> Iterator[tuple[str, str]]:
    """Shared variables that are drawn at random, with the texts that draw them."""
    shared = {name: equation for name, equation in model.parsed.items() if "shared" in equation.flags}
    texts = [(name, f"{name} = {equation.expr.code}") for name, equation in shared.items() if equation.expr is not None]
    texts += [(name, value) for name, value in model.start.items() if name in shared and isinstance(value, str)]
    statements = lines(model.update) if isinstance(model, NeuronModel) else ()
    texts += [(line.partition("=")[0].rstrip("+-*/% "), line) for line in statements]
    yield from ((name, text) for name, text in texts if name in shared and is_random(text))
