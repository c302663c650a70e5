"""JAX and optax come with an extra, and what needs them says so."""

import subprocess
import sys

import pytest

from tests.sampled import every

CODE = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name in {missing!r} else found(name, *more)
import bioworkbench.__main__ as m
m.app_for({words!r})({words!r})
"""


def call(missing, words):
    code = CODE.format(missing=missing, words=words)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("missing", every(2, ["jax", "optax"]))
def test_a_method_that_needs_gradients_names_the_extra(missing):
    done = call([missing], ["check", "network_specs/noise_single_step_digits.toml"])
    assert done.returncode == 3
    assert f'training by gradients needs {missing}, which is not installed; pip install "bioworkbench[gradients]"' in done.stderr


def test_others_do_without():
    done = call(["jax", "jaxlib", "optax"], ["check", "network_specs/ransnn_digits.toml"])
    assert done.stdout.startswith("fine"), done.stderr
