"""Every deterministic synapse model beside the same in plain Brian2: the same neurons spike in the same steps."""

import numpy as np
import pytest
from brian2 import Hz, NeuronGroup, SpikeMonitor, Synapses, ms, mV, second, volt

from bioworkbench import synapses as models
from bioworkbench.records.network import Network, Population, Projection
from bioworkbench.records.neuron import NeuronModel
from tests.ports.plain import plain, run_ours, run_plain, spikes_in, spikes_of
from tests.sampled import every

N_SOURCE, N_TARGET, DT = 20, 6, 1e-4
DRIVE = np.linspace(10.5, 20, N_SOURCE)
WEIGHTS = np.random.default_rng(3).uniform(0, 1, (N_SOURCE, N_TARGET))
DELAYS = np.random.default_rng(4).integers(0, 30, WEIGHTS.size) * 1e-4
SOURCE = "dv/dt = (drive - v)/tau : volt\ndrive : volt"
TARGET = "dv/dt = (10.2*mV - v + pull + 2*mV*sin(2*pi*t/(50*ms)))/tau : volt\npull : volt\nu = 1 + cos(2*pi*t/(200*ms)) : 1"
FAST = {"threshold": "v > 10*mV", "reset": "v = 0*mV", "method": "euler"}
T = {"decay": 5 * ms, "peak": 2 * ms, "rise": 1 * ms}
STDP = "dp/dt = -p/({0}*ms) : 1 (event-driven)\ndq/dt = -q/({1}*ms) : 1 (event-driven)\nw : volt"
SUM = "pull_post = w*s : volt (summed)\nw : volt\n"
TOP = 3 * mV

