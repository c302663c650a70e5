"""Points of a sweep find the folders of what they are now: fingerprints that are kept know all that lies outside of the spec."""

import sys

import pytest

from bioworkbench.experiment.results.points import swept_points
from bioworkbench.experiment.results.spec_fingerprints import fingerprint
from bioworkbench.experiment.spec import read
from bioworkbench.records.functions import ALLOWED
from tests.documents import alone

MODULE = '''
from bioworkbench.neurons import noisy_lif


def cell():
    """A cell of mine."""
    return noisy_lif()


def other():
    """Another one."""
    return noisy_lif()
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """File of a module that may be imported."""
    name = f"points_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(ALLOWED, name)
    yield tmp_path / f"{name}.py"
    sys.modules.pop(name, None)


def swept(root, document, **sweep):
    """Fingerprints that a sweep takes, each beside that of its own spec."""
    points = swept_points(read({**document, "sweep": sweep}, "x"), root)
    marks = [point.folder.name for point in points]
    assert marks == [fingerprint(read(point.document, "x")) for point in points]
    return marks


@pytest.mark.parametrize("at", ["spec", "sweep"])
def test_changed_code_is_another_sweep(package, tmp_path, at):
    """A sweep found the results of the function before it was changed."""
    document, kinds = alone(), [f"{package.stem}:cell", f"{package.stem}:other"]
    document["populations"]["inh"] = {"size": 5, "kind": kinds[0] if at == "spec" else "noisy_lif"}
    values = {"seed": [1, 2]} if at == "spec" else {"populations.inh.kind": kinds}
    before = swept(tmp_path, document, **values)
    assert swept(tmp_path, document, **values) == before
    package.write_text(MODULE + "\n# changed\n")
    assert not set(swept(tmp_path, document, **values)) & set(before)


def test_files_that_change_places_are_another_sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts, document = ("source,target\n0,1\n", "source,target\n1,2\n"), alone()
    document["projections"]["exc_exc"]["topology"] = {"kind": "file", "file": "c.csv"}
    (tmp_path / "c.csv").write_text(texts[0])
    found = []
    for first, second in (texts, texts[::-1]):
        (tmp_path / "a.csv").write_text(first)
        (tmp_path / "b.csv").write_text(second)
        found.append(swept(tmp_path, document, **{"projections.exc_exc.topology.file": ["a.csv", "b.csv"]}))
    assert not set(found[0]) & set(found[1])
