"""Bit flips, overwritten bytes and cut ends: every reader answers, or says which file is damaged; nothing else happens."""

import os

import numpy as np
import pytest

from bioworkbench.errors import ResultError
from bioworkbench.export import export
from bioworkbench.export.nir_reader import read_nir
from bioworkbench.export.sonata_reader import read_sonata_network, read_sonata_spikes
from bioworkbench.network import INPUT, Network, Population, Projection
from bioworkbench.neurons import discrete_lif
from bioworkbench.randomness import stream
from bioworkbench.results import load_record, save_record
from bioworkbench.results.run_file import RunData
from bioworkbench.signals import Recording, Spikes
from bioworkbench.topology.connectomes import read_graphml
from bioworkbench.topology.sonata import sonata_links
from tests.records import record_alone

N_DAMAGES = int(os.environ.get("N_DAMAGES", "8"))  # of a file; hundreds for a thorough look
pytestmark = pytest.mark.timeout(60 + N_DAMAGES)


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


def refusals(path, read, words, n_damages=N_DAMAGES):
    """What a reader said of damaged copies of a file that it refused; each says which file it was."""
    whole, rng, said = path.read_bytes(), stream(1, path.name), []
    for _ in range(n_damages):
        path.write_bytes(damaged(path, rng))
        try:
            read()
        except (ResultError, ValueError) as error:
            said.append(str(error))
        path.write_bytes(whole)
    read()
    assert [text for text in said if words not in text] == []
    return said


@pytest.mark.parametrize("name", ["network/nodes.h5", "network/edges.h5", "circuit_config.json", "components/a.json"])
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
    assert refusals(path, lambda: read_graphml(path), "x.graphml")


@pytest.mark.parametrize("name", ["run.h5", "spec.toml", "metrics.json"])
def test_results_folders(tmp_path, name):
    folder = tmp_path / "x" / "0123"
    save_record(record_alone(), folder)
    assert len(refusals(folder / name, lambda: load_record(folder), "0123")) == N_DAMAGES  # by their checksums


def test_provenance(tmp_path):
    folder = tmp_path / "x" / "0123"
    save_record(record_alone(), folder)
    assert refusals(folder / "provenance.json", lambda: load_record(folder), "0123")
