"""Records of what a spec says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bioworkbench.experiment.spec.blocks import Document
from bioworkbench.experiment.spec.places import Place
from bioworkbench.experiment.spec.ranges import Range
from bioworkbench.records.above import made_above
from bioworkbench.records.annotations import Seconds
from bioworkbench.records.background import Background
from bioworkbench.records.choice import Choice
from bioworkbench.records.distributions import Distribution
from bioworkbench.records.execution import Execution
from bioworkbench.records.probe import Probe
from bioworkbench.records.protocol import Phase
from bioworkbench.records.units import Quantity

__all__ = ["Document", "ExperimentSpec", "FitSettings", "PopulationSpec", "ProjectionSpec", "StimulusSpec"]

_PULSE = Choice("pulse")


@dataclass(frozen=True, kw_only=True)
class PopulationSpec:
    """A population, its model not yet made.

    Parameters
    ----------
    name : str
    size : int
        Number of neurons.
    model : Choice
        What they are: a `kind` below under *Neurons* with its settings beside the size, or ``model = "NAME"`` for a table
        `[models.NAME]` that populations share.
    layer : int
        Place in a network of layers, from 0 on, for methods that train layer by layer.
    background : tuple of Background
        Poisson input to each neuron.
    """

    name: str
    size: int
    model: Choice
    layer: int = 0
    background: tuple[Background, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProjectionSpec:
    """A projection, its synapses not yet drawn.

    Parameters
    ----------
    name : str
    source, target : str
        Populations, or as the source a stimulus; `input` is that of the task.
    topology : Choice, optional
        Who is connected: a kind below under *Topologies*. None where the method draws it itself.
    weights : Choice, number or distribution, optional
        ``0.5``, ``"0.5 mV"`` and ``"normal(0.5 mV, 0.1 mV, low = 0 mV)"`` stand for the kinds that they name. None where the method draws
        them itself.
    delay : float or distribution, seconds, or Choice
        A distribution such as ``"uniform(1 ms, 2 ms)"`` gives every synapse a delay of its own, and so does a table with a kind below
        under *Delays*.
    receives : str
        Variable of the target that spikes act on; empty for the one its model names.
    weight : Distribution, optional
        Of links that are drawn where they are used: it stands beside ``links``, which takes the place of `topology`. Beside a `topology`
        write `weights`.
    synapse : Choice
        What spikes do; by default they add the weight to that variable.
    """

    name: str
    source: str
    target: str
    topology: Choice | None = None
    weights: Choice | None = None
    delay: Seconds | str | Choice = 0.0
    receives: str = ""
    weight: Distribution | None = None
    synapse: Choice = _PULSE


@dataclass(frozen=True, kw_only=True)
class StimulusSpec:
    """A stimulus of a network without a task, not yet made.

    Parameters
    ----------
    choice : Choice
    target : str or list of str
        Populations that it acts on directly; without any, projections have the stimulus as their source.
    receives : str
        Variable of the targets that it acts on; by default `drive` for a current, and the one that their model names for spikes.
    weight : Quantity, optional
        What a spike adds to the variable, or what a recorded signal is multiplied by; a current that is made has its unit itself.
    each : bool
        Whether every neuron of the targets has a channel of its own; by default all neurons have all channels.
    n : int, optional
        Channels of a stimulus that is made; by default one, or those of the neurons.
    """

    choice: Choice
    target: str | list[str] = ()  # pyright: ignore[reportAssignmentType]  a spec gives lists, which are kept as tuples
    receives: str = ""
    weight: Quantity | None = None
    each: bool = False
    n: int | None = None

    @property
    def kind(self) -> str:
        """What it is."""
        return self.choice.kind

    @property
    def targets(self) -> tuple[str, ...]:
        """Populations that it acts on directly."""
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How settings of a spec are fitted to the recording of its task: by differential evolution, a generation in one simulation.

    Parameters
    ----------
    ranges : mapping from dotted field to Range
        Settings that are fitted, and between which values: ``"populations.cell.tau" = { from = "5 ms", to = "30 ms" }``, or
        ``["5 ms", "30 ms"]``; with ``log = true``, on a logarithmic scale.
    distance : str
        That is made small, in the mean over neurons and trials: "coincidence" (of spikes, the default), "van_rossum", "victor_purpura",
        "root_mean_square" (of traces, the default), "of_deviation".
    n_sets : int
        Of settings in a generation; 5 at least.
    generations : int
        After the first.
    """

    ranges: Mapping[str, Range]
    distance: str = ""
    n_sets: int = 50
    generations: int = 20

    @property
    def n_runs(self) -> int:
        """How many sets are simulated."""
        return self.n_sets * (self.generations + 1)


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
        Every random number follows from it; the same spec and seed give the same result.
    dt : float, seconds
        Simulation step, such as "0.1 ms".
    backend : {"auto", "numpy", "cython", "cpp", "cuda"}
        What simulates; "auto" takes C++ where there is a compiler, and NumPy otherwise.
    precision : {"double", "single"}
        Of the state variables; single with the backends cpp and cuda only.
    reference : str
        Publication that the experiment is from; the report cites it.
    memory : float
        Budget of a simulation in gigabytes; trials are cut into runs that fit.
    threads : int
        That run one network together, with the backend cpp; 0 leaves it to the size of the network. Changes no result.
    duration : float, seconds, optional
        Of a trial, for networks without a task.
    n_trials : int
        For networks without a task.
    task : Choice, optional
        What is learned: `[task]` with a kind and its settings, below under *Tasks*. Without one, give a duration.
    input : Choice, optional
        How values of the task reach the network: a kind below under *Encodings*.
    method : Choice, optional
        How the network is trained: a kind below under *Methods*.
    network : Choice, optional
        A whole network from a file: a kind below under *Networks*. Populations, projections and stimuli of the spec are added to it.
    populations : tuple of PopulationSpec
    projections : tuple of ProjectionSpec
    stimuli : mapping from name to StimulusSpec
        Currents, spikes and recordings for networks without a task: `[stimuli.NAME]`, or `[[stimuli]]` with a name, of a kind below under
        *Stimuli*. It acts on its targets, or projections have NAME as their source.
    record : tuple of Probe
        State variables to record.
    metrics : tuple of str
        Names below under *Metrics*; the usual ones for the kind of task if empty.
    scored_on : str
        Trials that stand for the test part: "test", "validation", or "2/5" for the second of five parts that are held out of
        the training trials; see `tasks.held_out`.
    phases : tuple of Phase
        Parts of a run, which follow each other, for networks without a task; in place of the duration.
    fit : FitSettings, optional
        Which settings are fitted to the recording, where the task is one.
    keep_state : bool
        Keep the state at the end, from which ``bioworkbench continue`` goes on; for networks without a task, with the backend cpp.
    start : path, optional
        ``run.h5`` of a run that kept its state, to go on from: of the same network, dt, trials and backend.
    downscaling : mapping, optional
        ``factor`` and ``rates`` by population in hertz; see `records.downscaling`.
    sweep : mapping from dotted field to tuple of values, or `Range`
        Values of fields by their dotted names; every combination is a run: `"populations.exc.sigma" = ["1 mV", "2 mV"]`.
    """

    name: str
    file: str = field(compare=False)
    document: Document = field(compare=False, repr=False)
    seed: int
    dt: Seconds
    backend: str = "auto"
    precision: str = "double"
    reference: str = ""
    memory: float = 1.0
    threads: int = 0
    duration: Seconds | None = None
    n_trials: int = 1
    task: Choice | None = None
    input: Choice | None = None
    method: Choice | None = None
    network: Choice | None = None
    populations: tuple[PopulationSpec, ...] = ()
    projections: tuple[ProjectionSpec, ...] = ()
    record: tuple[Probe, ...] = ()
    stimuli: Mapping[str, StimulusSpec] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    scored_on: str = "test"
    phases: tuple[Phase, ...] = ()
    downscaling: Mapping[str, Any] | None = None
    fit: FitSettings | None = None
    keep_state: bool = False
    start: Path | None = None
    sweep: Mapping[str, tuple[Any, ...] | Range] = field(default_factory=dict)

    def __repr__(self) -> str:
        choices = [choice.kind for choice in (self.task, self.method) if choice is not None]
        sizes = [f"{population.name} {population.size:,}" for population in self.populations]
        return f"<spec {self.name}: {', '.join([*sizes, *choices])}; seed {self.seed}>"

    def _repr_html_(self) -> str:
        return made_above("spec_html", self)

    @property
    def is_trained(self) -> bool:
        """Whether a task gives the trials, from which a method learns; not so for a recording, to which settings are fitted."""
        task = self.document.get("task")
        return task is not None and (task.get("kind") if isinstance(task, Mapping) else task) != "recording"

    @property
    def n_simulated(self) -> int:
        """Trials of a network that is not trained, those of a fit included."""
        return self.n_trials * (1 if self.fit is None else self.fit.n_runs)

    @property
    def simulation(self) -> dict[str, Any]:
        """Settings of `bioworkbench.simulate` that a spec has: dt, backend, execution."""
        return {"dt": self.dt, "backend": self.backend, "execution": self.execution}

    @property
    def execution(self) -> Execution:
        """Threads, memory and precision."""
        return Execution(threads=self.threads, memory=self.memory * 1e9, precision=self.precision)

    def place(self, path: str = "") -> Place:
        """The field at a dotted `path` of this spec, to name in errors."""
        return Place(self.file, path, self.document)
