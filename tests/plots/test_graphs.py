"""Panels of graphs: what their lines say."""

import networkx as nx
import numpy as np
import pytest
from matplotlib.figure import Figure

from bioworkbench.plots.graphs import degree_distributions
from bioworkbench.topology.simple_graph import simple_graph


@pytest.mark.parametrize("graph", [nx.star_graph(5), nx.barabasi_albert_graph(60, 2, seed=1)])
def test_the_line_of_degrees_is_right_between_them_too(graph):
    axes = Figure().subplots()
    degree_distributions(axes, simple_graph(graph))
    x, y = axes.lines[0].get_path().vertices.T  # corners of the steps
    degrees = np.array([degree for _, degree in graph.degree()])
    for k in np.arange(degrees.min(), degrees.max()) + 0.5:
        after = int(np.searchsorted(x, k))
        assert y[after] == y[after - 1] == pytest.approx((degrees >= k).mean())
