"""Models of single neurons from Brian2's examples, written anew from the papers' equations; see `described`."""

import numpy as np
from brian2 import Hz, ms, mV, nA, nS, pA, pF, uS

from tests.ports.described import Cells, Port

RAMP = np.linspace(0, 1, 6)
LIF = "dv/dt = (drive - v)/tau : volt (unless refractory)\ndrive : volt (constant)"
HH = """
dv/dt = (current - gl*(v - el) - gna*m**3*h*(v - ena) - gk*n**4*(v - ek))/c : volt
dm/dt = 0.32/mV*4*mV/exprel((13*mV - v + vt)/(4*mV))/ms*(1 - m) - 0.28/mV*5*mV/exprel((v - vt - 40*mV)/(5*mV))/ms*m : 1
dn/dt = 0.032/mV*5*mV/exprel((15*mV - v + vt)/(5*mV))/ms*(1 - n) - 0.5*exp((10*mV - v + vt)/(40*mV))/ms*n : 1
dh/dt = 0.128*exp((17*mV - v + vt)/(18*mV))/ms*(1 - h) - 4/(1 + exp((40*mV - v + vt)/(5*mV)))/ms*h : 1
current : amp (constant)
"""
HH_CONSTANTS = {
    "gl": 10 * nS,
    "el": -65 * mV,
    "gna": 20 * uS,
    "ena": 50 * mV,
    "gk": 6 * uS,
    "ek": -90 * mV,
    "c": 200 * pF,
    "vt": -63 * mV,
}
ADEX = """
dv/dt = (gl*(el - v) + gl*slope*exp((v - vt)/slope) - w + current)/c : volt
dw/dt = (a*(v - el) - w)/tauw : amp
current : amp (constant)
"""
ADEX_CONSTANTS = {
    "gl": 30 * nS,
    "el": -70.6 * mV,
    "slope": 2 * mV,
    "vt": -50.4 * mV,
    "c": 281 * pF,
    "a": 4 * nS,
    "tauw": 144 * ms,
}
WANG_BUZSAKI = """
dv/dt = (-gna*m**3*h*(v - 55*mV) - gk*n**4*(v + 90*mV) - gl*(v + 65*mV) + current)/c : volt
m = am/(am + bm) : 1
am = 1/exprel(-0.1/mV*(v + 35*mV))/ms : hertz
bm = 4*exp(-(v + 60*mV)/(18*mV))/ms : hertz
dh/dt = 5*(0.07*exp(-(v + 58*mV)/(20*mV))/ms*(1 - h) - 1/(exp(-0.1/mV*(v + 28*mV)) + 1)/ms*h) : 1
dn/dt = 5*(0.1/exprel(-0.1/mV*(v + 34*mV))/ms*(1 - n) - 0.125*exp(-(v + 44*mV)/(80*mV))/ms*n) : 1
current : amp (constant)
"""
IZHIKEVICH = (
    "dv/dt = (0.04/mV*v**2 + 5*v + 140*mV - u + drive)/ms : volt\ndu/dt = a*(b*v - u)/ms : volt\n"
    "drive : volt (constant)\na : 1 (constant)\nb : 1 (constant)\nc : volt (constant)\n"
    "d : volt (constant)"
)


def lif(drive, **settings):
    given = {"threshold": "v > 10*mV", "reset": "v = 0*mV", "method": "exact", **settings}
    return Cells(6, LIF, **given, constants={"tau": 10 * ms}, start={"drive": drive, "v": 0 * mV})


def adex(**changes):
    settings = {"threshold": "v > 20*mV", "reset": "v = reset_to; w += b", "method": "euler"}
    constants = {**ADEX_CONSTANTS, "b": 80.5 * pA, "reset_to": -70.6 * mV, **changes}
    return Cells(6, ADEX, **settings, constants=constants, start={"v": -70.6 * mV, "current": (0.6 + RAMP) * nA})


def izhikevich(a, b, c, d):
    return Cells(
        6,
        IZHIKEVICH,
        threshold="v >= 30*mV",
        reset="v = c; u += d",
        start={"v": -65 * mV, "u": -13 * mV, "drive": (8 + 8 * RAMP) * mV, "a": a, "b": b, "c": c * mV, "d": d * mV},
    )


