"""The forecasting study: the past never knows the future, gaps are no values, and the verdict follows the numbers."""

import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from groundup import data
from groundup.applications import command, forecast
from groundup.applications.forecast import mistakes, scores
from groundup.applications.forecast.backtest import CANDIDATES, backtest
from groundup.applications.forecast.baselines import Boosting, Linear, Naive, SeasonalMean
from groundup.applications.forecast.networks import ENCODERS, Network, pinball_loss
from groundup.applications.forecast.panel import Panel, chicago, etth1
from groundup.applications.forecast.windows import cut, seasonal_mean
from groundup.report import Page

STATIONS = ["Quincy_Wells", "Clark_Lake", "Polk"]


@pytest.fixture(scope="module")
def frame():
    return data.load("chicago")


@pytest.fixture(scope="module")
def small(frame) -> Panel:
    """Three stations, from the summer of 2011 to that of 2015."""
    others = [name for name in frame.columns[1:21] if name not in STATIONS]
    return chicago(frame.drop(columns=others).iloc[3800:5300].reset_index(drop=True))


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Boosting with three trees is bad and quick."""
    with pytest.MonkeyPatch.context() as patch:
        boosting = replace(CANDIDATES["boosting"], settings=({"max_iter": 3}, {"max_iter": 2}, {"max_iter": 1}))
        patch.setitem(CANDIDATES, "boosting", boosting)
        patch.setattr(mistakes, "TREES", 3)
        yield


@pytest.fixture(scope="module")
def result(small):
    return forecast.run(seeds=2, seed=7, panels=[small], steps=5)


def toy(steps: int = 130, series: int = 2, **changes) -> Panel:
    """A panel whose value tells its own place: 10 times the step, plus the series."""
    values = 10.0 * np.arange(steps)[:, None] + np.arange(series)
    panel = Panel(
        "toy", "things", "day", tuple("abcdefg"[:series]), np.datetime64("2020-01-06") + np.arange(steps), values,
        np.arange(steps)[:, None].astype(float), np.zeros(steps), season=7, long_season=28, window=21, horizon=5,
        stride=3, train_stride=2, together=7, starts=(80, 100, 120), blocks=("validation", "test"),
    )  # fmt: skip
    return replace(panel, **changes)


class TestPanel:
    def test_stations_are_moved_to_their_own_dates_and_closed_days_are_gaps(self, frame):
        panel = chicago(frame)
        assert panel.values.shape == (5698, 20)
        assert (panel.day(0), panel.day(-1)) == ("2001-01-08", "2016-08-14")
        clark = panel.values[:, panel.names.index("Clark_Lake")]
        np.testing.assert_array_equal(clark[14:], frame["ridership"][:-14])  # the only column that was on time
        assert np.isnan(panel.values).sum() == (frame[list(panel.names)] < 0.05).to_numpy().sum() > 500
        polk = panel.values[:, panel.names.index("Polk")]
        weekend = ~np.is_busday(panel.dates.astype("datetime64[D]"))
        early = panel.dates < np.datetime64("2004-12-20")
        assert np.isnan(polk[weekend & early]).mean() > 0.95
        assert not np.isnan(polk[weekend & (panel.dates > np.datetime64("2005-01-10"))]).any()

    @pytest.mark.parametrize(
        ("day", "column"),
        [("2013-12-25", 7), ("2013-11-28", 7), ("2013-07-04", 7), ("2013-11-29", 8), ("2013-12-24", 8)],
    )
    def test_days_unlike_others(self, small, day, column):
        row = int(np.flatnonzero(small.dates.astype("datetime64[D]") == np.datetime64(day))[0])
        assert small.calendar[row, 7:9].tolist() == [float(column == 7), float(column == 8)]
        assert small.calendar[row, :7].argmax() == np.datetime64(day).astype(int) % 7 - 4 + 7 * (
            np.datetime64(day).astype(int) % 7 < 4
        )  # 1970-01-01 was a Thursday

    def test_blocks_begin_with_the_year(self, small):
        assert [small.day(start) for start in small.starts[:-1]] == ["2013-01-01", "2014-01-01", "2015-01-01"]
        for block in range(3):
            assert small.train_origins(block).max() + small.horizon <= small.starts[block]
            origins = small.block_origins(block)
            assert origins[0] == small.starts[block]
            assert origins[-1] + small.horizon <= small.starts[block + 1]
            assert len(set(origins % 7)) == 7  # all weekdays have their turn

    def test_scale_is_learned_from_the_training_part(self, small):
        spoiled = small.values.copy()
        spoiled[small.train_end :] = 1e6
        np.testing.assert_array_equal(replace(small, values=spoiled).scale(), small.scale())

    def test_transformer(self):
        if not data.is_present("ett"):
            pytest.skip("needs ETTh1: groundup data fetch ett")
        panel = etth1(data.load("ett"))
        assert panel.values.shape == (17420, 7)
        assert (panel.day(panel.starts[0]), panel.day(panel.starts[1])) == ("2017-06-26", "2017-10-24")


class TestWindows:
    def test_by_hand(self):
        panel = toy()
        windows = cut(panel, np.array([60, 61]), np.ones(2))
        assert len(windows) == 4
        assert windows.series.tolist() == [0, 1, 0, 1]
        assert windows.centre.tolist() == [490, 491, 500, 501]  # the mean of rows 39 to 59, and of 40 to 60
        np.testing.assert_array_equal(windows.counted(windows.past)[0], panel.values[39:60, 0])
        np.testing.assert_array_equal(windows.counted(windows.target)[1], panel.values[60:65, 1])
        # Step 60's place in the seasons before: rows 53, 46, 39.
        np.testing.assert_array_equal(windows.counted(windows.lags)[0, 0], [530, 460, 390])
        np.testing.assert_array_equal(windows.future[0, :, 0], np.arange(60, 65))
        # A long season ago row 32 was 140 above the mean of rows 25, 18, 11, ...
        assert windows.future[0, 0, 1] == 320 - np.mean([250, 180, 110])

    @pytest.mark.parametrize("horizon", [3, 7, 13])
    def test_nothing_but_the_calendar_and_the_target_comes_from_the_origin_or_later(self, horizon):
        panel = toy(horizon=horizon)
        spoiled = panel.values.copy()
        spoiled[70:] = -1e9
        before, after = (cut(replace(panel, values=v), np.array([70]), np.ones(2)) for v in (panel.values, spoiled))
        for name in ("centre", "past", "known", "past_holiday", "lags", "lag_holiday", "future"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name), err_msg=name)
        assert (before.target != after.target).all()
        for model in (Naive(), SeasonalMean(2)):
            windows = cut(panel, np.arange(49, 60), np.ones(2))
            model.fit(windows)
            np.testing.assert_array_equal(model.predict(before), model.predict(after))

    def test_gaps_are_left_out_of_means_and_filled_from_their_season_place(self):
        values = toy().values.copy()
        values[[53, 46]] = np.nan  # two of the three Mondays, say
        windows = cut(toy(values=values), np.array([60]), np.ones(2))
        assert windows.known.sum(1).tolist() == [19, 19]
        assert windows.counted(seasonal_mean(windows, 2))[0, 0] == 390  # both of the last two are gaps: the older one
        assert windows.counted(windows.past)[0, [53 - 39, 46 - 39]].tolist() == [390, 390]
        values[:] = np.nan
        windows = cut(toy(values=values), np.array([60]), np.ones(2))
        for found in (windows.past, windows.future, seasonal_mean(windows, 1), windows.centre):
            assert np.isfinite(found).all()


class TestScores:
    def test_pinball_by_hand(self):
        loss = scores.pinball(np.array([[2.0]]), np.array([[[1.0, 2.0, 4.0]]]))
        assert loss[0, 0] == pytest.approx((0.1 * 1 + 0 + 0.1 * 2) / 3)

    def test_pinball_is_smallest_at_the_quantiles(self):
        values = np.random.default_rng(0).gamma(2, size=4000)[:, None]

        def loss(quantiles):
            return scores.pinball(values, np.broadcast_to(quantiles, (4000, 1, 3))).mean()

        best = np.quantile(values, scores.QUANTILES)
        for change in ([0.2, 0, 0], [-0.2, 0, 0], [0, 0.2, 0], [0, -0.2, 0], [0, 0, 0.3], [0, 0, -0.3]):
            assert loss(best) < loss(best + change)

    def test_numpy_and_torch_agree(self):
        rng = np.random.default_rng(1)
        target, forecast_ = rng.normal(size=(4, 5)), rng.normal(size=(4, 5, 3))
        known = torch.ones(4, 5, dtype=torch.bool)
        found = pinball_loss(torch.tensor(forecast_), torch.tensor(target), known)
        assert found.item() == pytest.approx(scores.pinball(target, forecast_).mean(), rel=1e-6)

    @pytest.mark.parametrize("width", [0.1, 5.0])
    def test_widening_holds_what_was_promised(self, width):
        rng = np.random.default_rng(2)
        target = rng.normal(size=(300, 4))
        target[:5] = np.nan
        narrow = np.broadcast_to([-width, 0.0, width], (300, 4, 3))
        by = scores.widening(target, narrow)
        assert (by > 0) == (width < 1)
        held = np.nanmean(scores.inside(target, scores.widened(narrow, by)))
        assert held == pytest.approx(scores.PROMISE, abs=0.005)

    def test_widened_never_crosses_the_middle(self):
        found = scores.widened(np.array([[[0.0, 1.0, 3.0]]]), -5.0)
        assert found.tolist() == [[[1.0, 1.0, 1.0]]]

    def test_gaps_count_nowhere(self):
        values = np.array([[1.0, np.nan], [3.0, 5.0]])
        assert scores.per_origin(values, 2).tolist() == [3.0]
        assert np.isnan(scores.inside(np.array([[np.nan]]), np.zeros((1, 1, 3)))).all()


class TestLearners:
    @pytest.mark.parametrize("kind", ENCODERS)
    def test_network_learns_what_the_calendar_announces(self, kind):
        rng = np.random.default_rng(0)
        event = (rng.random(420) < 0.2).astype(float)
        values = np.tile([5.0, 1, 2, 3, 4, 0, -2], 60) + 4 * event + rng.normal(0, 0.1, 420)
        panel = toy(420, 1, values=values[:, None], calendar=event[:, None], starts=(330, 370, 420))
        train, test = (cut(panel, np.arange(*part), panel.scale()) for part in ((49, 325, 2), (330, 410, 3)))
        network = Network(kind, 7, seasons=3, width=8, learning_rate=0.02, steps=80, batch=32)
        found = network.fit(train).predict(test)
        assert (np.diff(found, axis=2) >= 0).all()
        error = np.abs(test.target - found[..., 1]).mean()
        assert error < 0.7 * np.abs(test.target - seasonal_mean(test, 3)).mean()
        again = replace(network).fit(train)
        np.testing.assert_array_equal(again.predict(test), found)

    @pytest.mark.parametrize("length", [56, 63, 17])
    def test_convolution_with_strides_is_the_dilated_one_at_the_last_step(self, length):
        torch.manual_seed(0)
        encoder = ENCODERS["convolution"](8, 7).double()
        past = torch.randn(2, length, 3, dtype=torch.float64)
        x = encoder.first(past.transpose(1, 2))
        for number, layer in enumerate(encoder.layers):
            padded = torch.nn.functional.pad(x, (2 * 2**number, 0))
            x = x + torch.nn.functional.conv1d(padded, layer.weight, layer.bias, dilation=2**number).relu()
        torch.testing.assert_close(encoder(past), x[:, :, -1])

    @pytest.mark.parametrize("model", [Linear(), Boosting(max_iter=3), Network("lstm", 7, steps=3)])
    def test_a_gap_among_the_targets_teaches_nothing(self, small, model):
        scale = small.scale()
        origins = small.train_origins(0)[:30]
        train = cut(small, origins, scale)
        target = train.target.copy()
        target[::2] = np.nan
        gaps = replace(train, target=target)
        found = model.fit(gaps).predict(train)
        assert np.isfinite(found).all()
        assert found.shape == (*target.shape, 3)


class TestBacktest:
    def test_no_choice_depends_on_the_test_and_no_block_on_a_later_one(self, small, monkeypatch):
        monkeypatch.setattr("groundup.applications.forecast.backtest.CANDIDATES", {
            key: CANDIDATES[key] for key in ("naive", "mean", "linear", "lstm")
        })  # fmt: skip
        spoiled = small.values.copy()
        spoiled[small.starts[2] :] = 1e3
        honest, other = (backtest(replace(small, values=v), [3, 4], 3) for v in (small.values, spoiled))
        for key, track in honest.tracks.items():
            assert other.tracks[key].setting == track.setting
            assert other.tracks[key].tried == track.tried
            for one, same in zip(track.raw, other.tracks[key].raw):
                for block in (0, 1):  # the last block is the one that was spoiled
                    np.testing.assert_array_equal(one[block], same[block], err_msg=f"{key}, block {block}")
        # The check has teeth: what lies before the choices is noticed.
        spoiled[small.train_end - 50 : small.train_end] = 1e3
        third = backtest(replace(small, values=spoiled), [3], 3)
        assert third.tracks["linear"].tried != honest.tracks["linear"].tried

    def test_intervals_are_repaired_by_the_block_before(self, small, monkeypatch):
        monkeypatch.setattr("groundup.applications.forecast.backtest.CANDIDATES", {"seasonal": CANDIDATES["seasonal"]})
        found = backtest(small, [0], 1)
        (raw,) = found.tracks["seasonal"].raw
        by = [scores.widening(found.windows[n].target, raw[n]) for n in (0, 1)]
        (repaired,) = found.forecasts("seasonal")
        cut_at = len(raw[1])
        np.testing.assert_allclose(repaired[:cut_at, :, 2], raw[1][..., 2] + by[0])
        np.testing.assert_allclose(repaired[cut_at:, :, 2], raw[2][..., 2] + by[1])


class TestMistakes:
    def test_zeros_harm_where_they_are(self, small):
        found = mistakes.gaps_as_zeros(small)
        assert found is not None
        assert 0 < found["touched"] < found["all"]
        assert found["zero_touched"] > 1.5 * found["gap_touched"]
        assert mistakes.gaps_as_zeros(replace(small, values=np.nan_to_num(small.values))) is None

    def test_smoothing_pretends(self):
        noise = np.random.default_rng(0).normal(size=(600, 3))
        found = mistakes.smoothing(toy(600, 3, values=noise, starts=(400, 500, 600)))
        assert found["reported"] < 0.7 * found["honest"]
        assert found["reported"] < 0.7 * found["true"]

    def test_no_mistake_looks_at_the_test(self, small):
        spoiled = small.values.copy()
        spoiled[small.starts[1] :] = 1e3
        other = replace(small, values=spoiled)
        assert mistakes.all_of_them(other, [1], 2) == mistakes.all_of_them(small, [1], 2)


class TestResult:
    def test_equal_seeds_give_equal_results_and_are_json(self, small, result):
        again = forecast.run(seeds=1, seed=7, panels=[small], steps=5)
        for key, model in again["panels"]["chicago"]["models"].items():
            first = result["panels"]["chicago"]["models"][key]["metrics"]["mase"]["values"][0]
            assert model["metrics"]["mase"]["values"] == [first], key
        assert again["mistakes"]["chicago"]["smoothing"] == result["mistakes"]["chicago"]["smoothing"]
        json.dumps(result, allow_nan=False)

    def test_seasons_beat_the_last_value_and_only_networks_vary(self, result):
        models = result["panels"]["chicago"]["models"]
        assert models["seasonal"]["metrics"]["mase"]["mean"] < 0.5 * models["naive"]["metrics"]["mase"]["mean"]
        assert len(models["lstm"]["metrics"]["mase"]["values"]) == 2
        assert models["lstm"]["metrics"]["mase"]["std"] > 0
        assert len(models["linear"]["metrics"]["mase"]["values"]) == 1

    @pytest.mark.parametrize(
        ("second", "seasonal", "network", "expected"),
        [
            ((-0.1, -0.2, -0.05), (-0.3, -0.4, -0.2), (0.1, 0.05, 0.2), ("is clear", "No network is needed")),
            ((-0.1, -0.2, 0.05), (-0.3, -0.4, -0.2), (-0.1, -0.2, -0.05), ("call it a tie", "earns its keep")),
            ((-0.1, -0.2, 0.1), (-0.1, -0.4, 0.2), (-0.1, -0.2, 0.05), ("Nor is it clearly better", "not needed")),
        ],
    )
    def test_verdict_follows_the_numbers(self, result, second, seasonal, network, expected):
        fake = copy.deepcopy(result)
        fake["panels"]["chicago"]["verdict"] |= {
            "over_second": second, "over_seasonal": seasonal, "network_gap": network,
        }  # fmt: skip
        said = " ".join(forecast.sentences(fake))
        for words in expected:
            assert words in said
        winner = fake["panels"]["chicago"]["verdict"]["ranking"][0]
        assert f"best is {fake['panels']['chicago']['models'][winner]['name']}" in said

    def test_page_shows_the_stored_numbers_and_loads_nothing(self, result):
        html = forecast.add_to(Page(forecast.TITLE), json.loads(json.dumps(result)), alone=True).html()
        measured = result["panels"]["chicago"]["models"]["lstm"]["metrics"]["mase"]
        assert f"{measured['mean']:.3f} ± {measured['std']:.3f}" in html
        assert "Who is hurt by an error" in html
        assert not re.search(r'(src|href)="(?!#|data:)', html)
        assert "url(http" not in html

    def test_a_second_panel_is_shown(self, small, result):
        both = copy.deepcopy(result)
        both["panels"]["etth1"] = copy.deepcopy(both["panels"]["chicago"])
        both["mistakes"]["etth1"] = copy.deepcopy(both["mistakes"]["chicago"])
        html = forecast.add_to(Page(forecast.TITLE), both).html()
        assert "A second panel" in html
        assert sum("best is" in line for line in forecast.sentences(both)) == 2

    def test_command(self, result, monkeypatch, tmp_path, capsys):
        monkeypatch.setattr(forecast, "run", lambda seeds, seed, progress: result)
        command.run("forecast", 2, 7, tmp_path / "out", as_json=False)
        printed = " ".join(capsys.readouterr().out.split())
        assert "chicago: best is" in printed
        assert "groundup data fetch ett" in printed
        stored = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
        assert stored["panels"]["chicago"]["data"]["series"] == ["Quincy_Wells", "Clark_Lake", "Polk"]
        assert (tmp_path / "out" / "report.html").exists()
