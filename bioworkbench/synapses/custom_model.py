"""A synapse written in a spec file."""

from collections.abc import Mapping
from typing import Annotated

from brian2.units import Quantity

from bioworkbench.records.annotations import Drawn
from bioworkbench.records.expressions import read_value
from bioworkbench.records.language import check_text
from bioworkbench.records.synapse import SynapseModel
from bioworkbench.records.units import parse_quantity

__all__ = ["custom", "pulse"]


def pulse() -> SynapseModel:
    """A spike adds the weight to a variable of the target."""
    return SynapseModel()


def custom(
    *,
    equations: str = "",
    on_pre: str | Mapping[str, str] = "{receiver}_post += weight",
    on_post: str | Mapping[str, str] = "",
    constants: Mapping[str, Quantity | float | str] | None = None,
    start: Annotated[Mapping[str, Quantity | float | str], Drawn()] | None = None,
    method: str = "exact",
    reference: str = "",
    delays: Mapping[str, Quantity | float] | None = None,
) -> SynapseModel:
    """Synapse of your own equations, checked by Brian2's parser and unit system before anything is built.

    Parameters
    ----------
    equations : str
        Brian2 equations, one per line; see `SynapseModel`.
    on_pre, on_post : str or mapping from pathway to str
        Statements at spikes of source and target, separated by new lines or semicolons.
    constants : mapping from name to Quantity, number or text
        Text is a quantity such as ``"20 ms"``. In a spec it may also be ``"normal(20 ms, 2 ms)"`` or an expression such as
        ``"20*ms + (i != j)*rand()*ms"``, which give every synapse a value of its own, the same in all trials.
    start : mapping from variable to Quantity, number, distribution or expression
        Text is a quantity, a distribution such as ``"uniform(0, 1)"``, or an expression, which may name ``i`` and ``j``, source and target
        neuron, ``N_pre``, ``N_post`` and constants; both are drawn anew in each trial. The other variables start at 0.
    method : {"euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4"}
        Of integration.
    reference : str
        Where the model comes from.
    delays : mapping from pathway to Quantity or number, second
        Of pathways that do not act after the delay of the links, or, on spikes of the target, at once. A single text is the pathway "pre"
        or "post".

    Returns
    -------
    SynapseModel

    Raises
    ------
    ValueError
        If a text does not parse, names something unknown, or mixes units.

    References
    ----------
    Stimberg, Brette and Goodman, eLife 8, 2019, doi 10.7554/eLife.47314.
    """
    check_text("equations", equations)
    for name, given in (("on_pre", on_pre), ("on_post", on_post)):
        for text in [given] if isinstance(given, str) else given.values():
            check_text(name, text)
    return SynapseModel(
        equations,
        on_pre,
        on_post,
        constants={name: _value(value) for name, value in (constants or {}).items()},
        start={name: read_value(name, value) for name, value in (start or {}).items()},
        method=method,
        reference=reference,
        delays=dict(delays or {}),
    )


def _value(value: Quantity | float | str) -> Quantity | float:
    return parse_quantity(value) if isinstance(value, str) else value
