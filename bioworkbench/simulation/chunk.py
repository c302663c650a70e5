"""Which trials one run simulates."""

from dataclasses import dataclass

__all__ = ["Chunk"]


@dataclass(frozen=True)
class Chunk:
    """Trials `first` ... `first + n_trials - 1`, simulated as `n_copies` copies; in C++ programs surplus copies are not updated."""

    number: int
    first: int
    n_trials: int
    n_copies: int
