"""Windows of time series and tables: what each part may see, and files that are not tables."""

import os

import numpy as np
import pytest

from bioworkbench.readout.metrics import baselines, last_value, rse
from bioworkbench.tasks.task import check_trained_classes
from bioworkbench.tasks.time_series import etth1, exchange_rate, series, table

needs_data = pytest.mark.skipif("BIOWORKBENCH_DATA" not in os.environ, reason="the series need BIOWORKBENCH_DATA")


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def folder(tmp_path):
    """A series of 100 hours with two columns, a table of 20 flowers, and the series without names."""
    rows = generator().normal(3.0, 2.0, (100, 2)).cumsum(axis=0)
    lines = [f"{np.datetime64('2020-01-01T00') + k},{a!r},{b!r}" for k, (a, b) in enumerate(rows.tolist())]
    (tmp_path / "walk.csv").write_text("\n".join(["date,a,b", *lines]) + "\n")
    np.savetxt(tmp_path / "bare.csv.gz", rows, delimiter=",", fmt="%.17e")
    flowers = [f'{k % 4}.5,{k},"{("rose", "aster")[k % 2]}"' for k in range(20)]
    (tmp_path / "flowers.csv").write_text("\r\n".join(['petal,"stem, cm",name', *flowers]))
    np.save(tmp_path / "rows.npy", rows)
    return tmp_path


def walk(folder, **settings):
    given = {"file": "walk.csv", "data": folder, "history": 10, "horizon": 3, "split": (0.5, 0.2, 0.3)}
    return series(generator(), **(given | settings))


def scaled(folder, n_train: int = 50) -> np.ndarray:
    rows = np.load(folder / "rows.npy")
    return (rows - rows[:n_train].mean(axis=0)) / rows[:n_train].std(axis=0)


def test_windows_follow_each_other_and_targets_follow_windows(folder):
    task, rows = walk(folder), scaled(folder)
    assert task.forecast
    assert task.n_outputs == 6
    assert task.train.values.shape == (38, 10, 2)
    np.testing.assert_allclose(task.train.values[5], rows[5:15])
    np.testing.assert_allclose(task.train.targets[5], rows[15:18].ravel())


def test_parts_are_in_time_order_and_look_back_but_not_ahead(folder):
    task, rows = walk(folder), scaled(folder)
    assert task.validation is not None
    np.testing.assert_allclose(task.train.targets[-1], rows[47:50].ravel())
    np.testing.assert_allclose(task.validation.values[0], rows[40:50])
    np.testing.assert_allclose(task.validation.targets[0], rows[50:53].ravel())
    np.testing.assert_allclose(task.test.targets[0], rows[70:73].ravel())
    np.testing.assert_allclose(task.test.targets[-1], rows[97:100].ravel())


def test_scaling_sees_the_training_part_only(folder):
    rows = np.load(folder / "rows.npy")
    rows[50:] *= 100
    lines = [f"{a!r},{b!r}" for a, b in rows.tolist()]
    (folder / "wild.csv").write_text("\n".join(["a,b", *lines]))
    np.testing.assert_allclose(walk(folder, file="wild.csv").train.values, walk(folder).train.values)


def test_columns_can_be_chosen_and_names_left_out(folder):
    one = walk(folder, columns=("b",))
    np.testing.assert_allclose(one.train.values[..., 0], walk(folder).train.values[..., 1])
    bare = walk(folder, file="bare.csv.gz", header=False)
    np.testing.assert_array_equal(bare.test.values, walk(folder).test.values)
    np.testing.assert_array_equal(walk(folder, file="bare.csv.gz", header=False, columns=("1",)).test.values, one.test.values)


def test_stride_thins_the_training_windows_only(folder):
    thin, full = walk(folder, stride=4), walk(folder)
    np.testing.assert_array_equal(thin.train.values, full.train.values[::4])
    np.testing.assert_array_equal(thin.test.values, full.test.values)


def test_relative_windows_are_differences_from_their_last_row(folder):
    plain, relative = (walk(folder, relative=flag) for flag in (False, True))
    for part in ("train", "validation", "test"):
        given, found = plain.parts[part], relative.parts[part]
        last = given.values[:, -1:]
        np.testing.assert_allclose(found.values + last, given.values, atol=1e-12)
        rows, differences = (trials.targets.reshape(len(last), 3, 2) for trials in (given, found))
        np.testing.assert_allclose(differences + last, rows, atol=1e-12)
    assert not last_value(relative).any()


