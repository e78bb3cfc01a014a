"""The data of the forecasting study as one kind of thing: a panel, several series side by side on one clock.

A gap is NaN here, whatever it was in the file. What is known in advance (the calendar) stands beside the values.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries.holiday import (
    AbstractHolidayCalendar,
    Holiday,
    USLaborDay,
    USMemorialDay,
    USThanksgivingDay,
)

CLOSED = 0.05  # thousand riders: the emptiest day of an open station has 83, so fewer than 50 is no day's traffic
GAME_LAG = pd.Timedelta(days=14)  # the file holds each station's count of 14 days before the row's date


@dataclass(frozen=True)
class Panel:
    """T steps of S series, and how they are to be forecast.

    Parameters
    ----------
    name, unit, step : what it is, what a value counts, what one step is ("day", "hour").
    names : S names of the series.
    dates : (T,), datetime64.
    values : (T, S), NaN where there is none.
    calendar : (T, F), what is known of each step long before: its weekday or hour, holidays, the time of the year.
    holiday : (T,), 1 on days unlike others.
    season, long_season : steps after which the pattern returns (a week of days; and a year of weeks).
    window, horizon : steps that a model looks back, and steps that it forecasts.
    stride : steps from one forecast to the next in a test: prime to the season, so that all weekdays have their turn.
    train_stride : the same from one training window to the next.
    together : steps whose errors are taken as one piece of evidence: forecasts that overlap, days that are alike.
    starts : row numbers where the validation block and each test block begin, and the end of the last.
    blocks : a name for each of these blocks, the validation block first.
    """

    name: str
    unit: str
    step: str
    names: tuple[str, ...]
    dates: np.ndarray
    values: np.ndarray
    calendar: np.ndarray
    holiday: np.ndarray
    season: int
    long_season: int
    window: int
    horizon: int
    stride: int
    train_stride: int
    together: int
    starts: tuple[int, ...]
    blocks: tuple[str, ...]

    def day(self, row: int) -> str:
        """Return the date of a row, such as 2013-01-31."""
        return str(self.dates[row])[:10]

    @property
    def train_end(self) -> int:
        """The first row that is not for training: nothing is learned from it or later before the choices are made."""
        return self.starts[0]

    @property
    def first_origin(self) -> int:
        """The first row that can be forecast: the long season, and the lags of that time, lie before it."""
        return self.long_season + self.window

    def scale(self) -> np.ndarray:
        """Return the mean step-to-season change of each series in the training part, (S,): the unit of MASE.

        mean |y_t - y_{t-season}| over the training steps at which both are known (Hyndman and Koehler 2006,
        "Another look at measures of forecast accuracy"). An error of 1 is that of repeating the last season, one
        season ahead, in training.
        """
        past = self.values[: self.train_end]
        return np.nanmean(np.abs(past[self.season :] - past[: -self.season]), axis=0)

    def block_origins(self, block: int) -> np.ndarray:
        """Return where the forecasts of a block start; each lies wholly inside its block."""
        start, end = self.starts[block], self.starts[block + 1]
        return np.arange(start, end - self.horizon + 1, self.stride)

    def train_origins(self, block: int) -> np.ndarray:
        """Return where the training windows for a block start: the last value that each one holds lies before it."""
        return np.arange(self.first_origin, self.starts[block] - self.horizon + 1, self.train_stride)


class _EmptyDays(AbstractHolidayCalendar):
    """The six days of the year when offices are closed, on the day itself."""

    rules = [  # noqa: RUF012  pandas asks for a list
        Holiday("New Year", month=1, day=1), USMemorialDay, Holiday("Independence", month=7, day=4),
        USLaborDay, USThanksgivingDay, Holiday("Christmas", month=12, day=25),
    ]  # fmt: skip


def chicago(frame: pd.DataFrame) -> Panel:
    """Return the twenty stations of the data set ``chicago``; closed days become gaps."""
    columns = list(frame.columns)
    names = columns[columns.index("ridership") + 1 : columns.index("temp_min")]
    dates = pd.DatetimeIndex(pd.to_datetime(frame["date"])) - GAME_LAG
    values = frame[names].to_numpy(float)
    values = np.ascontiguousarray(np.where(values < CLOSED, np.nan, values))
    free = _EmptyDays().holidays(dates[0], dates[-1] + pd.Timedelta(days=1))
    holiday = dates.isin(free).astype(float)
    day_before = dates - pd.Timedelta(days=1)
    between = ((dates.month == 12) & np.isin(dates.day, (24, 31))) | day_before.isin(free[free.month == 11])
    weekdays = np.eye(7)[dates.day_of_week]
    year = 2 * np.pi * dates.day_of_year.to_numpy() / 365.25
    calendar = np.column_stack([weekdays, holiday, between.astype(float), *_waves(year, 2)])
    starts = np.searchsorted(dates.to_numpy(), np.array(["2013-01-01", "2014-01-01", "2015-01-01"], "datetime64[s]"))
    return Panel(
        "chicago", "thousand riders", "day", tuple(names), dates.to_numpy(), values, calendar, holiday,
        season=7, long_season=364, window=56, horizon=14, stride=5, train_stride=9, together=28,
        starts=(*map(int, starts), len(dates)), blocks=("2013", "2014", "2015 to August 2016"),
    )  # fmt: skip


def etth1(frame: pd.DataFrame) -> Panel:
    """Return the seven series of the data set ``ett``, divided as in the literature: 12, 4 and 4 months of 30 days."""
    dates = pd.DatetimeIndex(frame.index)
    hours = np.eye(24)[dates.hour]
    weekend = (dates.day_of_week >= 5).astype(float)
    month = 30 * 24
    return Panel(
        "etth1", "the units of the series", "hour", tuple(frame.columns), dates.to_numpy(),
        np.ascontiguousarray(frame, float), np.column_stack([hours, weekend]), np.zeros(len(dates)),
        season=24, long_season=168, window=96, horizon=24, stride=23, train_stride=11, together=168,
        starts=(12 * month, 16 * month, 20 * month), blocks=("months 13 to 16", "months 17 to 20"),
    )  # fmt: skip


def _waves(angle: np.ndarray, harmonics: int) -> list[np.ndarray]:
    return [wave(k * angle) for k in range(1, harmonics + 1) for wave in (np.sin, np.cos)]
