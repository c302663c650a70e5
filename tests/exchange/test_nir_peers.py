"""Networks of snnTorch and Norse spike here as they do there, and ours there as here.

Skipped unless snnTorch and Norse are installed, or the environment variable TORCH_PYTHON names an interpreter that has them and nir.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from bioworkbench.discrete.simulate import simulate_discrete
from bioworkbench.exchange import nir_graph, read_nir
from bioworkbench.neurons import discrete_lif
from bioworkbench.records.network import INPUT, Network, Population, Projection
from bioworkbench.records.randomness import stream
from bioworkbench.records.stimulus import Stimulus

nir = pytest.importorskip("nir")
PEER = os.environ.get("TORCH_PYTHON", sys.executable if find_spec("snntorch") and find_spec("norse") else "")
pytestmark = pytest.mark.skipif(not PEER, reason="no snntorch and norse here, and none of an interpreter that TORCH_PYTHON names")
DT = 1e-4  # of snnTorch, which has no other


def peer(task, folder):
    script = Path(__file__).with_name("nir_peer.py")
    done = subprocess.run([PEER, str(script), task, str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    peer("write", folder)
    return folder


@pytest.mark.parametrize(
    ("name", "dt", "reset"), [("snntorch", DT, "zero"), ("snntorch_subtract", DT, "delayed_subtract"), ("norse", 1e-3, "zero")]
)
def test_theirs_here(written, name, dt, reset):
    network, there = read_nir(written / f"{name}.nir", dt=dt, reset=reset), np.load(written / f"{name}.npz")
    here = simulate_discrete(network, Stimulus(there["values"][None].astype(float), dt))
    spikes = here.raster(network.populations[-1].name)[0]
    print(f"\n{name}: {there['spikes'].sum()} spikes there, {spikes.sum()} here, {(spikes != there['spikes']).sum()} different")
    assert 0.05 < there["spikes"].mean() < 0.95
    np.testing.assert_array_equal(spikes, there["spikes"])


def test_ours_there(tmp_path):
    rng, settings = stream(1, "peers"), {"reset": "zero", "strict": True}
    first = Population("a", 30, discrete_lif(leak=0.9, **settings))
    second = Population("b", 5, discrete_lif(leak=0.8, threshold=0.5, **settings), layer=1)
    weights = (sparse.csr_array(rng.normal(0, 0.4, shape)) for shape in ((4, 30), (30, 5)))
    network = Network((first, second), (Projection(INPUT, "a", next(weights)), Projection("a", "b", next(weights))))
    values = rng.normal(0, 2, (100, 4))
    spikes = simulate_discrete(network, Stimulus(values[None], DT)).raster("b")[0]
    nir.write(tmp_path / "ours.nir", nir_graph(network, dt=DT))
    np.savez(tmp_path / "ours.npz", values=values)
    peer("run", tmp_path)
    assert 0.05 < spikes.mean() < 0.95
    for name, theirs in np.load(tmp_path / "theirs.npz").items():
        print(f"\n{name}: {spikes.sum()} spikes here, {theirs.sum()} there, {(spikes != theirs).sum()} different")
        np.testing.assert_array_equal(theirs, spikes)
