"""Synapses drawn and delivered by the compiled headers: the integers and sums of their NumPy twins."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bioworkbench.records.distributions import constant, parse_distribution
from bioworkbench.records.drawn import DrawnLinks, LinkRule, Rows, values_of_links
from bioworkbench.records.quantiles import quantiles
from tests.simulation.backends.cpp.engine import compiled

pytestmark = pytest.mark.skipif(compiled.compiler() is None, reason="needs a C++ compiler")

DT = 1e-4
RULES = (
    LinkRule("all_to_all"),
    LinkRule("bernoulli", 0.1),
    LinkRule("bernoulli", 0.9),
    LinkRule("fixed_in_degree", 7),
    LinkRule("fixed_in_degree", 7, repeated=True),
    LinkRule("fixed_out_degree", 9),
    LinkRule("fixed_out_degree", 9, repeated=True),
    LinkRule("fixed_total", 300),
    LinkRule("fixed_total", 300, repeated=True),
)
WEIGHTS = parse_distribution("normal(1, 0.1, low = 0)")
DELAYS = parse_distribution("normal(1.5 ms, 0.75 ms, low = 0.1 ms)")


def links_of(rule, shape=(40, 70), key=5, recurrent=False, weights=WEIGHTS, delays=DELAYS):
    return DrawnLinks(rule, shape, key, weights, delays, recurrent)


def twin(parts, tables, form="numbers", scale=1.0):
    """Sources, targets, delays and weights as the twin draws them, projection after projection, sorted stably by source."""
    columns = []
    for (links, base), table in zip(parts, tables, strict=True):
        for rows in links.rows():
            delays = np.maximum(0, (values_of_links(links, rows, links.delay_steps(DT), "delays") + 32768) >> 16)
            fixed = values_of_links(links, rows, table, "weights")
            codes = ((fixed + 32768) >> 16).astype(np.float32) * np.float32(scale)
            weights = {"numbers": np.float32(table.unit * fixed), "coded": codes, "shared": np.full(len(fixed), scale)}[form]
            columns.append((rows.sources, rows.targets + base, delays, weights))
    sources, targets, delays, weights = (np.concatenate([c[k] for c in columns]) for k in range(4))
    order = np.argsort(sources, kind="stable")
    return sources[order], targets[order], delays[order], weights[order].astype(np.float32)


def in_layout(columns, borders):
    """By source, chunk of the target, delay; the order drawn otherwise."""
    sources, targets, delays, _ = columns
    order = np.lexsort((delays, np.searchsorted(borders, targets, side="right"), sources))
    return [column[order] for column in columns]


def equal(one, other):
    return all(len(a) == len(b) and (a == b).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_synapses_are_those_of_the_twin(rule, recurrent):
    links = links_of(rule, (70, 70) if recurrent else (40, 70), recurrent=recurrent)
    tables = [links.weight_numbers()]
    drawing = compiled.Drawing([("numbers", 1.0, [(links, 0)], tables)], DT, [0, 70])
    assert equal(drawing.synapses(), in_layout(twin([(links, 0)], tables), [0, 70]))
    assert len(drawing.synapses()[0]) > 0


@settings(max_examples=40, deadline=None)
@given(
    rule=st.sampled_from(RULES),
    key=st.integers(0, 2**64 - 1),
    size=st.integers(20, 130),
    form=st.sampled_from(sorted(compiled.FORMS)),
    wide=st.booleans(),
    cuts=st.lists(st.integers(1, 200), max_size=3, unique=True),
    n_threads=st.integers(1, 3),
)
def test_two_projections_in_any_form_and_layout(rule, key, size, form, wide, cuts, n_threads):
    one = links_of(rule, (30, size), key)
    two = links_of(LinkRule("one_to_one"), (30, 30), key + 1, delays=constant(3e-4))
    scale = 1.7 / 32767 if form == "coded" else 1.0
    tables = [one.weight_numbers(), two.weight_numbers()]
    if form == "coded":
        tables = [quantiles(WEIGHTS, scale / 2**16)] * 2
    parts, borders = [(one, 0), (two, size)], [0, *sorted(c for c in cuts if c < size + 30), size + 30]
    drawing = compiled.Drawing([(form, scale, parts, tables)], DT, borders, n_threads, wide=wide)
    assert equal(drawing.synapses(), in_layout(twin(parts, tables, form, scale), borders))


def test_links_between_equal_groups_are_one_to_one():
    links = links_of(LinkRule("one_to_one"), (30, 30))
    sources, targets, *_ = compiled.Drawing([("numbers", 1.0, [(links, 0)], [links.weight_numbers()])], DT, [0, 30]).synapses()
    assert (sources == targets).all()
    assert len(sources) == 30


@pytest.mark.thorough
def test_every_instruction_set_draws_and_delivers_the_same():
    links = links_of(LinkRule("fixed_total", 3000, repeated=True))
    group = [("coded", 1 / 16000, [(links, 0)], [quantiles(WEIGHTS, 1 / 16000 / 2**16)])]
    spikes = random_spikes(30, [40])
    drawn = {target: compiled.Drawing(group, DT, [0, 70], target=target) for target in ("native", "portable")}
    assert equal(drawn["native"].synapses(), drawn["portable"].synapses())
    assert (drawn["native"].run(spikes, 70) == drawn["portable"].run(spikes, 70)).all()


def random_spikes(n_steps, sizes, p=0.1):
    rng = np.random.default_rng(4)
    return [[np.flatnonzero(rng.random(size) < p) for size in sizes] for _ in range(n_steps)]


def delivered(groups, spikes, n_receivers):
    """What receivers have got after the steps: by delay, then group, then source, then in the order drawn; added one by one."""
    received = np.zeros(n_receivers)
    for step in range(len(spikes)):
        for delay in range(step + 1):
            for g, (sources, targets, delays, weights) in enumerate(groups):
                for source in spikes[step - delay][g]:
                    hit = (sources == source) & (delays == delay)
                    np.add.at(received, targets[hit], weights[hit].astype(float))
    return received


@pytest.mark.parametrize("form", compiled.FORMS)
def test_spikes_are_delivered_when_due_in_one_order(form):
    """Also with zero delay, for any chunks and parts; sums of doubles are equal to the last bit, so the order is too."""
    delays = parse_distribution("uniform(0 ms, 1 ms)")
    one = links_of(LinkRule("fixed_total", 800, repeated=True), (40, 90), delays=delays)
    two = links_of(LinkRule("bernoulli", 0.3), (25, 90), key=9, delays=constant(2e-4))
    scale = {"coded": 1.7 / 32767, "shared": 0.3, "numbers": 1.0}[form]
    tables = [quantiles(WEIGHTS, scale / 2**16) if form == "coded" else WEIGHTS_TABLE] * 2
    groups = [(form, scale, [(links, 0)], [table]) for links, table in zip((one, two), tables, strict=True)]
    spikes = random_spikes(25, [40, 25])
    columns = [twin([(links, 0)], [table], form, np.float32(scale)) for links, table in zip((one, two), tables, strict=True)]
    wanted = delivered(columns, spikes, 90)
    for borders, n_parts, wide in (([0, 90], 1, False), ([0, 20, 50, 90], 3, False), ([0, 45, 90], 2, True)):
        drawing = compiled.Drawing(groups, DT, borders, n_threads=n_parts, wide=wide)
        assert (drawing.run(spikes, 90, n_parts) == wanted).all()
    assert (delivered(columns, spikes[1:], 90) != wanted).any()


WEIGHTS_TABLE = links_of(LinkRule("all_to_all")).weight_numbers()


def test_weights_take_as_many_bytes_as_their_form_says():
    links = links_of(LinkRule("fixed_total", 300000, repeated=True), (10, 70), delays=constant(1e-3))
    each = {
        form: compiled.Drawing([(form, 1 / 16000, [(links, 0)], [quantiles(WEIGHTS, 1 / 16000 / 2**16)])], DT, [0, 70]).bytes()
        for form in compiled.FORMS
    }
    assert {form: n // 300000 for form, n in each.items()} == {"shared": 2, "coded": 4, "numbers": 6}


def uniform_over_pairs(pairs, n_pairs):
    return stats.chisquare(np.bincount(pairs, minlength=n_pairs)).pvalue > 1e-4


def pairs_of(rule, shape, n_keys=40, recurrent=False):
    rows = [rows for key in range(n_keys) for rows in links_of(rule, shape, key, recurrent).rows()]
    return np.concatenate([r.sources.astype(int) * shape[1] + r.targets for r in rows])


@pytest.mark.parametrize("rule", [r for r in RULES if r.kind != "all_to_all"], ids=str)
def test_all_pairs_are_equally_likely(rule):
    assert uniform_over_pairs(pairs_of(rule, (20, 25)), 500)
    some = pairs_of(rule, (20, 25))
    assert not uniform_over_pairs(np.where(some % 25 == 0, some + 1, some), 500)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_numbers_of_links_are_those_of_the_rule(rule):
    links = links_of(rule)
    (sources, targets), *_ = links.rows()
    fixed = {"all_to_all": 2800, "fixed_in_degree": 70 * 7, "fixed_out_degree": 40 * 9, "fixed_total": 300}
    assert len(sources) == len(links) == fixed.get(rule.kind, len(links))
    pairs = sources.astype(int) * 70 + targets
    assert (len(np.unique(pairs)) < len(pairs)) == rule.repeated
    if rule.kind == "fixed_in_degree":
        assert (np.bincount(targets, minlength=70) == 7).all()
    if rule.kind == "fixed_out_degree":
        assert (np.bincount(sources, minlength=40) == 9).all()


def test_bernoulli_links_have_a_binomial_number():
    numbers = [len(links_of(LinkRule("bernoulli", 0.1), key=key)) for key in range(400)]
    assert abs(np.mean(numbers) - 280) < 4 * np.sqrt(2800 * 0.09 / 400)
    assert abs(np.var(numbers) / (2800 * 0.09) - 1) < 4 * np.sqrt(2 / 400)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_recurrent_links_have_no_self_links(rule):
    on_diagonal = np.arange(30) * 31
    assert not np.isin(pairs_of(rule, (30, 30), recurrent=True), on_diagonal).any()
    if rule.kind != "one_to_one":
        assert np.isin(pairs_of(rule, (30, 30)), on_diagonal).any()


def test_streams_of_a_source_do_not_depend_on_other_sources():
    """The same source in a larger group has the same targets, delays and weights."""
    few, many = (links_of(LinkRule("fixed_out_degree", 9), (n, 70)) for n in (10, 40))
    (rows,), (all_rows,) = few.rows(), many.rows()
    first = slice(0, 90)
    assert (all_rows.targets[first] == rows.targets).all()
    table = few.weight_numbers()
    assert (values_of_links(many, all_rows, table, "weights")[first] == values_of_links(few, rows, table, "weights")).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": LinkRule("fixed_out_degree", 71)}, "fixed_out_degree of 71 links: only 70 are possible"),
        ({"rule": LinkRule("fixed_in_degree", 41)}, "fixed_in_degree of 41 links: only 40 are possible"),
        ({"rule": LinkRule("fixed_total", 2801)}, "fixed_total of 2801 links: only 2800 are possible"),
        ({"rule": LinkRule("one_to_one")}, "one_to_one from 40 to 70 nodes"),
        ({"recurrent": True}, "recurrent links from 40 to 70 nodes"),
        ({"delays": parse_distribution("normal(1 ms, 1 ms)")}, "cut the distribution, for example with low"),
    ],
)
def test_links_that_cannot_be_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        replace(links_of(LinkRule("bernoulli", 0.1)), **change)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bernouli", 0.1), "'bernouli' is not a link rule; did you mean 'bernoulli'"),
        (("bernoulli", 1.5), "p = 1.5: must lie between 0 and 1"),
        (("fixed_total", 1.5), "number of links of fixed_total = 1.5"),
        (("bernoulli", 0.1, True), "repeated = True: bernoulli links a pair once"),
    ],
)
def test_rules_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        LinkRule(*arguments)


def test_no_links_at_all():
    links = links_of(LinkRule("fixed_total", 0))
    assert [len(rows.sources) for rows in links.rows()] == [0]
    empty = Rows(np.zeros(0, np.int32), np.zeros(0, np.int32))
    assert len(values_of_links(links, empty, WEIGHTS_TABLE, "weights")) == 0
