"""`predict`: a trained network on new data."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from bioworkbench.experiment.results.record import RunRecord
from bioworkbench.experiment.results.result import Result
from bioworkbench.experiment.results.spec_fingerprints import data_files
from bioworkbench.experiment.results.store import load_record
from bioworkbench.experiment.scores import block_size
from bioworkbench.experiment.spec.trials import task_of
from bioworkbench.readout.trials import blocked_predictions
from bioworkbench.records.errors import ResultError
from bioworkbench.records.randomness import seed_of
from bioworkbench.simulation.seam import simulate
from bioworkbench.tasks.task import NewTrials, Task

__all__ = ["Predictions", "predict"]


@dataclass(frozen=True)
class Predictions:
    """What a trained network answers.

    Parameters
    ----------
    values : array (n_trials,), (n_trials, n_outputs) or (n_trials, n_frames, n_outputs)
        Names or numbers of classes, or values in the units of the data.
    outputs : tuple of str (n_outputs,)
        What they are.
    """

    values: np.ndarray
    outputs: tuple[str, ...]

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.values, dtype=dtype)

    def __len__(self) -> int:
        return len(self.values)


def predict(
    run: Result | str | Path, data: np.ndarray | str | Path, *, seed: int | None = None, backend: str = "auto", jobs: int = 1
) -> Predictions:
    """Ask a trained network about data that it has not seen.

    Parameters
    ----------
    run : Result, str or path
        A run with a task, or its results folder.
    data : array (n_trials, n_frames, n_channels), str or path
        Values scaled as those of the run's task; or a file: ``.npy`` with such an array or, for runs on tables and series, a table
        with the columns of the training file, which is scaled as that was.
    seed : int, optional
        Of noise and random input spikes; by default another stream of the run's seed.
    backend : str
        Where to simulate; "auto" leaves it to the spec.
    jobs : int
        Simulations at the same time.

    Returns
    -------
    Predictions

    Raises
    ------
    ResultError
        If the run has no trained network, or its training file has changed since.
    ValueError
        If the data are not what the network was trained on.

    Examples
    --------
    >>> import bioworkbench as bw
    >>> bw.predict("results/my_table/0123456789ab", "new.csv").values  # doctest: +SKIP
    array(['cat', 'dog', 'cat'], dtype='<U3')
    """
    folder = run.folder if isinstance(run, Result) else Path(run)
    record = load_record(folder)
    spec, trained = record.spec, record.data.trained
    if trained is None:
        raise ResultError(
            f"{folder} has no trained network, so nothing to predict with; name a run whose spec has a task and a method"
        )
    task = task_of(spec)
    if task is None:
        raise ResultError(f"{folder}: the spec of the run names no task; it must, to say how data become input")
    _check_unchanged(record)
    new = _new(task, data)
    picked, execution = spec.backend if backend == "auto" else backend, replace(spec.execution, jobs=jobs)
    bound = partial(simulate, dt=spec.dt, backend=picked, execution=execution)
    block = block_size(trained.network, task, spec.dt, spec.memory * 1e9)
    drawn = seed_of(spec.seed if seed is None else seed, "simulate new trials")
    found = blocked_predictions(trained, task.encode, new.values, bound, drawn, block=block)
    return Predictions(new.told(found), new.outputs)


def _check_unchanged(record: RunRecord) -> None:
    """Refuse a task whose file is not the one that the network was trained on: classes and scales come from that."""
    then = {Path(path).name: known for path, known in record.provenance.get("inputs", {}).items()}
    for path, now in data_files(record.spec.task).items():
        known = then.get(Path(path).name)
        if known and now and known != now:
            raise ResultError(
                f"{path} has changed since the network was trained, so data cannot be scaled as they were; bring the file back, or run "
                "the spec again"
            )


def _new(task: Task, data: np.ndarray | str | Path) -> NewTrials:
    """Values of the new trials, and what their predictions mean."""
    if not isinstance(data, str | Path):
        return _of_array(task, np.asarray(data), "data")
    path = Path(data)
    if path.suffix.lower() == ".npy":
        return _of_array(task, np.load(path, allow_pickle=False), str(path))
    if task.new is None:
        raise ValueError(
            f"{path}: the task '{task.name}' does not come from a file, so no file can be read as it was; give an array "
            f"(n_trials, {task.test.n_frames}, {task.test.n_channels}) in the scale of the task, or a .npy file with one"
        )
    return task.new(path)


def _of_array(task: Task, values: np.ndarray, what: str) -> NewTrials:
    wanted = (task.test.n_frames, task.test.n_channels)
    if values.ndim != 3 or values.shape[1:] != wanted or not len(values):
        raise ValueError(
            f"{what} has shape {values.shape}; the network was trained on trials of shape (n_trials, {wanted[0]}, {wanted[1]})"
        )
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ValueError(f"{what} of type {values.dtype} must be real numbers, all of them finite")
    outputs = ("class",) if task.kind == "classification" else tuple(f"output {k}" for k in range(task.n_outputs))
    return NewTrials(values, np.asarray, outputs)
