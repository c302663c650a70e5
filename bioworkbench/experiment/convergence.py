"""How much of a result is the time step: the same experiment at dt and at half of it, seed by seed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bioworkbench.experiment.running import run
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.experiment.spec.reader import read
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.arrays import count
from bioworkbench.records.units import parse_quantity

__all__ = ["Shift", "converged"]

_STATISTICS = ("mean_rate", "cv_isi")
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Shift:
    """How a number moves when the time step is halved.

    Parameters
    ----------
    name : str
        Such as ``"exc mean_rate"``, or the name of a score.
    whole, half : float
        Means over the seeds, at dt and at dt / 2.
    change, error : float
        Mean of the differences within a seed, half minus whole, and its standard error; NaN with one seed.
    """

    name: str
    whole: float
    half: float
    change: float
    error: float

    @property
    def counts(self) -> bool:
        """Whether the difference is at least two standard errors, and more than rounding."""
        return abs(self.change) > _ROUNDING and abs(self.change) >= 2 * self.error


def converged(
    spec: ExperimentSpec, *, n_seeds: int = 5, backend: str = "auto", progress: Callable[[int, int], None] | None = None
) -> list[Shift]:
    """Run an experiment at dt and at dt / 2 with several seeds, and compare rates, CVs and scores; nothing is kept on disk.

    A seed draws the same network for both steps, and noise of its own for each.

    Parameters
    ----------
    spec : ExperimentSpec
    n_seeds : int
        From the spec's seed on.
    backend : str
        Where to simulate; "auto" leaves it to the spec.
    progress : callable (done, total), optional

    Returns
    -------
    list of Shift
        Numbers that some seed does not have (the CV of a silent population) are left out.

    Raises
    ------
    SpecError
        If the spec cannot be run at one of the two steps.
    ValueError
        If no population has differential equations: in discrete time a step is what it is.
    """
    if not any(population.model.parsed.diff_eq_names for population in construct(spec).network.populations):
        raise ValueError(
            f"dt = {spec.dt:g} s of '{spec.name}': no population has differential equations that a smaller step could change"
        )
    found: dict[str, list[dict[str, float]]] = {"whole": [], "half": []}
    total = 2 * count("n_seeds", n_seeds)
    with TemporaryDirectory() as folder:
        for seed in range(spec.seed, spec.seed + n_seeds):
            for which, part in (("whole", 1.0), ("half", 0.5)):
                changed = _with_step(spec, seed, part)
                result = run(changed, backend=backend, results=Path(folder) / which, report=False)
                found[which].append(dict(_numbers(result.metrics)))
                if progress:
                    progress(sum(map(len, found.values())), total)
    return [shift for name in found["whole"][0] if (shift := _shift(name, found)) is not None]


def _with_step(spec: ExperimentSpec, seed: int, part: float) -> ExperimentSpec:
    dt = float(np.asarray(parse_quantity(spec.document["dt"]))) * part
    document = {key: value for key, value in spec.document.items() if key != "sweep"}
    return read({**document, "seed": seed, "dt": f"{dt!r} s"}, spec.name, spec.file)


def _numbers(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for population, numbers in metrics["activity"].items():
        yield from ((f"{population} {name}", numbers[name]) for name in _STATISTICS if numbers.get(name) is not None)
    yield from ((name, score) for name, score in metrics.get("test", {}).items() if isinstance(score, int | float))


def _shift(name: str, found: Mapping[str, list[dict[str, float]]]) -> Shift | None:
    if not all(name in run for runs in found.values() for run in runs):
        return None
    whole, half = (np.array([run[name] for run in found[which]], dtype=float) for which in ("whole", "half"))
    change = half - whole
    error = float(change.std(ddof=1) / np.sqrt(change.size)) if change.size > 1 else float("nan")
    return Shift(name, float(whole.mean()), float(half.mean()), float(change.mean()), error)
