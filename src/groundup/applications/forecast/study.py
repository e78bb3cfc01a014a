"""Carry out the forecasting study: all that its page says is in the results that this module returns."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from groundup import data
from groundup.applications import metrics
from groundup.applications.forecast import mistakes, scores
from groundup.applications.forecast.backtest import CANDIDATES, NETWORKS, Backtest, backtest
from groundup.applications.forecast.panel import Panel, chicago, etth1
from groundup.applications.intervals import Interval, bootstrap
from groundup.applications.model_card import ModelCard
from groundup.applications.threads import one_thread

DATA = {"chicago": "chicago", "etth1": "ett"}  # panel to data set


def panels_at_hand() -> list[Panel]:
    """Return Chicago, which comes with a package, and the transformer where it has been downloaded."""
    found = [chicago(data.load("chicago"))]
    if data.is_present("ett"):
        found.append(etth1(data.load("ett")))
    return found


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    panels: Sequence[Panel] | None = None,
    steps: int = 300,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how many times every network is trained, each time from other weights and batches.
    seed : equal seeds give equal results.
    progress : called with a line of text now and then.
    panels : the data, by default what `panels_at_hand` returns; the first is the one that the mistakes are shown on.
    steps : training steps of each network.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda text: None)
    panels = panels_at_hand() if panels is None else panels
    drawn = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    result: dict[str, Any] = {"study": "forecast", "seeds": seeds, "seed": seed, "steps": steps}
    result |= {"promise": round(scores.PROMISE, 6), "panels": {}, "mistakes": {}}
    with one_thread():
        for panel in panels:
            say(f"forecast: {panel.name}, making the mistakes")
            result["mistakes"][panel.name] = mistakes.all_of_them(panel, drawn, steps // 2)
            result["panels"][panel.name] = measured(backtest(panel, drawn, steps, progress))
    result["absent"] = [data_set for name, data_set in DATA.items() if name not in result["panels"]]
    return result | {"card": asdict(_card(result))}


def measured(found: Backtest) -> dict[str, Any]:
    """Measure the forecasts of one panel: every number that the report shows about it."""
    panel = found.panel
    together = found.origins() // panel.together
    models, errors = {}, {}
    for key, candidate in CANDIDATES.items():
        track = found.tracks[key]
        repaired, raw = found.forecasts(key), found.forecasts(key, repaired=False)
        errors[key] = _errors(found, repaired)
        models[key] = {
            "name": candidate.name,
            "role": candidate.role,
            "seeded": candidate.seeded,
            "setting": re.sub(r"[{}']", "", str(track.setting)),
            "validation": min(track.tried),
            "metrics": _summaries([_measure(found, *pair) for pair in zip(repaired, raw)]),
            "interval": bootstrap(np.mean, errors[key], groups=together),
            "by_step": np.mean([_by_step(found, one) for one in repaired], axis=0).tolist(),
            "by_time": [float(errors[key][together == group].mean()) for group in np.unique(together)],
        }
    result = {"data": _facts(found), "models": models, "times": _times(panel, found.origins(), together)}
    result["verdict"] = verdict(models, lambda first, second: _lead(errors[first] - errors[second], together))
    result["example"] = _example(found, result["verdict"]["ranking"][0])
    return result


def verdict(models: dict[str, Any], lead: Callable[[str, str], Interval]) -> dict[str, Any]:
    """Rank the contestants by MASE; ``lead`` gives the difference of two, with interval; below 0 the first leads."""
    contestants = [key for key, model in models.items() if model["role"] == "contestant"]
    ranked = sorted(contestants, key=lambda key: models[key]["metrics"]["mase"]["mean"])
    network = next(key for key in ranked if key in NETWORKS)
    other = next(key for key in ranked if key not in NETWORKS)
    return {
        "ranking": ranked,
        "on_validation": sorted(contestants, key=lambda key: models[key]["validation"]),
        "over_second": lead(ranked[0], ranked[1]),
        "over_seasonal": lead(ranked[0], "seasonal"),
        "best_network": network,
        "best_other": other,
        "network_gap": lead(network, other),
    }


def _lead(gap: np.ndarray, together: np.ndarray) -> Interval:
    return bootstrap(np.mean, gap, groups=together)


def _errors(found: Backtest, forecasts: list[np.ndarray]) -> np.ndarray:
    """The scaled absolute error of each origin, (O,), mean over seeds, series and steps."""
    targets, series = found.targets(), len(found.panel.names)
    return np.mean([scores.per_origin(np.abs(targets - one[..., 1]), series) for one in forecasts], axis=0)


def _measure(found: Backtest, forecast: np.ndarray, raw: np.ndarray) -> dict[str, float]:
    """The measures of one seed's forecasts over all test blocks: means over origins of their means."""
    targets, series = found.targets(), len(found.panel.names)
    scale = np.concatenate([windows.scale for windows in found.windows[1:]])[:, None]

    def mean(values: np.ndarray) -> float:
        return float(scores.per_origin(values, series).mean())

    error = np.abs(targets - forecast[..., 1])
    return {
        "mase": mean(error),
        "mae": mean(error * scale),
        "pinball": mean(scores.pinball(targets, forecast)),
        "coverage": mean(scores.inside(targets, forecast)),
        "width": mean(forecast[..., -1] - forecast[..., 0]),
        "raw_pinball": mean(scores.pinball(targets, raw)),
        "raw_coverage": mean(scores.inside(targets, raw)),
        "raw_width": mean(raw[..., -1] - raw[..., 0]),
    }


