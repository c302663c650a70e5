"""`Execution`: how a simulation runs on the machine; `Notify`: who is told how far it is."""

from collections.abc import Callable
from dataclasses import dataclass

from bioworkbench.records.arrays import count, positive

__all__ = ["Execution", "Notify"]

Notify = Callable[[str, int, int], None]
"""Called with (phase, done, total)."""

_PRECISIONS = ("double", "single")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How `simulate` runs a network on the machine; what a network does is said elsewhere.

    Parameters
    ----------
    jobs : int
        Chunks of trials that run at the same time ("cpp" only). Spikes are the same for any number.
    threads : int
        That run one network together ("cpp" only); 0 for the idle cores that `jobs` leaves, from 10 000 neurons on. Spikes are the same for
        any number.
    memory : float, bytes, optional
        Budget of all chunks together, 2 GB by default: a chunk takes an eighth of it, and no more of them run at a time than fit; with
        "cpp", chunks are joined while those of all jobs fit into half of it, which changes no number. A budget that changes how many
        trials a chunk has changes which spikes stimuli of kind "rate" have, and with "numpy" and "cython" the noise. With
        "cuda", memory on the GPU, half of it by default: a chunk takes it all, up to 16 GB.
    precision : {"double", "single"}
        Of the state variables; "single" with "cpp" and "cuda" only. It makes C++ programs faster and their state half
        as large; a membrane is then off by about 1e-7 of its value, and recurrent networks spike otherwise after a while. Weights that
        the program draws take two bytes instead of four where that changes them by less than a thousandth of their spread.
    profile : bool
        Also measure how long each Brian2 object takes (`Recording.profile`).
    progress : callable (phase, done, total), optional
        Called as a program is compiled, steps are done, and chunks end.

    Raises
    ------
    ValueError
        If a number is out of range, or the precision is unknown.

    Examples
    --------
    >>> Execution(jobs=2, memory=8e9).precision
    'double'
    """

    jobs: int = 1
    threads: int = 0
    memory: float | None = None
    precision: str = "double"
    profile: bool = False
    progress: Notify | None = None

    def __post_init__(self) -> None:
        count("jobs", self.jobs)
        count("threads", self.threads, 0)
        if self.memory is not None:
            positive("memory", self.memory)
        if self.precision not in _PRECISIONS:
            raise ValueError(f"precision = '{self.precision}': must be 'double' or 'single'")
