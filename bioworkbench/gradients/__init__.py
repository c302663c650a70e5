"""Gradient training of discrete-time networks with JAX and optax; the only part of the package that knows them.

They come with the extra "gradients".
"""

from importlib.util import find_spec

from bioworkbench.records.errors import SimulationError

for _name in ("jax", "optax"):
    if find_spec(_name) is None:
        raise SimulationError(
            f'training by gradients needs {_name}, which is not installed; pip install "bioworkbench[gradients]"', missing=_name
        )
