"""Every spec of ``network_specs`` can be read, and those that need no data folder run, made small."""

from pathlib import Path

import pytest

import bioworkbench as bw
from bioworkbench.spec import sweep_points

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
    "hodgkin_huxley_noise": {"duration": "1 ms"},
    "noise_delayed_xor": CELLS,
    "noise_digits": {"populations.hidden.size": 40, "task.n_train": 60, "task.n_test": 20},
    "ransnn_digits": {"populations.hidden.size": 40, "task.n_train": 60, "task.n_test": 20},
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
    monkeypatch.setattr("bioworkbench.experiment.running.write_report", lambda record, folder, curves=(): folder)
    spec = bw.load(SPECS[0].with_name(f"{name}.toml"), SMALL[name])
    metrics = bw.run(spec, backend="numpy", results=tmp_path).metrics
    assert set(metrics["activity"]) == {population.name for population in spec.populations}
    assert not spec.metrics or set(metrics["test"]) == set(spec.metrics)
