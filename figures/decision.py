"""A decision by slow reverberation

Left: rates of the two groups in single trials; from 0.3 s on there is weak evidence for the one in blue. Right: how often that group wins
over the coherence of the evidence, with standard errors. Look for slow ramps that part until one group fires at some 35 Hz and the other
falls silent, for trials with the wrong winner, and for a curve from chance to certainty.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from bioworkbench.gallery.runs import FinishedRun
from bioworkbench.plots import style
from bioworkbench.records.recording import Recording

SPECS = ("decision",)
SIZE = 120  # cells of a group


def draw(results: Mapping[str, Sequence[FinishedRun]]) -> Figure:
    """Draw trials, and the psychometric curve."""
    runs = sorted(results[SPECS[0]], key=lambda run: next(iter(run.values.values())))
    coherences = np.array([next(iter(run.values.values())) for run in runs])
    recordings = [run.record.data.recording for run in runs]
    with plt.rc_context(dict(style.RC)):
        figure, (course, curve) = plt.subplots(1, 2, figsize=(style.PAGE, 2.6), layout="constrained")
        shown = recordings[min(2, len(runs) - 1)]
        times, rates = group_rates(shown)
        for trial in range(min(8, shown.n_trials)):
            for group, (color, label) in enumerate(((style.BLUE, "evidence for it"), (style.ORANGE, "against it"))):
                course.plot(times, rates[group, trial], color=color, linewidth=0.7, label="" if trial else label)
        course.legend(loc="upper left")
        course.set(xlabel="time (s)", ylabel="rate (Hz)", title=f"coherence {100 * coherences[min(2, len(runs) - 1)]:g} %")
        correct = np.array([first_wins(recording).mean() for recording in recordings])
        errors = np.sqrt(correct * (1 - correct) / shown.n_trials)
        curve.axhline(50, color="0.7", linewidth=0.7)
        curve.errorbar(100 * coherences, 100 * correct, 100 * errors, fmt="o-", color=style.BLUE, markersize=3)
        curve.set(xlabel="coherence (%)", ylabel="decisions for the evidence (%)", ylim=(0, 105))
        style.letter(figure.axes)
    return figure


def group_rates(recording: Recording, bin: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Middles of bins (n_bins,), seconds, and rates (2, n_trials, n_bins), hertz, of the two groups."""
    spikes, edges = recording.spikes["exc"], np.arange(0, recording.duration + bin / 2, bin)
    group = spikes.neuron // SIZE
    counts = [
        [np.histogram(spikes.time[(group == k) & (spikes.trial == trial)], edges)[0] for trial in range(recording.n_trials)]
        for k in range(2)
    ]
    return (edges[:-1] + edges[1:]) / 2, np.array(counts) / (SIZE * bin)


def first_wins(recording: Recording) -> np.ndarray:
    """Whether the first group spiked more than the second in the last 0.3 s of each trial, bool (n_trials,)."""
    times, rates = group_rates(recording)
    first, second = rates[:, :, times > recording.duration - 0.3].sum(axis=2)
    return first > second
