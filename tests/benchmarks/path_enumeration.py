"""CH3-L3 of a layer as the public programs compute it, written anew from the formulas: a peer in the same run.

Every pair is treated on its own: mark the neighbors of v, list the paths of the pair, count the internal links of the nodes on them,
sum over the paths, and clear the counts. One thread.
"""

import numpy as np
from numba import njit

__all__ = ["enumerated_scores"]


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
