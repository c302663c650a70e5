"""Twenty scripts for Brian2 at the size of its examples, written anew from the models they show; ``python -m ... DEVICE NAME`` runs one.

Each is a plain script: it makes objects and calls `run`. With the device "bioworkbench" it has two lines more than for Brian2's runtime.
"""

import importlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    device,
    ms,
    mV,
    nA,
    nS,
    second,
    seed,
    set_device,
    uS,
)

SCRIPTS: dict[str, Any] = {}
CONDUCTANCES = "\ndge/dt = -ge/(5*ms) : siemens\ndgi/dt = -gi/(10*ms) : siemens"
HODGKIN_HUXLEY = """
dv/dt = (gl*(el - v) + I - gna*m**3*h*(v - 50*mV) - gk*n**4*(v + 90*mV))/(200*pF) : volt
dm/dt = 0.32/mV*4*mV/exprel((-50*mV - v)/(4*mV))/ms*(1 - m) - 0.28/mV*5*mV/exprel((v + 23*mV)/(5*mV))/ms*m : 1
dn/dt = 0.032/mV*5*mV/exprel((-48*mV - v)/(5*mV))/ms*(1 - n) - 0.5*exp((-53*mV - v)/(40*mV))/ms*n : 1
dh/dt = 0.128*exp((-46*mV - v)/(18*mV))/ms*(1 - h) - 4/(1 + exp((-23*mV - v)/(5*mV)))/ms*h : 1
"""
CHANNELS = {"gl": 10 * nS, "el": -60 * mV, "gna": 20 * uS, "gk": 6 * uS}


def script(make):
    SCRIPTS[make.__name__] = make
    return make


def pairs(n_source, n_target, p, seed=1):
    """The same random links for both devices, whose random numbers differ."""
    return np.nonzero(np.random.default_rng(seed).random((n_source, n_target)) < p)


def linked(source, target, text, p, n=None, seed=1, **more):
    synapses = Synapses(source, target, on_pre=text, **more)
    i, j = pairs(n or len(source), len(target), p, seed)
    synapses.connect(i=i, j=j)
    return synapses


def spread(low, high, n, seed=0):
    return np.random.default_rng(seed).uniform(low, high, n)


@script
def cuba():
    """Vogels and Abbott 2005, currents; 4000 neurons."""
    cells = NeuronGroup(4000, """dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)
                        dge/dt = -ge/(5*ms) : volt
                        dgi/dt = -gi/(10*ms) : volt""", threshold="v > -50*mV", reset="v = -60*mV",
                        refractory=5 * ms, method="exact")  # fmt: skip
    cells.v = spread(-60, -50, 4000) * mV
    exc, inh = linked(cells[:3200], cells, "ge += 1.62*mV", 0.02), linked(cells[3200:], cells, "gi -= 9*mV", 0.02)
    return 2 * second, cells, exc, inh


@script
def coba():
    """Vogels and Abbott 2005, conductances; 4000 neurons."""
    cells = NeuronGroup(4000, "dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) + 200*pA)/(200*pF) : volt (unless refractory)"
                        + CONDUCTANCES, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="euler")  # fmt: skip
    cells.v, cells.ge, cells.gi = spread(-60, -50, 4000) * mV, spread(20, 60, 4000, 1) * nS, spread(0, 60, 4000, 2) * nS
    exc, inh = linked(cells[:3200], cells, "ge += 6*nS", 0.02), linked(cells[3200:], cells, "gi += 67*nS", 0.02)
    return 2 * second, cells, exc, inh


@script
def cobahh():
    """The same with Hodgkin-Huxley neurons (Brette et al. 2007); 4000 neurons."""
    equations = HODGKIN_HUXLEY.replace("+ I", "+ ge*(0*mV - v) + gi*(-80*mV - v)") + CONDUCTANCES
    cells = NeuronGroup(
        4000, equations, threshold="v > -20*mV", refractory=3 * ms, method="exponential_euler", namespace=CHANNELS
    )
    cells.v, cells.h = spread(-65, -55, 4000) * mV, 0.9
    cells.ge, cells.gi = spread(0, 60, 4000, 1) * nS, spread(100, 300, 4000, 2) * nS
    exc, inh = linked(cells[:3200], cells, "ge += 6*nS", 0.02), linked(cells[3200:], cells, "gi += 67*nS", 0.02)
    return 0.3 * second, cells, exc, inh


