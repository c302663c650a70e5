"""Link predictors pair by pair, by networkx and the definition: twins of those that score all pairs at once."""

from functools import partial

import networkx as nx
import numpy as np

from bioworkbench.topology.prediction.link_prediction import cannistraci_hebb


def scores(scored):
    return np.array([score for *_, score in scored], dtype=float)


def by_paths(graph, pairs, model, length):
    return scores(cannistraci_hebb(graph, pairs, model=model, length=length))


def attachment(graph, pairs):
    if graph.is_directed():
        return np.array([graph.out_degree[u] * graph.in_degree[v] for u, v in pairs], dtype=float)
    return scores(nx.preferential_attachment(graph, pairs))


PREDICTORS = {
    "ch2_l2": partial(by_paths, model="CH2", length=2),
    "ch3_l2": partial(by_paths, model="CH3", length=2),
    "ch2_l3": partial(by_paths, model="CH2", length=3),
    "ch3_l3": partial(by_paths, model="CH3", length=3),
    "ra_l3": partial(by_paths, model="RA", length=3),
    "resource_allocation": lambda graph, pairs: scores(nx.resource_allocation_index(graph, pairs)),
    "adamic_adar": lambda graph, pairs: scores(nx.adamic_adar_index(graph, pairs)),
    "jaccard": lambda graph, pairs: scores(nx.jaccard_coefficient(graph, pairs)),
    "preferential_attachment": attachment,
}
