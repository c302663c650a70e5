"""Small specs as tables, for the tests of everything that reads one."""

import copy
from typing import Any


def alone() -> dict[str, Any]:
    """Two populations and their projections, without a task."""
    return copy.deepcopy(
        {
            "seed": 1,
            "dt": "0.5 ms",
            "duration": "50 ms",
            "backend": "numpy",
            "populations": {
                "exc": {"size": 20, "kind": "noisy_lif", "tau": "normal(20 ms, 1 ms)", "sigma": "5 mV", "rest": "-52 mV"},
                "inh": {"size": 5, "kind": "noisy_lif"},
            },
            "projections": {
                "exc_inh": {
                    "source": "exc",
                    "target": "inh",
                    "topology": {"kind": "bernoulli", "p": 0.5},
                    "weights": {"kind": "gaussian", "mean": "2 mV", "deviation": "0.5 mV"},
                    "delay": "uniform(1 ms, 2 ms)",
                },
                "exc_exc": {
                    "source": "exc",
                    "target": "exc",
                    "topology": {"kind": "fixed_in_degree", "n_inputs": 3},
                    "weights": {"kind": "constant", "value": "0.1 mV"},
                },
            },
            "record": [{"variable": "exc.v", "neurons": 2, "every": "1 ms"}],
        }
    )


def with_task() -> dict[str, Any]:
    """Digits through a layer of frozen neurons in discrete time."""
    return copy.deepcopy(
        {
            "seed": 1,
            "dt": "1 ms",
            "backend": "numpy",
            "metrics": ["accuracy"],
            "task": {"kind": "digits", "n_train": 60, "n_test": 30},
            "input": {"kind": "as_rate", "frame": "10 ms", "maximum": "1 kHz"},
            "populations": {"hidden": {"size": 30, "kind": "discrete_lif", "leak": 0.95}},
            "projections": {
                "input_hidden": {
                    "source": "input",
                    "target": "hidden",
                    "topology": "all_to_all",
                    "weights": {"kind": "uniform_fan_in", "gain": 2.0},
                }
            },
            "method": {"kind": "frozen", "readout": {"kind": "ridge", "penalty": 0.01}},
        }
    )
