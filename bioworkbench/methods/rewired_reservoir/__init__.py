"""A reservoir that rewires itself: simulated, scored by its own spikes, pruned and regrown, episode after episode, then read."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bioworkbench.methods.rewired_reservoir.plasticity import Plasticity, ReservoirRewiring, Scaling, Wiring
from bioworkbench.methods.rewired_reservoir.structure import SmallWorld, unreachable
from bioworkbench.readout.fitting import only_checked
from bioworkbench.readout.metrics import SMALLER_IS_BETTER, scores
from bioworkbench.readout.reading import fitted_readout, read_feature
from bioworkbench.readout.spike_distributions import neuron_rates
from bioworkbench.readout.spike_statistics import effective_rank
from bioworkbench.readout.trials import Simulate, blocked_features, features_of
from bioworkbench.records.annotations import Hertz
from bioworkbench.records.arrays import Floats, count, fraction, positive
from bioworkbench.records.checkpoints import moments_of, read_checkpoint, told_settings, write_checkpoint
from bioworkbench.records.choice import Choice, Chosen
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import TopologyError, unknown_name
from bioworkbench.records.functions import name_of
from bioworkbench.records.history import RATE, SCORE, of_member
from bioworkbench.records.links import Links
from bioworkbench.records.network import INPUT, Network
from bioworkbench.records.randomness import derived_seed, seed_of, stream
from bioworkbench.records.recording import Recording
from bioworkbench.records.trained import TrainedNetwork
from bioworkbench.tasks import Task, Trials
from bioworkbench.tasks.task import check_learnable, check_trained_classes

__all__ = ["Episodes", "Reading", "ReservoirRewiring", "Scaling", "train"]

_COUNTS, _RIDGE = Choice("spike_counts"), Choice("ridge")


@dataclass(frozen=True)
class Reading:
    """What the readout sees, how it is fitted, and how it is scored on the way.

    Parameters
    ----------
    feature : Choice
        What the readout sees: a name in ``features.FEATURES`` and its arguments.
    readout : Choice
        How it is fitted: a name in ``fits.READOUTS`` and its arguments.
    populations : sequence of str, optional
        Whose spikes are read; by default the spiking populations of the highest layer.
    metric : str, optional
        Followed over the episodes, a name in ``metrics.METRICS``; by default accuracy or r2.
    validation_fraction : float
        Of the trials of an episode, the last ones, that a readout of the others is scored on; the task's own validation trials
        are simulated in their place where it has some. Nothing but what `keep_best` says is chosen by this score.
    block : int
        Most trials whose spikes are held at once when the readout is fitted in the end.

    Raises
    ------
    ValueError
        If `block` is below 1.
    """

    feature: Chosen = _COUNTS
    readout: Chosen = _RIDGE
    populations: Sequence[str] | None = None
    metric: str | None = None
    validation_fraction: float = 0.25
    block: int = 1024

    def __post_init__(self) -> None:
        count("block", self.block)


@dataclass(frozen=True)
class Episodes:
    """How often the network is simulated, and which episode is kept.

    Parameters
    ----------
    n : int
        Episodes.
    n_trials : int, optional
        Training trials that an episode simulates, the first ones; by default all.
    keep_best : bool
        Return the network of the episode with the best score on its scored trials, the first of equals, instead of the last one.
    max_rate : float, hertz
        Mean rate of a population above which training stops.
    checkpoint : str, optional
        File (.npz) that an interrupted training continues from, with the same result.
    """

    n: int = 10
    n_trials: int | None = None
    keep_best: bool = False
    max_rate: Hertz = 200.0
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        count("n", self.n)
        positive("max_rate", self.max_rate)


_EPISODES, _REWIRING, _SCALING, _READING = Episodes(), ReservoirRewiring(), Scaling(), Reading()


def train(
    task: Task,
    network: Network,
    simulate: Simulate,
    rng: np.random.Generator,
    *,
    episodes: Episodes = _EPISODES,
    rewiring: ReservoirRewiring = _REWIRING,
    scaling: Scaling = _SCALING,
    reading: Reading = _READING,
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
        ``simulate(network, stimulus, seed) -> Recording``.
    rng : Generator
        Seeds noise, removal and regrowth.
    episodes : Episodes
        How often the network is simulated, and which episode is kept.
    rewiring : ReservoirRewiring
        Which synapses go, and where new ones grow.
    scaling : Scaling
        How synapses are scaled to keep rates.
    reading : Reading
        What the readout sees, and how it is fitted and scored.

    Returns
    -------
    TrainedNetwork
        History per episode, of the network that it simulates: "score", "effective_rank" (of what the readout sees),
        "rate_<population>" (hertz), "n_links", "clustering", "small_worldness", "spectral_radius" (of all synapses among neurons,
        see `SmallWorld`), "reachable" (fraction of neurons), "overlap", "n_filled", "seconds".

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
    check_learnable(task)
    rules = Plasticity(network, replace(rewiring, projections=_rewired(network, rewiring.projections)), scaling)
    _check_reachable(network)
    read = read_feature(task, network, reading.feature, reading.populations)
    seed = derived_seed(rng)
    judge = _Judge(task, read, reading.readout, reading.metric, *_parts(task, episodes.n_trials, reading.validation_fraction))
    judge.check(seed)
    wiring, history = _Training(rules, episodes, seed, judge).run(simulate)
    final = wiring.network(network)
    features = blocked_features(
        final, task.encode, task.train.values, simulate, seed_of(seed, "readout"), feature=read, block=reading.block
    )  # fmt: skip
    return TrainedNetwork(final, read, fitted_readout(task, features, task.train.targets, reading.readout), history)


def _rewired(network: Network, names: Sequence[str] | None) -> tuple[str, ...]:
    spiking = {population.name for population in network.populations if population.model.threshold}
    known = [p.name for p in network.projections if {p.source, p.target} <= spiking and p.n_synapses]
    for name in names or ():
        if name not in known:
            raise ValueError(unknown_name(name, "projection between spiking neurons", known))
    if not (names or known):
        raise ValueError(f"rewiring.projections = {names}: the network has no synapses between spiking neurons to rewire")
    for p in network.projections:
        if p.links.n_parallel and p.name in (names or known):
            raise ValueError(f"rewiring.projections: '{p.name}' has {p.links.n_parallel} parallel synapses; join them first")
        own = int((p.links.sources == p.links.targets).sum()) if p.source == p.target else 0
        if own and p.name in (names or known):
            raise ValueError(
                f"rewiring.projections: '{p.name}' has {counted(own, 'self-link')}; links are regrown between different neurons, so "
                "leave them out (self_links = false of a file's topology)"
            )
    return tuple(names or known)


def _check_reachable(network: Network) -> None:
    for name, lost in unreachable(network).items():
        if lost.size:
            raise TopologyError(
                f"{lost.size} of {network.sizes[name]} neurons of '{name}' cannot be reached from the input, the first is {lost[0]}; "
                "give the projections onto them more synapses"
            )


def _parts(task: Task, n_trials: int | None, fraction_judged: float) -> tuple[Trials, Trials]:
    """Trials of an episode: those a readout is fitted to, and those it is scored on."""
    most = task.train.n_trials if task.validation is not None else task.n_originals  # else copies of what is scored are fitted to
    n = most if n_trials is None else count("n_trials", n_trials)
    if n > most:
        raise ValueError(f"n_trials = {n}: the task has {most} training trials; ask for no more")
    if task.validation is not None:
        return task.train.take(slice(0, n)), task.validation
    n_judged = round(fraction("validation_fraction", fraction_judged) * n)
    if not 0 < n_judged < n - task.shared:  # trials that share targets with those that are scored are left out
        raise ValueError(f"validation_fraction = {fraction_judged} of {n} trials: at least one must be scored and one be fitted")
    return task.train.take(slice(0, n - n_judged - task.shared)), task.train.take(slice(n - n_judged, n))


@dataclass(frozen=True)
class _Judge:
    """Score of a readout fitted to a part of an episode's trials on the others."""

    task: Task
    read: Choice
    readout: Chosen
    metric: str | Callable[..., float] | None
    fitted: Trials
    judged: Trials

    @property
    def values(self) -> np.ndarray:
        return np.concatenate([self.fitted.values, self.judged.values])

    def check(self, seed: int) -> None:
        """Raise ValueError unless the readout can be fitted to some features of these trials, and the metric scores their targets."""
        targets = self.fitted.targets
        check_trained_classes(replace(self.task, train=self.fitted, test=self.fitted, validation=self.judged))
        shape = targets.shape[:2] if self.task.train.per_frame else targets.shape[:1]
        with only_checked():
            fitted_readout(self.task, stream(seed, "checked features").normal(size=(*shape, 2)), targets, self.readout)
        scores(replace(self.task, validation=self.judged), self.judged.targets, (self._metric,), "validation")

    def scores(self, recording: Recording) -> dict[str, float]:
        """Score of the scored trials, and effective rank of what the readout sees of all."""
        features, n = features_of(recording, self.read), self.fitted.n_trials
        readout = fitted_readout(self.task, features[:n], self.fitted.targets, self.readout)
        judged = replace(self.task, validation=self.judged)
        score = scores(judged, readout.predictions(features[n:]), (self._metric,), "validation")[self.name]
        return {
            SCORE: score,
            "effective_rank": effective_rank(features[:, self.task.washout :] if features.ndim == 3 else features),
        }

    @property
    def name(self) -> str:
        """Of the metric."""
        return name_of(self._metric)

    @property
    def _metric(self) -> Any:
        return self.metric or ("accuracy" if self.task.kind == "classification" else "r2")

    def best(self, found: Sequence[float]) -> int:
        """Index of the best score, the first of equals."""
        return int(np.argmin(found) if self.name in SMALLER_IS_BETTER else np.argmax(found))


