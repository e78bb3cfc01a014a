"""Forecasts that a network must beat: the last value, the last season, its mean, a line through lags, boosted trees."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from groundup.applications.forecast.scores import QUANTILES
from groundup.applications.forecast.windows import Windows, rows_of, seasonal_mean

FIXED: dict[str, Any] = {"early_stopping": False, "max_bins": 63, "random_state": 0}  # of boosting


class _Point:
    """A forecast of one number a step, with intervals from its own errors in training, step by step ahead."""

    def fit(self, windows: Windows):
        self._learn(windows)
        errors = windows.target - self._point(windows)
        self.offsets = np.nanquantile(errors, QUANTILES, axis=0).T  # (H, Q)
        self.offsets[:, QUANTILES.index(0.5)] = 0  # the forecast itself stays what it is
        return self

    def predict(self, windows: Windows) -> np.ndarray:
        """Return quantiles (N, H, Q) in the windows' scaled units."""
        return np.sort(self._point(windows)[..., None] + self.offsets, axis=2)

    def _learn(self, windows: Windows) -> None:
        """Most of these have nothing to learn."""

    def _point(self, windows: Windows) -> np.ndarray:
        raise NotImplementedError


class Naive(_Point):
    """The last known value, again and again."""

    def _point(self, windows: Windows) -> np.ndarray:
        known = windows.known[:, ::-1].argmax(1)  # steps back to the last known value
        last = windows.past[np.arange(len(windows)), -1 - known]
        return np.repeat(last[:, None], windows.target.shape[1], axis=1)


@dataclass
class SeasonalMean(_Point):
    """The mean of the same season-place over the last seasons; of one, it is the seasonal-naive forecast."""

    seasons: int = 1

    def _point(self, windows: Windows) -> np.ndarray:
        return seasonal_mean(windows, self.seasons)


@dataclass
class Linear(_Point):
    """Ridge regression on the rows of `rows_of`: how far the step will lie from its seasonal mean."""

    alpha: float = 1.0
    seasons: int = 4

    def _learn(self, windows: Windows) -> None:
        target = (windows.target - seasonal_mean(windows, self.seasons)).reshape(-1)
        known = ~np.isnan(target)
        self.model = make_pipeline(StandardScaler(), Ridge(self.alpha))
        self.model.fit(rows_of(windows, self.seasons)[known], target[known])

    def _point(self, windows: Windows) -> np.ndarray:
        change = self.model.predict(rows_of(windows, self.seasons)).reshape(windows.target.shape)
        return seasonal_mean(windows, self.seasons) + change


class Boosting:
    """Gradient-boosted trees on the same rows, one ensemble for each quantile."""

    def __init__(self, seasons: int = 4, **setting: Any):
        self.seasons, self.setting = seasons, setting

    def fit(self, windows: Windows) -> "Boosting":
        target = (windows.target - seasonal_mean(windows, self.seasons)).reshape(-1)
        known = ~np.isnan(target)
        rows = rows_of(windows, self.seasons)[known]
        self.models = [
            HistGradientBoostingRegressor(loss="quantile", quantile=level, **FIXED, **self.setting).fit(
                rows, target[known]
            )
            for level in QUANTILES
        ]
        return self

    def predict(self, windows: Windows) -> np.ndarray:
        """Return quantiles (N, H, Q) in the windows' scaled units; sorted, for three ensembles may cross."""
        rows = rows_of(windows, self.seasons)
        change = np.stack([model.predict(rows).reshape(windows.target.shape) for model in self.models], axis=2)
        return np.sort(seasonal_mean(windows, self.seasons)[..., None] + change, axis=2)
