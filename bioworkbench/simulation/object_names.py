"""Names of Brian2's objects and their variables, as `build` gives them and backends find them again."""

from bioworkbench.records.pathways import WEIGHT, Pathway

__all__ = ["OWN_WEIGHT", "noise_name", "our_name", "our_pathway", "pathway_name", "synapses_name", "synaptic", "table_name"]

_SYNAPTIC = "synaptic_"  # Brian2 refuses variables of synapses that have the name of a neuron's
_PATHWAY = "pathway_"  # pathways become attributes of synapses: those that users name must not hide others
OWN_WEIGHT = f"{_SYNAPTIC}{WEIGHT}"


def synapses_name(projection: str) -> str:
    """Name of the synapses of a `projection`."""
    return f"{projection}_synapses"


def noise_name(population: str) -> str:
    """Name of the group that draws the noise which all neurons of a `population` share."""
    return f"{population}_noise"


def table_name(projection: str, rows: str) -> str:
    """Name of the timed array of a `projection` from a stimulus, whose `rows` are "frames" or "impulses"."""
    return f"{projection}_stimulus_{rows}"


def synaptic(variable: str) -> str:
    """What a `variable` or constant of a synapse model is called in Brian2."""
    return f"{_SYNAPTIC}{variable}"


def our_name(variable: str, *, of_synapses: bool) -> str:
    """What a `variable` of Brian2's neurons, or `of_synapses`, is called in its model."""
    return variable.removeprefix(_SYNAPTIC) if of_synapses else variable


def pathway_name(pathway: Pathway) -> str:
    """What a `pathway` of a synapse model is called in Brian2, which makes it an attribute of the synapses."""
    return pathway.name if pathway.name == pathway.end else f"{_PATHWAY}{pathway.name}"


def our_pathway(name: str) -> str:
    """What a pathway with the `name` that Brian2 has for it is called in its model."""
    return name.removeprefix(_PATHWAY)
