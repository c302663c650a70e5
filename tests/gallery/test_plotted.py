"""The numbers that a figure shows, read back."""

import csv

import numpy as np
import pytest
from matplotlib.figure import Figure

from bioworkbench.gallery.plotted import COLUMNS, plotted_rows, write_plotted


@pytest.fixture
def axes():
    return Figure().subplots()


def rows(axes, kind):
    return [row for row in plotted_rows(axes.figure) if row["drawn_as"] == kind]


def test_lines_come_with_labels_and_names(axes):
    axes.plot([1, 2], [3, 4], label="this")
    axes.set(xlabel="time (s)", ylabel="rate (Hz)", title="A")
    first, second = rows(axes, "line")
    assert (first["x"], first["y"], second["x"], second["y"]) == (1, 3, 2, 4)
    assert (first["series"], first["x_label"], first["y_label"], first["title"]) == ("this", "time (s)", "rate (Hz)", "A")


def test_error_bars_are_not_lines_as_well(axes):
    axes.errorbar([1, 2], [3, 4], yerr=[0.5, 0.25], xerr=0.1, label="mean")
    found = rows(axes, "error bar")
    assert [row["y_error"] for row in found] == pytest.approx([0.5, 0.25])
    assert [row["x_error"] for row in found] == pytest.approx([0.1, 0.1])
    assert rows(axes, "line") == []


def test_bars_are_named_by_their_ticks(axes):
    axes.barh(["ours", "chance"], [0.9, 0.1])
    assert [(row["y"], row["x"]) for row in rows(axes, "bar")] == [("ours", pytest.approx(0.9)), ("chance", pytest.approx(0.1))]
    axes.bar([5], [2.5])
    assert rows(axes, "bar")[-1]["y"] == pytest.approx(2.5)


def test_scatters_steps_and_images(axes):
    axes.scatter([1], [2])
    axes.stairs([3, 4], [0, 1, 2])
    axes.imshow(np.array([[1.0, 2.0]]))
    assert [(row["x"], row["y"]) for row in rows(axes, "scatter")] == [(1, 2)]
    assert [(row["x"], row["y"]) for row in rows(axes, "step")] == [(0, 3), (1, 4)]
    assert [(row["x"], row["y"], row["value"]) for row in rows(axes, "cell")] == [(0, 0, 1.0), (1, 0, 2.0)]


def test_the_table_has_all_columns(axes, tmp_path):
    axes.plot([1.0], [1 / 3])
    write_plotted(axes.figure, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open() as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == COLUMNS
    assert (table[0]["y"], table[0]["y_error"]) == ("0.333333", "")


CATEGORIES = ["low", "10", "7", "high"]  # numbers as text are categories too, not the places where they are drawn


@pytest.mark.parametrize("draw", ["plot", "scatter", "bar", "step"])
def test_categories_on_the_first_axis(axes, draw):
    getattr(axes, draw)(CATEGORIES, [1, 2, 3, 4])
    assert [(row["x"], row["y"]) for row in plotted_rows(axes.figure)] == list(zip(CATEGORIES, [1, 2, 3, 4], strict=True))


def test_categories_on_the_second_axis_and_with_error_bars(axes):
    axes.errorbar([1, 2], ["a", "3"], xerr=0.5)
    assert [(row["x"], row["y"], row["x_error"]) for row in plotted_rows(axes.figure)] == [(1, "a", 0.5), (2, "3", 0.5)]


def test_places_between_categories_are_numbers(axes):
    axes.bar(["a", "b"], [1, 2])
    axes.plot([0.25, np.nan], [1, 2])
    assert rows(axes, "line")[0]["x"] == 0.25
    assert np.isnan(rows(axes, "line")[1]["x"])


def test_dates_on_an_axis(axes, tmp_path):
    days = np.array(["2020-01-31", "2020-03-01"], dtype="datetime64[D]")
    axes.plot(days, [1, 2])
    assert [row["x"] for row in rows(axes, "line")] == ["2020-01-31T00:00:00", "2020-03-01T00:00:00"]
    write_plotted(axes.figure, tmp_path / "dates.csv")


def test_powers_of_ten_are_numbers(axes):
    """A logarithmic axis writes them in TeX, which stood in the table."""
    axes.plot([1, 10, 300], [1, 2, 3])
    axes.set_xscale("log")
    assert [row["x"] for row in rows(axes, "line")] == [1, 10, 300]


def test_a_line_across_the_panel_has_one_place(axes):
    """The other one was a fraction of the panel."""
    axes.plot([0, 90], [1, 2])
    axes.axhline(50, label="level")
    axes.axvline(3)
    axes.plot([0.5], [0.5], transform=axes.transAxes)
    assert [(row["x"], row["y"]) for row in rows(axes, "line")] == [(0, 1), (90, 2), (None, 50), (3, None)]


def test_errors_that_are_not_known_stay_empty(axes):
    axes.errorbar([1, 2, 3], [3, 4, np.nan], yerr=[np.nan, 0.5, 0.5])
    assert [row.get("y_error") for row in rows(axes, "error bar")] == [None, pytest.approx(0.5), None]


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_cells_are_where_the_axes_have_them(axes, origin):
    image = axes.imshow(np.ma.masked_equal([[1.0, 0.0], [3.0, 4.0]], 0), extent=(0, 20, 5, 15), origin=origin)
    found = {(row["x"], row["y"]): row["value"] for row in rows(axes, "cell")}
    first, second = (12.5, 7.5) if origin == "upper" else (7.5, 12.5)
    assert found == {(5, first): 1, (5, second): 3, (15, second): 4}
    for (x, y), value in found.items():
        assert image.get_cursor_data(type("Event", (), dict(zip("xy", axes.transData.transform((x, y)), strict=True)))) == value