@script
def brunel_hakim():
    """Fast oscillations of inhibitory neurons with noise (Brunel and Hakim 1999); 5000 neurons."""
    cells = NeuronGroup(5000, "dv/dt = (25*mV - v)/(20*ms) + 1*mV*sqrt(1/(20*ms))*xi : volt (unless refractory)",
                        threshold="v > 20*mV", reset="v = 10*mV", refractory=2 * ms, method="euler")  # fmt: skip
    cells.v = 10 * mV
    return 0.3 * second, cells, linked(cells, cells, "v -= 0.1*mV", 0.2, delay=2 * ms)


@script
def brunel():
    """Sparse excitation and inhibition with Poisson input (Brunel 2000); 10 000 neurons."""
    cells = NeuronGroup(10000, "dv/dt = -v/(20*ms) : volt (unless refractory)", threshold="v > 20*mV", reset="v = 10*mV",
                        refractory=2 * ms, method="exact")  # fmt: skip
    exc = linked(cells[:8000], cells, "v += 0.1*mV", 0.1, delay=1.5 * ms)
    inh = linked(cells[8000:], cells, "v -= 0.5*mV", 0.1, delay=1.5 * ms)
    return 0.3 * second, cells, exc, inh, PoissonInput(cells, "v", 1000, 20 * Hz, 0.1 * mV)


@script
def stdp():
    """A thousand plastic synapses onto one neuron (Song, Miller and Abbott 2000)."""
    given = PoissonGroup(1000, 15 * Hz)
    cell = NeuronGroup(1, """dv/dt = (ge*(0*mV - v)/nS*0.012 + (-74*mV - v))/(10*ms) : volt
                       dge/dt = -ge/(5*ms) : siemens""", threshold="v > -54*mV", reset="v = -60*mV", method="euler")  # fmt: skip
    cell.v = -60 * mV
    learned = Synapses(given, cell, """w : siemens
                       dapre/dt = -apre/(20*ms) : siemens (event-driven)
                       dapost/dt = -apost/(20*ms) : siemens (event-driven)""",
                       on_pre="ge += w\napre += 0.01*nS\nw = clip(w + apost, 0*nS, 1*nS)",
                       on_post="apost -= 0.0105*nS\nw = clip(w + apre, 0*nS, 1*nS)")  # fmt: skip
    learned.connect()
    learned.w = spread(0, 1, 1000) * nS
    return 20 * second, given, cell, learned


