"""The engine's headers compiled to a library, and its functions as Python functions."""

import ctypes
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from bioworkbench.simulation.backends.cpp.functions import AS_WRITTEN, ENGINE, normal_table
from bioworkbench.simulation.backends.cpp.toolchain import compiler

TARGETS = {"portable": "x86-64", "avx2": "x86-64-v3", "avx512": "x86-64-v4", "native": "native"}
RULES = {"repeated": 0, "distinct": 1, "one_to_one": 2}
FORMS = {"shared": 0, "coded": 1, "numbers": 2}


@cache
def loaded(target="native"):
    """The harness compiled for an instruction set; raises CalledProcessError where the compiler does not know it."""
    folder = Path(tempfile.mkdtemp())
    place = folder / "harness.so"
    (folder / "normal_table.h").write_text(normal_table())
    flags = ["-O2", "-std=c++17", "-w", "-shared", "-fPIC", "-pthread", *AS_WRITTEN]
    flags += [f"-march={TARGETS[target]}", f"-I{ENGINE}", f"-I{folder}"]
    subprocess.run([compiler(), *flags, str(Path(__file__).with_name("harness.cpp")), "-o", str(place)], check=True)
    engine = ctypes.CDLL(str(place))
    engine.network_new.restype = ctypes.c_void_p
    engine.group_size.restype = engine.group_bytes.restype = ctypes.c_int64
    return engine


def pointer(array, dtype):
    array = np.ascontiguousarray(array, dtype)
    return array, array.ctypes.data_as(ctypes.c_void_p)


def i32(value):
    return ctypes.c_int32(int(value))


def u64(value):
    return ctypes.c_uint64(int(value))


def words(key, number, n, target="native"):
    out = np.zeros(n, np.uint32)
    loaded(target).lanes_words(u64(key), u64(number), i32(n), out.ctypes.data_as(ctypes.c_void_p))
    return out


def poisson_sums(table, key, size, n_steps, weight=1.0, target="native"):
    out = np.zeros(size)
    below, alias = pointer(table.below, np.uint32), pointer(table.alias, np.uint32)
    loaded(target).poisson_sums(
        u64(key), i32(size), i32(n_steps), below[1], alias[1], i32(table.n_draws), ctypes.c_double(weight),
        out.ctypes.data_as(ctypes.c_void_p),
    )  # fmt: skip
    return out


def drawn_numbers(key, number, n, n_calls, target="native"):
    """Normal numbers in single and double precision, and uniform ones, of consecutive calls."""
    out = [np.zeros((n_calls, n), dtype) for dtype in (np.float32, np.float64, np.float64)]
    loaded(target).normal_numbers(
        u64(key), u64(number), i32(n), i32(n_calls), *(numbers.ctypes.data_as(ctypes.c_void_p) for numbers in out)
    )
    return out


def quantile_numbers(table, given):
    out = np.zeros(len(given), np.int32)
    arrays = [pointer(table.start, np.int32), pointer(table.rise, np.int32), pointer(given, np.uint32)]
    loaded().quantile_numbers(
        arrays[0][1], arrays[1][1], i32(len(table.start)), i32(table.constant), arrays[2][1], i32(len(given)),
        out.ctypes.data_as(ctypes.c_void_p),
    )  # fmt: skip
    return out


class Drawing:
    """Groups of drawn links, laid out by the compiled engine.

    Each group is a list of (DrawnLinks, base of its targets), its form, and the tables of weights for it.
    """

    def __init__(self, groups, dt, borders, n_threads=1, target="native", wide=False):
        self.engine, self.kept = loaded(target), []
        self.network = ctypes.c_void_p(self.engine.network_new())
        self.n_groups = len(groups)
        for form, scale, parts, tables in groups:
            self._group(form, scale, parts, tables, dt, borders, wide)
        self.engine.network_draw(self.network, i32(n_threads))

    def _array(self, array, dtype):
        array, at = pointer(array, dtype)
        self.kept.append(array)
        return at

    def _group(self, form, scale, parts, tables, dt, borders, wide):
        ends = [table_delays(links.delay_steps(dt)) for links, _ in parts]
        delays = np.arange(min(e[0] for e in ends), max(e[1] for e in ends) + 1)
        self.engine.group_add(
            self.network, i32(parts[0][0].shape[0]), i32(FORMS[form]), ctypes.c_double(scale), self._array(delays, np.int32),
            i32(len(delays)), self._array(borders, np.int32), i32(len(borders)), i32(wide),
        )  # fmt: skip
        for (links, base), weights in zip(parts, tables, strict=True):
            steps = links.delay_steps(dt)
            rule = "one_to_one" if links.rule.kind == "one_to_one" else "repeated" if links.rule.repeated else "distinct"
            self.engine.projection_add(
                self.network, i32(RULES[rule]), i32(links.by_target), u64(links.key), i32(links.shape[1]), i32(base),
                i32(links.recurrent), self._array(links.counts, np.int32), ctypes.c_double(weights.unit),
                *self._table(steps), *self._table(weights),
            )  # fmt: skip

    def _table(self, table):
        return self._array(table.start, np.int32), self._array(table.rise, np.int32), i32(len(table.start)), i32(table.constant)

    def synapses(self, group=0):
        """Sources, targets, delays in steps and weights, as they lie in memory."""
        n = self.engine.group_size(self.network, i32(group))
        arrays = [np.zeros(n, dtype) for dtype in (np.int32, np.int32, np.int32, np.float32)]
        self.engine.group_synapses(self.network, i32(group), *(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))
        return arrays

    def bytes(self, group=0):
        return self.engine.group_bytes(self.network, i32(group))

    def run(self, spikes, n_receivers, n_parts=1):
        """Receivers after steps in which `spikes[step][group]` are the sources that spike."""
        lists = [np.asarray(each, np.int32) for step in spikes for each in step]
        first = np.cumsum([0, *map(len, lists)])
        out = np.zeros(n_receivers)
        self.engine.network_run(
            self.network, i32(len(spikes)), self._array(first, np.int64), self._array(np.concatenate(lists), np.int32),
            i32(n_parts), out.ctypes.data_as(ctypes.c_void_p),
        )  # fmt: skip
        return out

    def __del__(self):
        self.engine.network_delete(self.network)


def table_delays(table):
    """Smallest and largest delay of a table, in steps."""
    return tuple(max(0, (end + 32768) >> 16) for end in table.ends)
