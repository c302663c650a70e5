"""What `from_brian2` makes of objects of a script, and what it refuses by name."""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, mV

import bioworkbench as bw
from bioworkbench.records.synapse import PULSE
from bioworkbench.simulation.scripts import from_brian2
from tests.ports.plain import plain, spikes_in, spikes_of
from tests.simulation.backends.cpp.scripts import cuba

LEAKY = "dv/dt = (rest - v)/(10*ms) : volt"


@pytest.fixture(autouse=True)
def fresh():
    plain(1e-4)
    b2.start_scope()


def cells(n=3, equations=LEAKY, **settings):
    given = {"threshold": "v > 10*mV", "reset": "v = 0*mV", "method": "exact", "namespace": {"rest": 11 * mV}, "name": "cells"}
    return b2.NeuronGroup(n, equations, **given | settings)


def joined(group, model="", name="joins", **settings):
    made = b2.Synapses(group, group, model, name=name, **settings)
    made.connect(i=[2, 0, 1], j=[0, 1, 2])
    return made


@pytest.mark.thorough
def test_parts_of_groups_become_whole_populations_with_plain_weights():
    network, _ = cuba(size=60)
    script = from_brian2(network, 20 * ms)
    assert [projection.synapse for projection in script.network.projections] == [PULSE, PULSE]
    monitor = next(one for one in network.objects if isinstance(one, b2.SpikeMonitor))
    network.run(20 * ms)
    made = bw.simulate(script.network, script.stimuli, 1, dt=script.dt, backend="numpy", record=script.record)
    assert spikes_in(made, script.network.populations[0].name) == spikes_of(monitor, 1e-4)
    trace = next(one for one in network.objects if isinstance(one, b2.StateMonitor))
    np.testing.assert_allclose(next(iter(made.traces.values())).values[0].T, np.asarray(trace.v))


def test_values_are_those_before_the_run():
    group = cells()
    group.v = [1, 2, 3] * mV
    script = from_brian2([group], 1 * ms)
    b2.Network(group).run(1 * ms)
    np.testing.assert_allclose(np.asarray(script.network.populations[0].model.start["v"]), [1e-3, 2e-3, 3e-3])


def test_times_between_steps_are_those_that_brian2_makes_of_them():
    def script():
        group = cells(2, LEAKY + " (unless refractory)", refractory=0.27 * ms)
        source = b2.SpikeGeneratorGroup(2, [0, 1, 0], [0.18, 1.29, 2.2] * ms, name="source")
        joins = b2.Synapses(source, group, on_pre="v += 12*mV", delay=0.15 * ms, name="joins")
        joins.connect(i=[0, 1], j=[0, 1])
        return [group, source, joins, b2.SpikeMonitor(group)]

    plain_objects, objects = script(), script()
    b2.Network(plain_objects).run(4 * ms)
    made = from_brian2(objects, 4 * ms)
    ours = bw.simulate(made.network, made.stimuli, 1, dt=made.dt, backend="numpy")
    assert spikes_in(ours, "cells") == spikes_of(plain_objects[-1], 1e-4)
    assert np.isclose(made.network.populations[0].model.refractory / ms, 0.2)
    assert np.isclose(made.network.projections[0].delay, 1e-4)


def test_pathways_of_the_source_keep_no_delay_beside_one_with_a_delay():
    group = cells()
    on_pre = {"pre": "v_post += w", "at_once": "v_post -= w"}
    synapses = joined(group, "w : volt", on_pre=on_pre, delay={"pre": 1 * ms})
    (projection,) = from_brian2([group, synapses], 1 * ms).network.projections
    assert projection.delay == pytest.approx(1e-3)
    assert not np.any(projection.synapse.delays["at_once"])


def test_names_of_statements_alone_and_what_synapses_share():
    group = cells(reset="kept = v - 10*mV; v = kept")
    synapses = joined(group, "w : volt\ngain : 1 (shared)", on_pre="more = gain*w; v_post += more")
    synapses.gain = 2
    network = from_brian2([group, synapses], 1 * ms).network
    assert network.populations[0].model.constants == {"rest": 11 * mV}
    assert network.projections[0].synapse.start == {"gain": 2.0}


def test_constants_that_are_conditions_are_refused():
    group = cells(threshold="v > 10*mV and awake", namespace={"rest": 11 * mV, "awake": True})
    with pytest.raises(
        ValueError, match=r"NeuronGroup 'cells': 'awake' is True; .*Write a parameter 'awake : boolean' and set it"
    ):
        from_brian2([group], 1 * ms)


def test_names_come_from_the_script():
    group = cells(namespace={})
    with pytest.raises(
        ValueError, match="NeuronGroup 'cells': 'rest' is not in the namespace of the group; give namespace = globals"
    ):
        from_brian2([group], 1 * ms)
    script = from_brian2([group], 1 * ms, namespace={"rest": 12 * mV, "other": print})
    assert script.network.populations[0].model.constants == {"rest": 12 * mV}


