"""From a checked spec to its task, and to the stimulus of one of its trials."""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from dataclasses import replace
from functools import partial

import numpy as np

from bioworkbench.experiment.spec.kinds import KINDS
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.experiment.spec.values import plain_arguments
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import INPUT, Stimulus, silence
from bioworkbench.records.times import whole_steps
from bioworkbench.tasks import Task, held_out

__all__ = ["known_task", "one_trial", "task_of"]


def task_of(spec: ExperimentSpec) -> Task | None:
    """The task of a spec, with the part of its trials that is scored and the encoding; None without one, or where it is a recording.

    Parameters
    ----------
    spec : ExperimentSpec

    Returns
    -------
    Task or None

    Raises
    ------
    SpecError
        Naming the field that the task refuses.
    """
    if spec.task is None or not spec.is_trained:
        return None
    with spec.place("task").named():
        task = KINDS["tasks"][spec.task.kind](stream(spec.seed, "task"), **spec.task.arguments)
    with spec.place("scored_on").named():
        task = held_out(task, spec.scored_on)
    if spec.input is None:
        return task
    return replace(task, encode=partial(KINDS["encodings"][spec.input.kind], **plain_arguments(spec.input.arguments)))


def known_task(spec: ExperimentSpec, tasks: dict[str, Task]) -> Task:
    """The task of a spec that has one, made once for all specs with the same.

    Parameters
    ----------
    spec : ExperimentSpec
    tasks : dict
        Those that were made, to which this one is added.

    Returns
    -------
    Task

    Raises
    ------
    SpecError
        As `task_of`.
    """
    key = repr([spec.document.get(name) for name in ("seed", "task", "input", "scored_on")])
    if key not in tasks and (task := task_of(spec)) is not None:
        tasks[key] = task
    return tasks[key]


def one_trial(spec: ExperimentSpec, task: Task | None) -> Stimulus:
    """Stimulus of the first test trial; silence without a task.

    Parameters
    ----------
    spec : ExperimentSpec
    task : Task or None

    Returns
    -------
    Stimulus

    Raises
    ------
    SpecError
        If the task refuses the encoding, or a duration is not a whole number of steps.
    """
    if task is None:
        step = 1e-3 if np.isnan(spec.dt) else spec.dt  # dt has an error of its own then
        duration = spec.duration or step
        with spec.place("duration").named():
            if not np.isnan(spec.dt):
                whole_steps("duration", duration, step)
        nothing = silence(duration, spec.n_trials)
        return replace(nothing, name="nothing") if INPUT in spec.stimuli else nothing
    with spec.place("input").named():
        stimulus = task.encode(task.test.values[:1])
        if not np.isnan(spec.dt):
            whole_steps("frame", stimulus.frame, spec.dt)
            whole_steps("a trial", stimulus.duration, spec.dt)
    return stimulus
