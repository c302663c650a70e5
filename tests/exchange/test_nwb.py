"""NWB files pass pynwb's validator and NWB Inspector, and hold every spike."""

from dataclasses import replace

import numpy as np
import pytest

from bioworkbench.exchange import export
from tests.exchange.test_round_trips import recording
from tests.run_records import record_alone, with_uneven_trace

pynwb = pytest.importorskip("pynwb")


@pytest.fixture(scope="module")
def made():
    alone = record_alone()
    data = replace(alone.data, recording=replace(recording(3, alone.data.network.sizes), traces=alone.data.recording.traces))
    return replace(alone, data=data)


@pytest.fixture(scope="module")
def path(made, tmp_path_factory):
    return export(made, to="nwb", output=tmp_path_factory.mktemp("x") / "x.nwb").path


def test_it_passes_the_validator(path):
    assert pynwb.validate(path=str(path)) in ([], ([], 0))


def test_it_passes_the_inspector(path):
    inspector = pytest.importorskip("nwbinspector")
    least = inspector.Importance.BEST_PRACTICE_VIOLATION
    found = list(inspector.inspect_nwbfile(nwbfile_path=path, importance_threshold=least))
    assert [message.message for message in found] == []


def test_it_holds_every_spike(made, path):
    ours = made.data.recording
    with pynwb.NWBHDF5IO(path, "r") as source:
        file = source.read()
        units = file.units.to_dataframe()
        assert len(units) == sum(ours.sizes.values())
        for name, spikes in ours.spikes.items():
            mine = units[units["population"] == name]
            for neuron, times in zip(mine["neuron"], mine["spike_times"], strict=True):
                kept = spikes.neuron == neuron
                np.testing.assert_allclose(times, np.sort(spikes.trial[kept] * ours.duration + spikes.time[kept]), atol=1e-12)
        assert list(file.trials["start_time"][:]) == pytest.approx([k * ours.duration for k in range(ours.n_trials)])
        np.testing.assert_array_equal(file.acquisition["exc.v"].data[:], ours.traces["exc.v"].values.reshape(-1, 2))
        assert "noisy_lif" in file.source_script


def test_values_that_do_not_fill_a_trial_keep_their_times(tmp_path):
    path = export(with_uneven_trace(record_alone()), to="nwb", output=tmp_path / "x.nwb").path
    with pynwb.NWBHDF5IO(path, "r") as source:
        series = source.read().acquisition["exc.v"]
        np.testing.assert_allclose(series.timestamps[:], [0, 3e-3, 6e-3, 9e-3, 10e-3, 13e-3, 16e-3, 19e-3], atol=1e-12)


def test_too_many_neurons(made, tmp_path, monkeypatch):
    monkeypatch.setattr("bioworkbench.exchange.nwb.MAX_UNITS", 10)
    with pytest.raises(ValueError, match="25 neurons are more than 10; NWB has a row for each"):
        export(made, to="nwb", output=tmp_path / "x.nwb")
