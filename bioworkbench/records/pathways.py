"""`Pathway`: statements of a synapse that spikes of one end run; and checks of their names, delays and order, and of what receives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bioworkbench.records.arrays import non_negative
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.kinds import check_kind
from bioworkbench.records.names import check_identifier
from bioworkbench.records.statements import lines
from bioworkbench.records.units import in_si, parse_quantity

if TYPE_CHECKING:
    from bioworkbench.records.neuron import NeuronModel
    from bioworkbench.records.synapse import SynapseModel

__all__ = [
    "ENDS",
    "RECEIVER",
    "STAND_IN",
    "WEIGHT",
    "Pathway",
    "check_delays",
    "check_receiver",
    "delay_of",
    "free_parameters",
    "pathways_of",
    "receiving",
]

_TIME = parse_quantity("1 ms")

ENDS = {"on_pre": "pre", "on_post": "post"}
WEIGHT, RECEIVER = "weight", "{receiver}"
STAND_IN = "receiver_of_spikes"  # an identifier in the place of the receiver, which only a projection knows


@dataclass(frozen=True)
class Pathway:
    """Statements that run when spikes of one end arrive.

    Parameters
    ----------
    name : str
    end : {"pre", "post"}
    text : str
        Statements, separated by new lines or semicolons.
    """

    name: str
    end: str
    text: str

    @property
    def words(self) -> str:
        """What messages call it, as a user wrote it."""
        return f"on_{self.end}" + f".{self.name}" * (self.name != self.end)

    def statements(self, receiver: str) -> list[str]:
        """Lines of statements.

        Parameters
        ----------
        receiver : str
            Variable of the target that receives spikes.

        Returns
        -------
        list of str
        """
        return list(lines(self.text.replace(RECEIVER, receiver)))


def pathways_of(model: "SynapseModel") -> tuple[Pathway, ...]:
    """Pathways of a model that do something, those of the source first; one text is named as its end.

    Parameters
    ----------
    model : SynapseModel

    Returns
    -------
    tuple of Pathway

    Raises
    ------
    ValueError
        If a name is not an identifier, or is that of two pathways.
    """
    found = []
    for field, end in ENDS.items():
        given: str | Mapping[str, str] = getattr(model, field)
        rule = "be statements, or a mapping from pathways to statements"
        texts = {end: given} if isinstance(given, str) else check_kind(field, given, Mapping, rule)
        for name, text in texts.items():
            check_identifier("pathway", name)
            if not isinstance(text, str):
                raise TypeError(f"{field}.{name} = {text!r}: statements are text")
            if name in [other.name for other in found]:
                raise ValueError(f"pathway '{name}' is one of on_pre and one of on_post; each needs a name of its own")
            if any(lines(text)):
                found.append(Pathway(name, end, text))
    return tuple(found)


def delay_of(model: "SynapseModel", pathway: Pathway) -> Any:
    """Delay of a pathway's own, float or array (n_synapses,), seconds; None where it is that of the links, or none.

    Parameters
    ----------
    model : SynapseModel
    pathway : Pathway

    Returns
    -------
    float array or None
    """
    given = model.delays.get(pathway.name)
    return None if given is None else np.asarray(in_si(f"delay of pathway '{pathway.name}'", given, _TIME), dtype=float)


def check_delays(model: "SynapseModel") -> None:
    """Refuse delays of pathways that are not there, and delays that are no times.

    Parameters
    ----------
    model : SynapseModel

    Raises
    ------
    ValueError
        Naming the pathway.
    """
    for name in model.delays:
        named = [pathway for pathway in model.pathways if pathway.name == name]
        if not named:
            raise ValueError(f"delays: {unknown_name(name, 'pathway', [pathway.name for pathway in model.pathways])}")
        non_negative(f"delay of pathway '{name}'", float(np.min(delay_of(model, named[0]))))


def receiving(target: str, model: "NeuronModel", receives: str, kind: str) -> str:
    """Variable of neurons that a projection acts on.

    Parameters
    ----------
    target : str
        Their population, for messages.
    model : NeuronModel
    receives : str
        What the projection names; "" for what the model says.
    kind : str
        Of the stimulus that it starts from; "" where that is a population.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If neurons have no such variable.
    """
    variable = receives or ("drive" if kind == "current" else model.receives)
    if variable not in model.parsed:
        raise ValueError(unknown_name(variable, f"variable of '{target}' that could receive it", model.parsed))
    return variable


def check_receiver(model: "SynapseModel", target: "NeuronModel", receiver: str) -> None:
    """Check that what the synapses set to a sum in every step is a parameter, which nothing else sets.

    Parameters
    ----------
    model : SynapseModel
    target : NeuronModel
    receiver : str
        Variable of the target that receives spikes; empty if there is none.

    Raises
    ------
    ValueError
        If it is a variable with an equation of its own, or a constant; the message names a parameter that there is.
    """
    own, free = model.parsed.get(f"{STAND_IN}_post"), free_parameters(target)
    if own is None or "summed" not in own.flags or receiver in free or receiver not in target.parsed:
        return
    integrated = "which the equations integrate" if receiver in target.parsed.diff_eq_names else "which is not free to be set"
    example = next((name for name in ("drive", *free) if name in free), "")
    remedy = f"such as '{example}'" if example else "which its equations have to declare and add"
    raise ValueError(
        f"receives = '{receiver}', {integrated}: these synapses set what receives to their sum in every step, so it must be a parameter; "
        f"name one of the target with receives, {remedy}"
    )


def free_parameters(target: "NeuronModel") -> list[str]:
    """Parameters of the `target` neurons that their constants do not set."""
    return sorted(target.parsed.parameter_names - target.constants.keys())