PORTS = (
    Port("IF_curve_LIF", {"a": lif(20 * RAMP * mV, refractory=5 * ms)}, duration=0.04),
    Port(
        "IF_curve_Hodgkin_Huxley",
        {
            "a": Cells(
                6,
                HH,
                threshold="v > -40*mV",
                reset="",
                refractory="v > -40*mV",
                method="exponential_euler",
                constants=HH_CONSTANTS,
                start={"v": -65 * mV, "h": 1.0, "current": 0.7 * RAMP * nA},
            )
        },
        duration=0.04,
    ),
    Port(
        "adaptive_threshold",
        {
            "a": Cells(
                6,
                "dv/dt = -v/(10*ms) : volt\ndvt/dt = (10*mV - vt)/(15*ms) : volt\nkick : volt (constant)",
                threshold="v > vt",
                reset="v = 0*mV; vt += 3*mV",
                method="exact",
                start={"vt": 10 * mV, "v": (5 + 30 * RAMP) * mV, "kick": 2 * mV},
            )
        },
        duration=0.02,
        least=3,
    ),
    Port(
        "non_reliability",
        {
            "a": Cells(
                6,
                "dx/dt = (1.1 - x)/tau + 0.26*sqrt(2/tau)*xi : 1",
                threshold="x > 1",
                reset="x = 0",
                refractory=5 * ms,
                constants={"tau": 20 * ms},
                start={"x": 0},
                receives="",
            )
        },
        duration=0.06,
    ),
    Port(
        "reliability",
        {
            "a": Cells(
                6,
                "dx/dt = (1.1 + 0.3*sin(2*pi*t/(13*ms)) - x)/tau + 0.015*sqrt(2/tau)*xi : 1",
                threshold="x > 1",
                reset="x = 0",
                constants={"tau": 20 * ms},
                start={"x": RAMP},
                receives="",
            )
        },
        duration=0.06,
    ),
    Port(
        "phase_locking",
        {
            "a": Cells(
                6,
                "dx/dt = (b + 2*sin(2*pi*t/(20*ms)) - x)/tau : 1\nb : 1 (constant)",
                threshold="x > 1",
                reset="x = 0",
                constants={"tau": 20 * ms},
                start={"x": RAMP, "b": 0.5 + RAMP},
                receives="",
            )
        },
        duration=0.06,
    ),
    Port(
        "frompapers/Brette_2004",
        {
            "a": Cells(
                6,
                "dx/dt = (-x + b + 2*sin(2*pi*f*t))/tau : 1\nb : 1 (constant)",
                threshold="x > 1",
                reset="x = 0",
                constants={"tau": 33 * ms, "f": 40 * Hz},
                start={"x": RAMP, "b": 1 + RAMP},
                receives="",
            )
        },
        duration=0.06,
    ),
    Port("frompapers/Brette_Gerstner_2005", {"a": adex()}, duration=0.06),
    *(
        Port(f"frompapers/Naud_et_al_2008_adex_firing_patterns: {name}", {"a": adex(**changes)}, duration=0.06)
        for name, changes in {
            "tonic": {"a": 0 * nS, "b": 60 * pA, "tauw": 30 * ms},
            "bursting": {"b": 7 * pA, "tauw": 100 * ms, "reset_to": -46 * mV, "a": -0.5 * nS},
            "adapting": {"a": 1 * nS, "b": 100 * pA, "tauw": 300 * ms},
        }.items()
    ),
    *(
        Port(f"frompapers/Izhikevich_2003: {name}", {"a": izhikevich(*values)}, duration=0.06)
        for name, values in {
            "regular": (0.02, 0.2, -65, 8),
            "bursting": (0.02, 0.2, -55, 4),
            "chattering": (0.02, 0.2, -50, 2),
            "fast": (0.1, 0.2, -65, 2),
            "low threshold": (0.02, 0.25, -65, 2),
        }.items()
    ),
    Port(
        "frompapers/Touboul_Brette_2008",
        {"a": adex(a=80 * nS, tauw=144 * ms, b=80 * pA, reset_to=-48.4 * mV)},
        duration=0.05,
    ),
    Port(
        "frompapers/Hindmarsh_Rose_1984",
        {
            "a": Cells(
                6,
                "dx/dt = (y - x**3 + 3*x**2 + drive - z)/ms : 1\ndy/dt = (1 - 5*x**2 - y)/ms : 1\n"
                "dz/dt = 0.005*(4*(x + 1.6) - z)/ms : 1\ndrive : 1 (constant)",
                threshold="x > 1",
                reset="",
                refractory="x > 1",
                start={"x": -1.6, "y": -10, "drive": 3 + RAMP},
                receives="",
            )
        },
        duration=0.05,
    ),
    Port(
        "frompapers/Morris_Lecar_1981",
        {
            "a": Cells(
                6,
                "dv/dt = (-2*nS*(v + 50*mV) - 4*nS*m*(v - 100*mV) - 8*nS*n*(v + 70*mV) + current)/(20*pF) : volt\n"
                "m = 0.5*(1 + tanh((v - 10*mV)/(15*mV))) : 1\n"
                "dn/dt = cosh((v + 1*mV)/(29*mV))/(15*ms)*(0.5*(1 + tanh((v + 1*mV)/(14.5*mV))) - n) : 1\n"
                "current : amp (constant)",
                threshold="v > 0*mV",
                reset="",
                refractory="v > 0*mV",
                start={"v": -20 * mV, "current": (300 + 200 * RAMP) * pA},
            )
        },
        duration=0.06,
        least=2,
    ),
    Port(
        "frompapers/Wang_Buszaki_1996",
        {
            "a": Cells(
                6,
                WANG_BUZSAKI,
                threshold="v > -20*mV",
                reset="",
                refractory="v > -20*mV",
                method="exponential_euler",
                constants={"gna": 35 * nS, "gk": 9 * nS, "gl": 0.1 * nS, "c": 1 * pF},
                start={"v": -60 * mV, "h": 0.8, "n": 0.1, "current": (1 + 2 * RAMP) * pA},
            )
        },
        duration=0.04,
        dt=5e-5,
    ),
    Port(
        "frompapers/Platkiewicz_Brette_2011",
        {
            "a": Cells(
                6,
                "dv/dt = (-70*mV - v + drive)/(5*ms) : volt\ndtheta/dt = (inf_ - theta)/(5*ms) : volt\n"
                "inf_ = -65*mV + 5*mV*log(1 + exp((v + 65*mV)/(5*mV))) : volt\ndrive : volt (constant)",
                threshold="v > theta",
                reset="v = -70*mV; theta += 4*mV",
                start={"v": -70 * mV, "theta": -64 * mV, "drive": (12 + 20 * RAMP) * mV},
            )
        },
        duration=0.05,
        least=2,
    ),
    Port(
        "frompapers/Golowasch_et_al_1999",
        {
            "a": Cells(
                6,
                HH + "dg/dt = (0.5*(target - v)/mV*nS - g)/(200*ms) : siemens\n",
                threshold="v > -40*mV",
                reset="",
                refractory=3 * ms,
                method="exponential_euler",
                constants={**HH_CONSTANTS, "target": -60 * mV},
                start={"v": -65 * mV, "h": 1.0, "current": 0.7 * RAMP * nA},
            )
        },
        duration=0.03,
    ),
    Port(
        "frompapers/Rothman_Manis_2003",
        {
            "a": Cells(
                6,
                "dv/dt = (2*nS*(-65*mV - v) + 150*nS*w**4*0.5*(-70*mV - v) + 1000*nS*m**3*h*(55*mV - v) + current)/(12*pF) : volt\n"
                "dw/dt = ((1 + exp(-(v + 48*mV)/(6*mV)))**-0.25 - w)/(1.5*ms) : 1\n"
                "dm/dt = (1/(1 + exp(-(v + 38*mV)/(7*mV))) - m)/(0.1*ms) : 1\n"
                "dh/dt = (1/(1 + exp((v + 65*mV)/(6*mV))) - h)/(1*ms) : 1\ncurrent : amp (constant)",
                threshold="v > -20*mV",
                reset="",
                refractory=3 * ms,
                start={"v": -65 * mV, "h": 0.5, "m": 0.02, "w": 0.5, "current": (300 + 900 * RAMP) * pA},
            )
        },
        duration=0.006,
        dt=2e-5,
        least=2,
    ),
    Port(
        "advanced/custom_events",
        {
            "a": Cells(
                6,
                "dv/dt = (drive - v)/tau : volt (unless refractory)\ndrive : volt (constant)",
                threshold="v > 10*mV and t > 5*ms",
                reset="v = 0*mV",
                method="exact",
                refractory=2 * ms,
                constants={"tau": 10 * ms},
                start={"drive": (11 + 9 * RAMP) * mV},
            )
        },
        duration=0.04,
    ),
    Port(
        "advanced/stochastic_odes",
        {
            "a": Cells(
                6,
                "dx/dt = x/(50*ms) + x*0.3/sqrt(ms)*xi*sqrt(ms)/sqrt(10*ms) : 1",
                threshold="x > 1.2",
                reset="x = 0.8",
                method="milstein",
                start={"x": 1.0},
                receives="",
            )
        },
        duration=0.03,
        least=3,
    ),
    Port(
        "advanced/exprel_function",
        {
            "a": Cells(
                6,
                "dv/dt = (drive - v*exprel(v/(40*mV)))/tau : volt\ndrive : volt (constant)",
                threshold="v > 10*mV",
                reset="v = 0*mV",
                constants={"tau": 5 * ms},
                start={"drive": (12 + 20 * RAMP) * mV},
            )
        },
        duration=0.04,
    ),
)
