"""Reconstruction: parallel threshold networks whose output weights solve a convex program over sampled hidden weights.

Witnesses, the hidden weights of small sub-networks, are drawn at random, from pairs of training samples, or by surrogate-gradient
training. The spikes of their last neurons over the training trials are the atoms of a dictionary, and a (group) lasso, solved to a
stated duality gap, says which sub-networks are kept and with which output weights. The certificate holds for the dictionary and
the training trials, not for all networks and not for new trials.
Udupi, Yang & Zhai 2026, arXiv:2605.08022, of which the idea is public; how witnesses are drawn is ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bioworkbench.convex.program import Certificate, distinct_columns
from bioworkbench.discrete.subnetworks import SubNetworks, as_network, joined, last_layer_spikes, noisy_copies
from bioworkbench.methods.reconstruction.program import ConvexProgram, choosing_trials, solutions
from bioworkbench.methods.reconstruction.witnesses import WitnessDistribution, gaussian_witnesses, pair_witnesses, template
from bioworkbench.readout.fits import logistic, ridge
from bioworkbench.readout.trials import n_steps_of, step_of
from bioworkbench.records.arrays import Floats, count, non_negative
from bioworkbench.records.choice import Choice
from bioworkbench.records.counted import counted
from bioworkbench.records.heads import class_outputs, class_parts
from bioworkbench.records.history import GAP_BY_ITERATION, of_member
from bioworkbench.records.lazily import later
from bioworkbench.records.linear_readout import LinearReadout
from bioworkbench.records.network import Network
from bioworkbench.records.optimization import Optimization
from bioworkbench.records.recording import Recording
from bioworkbench.records.stimulus import Stimulus
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.task import check_learnable

__all__ = ["ConvexProgram", "Dictionary", "train"]

_train_parallel = later("bioworkbench.gradients.parallel:train_parallel")  # needs the extra "gradients"

Simulate = Callable[[Network, Stimulus, int], Recording]

N_COMPARED = 100  # training trials on which the simulated spikes must equal those of the dictionary


@dataclass(frozen=True)
class Dictionary:
    """How many sub-networks, the witnesses, the program may choose from.

    Parameters
    ----------
    n_gaussian, n_pairs : int
        Drawn at random, and from pairs of training samples; see `bioworkbench.methods.reconstruction.witnesses`.
    n_trained, n_copies : int
        Trained together by surrogate gradients, and noisy copies of each of them.
    deviation : float
        Noise of the copies, relative to the weights.
    half_spaces : bool
        An atom is whether the potential of a last neuron is at least 0, as published, in place of whether it spikes; for reset
        'subtract', which does not change it. In the simulated network a population of its own shows these signs.
    """

    n_gaussian: int = 2000
    n_pairs: int = 0
    n_trained: int = 0
    n_copies: int = 0
    deviation: float = 0.1
    half_spaces: bool = False

    def __post_init__(self) -> None:
        for name in ("n_gaussian", "n_pairs", "n_trained", "n_copies"):
            count(name, getattr(self, name), least=0)
        non_negative("deviation", self.deviation)


_DICTIONARY, _WITNESSES, _PROGRAM = Dictionary(), WitnessDistribution(2.0, 2.0), ConvexProgram()
_OPTIMIZATION = Optimization(epochs=100, batch_size=50, learning_rate=0.01, surrogate="arctan", surrogate_width=1.0)


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    dictionary: Dictionary = _DICTIONARY,
    witnesses: WitnessDistribution = _WITNESSES,
    self_links: bool = False,
    steps: Sequence[int] | None = None,
    program: ConvexProgram = _PROGRAM,
    optimization: Optimization = _OPTIMIZATION,
) -> TrainedNetwork:
    """Sample sub-networks, solve for their output weights, and keep those that have one.

    Parameters
    ----------
    task : Task
        Classification or regression, with a target per trial or per frame. Values must be encoded as currents. Classes that are
        made of parts have a program, or a softmax, for each part.
    network : Network
        One sub-network: `discrete_lif` populations with threshold 1 in layers 0, 1, ...; input to the first, each to the next, and
        each to itself where it is recurrent. Every neuron of the last gives atoms. It says sizes, leaks and reset; its weights are
        not used.
    simulate : callable
        ``simulate(network, stimulus, seed) -> Recording``, with one step per frame.
    rng : Generator
        Draws witnesses and the order of training.
    dictionary : Dictionary
        Numbers of witnesses of each kind.
    witnesses : WitnessDistribution
        Distributions of their weights.
    self_links : bool
        Link every neuron of a recurrent population to itself, which the topology of a projection to itself leaves out; a unit
        without leak needs it to keep a bit.
    steps : sequence of int, optional
        At which steps, counted from 0, the last neurons are read; an atom is one neuron at one of them. By default the last step; not
        for targets per frame, for which they are read in every frame that has a target.
    program : ConvexProgram
        Penalties, tolerance and rounds.
    optimization : Optimization
        Of sub-networks that surrogate gradients train, anew in every call: there is no checkpoint.

    Returns
    -------
    TrainedNetwork
        Disjoint sub-networks; the readout has their output weights. History, one entry per round: "primal", "dual", "gap", "penalty",
        "n_atoms", "n_kept" (atoms), "n_networks", and "penalty_of_head_2" where classes have parts; and "gap_by_iteration" of the
        last round, after every `bioworkbench.convex.CHECKED_EVERY` iterations of the solver.

    Raises
    ------
    ValueError
        If the start network is not a single sub-network, the stimulus is not of kind "current", the training targets do not vary, no
        witness spikes, all patterns are the same, the gap is not reached, or the simulation disagrees with the dictionary.

    References
    ----------
    Udupi, Yang & Zhai (2026), Globally optimal training of spiking neural networks via parameter reconstruction, arXiv:2605.08022.
    Ergen, Gulluk, Lacotte & Pilanci (2023), arXiv:2303.03382.
    """
    _check_witnesses(dictionary, program, witnesses)
    program.check_trials(task.train.n_trials, task.shared)
    if optimization.checkpoint is not None:
        raise ValueError(f"optimization.checkpoint = '{optimization.checkpoint}': reconstruction goes on from none; leave it out")
    settings = replace(optimization, batch_size=min(optimization.batch_size, task.train.n_trials))
    settings.check_start(task.train.n_trials, validated=task.validation is not None)
    start, asked = template(network, self_links), _asked(task, steps)
    if dictionary.half_spaces and start.reset != "subtract":
        raise ValueError(
            f"half_spaces = True with reset '{start.reset}': it needs 'subtract', which leaves signs of potentials alone"
        )
    read = _Atoms(asked, task.train.per_frame, dictionary.half_spaces)
    if program.loss != "squared" and task.kind != "classification":
        raise ValueError(f"loss = '{program.loss}': the targets of task '{task.name}' are values; use 'squared'")
    check_learnable(task)
    wanted = _wanted(task, task.train)
    _check_steps(task, network, simulate)
    values = _current(task, task.train)

    def gradient_trained(networks: SubNetworks, start: LinearReadout | None = None) -> tuple[SubNetworks, LinearReadout]:
        seed = int(rng.integers(2**31))
        data = [_shown(task, part, asked) for part in (task.train, task.validation) if part is not None]
        given = {
            "n_outputs": task.n_outputs,
            "steps": asked,
            "per_frame": task.train.per_frame,
            "readout": start,
            "heads": task.heads,
            "half_spaces": read.half_spaces,
        }
        trained, coefficients, intercepts, _ = _train_parallel(networks, data, settings, seed, **given)
        return trained, LinearReadout(coefficients, intercepts, _rule(task))

    parts: list[SubNetworks] = []
    if dictionary.n_trained:
        trained, own = gradient_trained(gaussian_witnesses(start, values, asked, dictionary.n_trained, witnesses, rng))
        if not program.convex:
            return _finished(task, trained, own, read, simulate, values, {})
        parts += [trained, *_copies(trained, dictionary, rng)]
    if dictionary.n_gaussian:
        parts.append(gaussian_witnesses(start, values, asked, dictionary.n_gaussian, witnesses, rng))
    if dictionary.n_pairs:
        parts.append(pair_witnesses(start, values, _flat(wanted), asked, dictionary.n_pairs, witnesses, rng))
    history: dict[str, list[float]] = {}
    kept, readout = _solved(task, joined(*parts), values, read, program, history)
    for _ in range(program.rounds - 1):
        parts = [kept, gradient_trained(kept)[0], *parts]
        kept, readout = _solved(task, joined(*parts), values, read, program, history)
    if program.refit is not None:
        readout = _refitted(task, kept, readout, values, read, program.refit)
    if program.refine:
        kept, readout = gradient_trained(kept, readout)
    return _finished(task, kept, readout, read, simulate, values, {name: np.array(entries) for name, entries in history.items()})


@dataclass(frozen=True)
class _Atoms:
    """How the last neurons are read: at which steps, and whether their half-spaces."""

    steps: list[int]
    per_frame: bool
    half_spaces: bool

    def patterns(self, networks: SubNetworks, values: Floats) -> np.ndarray:
        """Patterns (n_rows, n_atoms): rows are trials and frames, or trials with steps as atoms."""
        seen = last_layer_spikes(networks, values, self.steps, half_spaces=self.half_spaces)
        n_trials, n_steps, n = seen.shape
        return seen.reshape(n_trials * n_steps, n) if self.per_frame else seen.reshape(n_trials, n_steps * n)


def _check_steps(task: Task, network: Network, simulate: Simulate) -> None:
    """Raise ValueError unless a frame lasts a step."""
    n_frames = _current(task, task.train.take(slice(1))).shape[1]
    first = task.encode(task.train.values[:1])

    def check(n_steps: int) -> None:
        if n_steps != n_frames:
            raise ValueError(f"a trial of {n_frames} frames has {n_steps} steps; set dt to the frame, {first.frame} s")

    if dt := step_of(simulate):  # known before anything is simulated
        check(round(first.duration / dt))
    check(n_steps_of(network, first, simulate))


def _check_witnesses(dictionary: Dictionary, program: ConvexProgram, witnesses: WitnessDistribution) -> None:
    if dictionary.half_spaces and witnesses.balanced:
        raise ValueError("half_spaces = True and balanced = True: only thresholds of spikes are balanced; set balanced = false")
    if not (dictionary.n_trained or (program.convex and (dictionary.n_gaussian or dictionary.n_pairs))):
        raise ValueError(
            f"n_gaussian = {dictionary.n_gaussian}, n_pairs = {dictionary.n_pairs}, n_trained = {dictionary.n_trained}, convex = "
            f"{program.convex}: there is no witness; give some, and n_trained where convex is false"
        )


def _copies(trained: SubNetworks, dictionary: Dictionary, rng: np.random.Generator) -> list[SubNetworks]:
    n, deviation = dictionary.n_copies, dictionary.deviation
    return [noisy_copies(trained, n, deviation, rng)] if n else []


def _current(task: Task, trials: Trials) -> Floats:
    stimulus = task.encode(trials.values)
    if stimulus.kind != "current":
        raise ValueError(f"task '{task.name}' is encoded as '{stimulus.kind}'; reconstruction needs kind 'current'")
    return stimulus.values


def _shown(task: Task, trials: Trials, asked: list[int]) -> tuple[Floats, np.ndarray]:
    """Input currents and targets of the asked steps, as gradient training takes them."""
    return _current(task, trials), trials.targets[:, asked] if trials.per_frame else trials.targets


def _asked(task: Task, steps: Sequence[int] | None) -> list[int]:
    """Steps at which last neurons are read, in order."""
    n_frames = task.train.n_frames
    if steps is None:
        return list(range(task.washout, n_frames)) if task.train.per_frame else [n_frames - 1]
    if task.train.per_frame:
        raise ValueError(
            f"steps = {list(steps)}: task '{task.name}' has a target in every frame, which are read; leave steps out"
        )
    asked = sorted({count("steps", step, least=0) for step in steps})
    if not asked or asked[-1] >= n_frames:
        raise ValueError(f"steps = {list(steps)}: name at least one step from 0 to {n_frames - 1}")
    return asked


def _rule(task: Task) -> Literal["argmax", "value"]:
    return "argmax" if task.kind == "classification" else "value"


def _wanted(task: Task, trials: Trials) -> Floats:
    """Targets as values (n_trials[, n_frames], n_outputs); classes are 1 and -1."""
    targets = trials.targets[:, task.washout :] if trials.per_frame else trials.targets
    return 2 * np.eye(task.n_outputs)[targets] - 1 if trials.has_classes else targets


def _by_head(task: Task, trials: Trials) -> list[Floats]:
    """Targets as values, for every part of a class; one array where classes have no parts."""
    if not task.heads:
        return [_wanted(task, trials)]
    parts = class_parts(trials.targets[:, task.washout :] if trials.per_frame else trials.targets, task.heads)
    return [2 * np.eye(size)[part] - 1 for size, part in zip(task.heads, parts, strict=True)]


def _flat(wanted: Floats) -> Floats:
    """One row of targets per trial: those of the last frame."""
    return wanted[:, -1] if wanted.ndim == 3 else wanted


def _solved(
    task: Task,
    witnesses: SubNetworks,
    values: Floats,
    read: _Atoms,
    program: ConvexProgram,
    history: dict[str, list[float]],
) -> tuple[SubNetworks, LinearReadout]:
    """Kept sub-networks and their readout; notes the certificate in the history."""
    patterns = read.patterns(witnesses, values)
    atoms = distinct_columns(patterns)
    if len(atoms) == 0:
        raise ValueError(
            f"none of the {patterns.shape[1]} patterns is other than zero: no witness spikes in {counted(len(values), 'training trial')}; "
            "raise the mean of witnesses.bias, or set balanced = true"
        )
    if len(atoms) == 1 < patterns.shape[1]:
        raise ValueError(
            f"the {patterns.shape[1]} patterns are all zero or the same; let thresholds differ (balanced = true, or a larger "
            "deviation of bias) or draw other witnesses"
        )
    wanted = [own.reshape(len(patterns), -1) for own in _by_head(task, task.train)]
    columns = np.concatenate([patterns[:, atoms], np.ones((len(patterns), 1), dtype=bool)], axis=1)
    coefficients, proof, penalties = solutions(columns, wanted, program, choosing_trials(task))
    _note(history, proof, penalties)
    n_outputs = coefficients.shape[1]
    full = np.zeros((patterns.shape[1], n_outputs))
    full[atoms] = coefficients[:-1]
    by_step = full.reshape(-1, witnesses.n, witnesses.shape[-1], n_outputs)
    kept = np.flatnonzero(by_step.any(axis=(0, 2, 3)))
    if len(kept) == 0:
        raise ValueError(f"no sub-network is kept at penalty {penalties[0]:.3g}; lower penalties = {list(program.penalties)}")
    history.setdefault("n_networks", []).append(len(kept))
    return witnesses.take(kept), LinearReadout(by_step[:, kept].reshape(-1, n_outputs), coefficients[-1], _rule(task))


def _note(history: dict[str, list[float]], proof: Certificate, penalties: list[float]) -> None:
    entries = {
        "primal": proof.primal,
        "dual": proof.dual,
        "gap": proof.gap,
        "penalty": penalties[0],
        "n_atoms": proof.n_atoms,
        "n_kept": proof.n_kept,
        **{of_member("penalty_of_head", k): penalty for k, penalty in enumerate(penalties[1:], 2)},
    }
    for name, value in entries.items():
        history.setdefault(name, []).append(value)
    history[GAP_BY_ITERATION] = list(proof.course)


def _refitted(
    task: Task, kept: SubNetworks, readout: LinearReadout, values: Floats, read: _Atoms, penalty: float
) -> LinearReadout:
    """Other output weights for the atoms that have one."""
    used = np.flatnonzero(readout.coefficients.any(axis=1))
    patterns = read.patterns(kept, values)[:, used]
    wanted = [own.reshape(len(patterns), -1) for own in _by_head(task, task.train)]
    if task.kind == "classification":
        found = [logistic(patterns, own.argmax(axis=1), penalty=penalty) for own in wanted]
    else:
        found = [ridge(patterns, own, penalty=penalty) for own in wanted]
    coefficients = np.zeros_like(readout.coefficients)
    coefficients[used] = np.concatenate([own.coefficients for own in found], axis=1)
    return replace(readout, coefficients=coefficients, intercepts=np.concatenate([own.intercepts for own in found]))


def _finished(
    task: Task,
    kept: SubNetworks,
    readout: LinearReadout,
    read: _Atoms,
    simulate: Simulate,
    values: Floats,
    history: dict[str, np.ndarray],
) -> TrainedNetwork:
    """The network with its feature, after its simulated spikes have been compared with the dictionary's."""
    if task.heads:
        to_classes = class_outputs(task.heads)
        readout = replace(readout, coefficients=readout.coefficients @ to_classes, intercepts=readout.intercepts @ to_classes)
    trials = task.train.take(np.arange(min(N_COMPARED, task.train.n_trials)))
    stimulus, made = task.encode(trials.values), as_network(kept, half_spaces=read.half_spaces)
    last = made.populations[-1].name
    recording = simulate(made, stimulus, 0)
    wanted = last_layer_spikes(kept, values[: trials.n_trials], half_spaces=read.half_spaces)
    wrong = int((recording.raster(last) != wanted).sum())
    if wrong:
        raise ValueError(f"{wrong} simulated spikes of population '{last}' differ from the dictionary's; report this as a bug")
    if read.per_frame:
        return TrainedNetwork(
            made, Choice("binned_counts", {"populations": [last], "bin": stimulus.frame, "per_frame": True}), readout, history
        )
    asked, n_steps = np.array(read.steps), values.shape[1] - read.steps[0]
    coefficients = np.zeros((n_steps, kept.n * kept.shape[-1], task.n_outputs))
    coefficients[asked - asked[0]] = readout.coefficients.reshape(len(asked), -1, task.n_outputs)
    spread_out = LinearReadout(coefficients.reshape(-1, task.n_outputs), readout.intercepts, readout.rule)
    return TrainedNetwork(made, Choice("last_step_pattern", {"populations": [last], "n_steps": n_steps}), spread_out, history)
