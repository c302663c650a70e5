"""Ridge readout at the size of MNIST: one Gram matrix, 21 penalties, 5 folds, against scikit-learn's fit of one penalty."""

import time
from collections.abc import Callable

import numpy as np
from sklearn.linear_model import Ridge

from bioworkbench.readout.fits import ridge

N_TRIALS, N_FEATURES, N_CLASSES = 60_000, 2000, 10


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    rng = np.random.default_rng(1)
    features = rng.poisson(2.0, (N_TRIALS, N_FEATURES)).astype(np.float32)
    labels = rng.integers(0, N_CLASSES, N_TRIALS)
    one_hot = np.eye(N_CLASSES)[labels]
    peer = seconds(lambda: Ridge(alpha=1.0, solver="cholesky").fit(features.astype(float), one_hot))
    rows = {"ridge, one penalty": {"penalty": 0.01}, "ridge, cross-validated": {}}
    print(f"{N_TRIALS} x {N_FEATURES} features, {N_CLASSES} classes")
    print(f"{'scikit-learn Ridge, one penalty':32s} {peer:7.1f} s   1.00")
    for name, settings in rows.items():
        taken = seconds(lambda settings=settings: ridge(features, labels, **settings))
        print(f"{name:32s} {taken:7.1f} s   {taken / peer:.2f}")


if __name__ == "__main__":
    main()
