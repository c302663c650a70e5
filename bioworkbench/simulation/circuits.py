"""Which networks are circuits: all that they are is rules, so that a program draws their synapses itself."""

from collections.abc import Sequence

from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER

from bioworkbench.records.network import Network
from bioworkbench.records.probe import Probe
from bioworkbench.records.synapse import PULSE

__all__ = ["is_circuit"]


def is_circuit(network: Network, probes: Sequence[Probe] = ()) -> bool:
    """Whether the synapses of a network are drawn in the program.

    Parameters
    ----------
    network : Network
    probes : sequence of Probe

    Returns
    -------
    bool
        True if all links are drawn ones, synapses only carry a weight, neurons draw no random numbers and have no layers, and probes
        record state variables that are no whole numbers or conditions.
    """
    drawn = bool(network.projections) and all(p.is_drawn and p.synapse == PULSE for p in network.projections)
    plain = all(p.layer == 0 and not p.model.is_random for p in network.populations)
    return drawn and plain and all(_is_state(network, probe) for probe in probes)


def _is_state(network: Network, probe: Probe) -> bool:
    if probe.population not in network.sizes:
        return False
    equations = network.population(probe.population).model.parsed
    if probe.variable not in equations or equations[probe.variable].var_type != "float":
        return False
    return equations[probe.variable].type in (DIFFERENTIAL_EQUATION, PARAMETER)
