"""An adaptive exponential neuron, fitted to recordings that one with known parameters made, gets these parameters back.

A potential without spikes tells the passive ones, spikes the threshold and the adaptation that a spike adds. Recordings are read from the
files that other programs read: NWB, Neo and SONATA.
"""

import numpy as np
import pytest

import bioworkbench as bw
from bioworkbench.exchange import export
from bioworkbench.exchange.stimuli import neo_recording, nwb, sonata_report
from bioworkbench.experiment.spec import read

neo = pytest.importorskip("neo")
pytest.importorskip("pynwb")

TRUE = {"capacitance": "281 pF", "leak": "30 nS", "threshold": "-50.4 mV", "a": "4 nS", "b": "80.5 pA", "tau_w": "144 ms"}
SI = {"capacitance": 281e-12, "leak": 30e-9, "threshold": -50.4e-3, "a": 4e-9, "b": 80.5e-12, "tau_w": 0.144}
WIDE = {
    "capacitance": ["100 pF", "600 pF"],
    "leak": ["10 nS", "60 nS"],
    "threshold": ["-58 mV", "-44 mV"],
    "a": ["0 nS", "12 nS"],
    "b": ["10 pA", "300 pA"],
    "tau_w": ["40 ms", "400 ms"],
}
WEAK, STRONG = ("200 pA", "120 pA"), ("700 pA", "400 pA")


def spec(current, cell=TRUE, **changes):
    mean, deviation = current
    noise = {"kind": "noise", "target": "cell", "mean": mean, "deviation": deviation, "tau": "5 ms", "frame": "0.5 ms"}
    given = {"seed": 3, "dt": "0.1 ms", "duration": "1 s", "populations": {"cell": {"kind": "adex", "size": 1} | cell}}
    return read(given | {"stimuli": {"current": noise}} | changes, "x", "x.toml")


def in_neo(run, folder):
    """As Neo writes a recording to MATLAB's format, in millivolts."""
    block = run.recording.to_neo()
    for segment in block.segments:
        segment.analogsignals[:] = [signal.rescale("mV") for signal in segment.analogsignals]
    neo.NeoMatlabIO(filename=str(folder / "v.mat")).write_block(block)
    return folder / "v.mat"


WRITERS = {
    "nwb": (lambda run, folder: export(run.folder, to="nwb", output=folder / "v.nwb").path, {"kind": "nwb", "series": "cell.v"}),
    "neo": (in_neo, {"kind": "neo", "signal": "cell.v"}),
    "sonata_report": (
        lambda run, folder: export(run.folder, to="sonata", output=folder / "v.sonata").path / "reports" / "cell.v.h5",
        {"kind": "sonata_report"},
    ),
}


@pytest.fixture(scope="module")
def weak(tmp_path_factory):
    """A run without spikes."""
    run = bw.run(spec(WEAK, record=[{"variable": "cell.v"}]), results=tmp_path_factory.mktemp("weak"), report=False)
    assert len(run.recording.spikes["cell"]) == 0
    return run


@pytest.mark.parametrize("kind", WRITERS)
def test_traces_of_files_are_those_of_the_run_with_their_unit(kind, weak, tmp_path):
    """SONATA holds single precision, and Neo millivolts here; each file says its unit."""
    write, settings = WRITERS[kind]
    path = write(weak, tmp_path)
    readers = {"nwb": nwb, "neo": neo_recording, "sonata_report": sonata_report}
    found = readers[kind]("v", file=path, **{key: value for key, value in settings.items() if key != "kind"})
    factor = 1e-3 if kind == "neo" else 1.0
    assert found.unit == ("mV" if kind == "neo" else "volt")
    np.testing.assert_allclose(found.values[:, :, 0] * factor, weak.recording.traces["cell.v"].values[:, :, 0], rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRITERS)
def test_a_trace_gives_the_passive_parameters(kind, weak, tmp_path):
    """To within 2 %; the search begins in ranges of a factor of six to twelve, and the values in the spec are their lower ends."""
    write, settings = WRITERS[kind]
    names = ("capacitance", "leak", "a", "tau_w")
    trace = {"file": str(write(weak, tmp_path)), **settings}
    fit = {"n_sets": 40, "generations": 60, "ranges": {f"populations.cell.{name}": WIDE[name] for name in names}}
    begun = TRUE | {name: WIDE[name][0] for name in names}
    task = {"kind": "recording", "trace": trace, "fit_until": "700 ms"}
    found = bw.run(spec(WEAK, begun, task=task, fit=fit), results=tmp_path / "results", report=False)
    values = {name: found.metrics["fit"]["values"][f"populations.cell.{name}"] for name in names}
    print(kind, {name: f"{value / SI[name] - 1:+.2%}" for name, value in values.items()}, found.metrics["test"])
    assert values == {name: pytest.approx(SI[name], rel=0.02) for name in names}
    assert found.metrics["test"]["of_deviation"] < 0.02 < found.metrics["baselines"]["start"]["of_deviation"]


@pytest.mark.slow
def test_spikes_give_threshold_and_adaptation(tmp_path):
    """The threshold to within .3 mV and what a spike adds to within 5 %, by the distance of van Rossum."""
    run = bw.run(spec(STRONG), results=tmp_path, report=False)
    path = export(run.folder, to="sonata", output=tmp_path / "s.sonata").path / "spikes.h5"
    fit = {"distance": "van_rossum", "n_sets": 40, "generations": 60}
    fit["ranges"] = {f"populations.cell.{name}": WIDE[name] for name in ("threshold", "b")}
    task = {"kind": "recording", "spikes": {"kind": "sonata", "file": str(path)}, "fit_until": "700 ms"}
    begun = TRUE | {name: WIDE[name][0] for name in ("threshold", "b")}
    found = bw.run(spec(STRONG, begun, task=task, fit=fit), results=tmp_path, report=False)
    values = found.metrics["fit"]["values"]
    print(values, found.metrics["test"])
    assert values["populations.cell.threshold"] == pytest.approx(SI["threshold"], abs=0.3e-3)
    assert values["populations.cell.b"] == pytest.approx(SI["b"], rel=0.05)
    assert found.metrics["test"]["coincidence_factor"] > 0.9 > found.metrics["baselines"]["start"]["coincidence_factor"]
