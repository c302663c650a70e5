"""`SynapseModel`: what a synapse does, in Brian2's language with units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.units import volt
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, get_dimensions
from brian2.utils.stringtools import get_identifiers

from bioworkbench.records.errors import unknown_name
from bioworkbench.records.kinds import check_fields
from bioworkbench.records.language import refused
from bioworkbench.records.pathways import RECEIVER, STAND_IN, WEIGHT, Pathway, pathways_of
from bioworkbench.records.probe import Probe
from bioworkbench.records.synapse_text import check_synapse
from bioworkbench.records.units import Start, unit_text

__all__ = ["PULSE", "RECEIVER", "WEIGHT", "SynapseModel", "check_synaptic"]

_VOLT = get_dimensions(volt)


@dataclass(frozen=True)
class SynapseModel:
    """Equations of a synapse and what spikes at its ends do, in Brian2's language.

    ``weight`` is the synapse's own weight, from the links of its projection. Its unit is that of the variable that receives the spikes,
    unless the equations declare it, ``weight : siemens``, or say how it changes: ``dweight/dt = ... : siemens (clock-driven)``.
    ``x_pre`` and ``x_post`` are the variable x of source and target, and ``{receiver}`` is the variable of the target that the
    projection names. In equations, ``{unit}`` is its unit, and ``{unit/volt}`` that by volt. ``t`` and ``dt`` are known; the indices i
    and j are not.

    Parameters
    ----------
    equations : str
        Differential equations, each marked ``(clock-driven)`` or ``(event-driven)``, subexpressions and parameters. A subexpression
        ``x_post = ... : unit (summed)`` sets a parameter x of the target, in every step, to the sum over its synapses.
    on_pre, on_post : str or mapping from pathway to str
        Statements that run when a spike of the source arrives, after the delay of the synapse, and when the target spikes, at once.
        Several pathways of one end have names; what arrives in the same step runs in the order of these, pathways of the source first.
    constants : mapping from name to Quantity, number or array
        Scalars, or one value per synapse in the order of the links, which `Links` sorts by source and target, whatever the order in which
        they were given. Changing a value needs no rebuild.
    start : mapping from variable to Quantity, number, array or text
        As of neurons; an expression may name ``i`` and ``j``, source and target neuron of a synapse, and how many neurons there are,
        ``N_pre`` and ``N_post``. The other variables start at 0.
    delays : mapping from pathway to Quantity, number or array, second
        Delays of pathways of their own: one for all synapses, or one per synapse in the order of the links. A single text is the pathway
        "pre" or "post". Changing a value needs no rebuild.
    method : str
        Brian2's integration method of clock-driven equations; "exact" where they allow it.
    reference : str
        Where the model comes from, with DOI where there is one.
    bound : str
        Constant that weights stay below, from 0 up, as the statements or equations keep them; "" where weights have no such range. A
        `Network` refuses weights outside.

    Raises
    ------
    ValueError
        If a text does not parse, a name is unknown, nothing uses a constant, a parameter is read before anything sets it, or a statement
        sets what it may not. What depends on the neurons at both ends is checked by `Network`.

    Examples
    --------
    >>> SynapseModel().has_state
    False
    >>> SynapseModel(on_pre="v_post += weight; weight *= 0.99").has_state
    True
    """

    equations: str = ""
    on_pre: str | Mapping[str, str] = f"{RECEIVER}_post += {WEIGHT}"
    on_post: str | Mapping[str, str] = ""
    constants: Mapping[str, Quantity | float | np.ndarray] = field(default_factory=dict)
    start: Mapping[str, Start] = field(default_factory=dict)
    method: str = "exact"
    reference: str = ""
    delays: Mapping[str, Quantity | float | np.ndarray] = field(default_factory=dict)
    bound: str = ""

    def __post_init__(self) -> None:
        check_fields(self, texts=("equations", "method", "reference", "bound"), mappings=("constants", "start", "delays"))
        check_synapse(self)

    @cached_property
    def parsed(self) -> Equations:
        """The equations as Brian2 reads them, for a receiver that only projections know."""
        return refused("equations", self.equations, lambda: self.equations_for(STAND_IN))

    def equations_for(self, receiver: str, dimension: Dimension = DIMENSIONLESS) -> Equations:
        """The equations for one variable of the target.

        Parameters
        ----------
        receiver : str
            Variable of the target that receives spikes.
        dimension : Dimension
            Of that variable.

        Returns
        -------
        Equations
        """
        units = {"{unit}": unit_text(dimension), "{unit/volt}": unit_text(dimension / _VOLT)}
        text = self.equations.replace(RECEIVER, receiver)
        for place, unit in units.items():
            text = text.replace(place, unit)
        return Equations(text)

    @cached_property
    def pathways(self) -> tuple[Pathway, ...]:
        """What spikes of the source do, then what those of the target do."""
        return pathways_of(self)

    @cached_property
    def named(self) -> frozenset[str]:
        """Everything that equations, statements and start values name."""
        texts = [text for pathway in self.pathways for text in pathway.statements(STAND_IN)]
        texts += [value for value in self.start.values() if isinstance(value, str)]
        texts += [equation.expr.code for equation in self.parsed.values() if equation.expr is not None]
        return frozenset(name for text in texts for name in get_identifiers(text))

    @cached_property
    def assigned(self) -> frozenset[str]:
        """What the statements set: variables of the synapse, and of neurons with their ending; the receiver stands for itself."""
        texts = [text for pathway in self.pathways for text in pathway.statements(RECEIVER)]
        return frozenset(text.partition("=")[0].rstrip("+-*/% ").strip() for text in texts)

    @property
    def changes_weight(self) -> bool:
        """Whether statements set the weight, or an equation does."""
        return WEIGHT in self.assigned or WEIGHT in self.parsed.diff_eq_names

    @property
    def has_state(self) -> bool:
        """Whether synapses change in time: they have variables or equations, or statements set the weight."""
        return bool(self.parsed.names - {WEIGHT}) or self.changes_weight

    @property
    def shared_by_copies(self) -> bool:
        """Whether copies of a network side by side may share synapses: without state, one pathway, and they look only at their target."""
        alone = [pathway.name for pathway in self.pathways] == ["pre"] and not self.delays
        return alone and not self.has_state and not any(name.endswith("_pre") for name in self.named)


PULSE = SynapseModel()
"""A spike adds the weight to a variable of the target."""


def check_synaptic(probe: Probe, model: SynapseModel) -> None:
    """Refuse a probe of what cannot be read from synapses at any time.

    Parameters
    ----------
    probe : Probe
        Of a projection.
    model : SynapseModel
        Of its synapses.

    Raises
    ------
    ValueError
        If they do not have the variable, or bring it up to date at spikes only.
    """
    own = [n for n, e in model.parsed.items() if e.type != SUBEXPRESSION and "event-driven" not in e.flags]
    known = sorted({WEIGHT, *own})
    if probe.variable in known:
        return
    if probe.variable in model.parsed.diff_eq_names:
        raise ValueError(
            f"variable '{probe.variable}' of the synapses of '{probe.population}' is event-driven, brought up to date at spikes only; "
            f"record one of {', '.join(known)}"
        )
    raise ValueError(unknown_name(probe.variable, f"variable of the synapses of '{probe.population}'", known))
