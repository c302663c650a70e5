"""How a job's synapses lie in memory, where their equations decide which way is fast; the engine moves them when it has loaded them.

Spikes of targets reach synapses that are far from each other: where there are such pathways, the variables of a synapse stand side by
side. Sums over the synapses of a target go through them row by row: there, synapses are sorted by target.
"""

from typing import Any

import numpy as np
from brian2.core.variables import DynamicArrayVariable
from brian2.synapses.synapses import Synapses
from brian2.utils.stringtools import get_identifiers

__all__ = ["is_interleaved", "layout_words"]

_RANDOM = frozenset(("rand", "randn", "poisson", "binomial"))


def _arrays(synapses: Any) -> list[Any]:
    """Arrays with a value per synapse."""
    # sorted, so that a plan does not depend on the order of a set
    found = [variable for variable in synapses._registered_variables if isinstance(variable, DynamicArrayVariable)]
    return sorted(found, key=lambda variable: (variable.owner.name, variable.name))


def _sums(synapses: Any) -> bool:
    """Whether it is row by row that synapses are gone through; where they draw numbers, streams go by their order."""
    named = set().union(*(get_identifiers(e.expr.code) for e in synapses.equations.values() if e.expr is not None))
    ours = [one.template_kwds["_index_var"] is synapses.variables["_synaptic_post"] for one in synapses.summed_updaters.values()]
    return bool(ours) and all(ours) and not (named & _RANDOM) and not synapses.equations.stochastic_variables


def is_interleaved(variable: Any) -> bool:
    """Whether an array lies between others of the same synapses.

    Parameters
    ----------
    variable : Variable
        Of Brian2.

    Returns
    -------
    bool
    """
    owner: Any = getattr(variable, "owner", None)  # a proxy, whose class only `isinstance` sees through
    if not isinstance(variable, DynamicArrayVariable) or not isinstance(owner, Synapses) or variable.name == "delay":
        return False  # the engine reads delays itself
    # Loops over all synapses are fast where the values of each variable stand together.
    goes_over_all = owner.state_updater is not None or owner.summed_updaters
    learns = any(pathway.prepost == "post" for pathway in owner._pathways)
    return learns and not goes_over_all and np.issubdtype(variable.dtype, np.floating)


def layout_words(synapses: Any) -> tuple[str, list[Any]] | None:
    """What the engine does with loaded synapses.

    Parameters
    ----------
    synapses : Synapses
        Of Brian2, with all pathways.

    Returns
    -------
    (order, arrays) or None
        An order of a plan, and the arrays that it is about.
    """
    if _sums(synapses):
        return "by_target", [synapses.variables["_synaptic_post"], *_arrays(synapses)]
    side_by_side = [variable for variable in _arrays(synapses) if is_interleaved(variable)]
    return ("interleave", side_by_side) if len(side_by_side) > 1 else None