@dataclass(frozen=True)
class _Training:
    """Simulation and change in turns."""

    rules: Plasticity
    episodes: Episodes
    seed: int
    judge: _Judge

    def run(self, simulate: Simulate) -> tuple[Wiring, dict[str, np.ndarray]]:
        stimulus = self.judge.task.encode(self.judge.values)
        world = SmallWorld.beside(self.rules.start, stream(self.seed, "random links"))
        saved = _Saved.of(self)
        wiring, best, history = saved.read()
        for episode in range(len(history.get(SCORE, [])), self.episodes.n):
            began = time.perf_counter()
            network = wiring.network(self.rules.start)
            recording = simulate(network, stimulus, seed_of(self.seed, f"episode {episode}"))
            found = self._activity(recording, episode) | self.judge.scores(recording)
            found |= world.measured(network) | {"reachable": _reachable(network, episode)}
            if self.judge.best([*history.get(SCORE, []), found[SCORE]]) == episode:
                best = wiring
            wiring, moved = self._changed(wiring, recording, episode)
            found |= moved | {"seconds": time.perf_counter() - began}
            for name, value in found.items():
                history.setdefault(name, []).append(value)
            saved.write(wiring, best, history)
        return best if self.episodes.keep_best else wiring, {name: np.asarray(values) for name, values in history.items()}

    def _changed(self, wiring: Wiring, recording: Recording, episode: int) -> tuple[Wiring, dict[str, float]]:
        moved = {"overlap": float("nan"), "n_filled": 0.0}
        step = self.rules.rewiring.rules_after(episode + 1, self.episodes.n)
        scaled = self.rules.scaled(wiring, recording)
        if step is None or step.regrowth == "none":
            return scaled, moved
        draw: Callable[[str], np.random.Generator] = lambda name: stream(self.seed, f"{name} after episode {episode}")  # noqa: E731
        return self.rules.rewired_by(scaled, recording, step, draw)

    def _activity(self, recording: Recording, episode: int) -> dict[str, float]:
        """Mean rate of every population."""
        rates = {name: float(neuron_rates(recording, name).mean()) for name in recording.spikes}
        for name, rate in rates.items():
            if rate == 0:
                raise ValueError(f"episode {episode}: population '{name}' is silent; raise its drive, weights or noise")
            if rate > self.episodes.max_rate:
                raise ValueError(
                    f"episode {episode}: population '{name}' fires at {rate:.3g} Hz, above max_rate = {self.episodes.max_rate:g} Hz; "
                    "lower its weights or drive, or strengthen inhibition"
                )
        return {of_member(RATE, name): rate for name, rate in rates.items()}


