"""What `check` calls fine, `run` starts: mutated specs end in a clear error or in a run, never in a traceback."""

import subprocess
import sys
import time

import numpy as np
import pytest
import tomli_w

import bioworkbench as bw
from bioworkbench.experiment.spec.plan import estimate
from bioworkbench.experiment.spec.validation import examined
from bioworkbench.records.errors import SpecError
from tests.experiment.spec.mutations import mutated

SMALL = 3e6  # neurons times steps times trials
LONGEST = 20.0  # processor seconds for a spec


def examined_all(first, n):
    """Numbers of the mutated specs that are fine and small; anything but a SpecError is raised, with the number of its spec."""
    fine = []
    for k in range(first, first + n):
        document, began = mutated(np.random.default_rng([13, k])), time.process_time()
        try:
            need = estimate(*examined(document, "x", "x.toml"))
        except SpecError as error:
            assert str(error).startswith("x.toml"), (k, error)  # noqa: PT017
            continue
        except Exception as error:
            raise AssertionError(f"spec {k}") from error
        finally:
            assert time.process_time() - began < LONGEST, k
        fine += [k] if need.n_steps * need.n_trials * need.n_neurons < SMALL else []
    return fine


def started(k, folder):
    """Run the mutated spec of that number; `check` cannot know that its neurons will be silent."""
    spec, _ = examined(mutated(np.random.default_rng([13, k])), "x", "x.toml")
    try:
        assert bw.run(spec, backend="numpy", results=folder, report=False).folder.is_dir(), k
    except SpecError as error:
        assert "are the neurons silent?" in str(error), k  # noqa: PT017


def test_mutated_specs_are_refused_in_words_or_run(tmp_path):
    fine = examined_all(0, 100)
    assert fine
    for k in fine[:2]:
        started(k, tmp_path / str(k))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_twenty_thousand_mutated_specs(tmp_path):
    fine = examined_all(0, 20_000)
    assert len(fine) >= 300
    for k in np.random.default_rng(1).permutation(fine)[:300]:
        started(int(k), tmp_path / str(k))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_two_hundred_mutated_specs_as_commands(tmp_path):
    tried = 0
    for k in range(100_000, 101_000):
        try:
            text = tomli_w.dumps(mutated(np.random.default_rng([13, k])))
        except (TypeError, ValueError):  # what TOML cannot hold
            continue
        path = tmp_path / f"x{k}.toml"
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "bioworkbench", "check", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode in (0, 2), (k, done.stderr)
        assert "Traceback" not in done.stderr, (k, done.stderr)
        tried += 1
        if tried == 200:
            break
    assert tried == 200
