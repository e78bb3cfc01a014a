"""The backtest: forecast as one would have forecast at the time, again and again, and keep what came out.

Time runs one way here. The settings are chosen on the validation block, by models that saw nothing but what came
before it. Then, block after block, every learner is fitted anew on all that lies before the block, and forecasts from
origin after origin inside it, each time with the values known by then. How far the intervals must be widened is read
off the errors of the block before, which have been seen by then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from groundup.applications.forecast import scores
from groundup.applications.forecast.baselines import Boosting, Linear, Naive, SeasonalMean
from groundup.applications.forecast.networks import Network
from groundup.applications.forecast.panel import Panel
from groundup.applications.forecast.windows import Windows, cut


@dataclass(frozen=True)
class Candidate:
    """One way to forecast: its name, its role, how it is built, and the settings to choose from.

    Those with ``seeded`` depend on chance and are fitted once for each seed; the others are the same each time.
    """

    name: str
    role: str  # "baseline", or "contestant": the verdict is between these
    build: Callable[..., Any]
    settings: tuple[dict[str, Any], ...] = ({},)
    seeded: bool = False


def network(kind: str) -> Callable[..., Network]:
    return lambda panel, seed, steps, **setting: Network(kind, panel.season, steps=steps, seed=seed, **setting)


NETWORK_SETTINGS = (
    {"width": 16, "learning_rate": 0.01},
    {"width": 32, "learning_rate": 0.01},
    {"width": 32, "learning_rate": 0.02},
)
# The same budget for every learner: three settings, of which the one with the lowest MASE on validation is kept.
CANDIDATES = {
    "naive": Candidate("last value", "baseline", lambda panel, seed, steps: Naive()),
    "seasonal": Candidate("seasonal naive", "baseline", lambda panel, seed, steps: SeasonalMean(1)),
    "mean": Candidate(
        "mean of seasons", "contestant", lambda panel, seed, steps, **setting: SeasonalMean(**setting),
        settings=({"seasons": 2}, {"seasons": 3}, {"seasons": 4}),
    ),
    "linear": Candidate(
        "linear on lags", "contestant", lambda panel, seed, steps, **setting: Linear(**setting),
        settings=({"alpha": 1.0}, {"alpha": 1000.0}, {"alpha": 30000.0}),
    ),
    "boosting": Candidate(
        "gradient boosting", "contestant", lambda panel, seed, steps, **setting: Boosting(**setting),
        settings=(
            {"learning_rate": 0.2, "max_iter": 60, "max_leaf_nodes": 31},
            {"learning_rate": 0.1, "max_iter": 80, "max_leaf_nodes": 31},
            {"learning_rate": 0.2, "max_iter": 60, "max_leaf_nodes": 15},
        ),
    ),
    "lstm": Candidate("LSTM", "contestant", network("lstm"), NETWORK_SETTINGS, seeded=True),
    "convolution": Candidate("temporal convolution", "contestant", network("convolution"), NETWORK_SETTINGS, True),
    "transformer": Candidate("Transformer", "contestant", network("transformer"), NETWORK_SETTINGS, True),
}  # fmt: skip
NETWORKS = tuple(key for key, candidate in CANDIDATES.items() if candidate.seeded)


@dataclass
class Track:
    """What one candidate forecast: for each seed and each block quantiles (N, H, Q), the validation block first."""

    setting: dict[str, Any]
    tried: list[float]  # MASE on validation of each setting
    raw: list[list[np.ndarray]] = field(default_factory=list)


@dataclass
class Backtest:
    """All forecasts of one panel, and the windows that they are for, one a block."""

    panel: Panel
    windows: list[Windows]
    tracks: dict[str, Track]

    def origins(self) -> np.ndarray:
        """Return the origins of the test blocks, (O,)."""
        return np.concatenate([self.panel.block_origins(block) for block in range(1, len(self.windows))])

    def targets(self) -> np.ndarray:
        """Return what came, (N, H), in scaled units, over all test blocks."""
        return np.concatenate([windows.target for windows in self.windows[1:]])

    def forecasts(self, key: str, repaired: bool = True) -> list[np.ndarray]:
        """Return the quantiles (N, H, Q) over all test blocks, one array for each seed.

        ``repaired``: with intervals widened by what the block before would have needed.
        """
        found = []
        for blocks in self.tracks[key].raw:
            parts = []
            for before, block, windows in zip(blocks, blocks[1:], self.windows):
                by = scores.widening(windows.target, before) if repaired else 0.0
                parts.append(scores.widened(block, by))
            found.append(np.concatenate(parts))
        return found


def choose(
    panel: Panel, candidate: Candidate, train: Windows, validation: Windows, seed: int, steps: int
) -> tuple[Track, Any]:
    """Try each setting, keep the one with the lowest MASE on validation; return its track and its fitted model."""
    tried, best, kept = [], np.inf, None
    for setting in candidate.settings:
        model = candidate.build(panel, seed, steps, **setting).fit(train)
        forecast = model.predict(validation)
        error = float(np.nanmean(np.abs(validation.target - forecast[..., 1])))
        tried.append(error)
        if error < best:
            best, kept = error, (setting, forecast, model)
    assert kept is not None
    setting, forecast, model = kept
    return Track(setting, tried, [[forecast]]), model


def backtest(panel: Panel, seeds: list[int], steps: int, progress: Callable[[str], None] | None = None) -> Backtest:
    """Choose settings on the validation block, then forecast every test block with every candidate and seed."""
    say = progress or (lambda text: None)
    scale = panel.scale()
    train = cut(panel, panel.train_origins(0), scale)
    windows = [cut(panel, panel.block_origins(block), scale) for block in range(len(panel.blocks))]
    tracks: dict[str, Track] = {}
    for key, candidate in CANDIDATES.items():
        say(f"forecast: {panel.name}, choosing the settings of {candidate.name}")
        track, _ = choose(panel, candidate, train, windows[0], seeds[0], steps)
        tracks[key] = track
        for seed in seeds[1:] if candidate.seeded else []:  # the other seeds' validation block: their intervals need it
            model = candidate.build(panel, seed, steps, **track.setting).fit(train)
            track.raw.append([model.predict(windows[0])])
    for block in range(1, len(panel.blocks)):
        train = cut(panel, panel.train_origins(block), scale)
        for key, track in tracks.items():
            candidate = CANDIDATES[key]
            for number, blocks in enumerate(track.raw):
                say(f"forecast: {panel.name}, {panel.blocks[block]}, {candidate.name} {number + 1} of {len(track.raw)}")
                model = candidate.build(panel, seeds[number], steps, **track.setting).fit(train)
                blocks.append(model.predict(windows[block]))
    return Backtest(panel, windows, tracks)
