"""What is legal but suspicious in a run."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bioworkbench.evaluation import SMALLER_IS_BETTER
from bioworkbench.network import Network
from bioworkbench.spec.records import ExperimentSpec

__all__ = ["suspicions"]


def suspicions(spec: ExperimentSpec, network: Network, metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """Warnings about activity, scores and the spec, in words a user can act on.

    Parameters
    ----------
    spec : ExperimentSpec
    network : Network
    metrics : mapping
        As ``metrics.json`` holds them.
    """
    return (*_about_activity(network, metrics["activity"]), *_about_scores(metrics), *_about_sweep(spec))


def _about_activity(network: Network, activity: Mapping[str, Any]) -> Iterator[str]:
    for population in network.populations:
        numbers, refractory = activity[population.name], population.model.refractory
        if not population.model.threshold:
            continue
        if numbers["mean_rate"] == 0:
            yield f"Population '{population.name}' never spiked; raise its drive or its input weights."
        elif numbers["silent_fraction"] > 0.5:
            yield f"{100 * numbers['silent_fraction']:.0f} % of population '{population.name}' never spiked."
        limit = np.inf if refractory is None else 1 / float(np.asarray(refractory))
        if numbers["mean_rate"] > 0.5 * limit:
            yield (
                f"Population '{population.name}' spikes at {numbers['mean_rate']:.0f} Hz, more than half of the {limit:.0f} Hz that its "
                "refractory period allows; its input may be too strong."
            )


def _about_scores(metrics: Mapping[str, Any]) -> Iterator[str]:
    for name, score in metrics.get("test", {}).items():
        sign = -1 if name in SMALLER_IS_BETTER else 1
        for rival, numbers in metrics["baselines"].items():
            if sign * score <= sign * numbers[name]:
                yield f"Test {name} is no better than that of the baseline '{rival}' ({score:.4g} against {numbers[name]:.4g})."


def _about_sweep(spec: ExperimentSpec) -> Iterator[str]:
    if spec.scored_on != "test":
        yield f"Scored on part '{spec.scored_on}' in place of the test trials, which were not used."
    if spec.sweep:
        yield f"The spec sweeps {', '.join(spec.sweep)}; this run is the one point that the spec itself describes."
