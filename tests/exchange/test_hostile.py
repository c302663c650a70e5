"""Files of every format, cut, mixed, overwritten or made to harm: a reader answers, or says in one error which file it cannot read."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from bioworkbench.exchange.connectomes import read_graph
from bioworkbench.exchange.nir_reader import read_nir
from bioworkbench.exchange.sonata_edges import sonata_links
from bioworkbench.exchange.sonata_spikes import read_sonata_trains
from bioworkbench.exchange.stimuli import heidelberg, neo_recording, nwb, sonata_report
from bioworkbench.experiment.results.run_file import read_run
from bioworkbench.records.randomness import stream
from tests.exchange.hostile_files import FILES, KINDS_OF_DAMAGE, answered, damaged

N_DAMAGES = int(os.environ.get("N_DAMAGES", "0"))  # of each kind; more than one for a thorough look
ELSEWHERE = {"mtx", "mtx.gz", "mat", "sparse.mat", "neo spikes", "neo signal"}  # that another process reads first

pytestmark = pytest.mark.timeout(120 + 60 * N_DAMAGES)


def test_links_that_are_counted_wrong(tmp_path):
    """Numbers of links in a run are compared with the links before there is room for them."""
    path = FILES["run.h5"].write(tmp_path)
    with h5py.File(path, "a") as file:
        group = next(iter(file["network/projections"].values()))
        starts = group["indptr"][()]
        starts[-1] = 2**40
        del group["indptr"]
        group["indptr"] = starts.astype(np.int64)
    assert "are counted from" in answered(read_run, path, ("run.h5",))


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"run.h5"}))  # of runs, checksums are compared first: see `test_fuzz`
def test_damages(tmp_path, name):
    """Of twenty kinds; the file itself is named, or the one that names it."""
    given = FILES[name]
    if given.package:
        pytest.importorskip(given.package)
    path = given.write(tmp_path)
    given.read(path)
    whole, rng = path.read_bytes(), stream(1, f"damage of {name}")
    said = []
    for kind in KINDS_OF_DAMAGE * N_DAMAGES or KINDS_OF_DAMAGE[:: 4 if name in ELSEWHERE else 1]:
        path.write_bytes(damaged(whole, kind, rng))
        said.append(answered(given.read, path, (path.name, "any.json")))
    assert sum(map(bool, said)) > len(said) // 5
    path.write_bytes(whole)
    given.read(path)


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_kind(tmp_path, name):
    """The content of every other format under this one's name."""
    given = FILES[name]
    if given.package:
        pytest.importorskip(given.package)
    (tmp_path / "own").mkdir()
    path = given.write(tmp_path / "own")
    others = ("links.csv", "npz", "mat", "sonata edges", "npy", "graphml", "sonata parameters", "aer")
    for k, other in enumerate(others[:: 3 if name in ELSEWHERE and not N_DAMAGES else 1]):
        (tmp_path / str(k)).mkdir()
        path.write_bytes(FILES[other].write(tmp_path / str(k)).read_bytes())
        answered(given.read, path, (path.name, "any.json"))
    path.unlink()
    path.mkdir()
    said = answered(given.read, path, (path.name, "any.json"))
    assert said or name == "sonata sweep"  # a recording that is not there is listed


HDF5 = {
    "graph": ("x_edges.h5", sonata_links),
    "spikes": ("s.h5", lambda path: read_sonata_trains(path, "a", name="x")),
    "report": ("r.h5", lambda path: sonata_report("x", file=path)),
    "nwb": ("s.nwb", lambda path: nwb("x", file=path)),
    "nwb series": ("s.nwb", lambda path: nwb("x", file=path, series="v")),
    "heidelberg": ("h.h5", lambda path: heidelberg("x", file=path)),
    "run": ("run.h5", read_run),
    "nir": ("g.nir", lambda path: read_nir(path, dt=1e-4)),
}
PLACES = (
    "edges/a/source_node_id", "spikes/a/timestamps", "report/a/data", "units/spike_times", "acquisition/v/data", "spikes/times",
    "node/nodes/a/tau",
)  # fmt: skip


def declared_huge(file, place):
    """A petabyte that is nowhere."""
    file.create_dataset(place, (10**12, 125), dtype="f8", chunks=(1, 125))


def packed(file, place):
    """More zeros than the file has room to declare."""
    file.create_dataset(place, (10**9,), dtype="f8", chunks=(10**6,), fillvalue=0.0)


def elsewhere(file, place):
    file[place] = h5py.ExternalLink("/etc/passwd", "x")


def virtual(file, place):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset(place, layout)


def raw(file, place):
    file.create_dataset(place, (4,), dtype="f8", external=[("/etc/hostname", 0, 32)])


def inside_itself(file, place):
    group = file.require_group(place.rpartition("/")[0])
    group["again"] = file["/"]


def soft_circle(file, place):
    file[place] = h5py.SoftLink(f"/{place}")


def dangling(file, place):
    file[place] = h5py.SoftLink("/nowhere")


def a_group(file, place):
    file.create_group(place)


def empty(file, place):
    file.create_dataset(place, dtype="f8", data=h5py.Empty("f8"))


def scalar(file, place):
    file[place] = 3.0


def texts(file, place):
    file[place] = ["a", "b"]


def compound(file, place):
    file[place] = np.zeros(3, dtype=[("a", "f8"), ("b", "i4")])


def nan(file, place):
    file[place] = np.array([np.nan, np.inf, -1.0])


def many_axes(file, place):
    file[place] = np.zeros((1,) * 20)


