"""Bit flips, overwritten bytes and cut ends: every reader answers, or says which file is damaged; nothing else happens."""

import os
import warnings
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import networkx as nx
import numpy as np
import pytest

from bioworkbench.exchange import export
from bioworkbench.exchange.connectomes import read_graphml
from bioworkbench.exchange.nir_reader import read_nir
from bioworkbench.exchange.sonata_edges import sonata_links
from bioworkbench.exchange.sonata_reader import read_sonata_network
from bioworkbench.exchange.sonata_spikes import read_sonata_spikes
from bioworkbench.experiment.results import load_record, result_folder, save_record
from bioworkbench.experiment.results.record import RunData
from bioworkbench.experiment.results.seal import read_metrics
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.errors import ResultError
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.recording import Recording, Spikes
from tests.run_records import record_alone

N_DAMAGES = int(os.environ.get("N_DAMAGES", "4"))  # of a file; hundreds for a thorough look
pytestmark = pytest.mark.timeout(60 + 6 * N_DAMAGES)


def small():
    """A record whose network every format carries."""
    weights = np.array([[0.5, 1.0, 0.0], [0.0, 2.0, 1.0]])
    model = discrete_lif(leak=0.9, reset="zero", strict=True)
    network = Network((Population("a", 3, model),), (Projection(INPUT, "a", weights), Projection("a", "a", np.eye(3))))
    spikes = {"a": Spikes(np.array([0, 0, 0]), np.array([0, 1, 2]), np.array([1, 2, 3]) * 5e-4)}
    record = record_alone()
    return type(record)(record.spec, RunData(network, Recording(spikes, {}, {"a": 3}, 1, 0.05, 5e-4, 1, "numpy")), {}, {})


def damaged(path, rng):
    """Bytes of a file with a bit turned, a stretch overwritten, or its end cut off."""
    content = bytearray(path.read_bytes())
    place = int(rng.integers(len(content)))
    kind = rng.integers(3)
    if kind == 0:
        content[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        content[place : place + 8] = rng.bytes(min(8, len(content) - place))
    else:
        del content[place:]
    return bytes(content)


def refusals(path, read, words, n_damages=N_DAMAGES, *, marked=True):
    """What a reader said of damaged copies of a file, in errors and warnings; what it read without a word is what the file held."""
    whole, rng, said = path.read_bytes(), stream(1, path.name), []
    right = held(read())
    for _ in range(n_damages):
        path.write_bytes(damaged(path, rng))
        try:
            with warnings.catch_warnings(record=True) as noticed:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", RuntimeWarning)
                assert held(read()) == right or noticed or not marked
            said += [str(warning.message) for warning in noticed]
        except (ResultError, ValueError) as error:
            said.append(str(error))
        path.write_bytes(whole)
    assert held(read()) == right
    assert [text for text in said if words not in text] == []
    return said


def held(read):
    """All that a reader returned, in a form that can be compared."""
    if is_dataclass(read):
        return [(field.name, held(getattr(read, field.name))) for field in fields(read)]
    if isinstance(read, np.ndarray):
        return read.dtype.str, read.shape, read.tolist()
    if isinstance(read, Mapping):
        return [(key, held(value)) for key, value in read.items()]
    if isinstance(read, list | tuple):
        return [held(item) for item in read]
    if isinstance(read, nx.Graph):
        return held({"nodes": dict(read.nodes(data=True)), "edges": [list(edge) for edge in read.edges(data=True)]})
    return repr(read)


@pytest.mark.parametrize(
    "name", ["network/nodes.h5", "network/edges.h5", "circuit_config.json", "components/a.json", "SHA256SUMS"]
)
def test_sonata_circuits(tmp_path, name):
    folder = export(small(), to="sonata", output=tmp_path / "x.sonata").path
    assert refusals(folder / name, lambda: read_sonata_network(folder), "x.sonata")


def test_sonata_spikes_and_edges(tmp_path):
    folder = export(small(), to="sonata", output=tmp_path / "x.sonata").path
    path = folder / "spikes.h5"
    assert refusals(path, lambda: read_sonata_spikes(path), "spikes.h5")
    path = folder / "network" / "edges.h5"
    assert refusals(path, lambda: sonata_links(path, "a_a"), "edges.h5")


def test_nir(tmp_path):
    pytest.importorskip("nir")
    path = export(small(), to="nir", output=tmp_path / "x.nir").path
    refusals(path, lambda: read_nir(path), "x.nir", N_DAMAGES // 4)  # texts are read twice, so it takes longest


def test_graphml(tmp_path):
    path = export(small(), to="graphml", output=tmp_path / "x.graphml").path
    assert refusals(path, lambda: read_graphml(path), "x.graphml", marked=False)


@pytest.mark.parametrize("name", ["run.h5", "spec.toml", "metrics.json"])
def test_results_folders(tmp_path, name):
    record = record_alone()
    folder = result_folder(tmp_path, record.spec)
    save_record(record, folder)
    assert len(refusals(folder / name, lambda: load_record(folder), folder.name)) == N_DAMAGES  # by their checksums
    assert len(refusals(folder / name, lambda: read_metrics(folder), folder.name)) == N_DAMAGES  # by times of change


def test_provenance(tmp_path):
    """By its seal, but for spaces, which tell nothing."""
    record = record_alone()
    folder = result_folder(tmp_path, record.spec)
    save_record(record, folder)
    path = folder / "provenance.json"
    assert refusals(path, lambda: load_record(folder), folder.name)
