"""Networks whose synapses do more than add a weight, as ports: the same data make plain Brian2 objects and our records."""

import numpy as np
from brian2 import amp, ms, mV, nS, pF

from tests.ports.described import Cells, Joins, Port

COBA = """
dv/dt = (ge*(0*mV - v) + gi*(-80*mV - v) - 49*mV - v)/(20*ms) : volt (unless refractory)
dge/dt = -ge/(5*ms) : 1
dgi/dt = -gi/(10*ms) : 1
"""
LEAKY = """
dv/dt = (leak*(-70*mV - v) - (ampa + nmda)*v + current)/capacitance : volt (unless refractory)
dampa/dt = -ampa/(2*ms) : siemens
nmda : siemens
current : amp
"""


def stdp(rng, n=1000, duration=1.0):
    """A thousand inputs at 15 Hz onto each of a thousand cells: a million synapses that learn by all pairs of spikes."""
    events = rng.random((int(duration * 1e3), n)) < 15e-3  # at most one in a millisecond
    step, channel = np.nonzero(events)
    cells = Cells(
        n,
        "dv/dt = (ge*(0*mV - v) - 70*mV - v)/(20*ms) : volt\ndge/dt = -ge/(5*ms) : 1",
        threshold="v > -54*mV",
        reset="v = -60*mV",
        start={"v": rng.uniform(-70, -54, n) * mV},
        method="exponential_euler",
        receives="ge",
    )
    learning = Joins(
        "inputs",
        "cells",
        rng.uniform(0, 0.01, (n, n)),
        equations="dbefore/dt = -before/tau : 1 (event-driven)\ndafter/dt = -after/tau : 1 (event-driven)",
        on_pre="ge_post += weight\nbefore += 0.005*largest\nweight = clip(weight - after, 0, largest)",
        on_post="after += 0.00525*largest\nweight = clip(weight + before, 0, largest)",
        constants={"tau": 20 * ms, "largest": 0.01},
    )
    return Port("", {"cells": cells}, (learning,), {"inputs": (channel, step * 1e-3)}, duration)


def short_term(rng, n=4000, duration=1.0):
    """The COBA network of 4000 cells, with a constant drive, its synapses with short-term depression and facilitation."""
    start = {"v": (-60 + 10 * rng.random(n)) * mV, "ge": 0.4 + 0.15 * rng.normal(size=n), "gi": 2 + 1.2 * rng.normal(size=n)}
    cells = Cells(n, COBA, "v > -50*mV", "v = -60*mV", {}, start, 5 * ms, "exponential_euler", "ge")
    linked = rng.random((n, n)) < 80 / n
    joins = []
    for receives, strength, rows in (("ge", 2.4, slice(0, 4 * n // 5)), ("gi", 27.0, slice(4 * n // 5, n))):
        weights = np.full((n, n), np.nan)
        weights[rows] = np.where(linked[rows], strength, np.nan)
        joins.append(
            Joins(
                "cells",
                "cells",
                weights,
                f"u += use*(1 - u)\n{receives}_post += weight*u*x\nx -= u*x",
                equations="dx/dt = (1 - x)/(200*ms) : 1 (event-driven)\ndu/dt = -u/(100*ms) : 1 (event-driven)",
                constants={"use": 0.5},
                start={"x": 1.0},
                receives=receives,
            )
        )
    return Port("", {"cells": cells}, tuple(joins), {}, duration)


def nmda(rng, n=2000, duration=0.2):
    """2000 cells with 40 NMDA synapses each that saturate and are blocked by magnesium; every synapse is integrated in every step."""
    start = {"v": rng.uniform(-70, -50, n) * mV, "current": rng.uniform(0.45e-9, 0.7e-9, n) * amp, "nmda": 0 * nS}
    constants = {"leak": 25 * nS, "capacitance": 500 * pF}
    cells = Cells(n, LEAKY, "v > -50*mV", "v = -55*mV", constants, start, 2 * ms, "euler", "ampa")
    weights = np.where(rng.random((n, n)) < 40 / n, 0.2, np.nan) * nS
    receptor = Joins(
        "cells",
        "cells",
        weights,
        "x += 1",
        equations="ds/dt = -s/(100*ms) + 0.5*x*(1 - s)/ms : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)\n"
        "nmda_post = weight*s/(1 + exp(-62*v_post/volt)/3.57) : siemens (summed)",
        method="rk2",
        receives="nmda",
    )
    return Port("", {"cells": cells}, (receptor,), {}, duration)


def gap_junctions(rng, n=1000, duration=0.5):
    """A thousand cells, each coupled to a hundred others by gap junctions in both directions."""
    cells = Cells(
        n,
        "dv/dt = (drive - v + coupled)/(10*ms) : volt\ndrive : volt\ncoupled : volt",
        "v > 10*mV",
        "v = 0*mV",
        {},
        {"v": rng.uniform(0, 10, n) * mV, "drive": rng.uniform(11, 14, n) * mV},
        method="euler",
        receives="coupled",
    )
    one_way = np.triu(rng.random((n, n)) < 0.1, 1)
    weights = np.where(one_way | one_way.T, 0.002, np.nan)
    coupling = "weight : 1\ncoupled_post = weight*(v_pre - v_post) : volt (summed)"
    return Port("", {"cells": cells}, (Joins("cells", "cells", weights, "", equations=coupling),), {}, duration)


PORTS = {"stdp 1000": stdp, "short-term 4000": short_term, "nmda 2000": nmda, "gap 1000": gap_junctions}
"""By the name of a row of `bench_handwritten`, as functions of a generator."""
