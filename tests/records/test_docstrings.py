"""Docstrings: their first sentence, what they say before their sections, and their parameters."""

from bioworkbench.records.docstrings import first_sentence, parameter_texts, section, summary_section

TEXT = """Decay of a
variable; from its start.

More of it.

Parameters
----------
value, other : array (n,)
tau : float, seconds
    Time constant
    of the decay.
*rest
    What is left.

References
----------
A paper."""


def test_parts_of_a_docstring():
    assert first_sentence(TEXT) == "Decay of a variable"
    assert summary_section(TEXT) == "Decay of a\nvariable; from its start.\n\nMore of it."
    assert section(TEXT, "References") == ["A paper."]
    assert section(TEXT, "Returns") == []
    assert dict(parameter_texts(TEXT)) == {
        "value": ("array (n,)", ""),
        "other": ("array (n,)", ""),
        "tau": ("float, seconds", "Time constant of the decay."),
        "rest": ("", "What is left."),
    }


def test_a_docstring_without_sections_is_all_summary():
    assert summary_section("One line.") == "One line."
    assert parameter_texts("One line.") == {}
