"""Parameters of a spec that is simulated many times: a function that `sbi` can call, and a fit to recorded spikes or traces.

Every set of parameters is a copy of the network inside one simulation, so that thousands of them build and start once.
"""

# pyright: reportArgumentType=false
# Brian2 does not type its quantities

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import differential_evolution

from bioworkbench.experiment.fit_sets import check_parameters, sets_alike
from bioworkbench.experiment.fit_targets import Distance, RecordedPart, target_of
from bioworkbench.experiment.spec.changes import with_value
from bioworkbench.experiment.spec.plan import Plan, construct
from bioworkbench.experiment.spec.reader import loaded, read
from bioworkbench.experiment.spec.records import ExperimentSpec
from bioworkbench.records.arrays import Floats, count, finite
from bioworkbench.records.counted import counted
from bioworkbench.records.errors import SimulationError, SpecError, unknown_name
from bioworkbench.records.execution import Execution
from bioworkbench.records.network import Network
from bioworkbench.records.probe import Probe, probe_of
from bioworkbench.records.randomness import seed_of, stream
from bioworkbench.records.recording import Recording, Trace
from bioworkbench.records.side_by_side import apart, side_by_side
from bioworkbench.records.stimulus import SpikeTrains
from bioworkbench.records.units import Quantity, format_quantity, parse_quantity
from bioworkbench.simulation.seam import simulate

__all__ = ["Bounds", "FittedParameters", "Simulator", "fit", "mean_rates", "searched", "simulator"]

Summary = Callable[[Recording], Any]


def mean_rates(recording: Recording) -> Floats:
    """Mean rate of every population, hertz.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    array (n_populations,)
    """
    seconds = recording.n_trials * recording.duration
    return np.array([len(spikes) / (recording.sizes[name] * seconds) for name, spikes in recording.spikes.items()])


@dataclass(frozen=True)
class Simulator:
    """A network without a task as a function of its parameters; `simulator` makes it.

    Parameters
    ----------
    spec : ExperimentSpec
    units : mapping from dotted field to Quantity
        In which parameters are numbers, in the order of the columns that a call is given.
    summary : callable (Recording) to array (n_values,)
    at_once : int
        Sets of parameters in one simulation.
    execution : Execution
    record : tuple of Probe
        Of one network.
    part : RecordedPart, optional
        Trials and times that are simulated, from 0 on; all by default.
    without : str
        A population that is left out, with its projections.
    """

    spec: ExperimentSpec
    units: Mapping[str, Quantity]
    summary: Summary
    at_once: int
    execution: Execution
    record: tuple[Probe, ...] = ()
    part: RecordedPart | None = None
    without: str = ""

    def __call__(self, parameters: Any) -> Floats:
        """Summaries of simulations.

        Parameters
        ----------
        parameters : array (n_sets, n_parameters) or (n_parameters,)
            Also a tensor of PyTorch.

        Returns
        -------
        array (n_sets, n_values), or (n_values,) for one set
        """
        sets = np.atleast_2d(finite("parameters", np.asarray(parameters)))
        summaries = np.array([np.ravel(self.summary(recording)) for recording in self.recordings(sets)], dtype=float)
        return summaries if np.ndim(parameters) > 1 else summaries[0]

    def recordings(self, sets: Floats) -> list[Recording]:
        """Spikes, and what is recorded beside them, with each set of parameters.

        The same sets give the same spikes; another set in their place gives all of its simulation other noise.

        Parameters
        ----------
        sets : array (n_sets, n_parameters)

        Returns
        -------
        list of Recording

        Raises
        ------
        ValueError
            If there are not as many columns as parameters.
        SpecError
            If a value cannot be used.
        """
        if sets.shape[1] != len(self.units):
            raise ValueError(
                f"parameters have {counted(sets.shape[1], 'column')}; there are {len(self.units)}: {', '.join(self.units)}"
            )
        parts = [sets[k : k + self.at_once] for k in range(0, len(sets), self.at_once)]
        return [recording for part in parts for recording in self._together(part)]

    def _together(self, sets: Floats) -> list[Recording]:
        known: dict[str, Any] = {}
        plans = [self._plan(values, known) for values in sets]
        groups = sets_alike([(plan.stimulus, *plan.stimuli) for plan in plans])
        found = [self._sharing([plans[k] for k in group], sets[group]) for group in groups]
        order = np.argsort(np.concatenate(groups))
        recordings = [recording for part in found for recording in part]
        return [recordings[k] for k in order]

    def _sharing(self, plans: list[Plan], sets: Floats) -> list[Recording]:
        """Recordings of networks with the same stimuli, side by side."""
        networks = [_without(plan.network, self.without) for plan in plans]
        network, used = side_by_side(networks), {projection.source for projection in networks[0].projections}
        stimuli = (plans[0].stimulus, *(stimulus for stimulus in plans[0].stimuli if stimulus.name in used))
        if self.part is not None:
            stimuli = tuple(self.part.of_stimulus(stimulus, self.spec.dt) for stimulus in stimuli)
        seed = seed_of(self.spec.seed, f"sets {np.ascontiguousarray(sets).tobytes().hex()}")
        sizes = networks[0].sizes
        record = [_of_all(probe, sizes, len(sets)) for probe in self.record]
        recording = simulate(network, stimuli, seed, record=record, **self.spec.simulation | {"execution": self.execution})
        return apart(recording, sizes)

    def _plan(self, values: Floats, known: dict[str, Any]) -> Plan:
        document = self.spec.document
        for (name, unit), value in zip(self.units.items(), values.tolist(), strict=True):
            with self.spec.place(name).named():
                document = with_value(document, name, _written(value, unit))
        return construct(read(document, self.spec.name, self.spec.file, known))