@pytest.mark.parametrize("reader", HDF5)
@pytest.mark.parametrize(
    "harm",
    [
        declared_huge,
        packed,
        elsewhere,
        virtual,
        raw,
        inside_itself,
        soft_circle,
        dangling,
        a_group,
        empty,
        scalar,
        texts,
        compound,
        nan,
        many_axes,
    ],
)
def test_hdf5_that_is_made_to_harm(tmp_path, reader, harm):
    """Wherever a reader looks, and in a place where it does not."""
    name, read = HDF5[reader]
    if reader == "nir":
        pytest.importorskip("nir")
    with h5py.File(tmp_path / name, "w") as file:
        for place in PLACES:
            harm(file, place)
    assert answered(read, tmp_path / name, (name,))


def bomb_of_gzip():
    """A gibibyte and a half of zeros in a megabyte and a half."""
    packer, block = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(2**24)
    return b"".join([*(packer.compress(block) for _ in range(96)), packer.flush()])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.csv.gz", "a.tsv.gz", "a.mtx.gz"])
def test_gzip_bombs(tmp_path, name):
    """In a process with limits: refused, whatever it would unpack to."""
    (tmp_path / name).write_bytes(bomb_of_gzip())
    script = (
        "import resource, sys; from bioworkbench.exchange.connectomes import read_graph\n"
        "resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))\n"
        "try: read_graph(sys.argv[1])\nexcept ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / name], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert name in done.stdout


LAUGHS = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
GRAPH = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="directed"><node id="{}"/></graph></graphml>'


@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
@pytest.mark.parametrize(
    "begin",
    [
        f'<!DOCTYPE g [<!ENTITY l0 "lol">{LAUGHS}]>',
        '<!DOCTYPE g [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE g SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE g [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ],
)
def test_entities(tmp_path, suffix, begin):
    path = tmp_path / f"x.{suffix}"
    path.write_text(f'<?xml version="1.0"?>{begin}{GRAPH.format("&l9;")}')
    assert "declares the document type 'g'" in answered(read_graph, path, (path.name,))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.graphml", "<graphml>" + "<a>" * 100_000 + "</a>" * 100_000 + "</graphml>"),
        ("deep.gexf", "<gexf>" + "<a>" * 100_000),
        ("deep.gml", "graph [ a " + "[ a " * 50_000),
        ("wide.gml", "graph [ node [ id " + "9" * 5000 + " ] ]"),
        ("huge.net", "*Vertices 1000000000000\n1 a\n"),
        ("huge.mtx", "%%MatrixMarket matrix coordinate real general\n9 9 1000000000000\n1 1 1.0\n"),
        ("large.mtx", "%%MatrixMarket matrix coordinate real general\n999999999 999999999 1\n1 1 1.0\n"),
        ("negative.mtx", "%%MatrixMarket matrix coordinate real general\n-3 -3 1\n1 1 1.0\n"),
        ("outside.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 1\n9 9 1.0\n"),
        ("one.csv", "a" * 10_000_000),
        ("quote.csv", 'source,target\n"a,b\n' + "c,d\n" * 100_000),
        ("names.csv", "source,source,target\na,b,c\n"),
        ("twice.csv", "source,target\na,b\na,b\n"),
        ("wide.csv", "a," * 200_000 + "a\n" + "1," * 200_000 + "1\n"),
    ],
)
def test_texts_that_are_made_to_harm(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert answered(read_graph, tmp_path / name, (name,))


def header(shape, kind="<f8"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (len(text) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "content",
    [
        header("(1000000, 1000000)"),
        header("(99999999999999999999, 1)"),
        header("(-1, -1)"),
        header("(2, 2)", "|O") + b"cos\nsystem\n(S'true'\ntR.",
        header("(2, 2)", "<M8[s]") + bytes(32),
        header("(True, True)") + bytes(8),
        header("(" + "(" * 500 + ")" * 500 + ")"),
        header("__import__('os').system('true')"),
        header("(2, 2)") + bytes(8),
        header("(2, 2)") + np.array([np.nan] * 4).tobytes(),
    ],
)
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_numpy_that_is_made_to_harm(tmp_path, name, content):
    import zipfile  # noqa: PLC0415

    path = tmp_path / name
    path.write_bytes(content)
    if name == "a.npz":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.npy", content)
    assert answered(read_graph, path, (name,))


@pytest.mark.parametrize("name", ["sparse.mat", "mat"])
def test_matlab_files_that_kill_their_reader(tmp_path, name):
    """SciPy's reader dies of some: it is another process that does. Four bytes after each other, at any place."""
    path = FILES[name].write(tmp_path)
    whole = path.read_bytes()
    for place in range(128, len(whole), 8 if N_DAMAGES else 64):
        path.write_bytes(whole[:place] + b"\xff\xff\xff\x7f" + whole[place + 4 :])
        answered(read_graph, path, (path.name,))


def test_matlab_bombs(tmp_path):
    """An element that unpacks to gigabytes."""
    pytest.importorskip("neo")
    packer, block = zlib.compressobj(9), bytes(2**24)
    begin = (14).to_bytes(4, "little") + (2**33 % 2**32).to_bytes(4, "little")
    content = packer.compress(begin) + b"".join(packer.compress(block) for _ in range(32)) + packer.flush()
    valid = FILES["mat"].write(tmp_path).read_bytes()
    path = tmp_path / "b.mat"
    path.write_bytes(valid[:128] + (15).to_bytes(4, "little") + len(content).to_bytes(4, "little") + content)
    assert answered(read_graph, path, ("b.mat",))
    assert answered(lambda given: neo_recording("x", file=given), path, ("b.mat",))
    assert Path(path).is_file()
