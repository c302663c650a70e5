"""Several networks as one: copies with constants, weights and delays of their own, which are simulated together and built once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bioworkbench.records.links import Links
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.records.recording import Recording, Spikes, Trace
from bioworkbench.records.units import Quantity, get_dimensions

__all__ = ["apart", "side_by_side"]

_COUNTED = re.compile(r"\b[iN]\b")
_MODEL = ("equations", "threshold", "reset", "receives", "method", "update", "rates", "discrete")


def side_by_side(networks: Sequence[Network]) -> Network:
    """One network that holds all of `networks`, which differ in numbers alone.

    Parameters
    ----------
    networks : sequence of Network
        Their projections from stimuli share its channels.

    Returns
    -------
    Network
        Neurons of the first come first in every population. It draws noise for each neuron, and start values from one stream for all.

    Raises
    ------
    ValueError
        If there are none, or they differ in more than constants, start values, weights, delays and who is connected.
    """
    if not networks:
        raise ValueError(f"networks = {networks}: give one at least")
    first = networks[0]
    for other in networks[1:]:
        _alike("names and sizes", first.sizes, other.sizes)
        _alike("projections", [p.name for p in first.projections], [p.name for p in other.projections])
    populations = [_population([network.population(name) for network in networks]) for name in first.sizes]
    projections = [_projection(list(parts), first) for parts in zip(*(n.projections for n in networks), strict=True)]
    return Network(tuple(populations), tuple(projections))


def _alike(what: str, one: Any, other: Any) -> None:
    if one != other:
        raise ValueError(f"networks differ in {what}: {one!r:.80} and {other!r:.80}; only numbers may differ")


def _population(parts: list[Population]) -> Population:
    first, size = parts[0], parts[0].size
    for other in parts[1:]:
        for name in _MODEL:
            _alike(f"{name} of '{first.name}'", getattr(first.model, name), getattr(other.model, name))
        _alike(f"background of '{first.name}'", first.background, other.background)
        # what one of them leaves to its default has no value to put beside those of the others
        for what, one, another in (
            ("constants", first.model.constants, other.model.constants),
            ("start values", first.model.start, other.model.start),
        ):
            _alike(f"names of {what} of '{first.name}'", sorted(one), sorted(another))
    values = {
        part: {
            name: _stacked([getattr(one.model, part)[name] for one in parts], size, name) for name in getattr(first.model, part)
        }
        for part in ("constants", "start")
    }
    pauses = [one.model.refractory for one in parts]
    if any(pause is None for pause in pauses):
        _alike(f"refractory of '{first.name}'", pauses, [None] * len(pauses))
    pause = None if pauses[0] is None else _stacked(pauses, size, "refractory")
    return replace(first, size=size * len(parts), model=replace(first.model, refractory=pause, **values))


def _stacked(values: list[Any], size: int, name: str) -> Any:
    """One value for all where they are alike, else one per neuron."""
    if any(isinstance(value, str) for value in values):
        for other in values[1:]:
            _alike(f"the start of '{name}'", values[0], other)
        if _COUNTED.search(str(values[0])):
            raise ValueError(
                f"the start of '{name}' = '{values[0]}' counts neurons, which are others side by side; give an array"
            )
        return values[0]
    plain = [np.asarray(value, dtype=float) for value in values]
    if all(value.ndim == 0 and value == plain[0] for value in plain):
        return values[0]
    each = np.concatenate([np.broadcast_to(value, (size,)) for value in plain])
    return Quantity(each, dim=get_dimensions(values[0])) if isinstance(values[0], Quantity) else each


def _projection(parts: list[Projection], network: Network) -> Projection:
    first, (n_sources, n_targets) = parts[0], parts[0].links.shape
    for other in parts[1:]:
        _alike(f"synapses of '{first.name}'", first.synapse, other.synapse)
    if any(np.ndim(value) for value in first.synapse.constants.values()):
        raise ValueError(
            f"synapses of '{first.name}' have constants of their own: {list(first.synapse.constants)}; give one for all"
        )
    own = first.source in network.sizes
    links = [part.given for part in parts]
    sources = np.concatenate([one.sources + own * k * n_sources for k, one in enumerate(links)])
    targets = np.concatenate([one.targets + k * n_targets for k, one in enumerate(links)])
    weights = np.concatenate([one.weights for one in links])
    delays = [one.delays for one in links]
    same = all(np.ndim(delay) == 0 and delay == delays[0] for delay in delays)
    late = delays[0] if same else np.concatenate([np.broadcast_to(one.delays, (len(one),)) for one in links])
    shape = (n_sources * (len(parts) if own else 1), n_targets * len(parts))
    made = Links(sources, targets, shape, weights, late, links[0].dimension)
    return Projection(first.source, first.target, made, None, first.receives, first.name, first.synapse)


def apart(recording: Recording, sizes: Mapping[str, int]) -> list[Recording]:
    """Spikes and traces of each of the networks that ran side by side.

    Parameters
    ----------
    recording : Recording
    sizes : mapping from population to number of neurons
        Of one network.

    Returns
    -------
    list of Recording
        With traces of neurons; those of synapses, and final weights, are left out.
    """
    n = next(recording.sizes[name] // size for name, size in sizes.items())
    traces = {name: trace for name, trace in recording.traces.items() if owner_and_variable(name)[0] in sizes}
    found: list[dict[str, Spikes]] = [{} for _ in range(n)]
    for name, spikes in recording.spikes.items():
        owner, neuron = np.divmod(spikes.neuron, sizes[name])
        order = np.argsort(owner, kind="stable")
        bounds = np.searchsorted(owner[order], np.arange(n + 1))
        for k in range(n):
            mine = order[bounds[k] : bounds[k + 1]]
            found[k][name] = Spikes(spikes.trial[mine], neuron[mine], spikes.time[mine])
    return [
        replace(
            recording,
            spikes=spikes,
            traces={name: _own_trace(trace, sizes[owner_and_variable(name)[0]], k) for name, trace in traces.items()},
            sizes=dict(sizes),
            weights={},
        )
        for k, spikes in enumerate(found)
    ]


def _own_trace(trace: Trace, size: int, k: int) -> Trace:
    """Of network `k`, whose neurons are counted from 0."""
    mine = np.flatnonzero(trace.neurons // size == k)
    return replace(trace, values=trace.values[:, :, mine], neurons=trace.neurons[mine] - k * size)
