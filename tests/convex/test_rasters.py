"""Weights from a complete raster."""

import numpy as np
import pytest

from bioworkbench.convex.rasters import weights_from_raster
from bioworkbench.discrete import lif_layer


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_a_raster_made_by_known_weights_is_shown_again(reset):
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=(60, 12, 4)), rng.normal(size=4)
    raster = lif_layer((values @ weights + 0.2)[:, :, None], leak=0.95, reset=reset)[0][:, :, 0]
    found, bias, margin = weights_from_raster(values, raster, leak=0.95, reset=reset)
    assert margin > 0
    again, potentials = lif_layer((values @ found + bias)[:, :, None], leak=0.95, reset=reset)
    np.testing.assert_array_equal(again[:, :, 0], raster)
    assert np.abs(potentials - 1).min() == pytest.approx(margin, rel=1e-6)


def test_rasters_that_no_weights_show_are_refused():
    values = np.ones((1, 3, 1))
    with pytest.raises(ValueError, match=r"no weights between -10.0 and 10.0 show this raster; the best margin is"):
        weights_from_raster(np.concatenate([values, values]), np.array([[1, 0, 0], [0, 1, 0]], dtype=bool), leak=0.9)
    with pytest.raises(ValueError, match=r"raster has shape \(1, 2\); it must be \(1, 3\)"):
        weights_from_raster(values, np.zeros((1, 2), dtype=bool), leak=0.9)
    with pytest.raises(ValueError, match="reset = 'hard': must be 'subtract' or 'zero'"):
        weights_from_raster(values, np.zeros((1, 3), dtype=bool), leak=0.9, reset="hard")