def test_inputs_of_all_kinds():
    group = cells()
    rates, wave = (
        b2.PoissonGroup(2, rates=[100, 200] * Hz, name="rates"),
        b2.PoissonGroup(2, rates="f*(1 + sin(t/ms))", name="wave"),
    )
    trains = b2.SpikeGeneratorGroup(2, [0, 1, 1], [0.3, 0.3, 30] * ms, name="trains")
    drive = b2.PoissonInput(group, "v", 10, 5 * Hz, 0.1 * mV)
    made = [
        b2.Synapses(one, group, "w : volt", on_pre="v += w", delay=1 * ms, name=f"from_{one.name}")
        for one in (rates, wave, trains)
    ]
    for one in made:
        one.connect()
        one.w = 2 * mV
    monitor = b2.StateMonitor(made[0], "w", record=[1, 2], name="seen")
    script = from_brian2([group, rates, wave, trains, drive, *made, monitor], 2 * ms, namespace={"f": 50 * Hz})
    sizes = {"cells": 3, "rates": 2, "wave": 2}
    assert script.network.sizes == sizes
    assert script.network.channels == {"trains": 2}
    (background,) = script.network.population("cells").background
    assert (background.receives, background.n, background.rate, background.weight) == ("v", 10, 5.0, 1e-4)
    assert (script.stimuli[1].time / 1e-4).round().tolist() == [3, 3]  # the spike after the run is left out
    assert [(probe.name, probe.neurons) for probe in script.record] == [("from_rates.weight", (1, 2))]
    result = bw.simulate(script.network, script.stimuli, 1, dt=script.dt, backend="numpy", record=script.record)
    assert (result.traces["from_rates.weight"].values == 2e-3).all()
    assert all(projection.synapse == PULSE for projection in script.network.projections)


def test_shared_variables_and_numbers_of_parallel_synapses_come_over():
    """A script's `place` and `xinf` are other things than the synapses' own `place` and noise."""
    given = {"xinf": 11 * mV, "place": 40}
    group = cells(4, "dv/dt = (xinf - v)/(10*ms) : volt", namespace={})
    group.v = "i*2*mV"
    made = b2.Synapses(
        group, group, "w : volt\ngain : 1 (shared)", on_pre="v += gain*(place + 1)*w", multisynaptic_index="place", name="joins"
    )
    made.connect("i != j", n=2)
    made.w, made.gain, made.delay = "0.1*mV*(i + 1)", 0.5, "place*ms"
    script = from_brian2([group, made], 50 * ms, namespace=given)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, made, monitor).run(50 * ms, namespace=given)
    result = bw.simulate(script.network, script.stimuli, 1, dt=script.dt, backend="numpy")
    assert len(monitor.i) > 4
    assert spikes_in(result, "cells") == spikes_of(monitor, 1e-4)


def changed(group):
    group.run_regularly("v = 0*mV", dt=1 * ms)
    return [group]


def with_order():
    made = joined(cells(), on_pre="v += 1*mV")
    made.pre.order = 3
    return [made.source, made]


def with_time(change):
    """A group, a pathway of its own, an input and a monitor, one of which `change` has run at another time, or not at all."""

    def made():
        group = cells()
        joins = joined(group, on_pre="v += 1*mV")
        every = b2.PoissonInput(group, "v", 1, 5 * Hz, 1 * mV)
        seen = b2.StateMonitor(group, "v", record=True, name="seen")
        change(group, joins, every, seen)
        return [group, joins, every, seen]

    return made


def scheduled():
    network = b2.Network(cells())
    network.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    return network


def linked():
    first, second = cells(), cells(3, LEAKY + "\nx : volt (linked)", name="second")
    second.x = b2.linked_var(first, "v")
    return [first, second]


def several_variables():
    group = cells(3, LEAKY + "\nx : volt")
    return [group, b2.StateMonitor(group, ["v", "x"], record=True, name="seen")]


def two_steps():
    return [cells(), cells(name="slow", dt=1 * ms)]


def summed_onto_a_part():
    group = cells(3, LEAKY + "\nx : volt")
    made = b2.Synapses(group, group[1:], "x_post = v_pre : volt (summed)", name="joins")
    made.connect()
    return [group, made]


def synapses_onto_synapses():
    made = joined(cells(), "w : volt", on_pre="v += w")
    onto = b2.Synapses(made.source, made, on_pre="w_post += 1*mV", name="onto")
    onto.connect()
    return [made.source, made, onto]


def counted_synapses():
    made = joined(cells(), "w : volt", on_pre="v += w/N_incoming")
    return [made.source, made]


def on_event():
    group = cells(events={"crossed": "v > 5*mV"})
    return [group]