@script
def stdp_all_to_all():
    """Plastic synapses between 1000 inputs and 200 neurons."""
    given = PoissonGroup(1000, 15 * Hz)
    cells = NeuronGroup(200, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
    learned = Synapses(given, cells, "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)",
                       on_pre="v_post += w\nx += 1\nw = clip(w - 0.001*y, 0, 0.02)",
                       on_post="y += 1\nw = clip(w + 0.001*x, 0, 0.02)")  # fmt: skip
    learned.connect()
    learned.w = spread(0, 0.02, 200_000)
    return 1 * second, given, cells, learned


@script
def short_term_plasticity():
    """Depressing synapses of a network (Tsodyks and Markram 1997); 2000 neurons."""
    cells = NeuronGroup(2000, "dv/dt = (v0 - v)/(20*ms) : volt (unless refractory)\nv0 : volt", threshold="v > 15*mV",
                        reset="v = 10*mV", refractory=2 * ms, method="exact")  # fmt: skip
    cells.v0 = spread(14, 18, 2000) * mV
    text = "u += 0.5*(1 - u)\nv_post += 0.3*mV*u*x\nx -= u*x"
    equations = "dx/dt = (1 - x)/(200*ms) : 1 (event-driven)\ndu/dt = -u/(50*ms) : 1 (event-driven)"
    synapses = linked(cells[:1600], cells, text, 0.05, model=equations)
    synapses.x = 1
    return 1 * second, cells, synapses


@script
def nmda():
    """Conductances that synapses sum up by differential equations of their own (Wang 2002); 500 neurons."""
    cells = NeuronGroup(500, """dv/dt = (25*nS*(-70*mV - v) - slow + 0.6*nA)/(0.5*nF) : volt (unless refractory)
                        slow = s_total*0.3*nS*v/(1 + exp(-0.062*v/mV)/3.57) : amp
                        s_total : 1""", threshold="v > -50*mV", reset="v = -55*mV", refractory=2 * ms, method="euler")  # fmt: skip
    cells.v = spread(-70, -50, 500) * mV
    model = "s_total_post = s : 1 (summed)\nds/dt = -s/(100*ms) + 0.5/ms*x*(1 - s) : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)"
    return 0.5 * second, cells, linked(cells, cells, "x += 1", 0.2, model=model, method="euler")


@script
def gap_junctions():
    """Electrical coupling of all pairs of neurons; 500 neurons."""
    cells = NeuronGroup(500, "dv/dt = (v0 - v + coupling)/(10*ms) : 1\nv0 : 1\ncoupling : 1", threshold="v > 1", reset="v = 0",
                        method="euler")  # fmt: skip
    cells.v0 = spread(1.01, 1.1, 500)
    synapses = Synapses(cells, cells, "w : 1\ncoupling_post = w*(v_pre - v_post) : 1 (summed)")
    i, j = pairs(500, 500, 0.2)
    synapses.connect(i=i, j=j)
    synapses.w = 0.002
    return 0.2 * second, cells, synapses


@script
def izhikevich():
    """A thousand neurons with noisy input (Izhikevich 2003)."""
    cells = NeuronGroup(1000, """dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
                        du/dt = a*(b*v - u)/ms : 1
                        I : 1
                        noise : 1
                        a : 1
                        b : 1
                        c : 1
                        d : 1""", threshold="v >= 30", reset="v = c\nu += d", method="euler")  # fmt: skip
    r = spread(0, 1, 1000)
    exc = np.arange(1000) < 800
    cells.a, cells.b = np.where(exc, 0.02, 0.02 + 0.08 * r), np.where(exc, 0.2, 0.25 - 0.05 * r)
    cells.c, cells.d = np.where(exc, -65 + 15 * r**2, -65), np.where(exc, 8 - 6 * r**2, 2)
    cells.v, cells.noise = -65, np.where(exc, 5, 2)
    cells.run_regularly("I = noise*randn()", dt=1 * ms)
    synapses = Synapses(cells, cells, "w : 1", on_pre="I_post += w", delay=1 * ms)
    synapses.connect()
    synapses.w = np.where(np.repeat(exc, 1000), 0.5, -1.0) * spread(0, 1, 10**6, 3)
    return 5 * second, cells, synapses


@script
def hodgkin_huxley_curve():
    """Firing rates of 100 Hodgkin-Huxley neurons by current."""
    cells = NeuronGroup(100, HODGKIN_HUXLEY + "I : amp", threshold="v > -40*mV", refractory="v > -40*mV", method="exponential_euler",
                        namespace=CHANNELS)  # fmt: skip
    cells.v, cells.I = -60 * mV, np.linspace(0, 0.7, 100) * nA
    return 2 * second, cells


@script
def rates_of_integrate_and_fire():
    """Firing rates of 1000 leaky neurons by current."""
    cells = NeuronGroup(1000, "dv/dt = (v0 - v)/(10*ms) : volt (unless refractory)\nv0 : volt", threshold="v > 10*mV", reset="v = 0*mV",
                        refractory=5 * ms, method="exact")  # fmt: skip
    cells.v0 = np.linspace(0, 20, 1000) * mV
    return 10 * second, cells


@script
def adaptive_threshold():
    """A threshold that rises with each spike; 2000 neurons with noise."""
    cells = NeuronGroup(2000, """dv/dt = (12*mV - v)/(10*ms) + 4*mV*sqrt(1/(10*ms))*xi : volt
                        dvt/dt = (10*mV - vt)/(15*ms) : volt""", threshold="v > vt", reset="v = 0*mV\nvt += 3*mV",
                        method="euler")  # fmt: skip
    cells.vt = 10 * mV
    return 2 * second, cells


@script
def reliability():
    """Neurons that share a noisy current from a table (Mainen and Sejnowski 1995); 500 neurons."""
    shared = TimedArray(np.random.default_rng(1).normal(0, 1, 100_000), dt=0.1 * ms)
    cells = NeuronGroup(500, "dx/dt = (1.1 + 0.8*shared(t) - x)/(10*ms) + 0.05*sqrt(2/(10*ms))*xi : 1", threshold="x > 1", reset="x = 0",
                        method="euler", namespace={"shared": shared})  # fmt: skip
    return 10 * second, cells


@script
def phase_locking():
    """Leaky neurons with a sine (Brette 2004); 2000 neurons."""
    cells = NeuronGroup(2000, "dv/dt = (-v + a*sin(2*pi*20*Hz*t) + b)/(20*ms) : 1\na : 1\nb : 1", threshold="v > 1", reset="v = 0",
                        method="euler")  # fmt: skip
    cells.v, cells.a, cells.b = spread(0, 1, 2000), 0.5, np.linspace(0.8, 1.4, 2000)
    return 10 * second, cells


@script
def synfire_chain():
    """Ten groups of 100 neurons that pass a volley on (Diesmann et al. 1999)."""
    cells = NeuronGroup(1000, """dv/dt = (-70*mV - v + x)/(10*ms) : volt (unless refractory)
                        dx/dt = (y - x)/(0.4*ms) : volt
                        dy/dt = (-y + 12*mV*sqrt(1*ms)*xi)/(1*ms) : volt""", threshold="v > -55*mV", reset="v = -70*mV",
                        refractory=1 * ms, method="euler")  # fmt: skip
    cells.v = -60 * mV
    volley = SpikeGeneratorGroup(85, np.arange(85), np.sort(spread(50, 53, 85)) * ms)
    chain = Synapses(cells, cells, on_pre="y += 4.9*mV", delay=5 * ms)
    first, then = np.divmod(np.arange(90_000), 100)
    chain.connect(i=first, j=(first // 100 + 1) * 100 + then)
    start = Synapses(volley, cells[:100], on_pre="y += 4.9*mV", delay=5 * ms)
    start.connect()
    return 1 * second, cells, volley, chain, start


@script
def inhibitory_plasticity():
    """Inhibitory weights that balance excitation (Vogels et al. 2011); 2000 neurons."""
    cells = NeuronGroup(2000, "dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) + 200*pA)/(200*pF) : volt (unless refractory)"
                        + CONDUCTANCES, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="euler")  # fmt: skip
    cells.v = spread(-60, -50, 2000) * mV
    exc = linked(cells[:1600], cells, "ge += 3*nS", 0.02)
    inh = linked(cells[1600:], cells[:1600], """gi += w*nS
                 x += 1
                 w = clip(w + (y - 0.2)*0.01, 0, 100)""", 0.05, model="""w : 1
                 dx/dt = -x/(20*ms) : 1 (event-driven)
                 dy/dt = -y/(20*ms) : 1 (event-driven)""", on_post="y += 1\nw = clip(w + x*0.01, 0, 100)")  # fmt: skip
    return 2 * second, cells, exc, inh


@script
def delay_lines():
    """Coincidence detectors at the ends of delay lines (Jeffress 1948); 300 delays."""
    source = NeuronGroup(2, "dv/dt = (1.2 + 0.5*sin(2*pi*100*Hz*t + i*pi/4) - v)/(2*ms) + 0.1*sqrt(1/(2*ms))*xi : 1", threshold="v > 1",
                         reset="v = 0", method="euler")  # fmt: skip
    cells = NeuronGroup(300, "dv/dt = -v/(1*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
    synapses = Synapses(source, cells, on_pre="v += 0.6")
    synapses.connect()
    synapses.delay["i == 0"], synapses.delay["i == 1"] = "j*0.02*ms", "(300 - j)*0.02*ms"
    return 30 * second, source, cells, synapses


@script
def recorded_states():
    """Membranes and rates recorded in every step; 1000 neurons."""
    cells = NeuronGroup(
        1000, "dv/dt = (1.2 - v)/(10*ms) + 0.1*sqrt(2/(10*ms))*xi : 1", threshold="v > 1", reset="v = 0", method="euler"
    )
    return 5 * second, cells, StateMonitor(cells, "v", record=range(50)), PopulationRateMonitor(cells)


def main():
    device_name, name = sys.argv[1:]
    if device_name == "bioworkbench":
        importlib.import_module("bioworkbench.device")
    with tempfile.TemporaryDirectory() as folder:
        set_device(device_name, directory=str(Path(folder) / "script"))
        seed(1)
        duration, *objects = SCRIPTS[name]()
        monitors = [SpikeMonitor(thing) for thing in objects if hasattr(thing, "events") and "spike" in thing.events]
        network = Network(*objects, *monitors)
        begin = time.perf_counter()
        network.run(duration, namespace={})
        taken = time.perf_counter() - begin
        print(json.dumps({"run": device._last_run_time, "whole": taken, "spikes": [int(m.num_spikes) for m in monitors]}))


if __name__ == "__main__":
    main()
