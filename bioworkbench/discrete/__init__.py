"""Networks in discrete time with NumPy: the readable twin that Brian2 is tested against."""

from bioworkbench.discrete.simulate import lif_layer, simulate_discrete

__all__ = ["lif_layer", "simulate_discrete"]
