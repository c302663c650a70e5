"""Panels that set repeated runs beside each other, looked at through their artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from bioworkbench.plots.comparison import curves_with_errors, scores_of_repeats, suit_scale


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_method_is_a_row_with_its_mean(axes):
    scores_of_repeats(axes, {"ours": [0.8, 0.9], "chance": [0.1]}, "accuracy")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ours", "chance"]
    assert texts(axes) == ["0.85", "0.1"]


def test_means_beyond_the_limits_are_arrows_that_leave_the_rest_room(axes):
    scores_of_repeats(axes, {"ours": [0.5, 0.6], "far": [9.0, 9.0], "less": [0.1]}, "error", limits=(0.4, 0.7))
    assert axes.get_xlim()[1] < 1.0
    assert [line.get_marker() for line in axes.lines if line.get_marker() in ("<", ">")] == [">", "<"]
    assert texts(axes) == ["0.55", "9", "0.1"]


def test_means_that_are_close_have_more_digits(axes):
    scores_of_repeats(axes, {"a": [0.4966], "b": [0.4971], "c": [0.4942], "far": [7.0]}, "error", limits=(0.4, 0.6))
    assert texts(axes) == ["0.4966", "0.4971", "0.4942", "7"]


def test_means_that_are_equal_have_no_more(axes):
    scores_of_repeats(axes, {"a": [0.4966], "b": [0.4966 + 1e-12]}, "error")
    assert texts(axes) == ["0.497", "0.497"]


def test_a_single_run_has_no_error_bar(axes):
    curves_with_errors(axes, {"ours": {2.0: [5.0], 1.0: [1.0, 3.0]}}, "n", "score", ("level", 4.0))
    line, (bars,) = axes.containers[0][0], axes.containers[0][2]
    np.testing.assert_allclose(line.get_xydata(), [[1.0, 2.0], [2.0, 5.0]])
    heights = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    assert heights == pytest.approx([2.0, 0.0])


def test_colors_of_many_curves_repeat(axes):
    curves_with_errors(axes, {str(k): {0.0: [1.0, 2.0], 1.0: [2.0, 3.0]} for k in range(9)}, "x", "y")
    colors = [container.lines[0].get_color() for container in axes.containers]
    assert colors[0] == colors[8] != colors[1]


@pytest.mark.parametrize(
    ("places", "scale"),
    [([1e-6, 1e-3, 1.0], "log"), ([0.0, 1e-3, 1.0], "linear"), ([1.0, 2.0], "linear"), ([-1.0, 90.0], "linear")],
)
def test_wide_axes_are_logarithmic(axes, places, scale):
    suit_scale(axes, "x", places)
    assert axes.get_xscale() == scale