@pytest.mark.parametrize("relative", [False, True])
def test_new_rows_are_seen_as_those_of_training_and_answered_in_units_of_the_file(folder, relative):
    task, rows = walk(folder, relative=relative), np.load(folder / "rows.npy")
    new = task.new(folder / "walk.csv")
    assert new.values.shape == (91, 10, 2)
    np.testing.assert_allclose(new.values[: len(task.train.values)], task.train.values, atol=1e-12)
    assert new.outputs == ("a +1", "b +1", "a +2", "b +2", "a +3", "b +3")
    right = np.zeros((91, 6))
    right[:38] = task.train.targets
    later = np.lib.stride_tricks.sliding_window_view(rows[10:50], 3, axis=0).transpose(0, 2, 1).reshape(38, 6)
    np.testing.assert_allclose(new.told(right)[:38], later)


def test_a_part_may_be_left_out(folder):
    task = walk(folder, split=(0.5, 0.0, 0.4))
    assert task.validation is None
    np.testing.assert_allclose(task.test.targets[-1], scaled(folder)[87:90].ravel())


def test_last_value_of_a_forecast(folder):
    task = walk(folder)
    np.testing.assert_array_equal(last_value(task)[:, 2:4], task.test.values[:, -1])


def test_table_of_classes(folder):
    task = table(generator(), file="flowers.csv", target="name", problem="classification", data=folder, test_fraction=0.25)
    assert task.n_outputs == 2
    assert task.train.values.shape == (15, 1, 2)
    stem = np.concatenate([task.train.values, task.test.values])[:, 0, 1]
    labels = np.r_[task.train.targets, task.test.targets][np.argsort(stem)]
    np.testing.assert_array_equal(labels, [1, 0] * 10)
    assert task.train.values.mean() == pytest.approx(0.0, abs=1e-12)


def test_a_class_of_a_table_without_training_trials_is_named(folder):
    (folder / "rare.csv").write_text("a,b,kind\n" + "".join(f"{k},{-k},{'x' if k == 3 else 'y'}\n" for k in range(12)))
    tasks = (table(np.random.default_rng(k), file="rare.csv", target="kind", data=folder, test_fraction=0.5) for k in range(20))
    task = next(task for task in tasks if task.test.targets.min() == 0)
    assert task.classes == ("x", "y")
    with pytest.raises(ValueError, match=r"task 'rare\.csv', test: classes \['x'\] of 2 have no training trial"):
        check_trained_classes(task)


def test_table_of_values(folder):
    task = table(generator(), file="flowers.csv", target="stem, cm", problem="regression", columns=("petal",), data=folder)
    assert task.n_outputs == 1
    assert sorted(np.r_[task.train.targets, task.test.targets].ravel().tolist()) == list(range(20))
    assert task.test.values.shape == (4, 1, 1)