def _without(network: Network, name: str) -> Network:
    """The network without one of its populations, and without the projections from and to it."""
    kept = tuple(projection for projection in network.projections if name not in (projection.source, projection.target))
    return Network(tuple(one for one in network.populations if one.name != name), kept) if name else network


def _of_all(probe: Probe, sizes: Mapping[str, int], n_sets: int) -> Probe:
    """A probe of one network for all that lie side by side."""
    if probe.population not in sizes:
        raise ValueError(f"record = '{probe.name}': {unknown_name(probe.population, 'population', sizes)}")
    if probe.neurons is None:
        return probe
    return replace(probe, neurons=tuple(neuron + k * sizes[probe.population] for k in range(n_sets) for neuron in probe.neurons))


def _written(value: float, unit: Quantity) -> Any:
    """A number in a unit, as a spec has it."""
    quantity = value * unit
    return float(value) if not isinstance(quantity, Quantity) or quantity.dim.is_dimensionless else _text(quantity)


def _text(quantity: Quantity) -> str:
    return f"{float(np.asarray(quantity))!r} {format_quantity(Quantity(1.0, dim=quantity.dim)).partition(' ')[2]}"


def simulator(
    spec: ExperimentSpec | str | Path,
    parameters: Mapping[str, str] | Sequence[str],
    *,
    summary: Summary = mean_rates,
    record: Sequence[Probe | str] = (),
    at_once: int = 1000,
    jobs: int = 1,
    threads: int = 0,
) -> Simulator:
    """A network as a function of parameters, as simulation-based inference (``sbi``) calls it.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file
        Without a task, but for a recording, which plays no part here.
    parameters : mapping from dotted field to unit, or sequence of fields
        Such as ``{"populations.cell.tau": "ms"}``; "" or a field alone for plain numbers.
    summary : callable (Recording) to array (n_values,)
        What is told of a simulation; by default the mean rate of every population.
    record : sequence of Probe or "population.variable"
        Traces of neurons, for the summary.
    at_once : int
        Sets of parameters in one simulation.
    jobs, threads : int
        As of `Execution`.

    Returns
    -------
    Simulator
        Takes sets (n_sets, n_parameters), gives summaries (n_sets, n_values).

    Raises
    ------
    ValueError
        If the spec has a task or phases, no parameter is named or one that all sets share, or a unit is unknown.
    """
    plain = loaded(spec)
    if plain.is_trained or plain.phases:
        raise ValueError(
            f"{plain.name} has {'phases' if plain.phases else 'a task'}; give a network that runs by itself, for a duration"
        )
    named = dict(parameters) if isinstance(parameters, Mapping) else dict.fromkeys(parameters, "")
    if not named:
        raise ValueError(f"parameters = {parameters}: name one at least, such as {{'populations.cell.tau': 'ms'}}")
    check_parameters(named)
    units = {name: parse_quantity(f"1 {unit}".strip()) for name, unit in named.items()}
    document = {key: value for key, value in plain.document.items() if key not in ("sweep", "task", "fit")}
    execution = replace(plain.execution, jobs=jobs, threads=threads or plain.threads)
    probes = tuple(map(probe_of, record))
    return Simulator(
        replace(plain, document=document, task=None, fit=None), units, summary, count("at_once", at_once), execution, probes
    )


@dataclass(frozen=True)
class Bounds:
    """Between which values a setting is fitted.

    Parameters
    ----------
    low, high : float, SI units
    unit : Quantity
        The SI unit.
    log : bool
        Whether equal ratios count the same.
    """

    low: float
    high: float
    unit: Quantity
    log: bool = False


@dataclass(frozen=True, eq=False)
class FittedParameters:
    """What a fit found.

    Parameters
    ----------
    values : mapping from dotted field to text
        The best set, as a spec has it; ``load(path, values)`` sets them.
    distance : float
        Of the best set.
    tried : mapping from dotted field, and "distance", to array (n_sets,)
        All sets, in SI units, and their distances; ``pandas.DataFrame(tried)`` is a table of them.
    """

    values: Mapping[str, str]
    distance: float
    tried: Mapping[str, Floats]

    def __repr__(self) -> str:
        told = ", ".join(f"{name} = {value}" for name, value in self.values.items())
        return f"<fit of {told}; distance {self.distance:.4g} after {len(self.tried['distance'])} sets>"


