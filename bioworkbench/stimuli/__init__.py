"""Stimuli without a task: currents that step, ramp, swing or fluctuate, formulas of time, and spike trains.

Every function takes a `Timeline`, which says how long, for how many trials and channels; what is asked of it are keywords.
"""

from bioworkbench.records.functions import Functions
from bioworkbench.stimuli.currents import chirp, formula, noise, ramp, sine, steps
from bioworkbench.stimuli.spike_trains import poisson, regular, trains
from bioworkbench.stimuli.timeline import Timeline

__all__ = ["STIMULI", "Timeline", "chirp", "formula", "noise", "poisson", "ramp", "regular", "sine", "steps", "trains"]

STIMULI = Functions(
    "stimuli",
    {
        "chirp": chirp,
        "formula": formula,
        "noise": noise,
        "poisson": poisson,
        "ramp": ramp,
        "regular": regular,
        "sine": sine,
        "steps": steps,
        "trains": trains,
    },
)
"""Stimuli by the name that a spec uses."""
