"""Loops of the C++ that Brian2 generates, written so that they are short or that a compiler can vectorize them.

What each gave (processor time of the run on one core, before and after, minimum of 15 runs one after the other; same spikes):

===========================================================  ==============================  ==============================
change                                                       CUBA, 4000 neurons, 1 s         COBA, 4000 neurons, 1 s
===========================================================  ==============================  ==============================
time steps since the last spike as floating point            0.157 -> 0.101 s
spikes looked for in blocks                                  0.157 -> 0.119 s
both                                                         0.157 -> 0.066 s                0.41 -> 0.39 s
exponentials of four neurons at once, besides                no exponentials                 0.39 -> 0.16 s
single precision, besides                                    0.075 -> 0.059 s                0.17 -> 0.15 s
===========================================================  ==============================  ==============================

Not done, since it gives nothing: random numbers of eight generators side by side (5.0 ns a normal number, in advance, or 4.3 ns, one by
one; the generator in use takes 3.2 ns and Brian2's own 17 ns); merging identical projections (a network has none: their names would
repeat).

The same networks written by hand for Brian2 took 0.15 and 0.43 s in these runs.
"""

import re

import brian2

from bioworkbench.errors import SimulationError

__all__ = ["VECTOR_FUNCTIONS", "fast_loops", "unknown_source"]

# The C library has vector versions of these, which GCC uses where it is told so; programs without -ffast-math go without
VECTOR_FUNCTIONS = """
#if defined(__NO_MATH_ERRNO__) && defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
extern "C" {
#define BIOWORKBENCH_VECTOR __attribute__((simd("notinbranch")))
BIOWORKBENCH_VECTOR double exp(double) noexcept; BIOWORKBENCH_VECTOR float expf(float) noexcept;
BIOWORKBENCH_VECTOR double log(double) noexcept; BIOWORKBENCH_VECTOR float logf(float) noexcept;
BIOWORKBENCH_VECTOR double sin(double) noexcept; BIOWORKBENCH_VECTOR float sinf(float) noexcept;
BIOWORKBENCH_VECTOR double cos(double) noexcept; BIOWORKBENCH_VECTOR float cosf(float) noexcept;
}
#endif
"""
_BLOCK = 32  # neurons that are looked at together for spikes


def fast_loops(text: str, n_copies: int) -> str:
    """Source of a code object with all that is said here done to it.

    Parameters
    ----------
    text : str
    n_copies : int
        Of the network, side by side. Loops over neurons go over those of the first `_n_trials` copies, a global number.

    Raises
    ------
    SimulationError
        If this version of Brian2 writes something in another way.
    """
    text = _count_steps_as_numbers(_find_spikes_in_blocks(_record_at_once(_loop_over_spans(text))))
    return text.replace("const int _N = N;", f"const int _N = N / {n_copies} * _n_trials;") if n_copies > 1 else text


def unknown_source(what: str) -> SimulationError:
    """Error that this version of Brian2 does something in another way than is known here."""
    return SimulationError(f"Brian2 {brian2.__version__} {what} in a way that is not known here")


def _loop_over_spans(text: str) -> str:
    """Have the effect of spikes loop over spans of synapses instead of a list of indices, and reach the targets of its copy."""
    text, n = re.subn(
        r"std::vector<int> \*_spiking_synapses = (\w+)\.peek\(\);", r"const std::vector<Span>& _spans = \1.due();", text
    )
    text = text.replace("const int _num_spiking_synapses = _spiking_synapses->size();", "")
    each = r"for\(int _spiking_synapse_idx=0;.*?_spiking_synapse_idx\+\+\)\s*\{\s*const size_t _idx = [^;]*;"
    loops = "for (const Span& _span : _spans) for (int32_t _idx = _span.begin; _idx < _span.end; _idx++) {"
    text, n_loops = re.subn(each, loops, text, flags=re.DOTALL)
    target = r"(const int32_t _postsynaptic_idx = \w+__synaptic_post\[_idx\]);"
    text, n_targets = re.subn(target, r"\1 + _span.shift;", text)
    if not n == n_loops == n_targets:
        raise unknown_source("writes the effect of spikes")
    return text


def _record_at_once(text: str) -> str:
    """Have a spike monitor append the neurons of a step, and its time, in one go; it always watches a whole population."""
    if not (neurons := re.search(r"(\w+_spikes_i)\.push_back", text)):
        return text
    loop = r"int32_t _num_events = (\w+__spikespace)\[.*?_spikes_N\[0\] \+= _num_events;\s*\}\s*\}"
    times = f"{neurons[1].removesuffix('_i')}_t"
    body = (
        f"const int32_t* _events = \\1;\n    const int32_t _num_events = _events[_num_spikespace - 1];\n"
        f"    {neurons[1]}.insert({neurons[1]}.end(), _events, _events + _num_events);\n"
        f"    {times}.insert({times}.end(), _num_events, _ptr_array_steps_t[0]);"
    )
    text, n = re.subn(loop, body, text, flags=re.DOTALL)
    if n != 1:
        raise unknown_source("records spikes")
    return text


def _find_spikes_in_blocks(text: str) -> str:
    """Have a threshold be compared for a block of neurons, which can be vectorized, before any of them is said to spike."""
    if "_count++" not in text:
        return text
    loop = (
        r"for\(size_t _idx=0; _idx<N; _idx\+\+\)\s*\{(?P<condition>.*?)if\(_cond\) \{\s*(?P<space>\w+)\[_count\+\+\] = _idx;"
        r"(?P<mark>.*?)\}\s*\}(?=\s*\w+\[N\] = _count;)"
    )
    blocks = f"""const int _N = N;
    for (int _begin = 0; _begin < _N; _begin += {_BLOCK}) {{
        const int _n = std::min(_N - _begin, {_BLOCK});
        char _spikes[{_BLOCK}], _any = 0;
        for (int _k = 0; _k < _n; _k++) {{
            const size_t _idx = _begin + _k;
            \\g<condition>
            _any |= _spikes[_k] = _cond != 0;
        }}
        if (_any) for (int _k = 0; _k < _n; _k++) {{ \\g<space>[_count] = _begin + _k; _count += _spikes[_k]; }}
    }}
    for (long _k = 0; _k < _count; _k++) {{ const size_t _idx = \\g<space>[_k]; \\g<mark> }}"""
    text, n = re.subn(loop, blocks, text, flags=re.DOTALL)
    if n != 1:
        raise unknown_source("compares thresholds")
    return text


def _count_steps_as_numbers(text: str) -> str:
    """Have the number of steps in a time be floating point: whole all the same, and vectors can be made of it."""
    integer = r"static inline int64_t (_timestep\(double t, double dt\)\s*\{\s*return )\(int64_t\)(\(\(t \+ 1e-3\*dt\)/dt\);)"
    text, n = re.subn(integer, r"static inline double \1std::trunc\2", text)
    if n != text.count(" _timestep(double"):
        raise unknown_source("counts time steps")
    return text
