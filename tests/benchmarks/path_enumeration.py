"""CH3-L3 of a layer or graph as the public programs compute it, written anew from the formulas: a peer in the same run.

Every pair is treated on its own: mark the neighbors of v, list the paths of the pair, count the internal links of the nodes on them,
sum over the paths, and clear the counts. One thread.
"""

import numpy as np
from numba import njit

__all__ = ["enumerated_graph_scores", "enumerated_scores"]


@njit(cache=True, error_model="numpy")
def enumerated_scores(row_start, row_links, column_start, column_links, scores):
    """Write the scores (m, n) of all absent links."""
    m, n = scores.shape
    near = np.zeros(m, np.int8)
    inside_rows, inside_columns = np.zeros(m, np.int64), np.zeros(n, np.int64)
    for v in range(n):
        near[column_links[column_start[v] : column_start[v + 1]]] = 1
        for u in range(m):
            if not near[u]:
                scores[u, v] = _score(u, row_start, row_links, column_start, column_links, near, inside_rows, inside_columns)
        near[column_links[column_start[v] : column_start[v + 1]]] = 0


@njit(cache=True, error_model="numpy")
def _score(u, row_start, row_links, column_start, column_links, near, inside_rows, inside_columns):
    inside_rows[:] = 0
    inside_columns[:] = 0
    n_paths = 0
    for k in range(row_start[u], row_start[u + 1]):
        a = row_links[k]
        for l in range(column_start[a], column_start[a + 1]):  # noqa: E741
            if near[column_links[l]]:
                inside_columns[a] += 1
                inside_rows[column_links[l]] += 1
                n_paths += 1
    if n_paths == 0:
        return 0.0
    score = 0.0
    for k in range(row_start[u], row_start[u + 1]):
        a = row_links[k]
        outside = column_start[a + 1] - column_start[a] - inside_columns[a]  # 1 + de: all but the internal ones and that to u
        for l in range(column_start[a], column_start[a + 1]):  # noqa: E741
            b = column_links[l]
            if near[b]:
                score += 1 / np.sqrt(outside * (row_start[b + 1] - row_start[b] - inside_rows[b]))
    return score


@njit(cache=True, error_model="numpy")
def enumerated_graph_scores(graph, scores):
    """Write the CH3-L3 scores (n, n) of all absent links u < v of a flat graph: mark the neighbors of v, list the paths, sum."""
    n = scores.shape[0]
    linked, near, inside = np.zeros(n, np.int8), np.zeros(n, np.int8), np.zeros(n, np.int64)
    paths = np.empty((2, graph.size), np.int64)
    for u in range(n):
        linked[graph[graph[u] : graph[u + 1]]] = 1
        for v in range(u + 1, n):
            if not linked[v]:
                near[graph[graph[v] : graph[v + 1]]] = 1
                scores[u, v] = _graph_score(graph, u, linked, near, inside, paths)
                near[graph[graph[v] : graph[v + 1]]] = 0
        linked[graph[graph[u] : graph[u + 1]]] = 0


@njit(cache=True, error_model="numpy")
def _graph_score(graph, u, linked, near, inside, paths):
    n_paths = 0
    for k in range(graph[u], graph[u + 1]):
        a = graph[k]
        for l in range(graph[a], graph[a + 1]):  # noqa: E741
            b = graph[l]
            if near[b] and b != u:
                paths[0, n_paths], paths[1, n_paths] = a, b
                n_paths += 1
                # a link between two nodes that are adjacent to both u and v lies on two paths and counts once
                if not (a > b and linked[b] and near[a]):
                    inside[a] += 1
                    inside[b] += 1
    score = 0.0
    for k in range(n_paths):
        a, b = paths[0, k], paths[1, k]
        outside_a = 1 + graph[a + 1] - graph[a] - inside[a] - linked[a] - near[a]
        outside_b = 1 + graph[b + 1] - graph[b] - inside[b] - linked[b] - near[b]
        score += 1 / np.sqrt(outside_a * outside_b)
    for k in range(n_paths):
        inside[paths[0, k]] = inside[paths[1, k]] = 0
    return score
