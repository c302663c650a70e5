"""Brian2's own tests: what passes on its C++ device passes on ours.

They come with Brian2, so each version brings its own; a newer one is tried by running this file with the Python that has it.
"""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SUITE = """
import sys
import brian2
import bioworkbench.device
brian2.test([], test_codegen_independent=False, test_standalone=sys.argv[1], additional_args=sys.argv[2:])
"""

FEATURES = """
import json, sys
import brian2
import bioworkbench.device
from brian2.tests import features
from brian2.tests.features.base import Configuration, CPPStandaloneConfiguration, FeatureTest, run_feature_tests

class Ours(Configuration):
    name = "bioworkbench"

    def before_run(self):
        brian2.prefs.reset_to_defaults()
        brian2.set_device("bioworkbench", build_on_run=False)

    def after_run(self):
        brian2.device.build(directory="ours", compile=True, run=True, with_output=False)

wanted = {"bioworkbench": Ours, "cpp_standalone": CPPStandaloneConfiguration}[sys.argv[1]]
wanted_tests = [test for test in FeatureTest.__subclasses__() if len(sys.argv) < 4 or test.fullname() in sys.argv[3:]]
found = run_feature_tests([wanted], wanted_tests, verbose=False)
symbols = {name: each[0] for (configuration, name), each in found.full_results.items() if configuration == wanted.name}
with open(sys.argv[2], "w") as file:
    json.dump(symbols, file)
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


def features(folder, device, *chosen):
    """Symbol of each of Brian2's feature tests by name: "." where results are those of NumPy."""
    path = folder / f"{device}.json"
    done = python(folder, FEATURES, device, path, *chosen)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(path.read_text())


def test_standalone_tests_pass(tmp_path):
    ours = suite(tmp_path, "bioworkbench")
    failed = [name for name, passed in ours.items() if not passed]
    theirs = suite(tmp_path, "cpp_standalone", *failed) if failed else {}
    print(
        f"{len(ours)} tests, {len(failed)} fail here; of these {sum(theirs.get(name, False) for name in failed)} pass on cpp_standalone"
    )
    assert len(ours) > 200
    assert [name for name in failed if theirs.get(name, True)] == []


def test_feature_tests_pass(tmp_path):
    ours = features(tmp_path, "bioworkbench")
    failed = [name for name, symbol in ours.items() if symbol != "."]
    theirs = features(tmp_path, "cpp_standalone", *failed) if failed else {}
    print(
        f"{len(ours)} feature tests, not exact here {failed}, there {[name for name, symbol in theirs.items() if symbol != '.']}"
    )
    assert len(ours) > 20
    assert [name for name in failed if theirs[name] == "."] == []