def fit(
    spec: ExperimentSpec | str | Path,
    ranges: Mapping[str, tuple[str | float, str | float]],
    wanted: SpikeTrains | Trace,
    *,
    compared: str = "",
    distance: str | Distance = "",
    n_sets: int = 50,
    generations: int = 20,
    jobs: int = 1,
    threads: int = 0,
) -> FittedParameters:
    """Parameters with which a network spikes, or its potential goes, as a recording does, by differential evolution.

    Parameters
    ----------
    spec : ExperimentSpec, or path of a TOML file
        Without a task, as long as the recording or shorter, with as many trials.
    ranges : mapping from dotted field to (lowest, highest)
        Quantities: ``{"populations.cell.tau": ("5 ms", "30 ms")}``.
    wanted : SpikeTrains or Trace
        Channel k is neuron k; a trace names its neurons, and begins with the simulation.
    compared : str
        The population, or the variable ``"cell.v"`` of a trace; the population may be left out if there is one.
    distance : str, or callable (found, wanted, duration) to float
        "coincidence" (the default), "van_rossum" or "victor_purpura" of two trains, in seconds; "root_mean_square" (the default), in SI
        units, or "of_deviation", in standard deviations of what is wanted, of two traces (n_steps,). Its mean over neurons and trials
        is made small.
    n_sets : int
        Of a generation, which is one simulation; 5 at least.
    generations : int
        After the first.
    jobs, threads : int
        As of `Execution`.

    Returns
    -------
    FittedParameters

    Raises
    ------
    ValueError
        If a range is empty or has two units, the distance is unknown, or the recording has other numbers of neurons, trials or units.
    SpecError, SimulationError
        If a set of parameters cannot be used, or its network cannot be simulated.

    References
    ----------
    R. Storn and K. Price (1997), https://doi.org/10.1023/A:1008202821328
    """
    plain = loaded(spec)
    bounds = {name: _range(name, *given) for name, given in ranges.items()}
    target = target_of(wanted, compared, plain, distance)
    made = simulator(plain, list(bounds), summary=target.distance_of, record=target.record, jobs=jobs, threads=threads)
    return searched(made, bounds, n_sets=n_sets, generations=generations)


def searched(simulate_sets: Simulator, bounds: Mapping[str, Bounds], *, n_sets: int, generations: int) -> FittedParameters:
    """The set of parameters for which a simulator, whose summary is a distance, gives the least.

    Parameters
    ----------
    simulate_sets : Simulator
    bounds : mapping from dotted field to Bounds
    n_sets : int
        Of a generation; 5 at least.
    generations : int
        After the first.

    Returns
    -------
    FittedParameters

    Raises
    ------
    SpecError, SimulationError
        If a set of parameters cannot be used, or its network cannot be simulated.
    """
    units = {name: bound.unit for name, bound in bounds.items()}
    simulate_sets = replace(simulate_sets, units=units, at_once=10 * count("n_sets", n_sets))
    tried: list[Floats] = []
    failed: list[Exception] = []
    log = np.array([bound.log for bound in bounds.values()])

    def distances(columns: Floats) -> Floats:
        sets = np.where(log, np.exp(columns.T), columns.T)
        try:
            found = simulate_sets(sets)[:, 0]
        except (ValueError, SpecError, SimulationError) as error:
            failed.append(error)  # SciPy puts a RuntimeError about its own workings in the place of any other
            raise
        tried.append(np.column_stack([sets, found]))
        return found

    # the first generation has n_sets members whatever the number of parameters: SciPy multiplies, so the members are given
    rng = stream(simulate_sets.spec.seed, "fit")
    lows, highs = np.array([np.log([one.low, one.high]) if one.log else [one.low, one.high] for one in bounds.values()]).T
    members = lows + (highs - lows) * rng.random((max(5, n_sets), lows.size))
    search: Any = differential_evolution
    try:
        search(
            distances, list(zip(lows, highs, strict=True)), init=members, maxiter=count("generations", generations), tol=0.0, atol=0.0,
            polish=False, updating="deferred", vectorized=True, seed=rng,
        )  # fmt: skip
    except RuntimeError:
        if failed:
            raise failed[0] from None
        raise
    rows = np.concatenate(tried)
    best = rows[np.argmin(rows[:, -1])]
    values = {name: _written(float(value), unit) for (name, unit), value in zip(units.items(), best[:-1], strict=True)}
    return FittedParameters(values, float(best[-1]), dict(zip([*bounds, "distance"], rows.T, strict=True)))


def _range(name: str, low: str | float, high: str | float) -> Bounds:
    ends: list[Any] = [Quantity(parse_quantity(end)) for end in (low, high)]
    values = [float(np.asarray(end)) for end in ends]
    if ends[0].dim is not ends[1].dim or not values[0] < values[1]:
        raise ValueError(f"{name}: the range from {low!r} to {high!r} must be of one unit, its first end below the second")
    return Bounds(values[0], values[1], Quantity(1.0, dim=ends[0].dim))
