"""Networks made at random from the words of Brian2's language, as ports: what nobody would think of writing into a list of models."""

import numpy as np
from brian2 import ms

from tests.ports.described import Cells, Joins, Port

__all__ = ["random_port"]

DT, DURATION = 0.5e-3, 0.06
NEURONS = (
    "dv/dt = (drift - v + g)/tau : 1{flag}",
    "dv/dt = (drift - v + g - 0.25*u)/tau : 1{flag}\ndu/dt = (v - u)/(3*tau) : 1",
    "dv/dt = (drift - v + total)/tau : 1{flag}\ntotal = g + 0.5*int(v < 0.25) : 1",
    "dv/dt = (drift*(1.5 - exp(-v*v)) + held + g)/tau : 1{flag}\nheld = floor(4*v)/4 : 1 (constant over dt)",
    "dv/dt = (drift - v + g + 0.125*n_spikes)/tau : 1{flag}\nn_spikes : integer",
    "dv/dt = (drift - v + g + 0.5*int(up))/tau : 1{flag}\nup : boolean",
    "dv/dt = (drift + 0.5*sin(2*pi*t/(20*ms)) - v + g)/tau : 1{flag}",
    "dv/dt = (drift - v + g + 0.25*common)/tau : 1{flag}\ncommon : 1 (shared)",
    "dv/dt = (drift - v + g + sums)/tau : 1{flag}\nsums : 1",
    "dv/dt = (drift - v + g + 0.25*(i + 1)/N + 0.5*exp(-(t - lastspike)/(5*ms)))/tau : 1{flag}",
    "dv/dt = (drift - v + g)/tau*int(not_refractory) : 1",
    "dv/dt = (drift - v + clip(g, -1, 1) + sqrt(abs(v))/8 + 0.25*int(t > 20*ms and t <= 30*ms))/tau : 1{flag}",
)
CONDUCTANCES = ("g : 1", "dg/dt = -g/(4*ms) : 1", "dg/dt = -g/(4*ms) : 1{flag}")
THRESHOLDS = ("v > 1", "v > 1 and v < 5", "v > 1 + 0.125*(i % 3)", "v >= 1 or g > 3")
RESETS = ("v = 0", "v -= 1", "v = -0.25; g *= 0.5", "v = 0\ng = 0", "v = clip(v - 1, -0.5, 0.5)", "kept = v - 1; v = 0.5*kept")
REFRACTORY = (None, None, 2 * ms, 1.5 * ms, "pause", "v > 0.875", "1*ms + 2*ms*int(i % 2 == 0)")
# Statements whose outcome does not depend on which of several synapses of a neuron comes first; that is nobody's to say.
PULSES = (
    "{receiver}_post += weight",
    "v_post += 0.5*weight",
    "{receiver}_post += weight*(1 + 0.25*v_pre)",
    "{receiver}_post *= 1 - 0.25*weight",
    "{receiver}_post -= 0.5*weight",
)
CLIPPED = "weight = clip(weight + 0.0625, -1, 1)"
SYNAPSES = (
    ("", {"pre": "{receiver}_post += weight", "later": "v_post -= 0.25*weight"}, {"post": CLIPPED}),
    ("x : 1", {"pre": "x += 0.25", "give": "{receiver}_post += weight*x"}, {"post": "x *= 0.5", "after": "v_post += 0.125*x"}),
    ("", "{receiver}_post += weight; weight = clip(weight*0.9375, -1, 1)", ""),
    (
        "x : 1\ndy/dt = -y/(8*ms) : 1 (event-driven)",
        "{receiver}_post += weight; y += 0.25; weight -= 0.125*x",
        "x = y; weight += y/16",
    ),
    ("dx/dt = -x/(5*ms) : 1 (clock-driven)", "x += 1; {receiver}_post += weight*x", "x *= 0.5"),
    ("dx/dt = (v_post - x)/(10*ms) : 1 (clock-driven)", "{receiver}_post += weight*x", "x = 0"),
    ("n : integer", "n += 1; {receiver}_post += weight*int(n % 2 == 0)", "n = 0"),
    ("used : boolean", "{receiver}_post += weight*int(not used); used = True", "used = False"),
    ("last : second\nx = exp(-(t - last)/(6*ms)) : 1", "{receiver}_post += weight*(1 - x); last = t", ""),
    ("dx/dt = (1 - x)/(30*ms) : 1 (event-driven)", "released = 0.5*x; x -= released; {receiver}_post += weight*released", ""),
    (
        "dx/dt = -x/(5*ms) : 1 (event-driven)\ny : 1 (shared)",
        "x += 0.5; {receiver}_post += weight + x/8 + y",
        "x = clip(x, 0, 1)",
    ),
    ("gain : 1", "{receiver}_post += weight*(1 + gain)", ""),
    ("sums_post = weight*v_pre : 1 (summed)", "", ""),
)


