"""Brian2's own tests: what passes on its C++ device passes on ours.

They come with Brian2, so each version brings its own; a newer one is tried by running this file with the Python that has it.
"""

import subprocess
import sys

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

SUITE = """
import sys
import brian2
import bioworkbench.device
brian2.test([], test_codegen_independent=False, test_standalone=sys.argv[1], additional_args=sys.argv[2:])
"""

# Brian2's own loop over these asks for profiles that its tests do not take, and compares by an operator that NumPy has no more.
FEATURES = """
import sys
import brian2
import numpy as np
import bioworkbench.device
from brian2.tests import features
from brian2.tests.features.base import FeatureTest

def flat(name, values):
    if isinstance(values, tuple):
        values = dict(enumerate(values))
    if isinstance(values, dict):
        return {key: value for part, each in values.items() for key, value in flat(f"{name}/{part}", each).items()}
    return {name: np.array(values)}

found = {}
for kind in FeatureTest.__subclasses__():
    if sys.argv[1] != "runtime":
        brian2.set_device(sys.argv[1], build_on_run=False)
    else:
        brian2.prefs.codegen.target = "numpy"
    test = kind()
    test.run()
    if sys.argv[1] != "runtime":
        brian2.device.build(directory=None, with_output=False)
    found |= flat(test.fullname(), test.results())
    brian2.device.reinit()
    brian2.device.activate()
np.savez(sys.argv[2], **found)
"""


def python(folder, script, *words):
    """What a script that runs in a folder leaves behind."""
    return subprocess.run([sys.executable, "-c", script, *words], cwd=folder, capture_output=True, text=True, check=False)


def suite(folder, device, *chosen):
    """Outcome of each of Brian2's standalone tests by name: whether it passed. It runs them once for each way of running."""
    folder = folder / device
    folder.mkdir()
    only = ["-k", " or ".join(name.split("::")[-1] for name in chosen)] if chosen else []
    # Brian2 runs pytest several times, so outcomes are read from what it says, not from a file that each run writes anew.
    done = python(folder, SUITE, device, "-rA", "-q", *only)
    lines = [line.split(" - ")[0].split() for line in done.stdout.splitlines()]
    found = [(words[1], words[0] == "PASSED") for words in lines if len(words) > 1 and words[0] in {"PASSED", "FAILED", "ERROR"}]
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    return {name: all(passed for other, passed in found if other == name) for name, _ in found}


def features(folder, device):
    """Results of Brian2's feature tests by name."""
    path = folder / f"{device}.npz"
    done = python(folder, FEATURES, device, path)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(path) as file:
        return dict(file)


def test_standalone_tests_pass(tmp_path):
    ours = suite(tmp_path, "bioworkbench")
    failed = [name for name, passed in ours.items() if not passed]
    theirs = suite(tmp_path, "cpp_standalone", *failed) if failed else {}
    n_theirs = sum(theirs.get(name, False) for name in failed)
    print(f"{len(ours)} tests, {len(failed)} fail here; of these {n_theirs} pass on cpp_standalone: {failed}")
    assert len(ours) >= 150
    assert [name for name in failed if theirs.get(name, True)] == []


def test_feature_tests_give_the_results_of_numpy(tmp_path):
    ours, theirs = features(tmp_path, "bioworkbench"), features(tmp_path, "runtime")
    print(f"{len(ours)} results of feature tests")
    assert ours.keys() == theirs.keys()
    assert len(ours) >= 15
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-5, err_msg=name)
