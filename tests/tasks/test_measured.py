"""Tables as they really are: labels that are missing, columns without a name, times that go back, values that are not there."""

import numpy as np
import pandas
import pytest

from bioworkbench.records.tables import read_table
from bioworkbench.tasks.measured import read_measured, series_rows
from bioworkbench.tasks.time_series import _with_means, series, table

HOUR = np.timedelta64(1, "h")


@pytest.fixture
def write(tmp_path):
    def written(content):
        (tmp_path / "t.csv").write_text(content)
        return tmp_path

    return written


def forecast(folder, **settings):
    given = {"file": "t.csv", "data": folder, "history": 2, "horizon": 1, "split": (0.5, 0.2, 0.3)}
    return series(np.random.default_rng(1), **(given | settings))


def rows_of(folder, columns=(), missing="refuse", times="even", header=True):
    return series_rows(read_measured(folder / "t.csv", header=header), columns, missing=missing, times=times)


def sorted_into(folder, **settings):
    given = {"file": "t.csv", "data": folder, "target": "y"}
    return table(np.random.default_rng(1), **(given | settings))


ANIMALS = "x,y\n1,cat\n2, cat\n3,dog\n4,dog \n5,cat\n"


def test_labels_that_look_the_same_are_one_class(write):
    assert sorted_into(write(ANIMALS)).n_outputs == 2


@pytest.mark.parametrize("label", ["", " ", "NA", "nan"])
def test_a_row_without_label_is_no_class(write, label):
    folder = write(ANIMALS + f"6,{label}\n")
    for missing in ("refuse", "mean"):
        with pytest.raises(
            ValueError, match=r"line 7, column 'y': the value is missing \('.*'\); fill it in, or set missing = 'drop'"
        ):
            sorted_into(folder, problem="classification", missing=missing)
    task = sorted_into(folder, missing="drop")
    assert task.n_outputs == 2
    assert task.train.n_trials + task.test.n_trials == 5
    assert "1 row with missing values left out, 'y' with 2 classes (cat, dog)" in task.reference


def test_the_problem_is_found_out_and_said(write):
    assert "'y' with 2 classes (cat, dog)" in sorted_into(write(ANIMALS)).reference
    task = sorted_into(write("x,y\n1,0\n2,1\n3,1\n4,0\n5,2\n"))
    assert task.kind == "regression"
    assert task.reference == "file t.csv: 5 rows of 1 column, cells separated by ',', 'y' with values from 0 to 2"


def test_missing_inputs_of_a_table(write):
    folder = write("x,z,y\n1,1,a\n,2,b\n3,4,a\n4,?,b\n5,5,a\n6,7,b\n")
    with pytest.raises(
        ValueError, match=r"line 3, column 'x': the value is missing \('', the first of 2\); fill it in, or set missing"
    ):
        sorted_into(folder)
    assert sorted_into(folder, missing="drop").train.n_trials == 3
    assert sorted_into(folder, columns=("x",), missing="drop").train.n_trials == 4
    task = sorted_into(folder, missing="mean", test_fraction=1 / 3)
    values = np.concatenate([task.train.values, task.test.values])[:, 0]
    assert np.isclose(values, 0.0, atol=1e-12).sum() >= 2  # the mean of the training part, standardized
    np.testing.assert_allclose(task.train.values.mean(axis=0), 0.0, atol=1e-12)


def test_means_are_those_of_a_column_over_the_training_part():
    rows = np.array([[1.0, 100.0], [np.nan, 300.0], [5.0, np.nan], [np.nan, 900.0]])
    found = _with_means(("x", "z"), rows, np.array([0, 1, 2]))
    assert found.tolist() == [[1.0, 100.0], [3.0, 300.0], [5.0, 200.0], [3.0, 900.0]]


def test_a_column_without_values_has_no_mean(write):
    with pytest.raises(ValueError, match="columns x have no value in the training part; leave them out"):
        sorted_into(write("x,z,y\n,1,a\n,2,b\n,3,a\n"), missing="mean", test_fraction=0.4)


def test_missing_targets_of_a_regression(write):
    folder = write("x,y\n1,1\n2,\n3,5\n4,4\n")
    with pytest.raises(ValueError, match="line 3, column 'y': the value is missing"):
        sorted_into(folder)
    assert "1 row with missing values left out" in sorted_into(folder, missing="drop", test_fraction=0.4).reference


def test_the_index_of_pandas_is_neither_input_nor_forecast(write):
    walk = np.random.default_rng(1).normal(size=(20, 2)).cumsum(axis=0)
    frame = pandas.DataFrame(walk, columns=["a", "b"])
    plain = forecast(write(frame.to_csv(index=False)))
    for index in (
        frame.index,
        pandas.date_range("2020-01-31", periods=20, freq="ME"),
        pandas.Index([f"row {k}" for k in range(20)]),
    ):
        task = forecast(write(frame.set_axis(index).to_csv()))
        np.testing.assert_array_equal(task.train.values, plain.train.values)
        assert task.n_outputs == 2
    labeled = frame.assign(y=["a", "b"] * 10)
    assert sorted_into(write(labeled.to_csv())).train.n_channels == 2
    assert sorted_into(write(labeled.set_axis([f"row {k}" for k in range(20)]).to_csv())).train.n_channels == 2