def _reachable(network: Network, episode: int) -> float:
    """Fraction of the neurons that the input reaches."""
    lost = unreachable(network)
    for name, neurons in lost.items():
        if neurons.size == network.sizes[name]:
            raise TopologyError(
                f"episode {episode}: none of the {neurons.size} neurons of '{name}' can be reached from the input any more; "
                "lower removed_fraction, or rewire fewer projections"
            )
    return 1 - sum(neurons.size for neurons in lost.values()) / sum(network.sizes.values())


def _arrays(wiring: Wiring) -> dict[str, np.ndarray]:
    """Everything that changes, by name."""
    found: dict[str, np.ndarray] = {}
    for p in wiring.projections:
        if p.source != INPUT:
            parts = {"sources": p.links.sources, "targets": p.links.targets, "weights": p.links.weights, "delay": p.delay}
            found |= {f"{p.name}.{part}": np.asarray(values) for part, values in parts.items()}
    return found | {f"{name}.factors": values for name, values in wiring.factors.items()}


@dataclass(frozen=True)
class _Saved:
    """Where an interrupted training goes on, and what it is of."""

    path: str | None
    fresh: Wiring
    told: Mapping[str, str]
    start: Floats

    @classmethod
    def of(cls, training: _Training) -> "_Saved":
        rules, judge = training.rules, training.judge
        told = told_settings(
            episodes=training.episodes,
            rewiring=rules.rewiring,
            scaling=rules.scaling,
            feature=judge.read,
            readout=judge.readout,
            metric=judge.name,
            seed=training.seed,
        )
        seen = [judge.values, judge.fitted.targets, judge.judged.targets]
        path = training.episodes.checkpoint
        start = moments_of([*_arrays(rules.fresh).values(), *seen]) if path else np.zeros(0)
        return cls(path, rules.fresh, told, start)

    def write(self, wiring: Wiring, best: Wiring, history: Mapping[str, list[float]]) -> None:
        arrays: dict[str, Any] = {**_arrays(wiring), **{f"{name}.set_points": rate for name, rate in wiring.set_points.items()}}
        arrays |= {f"best {name}": values for name, values in _arrays(best).items()}
        arrays |= {f"history.{name}": np.asarray(values) for name, values in history.items()}
        write_checkpoint(self.path, arrays, self.told, self.start)

    def read(self) -> tuple[Wiring, Wiring, dict[str, list[float]]]:
        """Wiring, the best one so far, and history as saved, or fresh ones where nothing is saved."""
        saved = read_checkpoint(self.path, self.told, self.start)
        if saved is None:
            return self.fresh, self.fresh, {}
        best = {name.removeprefix("best "): values for name, values in saved.items() if name.startswith("best ")}
        history = {name.removeprefix("history."): list(values) for name, values in saved.items() if name.startswith("history.")}
        return _wiring(saved, self.fresh), _wiring(best, self.fresh), history


def _wiring(saved: Mapping[str, np.ndarray], fresh: Wiring) -> Wiring:
    projections = []
    for p in fresh.projections:
        if p.source != INPUT:
            sources, targets, weights, delays = (saved[f"{p.name}.{part}"] for part in ("sources", "targets", "weights", "delay"))
            p = replace(p, links=Links(sources, targets, p.links.shape, weights, delays))
        projections.append(p)
    by_population = {
        part: {name: saved[f"{name}.{part}"] for name in fresh.factors if f"{name}.{part}" in saved}
        for part in ("factors", "set_points")
    }
    return Wiring(tuple(projections), **by_population)
