"""Networks as records: populations of neurons, and projections with weights and delays between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import sparse

from bioworkbench.arrays import Floats, count, finite
from bioworkbench.errors import unknown_name
from bioworkbench.neurons import NeuronModel

__all__ = ["INPUT", "Network", "Population", "Projection"]

INPUT = "input"  # the source name that means the stimulus


@dataclass(frozen=True)
class Population:
    """Neurons of one model.

    Parameters
    ----------
    name : str
        A Python identifier that does not start with an underscore; "input" is reserved for the stimulus.
    size : int
    model : NeuronModel
    layer : int
        Populations of layer k are updated after the spikes of layers below k have arrived, in the same step. Leave it at 0
        for networks in continuous time; feed-forward networks in discrete time count their layers 0, 1, 2, ...
    """

    name: str
    size: int
    model: NeuronModel
    layer: int = 0

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name.startswith("_") or self.name == INPUT:
            raise ValueError(f"population name {self.name!r}: must be a letter followed by letters, digits or '_', not 'input'")
        count(f"size of population '{self.name}'", self.size)
        count(f"layer of population '{self.name}'", self.layer, least=0)
        self.model.check_size(self.name, self.size)


@dataclass(frozen=True)
class Projection:
    """Synapses from one population, or from the stimulus, to another.

    Parameters
    ----------
    source : str
        Population name, or "input".
    target : str
    weights : csr_array (n_source, n_target)
        ``weights[i, j]`` goes from i to j; in the SI unit of the variable that the target model receives spikes in
        (``drive`` for a stimulus of kind "current"). A stored zero is a synapse.
    delay : float or array (n_synapses,), seconds
        In the order of ``weights.indices``. Input projections have none.
    receives : str
        Variable of the target that spikes add their weight to, such as a conductance; empty for the one its model names.

    Raises
    ------
    ValueError
        If weights or delays are not finite, a delay is negative, or the number of delays is wrong.
    """

    source: str
    target: str
    weights: sparse.csr_array
    delay: float | Floats = 0.0
    receives: str = ""

    def __post_init__(self) -> None:
        weights = sparse.csr_array(self.weights, dtype=float)
        weights.sum_duplicates()
        finite(f"weights of projection {self.source} -> {self.target}", weights.data)
        delay = finite(f"delay of projection {self.source} -> {self.target}", self.delay)
        if delay.size and delay.min() < 0:
            raise ValueError(
                f"delay of projection {self.source} -> {self.target} goes down to {delay.min()} s; it cannot be negative"
            )
        if delay.ndim and delay.shape != (weights.nnz,):
            raise ValueError(
                f"projection {self.source} -> {self.target} has {weights.nnz} synapses and delays of shape {delay.shape}; "
                "give one delay, or one per synapse"
            )
        if self.source == INPUT and delay.any():
            raise ValueError(f"projection input -> {self.target} has a delay; shift the stimulus instead")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "delay", delay if delay.ndim else float(delay))

    @property
    def name(self) -> str:
        """``"source_target"``, followed by the variable that spikes act on where the projection names one."""
        return "_".join(part for part in (self.source, self.target, self.receives) if part)

    @property
    def n_synapses(self) -> int:
        """Number of stored weights."""
        return self.weights.nnz


@dataclass(frozen=True)
class Network:
    """Populations and the projections between them.

    Raises
    ------
    ValueError
        If names repeat, a projection names an unknown population, or the shape of its weights does not fit.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "populations", tuple(self.populations))
        object.__setattr__(self, "projections", tuple(self.projections))
        names = [population.name for population in self.populations]
        if not names:
            raise ValueError("the network has no population; it needs at least one")
        _unique("population", names)
        _unique("projection", [projection.name for projection in self.projections])
        for projection in self.projections:
            self._check(projection)
        self.n_channels  # noqa: B018  input projections must agree on it

    def _check(self, projection: Projection) -> None:
        sizes = self.sizes
        for end in (projection.source, projection.target):
            if end not in sizes and not (end == INPUT and end == projection.source):
                raise ValueError(f"projection {projection.name}: {unknown_name(end, 'population', sizes)}")
        rows = projection.weights.shape[0] if projection.source == INPUT else sizes[projection.source]
        wanted = (rows, sizes[projection.target])
        if projection.weights.shape != wanted:
            raise ValueError(
                f"weights of projection {projection.name} have shape {projection.weights.shape}; it must be {wanted}"
            )
        if projection.source != INPUT and not self.receiver(projection):
            raise ValueError(
                f"projection {projection.name}: neurons of '{projection.target}' receive no spikes; their model has no input"
            )
        variables = self.population(projection.target).model.parsed.names
        if projection.receives and projection.receives not in variables:
            raise ValueError(f"projection {projection.name}: {unknown_name(projection.receives, 'variable', variables)}")

    @property
    def sizes(self) -> Mapping[str, int]:
        """Number of neurons by population name."""
        return {population.name: population.size for population in self.populations}

    def receiver(self, projection: Projection) -> str:
        """Variable of the target population that spikes of the projection add their weight to."""
        return projection.receives or self.population(projection.target).model.receives

    @property
    def n_channels(self) -> int:
        """Number of stimulus channels that the input projections expect; 0 without any."""
        widths = {p.weights.shape[0] for p in self.projections if p.source == INPUT}
        if len(widths) > 1:
            raise ValueError(f"input projections expect {sorted(widths)} channels; they must agree")
        return widths.pop() if widths else 0

    def population(self, name: str) -> Population:
        """The population of that name; KeyError names the known ones."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(unknown_name(name, "population", self.sizes))


def _unique(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{what} names repeat: {', '.join(repeated)}; each needs a name of its own")
