"""The table of Brian2's examples on the site is the one that the ports make."""

from pathlib import Path

from tests.ports.coverage import EXAMPLES, ported, table

PAGE = Path(__file__).parents[2] / "analyses" / "site" / "from_brian2.md"


def test_the_site_has_the_table():
    """Print it with ``python -m tests.ports.coverage``."""
    assert table() in PAGE.read_text()


def test_ports_are_of_examples_that_are_said_to_work():
    assert {EXAMPLES[name][0] for name in ported()} <= {"yes", "rewritten"}
    assert len(ported()) >= 40


def test_what_is_not_possible_says_why():
    assert all(why for answer, why in EXAMPLES.values() if answer != "yes")
    points = [answer for name, (answer, why) in EXAMPLES.items() if why != "compartments"]
    assert sum(answer != "no" for answer in points) / len(points) >= 0.92
