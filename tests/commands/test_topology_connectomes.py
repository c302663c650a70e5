"""``bioworkbench topology FILE --predict`` on every connectome that is at hand, as its file was published."""

import csv
import gzip
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bioworkbench.commands.topology import topology_command

CONNECTOMES = sorted((Path(os.environ.get("BIOWORKBENCH_DATA", "nowhere")) / "connectomes").glob("*.csv*"))

app = typer.Typer()
app.command()(topology_command)


@pytest.mark.slow
@pytest.mark.skipif(not CONNECTOMES, reason="needs connectomes in BIOWORKBENCH_DATA")
@pytest.mark.parametrize("path", CONNECTOMES, ids=lambda path: path.name)
def test_links_are_predicted(path):
    """Three links that the file does not have, with falling scores, between nodes that it has."""
    found = CliRunner().invoke(app, [str(path), "--predict", "ch3_l3", "--top", "3"])
    assert found.exit_code == 0, found.output
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="") as file:
        links = {tuple(row[:2]) for row in list(csv.reader(file))[1:]}
    nodes = {name for pair in links for name in pair}
    rows = [line.split() for line in found.output.splitlines() if " -> " in line]
    assert len(rows) == 3
    for source, _, target, _ in rows:
        assert {source, target} <= nodes
        assert (source, target) not in links
    scores = [float(row[3]) for row in rows]
    assert scores == sorted(scores, reverse=True)
