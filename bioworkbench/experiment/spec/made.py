"""Populations of a spec, made, and what projections draw."""

# pyright: reportArgumentType=false, reportReturnType=false
# Brian2 does not type its quantities

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import ExperimentSpec, PopulationSpec, ProjectionSpec
from bioworkbench.experiment.spec.schema import settings
from bioworkbench.experiment.spec.values import FromTable, PerNeuron, plain_arguments
from bioworkbench.records.choice import Choice
from bioworkbench.records.counted import counted
from bioworkbench.records.expressions import check_drawn, dimension_of, drawn_values, neuron_indices, synapse_indices
from bioworkbench.records.lazily import later
from bioworkbench.records.network import Population
from bioworkbench.records.probe import owner_and_variable, variable_name
from bioworkbench.records.randomness import stream
from bioworkbench.records.times import SECOND
from bioworkbench.records.units import Quantity, parse_quantity

_column = later("bioworkbench.exchange.node_tables:column_of_nodes")  # brings pandas

__all__ = ["drawn_delays", "drawn_mask", "drawn_value", "ends", "made_population"]


def made_population(population: PopulationSpec, spec: ExperimentSpec) -> Population:
    """A population, its model made, and its values drawn.

    Parameters
    ----------
    population : PopulationSpec
    spec : ExperimentSpec

    Returns
    -------
    Population

    Raises
    ------
    SpecError
        Naming the population whose values its model refuses.
    """
    with spec.place(f"populations.{population.name}.model").named():
        given = population.model.arguments.items()
        indices = neuron_indices(population.size)
        drawn = {name: drawn_value(value, population.size, spec, f"{population.name}.{name}", indices) for name, value in given}
        return Population(
            population.name,
            population.size,
            KINDS["neurons"][population.model.kind](**drawn),
            population.layer,
            population.background,
        )


def drawn_value(value: Any, n: int, spec: ExperimentSpec, name: str, indices: Mapping[str, Any]) -> Any:
    """A distribution or expression as one value per neuron or synapse, from a random stream of its own; anything else as it is.

    Parameters
    ----------
    value : object
    n : int
        Values.
    spec : ExperimentSpec
    name : str
        Of the setting, with its owner: the stream is named after it.
    indices : mapping from name to array (n,)
        What expressions may count.

    Returns
    -------
    object
    """
    if isinstance(value, Mapping):
        owner, _ = owner_and_variable(name)
        return {inner: drawn_value(item, n, spec, variable_name(owner, inner), indices) for inner, item in value.items()}
    if isinstance(value, FromTable):
        return _from_table(value, n)
    if not isinstance(value, PerNeuron):
        return value
    dimension = dimension_of(value.text, indices)
    values = drawn_values(value.text, n, [stream(spec.seed, f"parameter {name}")], indices)[0]
    return values if dimension.is_dimensionless else Quantity(values, dim=dimension)


def _from_table(given: FromTable, n: int) -> Any:
    """Values (n,) of a column."""
    values = _column(given.file, given.column, given.label_column, given.label)
    if values.size != n:
        raise ValueError(
            f"{given.file}: {given.column} has {counted(values.size, 'value')} for {counted(n, 'neuron')}; set size = {values.size}"
        )
    unit = parse_quantity(f"1 {given.unit}".strip())
    return values if unit.dim.is_dimensionless else Quantity(values * float(np.asarray(unit)), dim=unit.dim)


def drawn_mask(projection: ProjectionSpec, n_source: int, n_target: int, rng: np.random.Generator) -> sparse.csr_array:
    """The links of a projection; none where the method draws the topology.

    Parameters
    ----------
    projection : ProjectionSpec
    n_source, n_target : int
    rng : Generator

    Returns
    -------
    csr_array of bool (n_source, n_target)
    """
    if projection.topology is None:
        return sparse.csr_array((n_source, n_target), dtype=bool)
    make = KINDS["topologies"][projection.topology.kind]
    filled = {"recurrent": projection.source == projection.target} if "recurrent" in settings(make) else {}
    return make(n_source, n_target, rng, **{**filled, **plain_arguments(projection.topology.arguments)})


def drawn_delays(text: float | str | Choice, weights: sparse.csr_array, rng: np.random.Generator) -> float | np.ndarray:
    """One delay for all, or delays (n_synapses,) from a distribution, an expression or a function, row after row.

    Parameters
    ----------
    text : float (seconds), str or Choice
    weights : csr_array (n_source, n_target)
    rng : Generator

    Returns
    -------
    float or array (n_synapses,), seconds
    """
    if isinstance(text, float):
        return text
    if isinstance(text, Choice):
        return KINDS["delays"][text.kind](weights, rng, **plain_arguments(text.arguments))
    indices = synapse_indices(*ends(weights), weights.shape)
    check_drawn("delay", text, indices, {}, SECOND)
    return drawn_values(text, weights.nnz, [rng], indices)[0]


def ends(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of all stored entries of a `matrix`, zeros too: two int arrays (n_entries,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices
