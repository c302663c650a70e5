"""Coupled neurons and further networks from Brian2's examples, written anew from the papers' equations; see `described`."""

import numpy as np
from brian2 import Hz, ms, mV, nS

from tests.ports.described import Cells, Joins, Port
from tests.ports.network_ports import ALL, RELAY, STDP, drive, learning, sparse, spiking

PORTS = (
    learning(
        "frompapers/Stimberg_et_al_2018/example_3_io_synapse",
        Joins(
            "a",
            "b",
            ALL * 8 * nS,
            equations="du/dt = -u*3.33*Hz : 1 (event-driven)\ndx/dt = (1 - x)*0.5*Hz : 1 (event-driven)",
            on_pre="u += 0.6*(1 - u)\nr = u*x\nx -= r\n{receiver}_post += weight*r",
            start={"x": 1.0},
        ),
    ),
    learning(
        "frompapers/Stimberg_et_al_2018/example_4_synrel",
        Joins(
            "a",
            "b",
            ALL * 8 * nS,
            equations="du/dt = -u*3.33*Hz : 1 (event-driven)\ndx/dt = (1 - x)*0.5*Hz : 1 (event-driven)\n"
            "dgs/dt = -gs*0.02*Hz + 0.1*Hz*(1 - gs) : 1 (clock-driven)",
            on_pre="u0 = 0.6*(1 - gs) + 0.3*gs\nu += u0*(1 - u)\nr = u*x\nx -= r\n{receiver}_post += weight*r",
            start={"x": 1.0},
        ),
    ),
    Port(
        "synapses/gapjunctions",
        {
            "n": Cells(
                10,
                "dv/dt = (drive - v + pull)/(10*ms) : volt\ndrive : volt (constant)\npull : volt",
                threshold="v > 10*mV",
                reset="v = 0*mV",
                start={"v": 0 * mV, "drive": np.linspace(9.5, 14, 10) * mV, "pull": 0 * mV},
                receives="pull",
            )
        },
        (
            Joins(
                "n",
                "n",
                np.full((10, 10), 0.02),
                equations="weight : 1\n{receiver}_post = weight*(v_pre - v_post) : volt (summed)",
                on_pre="",
            ),
        ),
        duration=0.05,
    ),
    Port(
        "synapses/continuous_interaction",
        {
            "n": Cells(
                8,
                "dtheta/dt = omega + pull : 1\nomega : hertz (constant)\npull : hertz",
                threshold="theta > 6.2831853",
                reset="theta = 0",
                start={"omega": np.linspace(300, 500, 8) * Hz, "pull": 0 * Hz, "theta": np.linspace(0, 6, 8)},
                receives="pull",
            )
        },
        (
            Joins(
                "n",
                "n",
                np.full((8, 8), 10.0) * Hz,
                equations="weight : hertz\n{receiver}_post = weight*sin(theta_pre - theta_post) : hertz (summed)",
                on_pre="",
            ),
        ),
        duration=0.04,
    ),
    Port(
        "synapses/jeffress",
        {
            "ears": Cells(
                2,
                "dx/dt = (s - x)/(1*ms) + 0.2*sqrt(2/(1*ms))*xi : 1\ns = 2.5*sin(2*pi*300*Hz*t) : 1",
                threshold="x > 1",
                reset="x = 0",
                refractory=2.5 * ms,
                start={"x": 0},
                receives="",
            ),
            "n": Cells(10, "dv/dt = -v/(1*ms) : 1", threshold="v > 1", reset="v = 0", start={"v": 0}),
        },
        (Joins("ears", "n", np.full((2, 10), 0.6), start={}),),
        duration=0.03,
    ),
    Port(
        "synapses/licklider",
        {
            "ear": Cells(
                1,
                "dx/dt = (2 + 2*sin(2*pi*200*Hz*t) - x)/(2*ms) : 1",
                threshold="x > 1",
                reset="x = 0",
                refractory=2 * ms,
                start={"x": 0},
                receives="",
            ),
            "n": Cells(10, "dv/dt = -v/(1*ms) : 1", threshold="v > 0.9", reset="v = 0", start={"v": 0}),
        },
        (Joins("ear", "n", np.full((1, 10), 0.5)), Joins("ear", "n", np.full((1, 10), 0.5), delay=5e-3)),
        duration=0.04,
        least=2,
    ),
    Port(
        "frompapers/Maass_Natschlaeger_Markram_2002",
        {"n": spiking(20, 9.0, 16.0, 30.0)},
        (
            Joins(
                "n",
                "n",
                sparse(20, 20, 0.2, 3.0) * mV,
                equations="dr/dt = (1 - r)/(800*ms) : 1 (event-driven)\ndu/dt = (0.5 - u)/(20*ms) : 1 (event-driven)",
                on_pre="{receiver}_post += weight*u*r\nr -= u*r\nu += 0.5*(1 - u)",
                start={"r": 1.0, "u": 0.5},
                delay=1.5e-3,
            ),
        ),
        duration=0.05,
    ),
    Port(
        "frompapers/Kremer_et_al_2011_barrel_cortex",
        {"a": spiking(6, 11, 16), "b": spiking(4, 8.0, 9.0)},
        (
            Joins(
                "a",
                "b",
                ALL * 2 * mV,
                equations=STDP,
                on_pre="{receiver}_post += weight\napre += 0.1\nweight = clip(weight + apost*mV, 0*mV, 4*mV)",
                on_post="apost -= 0.12\nweight = clip(weight + apre*mV, 0*mV, 4*mV)",
                delay=2e-3,
            ),
            Joins("b", "b", np.where(np.eye(4) > 0, np.nan, -0.5) * mV, delay=1e-3),
        ),
        duration=0.05,
    ),
    Port(
        "frompapers/Rossant_et_al_2011bis",
        {"b": spiking(10, 8.0, 9.5)},
        (Joins("s", "b", np.full((6, 10), 1.5) * mV),),
        trains={"s": drive(6, 300.0, 0.05)},
        duration=0.05,
    ),
    Port(
        "frompapers/Sturzl_et_al_2000",
        {"legs": RELAY, "n": spiking(6, 8.0, 8.8, also="")},
        (
            Joins("s", "legs", np.where(np.eye(6) > 0, 1.0, np.nan) * mV),
            Joins("legs", "n", np.where(np.eye(6) > 0, 7.0, -3.0) * mV, delay=7e-4),
        ),
        trains={"s": drive(6, 300.0, 0.04)},
        duration=0.04,
    ),
    Port(
        "frompapers/Diehl_Cook_2015",
        {
            "e": Cells(
                6,
                "dv/dt = (-65*mV - v + ge*(0*mV - v) + gi*(-100*mV - v))/(20*ms) : volt (unless refractory)\ndge/dt = -ge/(1*ms) : 1\n"
                "dgi/dt = -gi/(2*ms) : 1\ndtheta/dt = -theta/(1e4*second) : volt",
                threshold="v > theta - 58*mV",
                reset="v = -65*mV; theta += 0.5*mV",
                refractory=5 * ms,
                start={"v": -65 * mV},
                receives="ge",
            ),
            "i": Cells(
                6,
                "dv/dt = (-60*mV - v + g*(0*mV - v))/(10*ms) : volt\ndg/dt = -g/(1*ms) : 1",
                threshold="v > -40*mV",
                reset="v = -45*mV",
                start={"v": -60 * mV},
                receives="g",
            ),
        },
        (
            Joins(
                "x",
                "e",
                np.random.default_rng(3).uniform(0.2, 1, (6, 6)),
                equations="dpre0/dt = -pre0/(20*ms) : 1 (event-driven)\ndpost1/dt = -post1/(20*ms) : 1 (event-driven)\n"
                "dpost2/dt = -post2/(40*ms) : 1 (event-driven)",
                on_pre="{receiver}_post += weight\npre0 = 1\nweight = clip(weight - 0.01*post1, 0, 1)",
                on_post="weight = clip(weight + 0.1*pre0*post2, 0, 1)\npost1 = 1\npost2 = 1",
            ),
            Joins("e", "i", np.where(np.eye(6) > 0, 10.4, np.nan)),
            Joins("i", "e", np.where(np.eye(6) > 0, np.nan, 1.7), receives="gi"),
        ),
        trains={"x": drive(6, 400.0, 0.05)},
        duration=0.05,
    ),
    Port(
        "frompapers/Tetzlaff_2015",
        {"n": spiking(8, 11, 15)},
        (
            Joins(
                "n",
                "n",
                np.where(np.eye(8) > 0, np.nan, 0.3) * mV,
                equations="df/dt = -f/(50*ms) : hertz (clock-driven)\n"
                "dweight/dt = (0.05*mV*f*100*ms - (weight/mV)**2*0.1*mV)/(1*second) : volt (clock-driven)",
                on_pre="{receiver}_post += weight",
                on_post="f += 1/(50*ms)",
            ),
        ),
        duration=0.05,
    ),
)