def test_missing_values_of_a_series_are_refused_or_the_ones_before(write):
    folder = write("a,b\n1,2\n,3\nNA,4\n5,6\n")
    with pytest.raises(
        ValueError, match=r"line 3, column 'a': the value is missing \('', the first of 2\); .* set missing = 'previous'"
    ):
        rows_of(folder)
    _, rows, found = rows_of(folder, missing="previous")
    assert rows[:, 0].tolist() == [1, 1, 1, 5]
    assert found[-1] == "2 missing values replaced by the ones before"
    with pytest.raises(ValueError, match=r"line 2, column 'b': the value is missing \(''\)"):
        rows_of(write("a,b\n1,\n2,3\n"), missing="previous")


def dated(times, first="date"):
    return "\n".join([f"{first},x", *(f"{time},{k * k}" for k, time in enumerate(times))])


def every(step, n=6, start="2020-01-30T22:00"):
    return [np.datetime64(start) + k * step for k in range(n)]


EVEN = [
    every(HOUR),
    every(24 * HOUR),
    range(6),
    [0.0, 0.033, 0.067, 0.1, 0.133, 0.167],  # thirty a second, rounded
    [f"2020-{k:02d}-01" for k in range(1, 7)],
    [f"{2015 + k}" for k in range(6)],
    ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"],  # a weekend
    ["28.12.2019", "29.12.2019", "30.12.2019"],
    ["01/02/2020", "02/02/2020", "03/02/2020", "04/02/2020"],
    ["2020-03-01T00:00+01:00", "2020-03-01T00:00Z", "2020-03-01T03:00+01:00"],
]
GAPS = [
    [*every(HOUR, 4), *every(HOUR, 2, "2020-01-31T03:00")],
    [0, 1, 2, 4, 5],
    ["2020-01-02", "2020-01-03", "2020-01-07", "2020-01-08"],
]
REVERSED = [every(HOUR)[::-1], [*every(HOUR, 3), *every(HOUR, 3)], [0, 1, 1, 2], ["2020-01-02", "2020-01-02"]]


@pytest.mark.parametrize("first", ["date", "Time", "", "TIMESTAMP"])
@pytest.mark.parametrize("times", EVEN)
def test_even_times_are_no_input(write, first, times):
    names, _, found = rows_of(write(dated(times, first)))
    assert names == ["x"]
    assert found[-1].startswith("rows ")


def test_times_behind_the_values_are_no_input(write):
    """A channel of times, and gaps that nobody saw, where the column of times was not the first."""
    folder = write("x,time,y\n1,0,3\n2,1,4\n3,2,6\n")
    names, _, found = rows_of(folder)
    assert names == ["x", "y"]
    assert found[-1] == "rows 1 apart"
    names, _, _ = rows_of(folder, columns=("time", "y"))
    assert names == ["time", "y"]
    with pytest.raises(ValueError, match="1 gap, the first between '1' and '5'"):
        rows_of(write("x,time\n1,0\n2,1\n3,5\n4,6\n"))


@pytest.mark.parametrize("first", ["date", ""])
@pytest.mark.parametrize("times", GAPS)
def test_gaps_are_noticed(write, first, times):
    folder = write(dated(times, first))
    with pytest.raises(
        ValueError, match=r"1 gap, the first between '.*' and '.*' in line \d, where rows are .* apart; fill the missing"
    ):
        rows_of(folder)
    with pytest.raises(ValueError, match="1 gap"):
        rows_of(folder, ("x",))
    for asked in ("increasing", "ignore"):
        assert rows_of(folder, times=asked)[0] == ["x"]


@pytest.mark.parametrize("first", ["date", ""])
@pytest.mark.parametrize("times", REVERSED)
def test_time_that_goes_back_is_noticed(write, first, times):
    folder = write(dated(times, first))
    for asked in ("even", "increasing"):
        with pytest.raises(
            ValueError, match=r"in line \d is not after '.*' in the row before; sort the rows by time and give each"
        ):
            rows_of(folder, times=asked)
    assert rows_of(folder, times="ignore")[0] == ["x"]


@pytest.mark.parametrize("odd", ["soon", "", "2020-13-45"])
def test_a_column_of_time_that_is_none(write, odd):
    folder = write(dated([*every(HOUR, 3), odd]))
    with pytest.raises(
        ValueError, match="column 'date': '2020-01-30T22:00' and what follows are not all times; write them as 2020"
    ):
        rows_of(folder)
    assert rows_of(folder, times="ignore")[0] == ["x"]


@pytest.mark.parametrize("content", ["x,0.5\r1,2\r3,4\r", "date,x\r1,0.5\r2,0.7\r"])
def test_line_ends_of_old_macs(tmp_path, content):
    (tmp_path / "t.csv").write_text(content, newline="")
    assert read_table(tmp_path / "t.csv").cells.shape == (2, 2)
    assert "line ends CR" in rows_of(tmp_path)[2]


def test_what_was_found_is_said(write):
    walk = np.random.default_rng(1).normal(size=20).cumsum()
    lines = [f"{time};{value:.3f}".replace(".", ",") for time, value in zip(every(HOUR, 20), walk, strict=True)]
    task = forecast(write("\n".join(["time;x", *lines])))
    assert task.reference == "file t.csv: 20 rows of 1 column, cells separated by ';', decimal commas, rows 0 days 01:00:00 apart"
