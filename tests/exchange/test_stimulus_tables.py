"""Stimuli from tables hold what was written in them."""

import numpy as np
import pytest
from brian2 import ms

from bioworkbench.exchange.stimuli import spike_table, value_table
from tests.exchange.test_stimuli import columns


def test_tables_of_spikes(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("when;unit;sweep\n1,5;0;0\n20,25;2;1\n4,0;1;1\n")
    names = {"time": "when", "channel": "unit", "trial": "sweep"}
    trains = spike_table("a", file=path, **names)
    assert columns(trains) == [(0, 0, 0.0015), (1, 1, 0.004), (1, 2, 0.02025)]
    assert (trains.name, trains.n_trials, trains.n_channels, trains.duration) == ("a", 2, 3, None)
    part = spike_table("a", file=path, **names, unit="s", start=2 * ms * 1000, stop=20.25, n_channels=5)
    assert columns(part) == [(1, 1, 2.0)]
    assert (part.n_trials, part.n_channels, part.duration) == (2, 5, 18.25)


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ("time,channel\n1,x\n", {}, r"line 2, column 'channel': 'x' is not a number"),
        ("time,channel\n1,\n", {}, r"column 'channel': the value '' is missing; give all"),
        ("time,channel\n1,0.5\n", {}, r"column 'channel': 0\.5 is not one of 0, 1, 2"),
        ("time,channel\n1,-1\n", {}, r"column 'channel': -1 is not one of 0, 1, 2"),
        ("time,unit\n1,1\n", {}, r"'channel' is not a column of s\.csv"),
        ("time,channel\n1,0\n-10,1\n", {}, r"line 3, column 'time': -10 is before 0, where trials begin; shift all times"),
        ("time (s),channel\n1,0\n", {"unit": "ms"}, r"unit = 'ms': column 'time \(s\)' of s\.csv has its times in s"),
        ("time [s],channel\n1,0\n", {"unit": "ms"}, r"unit = 'ms': column 'time \[s\]' of s\.csv has its times in s"),
        ("t (min),channel\n1,0\n", {"time": "t (min)"}, r"column 't \(min\)' of s\.csv: 'min' is not one of s, ms, us; give the"),
        (
            "time,channel\n1,1\n2,3\n",
            {"n_channels": 3},
            r"spike trains 'a' have a spike of channel 3; it must be below n_channels = 3",
        ),
        ("time,channel\n1,1\n", {"start": 2.0, "stop": 1.0}, r"start = 2 s, stop = 1 s: start must be 0 or more"),
    ],
)
def test_tables_that_are_wrong(tmp_path, content, settings, words):
    path = tmp_path / "s.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=words):
        spike_table("a", file=path, **settings)


def test_columns_of_trials_and_units_in_names_are_found(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("trial,channel,time (s)\n0,0,0.01\n1,1,0.05\n")
    assert columns(spike_table("a", file=path)) == [(0, 0, 0.01), (1, 1, 0.05)]
    assert columns(spike_table("a", file=path, trial="")) == [(0, 0, 0.01), (0, 1, 0.05)]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("time (s)", 5.0), ("time [s]", 5.0), ("time[ s ]", 5.0), ("time (ms)", 5e-3), ("time [us]", 5e-6),
        ("time (\N{MICRO SIGN}s)", 5e-6), ("time", 5e-3),
    ],
)  # fmt: skip
def test_units_stand_in_parentheses_or_brackets(tmp_path, column, expected):
    path = tmp_path / "s.csv"
    path.write_text(f"{column},channel\n5,0\n", encoding="utf-8")
    for time in ("time", column):
        assert spike_table("a", file=path, time=time).time == pytest.approx([expected])


def test_times_of_frames_are_no_channel(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("Time [ms],I\n0.0,1\n1.0,2\n")
    np.testing.assert_array_equal(value_table("a", file=path, frame=1 * ms).values, [[[1], [2]]])
    np.testing.assert_array_equal(value_table("a", file=path, frame=1 * ms, columns=("Time [ms]",)).values, [[[0], [1]]])
    path.write_text("time\n0.0\n1.0\n")
    with pytest.raises(ValueError, match="has no column of values beside that of times; give columns"):
        value_table("a", file=path, frame=1 * ms)


def test_spikes_of_one_population_of_several(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("population,trial,neuron,time (s)\nexc,0,0,0.01\ninh,1,4,0.02\n")
    assert columns(spike_table("a", file=path, channel="neuron", population="inh")) == [(1, 4, 0.02)]
    with pytest.raises(ValueError, match=r"s\.csv has spikes of exc, inh; name the population that is meant"):
        spike_table("a", file=path, channel="neuron")
    with pytest.raises(ValueError, match=r"s\.csv: .*'ecx'.*did you mean 'exc'"):
        spike_table("a", file=path, channel="neuron", population="ecx")
    path.write_text("channel,time\n0,1\n")
    with pytest.raises(ValueError, match=r"population = 'exc': .*s\.csv has no column 'population'; leave it out"):
        spike_table("a", file=path, population="exc")


def test_lines_of_trials_are_trials(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("trial,time,a,b\n0,0.0,1,5\n1,0.0,3,7\n0,0.1,2,6\n1,0.1,4,8\n")
    np.testing.assert_array_equal(value_table("a", file=path, frame=0.1).values, [[[1, 5], [2, 6]], [[3, 7], [4, 8]]])
    one = value_table("a", file=path, frame=0.1, trial="", times="ignore", columns=("trial", "b"))
    np.testing.assert_array_equal(one.values, [[[0, 5], [1, 7], [0, 6], [1, 8]]])
    path.write_text("trial,a\n0,1\n1,3\n0,2\n")
    with pytest.raises(ValueError, match=r"v\.csv has 1 to 2 lines of a trial, counted 0, 1, 2, \.\.\.; give all as many"):
        value_table("a", file=path, frame=0.1)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("time,a\n0,1\n2,3\n1,2\n", r"column 'time': '1' in line 4 is not after '2' in the row before; sort the rows by time"),
        (
            "time,a\n0,1\n1,2\n2,3\n9,3\n",
            r"column 'time': 1 gap, the first between '2' and '9' in line 5, where rows are 1 apart",
        ),
        (
            "time (ms),a\n0,1\n2,2\n4,3\n",
            r"rows are 0\.002 s apart by column 'time \(ms\)', and frame = 0\.001 s; give that, or set",
        ),
    ],
)
def test_times_of_frames_follow_each_other(tmp_path, lines, words):
    path = tmp_path / "v.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=words):
        value_table("a", file=path, frame=1 * ms)
    assert value_table("a", file=path, frame=1 * ms, times="ignore").values.size in (3, 4)


def test_tables_of_values(tmp_path):
    path = tmp_path / "v.csv"
    path.write_text("x,y\n1,0\n2,-1\n3,4\n")
    stimulus = value_table("a", file=path, frame=2 * ms, columns=("y",))
    assert (stimulus.name, stimulus.kind, stimulus.frame) == ("a", "current", 0.002)
    np.testing.assert_array_equal(stimulus.values, [[[0], [-1], [4]]])
    with pytest.raises(ValueError, match="stimulus values of kind 'rate' go down to -1"):
        value_table("a", file=path, frame=0.002, values="rate")
    path.write_text("1 2\n3 4\n")
    np.testing.assert_array_equal(value_table("a", file=path, frame=0.002, header=False).values, [[[1, 2], [3, 4]]])
