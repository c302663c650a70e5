"""Current clamps of SONATA simulations: the currents that the files say, onto the nodes that they name."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.exchange import read_sonata_circuit
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.records.errors import ResultError
from bioworkbench.records.probe import Probe
from tests.exchange.sonata_circuits import write_circuit

PUBLIC = Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")).parent / "public" / "bmtk" / "point_stdp"
NODES = "node_type_id model_type ei model_template\n7 point_neuron e nest:iaf_psc_delta\n8 virtual i NULL\n"
RUN = {"tstop": 10.0, "dt": 0.1}
CLAMP = {"input_type": "current_clamp", "module": "IClamp", "node_set": {"population": "a", "node_id": [1]}}
STEPS = CLAMP | {"amp": [100.0, 50.0], "delay": [1.0, 3.0], "duration": [2.0, 4.0]}
CSV = {"input_type": "csv", "module": "IClamp", "node_set": "b", "file": "${configdir}/clamp.csv"}


def circuit(folder, inputs, run=RUN):
    path = write_circuit(folder / "x", node_types=NODES, config={"inputs": inputs, "run": run})
    (folder / "x" / "clamp.csv").write_text("timestamps amps\n2.0 100\n4.0 0\n")
    return path


def potentials(read_circuit, name):
    recording = bw.simulate(read_circuit.network, read_circuit.stimuli, 1, dt=1e-4, record=[Probe(name, "v")], backend="numpy")
    return recording.traces[f"{name}.v"].values[0]


def test_steps_charge_the_membrane_of_the_nodes_that_are_named(tmp_path):
    found = read_sonata_circuit(circuit(tmp_path, {"clamp": STEPS}), current_unit="pA")
    assert found.lost == ()
    (stimulus,) = found.stimuli
    assert (stimulus.kind, stimulus.frame) == ("current", pytest.approx(1e-3))
    np.testing.assert_allclose(stimulus.values[0, :, 0], 1e-12 * np.array([0, 100, 100, 50, 50, 50, 50, 0, 0, 0]))
    v = potentials(found, "a")
    np.testing.assert_allclose(v[:, [0, 2]], -70e-3, atol=1e-9)
    at = 1e-3 * 100e-12 * 10 / 250e-12 * (1 - np.exp(-0.2))  # 2 ms of 100 pA, 10 ms and 250 pF
    assert v[30, 1] == pytest.approx(-70e-3 + at, abs=1e-6)


def test_clamps_that_overlap_add_up_and_end_with_the_run(tmp_path):
    more = CLAMP | {"amp": 20.0, "delay": 2.0, "duration": 100.0}
    found = read_sonata_circuit(circuit(tmp_path, {"one": STEPS, "two": more}), current_unit="pA")
    assert [one.name for one in found.stimuli] == ["one", "two"]
    assert found.stimuli[1].values[0, :, 0].tolist() == [0, *[pytest.approx(20e-12)] * 4]
    both = CLAMP | {"amp": [10.0, 20.0], "delay": [1.0, 2.0], "duration": [2.0, 2.0]}
    added = read_sonata_circuit(circuit(tmp_path / "y", {"both": both}), current_unit="nA").stimuli[0]
    np.testing.assert_allclose(added.values[0, :5, 0], 1e-9 * np.array([0, 10, 30, 20, 0]))


def test_a_table_of_times_and_currents(tmp_path):
    found = read_sonata_circuit(circuit(tmp_path, {"clamp": CSV}), current_unit="pA")
    np.testing.assert_allclose(found.stimuli[0].values[0, :, 0], 1e-12 * np.array([0, 100, 0, 0, 0]))
    assert found.network.projections[-1].links.shape == (1, 2)


def test_clamps_in_a_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    circuit(tmp_path, {"clamp": STEPS})
    given = {"seed": 1, "dt": "0.1 ms", "n_trials": 2, "network": {"kind": "sonata", "file": "x/any.json", "current_unit": "pA"}}
    for duration, n_frames in (("5 ms", 5), ("20 ms", 20)):
        (stimulus,) = construct(read(given | {"duration": duration}, "x")).stimuli
        assert stimulus.values.shape == (2, n_frames, 1)
        assert stimulus.values.max() == pytest.approx(100e-12)


@pytest.mark.parametrize(
    ("inputs", "settings", "run", "words"),
    [
        ({"clamp": STEPS}, {}, RUN, "input 'clamp' of type current_clamp: its currents have no unit, give current_unit"),
        ({"clamp": STEPS}, {"current_unit": "pA"}, {}, "input 'clamp' of type current_clamp: the run has no duration"),
        ({"clamp": CSV | {"input_type": "noise"}}, {"current_unit": "pA"}, RUN, "input 'clamp' of type noise"),
    ],
)
def test_what_is_lost(tmp_path, inputs, settings, run, words):
    assert read_sonata_circuit(circuit(tmp_path, inputs, run), **settings).lost == (words,)


@pytest.mark.parametrize(
    ("clamp", "unit", "words"),
    [
        (STEPS | {"delay": [1.0]}, "pA", "input 'clamp' has delay 1, duration 2, amp 2 values; a step has one of each"),
        (STEPS | {"delay": [-1.0, 3.0]}, "pA", "input 'clamp' has a delay or duration below 0"),
        (STEPS, "mV", "current_unit = 'mV' is not a current; give 'pA' or 'nA'"),
        (STEPS | {"node_set": "nobody"}, "pA", "input 'clamp': 'nobody' is not a node set or population"),
        (STEPS | {"delay": [1.0001, 3.0], "duration": [1e-3, 1e4]}, "pA", "input 'clamp' has times that need"),
        (CSV | {"file": "${configdir}/back.csv"}, "pA", "has times that do not grow, or a value is missing"),
        (CSV | {"file": "${configdir}/words.csv"}, "pA", "words.csv: "),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, clamp, unit, words):
    monkeypatch.setattr("bioworkbench.exchange.sonata_clamps._MOST_FRAMES", 1000)
    path = circuit(tmp_path, {"clamp": clamp})
    (path.parent / "back.csv").write_text("timestamps amps\n2.0 100\n1.0 0\n")
    (path.parent / "words.csv").write_text("timestamps amps\n2.0 high\n")
    with pytest.raises(ResultError, match=words):
        read_sonata_circuit(path, current_unit=unit)


NWB = CLAMP | {"input_type": "nwb", "node_set": "b", "file": "sweeps.nwb", "sweep_id": 3}


def samples(file, place, values, rate, unit, conversion=1e-12):
    """A series as NWB lays it out."""
    file[f"{place}/data"] = np.asarray(values)
    file[f"{place}/data"].attrs.update({"conversion": conversion} | ({"unit": unit} if unit else {}))
    file[f"{place}/starting_time"] = 0.0
    file[f"{place}/starting_time"].attrs["rate"] = rate


def sweeps(folder, unit="amperes", version=2, link="hard"):
    """Two sweeps, one sample a tenth of a millisecond: a ramp that is held, in pA."""
    values = np.repeat(np.arange(50.0), 2)
    with h5py.File(folder / "x" / "sweeps.nwb", "w") as file:
        if version == 1:
            samples(file, "stimulus/presentation/Sweep_3", values, 1e4, unit)
            target = h5py.SoftLink("/stimulus/presentation/Sweep_3") if link == "soft" else file["stimulus/presentation/Sweep_3"]
            file["epochs/Sweep_3/stimulus/timeseries"] = target
            file["epochs/Sweep_4/stimulus"] = file.create_group("empty")
        else:
            for number in (3, 4):
                place = f"stimulus/presentation/index_{number}"
                samples(file, place, values * (number - 2), 1e4, unit)
                file[place].attrs["sweep_number"] = number


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("link", ["hard", "soft"])
def test_a_sweep_of_nwb(tmp_path, version, link):
    """The file says its unit; both layouts, and whatever kind of link leads to the series."""
    path = circuit(tmp_path, {"clamp": NWB})
    sweeps(tmp_path, version=version, link=link)
    found = read_sonata_circuit(path)
    (stimulus,) = found.stimuli
    assert found.lost == ()
    assert stimulus.frame == pytest.approx(1e-4)  # the step that the configuration names
    np.testing.assert_allclose(stimulus.values[0, :, 0], 1e-12 * np.repeat(np.arange(50.0), 2), atol=1e-24)
    coarse = read_sonata_circuit(path, frame=1e-3).stimuli[0]
    np.testing.assert_allclose(coarse.values[0, :, 0], 1e-12 * (np.arange(10) * 5 + 2.0), atol=1e-24)


def test_parts_of_a_sweep(tmp_path):
    """A part of the samples, later, and in steps: as BMTK takes them."""
    path = circuit(tmp_path, {"clamp": NWB | {"sweep_window": [2.0, 4.0], "delay": 1.0, "downsample": 4e-4}})
    sweeps(tmp_path)
    values = read_sonata_circuit(path).stimuli[0].values[0, :, 0] * 1e12
    # samples at 2.0, 2.4, ..., 4.0 ms have 10, 12, ..., 20 pA, and begin at 3 ms
    np.testing.assert_allclose(values[30:54], np.repeat([10.0, 12, 14, 16, 18, 20], 4), atol=1e-9)
    assert not values[:30].any()
    assert not values[54:].any()


def test_a_series_by_name_and_units_that_are_asked_for(tmp_path):
    path = circuit(tmp_path, {"clamp": NWB | {"sweep_id": "index_4"}})
    sweeps(tmp_path, unit="")
    assert read_sonata_circuit(path).lost == ("input 'clamp' of type nwb: its currents have no unit, give current_unit",)
    assert read_sonata_circuit(path, current_unit="A").stimuli[0].values.max() == pytest.approx(98e-12)


@pytest.mark.parametrize("kind", ["h5", "file"])
def test_lists_in_hdf5(tmp_path, kind):
    path = circuit(tmp_path, {"clamp": CLAMP | {"input_type": kind, "node_set": "b", "file": "c.h5", "amplitudes_column": "i"}})
    with h5py.File(tmp_path / "x" / "c.h5", "w") as file:
        file["timestamps"], file["i"] = np.arange(10.0), np.arange(10) * 1.5
    assert read_sonata_circuit(path).lost == (f"input 'clamp' of type {kind}: its currents have no unit, give current_unit",)
    found = read_sonata_circuit(path, current_unit="nA").stimuli[0]
    np.testing.assert_allclose(found.values[0, ::10, 0], np.arange(10) * 1.5e-9, atol=1e-20)
    with h5py.File(tmp_path / "x" / "c.h5", "a") as file:
        file["i"].attrs["units"] = "pA"
    assert read_sonata_circuit(path, current_unit="nA").stimuli[0].values.max() == pytest.approx(13.5e-12)


def test_columns_of_other_names(tmp_path):
    path = circuit(tmp_path, {"clamp": CSV | {"input_type": "file", "timestamps_column": "t", "amplitudes_column": "i"}})
    (tmp_path / "x" / "clamp.csv").write_text("t,i\n2.0,100\n4.0,0\n")
    found = read_sonata_circuit(path, current_unit="pA").stimuli[0]
    np.testing.assert_allclose(found.values[0, :, 0], 1e-12 * np.array([0, 100, 0, 0, 0]))


@pytest.mark.parametrize(
    ("clamp", "unit", "words"),
    [
        ({"sweep_id": 7}, "amperes", "has 0 series that sweep_id = 7 names among its stimuli"),
        ({"sweep_id": [3]}, "amperes", r"has sweep_id = \[3\]; it is the number or name"),
        ({}, "volts", "index_3 = 'volts' is not a current"),
        ({}, "furlongs", "index_3 has the unit 'furlongs', which is not known"),
        ({"sweep_window": [4.0, 2.0]}, "amperes", r"sweep_window = \[4.0, 2.0\]; it is \[begin, end\] in ms"),
        ({"sweep_window": 4.0}, "amperes", "sweep_window = 4.0; it is"),
        ({"sweep_window": [2.0, 2.05]}, "amperes", "2 samples at least"),
        ({"downsample": "often"}, "amperes", "downsample = often, delay = 0.0; they are times"),
        ({"delay": -1.0}, "amperes", "delay = -1.0; they are times"),
        ({"input_type": "h5", "sweep_id": None}, "amperes", "has no numbers timestamps and amps, it holds stimulus"),
    ],
)
def test_recordings_that_are_refused(tmp_path, clamp, unit, words):
    path = circuit(tmp_path, {"clamp": NWB | clamp})
    sweeps(tmp_path, unit=unit)
    with pytest.raises(ResultError, match=words):
        read_sonata_circuit(path)


def test_recordings_that_are_not_there(tmp_path):
    """Listed: BMTK's own example names a file of somebody's machine, and the circuit is whole without it."""
    path = circuit(tmp_path, {"clamp": NWB | {"file": "/local1/Downloads/x.nwb"}})
    (lost,) = read_sonata_circuit(path).lost
    assert lost.startswith("input 'clamp' of type nwb: ")
    assert "which is outside" in lost


def test_specs_say_what_is_not_carried(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    circuit(tmp_path, {"clamp": STEPS})
    given = {"seed": 1, "dt": "0.1 ms", "duration": "5 ms", "network": {"kind": "sonata", "file": "x/any.json"}}
    with pytest.warns(
        UserWarning, match="says more than the network does. Not carried: input 'clamp' of type current_clamp: its"
    ):
        construct(read(given, "x"))


@pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"{PUBLIC} is not there")
def test_a_published_simulation():
    found = read_sonata_circuit(PUBLIC / "config.simulation_iclamp.json", current_unit="pA")
    assert {one.name: one.values.max() for one in found.stimuli} == {
        "current_clamp_steps": pytest.approx(600e-12),
        "current_clamp_1": pytest.approx(450e-12),
    }
    assert not [line for line in found.lost if "input" in line]
