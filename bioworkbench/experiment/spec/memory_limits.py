"""What is too large for the memory that a spec allows, found from its sizes before anything is drawn."""

from collections.abc import Mapping, Sequence

from bioworkbench.experiment.spec.records import ExperimentSpec, ProjectionSpec
from bioworkbench.records.choice import Choice

__all__ = ["check_neurons", "check_synapse_memory"]

_BYTES_PER_NEURON = 200
_BYTES_PER_SYNAPSE = 24


def check_neurons(spec: ExperimentSpec) -> None:
    """Refuse more neurons than the memory budget holds.

    Parameters
    ----------
    spec : ExperimentSpec

    Raises
    ------
    SpecError
        Naming the memory needed and the memory allowed.
    """
    total = sum(population.size for population in spec.populations)
    with spec.place("populations").named():
        if total * _BYTES_PER_NEURON > spec.memory * 1e9:
            raise ValueError(
                f"{total:,} neurons take {total * _BYTES_PER_NEURON / 1e9:.3g} GB; memory = {spec.memory:g} allows less. "
                "Raise memory, or make populations smaller"
            )


def check_synapse_memory(spec: ExperimentSpec, projections: Sequence[ProjectionSpec], sizes: Mapping[str, int]) -> None:
    """Refuse more synapses than the memory budget holds, before any is drawn.

    Parameters
    ----------
    spec : ExperimentSpec
    projections : sequence of ProjectionSpec
        Those whose links a program draws are left out.
    sizes : mapping from str to int
        Neurons of each population, and channels of the stimulus.

    Raises
    ------
    SpecError
        Naming the projection with which the budget is spent.
    """
    total = 0
    for projection in (p for p in projections if p.weight is None):
        total += _n_expected(projection.topology, sizes[projection.source], sizes[projection.target])
        with spec.place(f"projections.{projection.name}").named():
            if total * _BYTES_PER_SYNAPSE > spec.memory * 1e9:
                raise ValueError(
                    f"about {total:.3g} synapses up to this projection take {total * _BYTES_PER_SYNAPSE / 1e9:.3g} GB; "
                    f"memory = {spec.memory:g} allows less. Raise memory, or make populations smaller or links rarer"
                )


def _n_expected(topology: Choice | None, n_source: int, n_target: int) -> float:
    """Expected number of links, as far as a topology's settings tell; all possible ones otherwise, none for a method to draw."""
    if topology is None:
        return 0.0
    factors = {"p": n_source * n_target, "n_inputs": n_target, "n_outputs": n_source, "n_links": 1}
    told = {name: topology.arguments.get(name) for name in factors}
    counts = [value * factors[name] for name, value in told.items() if isinstance(value, int | float)]
    # An integer of a file may be too large for a float.
    return max(0.0, float(min(*counts, 1e300) if counts else n_source * n_target))
