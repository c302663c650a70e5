"""A case for every entry of every dict that a spec can name: the settings that must be given, and small ones."""

NEURONS = {  # settings that must be given
    "custom": {
        "equations": "dv/dt = (rest - v)/tau : volt",
        "threshold": "v > -50*mV",
        "reset": "v = -60*mV",
        "constants": {"rest": "-45 mV", "tau": "10*ms + i*ms"},
        "start": {"v": "rest - rand()*mV"},
    },
    "discrete_lif": {"leak": 0.9},
    "spike_response": {"sigma": 4.0},
}
NEURONS |= {
    name: {}
    for name in (
        *("adaptive_lif", "adex", "conductance_lif", "exponential_if", "hodgkin_huxley", "izhikevich", "noisy_lif"),
        *("poisson_source", "soft_reset_if"),
    )
}
SQUARE, BIPARTITE = "cells", "others"  # where links go to, from "cells"
TOPOLOGIES = {
    "all_to_all": (SQUARE, {}),
    "barabasi_albert": (SQUARE, {"n_new": 2}),
    "bernoulli": (BIPARTITE, {"p": 0.3}),
    "configuration_model": (SQUARE, {"degrees": "poisson", "mean": 4.0}),
    "file": (SQUARE, {"file": "ring.csv"}),
    "fixed_in_degree": (BIPARTITE, {"n_inputs": 3}),
    "fixed_out_degree": (BIPARTITE, {"n_outputs": 3}),
    "fixed_total": (BIPARTITE, {"n_links": 30}),
    "layered": (BIPARTITE, {"sparsity": 0.5}),
    "local_receptive_field": (BIPARTITE, {"height": 4, "width": 5, "size": 3}),
    "nonuniform_pso": (SQUARE, {"n_new": 3, "temperature": 0.3, "exponent": 3.0, "n_communities": 2}),
    "one_to_one": (BIPARTITE, {}),
    "receptive_field_bipartite": (BIPARTITE, {"sparsity": 0.5}),
    "small_world_bipartite": (BIPARTITE, {"sparsity": 0.5}),
    "spatial": (SQUARE, {"p_max": 0.8, "length": 0.2}),
    "stochastic_block": (SQUARE, {"n_blocks": 2, "p_within": 0.5, "p_between": 0.1}),
    "watts_strogatz": (SQUARE, {"n_neighbors": 4, "rewiring": 0.2}),
}
WEIGHTS = {
    "constant": {"value": "0.1 mV"},
    "file": {"file": "ring.csv", "scale": "1 V"},
    "gaussian": {"mean": "0.1 mV", "deviation": "0.05 mV"},
    "lognormal": {"mean": "0.1 mV", "deviation": "0.05 mV"},
    "scaled_to_spectral_radius": {"radius": "0.9 mV"},
    "smooth_fields": {"width": 5, "blur": 1.0},
    "uniform": {"low": "0 mV", "high": "0.2 mV"},
    "uniform_fan_in": {},
}
DELAYS = {"file": {"file": "ring.csv", "column": "weight"}}
PLAIN = {"smooth_fields", "uniform_fan_in"}  # without a unit, onto neurons in discrete time
POTENTIAL, PER_VOLT = {"kind": "constant", "value": "0.1 mV"}, {"kind": "constant", "value": 0.1}
SYNAPSES = {  # weights, and settings that must be given
    "alpha": (POTENTIAL, {}),
    "ampa": (POTENTIAL, {}),
    "biexponential": (POTENTIAL, {}),
    "custom": (
        POTENTIAL,
        {
            "equations": "x : 1\ny : 1",
            "on_pre": "{receiver}_post += weight*x*y",
            "constants": {"x": "0.5 + (i != j)*rand()"},
            "start": {"y": "x + N_post"},
        },
    ),
    "dopamine_stdp": (POTENTIAL, {"largest": "1 mV"}),
    "exponential": (POTENTIAL, {}),
    "gaba_a": (POTENTIAL, {}),
    "gaba_b": (POTENTIAL, {}),
    "gap_junction": (PER_VOLT, {}),
    "graded": (PER_VOLT, {}),
    "homeostatic_scaling": (POTENTIAL, {}),
    "inhibitory_stdp": (POTENTIAL, {"largest": "1 mV"}),
    "nmda": (POTENTIAL, {}),
    "pair_stdp": (POTENTIAL, {"largest": "1 mV"}),
    "pulse": (POTENTIAL, {}),
    "stochastic_release": (POTENTIAL, {}),
    "triplet_stdp": (POTENTIAL, {"largest": "1 mV"}),
    "tsodyks_markram": (POTENTIAL, {}),
    "voltage_stdp": (POTENTIAL, {"largest": "1 mV"}),
}
RULES = {
    "all_to_all": {},
    "bernoulli": {"p": 0.3},
    "fixed_in_degree": {"n": 3},
    "fixed_out_degree": {"n": 3},
    "fixed_total": {"n": 30},
    "one_to_one": {},
}
STIMULI = {
    "chirp": {"amplitude": "1 mV", "first": "1 Hz", "last": "20 Hz"},
    "formula": {"value": "i*t*mV/second"},
    "noise": {"deviation": "1 mV", "tau": "5 ms"},
    "poisson": {"rate": "100*Hz*(t > 0.5*ms)"},
    "ramp": {"last": "1 mV"},
    "regular": {"rate": "1 kHz"},
    "sine": {"amplitude": "1 mV", "frequency": "10 Hz"},
    "steps": {"times": ["0.2 ms"], "values": ["1 mV"]},
    "trains": {"times": ["0.2 ms", "0.5 ms"], "channels": [0, 1]},
}
ENCODINGS = {
    "as_current": {"frame": "4 ms"},
    "as_latency": {"frame": "4 ms", "n_levels": 4},
    "as_rate": {"frame": "4 ms", "maximum": "1 kHz"},
}
FEATURES = {
    "binned_counts": {"bin": "2 ms"},
    "filtered_spikes": {"tau": "5 ms"},
    "first_spike_latency": {},
    "last_step_pattern": {},
    "spike_counts": {},
}
READOUTS = {name: {"penalty": 0.1} for name in ("lasso", "linear_svm", "logistic", "ridge")}
READOUTS["neuron_labels"] = {}
READOUTS["adam"] = {"n_updates": 5, "batch_size": 4}
CLASSES, VALUES = ("adam", "logistic", "linear_svm", "ridge"), ("ridge", "lasso")
WINDOWS = {"history": 3, "horizon": 2, "stride": 20}
FRAMES = {"n_train": 4, "n_test": 3, "n_frames": 20, "washout": 2}
SEEN = {"n_frames": 4, "width": 3, "height": 2}
TASKS = {  # settings, encoding, feature, readout, metrics
    "addition": ({"base": 2, "n_digits": 2, "n_train": 10, "n_test": 6}, "as_rate", "filtered_spikes", "logistic", ["accuracy"]),
    "addition_with_carry": ({"n_digits": 2, "n_train": 60, "n_test": 6}, "as_current", "filtered_spikes", "ridge", ["accuracy"]),
    "cifar10": ({"n_train": 30, "n_test": 10, "file": "small.npz"}, "as_rate", "spike_counts", "logistic", ["accuracy"]),
    "delayed_xor": ({"n_train": 20, "n_test": 10}, "as_current", "last_step_pattern", "linear_svm", ["accuracy"]),
    "digits": ({"n_train": 40, "n_test": 20}, "as_latency", "first_spike_latency", "neuron_labels", ["accuracy"]),
    "etth1": (WINDOWS | {"split": [0.6, 0.2, 0.2]}, "as_current", "binned_counts", "lasso", ["mae", "rse", "r2", "correlation"]),
    "events": (SEEN | {"train": "seen.zip", "test": "seen.zip"}, "as_current", "spike_counts", "ridge", ["accuracy"]),
    "exchange_rate": (WINDOWS, "as_current", "filtered_spikes", "ridge", ["r2"]),
    "first_last_xor": ({"length": 4, "n_train": 10, "n_test": 6}, "as_rate", "last_step_pattern", "adam", ["accuracy"]),
    "mackey_glass": (FRAMES, "as_current", "filtered_spikes", "ridge", ["correlation"]),
    "memory_capacity": (FRAMES | {"n_delays": 2}, "as_current", "filtered_spikes", "ridge", ["memory_capacity"]),
    "mnist": ({"n_train": 30, "n_test": 10, "file": "small.npz"}, "as_rate", "spike_counts", "logistic", ["accuracy"]),
    "narma10": (FRAMES, "as_current", "filtered_spikes", "ridge", ["rse", "r2"]),
    "series": ({"file": "walk.csv", **WINDOWS}, "as_current", "binned_counts", "lasso", ["mae"]),
    "spoken_digits": ({"n_channels": 5, "n_frames": 4, "file": "small.zip"}, "as_current", "spike_counts", "linear_svm", ["accuracy"]),
    "table": ({"file": "rows.csv", "target": "y"}, "as_current", "spike_counts", "adam", ["accuracy"]),
}  # fmt: skip
PER_FRAME = {"addition", "addition_with_carry", "mackey_glass", "memory_capacity", "narma10"}  # tasks with a target per frame
METHODS = {
    "ch_snn": {"sparsity": 0.5, "optimization": {"epochs": 2, "batch_size": 20}},
    "noise_single_step": {"optimization": {"epochs": 2, "batch_size": 20}},
    "ransnn": {},
    "reconstruction": {},
    "rewired_reservoir": {"episodes": {"n": 2, "max_rate": "1000 Hz"}, "rewiring": {"bin": "2 ms"}},
    "s_swim": {},
    "unsupervised": {"learning": {"n_in_round": 10}},
}
RECORDED = {  # name of a small file, and settings that must be given
    "aer": ("events.bin", {}),
    "heidelberg": ("shd.h5", {}),
    "neo": ("block.mat", {}),
    "nwb": ("session.nwb", {}),
    "sonata": ("sonata.csv", {}),
    "sonata_report": ("report.h5", {}),
    "spikes": ("spikes.csv", {}),
    "values": ("walk.csv", {"frame": "0.1 ms"}),
}
CASES = {
    "delays": DELAYS,
    "encodings": ENCODINGS,
    "features": FEATURES,
    "methods": METHODS,
    "metrics": {name for *_, metrics in TASKS.values() for name in metrics},
    "networks": ["nir", "sonata"],  # tests/experiment/test_given_networks.py
    "neurons": NEURONS,
    "readouts": READOUTS,
    "stimuli": STIMULI | RECORDED,
    "synapses": SYNAPSES,
    "tasks": [*TASKS, "recording"],  # to which a network is fitted: tests/experiment/test_recorded_fit.py
    "topologies": TOPOLOGIES,
    "weights": WEIGHTS,
}

QUICK = {"addition", "delayed_xor", "digits", "etth1", "memory_capacity", "spoken_digits", "table"}
"""Tasks with which every encoding, feature, readout and metric is run; the others are run by slow tests."""
