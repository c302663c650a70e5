"""Labels of neurons: each votes for the class that it spikes most for."""

import numpy as np
from numpy.typing import ArrayLike

from bioworkbench.records.arrays import finite, shaped
from bioworkbench.records.linear_readout import LinearReadout

__all__ = ["neuron_labels"]


def neuron_labels(features: ArrayLike, targets: ArrayLike) -> LinearReadout:
    """Readout that gives each neuron the class of its largest mean response, and chooses the class of the largest mean of its neurons.

    Nothing is fitted but the labels. A neuron that never spikes has none; a class without neurons is never chosen where another has one
    that spikes.

    Parameters
    ----------
    features : array (n_trials, n_features)
        Such as spike counts; a response of 0 or less is none.
    targets : int array (n_trials,)
        Classes.

    Returns
    -------
    LinearReadout

    Raises
    ------
    ValueError
        If shapes disagree, or targets are no classes.

    References
    ----------
    Diehl & Cook (2015), Unsupervised learning of digit recognition using spike-timing-dependent plasticity,
    doi:10.3389/fncom.2015.00099.

    Examples
    --------
    >>> readout = neuron_labels([[3, 0, 0], [2, 1, 0], [0, 4, 0]], [0, 0, 1])
    >>> readout.predictions(np.array([[1, 0, 5], [0, 1, 5]])).tolist()
    [0, 1]
    """
    counts = shaped("features", finite("features", features), (None, None))
    classes = np.asarray(targets)
    if classes.ndim != 1 or not np.issubdtype(classes.dtype, np.integer) or len(classes) != len(counts):
        raise ValueError(
            f"targets are {classes.dtype} of shape {classes.shape}; labels need {len(counts)} whole numbers, one a trial"
        )
    if classes.min() < 0:
        raise ValueError(f"targets go down to {classes.min()}; classes are counted 0, 1, 2, ...")
    classes = classes.astype(np.int64)
    shown = np.eye(classes.max() + 1)[classes]
    response = counts.T @ shown / np.maximum(shown.sum(axis=0), 1)  # (n_features, n_classes)
    voting = (response == response.max(axis=1, keepdims=True)) & (response > 0)
    voting &= np.cumsum(voting, axis=1) == 1  # the first of equals
    coefficients = voting / np.maximum(voting.sum(axis=0), 1)
    return LinearReadout(coefficients, np.zeros(coefficients.shape[1]), "argmax")
