"""Networks and synapses from Brian2's examples, written anew from the papers' equations; see `described`."""

import numpy as np
from brian2 import ms, mV, nA, nS

from tests.ports.described import Cells, Joins, Port

RNG = np.random.default_rng(8)
RAMP = np.linspace(0, 1, 6)


def sparse(n, m, p, value):
    """Equal weights at random pairs, the same in every run."""
    return np.where(np.random.default_rng(n * 100 + m).random((n, m)) < p, value, np.nan)


def drive(size, rate=200.0, duration=0.1, seed=1):
    """Random spikes of channels, at most one per step of 0.1 ms, from the third step on."""
    n = int(size * rate * duration)
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.stack([rng.integers(0, size, n), rng.integers(2, int(duration * 1e4) - 20, n)]), axis=1)
    return pairs[0], pairs[1] * 1e-4


def spiking(size, low=11.0, high=20.0, tau=10.0, **more):
    """Leaky neurons that spike by themselves, at rates that differ."""
    equations = "dv/dt = (drive - v)/tau : volt (unless refractory)\ndrive : volt (constant)" + more.pop("also", "")
    start = {"v": 0 * mV, "drive": np.linspace(low, high, size) * mV, **more.pop("start", {})}
    given = {"threshold": "v > 10*mV", "reset": "v = 0*mV", "refractory": 2 * ms, **more}
    return Cells(size, equations, **given, constants={"tau": tau * ms}, start=start)


CUBA = Cells(
    40,
    "dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)\ndge/dt = -ge/(5*ms) : volt (unless refractory)\n"
    "dgi/dt = -gi/(10*ms) : volt (unless refractory)",
    threshold="v > -50*mV",
    reset="v = -60*mV",
    refractory=5 * ms,
    method="exact",
    start={"v": np.random.default_rng(1).uniform(-60, -50, 40) * mV},
    receives="ge",
)
COBA = Cells(
    40,
    "dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v))/(200*pF) : volt (unless refractory)\ndge/dt = -ge/(5*ms) : siemens\n"
    "dgi/dt = -gi/(10*ms) : siemens",
    threshold="v > -50*mV",
    reset="v = -60*mV",
    refractory=5 * ms,
    start={"v": np.random.default_rng(1).uniform(-60, -50, 40) * mV, "ge": np.random.default_rng(2).uniform(20, 60, 40) * nS},
    receives="ge",
)
COBAHH = Cells(
    12,
    "dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) - 20*uS*m**3*h*(v - 50*mV) - 6*uS*n**4*(v + 90*mV))/(200*pF) : volt\n"
    "dm/dt = 0.32/mV*4*mV/exprel((13*mV - v - 63*mV)/(4*mV))/ms*(1 - m) - 0.28/mV*5*mV/exprel((v + 23*mV)/(5*mV))/ms*m : 1\n"
    "dn/dt = 0.032/mV*5*mV/exprel((-48*mV - v)/(5*mV))/ms*(1 - n) - 0.5*exp((-53*mV - v)/(40*mV))/ms*n : 1\n"
    "dh/dt = 0.128*exp((-46*mV - v)/(18*mV))/ms*(1 - h) - 4/(1 + exp((-23*mV - v)/(5*mV)))/ms*h : 1\n"
    "dge/dt = -ge/(5*ms) : siemens\ndgi/dt = -gi/(10*ms) : siemens",
    threshold="v > -20*mV",
    reset="",
    refractory=3 * ms,
    method="exponential_euler",
    start={"v": -60 * mV, "h": 0.9, "ge": np.linspace(10, 80, 12) * nS},
    receives="ge",
)
RELAY = Cells(6, "v : volt", threshold="v > 0.5*mV", reset="v = 0*mV", start={"v": 0 * mV})
STDP = "dapre/dt = -apre/(20*ms) : 1 (event-driven)\ndapost/dt = -apost/(20*ms) : 1 (event-driven)"
READER = Cells(
    4,
    "dv/dt = (g*(0*mV - v)/nS*0.1 + (-60*mV - v))/(10*ms) : volt\ndg/dt = -g/(5*ms) : siemens",
    threshold="v > -54*mV",
    reset="v = -60*mV",
    start={"v": -60 * mV},
    receives="g",
)
ALL = np.full((6, 4), 1.0)
LEARNING = {"a": drive(6)}


