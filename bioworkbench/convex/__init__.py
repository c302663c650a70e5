"""Convex programs over a dictionary of binary patterns, solved to a stated duality gap."""

from bioworkbench.convex.program import (
    CHECKED_EVERY,
    Certificate,
    certificate,
    distinct_columns,
    kept_columns,
    largest_penalty,
    level_sets,
    n_patterns_bound,
    shattered_solution,
    sparse_coefficients,
    sparse_path,
)

__all__ = [
    "CHECKED_EVERY",
    "Certificate",
    "certificate",
    "distinct_columns",
    "kept_columns",
    "largest_penalty",
    "level_sets",
    "n_patterns_bound",
    "shattered_solution",
    "sparse_coefficients",
    "sparse_path",
]
