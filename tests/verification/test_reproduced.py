"""The page on reproduced claims is what its records give, and every state follows from the one rule."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from tests.verification import reproduced
from tests.verification.records import arms, joined, record, seeds, with_error
from tests.verification.reproduced import PAGE, Row, Scores, read, table, taken_over, with_tables

ROW = Row("row", "Part", "claim", "protocol", "test_x.py -k y", published=90.0, against={"other": 0.0})
ROOT = Path(__file__).parents[2]


def test_the_page_shows_the_tables():
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page
    rows, _ = read()
    assert {row.part for row in rows} == {
        line.removeprefix("<!-- rows: ").removesuffix(" -->") for line in page.splitlines() if line.startswith("<!-- rows: ")
    }
    changed = re.sub(r"\| \d+\.\d+ ± ", "| 0.00 ± ", page, count=1)
    assert with_tables(changed) == page != changed


def test_every_row_has_its_command_and_its_arms():
    rows, scores = read()
    assert set(scores) <= {row.name for row in rows}
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        command = re.sub(r"^(BIOWORKBENCH_\w+=\S+ )+", "", row.command).split()
        named = [part for part in command if part.endswith((".py", ".toml", ".ipynb"))]
        assert any((ROOT / folder / named[0]).is_file() for folder in (".", "tests/verification")), row.command
        if row.name in scores:
            known = {*scores[row.name].arms, *scores[row.name].pairs}
            assert {*row.against, *row.level_with, *row.beside} <= known, row.name
            assert row.published is None or row.ours in known, row.name


@pytest.mark.thorough
def test_every_command_chooses_a_test():
    """By the names of all slow tests; a command of many rows is asked once."""
    listed = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "slow", "tests/verification"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)
    names = [line for line in done.stdout.splitlines() if "::" in line]
    for command in sorted({row.command[row.command.index("test_") :] for row in read()[0] if " test_" in f" {row.command}"}):
        file, _, wanted = command.partition(" -k ")
        if "/" not in file:
            expression = Expression.compile(wanted.strip("'") or "test")  # all of a file where nothing is chosen
            own = [name for name in names if f"/{file}::" in name]
            assert any(expression.evaluate(lambda word, name=name, **_: word.lower() in name.lower()) for name in own), command


@pytest.mark.parametrize(
    ("ours", "other", "state"),
    [
        ([91.0, 91.2, 91.1], [88.0, 88.1, 88.3], "**holds**: ahead of what is published, ahead of other (+2.97 ± 0.09)"),
        ([89.0, 91.0, 90.5], [88.9, 90.9, 90.6], "**not shown**: level with what is published, level with other (+0.03 ± 0.07)"),
        ([89.0, 89.1, 89.2], [88.0, 88.1, 88.3], "**does not hold**: behind what is published, ahead of other (+0.97 ± 0.03)"),
        ([91.0, 91.1, 91.2], [92.0, 92.1, 92.3], "**does not hold**: ahead of what is published, behind other (-1.03 ± 0.03)"),
        ([91.0], [90.0], "**open, as claimed so far**: better than what is published, better than other (+1.00)"),
        ([90.0], [90.0], "**open, not as claimed so far**: equal to what is published, equal to other (+0.00)"),
        ([89.0], [90.0], "**open, not as claimed so far**: worse than what is published, worse than other (-1.00)"),
    ],
)
def test_states_follow_the_rule_of_two_standard_errors(ours, other, state):
    assert ROW.state(Scores(len(ours), {"ours": ours, "other": other})) == state


@pytest.mark.parametrize(
    ("seen", "state"), [(90, "**holds**: level with"), (91, "**holds**: ahead of"), (89, "**does not hold**: behind")]
)
def test_one_run_decides_where_seeds_change_nothing(seen, state):
    row = replace(ROW, against={}, exact=True)
    assert row.state(Scores(1, {"ours": {"mean": seen}})) == f"{state} what is published"


def test_margins_signs_and_rows_without_single_scores():
    pair = Scores(5, {"ours": {"mean": 2.0, "error": 0.1}}, {"other": {"mean": -0.5, "error": 0.2}})
    less = replace(ROW, published=None, less_is_better=True)
    assert less.state(pair) == "**holds**: ahead of other (-0.50 ± 0.20)"
    assert replace(less, less_is_better=False).state(pair).startswith("**does not hold**")
    assert replace(less, against={"other": 0.4}).state(pair) == "**not shown**: level with other +0.4 (-0.50 ± 0.20)"
    assert (
        replace(less, against={}, level_with=("other",), less_is_better=False)
        .state(Scores(5, {"ours": [1.0, 2.0], "other": [1.1, 1.9]}))
        .startswith("**holds**: level with other")
    )
    apart = Scores(5, {"ours": {"mean": 95.0, "error": 0.3}, "other": {"mean": 93.0, "error": 0.4}})
    assert ROW.state(apart) == "**holds**: ahead of what is published, ahead of other (+2.00 ± 0.50)"
    assert replace(ROW, published=None, against={}).state(apart) == "**seen**"
    assert ROW.cells(None)[3:6] == ["–", "0", "**not run**"]
    assert ROW.cells(apart)[2:5] == ["90 %", "95.00 ± 0.30 %; other 93.00 ± 0.40 %", "5"]


def test_scores_are_kept_where_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("BIOWORKBENCH_RECORDS", raising=False)
    record("row", [1], {"ours": [0.5]})
    monkeypatch.setenv("BIOWORKBENCH_RECORDS", str(tmp_path / "kept"))
    record("row", [1, 2], {"ours": [0.5, 0.25]}, scale=100)
    record("row", [2, 3], {"ours": [0.75, 1.0]}, scale=100)
    kept = json.loads((tmp_path / "kept" / "row.json").read_text())
    assert kept == {"seeds": [1, 2, 3], "scores": {"ours": [50.0, 75.0, 100.0]}}
    assert joined(kept, {"seeds": [9], "scores": {"theirs": [1.0]}}) == {"seeds": [9], "scores": {"theirs": [1.0]}}
    for scores in ([0.5], [0.5, float("nan")]):
        with pytest.raises(ValueError, match=r"scores of 'ours' = .*a finite number is needed for each of the 2 seeds"):
            record("row", [1, 2], {"ours": scores})


def test_rows_of_a_folder_are_taken_over(tmp_path, monkeypatch, capsys):
    for name, of_seeds in (("grows", [3]), ("fewer", [1]), ("new", [1, 2]), ("more", [1, 2, 3])):
        text = json.dumps({"seeds": of_seeds, "scores": {"ours": [float(seed) for seed in of_seeds]}})
        (tmp_path / f"{name}.json").write_text(text)
    old = {
        "grows": {"seeds": [1, 2], "scores": {"ours": [1.0, 2.0]}},
        "fewer": {"n_seeds": 5, "scores": {"ours": {"mean": 1.0}}},
        "more": {"n_seeds": 3, "scores": {"ours": {"mean": 1.0}}},
    }
    found = taken_over(old, tmp_path)
    assert found["grows"] == {"seeds": [1, 2, 3], "scores": {"ours": [1.0, 2.0, 3.0]}}
    assert found["fewer"] == old["fewer"]
    assert "fewer: 1 seeds, fewer than the 5 of the page; left out" in capsys.readouterr().out
    assert found["new"]["seeds"] == [1, 2]
    assert found["more"]["seeds"] == [1, 2, 3]


def test_the_script_writes_scores_and_page(tmp_path, monkeypatch, capsys):
    """One row and a page of its own, in a folder of its own."""
    claims = tmp_path / "claims.toml"
    claims.write_text('[[rows]]\nname = "a"\npart = "P"\nclaim = "c"\nprotocol = "p"\npublished = 1.0\ncommand = "test_x.py"\n')
    monkeypatch.setattr(reproduced, "CLAIMS", claims)
    monkeypatch.setattr(reproduced, "SCORES", tmp_path / "scores.json")
    monkeypatch.setattr(reproduced, "PAGE", tmp_path / "page.md")
    (tmp_path / "scores.json").write_text("{}")
    (tmp_path / "page.md").write_text("# Page\n\n<!-- rows: P -->\n| old |\n\nText.\n")
    assert "**not run**" in table("P")
    folder = tmp_path / "kept"
    folder.mkdir()
    for name in ("a", "unknown"):
        (folder / f"{name}.json").write_text('{"seeds": [1, 2], "scores": {"ours": [2.0, 2.1]}}')
    reproduced.main([str(folder)])
    assert json.loads((tmp_path / "scores.json").read_text()) == {"a": {"seeds": [1, 2], "scores": {"ours": [2.0, 2.1]}}}
    assert "unknown: no row of claims.toml has that name" in capsys.readouterr().out
    page = (tmp_path / "page.md").read_text()
    assert "| c | p | 1 % | 2.05 ± 0.05 % | 2 | **holds**: ahead of what is published | `test_x.py` |\n\nText.\n" in page
    assert "| old |" not in page


def test_seeds_are_counted_or_listed(monkeypatch):
    monkeypatch.delenv("BIOWORKBENCH_SEEDS", raising=False)
    assert seeds(3) == (1, 2, 3)
    assert seeds(2, first=0) == (0, 1)
    monkeypatch.setenv("BIOWORKBENCH_SEEDS", "2")
    assert seeds(5) == (1, 2)
    monkeypatch.setenv("BIOWORKBENCH_SEEDS", "4,7")
    assert seeds(5) == (4, 7)
    monkeypatch.setenv("BIOWORKBENCH_SEEDS", "4,")
    assert seeds(5) == (4,)


def test_arms_are_all_or_those_listed(monkeypatch):
    monkeypatch.delenv("BIOWORKBENCH_ARMS", raising=False)
    assert arms(["convex", "gradients"]) == ("convex", "gradients")
    monkeypatch.setenv("BIOWORKBENCH_ARMS", "gradients, convex")
    assert arms({"convex": 1, "gradients": 2, "both": 3}) == ("convex", "gradients")
    monkeypatch.setenv("BIOWORKBENCH_ARMS", "convexe")
    with pytest.raises(ValueError, match="BIOWORKBENCH_ARMS names convexe; this test has convex, gradients"):
        arms(["convex", "gradients"])


def test_a_single_score_has_no_error():
    assert with_error([0.5]) == "0.5000"
    assert with_error([0.4, 0.6]) == "0.5000 +- 0.1000"
