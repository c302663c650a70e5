"""Whether a simulation can go on from a state."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bioworkbench.records.counted import counted
from bioworkbench.records.pathways import delay_of
from bioworkbench.records.probe import owner_and_variable
from bioworkbench.simulation.job import LONGEST_KEPT, spike_projections

if TYPE_CHECKING:
    from bioworkbench.records.network import Network
    from bioworkbench.records.protocol import RunState

__all__ = ["check_start"]


def check_start(network: "Network", state: "RunState", dt: float, backend: str, n_trials: int) -> Iterator[str]:
    """What keeps a simulation from going on from a state, in words.

    Parameters
    ----------
    network : Network
    state : RunState
    dt : float, seconds
    backend : str
    n_trials : int

    Yields
    ------
    str
        A sentence for each.
    """
    for name, ours, theirs in (("dt", dt, state.dt), ("backend", backend, state.backend), ("n_trials", n_trials, state.n_trials)):
        if ours != theirs:
            yield f"{name} = {ours!r}: the state was left with {theirs!r}, and a simulation goes on with the same"
    for projection in spike_projections(network):
        own = [delay_of(projection.synapse, p) for p in projection.synapse.pathways if p.name in projection.synapse.delays]
        longest = max(float(np.max(delay)) for delay in (projection.delay, *own))
        if longest > LONGEST_KEPT * dt:
            yield f"delays of projection {projection.name} go up to {longest:g} s; {LONGEST_KEPT} steps are kept from run to run"
    sizes = dict(network.sizes) | {p.name: p.n_synapses for p in spike_projections(network)}
    for name, array in state.values.items():
        owner, _ = owner_and_variable(name)
        if owner not in sizes:
            yield f"the state holds '{name}', and the network has no '{owner}'; go on with the network that left it"
        elif array.shape[1] not in (1, sizes[owner]):
            yield f"the state holds {counted(array.shape[1], 'value')} of '{name}', and the network has {sizes[owner]}"
