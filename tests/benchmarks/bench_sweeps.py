"""What a sweep costs beside its runs: per point, and for ten thousand points that are finished.

``python -m tests.benchmarks.bench_sweeps overhead``, or ``... fill FOLDER`` and then ``... finished FOLDER`` or ``... index FOLDER``.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import bioworkbench as bw
from bioworkbench.experiment.results.seal import marks_of_files, sealed_text
from bioworkbench.experiment.results.spec_fingerprints import fingerprints
from bioworkbench.experiment.spec import read, sweep_points
from bioworkbench.report.index import write_index
from tests.documents import alone


def document(n_seeds, first=0):
    """Twenty-five neurons, in C++."""
    whole = alone() | {"backend": "cpp", "sweep": {"seed": list(range(first, first + n_seeds))}}
    del whole["record"]
    return whole


def overhead(n_repeats=3, n_points=20):
    """Milliseconds per point of plain runs in a loop, of a sweep in this process, and of one on two processes."""
    with tempfile.TemporaryDirectory() as folder:
        bw.run(read(document(1), "x"), results=folder, report=False)  # builds the program
        rows = []
        for repeat in range(int(n_repeats)):
            first = 1000 * (repeat + 1)
            specs = [point for _, point in sweep_points(read(document(n_points, first), "x"))]
            started = time.perf_counter()
            for spec in specs:
                bw.run(spec, results=folder, report=False)
            plain = time.perf_counter() - started
            started = time.perf_counter()
            bw.sweep(read(document(n_points, first + 100), "x"), results=folder)
            swept = time.perf_counter() - started
            wall, own = on_two(folder, first + 200, n_points)
            rows.append((plain / n_points * 1e3, swept / n_points * 1e3, wall, own))
            print("ms per point: run {:.1f}, sweep {:.1f}; two processes {:.1f}, of it runs {:.1f}".format(*rows[-1]), flush=True)
        print("medians", np.round(np.median(rows, axis=0), 1), "ms per point: run, sweep, two processes, runs of these")


def on_two(folder, first, n_points):
    """Milliseconds of two processes per point from the first answer to the last, and of the runs themselves."""
    times = []
    outcomes = bw.sweep(
        read(document(n_points, first), "x"), jobs=2, results=folder, progress=lambda advance: times.append(time.perf_counter())
    )
    own = [json.loads((outcome.point.folder / "metrics.json").read_text())["timing"]["total"] for outcome in outcomes]
    return 2 * (times[-1] - times[1]) / (n_points - 2) * 1e3, np.mean(own) * 1e3


def swept(n_points):
    """Spec of a sweep over a tenth as many values, with ten seeds each."""
    values = {"populations.exc.sigma": [f"{k / 10} mV" for k in range(n_points // 10)], "seed": list(range(10))}
    return read(document(1) | {"sweep": values}, "x")


def finished(root, n_points=10_000):
    """Seconds to find that all points of a sweep are done, and to make a table of them."""
    for label in ("first call", "second call", "third call"):
        with timed(f"{label} finds that {n_points} points are finished"):
            outcomes = bw.sweep(swept(n_points), results=root)
        if {outcome.status for outcome in outcomes} != {"found"}:
            raise SystemExit("not all points were found")
    for _ in range(2):
        with timed(f"table of {n_points} points"):
            bw.table([Path(root) / "x"], "activity.exc.mean_rate", ["populations.exc.sigma"])


def index(root):
    """Seconds to write the page of ten thousand runs, of which nothing or everything is known, and to open and sort it in a browser."""
    folder = Path(root) / "x"
    (folder / ".summaries.json").unlink(missing_ok=True)
    for label in ("first", "second"):
        with timed(f"{label} page of {sum(path.is_dir() for path in folder.iterdir())} runs"):
            page = write_index(folder)
    measured = page.with_name("measured.html")
    measured.write_text(page.read_text("utf-8") + SORTED, "utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", str(measured)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    print("milliseconds to open, and to sort by a column each:", re.search("<title>(.*?)</title>", done.stdout)[1])
    measured.unlink()


SORTED = """<script>
const opened = performance.now(), times = [];
for (let k = 0; k < 3; k++) {
  const began = performance.now();
  document.querySelectorAll("th.sort")[k].click(); document.body.getBoundingClientRect();
  times.push(Math.round(performance.now() - began));
}
document.title = Math.round(opened) + "; " + times;
</script>"""


@contextmanager
def timed(words):
    """Print seconds on the clock, and those of the processor, which do not count waiting for other work on a shared machine."""
    started, processor = time.perf_counter(), time.process_time()
    yield
    print(f"{words}: {time.perf_counter() - started:.2f} s, processor {time.process_time() - processor:.2f} s", flush=True)


def fill(root, n_points=10_000):
    """Make a store of finished points: copies of one run under the spec and fingerprint of each."""
    points, root = sweep_points(swept(n_points)), Path(root)
    template = bw.run(points[0][1], results=root / "one", report=False).folder
    about = json.loads((template / "provenance.json").read_text())
    for (_, point), mark in zip(points, fingerprints([point for _, point in points]), strict=True):
        folder = root / "x" / mark
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("run.h5", "spec.toml", "metrics.json"):
            shutil.copy(template / name, folder / name)
        told = about | {"spec": point.document, "fingerprint": mark, "files": marks_of_files(folder)}
        (folder / "provenance.json").write_text(sealed_text(told))
    shutil.rmtree(root / "one")


if __name__ == "__main__":
    {"overhead": overhead, "finished": finished, "fill": fill, "index": index}[sys.argv[1]](*sys.argv[2:])
