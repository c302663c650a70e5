"""Specs with random changes end in a clear error or in a run, never in a traceback."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bioworkbench as bw
from bioworkbench.experiment.spec import load, read
from bioworkbench.experiment.spec.plan import construct, estimate
from bioworkbench.records.errors import SimulationError, SpecError
from tests.documents import alone, with_task
from tests.frozen_method import frozen  # noqa: F401  fixture
from tests.run_records import sketched

WORDS = [
    "20 ms", "-3 mV", "0 mV", "1e400 ms", "3 nS/um**2", "1/0 ms", "normal(1 ms, 2 ms)", "uniform(0, 1)", "normal(1 mV, 2 ms)", "",
    "exc", "exc.v", "input", "noisy_lif", "custom", "ridge", "all_to_all", "auto", "__import__('os')", "v > 0*mV", "dv/dt = 1 : 1",
]  # fmt: skip
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-5, 50),
    st.sampled_from([10**9, 10**30, -(2**63), 2**64]),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "p", "v", "size", "é"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(table: Any, path: tuple = ()) -> list[tuple]:
    """Paths of everything inside nested tables and lists."""
    keys = table.keys() if isinstance(table, dict) else range(len(table)) if isinstance(table, list) else ()
    return [found for key in keys for found in [(*path, key), *places(table[key], (*path, key))]]


@st.composite
def mutated(draw, make):
    """A spec with one to three entries replaced, removed or added."""
    document = make()
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(document)))
        table = document
        for key in way:
            table = table[key]
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "remove":
            del table[last]
        elif action == "replace" or isinstance(table, list):
            table[last] = draw(VALUES)
        else:
            table[draw(st.sampled_from(["tau", "sweep", "record", "delay", "layer", "equations", "inhibitory", "zzz"]))] = draw(
                VALUES
            )
        if not places(document):
            break
    return document


def complaint(action: Callable[[], Any]) -> tuple[Any, str]:
    """What an action returns, or the words of its clear error."""
    try:
        return action(), ""
    except (SpecError, SimulationError) as error:
        return None, str(error)


def planned(document):
    """Spec and plan, or None after an error that names the file."""

    def plan():
        spec = read(copy.deepcopy(document), "x", "x.toml")
        return spec, construct(spec)

    found, words = complaint(plan)
    assert found is not None or words.startswith("x.toml")
    assert len(words) < 3000
    return found


@pytest.fixture(autouse=True)
def _sketch(monkeypatch):
    monkeypatch.setattr("bioworkbench.report.page.drawn", sketched)


SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)


@SETTINGS
@given(document=mutated(alone))
def test_networks_without_a_task(document, tmp_path_factory):
    found = planned(document)
    if found is None:
        return
    spec, plan = found
    need = estimate(spec, plan)
    if need.n_steps * need.n_trials * need.n_neurons < 20_000 and spec.backend in ("auto", "numpy"):
        result, words = complaint(lambda: bw.run(spec, backend="numpy", results=tmp_path_factory.mktemp("fuzz")))
        assert result is not None or words


@pytest.mark.usefixtures("frozen")
@SETTINGS
@given(document=mutated(with_task))
def test_networks_with_a_task(document):
    planned(document)


@SETTINGS
@given(text=st.text(max_size=200) | st.builds(lambda d, k: tomli_w.dumps(d)[:k], st.just(alone()), st.integers(0, 1200)))
def test_any_text(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "x.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    found, words = complaint(lambda: load(path))
    assert found is not None or str(path) in words
