"""Diagram of a network: populations as boxes, projections as arrows."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from bioworkbench.plots.panels import color
from bioworkbench.records.counted import counted
from bioworkbench.records.network import Network

__all__ = ["network_diagram"]


def network_diagram(axes: Axes, network: Network, read: Sequence[str] = (), n_outputs: int = 0) -> None:
    """Populations as boxes from left to right, projections as arrows with their number of synapses, one for all of the same ends.

    Parameters
    ----------
    axes : Axes
    network : Network
        Up to about eight populations stay readable.
    read : sequence of str
        Populations that a readout sees.
    n_outputs : int
        Of the readout.
    """
    reader = "readout " if read else ""  # no population can have this name
    places = _places(network, reader)
    sizes = {name: counted(n, "channel") for name, n in network.channels.items()} | {reader: counted(n_outputs, "output")}
    sizes |= {name: counted(size, "neuron") for name, size in network.sizes.items()}
    boxes = {}
    for name, (x, y) in places.items():
        shade = "#e8e8e8" if name in (*network.channels, reader) else color(list(network.sizes).index(name)) + "33"
        box = FancyBboxPatch((x - 0.3, y - 0.14), 0.6, 0.28, boxstyle="round,pad=0.03", facecolor=shade, edgecolor="#444444")
        boxes[name] = axes.add_patch(box)
        axes.text(x, y, f"{name.strip()}\n{sizes[name]}", ha="center", va="center", fontsize=8.5, zorder=3)
    between: dict[tuple[str, str], list[str]] = {}
    for projection in network.projections:
        between.setdefault((projection.source, projection.target), []).append(f"{projection.n_synapses:,}")
    for (source, target), numbers in between.items():
        bend = 0.25 if (target, source) in between else _detour(places, source, target)
        _arrow(axes, (boxes[source], boxes[target]), " + ".join(numbers), bend)
    for name in read:
        _arrow(axes, (boxes[name], boxes[reader]), "", _detour(places, name, reader))
    xs, ys = zip(*places.values(), strict=True)
    axes.set(xlim=(min(xs) - 0.4, max(xs) + 0.4), ylim=(min(ys) - 0.45, max(ys) + 0.55), title="Network (synapses on the arrows)")
    axes.set_aspect("equal")
    axes.set_axis_off()


def _places(network: Network, reader: str) -> dict[str, tuple[float, float]]:
    """Columns: input, layers or depth in the chain of projections, reader."""
    depth = _depths(network)
    columns: dict[int, list[str]] = {}
    for name, k in depth.items():
        columns.setdefault(k, []).append(name)
    if reader:
        columns[max(columns) + 1] = [reader]
    return {
        name: (1.3 * x, 0.9 * ((len(names) - 1) / 2 - row))
        for x, (_, names) in enumerate(sorted(columns.items()))
        for row, name in enumerate(names)
    }


def _detour(places: Mapping[str, tuple[float, float]], source: str, target: str) -> float:
    """Bend of an arrow: none, or enough to pass below the boxes that lie between its ends."""
    (x0, y0), (x1, y1) = places[source], places[target]
    between = (y == y0 and min(x0, x1) < x < max(x0, x1) for x, y in places.values())
    return 0.3 if y0 == y1 and any(between) else 0.0


def _depths(network: Network) -> dict[str, int]:
    """Number of projections on the shortest path from the input, or from populations that no other one projects to.

    Where everything is fed by something else, the first population that has not been reached begins.
    """
    links = {(p.source, p.target) for p in network.projections if p.source != p.target}
    fed = {target for _, target in links}
    depths: dict[str, int] = {}
    for root in list(network.channels) + sorted(network.sizes, key=lambda name: name in fed):
        front = [] if root in depths else [root]
        depth = 0
        while front:
            depths |= dict.fromkeys(front, depth)
            front = list(dict.fromkeys(t for name in front for s, t in sorted(links) if s == name and t not in depths))
            depth += 1
    return depths


def _arrow(axes: Axes, ends: tuple[FancyBboxPatch, FancyBboxPatch], label: str, bend: float) -> None:
    """Arrow between two boxes, or a loop above one."""
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": "#444444", "linewidth": 1.1, "zorder": 2}
    (x0, y0), (x1, y1) = (_center(box) for box in ends)
    if ends[0] is ends[1]:
        loop = (x0 - 0.15, y0 + 0.17), (x0 + 0.15, y0 + 0.17)
        axes.add_patch(FancyArrowPatch(*loop, connectionstyle="arc3,rad=-1.1", **style))
        axes.text(x0, y0 + 0.42, label, ha="center", va="center", fontsize=7.5)
        return
    patches = {"patchA": ends[0], "patchB": ends[1], "shrinkA": 1, "shrinkB": 2}
    axes.add_patch(FancyArrowPatch((x0, y0), (x1, y1), connectionstyle=f"arc3,rad={bend}", **patches, **style))
    middle = ((x0 + x1) / 2 + bend * (y1 - y0) / 2, (y0 + y1) / 2 - bend * (x1 - x0) / 2)
    axes.text(*middle, label, ha="center", va="center" if bend or y0 != y1 else "bottom", fontsize=7.5, bbox=_BACKGROUND)


def _center(box: FancyBboxPatch) -> tuple[float, float]:
    return box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2


_BACKGROUND = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
