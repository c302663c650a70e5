"""`Pathway`: statements of a synapse that spikes of one end run; and checks of their names, delays and order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bioworkbench.records.arrays import non_negative
from bioworkbench.records.errors import unknown_name
from bioworkbench.records.names import check_identifier
from bioworkbench.records.statements import lines
from bioworkbench.records.units import in_si, parse_quantity

if TYPE_CHECKING:
    from bioworkbench.records.synapse import SynapseModel

__all__ = ["ENDS", "RECEIVER", "STAND_IN", "WEIGHT", "Pathway", "check_delays", "delay_of", "pathways_of"]

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
        texts = {end: given} if isinstance(given, str) else given
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
