"""The compiled formulas and the names of models, conventions and forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioworkbench.topology.prediction.definition import MODELS, TERMS
from bioworkbench.topology.prediction.node_terms import checked_rule, node_term


@given(model=st.sampled_from(MODELS), d=st.integers(1, 50), di=st.integers(0, 50), de=st.integers(0, 50))
def test_compiled_terms_equal_the_definition(model, d, di, de):
    assert node_term(MODELS.index(model), d, di, de) == pytest.approx(TERMS[model](d, di, de), rel=1e-14)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (("CH4", 3, "path", "path"), "'CH4' is not a model; did you mean 'CH"),
        (("CH3", 4, "path", "path"), "length = 4: only paths of length 2 and 3"),
        (("CH3", 3, "paths", "path"), "'paths' is not a convention; did you mean 'path'"),
        (("CH3", 3, "path", "nodes"), "'nodes' is not a form; did you mean 'node'"),
    ],
)
def test_unknown_names_are_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        checked_rule(*rule)
