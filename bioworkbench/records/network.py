"""Networks as records: populations of neurons, and projections with weights and delays between them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial, partialmethod
from typing import Any

from scipy import sparse

from bioworkbench.records.above import made_above
from bioworkbench.records.arrays import Floats, count
from bioworkbench.records.background import Background
from bioworkbench.records.bounds import check_weights
from bioworkbench.records.counted import counted
from bioworkbench.records.drawn import DrawnLinks
from bioworkbench.records.errors import ModelError, check_all, unknown_name
from bioworkbench.records.kinds import check_kind, several
from bioworkbench.records.links import Links
from bioworkbench.records.names import check_object_names, check_plain, is_plain
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import INPUT
from bioworkbench.records.synapse import PULSE, RECEIVER, WEIGHT, SynapseModel
from bioworkbench.records.synapse_text import check_between, summed, uses_receiver, weight_dimension
from bioworkbench.records.units import DIMENSIONLESS, Dimension, dimension_name

__all__ = ["INPUT", "Network", "Population", "Projection", "synapse_dimension", "with_links"]

_STIMULUS = NeuronModel(equations="", threshold="", reset="", receives="")  # its channels have no variables


@dataclass(frozen=True)
class Population:
    """Neurons of one model.

    Parameters
    ----------
    name : str
        ASCII letters, digits and underscores, the first a letter; "input" is reserved for the stimulus.
    size : int
    model : NeuronModel
    layer : int
        Populations of layer k are updated after the spikes of layers below k have arrived, in the same step. Leave it at 0
        for networks in continuous time; feed-forward networks in discrete time count their layers 0, 1, 2, ...
    background : tuple of Background
        Poisson input to each neuron.
    """

    name: str
    size: int
    model: NeuronModel
    layer: int = 0
    background: tuple[Background, ...] = ()

    def __post_init__(self) -> None:
        if not is_plain(self.name) or self.name == INPUT:
            raise ValueError(
                f"population name {self.name!r}: must be an ASCII letter followed by ASCII letters, digits or '_', not 'input'"
            )
        count(f"size of population '{self.name}'", self.size)
        count(f"layer of population '{self.name}'", self.layer, least=0)
        check_kind(f"model of population '{self.name}'", self.model, NeuronModel, "be a NeuronModel, such as noisy_lif()")
        self.model.check_size(self.name, self.size)
        self.model.check_statements(self.name)
        rule = "be a tuple of Background, such as (Background(...),)"
        object.__setattr__(
            self, "background", several(f"background of population '{self.name}'", self.background, Background, rule)
        )
        for background in self.background:
            background.check(self.name, self.model)


@dataclass(frozen=True, init=False)
class Projection:
    """Synapses from one population, or from a stimulus, to another.

    Parameters
    ----------
    source : str
        Name of a population or stimulus.
    target : str
        Name of a population.
    links : Links, DrawnLinks, csr_array, array or Quantity (n_source, n_target)
        Who is connected to whom, and how strongly; a matrix becomes links as `Links.from_csr` says. Drawn links are those that a rule
        names; they are drawn where they are used. Weights are in the SI unit of the
        variable that the target receives spikes in (``drive`` for a stimulus of kind "current"), or quantities.
    delay : float or array (n_synapses,), seconds, or Quantity, optional
        In place of the delays of the links, in their order (row after row). Of the stimuli, only spike trains can have delays.
    receives : str
        Variable of the target that spikes add their weight to, such as a conductance; empty for the one its model names.
    name : str
        A Python identifier; by default ``"source_target"``, followed by the variable in `receives`. Two projections of a network have
        different names, whatever they connect.
    synapse : SynapseModel
        What spikes do; by default they add the weight to the variable that receives them.

    Raises
    ------
    ValueError
        If weights or delays are not finite, a delay is negative, the number of delays is wrong, or something is of another kind.
    """

    source: str
    target: str
    links: Links  # or DrawnLinks, which `drawn` gives and `given` draws
    receives: str
    name: str
    synapse: SynapseModel

    def __init__(
        self,
        source: str,
        target: str,
        links: Any,
        delay: Any = None,
        receives: str = "",
        name: str = "",
        synapse: SynapseModel = PULSE,
    ) -> None:
        for field, text in (("source", source), ("target", target), ("receives", receives), ("name", name)):
            check_kind(f"{field} of a projection", text, str, "be a text")
        check_kind(
            f"synapse of projection {source} -> {target}", synapse, SynapseModel, "be a SynapseModel, such as pair_stdp(...)"
        )
        try:
            made = links if isinstance(links, Links | DrawnLinks) else Links.from_csr(links)
            if delay is not None:
                made = made.links() if isinstance(made, DrawnLinks) else made
                made = made.with_values(delays=delay)
        except ValueError as error:
            raise ValueError(f"projection {source} -> {target}: {error}") from error
        name = name or "_".join(part for part in (source, target, receives) if part)
        for field, value in zip(
            ("source", "target", "links", "receives", "name", "synapse"),
            (source, target, made, receives, name, synapse),
            strict=True,
        ):
            object.__setattr__(self, field, value)

    @property
    def weights(self) -> sparse.csr_array:
        """Weights (n_source, n_target) as a matrix, ``weights[i, j]`` from i to j; see `Links.csr`."""
        return self.given.csr()

    @property
    def delay(self) -> float | Floats:
        """Delay of all synapses, or delays (n_synapses,) in the order of the links, seconds."""
        return self.given.delays

    @property
    def given(self) -> Links:
        """The links one by one; those that a rule names are drawn for it."""
        return self.links if self.drawn is None else self.drawn.links()

    @property
    def drawn(self) -> DrawnLinks | None:
        """The rule that names the links, if there is one."""
        links: Links | DrawnLinks = self.links
        return links if isinstance(links, DrawnLinks) else None

    @property
    def is_drawn(self) -> bool:
        """Whether a rule names the links."""
        return self.drawn is not None

    @property
    def n_synapses(self) -> int:
        """Number of synapses, parallel ones included."""
        return len(self.links)


@dataclass(frozen=True)
class Network:
    """Populations and the projections between them.

    Parameters
    ----------
    populations : tuple of Population
        At least one, each with a name of its own.
    projections : tuple of Projection
        Each with a name of its own. A source that is not a population is a stimulus.

    Raises
    ------
    ValueError
        If names repeat, a projection names an unknown population, the shape of its weights does not fit, or one of them is something else.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()

    def __post_init__(self) -> None:
        for field, kind in (("populations", Population), ("projections", Projection)):
            rule = f"be a tuple of {kind.__name__}, such as ({kind.__name__}(...),)"
            object.__setattr__(self, field, several(field, getattr(self, field), kind, rule))
        names = [population.name for population in self.populations]
        if not names:
            raise ValueError("the network has no population; it needs at least one")
        _unique("population", names)
        projections = [projection.name for projection in self.projections]
        check_object_names(names, projections)
        _unique("projection", projections)
        check_all(partial(_check_projection, self, projection) for projection in self.projections)
        _check_sums(self)
        self.channels  # noqa: B018  projections from a stimulus must agree on it

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {size:,}" for name, size in self.sizes.items())
        n_synapses = sum(projection.n_synapses for projection in self.projections)
        return (
            f"<network of {sizes} neurons, {counted(len(self.projections), 'projection')} with {counted(n_synapses, 'synapse')}>"
        )

    def plot(self) -> Any:
        """A Matplotlib figure: populations as boxes, projections as arrows."""
        return made_above("network_figure", self)

    _repr_html_ = partialmethod(lambda self: made_above("network_html", self))

    @property
    def sizes(self) -> Mapping[str, int]:
        """Number of neurons by population name."""
        return {population.name: population.size for population in self.populations}

    def receiver(self, projection: Projection) -> str:
        """Variable of the target population that spikes of `projection` add their weight to."""
        return projection.receives or self.population(projection.target).model.receives

    def weight_dimension(self, projection: Projection) -> Dimension:
        """Dimension of the weights of `projection`, which connects populations."""
        return weight_dimension(projection.synapse, self.population(projection.target).model, self.receiver(projection))

    @property
    def inputs(self) -> tuple[Projection, ...]:
        """Projections from stimuli: those whose source is not a population."""
        sizes = self.sizes
        return tuple(projection for projection in self.projections if projection.source not in sizes)

    @property
    def channels(self) -> Mapping[str, int]:
        """Number of channels that the projections from each stimulus expect, by the stimulus' name."""
        widths: dict[str, set[int]] = {}
        for projection in self.inputs:
            widths.setdefault(projection.source, set()).add(projection.links.shape[0])
        for name, expected in widths.items():
            if len(expected) > 1:
                raise ValueError(f"projections from the stimulus '{name}' expect {sorted(expected)} channels; they must agree")
        return {name: expected.pop() for name, expected in widths.items()}

    @property
    def n_channels(self) -> int:
        """Number of channels of a network's only stimulus; 0 without any. ValueError if there are several."""
        channels = self.channels
        if len(channels) > 1:
            raise ValueError(f"the network has the stimuli {', '.join(channels)}; this is for networks with one")
        return sum(channels.values())

    def population(self, name: str) -> Population:
        """The population called `name`; KeyError names those that exist."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(unknown_name(name, "population", self.sizes))


def synapse_dimension(network: Network, projection: Projection, variable: str) -> Dimension:
    """Dimension of a `variable` of the synapses of a `projection`, which connects populations of a `network`."""
    if variable == WEIGHT:
        return network.weight_dimension(projection)
    receiver, target = network.receiver(projection), network.population(projection.target).model.parsed
    received = target[receiver].dim if receiver in target else DIMENSIONLESS
    return projection.synapse.equations_for(receiver, received)[variable].dim


def _check_projection(network: Network, projection: Projection) -> None:
    sizes = network.sizes
    check_plain("projection name", projection.name)
    if projection.is_drawn and projection.source not in sizes:
        raise ValueError(
            f"projection {projection.name}: links from '{projection.source}' cannot be drawn; give them one by one (`links()`)"
        )
    if projection.target not in sizes:
        raise ValueError(f"projection {projection.name}: {unknown_name(projection.target, 'population', sizes)}")
    shape = projection.links.shape
    wanted = (sizes.get(projection.source, shape[0]), sizes[projection.target])
    if shape != wanted:
        raise ValueError(f"weights of projection {projection.name} have shape {shape}; it must be {wanted}")
    if projection.source in sizes and uses_receiver(projection.synapse) and not network.receiver(projection):
        raise ValueError(
            f"projection {projection.name}: neurons of '{projection.target}' receive no spikes; their model has no input"
        )
    model = network.population(projection.target).model
    if projection.receives and projection.receives not in model.parsed.names:
        raise ValueError(f"projection {projection.name}: {unknown_name(projection.receives, 'variable', model.parsed.names)}")
    if projection.synapse != PULSE:
        _check_synapse(network, projection)
    else:
        _check_unit(projection, network.receiver(projection), model, projection.source in sizes)
    if not projection.is_drawn and (projection.source in sizes or projection.synapse != PULSE):  # else when they are drawn
        try:
            check_weights(projection.synapse, projection.links.weights, model, network.receiver(projection))
        except ValueError as error:
            raise ValueError(f"projection {projection.name}: {error}") from error


def _check_unit(projection: Projection, receiver: str, model: NeuronModel, of_spikes: bool) -> None:
    """Weights that were given with a unit must have that of what they act on; a stimulus may act on either of two variables."""
    equation = model.parsed.get(receiver)
    if of_spikes and equation is not None and (receiver in model.constants or equation.type == "subexpression"):
        raise ValueError(f"projection {projection.name}: nothing adds to '{equation}', a constant or an expression")
    acted_on = [name for name in (receiver, *(() if of_spikes else ("drive",))) if name in model.parsed]
    given = projection.links.dimension
    if given is not None and acted_on and given not in [model.parsed[name].dim for name in acted_on]:
        wanted = " or ".join(f"'{name}', a {dimension_name(model.parsed[name].dim)}" for name in acted_on)
        raise ValueError(f"weights of projection {projection.name} are a {dimension_name(given)}; they act on {wanted}")


def _check_synapse(network: Network, projection: Projection) -> None:
    """Variables of the neurons at both ends that the model of a synapse names, and the unit of the weights."""
    source = network.population(projection.source).model if projection.source in network.sizes else _STIMULUS
    target, receiver = network.population(projection.target).model, network.receiver(projection)
    try:
        _check_stimulus(projection, source)
        check_between(projection.synapse, source, target, receiver, projection.n_synapses)
    except ModelError as error:
        raise error.of(f"projection {projection.name}") from error
    except ValueError as error:
        raise ValueError(f"projection {projection.name}: {error}") from error
    given, wanted = projection.links.dimension, network.weight_dimension(projection)
    if given is not None and given != wanted:
        raise ValueError(
            f"weights of projection {projection.name} are a {dimension_name(given)}; its synapses want a {dimension_name(wanted)}"
        )


def _check_stimulus(projection: Projection, source: NeuronModel) -> None:
    """Channels of a stimulus have no variables."""
    asked = sorted(name for name in projection.synapse.named if name.endswith("_pre"))
    if source is _STIMULUS and asked:
        raise ValueError(
            f"the synapses use '{asked[0]}', and channels of the stimulus '{projection.source}' have no variables; put a population of "
            "neurons that have it between them"
        )


def _check_sums(network: Network) -> None:
    """A variable that synapses set to a sum, in every step, is that of one projection: a second would take its place."""
    found: dict[tuple[str, str], str] = {}
    parts = network.projections
    for projection in network.projections:
        for variable in summed(projection.synapse, network.receiver(projection)):
            first = found.setdefault((projection.target, variable), projection.name)
            if first != projection.name:
                raise ValueError(
                    f"projections {first} and {projection.name} both set '{variable}' of population '{projection.target}' to a sum; "
                    "give each a parameter of its own, and add these in the equations"
                )
            added = [p.name for p in parts if p.target == projection.target and (p.target, variable) in _adds_to(network, p)]
            if added:
                raise ValueError(
                    f"projection {projection.name} sets '{variable}' of population '{projection.target}' to a sum in every step, and "
                    f"{added[0]} adds to it; give each a variable of its own"
                )


def _adds_to(network: Network, projection: Projection) -> set[tuple[str, str]]:
    """Variables that spikes of a population add to; what a stimulus acts on is seen when there is one."""
    receiver = network.receiver(projection)
    added = {name.replace(RECEIVER, receiver) for name in projection.synapse.assigned if name.endswith("_post")}
    added = {name.removesuffix("_post") for name in added}
    return {(projection.target, name) for name in added} if projection.source in network.sizes else set()


def _unique(what: str, names: list[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} names repeat: {', '.join(repeated)}; each needs a name of its own")


def with_links(network: Network, dt: float) -> Network:
    """The network with all links one by one, those that rules name drawn.

    Parameters
    ----------
    network : Network
    dt : float, seconds
        Step that drawn delays are whole multiples of.

    Returns
    -------
    Network
        The same one where no links are to be drawn.
    """
    projections = [_replace_links(p, p.drawn.links(dt)) if p.drawn is not None else p for p in network.projections]
    same = all(one is other for one, other in zip(projections, network.projections, strict=True))
    return network if same else replace(network, projections=tuple(projections))


def _replace_links(projection: Projection, links: Links) -> Projection:
    """The projection with other links."""
    kept = {"receives": projection.receives, "name": projection.name, "synapse": projection.synapse}
    return Projection(projection.source, projection.target, links, **kept)