# ours, the variable it acts on, scale of the weights; equations, on_pre and on_post in plain Brian2
PORTS = {
    "pulse": (models.pulse(), "v", 1 * mV, ("w : volt", "v_post += w", None)),
    "exponential": (
        models.exponential(decay=5 * ms),
        "pull",
        1 * mV,
        (SUM + "ds/dt = -s/(5*ms) : 1 (clock-driven)", "s += 1", None),
    ),
    "alpha": (
        *(models.alpha(peak=2 * ms), "pull", 1 * mV),
        (SUM + "ds/dt = (x - s)/(2*ms) : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)", "x += exp(1)", None),
    ),
    "nmda": (
        *(models.nmda(), "pull", 3 * mV),
        (
            "w : volt\ndx/dt = -x/(2*ms) : 1 (clock-driven)\nds/dt = -s/(100*ms) + x*(1 - s)/(2*ms) : 1 (clock-driven)\n"
            "pull_post = w*s/(1 + exp(-0.062*v_post/mV)/3.57) : volt (summed)",
            *("x += 1", None),
        ),
    ),
    "depression": (
        *(models.tsodyks_markram(use=0.5, recovery=200 * ms), "v", 3 * mV),
        ("w : volt\ndx/dt = (1 - x)/(200*ms) : 1 (event-driven)", "v_post += w*0.5*x\nx -= 0.5*x", None),
    ),
    "facilitation": (
        *(models.tsodyks_markram(use=0.1, recovery=100 * ms, facilitation=500 * ms), "v", 5 * mV),
        (
            "w : volt\ndx/dt = (1 - x)/(100*ms) : 1 (event-driven)\ndn/dt = -n/(500*ms) : 1 (event-driven)",
            *("n += 0.1*(1 - n)\nv_post += w*n*x\nx -= n*x", None),
        ),
    ),
    "pair_stdp": (
        *(models.pair_stdp(largest=TOP, potentiation=0.02, depression=0.021), "v", 1 * mV),
        (
            STDP.format(20, 20),
            *("v_post += w\np += 0.02\nw = clip(w - q*3*mV, 0*mV, 3*mV)", "q += 0.021\nw = clip(w + p*3*mV, 0*mV, 3*mV)"),
        ),
    ),
    "triplet_stdp": (
        *(models.triplet_stdp(largest=TOP), "v", 1 * mV),
        (
            "w : volt\ndr1/dt = -r1/(16.8*ms) : 1 (event-driven)\ndr2/dt = -r2/(101*ms) : 1 (event-driven)\n"
            "do1/dt = -o1/(33.7*ms) : 1 (event-driven)\ndo2/dt = -o2/(125*ms) : 1 (event-driven)",
            "v_post += w\nw = clip(w - 3*mV*o1*(7e-3 + 2.3e-4*r2), 0*mV, 3*mV)\nr1 += 1\nr2 += 1",
            "w = clip(w + 3*mV*r1*(5e-10 + 6.2e-3*o2), 0*mV, 3*mV)\no1 += 1\no2 += 1",
        ),
    ),
    "inhibitory_stdp": (
        *(models.inhibitory_stdp(largest=TOP, rate=0.02, target_rate=10 * Hz), "v", 0.3 * mV),
        (
            STDP.format(20, 20),
            "v_post += w\np += 1\nw = clip(w + 0.02*3*mV*(q - 0.4), 0*mV, 3*mV)",
            "q += 1\nw = clip(w + 0.02*3*mV*p, 0*mV, 3*mV)",
        ),
    ),
    "gap_junction": (models.gap_junction(), "pull", 0.01, ("w : 1\npull_post = w*(v_pre - v_post) : volt (summed)", "", None)),
    "graded": (
        *(models.graded(half=7 * mV, slope=1 * mV, reversal=30 * mV), "pull", 0.1),
        (
            "w : 1\no = 1/(1 + exp((7*mV - v_pre)/(1*mV))) : 1\nds/dt = (o - s)/(40*ms*(1 - o)) : 1 (clock-driven)\n"
            "pull_post = w*s*(30*mV - v_post) : volt (summed)",
            *("", None),
        ),
    ),
}
METHODS = {"nmda": "rk2", "graded": "exponential_euler", **dict.fromkeys(("ampa", "gaba_a", "gaba_b"), "exponential_euler")}
METHODS |= dict.fromkeys(("voltage_stdp", "dopamine_stdp", "homeostatic_scaling"), "euler")
KINETIC = "w : volt\nlast : second\ndr/dt = {0}/ms*int(t - last < 1*ms + dt/2)*(1 - r) - {1}/ms*r : 1 (clock-driven)\n"
BOUNDS = "3*mV*rise*(int(rise > 0{0})*int(w < 3*mV) + int(rise < 0{0})*int(w > 0*mV))"
PORTS |= {
    "ampa": (models.ampa(), "pull", 1 * mV, (KINETIC.format(1.1, 0.19) + "pull_post = w*r : volt (summed)", "last = t", None)),
    "gaba_a": (models.gaba_a(), "pull", 1 * mV, (KINETIC.format(5, 0.18) + "pull_post = w*r : volt (summed)", "last = t", None)),
    "gaba_b": (
        *(models.gaba_b(half=0.01), "pull", 1 * mV),
        (
            KINETIC.format(0.09, 1.2e-3)
            + "ds/dt = 0.18/ms*r - 0.034/ms*s : 1 (clock-driven)\npull_post = w*s**4/(s**4 + 0.01) : volt (summed)",
            *("last = t", None),
        ),
    ),
    "voltage_stdp": (
        *(
            models.voltage_stdp(largest=TOP, low=2 * mV, high=8 * mV, potentiation=4e-2 / mV**2, depression=5e-3 / mV),
            "v",
            1 * mV,
        ),
        (
            "dx/dt = -x/(15*ms) : hertz (clock-driven)\ndslow/dt = (v_post - slow)/(10*ms) : volt (clock-driven)\n"
            "dfast/dt = (v_post - fast)/(7*ms) : volt (clock-driven)\n"
            "rise = 4e-2/mV**2*x*clip(v_post - 8*mV, 0*mV, 1*volt)*clip(fast - 2*mV, 0*mV, 1*volt) : hertz\n"
            f"dw/dt = {BOUNDS.format('*Hz')} : volt (clock-driven)",
            *("v_post += w\nw = clip(w - 3*mV*5e-3/mV*clip(slow - 2*mV, 0*mV, 1*volt), 0*mV, 3*mV)\nx += 1/(15*ms)", None),
        ),
    ),
    "dopamine_stdp": (
        *(models.dopamine_stdp(largest=TOP, dopamine="u", potentiation=0.5, depression=0.525), "v", 1 * mV),
        (
            "dp/dt = -p/(20*ms) : 1 (clock-driven)\ndq/dt = -q/(20*ms) : 1 (clock-driven)\nde_/dt = -e_/second : 1 (clock-driven)\n"
            f"rise = e_*u_post : 1\ndw/dt = {BOUNDS.format('')}/second : volt (clock-driven)",
            *("v_post += w\np += 0.5\ne_ -= q", "q += 0.525\ne_ += p"),
        ),
    ),
    "homeostatic_scaling": (
        *(models.homeostatic_scaling(target_rate=5 * Hz, tau_activity=1 * second, gain=0.5), "v", 1 * mV),
        (
            "da/dt = -a/second : hertz (clock-driven)\ndw/dt = 0.5*w*(5*Hz - a) : volt (clock-driven)",
            *("v_post += w", "a += 1*Hz"),
        ),
    ),
}


