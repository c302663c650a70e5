"""Training methods by name; each is ``train(task, network, simulate, rng, *, ...) -> TrainedNetwork`` in a module of its own."""

from bioworkbench.records.choice import Choice
from bioworkbench.records.drawing import EVERYTHING, Drawing
from bioworkbench.records.functions import Functions

__all__ = ["METHODS", "drawn_by"]

METHODS = Functions(
    "methods",
    {
        "ch_snn": "bioworkbench.methods.ch_snn:train",
        "noise_single_step": "bioworkbench.methods.noise_single_step:train",
        "ransnn": "bioworkbench.methods.ransnn:train",
        "reconstruction": "bioworkbench.methods.reconstruction:train",
        "rewired_reservoir": "bioworkbench.methods.rewired_reservoir:train",
        "s_swim": "bioworkbench.methods.s_swim:train",
        "unsupervised": "bioworkbench.methods.unsupervised:train",
    },
)
"""Methods that a spec can name; each is imported when it is used."""

_DRAWN = {
    "ch_snn": EVERYTHING,
    "reconstruction": frozenset({"weights"}),
    "s_swim": frozenset({"weights"}),
}


def drawn_by(method: Choice | None, layer: int, skipped: int = 0) -> frozenset[str]:
    """What of a projection a method draws itself, so that a spec leaves it out: "topology", "weights", both or nothing.

    Links that skip a population are never drawn.

    Parameters
    ----------
    method : Choice or None
        With its settings, of which those that are `Drawing` have a say.
    layer : int
        Of the population that the projection goes to.
    skipped : int
        Number of layers between the populations that it connects.

    Returns
    -------
    frozenset of str
    """
    if skipped > 0 or method is None:
        return frozenset()
    drawn = _DRAWN.get(method.kind, frozenset())
    for settings in method.arguments.values():
        drawn = settings.drawn(layer, drawn) if isinstance(settings, Drawing) else drawn
    return drawn
