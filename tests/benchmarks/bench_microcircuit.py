"""The cortical microcircuit (Potjans and Diesmann 2014): real-time factor, memory and rates at 10, 30 and 100 %, on one and two threads.

``python -m tests.benchmarks.bench_microcircuit [fraction ...]``. The network is `network_specs/microcircuit.toml`, whose
synapses are drawn anew; published rates are those of the full network (Potjans and Diesmann 2014; van Albada et al. 2018), and a
smaller one keeps the mean input of each population, not its fluctuations.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import bioworkbench as bw
from bioworkbench.experiment.spec.plan import construct
from bioworkbench.records.execution import Execution
from bioworkbench.records.stimulus import silence
from bioworkbench.simulation import simulate

SPEC = Path(__file__).parents[2] / "network_specs" / "microcircuit.toml"
PUBLISHED = {"L23E": 0.903, "L23I": 2.965, "L4E": 4.414, "L4I": 5.876, "L5E": 7.569, "L5I": 8.633, "L6E": 1.105, "L6I": 7.829}
REACH = {(0.1, 1): 0.15, (0.1, 2): 0.10, (0.3, 1): 0.5, (0.3, 2): 0.3, (1.0, 1): 3.0, (1.0, 2): 1.6}
SETTLING = 0.5  # seconds that rates leave out


def one(fraction, threads, duration, precision):
    """Simulate in this process and print what it took, as JSON."""
    started = time.perf_counter()
    plan = construct(bw.load(SPEC, {"downscaling.factor": fraction, "memory": 4.0, "duration": f"{duration} s"}))
    recording = simulate(
        plan.network,
        silence(duration),
        1,
        dt=1e-4,
        backend="cpp",
        execution=Execution(threads=threads, precision=precision, memory=4e9),
    )
    timing = recording.timing
    late = {name: (s.time >= min(SETTLING, duration / 2)).sum() for name, s in recording.spikes.items()}
    seconds = duration - min(SETTLING, duration / 2)
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({
        "synapses": sum(p.n_synapses for p in plan.network.projections),
        "rtf": timing["simulate"] / duration,
        "processor": timing["processor"] / duration,
        "draw": timing["draw"],
        "first step": time.perf_counter() - started - timing["simulate"] - timing["collect"],
        "MB": peak / 1024,
        "rates": {name: n / recording.sizes[name] / seconds for name, n in late.items()},
        "spikes": {name: hash(tuple(s.neuron.tolist())) for name, s in recording.spikes.items()},
    }))  # fmt: skip


def measured(fraction, threads, duration, precision):
    """`one` in a process of its own."""
    call = f"from tests.benchmarks.bench_microcircuit import one; one({fraction}, {threads}, {duration}, {precision!r})"
    done = subprocess.run([sys.executable, "-c", call], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    durations = {0.1: 10.0, 0.3: 10.0, 1.0: 10.0}
    print("fraction threads precision  synapses  real-time factor (to reach)  processor  draw s  first step s  MB")
    for fraction in [float(word) for word in sys.argv[1:]] or list(durations):
        for precision in ("double", "single"):
            rows = [measured(fraction, threads, durations.get(fraction, 1.0), precision) for threads in (1, 2)]
            for threads, row in zip((1, 2), rows, strict=True):
                print(f"{fraction:8g} {threads:7d} {precision:9} {row['synapses'] / 1e6:8.1f}M {row['rtf']:9.3f} "
                      f"({REACH.get((fraction, threads), float('nan')):g}) {row['processor']:16.3f} {row['draw']:7.2f} "
                      f"{row['first step']:13.1f} {row['MB']:5.0f}", flush=True)  # fmt: skip
            print(f"         same spikes on two threads: {rows[0]['spikes'] == rows[1]['spikes']}")
            rates = [f"{name} {rate:.3f} ({PUBLISHED[name]})" for name, rate in rows[0]["rates"].items()]
            print(f"         rates in Hz (published): {', '.join(rates)}", flush=True)


if __name__ == "__main__":
    main()
