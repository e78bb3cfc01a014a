"""How good a forecast is: absolute and scaled error, quantile loss, and whether the intervals keep their promise.

Forecasts are quantiles, (N, H, Q), at the levels of `QUANTILES`; gaps among the targets count nowhere.
"""

import numpy as np

QUANTILES = (0.1, 0.5, 0.9)
PROMISE = QUANTILES[-1] - QUANTILES[0]  # the share of the values that the interval should hold


def pinball(target: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the quantile loss of each value, (N, H), averaged over the quantiles.

    For level q and error e = target - forecast it is max(q e, (q - 1) e): whoever claims that nine of ten values lie
    below pays nine times as much for a value above as for one below by the same distance. It is smallest, on average,
    at the true quantile (Koenker and Bassett 1978, "Regression quantiles").
    """
    error = target[..., None] - forecast
    levels = np.array(QUANTILES)
    return np.maximum(levels * error, (levels - 1) * error).mean(-1)


def inside(target: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return 1 where the value lies in the interval between the outer quantiles, else 0; NaN in gaps."""
    held = (forecast[..., 0] <= target) & (target <= forecast[..., -1])
    return np.where(np.isnan(target), np.nan, held)


def per_origin(values: np.ndarray, series: int) -> np.ndarray:
    """Return the mean of each origin, (O,), over its series and steps, from values (O * S, H)."""
    return np.nanmean(values.reshape(-1, series * values.shape[1]), axis=1)


def widening(target: np.ndarray, forecast: np.ndarray) -> float:
    """Return by how much both ends of an interval must move out to hold the promised share of these values.

    A negative number draws them in. This is conformalized quantile regression (Romano, Patterson and Candès 2019): the
    promised quantile of max(low - y, y - high), with the correction for a finite sample. Its guarantee is for values
    that could come in any order, which those of a time series can't; so it is measured here what it brings.
    """
    miss = np.maximum(forecast[..., 0] - target, target - forecast[..., -1])
    miss = miss[~np.isnan(miss)]
    return float(np.quantile(miss, min(1.0, PROMISE * (1 + 1 / len(miss))), method="higher"))


def widened(forecast: np.ndarray, by: float) -> np.ndarray:
    """Move both ends out; where they would pass the middle, they stop there."""
    moved = forecast.copy()
    moved[..., 0] = np.minimum(forecast[..., 0] - by, forecast[..., 1])
    moved[..., -1] = np.maximum(forecast[..., -1] + by, forecast[..., 1])
    return moved
