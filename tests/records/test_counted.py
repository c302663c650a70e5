"""Numbers with their nouns."""

import pytest

from bioworkbench.records.counted import counted


@pytest.mark.parametrize(
    ("n", "noun", "words"),
    [
        (1, "neuron", "1 neuron"),
        (0, "neuron", "0 neurons"),
        (1240, "node", "1,240 nodes"),
        (2, "entry", "2 entries"),
        (2, "day", "2 days"),
        (2, "class", "2 classes"),
        (2, "box", "2 boxes"),
        (2, "batch", "2 batches"),
    ],
)
def test_one_is_one_and_many_are_many(n, noun, words):
    assert counted(n, noun) == words
