"""Which metrics are better when they are smaller; apart from the metrics, which bring scikit-learn."""

__all__ = ["SMALLER_IS_BETTER"]

SMALLER_IS_BETTER = frozenset({"mae", "of_deviation", "root_mean_square", "rse", "van_rossum", "victor_purpura"})
"""Metrics that measure errors."""
