"""Every spec of ``network_specs`` can be read, and those that need no data folder run, made small."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.experiment.spec import sweep_points
from bioworkbench.gallery.runs import FinishedRun
from figures import current_steps, stdp_window

SPECS = sorted((Path(__file__).parents[2] / "network_specs").glob("*.toml"))
FEW = {"task.n_train": 20, "task.n_test": 10}
CELLS = {"populations.cells.size": 40, **FEW}
SMALL = {
    "custom_equations": {"duration": "5 ms", "populations.cells.size": 20},
    "ei_balanced_network": {
        "duration": "5 ms",
        "populations.exc.size": 200,
        "populations.inh.size": 60,
        "projections.exc_exc.topology.n_inputs": 20,
        "projections.exc_inh.topology.n_inputs": 20,
    },
    **{name: {"duration": "20 ms", "fit.n_sets": 5, "fit.generations": 1} for name in ("fitted_adex", "fitted_lif")},
    "hodgkin_huxley_noise": {"duration": "1 ms"},
    "noise_delayed_xor": CELLS,
    "noise_digits": {"populations.hidden.size": 40, "task.n_train": 60, "task.n_test": 20},
    **{f"ransnn_{name}": {"populations.hidden.size": 40, "task.n_train": 60, "task.n_test": 20}
       for name in ("digits", "size", "steps", "leak")},
    **{f"noise_{name}": CELLS | {"task.n_frames": 110, "task.n_train": 2, "task.n_test": 2, "input.frame": "1 ms"}
       for name in ("mackey_glass", "memory_capacity", "narma10")},
}  # fmt: skip


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_specs_are_read(path):
    spec = bw.load(path)
    assert spec.name == path.stem
    assert all(point.name == path.stem for _, point in sweep_points(spec))


@pytest.mark.parametrize("name", SMALL)
def test_specs_run(name, tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.report.display.write_report", lambda record, folder, curves=(): folder)
    spec = bw.load(SPECS[0].with_name(f"{name}.toml"), SMALL[name])
    metrics = bw.run(spec, backend="numpy", results=tmp_path).metrics
    assert set(metrics["activity"]) == {population.name for population in spec.populations}
    assert not spec.metrics or set(metrics["test"]) == set(spec.metrics)


def test_a_connectome_is_where_rewiring_starts(tmp_path):
    """Of a table with self-links, which are left out; links move, and every neuron keeps its number of inputs."""
    pairs = {(a, b) for a in range(30) for b in ((a * a + 1) % 30, (7 * a + 3) % 30, a)}
    (tmp_path / "worm.csv").write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in sorted(pairs)))
    changes = {"task.n_frames": 40, "task.n_train": 4, "task.n_test": 2, "populations.cells.size": 30, "method.episodes.n": 2}
    place = "projections.cells_cells.topology"
    table = {"kind": "file", "file": str(tmp_path / "worm.csv"), "self_links": False}
    ends = {}
    for regrowth in ("none", "ch3_l3"):
        own = bw.load(
            SPECS[0].with_name("rewired_connectome.toml"), changes | {place: table, "method.rewiring.regrowth": regrowth}
        )
        network = bw.run(own, backend="numpy", results=tmp_path, report=False).network
        (ends[regrowth],) = [p.links for p in network.projections if p.name == "cells_cells"]
    start, end = (set(zip(links.sources.tolist(), links.targets.tolist(), strict=True)) for links in ends.values())
    assert start == {(a, b) for a, b in pairs if a != b}
    assert len(end) == len(start)
    assert end != start
    counts = [np.bincount([target for _, target in links], minlength=30) for links in (start, end)]
    np.testing.assert_array_equal(*counts)


def finished(name, changes, folder):
    result = bw.run(bw.load(SPECS[0].with_name(f"{name}.toml"), changes), backend="numpy", results=folder, report=False)
    return FinishedRun(result.folder, {}, result.metrics)


@pytest.mark.thorough
def test_pairs_of_spikes_change_weights_as_the_rule_says(tmp_path):
    run = finished("stdp_window", {"dt": "0.5 ms", "record": []}, tmp_path)
    data = run.record.data
    (pairs,) = [projection for projection in data.network.projections if projection.name == "pairs"]
    difference, change = stdp_window.changes(pairs, data.recording)
    np.testing.assert_allclose(difference, np.arange(-100, 101, 5) * 1e-3, atol=1e-9)
    apart = difference != 0
    np.testing.assert_allclose(change[apart], stdp_window.expected(pairs, difference[apart]), rtol=1e-6)
    plt.close(stdp_window.draw({"stdp_window": [run]}))


def test_stronger_steps_give_more_spikes_that_adapt(tmp_path):
    run = finished("current_steps", {"dt": "0.1 ms"}, tmp_path)
    spikes = run.record.data.recording.spikes["cells"]
    counts = np.bincount(spikes.neuron, minlength=31)
    assert counts[:15].sum() == 0
    assert (np.diff(counts) >= 0).all()
    assert counts[-1] > 20
    intervals = np.diff(np.sort(spikes.time[spikes.neuron == 30]))
    assert intervals[0] < 0.7 * intervals[-1]
    plt.close(current_steps.draw({"current_steps": [run]}))
