"""The table of compared predictors, with its curves."""

from typing import Any

import pandas as pd

__all__ = ["PredictorTable"]


class PredictorTable(pd.DataFrame):
    """Predictors (rows), best first: mean and ``_half_width`` of the 95 % interval of every measure of `ranking_quality`.

    The attribute ``curves`` has the mean precision (n_recalls, n_predictors) by recall.
    """

    _metadata = ["curves"]  # noqa: RUF012
    curves: pd.DataFrame

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def plot(self, *args: Any, **kwargs: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Precision over recall of every predictor.

        Parameters
        ----------
        *args, **kwargs
            Of ``pandas.DataFrame.plot``; keywords take the place of ours.

        Returns
        -------
        Axes
        """
        kwargs = {"xlabel": "recall", "ylabel": "precision", "logy": True, **kwargs}
        return self.curves.plot(*args, **kwargs)