BEGINS = {"last": -1e3 * second, "slow": 2 * mV, "fast": 2 * mV, "a": 5 * Hz}


def in_plain_brian2(equations, on_pre, on_post, weights, method, duration):
    plain(DT)
    source = NeuronGroup(N_SOURCE, f"{SOURCE}\ntau : second (shared, constant)", **FAST)
    target = NeuronGroup(N_TARGET, f"{TARGET}\ntau : second (shared, constant)", **FAST)
    source.drive, source.tau, target.tau = DRIVE * mV, 10 * ms, 10 * ms
    made = Synapses(source, target, equations, on_pre=on_pre or None, on_post=on_post, method=method)
    made.connect(i=np.repeat(np.arange(N_SOURCE), N_TARGET), j=np.tile(np.arange(N_TARGET), N_SOURCE))
    made.w = weights.ravel()
    if "(1 - x)" in equations:
        made.x = 1  # all has recovered
    for variable, value in BEGINS.items():
        if f"d{variable}/dt" in equations or f"{variable} : " in equations:
            setattr(made, variable, value)
    if on_pre:
        made.pre.delay = DELAYS * second
    monitor = SpikeMonitor(target)
    run_plain(duration, DT, source, target, made, monitor)
    return spikes_of(monitor, DT), np.array(made.w)


def ours(synapse, receives, weights):
    source = NeuronModel(SOURCE, constants={"tau": 10 * ms}, start={"drive": DRIVE * mV}, receives="", **FAST)
    target = NeuronModel(TARGET, constants={"tau": 10 * ms}, start={"pull": 0 * mV}, **FAST)
    cells = (Population("a", N_SOURCE, source), Population("b", N_TARGET, target))
    return Network(cells, (Projection("a", "b", weights, DELAYS, receives, "ab", synapse),))


@pytest.mark.parametrize("name", every(4, PORTS))
def test_the_same_neurons_spike_in_the_same_steps(name):
    synapse, receives, scale, (equations, on_pre, on_post) = PORTS[name]
    weights = WEIGHTS * scale
    spikes, final = in_plain_brian2(equations, on_pre, on_post, weights, METHODS.get(name, "exact"), 0.3)
    recording = run_ours(ours(synapse, receives, weights), 0.3, DT)
    assert len(spikes) > 30
    assert spikes_in(recording, "b") == spikes
    if synapse.changes_weight:
        np.testing.assert_allclose(recording.weights["ab"][0], final, rtol=1e-9)
        assert np.abs(final - np.ravel(np.asarray(weights))).max() > 0.05 * float(scale / volt)