def learning(name, joins, **more):
    return Port(name, {"b": READER}, (joins,), trains={"a": drive(6)}, duration=0.1, least=3, **more)


def stdp(**more):
    return Joins(
        "a",
        "b",
        RNG.uniform(0, 1, (6, 4)) * 2 * nS,
        on_pre="{receiver}_post += weight\napre += 0.02\nweight = clip(weight + apost*nS, 0*nS, 4*nS)",
        on_post="apost -= 0.021\nweight = clip(weight + apre*nS, 0*nS, 4*nS)",
        equations=STDP,
        **more,
    )


PORTS = (
    Port(
        "CUBA",
        {"n": CUBA},
        (
            Joins("n", "n", np.vstack([sparse(32, 40, 0.2, 1.62), np.full((8, 40), np.nan)]) * mV, receives="ge"),
            Joins("n", "n", np.vstack([np.full((32, 40), np.nan), sparse(8, 40, 0.2, -9.0)]) * mV, receives="gi"),
        ),
        duration=0.03,
    ),
    Port(
        "frompapers/Stimberg_et_al_2018/example_1_COBA",
        {"n": COBA},
        (
            Joins("n", "n", np.vstack([sparse(32, 40, 0.2, 6.0), np.full((8, 40), np.nan)]) * nS, receives="ge"),
            Joins("n", "n", np.vstack([np.full((32, 40), np.nan), sparse(8, 40, 0.2, 60.0)]) * nS, receives="gi"),
        ),
        duration=0.03,
    ),
    Port("COBAHH", {"n": COBAHH}, (Joins("n", "n", sparse(12, 12, 0.3, 6.0) * nS, receives="ge", delay=1e-3),), duration=0.02),
    Port(
        "frompapers/Brunel_2000",
        {"n": spiking(40, 9.0, 14.0, 20.0)},
        (
            Joins("n", "n", np.vstack([sparse(32, 40, 0.1, 0.5), np.full((8, 40), np.nan)]) * mV, delay=1.5e-3),
            Joins("n", "n", np.vstack([np.full((32, 40), np.nan), sparse(8, 40, 0.1, -2.5)]) * mV, delay=1.5e-3),
        ),
        duration=0.04,
    ),
    Port(
        "frompapers/Brunel_Hakim_1999",
        {
            "n": Cells(
                40,
                "dv/dt = (25*mV - v)/(20*ms) + 1*mV*sqrt(1/(20*ms))*xi : volt (unless refractory)",
                threshold="v > 20*mV",
                reset="v = 10*mV",
                refractory=2 * ms,
                start={"v": np.linspace(10, 20, 40) * mV},
            )
        },
        (Joins("n", "n", sparse(40, 40, 0.2, -0.1) * mV, delay=2e-3),),
        duration=0.03,
    ),
    Port(
        "frompapers/Diesmann_et_al_1999",
        {
            "n": Cells(
                30,
                "dv/dt = (-v - 70*mV + x)/(10*ms) : volt\ndx/dt = (y - x)*3000*Hz : volt\n"
                "dy/dt = -y*3000*Hz + 25.27*mV/ms + 39.24*mV/ms**0.5*xi*0.1 : volt",
                threshold="v > -55*mV",
                reset="v = -70*mV",
                refractory=1 * ms,
                start={"v": -60 * mV},
                receives="y",
            )
        },
        (
            Joins("s", "n", np.where(np.arange(30) < 10, 600.0, np.nan)[None] * mV),
            Joins(
                "n", "n", np.where(np.arange(30)[None] // 10 == np.arange(30)[:, None] // 10 + 1, 60.0, np.nan) * mV, delay=5e-3
            ),
        ),
        trains={"s": ([0], [5e-3])},
        duration=0.03,
    ),
    Port(
        "frompapers/Tsodyks_Pawelzik_Markram_1998",
        {"b": READER},
        (
            Joins(
                "a",
                "b",
                ALL * 4 * nS,
                equations="dx/dt = (1 - x)/(100*ms) : 1 (event-driven)\ndu/dt = -u/(50*ms) : 1 (event-driven)",
                on_pre="u += 0.3*(1 - u)\n{receiver}_post += weight*u*x\nx -= u*x",
                start={"x": 1.0},
            ),
        ),
        trains=LEARNING,
    ),
    Port(
        "frompapers/Tsodyks_Uziel_Markram_2000",
        {
            "n": Cells(
                20,
                "dv/dt = (-v + current + base)/(30*ms) : volt (unless refractory)\ncurrent : volt\nbase : volt (constant)",
                threshold="v > 15*mV",
                reset="v = 13.5*mV",
                refractory=3 * ms,
                start={"v": np.linspace(0, 15, 20) * mV, "base": np.linspace(14, 16.5, 20) * mV, "current": 0 * mV},
                receives="current",
            )
        },
        (
            Joins(
                "n",
                "n",
                sparse(20, 20, 0.3, 5.0) * mV,
                equations="dy/dt = -y/(3*ms) : 1 (clock-driven)\ndz/dt = y/(3*ms) - z/(800*ms) : 1 (clock-driven)\nx = 1 - y - z : 1\n"
                "{receiver}_post = weight*y : volt (summed)",
                on_pre="y += 0.5*x",
            ),
        ),
        duration=0.04,
    ),
    Port(
        "frompapers/Vogels_et_al_2011",
        {"b": READER},
        (
            Joins("a", "b", ALL * 3 * nS),
            Joins(
                "a",
                "b",
                ALL * -0.2 * nS,
                equations=STDP,
                on_pre="{receiver}_post += weight\napre += 1\nweight = clip(weight - 0.1*(apost - 0.2)*nS, -2*nS, 0*nS)",
                on_post="apost += 1\nweight = clip(weight - 0.1*apre*nS, -2*nS, 0*nS)",
            ),
        ),
        trains=LEARNING,
        least=3,
    ),
    Port(
        "frompapers/Wang_2002",
        {
            "n": Cells(
                10,
                "dv/dt = (25*nS*(-70*mV - v) - s*v + base)/(0.5*nF) : volt (unless refractory)\ns : siemens\nbase : amp (constant)",
                threshold="v > -50*mV",
                reset="v = -55*mV",
                refractory=2 * ms,
                start={"v": -52 * mV, "base": np.linspace(0.5, 0.9, 10) * nA, "s": 0 * nS},
                receives="s",
            )
        },
        (
            Joins(
                "n",
                "n",
                np.full((10, 10), 0.6) * nS,
                equations="ds_/dt = -s_/(100*ms) + 0.5/ms*x*(1 - s_) : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)\n"
                "{receiver}_post = weight*s_/(1 + exp(-62*v_post/volt)/3.57) : siemens (summed)",
                on_pre="x += 1",
                delay=5e-4,
                method="rk2",
            ),
        ),
        duration=0.03,
    ),
    Port(
        "frompapers/Brunel_Wang_2001",
        {
            "n": Cells(
                10,
                "dv/dt = (25*nS*(-70*mV - v) - (sa + sn)*v + base)/(0.5*nF) : volt (unless refractory)\ndsa/dt = -sa/(2*ms) : siemens\n"
                "sn : siemens\nbase : amp (constant)",
                threshold="v > -50*mV",
                reset="v = -55*mV",
                refractory=2 * ms,
                start={"v": -52 * mV, "base": np.linspace(0.5, 0.9, 10) * nA, "sn": 0 * nS},
                receives="sa",
            )
        },
        (
            Joins("n", "n", np.full((10, 10), 0.5) * nS, delay=5e-4),
            Joins(
                "n",
                "n",
                np.full((10, 10), 0.3) * nS,
                equations="ds_/dt = -s_/(100*ms) + 0.5/ms*x*(1 - s_) : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)\n"
                "{receiver}_post = weight*s_/(1 + exp(-62*v_post/volt)/3.57) : siemens (summed)",
                on_pre="x += 1",
                delay=5e-4,
                receives="sn",
            ),
        ),
        duration=0.03,
    ),
    learning("synapses/STDP", stdp()),
    learning("standalone/STDP_standalone", stdp(delays={"pre": 1e-3, "post": 5e-4})),
    Port(
        "frompapers/Izhikevich_2007",
        {
            "b": Cells(
                4,
                "dv/dt = (-60*mV - v)/(10*ms) : volt\ndd/dt = -d/(200*ms) : 1",
                threshold="v > -54*mV",
                reset="v = -60*mV",
                start={"v": -60 * mV},
            )
        },
        (
            Joins("r", "b", np.full((1, 4), 0.5), receives="d"),
            Joins(
                "a",
                "b",
                ALL * 2 * mV,
                equations="dc/dt = -c/second : 1 (clock-driven)\ndweight/dt = 10*mV*c*d_post/second : volt (clock-driven)\n"
                "dapre/dt = -apre/(20*ms) : 1 (event-driven)\ndapost/dt = -apost/(20*ms) : 1 (event-driven)",
                on_pre="{receiver}_post += weight\napre += 0.5\nc += apost",
                on_post="apost -= 0.6\nc += apre",
            ),
        ),
        trains={"a": drive(6), "r": ([0, 0], [0.03, 0.06])},
        duration=0.1,
    ),
    learning(
        "frompapers/Clopath_et_al_2010_no_homeostasis",
        Joins(
            "a",
            "b",
            ALL * 2 * nS,
            equations="dx/dt = -x/(15*ms) : 1 (event-driven)\ndu/dt = (v_post - u)/(10*ms) : volt (clock-driven)",
            on_pre="{receiver}_post += weight\nweight = clip(weight - 0.05*nS*clip(u/mV + 60, 0, 100), 0*nS, 4*nS)\nx += 1",
            on_post="weight = clip(weight + 0.1*nS*x*clip(u/mV + 60, 0, 100), 0*nS, 4*nS)",
            start={"u": -60 * mV},
        ),
    ),
    learning(
        "frompapers/Clopath_et_al_2010_homeostasis",
        Joins(
            "a",
            "b",
            ALL * 2 * nS,
            equations="dx/dt = -x/(15*ms) : 1 (event-driven)\ndu/dt = (v_post - u)/(10*ms) : volt (clock-driven)\n"
            "dmean/dt = ((v_post + 60*mV)/mV - mean)/(1*second) : 1 (clock-driven)",
            on_pre="{receiver}_post += weight\nweight = clip(weight - 0.05*nS*(0.5 + mean**2)*clip(u/mV + 60, 0, 100), 0*nS, 4*nS)\nx += 1",
            on_post="weight = clip(weight + 0.1*nS*x*clip(u/mV + 60, 0, 100), 0*nS, 4*nS)",
            start={"u": -60 * mV},
        ),
    ),
    learning(
        "frompapers/Graupner_Brunel_2012",
        Joins(
            "a",
            "b",
            ALL * 3 * nS,
            equations="dca/dt = -ca/(20*ms) : 1 (clock-driven)\n"
            "drho/dt = (-rho*(1 - rho)*(0.5 - rho) + 300*(1 - rho)*int(ca > 1.3) - 200*rho*int(ca > 1))/(150*ms) : 1 (clock-driven)",
            on_pre="{receiver}_post += weight*(0.5 + rho)\nca += 0.6",
            on_post="ca += 0.8",
            start={"rho": 0.5},
        ),
    ),
    learning(
        "synapses/homeostatic_stdp_at_inhibitory_synapes",
        Joins(
            "a",
            "b",
            ALL * 2 * nS,
            equations=STDP,
            on_pre="{receiver}_post += weight\napre += 1\nweight = clip(weight - 0.02*(apost - 0.2)*nS, 0*nS, 4*nS)",
            on_post="apost += 1\nweight = clip(weight - 0.02*apre*nS, 0*nS, 4*nS)",
        ),
    ),
    learning(
        "synapses/spike_based_homeostasis",
        Joins("a", "b", ALL * 3 * nS, on_pre="{receiver}_post += weight\nweight += 0.02*nS", on_post="weight *= 0.9"),
    ),
    learning(
        "synapses/nonlinear",
        Joins(
            "a",
            "b",
            ALL * 6 * nS,
            equations="dg_/dt = -g_/(10*ms) + 0.5/ms*x*(1 - g_) : 1 (clock-driven)\ndx/dt = -x/(2*ms) : 1 (clock-driven)\n",
            on_pre={"up": "x += 1", "send": "{receiver}_post += weight*g_"},
        ),
    ),
    learning(
        "synapses/state_variables",
        Joins(
            "a",
            "b",
            ALL * 3 * nS,
            equations="gain : 1",
            constants={"gain": np.linspace(1, 5, 24)},
            on_pre="{receiver}_post += weight*gain",
        ),
    ),
    learning("synapses/synapses", Joins("a", "b", np.linspace(1, 5, 24).reshape(6, 4) * nS, delay=2e-3)),
)
