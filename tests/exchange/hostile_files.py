"""Small valid files of every format, the readers that read them, and what makes files hostile."""

import gzip
import json
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import networkx as nx
import numpy as np
from scipy import io, sparse

from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.nir_reader import read_nir
from bioworkbench.exchange.sonata_edges import sonata_links
from bioworkbench.exchange.sonata_reader import read_sonata_circuit
from bioworkbench.exchange.sonata_spikes import read_sonata_trains
from bioworkbench.exchange.stimuli import aer, heidelberg, neo_recording, nwb, sonata_report, spike_table, value_table
from bioworkbench.experiment.results.run_file import read_run, write_run
from bioworkbench.records.errors import ResultError, TopologyError
from bioworkbench.records.tables import read_table
from tests.exchange.sonata_circuits import write_circuit
from tests.run_records import record_alone

__all__ = ["FILES", "KINDS_OF_DAMAGE", "ValidFile", "answered", "damaged"]

MATRIX = np.array([[0.0, 1.5, 0.0], [2.0, 0.0, 0.25], [0.0, 0.0, -3.0]])


SLOW, LARGE = 5.0, 500_000  # seconds of the processor, kilobytes


@dataclass(frozen=True)
class ValidFile:
    """A file, and who reads it.

    Parameters
    ----------
    write : callable (folder) to Path
        Writes the file, and what belongs to it, into an empty folder; returns the one that is made hostile.
    read : callable (Path)
    package : str
        Without which it is skipped.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]
    package: str = ""


def answered(read, path, names):
    """The error that a reader ends in; "" where it reads. Anything but a named error, and more time or memory than there is, fails."""
    begin, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(path)
        said = ""
    except (ResultError, TopologyError, ValueError) as error:
        said = str(error)
        assert said.strip()
        assert any(name in said for name in names), said
    assert time.process_time() - begin < SLOW
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < LARGE
    return said


def text(name, content):
    def write(folder):
        (folder / name).write_text(content)
        return folder / name

    return write


def made(name, write):
    def written(folder):
        write(folder / name)
        return folder / name

    return written


def networkx(name, write):
    graph = nx.relabel_nodes(nx.from_numpy_array(MATRIX, create_using=nx.DiGraph), str)
    return made(name, lambda path: write(graph, path))


def packed_mtx(path):
    io.mmwrite(path.with_suffix(""), sparse.coo_array(MATRIX))
    path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))


TYPES = "node_type_id model_type ei model_template dynamics_params\n7 point_neuron e nest:iaf_psc_alpha one.json\n8 virtual i NULL NULL\n"
INPUTS = {
    "spikes": {"input_type": "spikes", "module": "csv", "input_file": "s.csv", "node_set": "a"},
    "clamp": {"input_type": "current_clamp", "module": "IClamp", "node_set": "b", "amp": 0.1, "delay": 1.0, "duration": 2.0},
    "table": {"input_type": "csv", "module": "IClamp", "node_set": "b", "file": "clamp.csv"},
    "sweep": {"input_type": "nwb", "module": "IClamp", "node_set": "b", "file": "sweeps.nwb", "sweep_id": 1},
}


def circuit(part):
    """A circuit of all kinds of files, of which `part` is the one that is made hostile."""

    def write(folder):
        config = {"components": {"point_neuron_models_dir": "$NET"}, "inputs": INPUTS, "run": {"tstop": 10.0, "dt": 0.1}}
        path = write_circuit(folder / "c", node_types=TYPES, source=(8, 8, 8), config=config)
        (folder / "c" / "net" / "one.json").write_text(json.dumps({"tau_m": 8.0, "C_m": 200.0}))
        (folder / "c" / "s.csv").write_text("timestamps population node_ids\n1.0 a 0\n2.0 a 1\n3.0 a 2\n")
        (folder / "c" / "clamp.csv").write_text("timestamps amps\n2.0 100\n4.0 0\n")
        with h5py.File(folder / "c" / "sweeps.nwb", "w") as file:
            place = "stimulus/presentation/Sweep_1"
            file[f"{place}/data"], file[f"{place}/starting_time"] = np.arange(9.0), 0.0
            file[f"{place}/data"].attrs["unit"] = "amperes"
            file[f"{place}/starting_time"].attrs["rate"] = 1000.0
        return path.parent / part

    return write


def read_circuit(path):
    folder = next(one for one in (path, *path.parents) if one.name == "c")
    return read_sonata_circuit(folder / "any.json", current_unit="pA", weight_unit="pA")


def spikes_h5(path):
    with h5py.File(path, "w") as file:
        file["spikes/a/timestamps"], file["spikes/a/node_ids"] = np.array([0.1, 0.2, 0.3]), np.array([0, 1, 0])


def report(path):
    with h5py.File(path, "w") as file:
        file["report/a/data"] = np.eye(2)
        parts = {"node_ids": [4, 7], "index_pointers": [0, 1, 2], "element_ids": [0, 0], "time": [0.0, 0.2, 0.1]}
        for name, values in parts.items():
            file[f"report/a/mapping/{name}"] = values


def edges(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("edges/a_b")
        ends = {"source_node_id": [0, 1], "target_node_id": [1, 0], "edge_type_id": [1, 1], "edge_group_id": [0, 0]}
        for name, values in (ends | {"edge_group_index": [0, 1], "0/syn_weight": [0.5, 1.0], "0/delay": [1.0, 2.0]}).items():
            group[name] = np.array(values)


def cochlea(path):
    with h5py.File(path, "w") as file:
        for name in ("times", "units"):
            data = file.create_dataset(f"spikes/{name}", (2,), dtype=h5py.vlen_dtype(np.uint16))
            for k in range(2):
                data[k] = np.arange(3)


def session(path):
    """As NWB lays it out."""
    with h5py.File(path, "w") as file:
        file["units/spike_times"], file["units/spike_times_index"] = np.array([0.1, 0.6, 0.2]), np.array([2, 3])
        file["intervals/trials/start_time"], file["intervals/trials/stop_time"] = np.array([0.0, 0.5]), np.array([0.5, 1.0])
        file["acquisition/v/data"], file["acquisition/v/timestamps"] = np.arange(4.0), np.arange(4.0)
        file["acquisition/v/data"].attrs["unit"] = "volts"


def graph_of_nir(path):
    import nir  # noqa: PLC0415

    nodes = {
        "input": nir.Input(input_type=np.array([2])),
        "map": nir.Affine(np.ones((3, 2)), np.zeros(3)),
        "cells": nir.LIF(tau=np.full(3, 1e-2), r=np.ones(3), v_leak=np.zeros(3), v_threshold=np.ones(3), v_reset=np.zeros(3)),
        "output": nir.Output(output_type=np.array([3])),
    }
    nir.write(path, nir.NIRGraph(nodes=nodes, edges=[("input", "map"), ("map", "cells"), ("cells", "output")]))


def block(path):
    import neo  # noqa: PLC0415
    import quantities  # noqa: PLC0415

    found = neo.Block(name="b")
    found.segments.append(neo.Segment())
    found.segments[0].spiketrains.append(neo.SpikeTrain([0.1, 0.3], units="s", t_stop=1.0))
    signal = neo.AnalogSignal(np.eye(3), units="mV", sampling_rate=quantities.kHz, name="v")
    found.segments[0].analogsignals.append(signal)
    neo.NeoMatlabIO(filename=str(path)).write_block(found)


def whole_session(path):
    nwb("x", file=path, series="v")
    return nwb("x", file=path, trials=True)


def run_of_ours(path):
    """Spikes, traces, a network and its synapses, as results folders keep them; they are read once their checksum was compared."""
    write_run(path, record_alone().data)


TABLE = "time,channel,trial\n0.1,1,0\n0.2,0,1\n0.25,1,1\n"
GML = "graph [ directed 1 node [ id 3 ] node [ id 5 ] edge [ source 3 target 5 value 2 ] ]"

FILES = {
    "links.csv": ValidFile(text("links.csv", "source,target,weight\na,b,1.5\nb,c,2\n"), read_graph),
    "matrix.csv": ValidFile(text("matrix.csv", "0,1,0,0\n0,0,2,0\n0,0,0,3\n1,0,0,0\n"), read_graph),
    "links.csv.gz": ValidFile(
        made("l.csv.gz", lambda path: path.write_bytes(gzip.compress(b"source,target\na,b\nb,c\n"))), read_graph
    ),
    "links.edgelist": ValidFile(text("l.edgelist", "a b 1.5\nb c 2\n"), read_graph),
    "npy": ValidFile(made("m.npy", lambda path: np.save(path, MATRIX)), read_graph),
    "npz": ValidFile(made("m.npz", lambda path: np.savez_compressed(path, a=MATRIX)), read_graph),
    "sparse.npz": ValidFile(made("s.npz", lambda path: sparse.save_npz(path, sparse.csr_array(MATRIX))), read_graph),
    "mtx": ValidFile(made("m.mtx", lambda path: io.mmwrite(path, sparse.coo_array(MATRIX))), read_graph),
    "mtx.gz": ValidFile(made("m.mtx.gz", packed_mtx), read_graph),
    "mat": ValidFile(made("m.mat", lambda path: io.savemat(path, {"A": MATRIX, "n": 3}, do_compression=True)), read_graph),
    "sparse.mat": ValidFile(made("m.mat", lambda path: io.savemat(path, {"A": sparse.csc_array(MATRIX)})), read_graph),
    "graphml": ValidFile(networkx("g.graphml", nx.write_graphml), read_graph),
    "gexf": ValidFile(networkx("g.gexf", nx.write_gexf), read_graph),
    "gml": ValidFile(text("g.gml", GML), read_graph),
    "pajek": ValidFile(networkx("g.net", nx.write_pajek), read_graph),
    "sonata edges": ValidFile(made("a_b_edges.h5", edges), lambda path: sonata_links(path)),
    "sonata spikes": ValidFile(made("s.h5", spikes_h5), lambda path: read_sonata_trains(path, "a", name="x")),
    "sonata report": ValidFile(made("r.h5", report), lambda path: sonata_report("x", file=path)),
    "sonata config": ValidFile(circuit("any.json"), read_circuit),
    "sonata nodes": ValidFile(circuit("net/a_nodes.h5"), read_circuit),
    "sonata circuit edges": ValidFile(circuit("net/ab_edges.h5"), read_circuit),
    "sonata node types": ValidFile(circuit("net/types.csv"), read_circuit),
    "sonata edge types": ValidFile(circuit("net/ab_edge_types.csv"), read_circuit),
    "sonata parameters": ValidFile(circuit("net/one.json"), read_circuit),
    "sonata spike table": ValidFile(circuit("s.csv"), read_circuit),
    "sonata clamp": ValidFile(circuit("clamp.csv"), read_circuit),
    "sonata sweep": ValidFile(circuit("sweeps.nwb"), read_circuit),
    "nir": ValidFile(made("g.nir", graph_of_nir), lambda path: read_nir(path, dt=1e-4), "nir"),
    "nwb": ValidFile(made("s.nwb", session), whole_session),
    "neo spikes": ValidFile(made("b.mat", block), lambda path: neo_recording("x", file=path), "neo"),
    "neo signal": ValidFile(made("b.mat", block), lambda path: neo_recording("x", file=path, signal="v"), "neo"),
    "aer": ValidFile(
        made("e.bin", lambda path: path.write_bytes(bytes([3, 2, 128, 0, 5, 1, 1, 0, 0, 9]))), lambda path: aer("x", file=path)
    ),
    "heidelberg": ValidFile(made("h.h5", cochlea), lambda path: heidelberg("x", file=path)),
    "spike table": ValidFile(text("s.csv", TABLE), lambda path: spike_table("x", file=path, trial="trial")),
    "value table": ValidFile(text("v.csv", "a,b\n1,0\n0,1\n2,2\n"), lambda path: value_table("x", file=path, frame=1e-3)),
    "run.h5": ValidFile(made("run.h5", run_of_ours), read_run),
    "table": ValidFile(text("t.csv", "a;b\n1,5;2\n3;4\n"), lambda path: read_table(path).numbers(("a", "b"))),
}
"""By format: one small file, and its reader."""


def damaged(content: bytes, kind: str, rng: np.random.Generator) -> bytes:
    """A file's content after a damage of one of `KINDS_OF_DAMAGE`."""
    place, other = sorted(rng.integers(len(content), size=2).tolist()) if content else (0, 0)
    width = int(rng.integers(1, 17))
    if kind == "bits":
        changed = bytearray(content)
        for at in rng.integers(len(content), size=int(rng.integers(1, 4))).tolist():
            changed[at] ^= 1 << int(rng.integers(8))
        return bytes(changed)
    if kind == "swap":
        changed = bytearray(content)
        first, second = changed[place : place + width], changed[other : other + width]
        changed[place : place + len(second)], changed[other : other + len(first)] = second, first
        return bytes(changed)
    return {
        "cut": content[:place],
        "begin cut": content[place:],
        "part cut": content[:place] + content[other:],
        "doubled": content[:other] + content[place:],
        "random": content[:place] + rng.bytes(width) + content[place + width :],
        "zeros": content[:place] + bytes(width) + content[place + width :],
        "ones": content[:place] + b"\xff" * width + content[place + width :],
        "lines mixed": content.replace(b"\n", b"\r\n", 1).replace(b"\n", b"\r", 2),
        "marked": b"\xef\xbb\xbf" + content,
        "latin": content.replace(b"a", b"\xe9", 1),
        "nan": content[:place] + b"nan" + content[place + 3 :],
        "huge number": content[:place] + b"1e400" + content[place + 1 :],
        "many digits": content[:place] + b"9" * 5000 + content[place + 1 :],
        "minus": content[:place] + b"-" + content[place + 1 :],
        "path": content[:place] + b"../../x" + content[place + 1 :],
        "lines doubled": b"\n".join(line for line in content.split(b"\n") for _ in range(2)),
        "no end": content.rstrip(b"\n"),
        "nothing": b"",
    }[kind]


KINDS_OF_DAMAGE = (
    "bits", "swap", "cut", "begin cut", "part cut", "doubled", "random", "zeros", "ones", "lines mixed", "marked", "latin", "nan",
    "huge number", "many digits", "minus", "path", "lines doubled", "no end", "nothing",
)  # fmt: skip