def compartments():
    with_axis = b2.Cylinder(length=10 * b2.um, diameter=1 * b2.um, n=2)
    return [b2.SpatialNeuron(with_axis, "Im = 0*amp/meter**2 : amp/meter**2", name="cable")]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (list, "there is no NeuronGroup or PoissonGroup among the 0 objects"),
        (lambda: changed(cells()), "NeuronGroup 'cells': 'cells_run_regularly' runs statements of its own, as run_regularly does"),
        (with_order, "Synapses 'joins': 'joins_pre' has order 3; records keep Brian2's own, -1"),
        (summed_onto_a_part, "Synapses 'joins': .* sums onto a part of a group; records sum for all of its neurons"),
        (counted_synapses, "Synapses 'joins': 'N_incoming' is a number that Brian2 keeps, which records do not have; run the script as"),
        (synapses_onto_synapses, "Synapses 'onto': has the synapses 'joins' at one end; records have synapses between neurons"),
        (linked, "NeuronGroup 'second': 'x' is linked to another group"),
        (several_variables, "StateMonitor 'seen': records v, x; make a monitor for each variable"),
        (two_steps, r"objects have the steps 'cells' 0\.0001 s, 'slow' 0\.001 s; a network has one"),
        (on_event, "NeuronGroup 'cells': has the events crossed, spike; records have spikes only"),
        (compartments, r"SpatialNeuron 'cable': records have no such object; .*set_device\('bioworkbench'\)"),
        (lambda: [cells(), b2.NetworkOperation(print, name="op")], "NetworkOperation 'op': records have no such object"),
        (lambda: [cells(namespace={"rest": b2.TimedArray([1, 2] * mV, dt=1 * ms)})], "'rest' is a TimedArray; records have numbers"),
    ],
)  # fmt: skip
def test_what_records_cannot_say_is_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        from_brian2(make(), 1 * ms)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda group, *_: setattr(group.thresholder["spike"], "when", "end"), "'cells_spike_thresholder' runs at when = 'end'; records"),
        (lambda group, *_: setattr(group.state_updater, "when", "end"), "'cells_stateupdater' runs at when = 'end'; .*own, 'groups'"),
        (lambda group, *_: setattr(group.resetter["spike"], "when", "end"), "'cells_spike_resetter' runs at .*own, 'resets'"),
        (lambda _, joins, *__: setattr(joins.pre, "when", "after_resets"), "'joins_pre' runs at when = 'after_resets'; .* 'synapses'"),
        (lambda _, __, every, ___: setattr(every, "when", "end"), "PoissonInput '.*' runs at when = 'end'; records keep .* 'synapses'"),
        (lambda _, __, every, ___: setattr(every, "order", 2), "PoissonInput '.*' has order 2; records keep Brian2's own, 0"),
        (lambda *all_: setattr(all_[3], "when", "end"), "StateMonitor 'seen' runs at when = 'end'; records keep Brian2's own, 'start'"),
        (lambda group, *_: setattr(group, "active", False), "NeuronGroup 'cells' is not active; leave it out"),
        (lambda _, joins, *__: setattr(joins, "active", False), "Synapses 'joins' is not active; leave it out"),
        (lambda _, joins, *__: setattr(joins.pre, "active", False), "Synapses 'joins': 'joins_pre' is not active; leave it out"),
    ],
)  # fmt: skip
def test_another_time_in_a_step_is_refused_by_name(change, words):
    with pytest.raises(ValueError, match=words):
        from_brian2(with_time(change)(), 1 * ms)


def test_a_schedule_of_its_own_is_refused():
    usual = r"; records keep Brian2's own, start, groups, thresholds, synapses, resets, end"
    with pytest.raises(ValueError, match=f"the schedule is start, groups, thresholds, resets, synapses, end{usual}"):
        from_brian2(scheduled(), 1 * ms)
    assert from_brian2(with_time(lambda *_: None)(), 1 * ms).record


def test_backgrounds_reach_whole_populations():
    group = cells()
    text = b2.PoissonInput(group, "v", 1, 5 * Hz, "1*mV")
    with pytest.raises(ValueError, match=r"PoissonInput '.*' has weight = '1\*mV'; backgrounds have a quantity"):
        from_brian2([group, text], 1 * ms)
    part = b2.PoissonInput(group[:2], "v", 1, 5 * Hz, 1 * mV)
    with pytest.raises(ValueError, match=r"PoissonInput '.*' has 2 of 3 neurons; backgrounds have a quantity, and reach whole"):
        from_brian2([group, part], 1 * ms)


def test_a_network_that_has_run_and_synapses_with_events_are_refused():
    group = cells(3, LEAKY + "\nge : siemens", events={"crossed": "v > 5*mV"})
    plainly = cells(name="plainly")
    synapses = b2.Synapses(group, plainly, on_pre="v += 1*mV", on_event="crossed", name="joins")
    synapses.connect()
    with pytest.raises(ValueError, match="pathway 'pre' waits for an event; records have spikes only"):
        from_brian2([plainly, synapses], 1 * ms)
    network = b2.Network(plainly)
    network.run(1 * ms)
    with pytest.raises(ValueError, match=r"the network has run for 0\.001 s; convert it before its first run"):
        from_brian2(network, 1 * ms)
    again = b2.SpikeGeneratorGroup(1, [0], [0.1] * ms, period=1 * ms, name="again")
    joins = b2.Synapses(again, plainly, on_pre="v += 1*mV", name="repeats")
    joins.connect()
    with pytest.raises(ValueError, match=r"SpikeGeneratorGroup 'again': period = 0\.001 s: spike trains do not repeat"):
        from_brian2([plainly, again, joins], 1 * ms)