def test_table_split_follows_the_generator(folder):
    settings = {"file": "flowers.csv", "target": "stem, cm", "problem": "regression", "columns": ("petal",), "data": folder}
    first, again, other = (table(generator(seed), **settings).test.targets.ravel().tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"history": 0}, "history = 0"),
        ({"horizon": 0}, "horizon = 0"),
        ({"stride": 0}, "stride = 0"),
        ({"history": 48}, "history = 48 and horizon = 3: the training part has only 50 rows"),
        ({"horizon": 21}, "the validation part has only 30 rows"),
        ({"split": (0.5, 0.5, 0.0)}, "the test part has only 10 rows"),
        ({"split": (0.0, 0.5, 0.5)}, "the training part has only 0 rows"),
        ({"split": (0.5, 0.5)}, "must be three fractions"),
        ({"split": (0.5, 0.4, 0.3)}, "of together at most 1"),
        ({"split": (1.5, -0.5, 0.0)}, "must be three fractions"),
        ({"split": (0.5, float("nan"), 0.5)}, "split has 1 value that is not finite"),
        ({"columns": ("c",)}, r"'c' is not a column of walk\.csv; known: a, b, date"),
        ({"columns": ("date",)}, r"walk\.csv, line 2, column 'date': '2020-01-01T00' is not a number"),
        ({"header": False}, r"walk\.csv, line 1, column '0': 'date' is not a number"),
    ],
)
def test_series_refuses(folder, settings, message):
    with pytest.raises(ValueError, match=message):
        walk(folder, **settings)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "has no rows of data"),
        ("a,b\n1,2\n3\n", "line 3 has 1 cells, the first line 2"),
        ("a,b\n1,x\n", "line 2, column 'b': 'x' is not a number"),
        ("a,b\n1,\n2,3\n", r"line 2, column 'b': the value is missing \(''\); fill it in, or set missing = 'previous' to take"),
        ("a,b\n1,2\n1,nan\n2,?\n", r"line 3, column 'b': the value is missing \('nan', the first of 2\)"),
        ("a,b\n1,inf\n2,3\n", "line 2, column 'b': 'inf' is not finite"),
        ("a,a\n1,2\n", "column 'a' occurs twice"),
        (
            "1.5,2\n2,3\n",
            r"line 1: '1\.5, 2' are numbers, not names of columns; add a line of names at the top, or set header = false",
        ),
        ("2,1\n2,3\n", "line 1: '2, 1' are numbers, not names"),
        ("a,b\n" + "1,5\n2,5\n" * 50, "columns b do not vary in the training part"),
        ("a,b\n" + "1,5\n2,6\n" * 5, "the training part has only 5 rows"),
        ("a,b\n1,5\n", "the training part has only 0 rows"),
        ("a,b\n" + "1e-320,5\n2e-320,6\n" * 50, "columns a do not vary in the training part"),
        ("a,b\n" + "1e200,5\n-1e200,6\n" * 50, "columns a have values too large to square, up to 1e\\+200; use another unit"),
    ],
)
def test_files_that_are_no_series_are_refused(tmp_path, content, message):
    (tmp_path / "odd.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        series(generator(), file="odd.csv", data=tmp_path, history=10, horizon=3, split=(0.5, 0.2, 0.3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"problem": "ranking"}, "problem = 'ranking'"),
        ({"target": "nam"}, r"'nam' is not a column of flowers\.csv; did you mean 'name'"),
        ({"columns": ("petals",)}, "did you mean 'petal'"),
        ({"problem": "regression"}, "line 2, column 'name': 'rose' is not a number"),
        ({"target": "petal", "problem": "regression"}, "line 2, column 'name': 'rose' is not a number"),
        ({"columns": ("petal", "name")}, r"columns = \['petal', 'name'\]: the target 'name' cannot be an input too"),
        ({"test_fraction": 0.0}, r"test_fraction = 0\.0 of 20 rows"),
        ({"test_fraction": 1.0}, r"test_fraction = 1\.0 of 20 rows"),
    ],
)
def test_table_refuses(folder, settings, message):
    given = {"file": "flowers.csv", "target": "name", "problem": "classification", "data": folder}
    with pytest.raises(ValueError, match=message):
        table(generator(), **(given | settings))


@needs_data
def test_etth1_has_the_parts_of_the_field_and_its_known_baseline():
    """Last value scores RSE 1.247 on the 60/20/20 split for 96 rows of history and 24 ahead."""
    months = etth1(generator())
    assert [trials.n_trials for trials in months.parts.values()] == [8640 - 119, 2880 - 23, 2880 - 23]
    task = etth1(generator(), split=(0.6, 0.2, 0.2))
    assert task.train.n_trials == 10_333
    assert rse(last_value(task), task.test.targets) == pytest.approx(1.247, abs=0.0005)


@needs_data
@pytest.mark.slow
def test_exchange_rate_has_its_known_baselines():
    """Last value scores RSE 0.209; ridge on the standardized raw window stays behind it."""
    task = exchange_rate(generator(), stride=3)
    assert task.train.values.shape == (1478, 96, 8)
    found = baselines(task, ("rse",))
    assert found["last_value"]["rse"] == pytest.approx(0.209, abs=0.0005)
    assert found["raw_linear"]["rse"] > found["last_value"]["rse"]
