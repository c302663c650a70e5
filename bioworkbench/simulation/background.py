"""Background input on backends that run in this process, and where programs are generated.

The numbers are those that a compiled program with threads draws (see `bioworkbench.simulation.poisson`).
"""

import numpy as np
from brian2.core.clocks import Clock
from brian2.core.operations import NetworkOperation
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.poissoninput import PoissonInput
from brian2.units import hertz
from brian2.units.fundamentalunits import Quantity

from bioworkbench.records.network import Population
from bioworkbench.simulation.poisson import PoissonStreams

__all__ = ["background_objects", "background_operation"]

_RARE = 0.1  # spikes of one source in a step, up to which a binomial number is near enough to a Poisson number


def background_operation(
    population: Population, group: NeuronGroup, keys: list[list[int]], dt: float, when: str
) -> tuple[NetworkOperation, list[PoissonStreams]]:
    """Brian2 object that adds the background of all copies of a population, step by step, in this process; and the streams it draws from.

    Parameters
    ----------
    population : Population
    group : NeuronGroup
    keys : list of int lists
        See `trials.background_keys`.
    dt : float, seconds
    when : str
        Slot in which spikes are delivered.

    Returns
    -------
    NetworkOperation
    """
    streams = [
        [PoissonStreams(background.mean(dt), key, population.size) for key in each]
        for background, each in zip(population.background, keys, strict=True)
    ]

    def add() -> None:
        for background, copies in zip(population.background, streams, strict=True):
            variable = group.variables[background.receives]
            values, held = variable.get_value(), variable.conditional_write
            if background.regular:
                added = np.full(len(values), background.weight * background.mean(dt))
            else:
                numbers = np.concatenate([stream() for stream in copies])
                added = np.zeros(len(values))
                added[: len(numbers)] = background.weight * numbers
            values += added if held is None else added * held.get_value()  # nothing reaches a refractory neuron

    operation = NetworkOperation(add, clock=group.clock, when=when, order=1, name=f"{population.name}_background")
    return operation, [stream for copies in streams for stream in copies]


def background_objects(population: Population, group: NeuronGroup, clock: Clock, when: str) -> list[PoissonInput]:
    """Brian2's own objects for the background, where a program is generated.

    Parameters
    ----------
    population : Population
    group : NeuronGroup
    clock : Clock
        Of the network.
    when : str
        Slot in which spikes are delivered.

    Returns
    -------
    list of PoissonInput
    """
    objects = []
    dt = float(clock.dt)
    for background in population.background:
        if background.regular:  # one source that spikes in every step
            weight = Quantity(background.weight * background.mean(dt), dim=group.variables[background.receives].dim)
            objects.append(PoissonInput(group, background.receives, 1, 1 / dt * hertz, weight, when=when, order=1))
            continue
        # Brian2 draws a binomial number of spikes. With more sources that spike more rarely, at the same total rate, it is near
        # enough to a Poisson number.
        parts = max(1, int(np.ceil(float(background.rate) * dt / _RARE)))
        weight = Quantity(background.weight, dim=group.variables[background.receives].dim)
        rate = float(background.rate) / parts * hertz
        objects.append(PoissonInput(group, background.receives, background.n * parts, rate, weight, when=when, order=1))
    return objects
