"""From a panel to windows: what is known when a forecast is made, and what came of it.

Every learner is given the same: the values of the last weeks, the same season-places of those weeks, what happened a
year before, and the calendar. All of it lies before the origin, the step at which the forecast starts, except for the
calendar, which is known. All is measured from the window's own level and in the series' own unit, so that one model
serves large and small series, and nothing has to be learned from the future.
"""

from dataclasses import dataclass

import numpy as np

from groundup.applications.forecast.panel import Panel


@dataclass(frozen=True, eq=False)  # compared by identity, so that what is computed from it can be kept
class Windows:
    """N windows (origins times series) of L past and H future steps; all but ``target`` is known at the origin.

    Values are in units of the series' scale, from the window's centre: ``target * scale + centre`` is what was
    counted.
    """

    origin: np.ndarray  # (N,), row number of the first step that is forecast
    series: np.ndarray  # (N,), which series
    centre: np.ndarray  # (N,), mean of the known past values
    scale: np.ndarray  # (N,)
    past: np.ndarray  # (N, L), gaps filled with the mean of the same season-place in the window
    known: np.ndarray  # (N, L), 1 where the past value is a real one
    past_holiday: np.ndarray  # (N, L)
    lags: np.ndarray  # (N, H, K), the same season-place in the K seasons before the origin, latest first; NaN in gaps
    lag_holiday: np.ndarray  # (N, H, K)
    future: np.ndarray  # (N, H, F), the calendar, and how the step differed from its lags one long season before
    target: np.ndarray  # (N, H), NaN where nothing was counted

    def __len__(self) -> int:
        return len(self.origin)

    def counted(self, values: np.ndarray) -> np.ndarray:
        """Turn scaled values (N, H, ...) into what is counted."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        return values * self.scale.reshape(shape) + self.centre.reshape(shape)


def cut(
    panel: Panel,
    origins: np.ndarray,
    scale: np.ndarray,
    centre: np.ndarray | None = None,
    values: np.ndarray | None = None,
) -> Windows:
    """Cut the windows that start at the given origins out of a panel.

    Parameters
    ----------
    origins : (O,), row numbers; the windows come series after series for each origin.
    scale : (S,), the unit of each series.
    centre : (S,), a level for each series instead of each window's own.
    values : (T, S), takes the place of the panel's values as what is looked back at; the targets are the panel's own.
    """
    past_values = panel.values if values is None else values
    past_rows = origins[:, None] + np.arange(-panel.window, 0)  # (O, L)
    past = _rows(past_values, past_rows)  # (N, L)
    known = ~np.isnan(past)
    level = np.nan_to_num(mean_of_known(past)) if centre is None else np.tile(centre, len(origins))
    unit = np.tile(scale, len(origins))
    past = (past - level[:, None]) / unit[:, None]
    target = (_rows(panel.values, _ahead(panel, origins)) - level[:, None]) / unit[:, None]
    lags = (_lags(panel, origins, past_values) - level[:, None, None]) / unit[:, None, None]
    year = _long_ago(panel, origins, past_values) / unit[:, None]
    calendar = np.repeat(panel.calendar[_ahead(panel, origins)], past_values.shape[1], axis=0)
    return Windows(
        origin=np.repeat(origins, past_values.shape[1]),
        series=np.tile(np.arange(past_values.shape[1]), len(origins)),
        centre=level,
        scale=unit,
        past=_filled(past, panel.season),
        known=known.astype(float),
        past_holiday=np.repeat(panel.holiday[past_rows], past_values.shape[1], axis=0),
        lags=lags,
        lag_holiday=np.repeat(panel.holiday[_lag_rows(panel, origins)], past_values.shape[1], axis=0),
        future=np.concatenate([calendar, year[..., None]], axis=2),
        target=target,
    )


def seasonal_mean(windows: Windows, seasons: int) -> np.ndarray:
    """Return the mean of each step's season-place over the last seasons, (N, H), gaps left out.

    Where all of them are gaps, older seasons of the window are asked, and then the window's level. The mean over no
    season at all is that level, 0.
    """
    if seasons == 0:
        return np.zeros(windows.target.shape)
    recent = mean_of_known(windows.lags[:, :, :seasons])
    older = mean_of_known(windows.lags)
    return np.where(np.isnan(recent), np.where(np.isnan(older), 0.0, older), recent)


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis without NaN; NaN where there is nothing else, and no warning."""
    known = ~np.isnan(values)
    count = known.sum(-1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(-1) / np.maximum(count, 1), np.nan)


def rows_of(windows: Windows, seasons: int) -> np.ndarray:
    """Return one row of numbers for each step of each window, (N * H, F), for learners that want a table.

    Differences from the seasonal mean of the last ``seasons``: of each lag, of the last season's days from their own
    season-places, of the level; the calendar; holidays among the lags; the year before; how far ahead.
    """
    n, h, _ = windows.lags.shape
    anchor = seasonal_mean(windows, seasons)
    lags = np.nan_to_num(windows.lags - anchor[..., None])
    season = windows.past.shape[1] // windows.lags.shape[2]
    by_place = windows.past.reshape(n, -1, season)
    recent = by_place[:, -1] - by_place[:, :-1].mean(1)  # how the last season differed from the ones before
    ahead = np.broadcast_to(np.arange(h) / h, (n, h))
    columns = [
        lags, np.repeat(recent[:, None], h, axis=1), anchor[..., None], windows.future,
        windows.lag_holiday[:, :, :4], ahead[..., None],
    ]  # fmt: skip
    return np.concatenate(columns, axis=2).reshape(n * h, -1).astype(np.float32)


def _rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Take rows (O, ...) of each series: (O * S, ...), series after series for each origin."""
    taken = values[rows]  # (O, ..., S)
    return np.moveaxis(taken, -1, 1).reshape(-1, *rows.shape[1:])


def _ahead(panel: Panel, origins: np.ndarray) -> np.ndarray:
    return origins[:, None] + np.arange(panel.horizon)  # (O, H)


def _lag_rows(panel: Panel, origins: np.ndarray) -> np.ndarray:
    """Rows of the same season-place, latest first, all before the origin and inside the window, (O, H, K)."""
    step = np.arange(panel.horizon) % panel.season - panel.season  # the first such place before the origin
    back = panel.season * np.arange(panel.window // panel.season)
    return origins[:, None, None] + step[:, None] - back


def _lags(panel: Panel, origins: np.ndarray, values: np.ndarray) -> np.ndarray:
    return _rows(values, _lag_rows(panel, origins))


def _long_ago(panel: Panel, origins: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How each step of one long season ago differed from its own lags of that time, (N, H); 0 where unknown.

    A year of weeks ago the weekdays are the same, and the Christmas week shows. With a short long season (a week of
    hours) the step itself may lie after the origin; but panels have a horizon below their long season.
    """
    before = origins - panel.long_season
    value = _rows(values, _ahead(panel, before))
    usual = mean_of_known(_lags(panel, before, values)[:, :, :4])
    return np.nan_to_num(value - usual)


def _filled(past: np.ndarray, season: int) -> np.ndarray:
    """Fill gaps with the mean of the same season-place in the window, else with the window's level, which is 0."""
    places = past.reshape(len(past), -1, season)
    mean = np.nan_to_num(mean_of_known(np.moveaxis(places, 1, 2)))
    return np.where(np.isnan(places), mean[:, None], places).reshape(past.shape)
