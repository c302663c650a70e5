"""Whole networks from files, as a spec names them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bioworkbench.exchange.damage import damage_told
from bioworkbench.exchange.nir_reader import read_nir
from bioworkbench.exchange.sonata_config import read_config
from bioworkbench.exchange.sonata_reader import read_sonata_circuit
from bioworkbench.records.data_paths import existing_file
from bioworkbench.records.functions import Functions
from bioworkbench.records.hdf5 import opened
from bioworkbench.records.network import Network
from bioworkbench.records.neuron import NeuronModel
from bioworkbench.records.stimulus import SpikeTrains, Stimulus

__all__ = ["NETWORKS", "GivenNetwork", "nir_network", "sonata_network"]

Models = Mapping[str, NeuronModel]


@dataclass(frozen=True)
class GivenNetwork:
    """What a file holds.

    Parameters
    ----------
    network : Network
    stimuli : tuple of SpikeTrains or Stimulus
        That go with it.
    lost : tuple of str
        What the file also says, and is not carried.
    """

    network: Network
    stimuli: tuple[SpikeTrains | Stimulus, ...] = ()
    lost: tuple[str, ...] = ()


def sonata_network(
    dt: float, models: Models, *, file: Path, weight_unit: str = "", current_unit: str = "", inputs: bool = True
) -> GivenNetwork:
    """A SONATA circuit: the configuration of a circuit or of a simulation, or its folder.

    Populations of the spec with the names of node populations give these their models.

    Parameters
    ----------
    dt : float, seconds
        Of a step; recorded currents are taken in frames as long.
    models : mapping from population to NeuronModel
        Those of the spec; the ones that are node populations are used.
    file : path
        Of the configuration, or the circuit's folder.
    weight_unit : str
        Such as "pA", where the model receives something with a unit and the file does not say which one its weights have.
    current_unit : str
        Of current clamps, such as "pA"; without it they are left out, but for currents of files that have a unit.
    inputs : bool
        Whether spikes of virtual nodes, which the configuration of a simulation names, are stimuli; those after the run are left out.

    Returns
    -------
    GivenNetwork

    Raises
    ------
    ResultError
        As `read_sonata_circuit`.
    """
    path = file if file.is_dir() else existing_file(file)
    known = _node_populations(path)
    chosen = {name: model for name, model in models.items() if name in known}
    circuit = read_sonata_circuit(path, chosen, weight_unit=weight_unit, current_unit=current_unit, frame=dt)
    return GivenNetwork(circuit.network, circuit.stimuli if inputs else (), circuit.lost)


def _node_populations(path: Path) -> set[str]:
    """Names of the node populations of a circuit."""
    found: set[str] = set()
    with damage_told(f"{path} is not a SONATA circuit that can be read"):
        for part in read_config(path, one_simulation=True):
            for entry in part.content.get("networks", {}).get("nodes", ()):
                with opened(part.file(entry["nodes_file"])) as nodes:
                    found |= set(nodes["nodes"])  # pyright: ignore[reportArgumentType]
    return found


def nir_network(
    dt: float, models: Models, *, file: Path, reset: Literal["zero", "subtract", "delayed_subtract"] = "zero", strict: bool = True
) -> GivenNetwork:
    """A NIR graph, in forward-Euler steps of the length of the spec's; what a task or a stimulus gives it comes from 'input'.

    Parameters
    ----------
    dt : float, seconds
        Of a step.
    models : mapping from population to NeuronModel
        Not used: a graph brings its own.
    file : path
        Of the graph.
    reset : {"zero", "subtract", "delayed_subtract"}
        Which a graph does not say.
    strict : bool
        Whether a neuron spikes above the threshold only, or at it as well.

    Returns
    -------
    GivenNetwork

    Raises
    ------
    ResultError, ValueError
        As `read_nir`.
    """
    return GivenNetwork(read_nir(existing_file(file), dt=dt, reset=reset, strict=strict))


NETWORKS: Mapping[str, Callable[..., GivenNetwork]] = Functions("networks", {"nir": nir_network, "sonata": sonata_network})
"""Functions that read whole networks: of a step, of models by population, and of their settings."""
