"""Mistakes that make forecasts look better than they are, each made on purpose and measured before the test.

All of it uses the training part and the validation block alone. "Everything" means both; no test block is looked at.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from groundup.applications import metrics
from groundup.applications.forecast.baselines import FIXED, Linear
from groundup.applications.forecast.networks import Network
from groundup.applications.forecast.panel import Panel
from groundup.applications.forecast.windows import Windows, cut, rows_of, seasonal_mean

SMOOTHED = 7  # steps of the centred mean
TREES = 80
RECENT = 350  # origins among which windows are held out at random; more of them show the same, and take longer


def mase(panel: Panel, windows: Windows, middle: np.ndarray, target: np.ndarray | None = None) -> float:
    """Return the mean absolute error of (N, H) forecasts in units of the panel's scale, whatever the windows' own."""
    unit = windows.scale[:, None] / panel.scale()[windows.series][:, None]
    return float(np.nanmean(np.abs((windows.target if target is None else target) - middle) * unit))


def wrong_measure(panel: Panel) -> dict[str, float]:
    """Measure the simplest forecast, that of the last season, by R², which flatters, and by MASE."""
    windows = cut(panel, panel.block_origins(0), panel.scale())
    truth, forecast = windows.counted(windows.target), windows.counted(seasonal_mean(windows, 1))
    known = ~np.isnan(truth)
    left, all_of_it = (truth - forecast)[known], truth[known] - truth[known].mean()
    return {
        "r2": float(1 - (left**2).sum() / (all_of_it**2).sum()),
        "mase": mase(panel, windows, seasonal_mean(windows, 1)),
    }


def gaps_as_zeros(panel: Panel) -> dict[str, float | int] | None:
    """Forecast by the mean of four seasons, once with gaps as gaps and once as zeros, scored on open days.

    Over all of training and validation, for this forecast learns nothing. None where the panel has no gaps.
    """
    if not np.isnan(panel.values[: panel.starts[1]]).any():
        return None
    origins = np.arange(panel.first_origin, panel.starts[1] - panel.horizon + 1, panel.stride)
    scale = panel.scale()
    careful = cut(panel, origins, scale)
    zeros = cut(panel, origins, scale, values=np.nan_to_num(panel.values))
    shift = ((zeros.centre - careful.centre) / careful.scale)[:, None]  # the two count from different levels
    touched = np.isnan(careful.lags[:, :, :4]).any(2) & ~np.isnan(careful.target)
    errors = {
        "gap": np.abs(careful.target - seasonal_mean(careful, 4)),
        "zero": np.abs(careful.target - seasonal_mean(zeros, 4) - shift),
    }
    return {
        "touched": int(touched.sum()),
        "all": int((~np.isnan(careful.target)).sum()),
        **{f"{name}_touched": float(error[touched].mean()) for name, error in errors.items()},
        **{f"{name}_all": float(np.nanmean(error)) for name, error in errors.items()},
    }


def random_windows(panel: Panel, seed: int) -> dict[str, dict[str, float]]:
    """Hold windows out at random, and score only those in the validation block; against training on the past alone.

    The windows that are held out are the same both times. A window's neighbours hold nearly all of the days that it
    asks for; when they are in the training set, a model with enough leaves has seen the answers.
    """
    scale = panel.scale()
    origins = np.arange(panel.first_origin, panel.starts[1] - panel.horizon + 1, panel.stride)[-RECENT:]
    held = np.random.default_rng(seed).random(len(origins)) < 0.2
    test = cut(panel, origins[held & (origins >= panel.starts[0])], scale)
    anchor = seasonal_mean(test, 4)
    training = {"random": origins[~held], "past": origins[origins <= panel.starts[0] - panel.horizon]}
    found: dict[str, dict[str, float]] = {"linear": {}, "few leaves": {}, "many leaves": {}}
    for how, chosen in training.items():
        train = cut(panel, chosen, scale)
        found["linear"][how] = mase(panel, test, Linear().fit(train).predict(test)[..., 1])
        target = (train.target - seasonal_mean(train, 4)).reshape(-1)
        known, rows = ~np.isnan(target), rows_of(train, 4)
        for name, leaves in (("few leaves", 15), ("many leaves", 127)):
            model = HistGradientBoostingRegressor(
                loss="absolute_error", learning_rate=0.2, max_iter=TREES, max_leaf_nodes=leaves, **FIXED
            ).fit(rows[known], target[known])  # fmt: skip
            change = model.predict(rows_of(test, 4)).reshape(anchor.shape)
            found[name][how] = mase(panel, test, anchor + change)
    found["seasonal naive"] = dict.fromkeys(training, mase(panel, test, seasonal_mean(test, 1)))
    return found


def scaling(panel: Panel, seeds: list[int], steps: int) -> dict[str, Any]:
    """Scale by mean and deviation of everything, of the past, or by each window's own level; an LSTM, over the seeds.

    The network is given no seasonal mean to start from, so that the scaling has work to do.
    """
    past = panel.values[: panel.train_end]
    everything = panel.values[: panel.starts[1]]
    ways = {
        "everything": (np.nanstd(everything, axis=0), np.nanmean(everything, axis=0)),
        "past": (np.nanstd(past, axis=0), np.nanmean(past, axis=0)),
        "window": (np.nanstd(past, axis=0), None),
    }
    found = {}
    for name, (scale, centre) in ways.items():
        train = cut(panel, panel.train_origins(0), scale, centre)
        validation = cut(panel, panel.block_origins(0), scale, centre)
        errors = []
        for seed in seeds:
            model = Network("lstm", panel.season, seasons=0, learning_rate=0.01, steps=steps, seed=seed).fit(train)
            errors.append(mase(panel, validation, model.predict(validation)[..., 1]))
        found[name] = metrics.summary(errors)
    return found


def smoothing(panel: Panel) -> dict[str, float]:
    """Smooth the whole series before it is cut into windows, and score against the smooth one; and against the truth.

    The mean is centred, so each value holds some of the steps after it: the last values before the origin know what
    comes.
    """
    before_test = pd.DataFrame(panel.values[: panel.starts[1]])
    smooth = panel.values.copy()
    smooth[: panel.starts[1]] = np.asarray(before_test.rolling(SMOOTHED, center=True, min_periods=1).mean())
    scale = panel.scale()
    train, validation = (cut(panel, origins, scale) for origins in (panel.train_origins(0), panel.block_origins(0)))
    middle = Linear().fit(train).predict(validation)[..., 1]
    blurred = replace(panel, values=smooth)
    train, seen = (cut(blurred, origins, scale) for origins in (panel.train_origins(0), panel.block_origins(0)))
    forecast = Linear().fit(train).predict(seen)[..., 1]
    truth = (validation.counted(validation.target) - seen.centre[:, None]) / seen.scale[:, None]
    return {
        "reported": mase(panel, seen, forecast),
        "true": mase(panel, seen, forecast, truth),
        "honest": mase(panel, validation, middle),
    }


def all_of_them(panel: Panel, seeds: list[int], steps: int) -> dict[str, Any]:
    """Make every mistake on one panel and return what each one brought."""
    return {
        "measure": wrong_measure(panel),
        "gaps": gaps_as_zeros(panel),
        "random": random_windows(panel, seeds[0]),
        "scaling": scaling(panel, seeds, steps),
        "smoothing": smoothing(panel),
    }


def weekend_share(panel: Panel, series: int) -> dict[int, float | None]:
    """Return the mean weekend day of one series in each year before the test, None where it was closed on most."""
    seen = slice(None, panel.starts[1])
    values, dates = panel.values[seen, series], panel.dates[seen]
    years = 1970 + dates.astype("datetime64[Y]").astype(int)
    weekend = ~np.is_busday(dates.astype("datetime64[D]"))
    days = {int(year): values[weekend & (years == year)] for year in np.unique(years)}
    return {year: None if np.isnan(v).mean() > 0.5 else float(np.nanmean(v)) for year, v in days.items()}
