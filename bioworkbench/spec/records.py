"""Records of what a spec says, and the rules that join several of its fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bioworkbench.arrays import count
from bioworkbench.errors import unknown_name
from bioworkbench.network import INPUT
from bioworkbench.signals import Probe
from bioworkbench.simulation import BACKENDS, check_precision
from bioworkbench.spec.ranges import Range
from bioworkbench.spec.values import Place
from bioworkbench.trained import Choice

__all__ = ["Document", "ExperimentSpec", "PopulationSpec", "ProjectionSpec", "check_whole"]

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PopulationSpec:
    """A population, its model not yet made.

    Parameters
    ----------
    name : str
    size : int
    model : Choice
    layer : int
    """

    name: str
    size: int
    model: Choice
    layer: int = 0


@dataclass(frozen=True, kw_only=True)
class ProjectionSpec:
    """A projection, its synapses not yet drawn.

    Parameters
    ----------
    name : str
    source, target : str
    topology, weights : Choice
    delay : float or law, seconds
        A law such as ``"uniform(1 ms, 2 ms)"`` gives every synapse a delay of its own.
    receives : str
        Variable of the target that spikes act on; empty for the one its model names.
    """

    name: str
    source: str
    target: str
    topology: Choice
    weights: Choice
    delay: float | str = 0.0
    receives: str = ""


@dataclass(frozen=True, kw_only=True)
class ExperimentSpec:
    """An experiment: what is simulated, on which task, trained how, and what is kept of it.

    Parameters
    ----------
    name : str
        Of the experiment; the file's name.
    file : str
        Where the spec came from, for messages.
    document : mapping
        The tables as written, values set on the command line included.
    seed : int
    dt : float, seconds
    backend : {"auto", "numpy", "cython", "cpp", "cuda"}
    precision : {"double", "single"}
        Of the state variables; single with the backends cpp and cuda only.
    reference : str
    memory : float
        Budget of a simulation in gigabytes; trials are cut into runs that fit.
    duration : float, seconds, optional
        Of a trial, for networks without a task.
    n_trials : int
        For networks without a task.
    task, input, method : Choice, optional
    populations : tuple of PopulationSpec
    projections : tuple of ProjectionSpec
    record : tuple of Probe
        State variables to record.
    metrics : tuple of str
        Names in ``evaluation.METRICS``; the usual ones for the kind of task if empty.
    scored_on : str
        Trials that stand for the test part: "test", "validation", or "2/5" for the second of five parts that are held out of
        the training trials; see `tasks.held_out`.
    sweep : mapping from dotted field to tuple of values, or `Range`
    """

    name: str
    file: str = field(compare=False)
    document: Document = field(compare=False, repr=False)
    seed: int
    dt: float
    backend: str = "auto"
    precision: str = "double"
    reference: str = ""
    memory: float = 1.0
    duration: float | None = None
    n_trials: int = 1
    task: Choice | None = None
    input: Choice | None = None
    method: Choice | None = None
    populations: tuple[PopulationSpec, ...] = ()
    projections: tuple[ProjectionSpec, ...] = ()
    record: tuple[Probe, ...] = ()
    metrics: tuple[str, ...] = ()
    scored_on: str = "test"
    sweep: Mapping[str, tuple[Any, ...] | Range] = field(default_factory=dict)

    def place(self, path: str = "") -> Place:
        """A field of this spec, to name in errors."""
        return Place(self.file, path)


def check_whole(spec: ExperimentSpec) -> None:
    """Check the rules that join several fields.

    Raises
    ------
    SpecError
        If a number is out of range, a population is unknown, or task, input, method and duration do not fit together.
    """
    _check_simulation(spec)
    sizes = {population.name: population.size for population in spec.populations}
    for name, size in sizes.items():
        with spec.place(f"populations.{name}.size").named():
            count("size", size)
    for projection in spec.projections:
        for end, known in (("source", [INPUT, *sizes]), ("target", list(sizes))):
            with spec.place(f"projections.{projection.name}.{end}").named():
                if getattr(projection, end) not in known:
                    raise ValueError(unknown_name(getattr(projection, end), "population", known))
    for probe in spec.record:
        with spec.place("record").named():
            if probe.population not in sizes:
                raise ValueError(f"'{probe.name}': {unknown_name(probe.population, 'population', sizes)}")
            if probe.neurons is not None and not all(0 <= k < sizes[probe.population] for k in probe.neurons):
                raise ValueError(f"'{probe.name}': neurons must lie between 0 and {sizes[probe.population] - 1}")
    (_check_alone if spec.task is None else _check_with_task)(spec)


def _check_simulation(spec: ExperimentSpec) -> None:
    for name in ("dt", "memory", "n_trials", "duration"):
        value = getattr(spec, name)
        with spec.place(name).named():
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{value}: must be above 0")
    with spec.place("seed").named():
        if spec.seed < 0:
            raise ValueError(f"{spec.seed}: cannot be negative")
    with spec.place("backend").named():
        if spec.backend not in ("auto", *BACKENDS):
            raise ValueError(unknown_name(spec.backend, "backend", ["auto", *BACKENDS]))
    with spec.place("precision").named():
        check_precision(spec.precision, spec.backend)
    with spec.place("populations").named():
        if not spec.populations:
            raise ValueError("none is given; a network needs at least one, such as [populations.exc]")


def _check_with_task(spec: ExperimentSpec) -> None:
    with spec.place().named():
        if spec.method is None:
            raise ValueError("has a task and no method; add [method] with kind = 'ransnn', say")
        if not any(projection.source == INPUT for projection in spec.projections):
            raise ValueError("has a task and no projection from 'input'; the network would not see the task")
        for name in ("duration", "n_trials"):
            if name in spec.document:
                raise ValueError(f"has a task and {name}; the trials of the task decide that, leave {name} out")


def _check_alone(spec: ExperimentSpec) -> None:
    with spec.place().named():
        if spec.duration is None:
            raise ValueError("has no task; it needs duration, such as '1 s'")
        for name in ("input", "method", "metrics", "scored_on"):
            if name in spec.document:
                raise ValueError(f"has {name} and no task; add [task], or leave {name} out")
        if any(projection.source == INPUT for projection in spec.projections):
            raise ValueError("has a projection from 'input' and no task; add [task], or a population of poisson_source neurons")
