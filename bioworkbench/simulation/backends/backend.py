"""`Backend`: what `simulate` must know of a place where jobs run, as a record; `Outcome`: what a job left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a record of what is known; nothing here makes or opens any of these
    from bioworkbench.records.execution import Notify
    from bioworkbench.records.network import Network
    from bioworkbench.records.probe import Probe
    from bioworkbench.simulation.collect import Rows
    from bioworkbench.simulation.job import Job, Left

__all__ = ["Backend", "Outcome"]

_MEMORY = 2e9


@dataclass(frozen=True)
class Outcome:
    """What one job left: monitors' contents and the seconds of each phase.

    Parameters
    ----------
    spikes : mapping from population to (index, time)
        index = copy * size + neuron, in order of time.
    traces : mapping from probe name to rows (n_recorded_steps, n_copies * n_recorded)
    timing : mapping from phase to seconds
    profile : mapping from Brian2 object to seconds
        Empty unless the job asks for it.
    weights : mapping from projection to array (n_copies * n_synapses,)
        Final weights where synapses change them, in the order in which they are simulated.
    left : Left, optional
        The state at the end, where the backend keeps it.
    counts : mapping from population to array (n_copies * n_neurons,)
        Numbers of spikes, in the place of spikes, where a job that asks for them ran on a backend that counts.
    """

    spikes: "Mapping[str, tuple[Rows, Rows]]"
    traces: "Mapping[str, Rows]"
    timing: Mapping[str, float]
    profile: Mapping[str, float] = field(default_factory=dict)
    weights: "Mapping[str, Rows]" = field(default_factory=dict)
    left: "Left | None" = None
    counts: "Mapping[str, Rows]" = field(default_factory=dict)


def _nothing_missing() -> str:
    return ""


def _draws_nothing(network: "Network", probes: "Sequence[Probe]") -> bool:
    return False


def _main_memory(memory: float | None) -> int:
    return int(memory or _MEMORY)


@dataclass(frozen=True)
class Backend:
    """A place where jobs run. `simulate` asks this record, never the name.

    Parameters
    ----------
    name : str
    about : str
        One line for ``bioworkbench list`` and for the message of "auto".
    run : callable (job, seed, notify, folder, precision) -> Outcome
        Runs one job; `folder` is an empty folder for what it writes.
    missing : callable () -> str
        What this machine lacks, with the way to get it; empty if nothing.
    precisions : tuple of str
        Of the state variables: "double", "single".
    concurrent : bool
        Whether several jobs may run at the same time.
    shares_synapses : bool
        Whether all copies of a network share one set of synapses.
    keeps_segments : bool
        Whether what is recorded goes to disk in segments, so that memory does not grow with the duration.
    bytes_per_queued : int
        Memory that each synapse with a delay of its own takes, in each copy.
    budget : callable (memory or None) -> int
        Bytes that all jobs together may take, from what the user gave.
    chunk_fraction : int
        A chunk takes one part in this many of the budget.
    most_copies : int
        Copies in one job.
    simulates_state : bool
        Whether synapses may have more than a weight; see `SynapseModel.shared_by_copies`.
    plays_trains : bool
        Whether it runs stimuli of spike trains.
    keeps_state : bool
        Whether it gives the state at the end of a run, and goes on from one.
    saves_state : bool
        Whether results can keep that state: all of it is arrays, random numbers included.
    can_draw : callable (network, probes) -> bool
        Whether it draws the links of a network itself; other networks are given theirs one by one.
    noise_by_trial : bool
        Whether noise comes from streams of each trial, so that a run needs the seed of all trials and not one of its chunk.
    shares_work : bool
        Whether several threads run one network together.
    run_drawn : callable (job, notify, folder, precision) -> Outcome
        Runs a job whose links it draws, with as many threads as the job says.
    """

    name: str
    about: str
    run: "Callable[[Job, int, Notify, Path, str], Outcome]"
    missing: Callable[[], str] = _nothing_missing
    precisions: tuple[str, ...] = ("double",)
    concurrent: bool = False
    shares_synapses: bool = False
    keeps_segments: bool = False
    bytes_per_queued: int = 0
    budget: Callable[[float | None], int] = _main_memory
    chunk_fraction: int = 8
    most_copies: int = 256
    simulates_state: bool = True
    plays_trains: bool = True
    noise_by_trial: bool = False
    shares_work: bool = False
    keeps_state: bool = False
    saves_state: bool = False
    can_draw: "Callable[[Network, Sequence[Probe]], bool]" = _draws_nothing
    run_drawn: "Callable[[Job, Notify, Path, str], Outcome] | None" = None