def _by_step(found: Backtest, forecast: np.ndarray) -> np.ndarray:
    return np.nanmean(np.abs(found.targets() - forecast[..., 1]), axis=0)


def _summaries(seeds: list[dict[str, float]]) -> dict[str, Any]:
    return {name: metrics.summary([one[name] for one in seeds]) for name in seeds[0]}


def _times(panel: Panel, origins: np.ndarray, together: np.ndarray) -> list[float]:
    """When each group of origins begins, as a year with a fraction."""
    first = [panel.dates[origins[together == group][0]] for group in np.unique(together)]
    return [float(1970 + (date - np.datetime64("1970-01-01")) / np.timedelta64(1, "D") / 365.25) for date in first]


def _facts(found: Backtest) -> dict[str, Any]:
    panel = found.panel
    card = data.card(DATA[panel.name])
    blocks = [
        {
            "name": name,
            "first": panel.day(panel.starts[block]),
            "last": panel.day(panel.starts[block + 1] - 1),
            "forecasts": len(panel.block_origins(block)),
        }
        for block, name in enumerate(panel.blocks)
    ]
    gaps = np.isnan(panel.values)
    return {
        "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
        "unit": panel.unit, "step": panel.step, "series": list(panel.names), "steps": len(panel.dates),
        "first": panel.day(0), "last": panel.day(-1), "blocks": blocks,
        "season": panel.season, "window": panel.window, "horizon": panel.horizon, "stride": panel.stride,
        "together": panel.together, "training_windows": [
            len(panel.train_origins(block)) * len(panel.names) for block in range(len(panel.blocks))
        ],
        "gaps": {name: int(count) for name, count in zip(panel.names, gaps.sum(axis=0)) if count},
        "test_gaps": int(gaps[panel.starts[1] : panel.starts[-1]].sum()),
        "test_values": int(gaps[panel.starts[1] : panel.starts[-1]].size),
        "stood_still": int((np.diff(panel.values[: panel.starts[1], -1]) == 0).sum()),
        "weekends": mistakes.weekend_share(panel, panel.names.index("Polk")) if "Polk" in panel.names else {},
        "usual": dict(zip(panel.names, np.nanmean(panel.values[: panel.train_end], axis=0).tolist())),
    }  # fmt: skip


def _example(found: Backtest, winner: str) -> dict[str, Any]:
    """One forecast of the last test block, the middle one, for the busiest series, as it was made at the time."""
    panel, windows = found.panel, found.windows[-1]
    series = int(np.nanargmax(np.nanmean(panel.values[: panel.train_end], axis=0)))
    count = len(panel.block_origins(len(panel.blocks) - 1))
    row = (count // 2) * len(panel.names) + series
    origin, from_end = int(windows.origin[row]), row - len(windows)

    def counted(values: np.ndarray) -> list[float | None]:
        return [None if np.isnan(v) else round(float(v), 4) for v in values * windows.scale[row] + windows.centre[row]]

    forecast = found.forecasts(winner)[0][from_end]
    seasonal = found.forecasts("seasonal")[0][from_end]
    back = panel.values[origin - 2 * panel.horizon : origin, series]
    return {
        "series": panel.names[series],
        "origin": panel.day(origin),
        "past": [None if np.isnan(v) else float(v) for v in back],
        "came": counted(windows.target[row]),
        "winner": winner,
        "low": counted(forecast[:, 0]),
        "middle": counted(forecast[:, 1]),
        "high": counted(forecast[:, 2]),
        "seasonal": counted(seasonal[:, 1]),
    }


def _card(result: dict[str, Any]) -> ModelCard:
    panel = next(iter(result["panels"].values()))
    facts, models = panel["data"], panel["models"]
    winner = models[panel["verdict"]["ranking"][0]]
    coverage = winner["metrics"]["coverage"]["mean"]
    holidays = "Christmas, Thanksgiving and the days beside them"
    return ModelCard(
        model=(
            f"{winner['name']} ({winner['setting'] or 'no settings'}), one for all {len(facts['series'])} series, "
            f"chosen by MASE on {facts['blocks'][0]['name']}, before the test. It gives the middle and an interval for "
            f"each of the next {facts['horizon']} {facts['step']}s."
        ),
        data=(
            f"`{facts['name']}`, {facts['first']} to {facts['last']}, {facts['unit']} a {facts['step']}; "
            f"{sum(facts['gaps'].values())} days of closed stations were numbers near zero in the file and are gaps "
            f"here. {facts['citation']}"
        ),
        licence=f"{facts['licence']}; {facts['source']}",
        intended_use=(
            "To plan ordinary weeks: cleaning, staff, trains. And to learn how a forecast is measured. "
            f"NETWORKS compared: {', '.join(CANDIDATES[key].name for key in NETWORKS)}."
        ).replace("NETWORKS", "Networks"),
        not_for=(
            "Safety: how many people a platform can hold is a question about the fullest minute, not about a day. "
            "Nor for what would happen if fares or the timetable changed: it knows only what usually follows."
        ),
        limits=(
            f"Its intervals held {coverage:.0%} of the values, {result['promise']:.0%} were promised.",
            f"Days unlike others ({holidays}) are few in any training set.",
            "It does not know of closures, parades, strikes or weather. After a closure of a whole season it has "
            "nothing to look back at.",
            "It ends in 2016. Nothing here has seen an epidemic, or the work from home that came with it.",
        ),
        harm=(
            "Riders of a station that is forecast too low wait on crowded platforms; those who plan for a middle value "
            "plan for too little every second day. Small stations weigh as much as large ones in MASE, but not in "
            "the mean error in riders: whoever optimises that one serves the centre first."
        ),
    )
