"""Tables with a line per neuron: populations by a column of labels, and constants of each neuron's own."""

import numpy as np
import pytest

from bioworkbench.exchange.node_tables import NodeLabels, column_of_nodes, labeled_nodes
from bioworkbench.experiment.results import fingerprint
from bioworkbench.experiment.spec import read
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.records.errors import SpecError, TopologyError

NODES = "name,type,tau\na,K,10\nb,O,15\nc,K,20\nd,O,25\ne,K,30\nf,X,\n"
LINKS = "source,target,weight,delay\na,b,1,3\nc,d,2,2\ne,b,3,1\na,c,4,1\nb,a,5,1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "links.csv").write_text(LINKS)
    return tmp_path


def document(labels=None, tau=None, size=3):
    chosen = {
        "file": "links.csv",
        "labels": {"file": "nodes.csv", "column": "type", "source": "K", "target": "O", **(labels or {})},
    }
    own = {
        "kind": "file",
        "file": "nodes.csv",
        "column": "tau",
        "unit": "ms",
        "label_column": "type",
        "label": "K",
        **(tau or {}),
    }
    links = {
        "topology": {"kind": "file", **chosen},
        "weights": {"kind": "file", "scale": "1 mV", **chosen},
        "delay": {"kind": "file", **chosen},
    }
    return {
        "seed": 1,
        "dt": "0.1 ms",
        "duration": "1 ms",
        "backend": "numpy",
        "populations": {"kenyon": {"kind": "noisy_lif", "size": size, "tau": own}, "output": {"kind": "noisy_lif", "size": 2}},
        "projections": {"k_o": {"source": "kenyon", "target": "output", **links}},
    }


@pytest.mark.usefixtures("folder")
def test_populations_are_the_nodes_of_a_label():
    network = construct(read(document(), "x", "x.toml")).network
    (projection,) = network.projections
    np.testing.assert_allclose(projection.weights.toarray(), 1e-3 * np.array([[1, 0], [0, 2], [3, 0]]))
    np.testing.assert_allclose(projection.links.delays, [3e-3, 2e-3, 1e-3])
    np.testing.assert_allclose(np.asarray(network.population("kenyon").model.constants["tau"]), [10e-3, 20e-3, 30e-3])


def test_an_edited_table_is_another_run(folder):
    before = fingerprint(read(document(), "x", "x.toml"))
    (folder / "nodes.csv").write_text(NODES.replace("30", "31"))
    assert fingerprint(read(document(), "x", "x.toml")) != before


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": {"source": "Q"}}, "k_o.topology: nodes.csv, column 'type': 'Q' is not a label of a node; known: "),
        ({"labels": {"column": "typ"}}, "k_o.topology: .*'typ'"),
        ({"labels": {"file": "no.csv"}}, "k_o.topology: file = 'no.csv' is not a file"),
        ({"labels": {"name": "tau"}}, "k_o.topology: nodes.csv: none of its nodes is one of the links'"),
        ({"labels": {"name": "type"}}, "k_o.topology: nodes.csv: the node 'K' is there twice"),
        ({"labels": {"target": "X"}}, "gives 1 node the label 'X', and the target has 2 neurons; set size = 1"),
        ({"tau": {"column": "name"}}, "populations.kenyon: .*column 'name'"),
        ({"tau": {"label": "X"}}, "populations.kenyon: nodes.csv, line 7, column 'tau': the value is missing"),
        ({"tau": {"label": "Q"}}, "populations.kenyon: .*'Q' is not a label of a node"),
        ({"tau": {"unit": "mV"}}, "populations.kenyon.tau: '1 mV' is a voltage"),
        ({"tau": {"colum": "x"}}, "populations.kenyon.tau.colum: 'colum' is not a setting of a table of neurons|'colum' is not"),
        ({"size": 4}, "populations.kenyon: nodes.csv: tau has 3 values for 4 neurons; set size = 3"),
    ],
)
def test_what_is_refused(changes, words):
    with pytest.raises(SpecError, match=words):
        construct(read(document(**changes), "x", "x.toml"))


@pytest.mark.usefixtures("folder")
def test_a_column_must_be_named():
    given = document()
    del given["populations"]["kenyon"]["tau"]["column"]
    with pytest.raises(SpecError, match=r"populations\.kenyon\.tau: .*also needs column"):
        read(given, "x", "x.toml")


def test_from_a_script(folder):
    assert labeled_nodes(NodeLabels(folder / "nodes.csv", "type", "O", "X")) == (["b", "d"], ["f"])
    assert column_of_nodes(folder / "links.csv", "weight").tolist() == [1, 2, 3, 4, 5]
    (folder / "broken.csv").write_text("")
    with pytest.raises(TopologyError, match=r"broken\.csv"):
        column_of_nodes(folder / "broken.csv", "weight")
