"""A reservoir that rewires itself: simulated, scored by its own spikes, pruned and regrown, episode after episode, then read.

What was found with ``rewired_reservoir_memory`` (200 neurons, eight episodes, 10 paired seeds; memory capacity on test trials,
`tests/verification/test_rewired_reservoir.py`): rewiring, by whatever rule, raises the capacity of the first episodes and lets it fall
again, which no control without rewiring does, not even at the higher rates that come with it. The last episode is therefore no better
than no rewiring (CH3-L3 0.61, random 0.63, none 0.65, none at 15 Hz 0.61; differences within 1.4 standard errors), the best validated one
(`keep_best`) is: CH3-L3 0.80, random 0.83, none 0.71, so 0.09 +- 0.01 for CH3-L3 (p = 8e-5, Cohen's d 2.2). CH3-L3 is not ahead of random
regrowth (-0.03 +- 0.02), though it alone makes the network clustered (0.33 against 0.24) and small-world (1.5 against 1.1). Regrowth
between correlated neurons is best: 0.885 +- 0.037 over 5 seeds, where random has 0.820, near neurons 0.786, CH3-L3 0.762, none 0.671.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from bioworkbench.arrays import count, fraction, positive
from bioworkbench.errors import TopologyError, unknown_name
from bioworkbench.evaluation import SMALLER_IS_BETTER, scores
from bioworkbench.methods.rewired_reservoir_plasticity import Plasticity, Wiring, neuron_rates
from bioworkbench.methods.rewired_reservoir_structure import SmallWorld, unreachable
from bioworkbench.network import INPUT, Network
from bioworkbench.randomness import stream
from bioworkbench.reading import fitted_readout, read_feature
from bioworkbench.signals import Recording
from bioworkbench.tasks import Task, Trials
from bioworkbench.trained import Choice, TrainedNetwork
from bioworkbench.trials import Simulate, blocked_features, features_of

__all__ = ["train"]

_COUNTS, _RIDGE = Choice("spike_counts"), Choice("ridge")


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    n_episodes: int = 10,
    every: int = 1,
    last_share: float = 0.8,
    keep_best: bool = False,
    n_trials: int | None = None,
    rewired: Sequence[str] | None = None,
    removed_share: float = 0.1,
    removal: str = "spike_correlation",
    sample_removal: bool = False,
    regrowth: str = "ch3_l3",
    sample_regrowth: bool = True,
    bin: float = 0.005,
    length: float = 0.2,
    target_rate: float | None = None,
    scaling: float = 0.5,
    max_rate: float = 200.0,
    feature: Choice = _COUNTS,
    readout: Choice = _RIDGE,
    populations: Sequence[str] | None = None,
    metric: str | None = None,
    validation_share: float = 0.25,
    block: int = 1024,
    checkpoint: str | None = None,
) -> TrainedNetwork:
    """Let a recurrent network remove and regrow its synapses between simulations of the task, then fit a linear readout.

    Every episode simulates trials, scales the synapses onto each neuron so that it keeps its rate, removes the synapses of least
    score in every rewired projection, and regrows as many. New synapses have weights and delays of randomly chosen synapses of
    the start network. Sources keep their sign (Dale's law) where they have one at the start. The number of synapses never
    changes, so that a compiled program serves all episodes; only where all weights of a projection are equal at the start is a
    second one built, after the first scaling.

    Parameters
    ----------
    task : Task
        Of any kind; targets per frame need a feature that is read at every frame, which is then set up by itself.
    network : Network
        Of any neuron models; every spiking neuron must be reachable from the input.
    simulate : callable
    rng : Generator
    n_episodes : int
    every : int
        Episodes from one rewiring to the next; scaling happens in all of them.
    last_share : float
        Share of the episodes after which synapses stay where they are.
    keep_best : bool
        Return the network of the episode with the best score on its scored trials, the first of equals, instead of the last one.
    n_trials : int, optional
        Training trials that an episode simulates, the first ones; by default all.
    rewired : sequence of str, optional
        Names of projections ("exc_exc"); by default all between populations that spike.
    removed_share : float
        Of the synapses of a projection, per rewiring, rounded down.
    removal : str
        Score of a synapse, the smallest go: "spike_correlation" is the size of its weight times that of the correlation between
        spike counts of its source and those of its target one bin later; others see weights alone, in units of their mean size,
        as named in `bioworkbench.topology.link_removal.REMOVAL_SCORES`.
    sample_removal : bool
        Draw the survivors in proportion to the score instead.
    regrowth : str
        Where new synapses grow: by a rule of `bioworkbench.topology.regrowth.REGROWTH_RULES` on the mask of the projection
        ("ch3_l3", "random", ...); "correlation" of spikes as in `removal`; "distance", likelier the closer the neurons, as
        exp(-d / length), at the places of `bioworkbench.topology.spatial.positions`; "none" leaves all synapses where they are.
    sample_regrowth : bool
        Draw new synapses in proportion to the score instead of taking the largest.
    bin : float, seconds
        Of the spike counts whose correlations are taken; divides the duration of a trial.
    length : float
        Of regrowth by distance, in sides of the square in which the neurons lie.
    target_rate : float, hertz, optional
        Rate that every neuron is scaled to; by default its own in the first episode.
    scaling : float
        Positive weights onto a neuron are multiplied, negative ones divided, by (target / rate) to this power, by 2 at most per
        episode and 10 in all; 0 scales nothing.
    max_rate : float, hertz
        Mean rate of a population above which training stops.
    feature : Choice
        What the readout sees: a name in ``features.FEATURES`` and its arguments.
    readout : Choice
        How it is fitted: a name in ``readouts.READOUTS`` and its arguments.
    populations : sequence of str, optional
        Whose spikes are read; by default the spiking populations of the highest layer.
    metric : str, optional
        Followed over the episodes, a name in ``evaluation.METRICS``; by default accuracy or r2.
    validation_share : float
        Of the trials of an episode, the last ones, that a readout of the others is scored on; the task's own validation trials
        are simulated in their place where it has some. Nothing but what `keep_best` says is chosen by this score.
    block : int
        Most trials whose spikes are held at once when the readout is fitted in the end.
    checkpoint : str, optional
        File (.npz) that an interrupted training continues from, with the same result.

    Returns
    -------
    TrainedNetwork
        History per episode, of the network that it simulates: "score", "rate_<population>" (hertz), "n_links", "clustering",
        "small_worldness", "spectral_radius" (of all synapses among neurons, see `SmallWorld`), "reachable" (share of neurons),
        "overlap", "n_filled", "seconds".

    Raises
    ------
    ValueError
        If a name is unknown, a setting does not fit the network, a population falls silent or fires above `max_rate`.
    TopologyError
        If neurons cannot be reached from the input at the start, or a whole population later, or a projection has no room for
        new synapses.

    References
    ----------
    Regrowth: Zhang et al. (2024), https://openreview.net/forum?id=iayEcORsGd. Synaptic scaling: Turrigiano (2008),
    doi:10.1016/j.cell.2008.10.008. Reservoirs: Maass, Natschläger & Markram (2002), doi:10.1162/089976602760407955.
    """
    rules = Plasticity(
        start=network,
        rewired=_rewired(network, rewired),
        removed_share=removed_share,
        removal=removal,
        sample_removal=sample_removal,
        regrowth=regrowth,
        sample_regrowth=sample_regrowth,
        bin=bin,
        length=length,
        target_rate=target_rate,
        scaling=scaling,
    )
    _check_reachable(network)
    read = read_feature(task, network, feature, populations)
    seed = int(rng.integers(2**31))
    episode = _Episodes(
        rules, count("n_episodes", n_episodes), count("every", every), fraction("last_share", last_share), keep_best, seed,
        positive("max_rate", max_rate), _Judge(task, read, readout, metric, *_parts(task, n_trials, validation_share)),
    )  # fmt: skip
    wiring, history = episode.run(simulate, checkpoint)
    final = wiring.network(network)
    features = blocked_features(
        final, task.encode, task.train.values, simulate, _integer(seed, "readout"), feature=read, block=block
    )  # fmt: skip
    return TrainedNetwork(final, read, fitted_readout(task, features, task.train.targets, readout), history)


def _rewired(network: Network, names: Sequence[str] | None) -> tuple[str, ...]:
    spiking = {population.name for population in network.populations if population.model.threshold}
    known = [p.name for p in network.projections if {p.source, p.target} <= spiking and p.n_synapses]
    for name in names or ():
        if name not in known:
            raise ValueError(unknown_name(name, "projection between spiking neurons", known))
    if not (names or known):
        raise ValueError(f"rewired = {names}: the network has no synapses between spiking neurons to rewire")
    return tuple(names or known)


def _check_reachable(network: Network) -> None:
    for name, lost in unreachable(network).items():
        if lost.size:
            raise TopologyError(
                f"{lost.size} of {network.sizes[name]} neurons of '{name}' cannot be reached from the input, the first is {lost[0]}; "
                "give the projections onto them more synapses"
            )


def _parts(task: Task, n_trials: int | None, share: float) -> tuple[Trials, Trials]:
    """Trials of an episode: those a readout is fitted to, and those it is scored on."""
    n = task.train.n_trials if n_trials is None else count("n_trials", n_trials)
    if n > task.train.n_trials:
        raise ValueError(f"n_trials = {n}: the task has {task.train.n_trials} training trials; ask for no more")
    if task.validation is not None:
        return task.train.take(slice(0, n)), task.validation
    n_judged = round(fraction("validation_share", share) * n)
    if not 0 < n_judged < n:
        raise ValueError(f"validation_share = {share} of {n} trials: at least one must be scored and one be fitted")
    return task.train.take(slice(0, n - n_judged)), task.train.take(slice(n - n_judged, n))


def _integer(seed: int, use: str) -> int:
    return int(stream(seed, use).integers(2**31))


@dataclass(frozen=True)
class _Judge:
    """Score of a readout fitted to a part of an episode's trials on the others."""

    task: Task
    read: Choice
    readout: Choice
    metric: str | None
    fitted: Trials
    judged: Trials

    @property
    def values(self) -> np.ndarray:
        return np.concatenate([self.fitted.values, self.judged.values])

    def score(self, recording: Recording) -> float:
        features, n = features_of(recording, self.read), self.fitted.n_trials
        readout = fitted_readout(self.task, features[:n], self.fitted.targets, self.readout)
        judged = replace(self.task, validation=self.judged)
        return scores(judged, readout.predictions(features[n:]), (self.name,), "validation")[self.name]

    @property
    def name(self) -> str:
        """Of the metric."""
        return self.metric or ("accuracy" if self.task.kind == "classification" else "r2")

    def best(self, found: Sequence[float]) -> int:
        """Index of the best score, the first of equals."""
        return int(np.argmin(found) if self.name in SMALLER_IS_BETTER else np.argmax(found))


@dataclass(frozen=True)
class _Episodes:
    """Simulation and change in turns."""

    rules: Plasticity
    n_episodes: int
    every: int
    last_share: float
    keep_best: bool
    seed: int
    max_rate: float
    judge: _Judge

    def run(self, simulate: Simulate, checkpoint: str | None) -> tuple[Wiring, dict[str, np.ndarray]]:
        stimulus = self.judge.task.encode(self.judge.values)
        world = SmallWorld.beside(self.rules.start, stream(self.seed, "random links"))
        wiring, best, history = _load(checkpoint, self.rules.fresh, self.seed)
        for episode in range(len(history.get("score", [])), self.n_episodes):
            began = time.perf_counter()
            network = wiring.network(self.rules.start)
            recording = simulate(network, stimulus, _integer(self.seed, f"episode {episode}"))
            found = self._activity(recording, episode) | {"score": self.judge.score(recording)}
            found |= world.measured(network) | {"reachable": _reachable(network, episode)}
            if self.judge.best([*history.get("score", []), found["score"]]) == episode:
                best = wiring
            wiring, moved = self._changed(wiring, recording, episode)
            found |= moved | {"seconds": time.perf_counter() - began}
            for name, value in found.items():
                history.setdefault(name, []).append(value)
            _save(checkpoint, wiring, best, history, self.seed)
        return best if self.keep_best else wiring, {name: np.asarray(values) for name, values in history.items()}

    def _changed(self, wiring: Wiring, recording: Recording, episode: int) -> tuple[Wiring, dict[str, float]]:
        moved = {"overlap": float("nan"), "n_filled": 0.0}
        last = episode + 1 > self.last_share * self.n_episodes
        rewires = self.rules.regrowth != "none" and not last and (episode + 1) % self.every == 0
        scaled = self.rules.scaled(wiring, recording)
        if not rewires:
            return scaled, moved
        draw: Callable[[str], np.random.Generator] = lambda name: stream(self.seed, f"{name} after episode {episode}")  # noqa: E731
        return self.rules.rewired_by(scaled, recording, draw)

    def _activity(self, recording: Recording, episode: int) -> dict[str, float]:
        """Mean rate of every population."""
        rates = {name: float(neuron_rates(recording, name).mean()) for name in recording.spikes}
        for name, rate in rates.items():
            if rate == 0:
                raise ValueError(f"episode {episode}: population '{name}' is silent; raise its drive, weights or noise")
            if rate > self.max_rate:
                raise ValueError(
                    f"episode {episode}: population '{name}' fires at {rate:.3g} Hz, above max_rate = {self.max_rate:g} Hz; "
                    "lower its weights or drive, or strengthen inhibition"
                )
        return {f"rate_{name}": rate for name, rate in rates.items()}


def _reachable(network: Network, episode: int) -> float:
    """Share of the neurons that the input reaches."""
    lost = unreachable(network)
    for name, neurons in lost.items():
        if neurons.size == network.sizes[name]:
            raise TopologyError(
                f"episode {episode}: none of the {neurons.size} neurons of '{name}' can be reached from the input any more; "
                "lower removed_share, or rewire fewer projections"
            )
    return 1 - sum(neurons.size for neurons in lost.values()) / sum(network.sizes.values())


def _arrays(wiring: Wiring) -> dict[str, np.ndarray]:
    """Everything that changes, by name."""
    found: dict[str, np.ndarray] = {}
    for p in wiring.projections:
        if p.source != INPUT:
            parts = {"indptr": p.weights.indptr, "indices": p.weights.indices, "weights": p.weights.data, "delay": p.delay}
            found |= {f"{p.name}.{part}": np.asarray(values) for part, values in parts.items()}
    return found | {f"{name}.factors": values for name, values in wiring.factors.items()}


def _save(path: str | None, wiring: Wiring, best: Wiring, history: dict[str, list[float]], seed: int) -> None:
    """Write a file that is complete whenever it exists."""
    if path is None:
        return
    arrays: dict[str, Any] = {**_arrays(wiring), **{f"{name}.set_points": rate for name, rate in wiring.set_points.items()}}
    arrays |= {f"best {name}": values for name, values in _arrays(best).items()}
    arrays |= {f"history.{name}": np.asarray(values) for name, values in history.items()}
    unfinished = Path(path).with_name(Path(path).name + ".unfinished")
    with unfinished.open("wb") as file:
        np.savez(file, **arrays, seed=np.array(seed))
    os.replace(unfinished, path)


def _load(path: str | None, fresh: Wiring, seed: int) -> tuple[Wiring, Wiring, dict[str, list[float]]]:
    """Wiring, the best one so far, and history as saved, or fresh ones where nothing is saved."""
    if path is None or not Path(path).exists():
        return fresh, fresh, {}
    with np.load(path, allow_pickle=False) as file:
        saved = dict(file)
    wanted = {name: values.shape for name, values in _arrays(fresh).items()}
    best = {name.removeprefix("best "): values for name, values in saved.items() if name.startswith("best ")}
    fits = all({name: part[name].shape for name in wanted if name in part} == wanted for part in (saved, best))
    if int(saved.pop("seed")) != seed or not fits:
        raise ValueError(f"checkpoint = '{path}' holds a run with another seed or network; remove it, or name another file")
    history = {name.removeprefix("history."): list(values) for name, values in saved.items() if name.startswith("history.")}
    return _wiring(saved, fresh), _wiring(best, fresh), history


def _wiring(saved: Mapping[str, np.ndarray], fresh: Wiring) -> Wiring:
    projections = []
    for p in fresh.projections:
        if p.source != INPUT:
            parts = [saved[f"{p.name}.{part}"] for part in ("weights", "indices", "indptr", "delay")]
            p = replace(p, weights=sparse.csr_array(tuple(parts[:3]), shape=p.weights.shape), delay=parts[3])
        projections.append(p)
    by_population = {
        part: {name: saved[f"{name}.{part}"] for name in fresh.factors if f"{name}.{part}" in saved}
        for part in ("factors", "set_points")
    }
    return Wiring(tuple(projections), **by_population)