def random_port(number):
    """A port that a number names: one to three kinds of cells, joined anyhow, without noise.

    Parameters
    ----------
    number : int

    Returns
    -------
    Port
    """
    rng = np.random.default_rng(number)
    cells = {f"c{k}": _cells(rng) for k in range(rng.integers(1, 4))}
    trains = {"outside": _train(rng)}
    ends = [(str(rng.choice([*cells, "outside"])), str(rng.choice(list(cells)))) for _ in range(rng.integers(1, 5))]
    summed, joins = set(), []
    for source, target in ends:
        n_sources = cells[source].size if source in cells else 1 + max(trains[source][0])
        choices = [one for one in SYNAPSES if _fits(one, source, cells, target, summed)]
        joins.append(_joins(rng, source, target, (n_sources, cells[target].size), choices))
        summed |= {target} if "summed" in joins[-1].equations else set()
    used = {name: train for name, train in trains.items() if any(one.source == name for one in joins)}
    return Port(f"random {number}", cells, tuple(joins), used, DURATION, DT, 0)


def _cells(rng):
    size = int(rng.integers(1, 8))
    equations, refractory = _one(rng, NEURONS), _one(rng, REFRACTORY)
    if refractory is None and ("lastspike" in equations or "not_refractory" in equations):
        refractory = 1 * ms
    flag = " (unless refractory)" if refractory is not None and rng.random() < 0.6 else ""
    constants = {"drift": _each(rng, size, 0.5, 2.5), "tau": _each(rng, size, 4, 20) * ms}
    declared = [f"{name} : {'second' if name == 'tau' else '1'}" for name, value in constants.items() if np.ndim(value)]
    declared += ["pause : second"] if refractory == "pause" else []
    equations = "\n".join([equations, _one(rng, CONDUCTANCES), *declared]).format(flag=flag)
    start = {"v": _sixtyfourths(rng, -0.5, 0.875, size) if rng.random() < 0.8 else "0.5*(i + 1)/N"}
    possible = {
        "n_spikes : integer": rng.integers(0, 4, size),
        "up : boolean": rng.random(size) < 0.5,
        "common : 1": float(rng.integers(-2, 3)) / 2,
        "sums : 1": 0.0,
        "pause : second": rng.integers(1, 9, size) * 0.5 * ms,
    }
    start |= {text.partition(" ")[0]: value for text, value in possible.items() if text in equations}
    changes = {"n_spikes : integer": "; n_spikes += 1", "up : boolean": "; up = not up"}
    reset = _one(rng, RESETS) + "".join(text for name, text in changes.items() if name in equations and rng.random() < 0.7)
    return Cells(size, equations, _one(rng, THRESHOLDS), reset, constants, start, refractory, "euler", "g")


def _fits(synapse, source, cells, target, summed):
    """Trains have no variables, and a variable of the target is the sum of one projection alone."""
    equations, *_ = synapse
    return "summed" not in equations or (source in cells and "sums : 1" in cells[target].equations and target not in summed)


def _joins(rng, source, target, shape, choices):
    weights = np.where(rng.random(shape) < _one(rng, (0.3, 0.7, 1.0)), _sixtyfourths(rng, -1, 1.5, shape), np.nan)
    weights[0, 0] = 0.5  # at least one
    n, receives = int((~np.isnan(weights)).sum()), "v" if rng.random() < 0.3 else ""
    delay = _one(rng, (0.0, float(rng.integers(0, 7)) * DT, rng.integers(0, 7, n) * DT))
    sums = [one for one in choices if "summed" in one[0]]
    if not sums and rng.random() < 0.4:
        pulse = _one(rng, PULSES).replace("v_pre", "t/(40*ms)" if source == "outside" else "v_pre")
        return Joins(source, target, weights, pulse, delay=delay, receives="" if "v_pre" in pulse else receives)
    equations, on_pre, on_post = _one(rng, sums or choices)
    delays = {}
    if sums:
        delay = 0.0
    if isinstance(on_pre, dict):
        delay, delays = 0.0, {name: float(rng.integers(0, 6)) * DT for name in [*on_pre, *on_post] if rng.random() < 0.6}
    constants = {"gain": _sixtyfourths(rng, -1, 1, n)} if "gain" in equations else {}
    possible = {
        "last : second": -rng.integers(1, 20, n) * ms,
        "n : integer": rng.integers(0, 3, n),
        "used : boolean": rng.random(n) < 0.5,
        "x : 1": 0.0,
        "y : 1 (shared)": 0.25,
    }
    start = {text.partition(" ")[0]: value for text, value in possible.items() if f"\n{text}" in f"\n{equations}"}
    return Joins(source, target, weights, on_pre, on_post, equations, constants, start, delay, delays, receives=receives)


def _train(rng):
    """Spikes of channels, of which each has one in a step at most."""
    channel, step = np.nonzero(rng.random((int(rng.integers(1, 6)), round(DURATION / DT))) < 0.1)
    channel, step = np.unique([np.append(channel, 0), np.append(step, 3)], axis=1)
    return channel, step * DT


def _each(rng, size, low, high):
    drawn = _sixtyfourths(rng, low, high, size)
    return drawn if rng.random() < 0.5 else float(drawn[0])


def _sixtyfourths(rng, low, high, shape):
    """Numbers whose sums are exact in any order."""
    return np.round(rng.uniform(low, high, shape) * 64) / 64


def _one(rng, choices):
    return choices[rng.integers(len(choices))]
