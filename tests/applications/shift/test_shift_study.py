"""The shift study as a whole: flights learn nothing from later months, words and page follow the numbers."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from groundup.applications import command, shift
from groundup.applications.flights.knowledge import prepare
from groundup.applications.flights.learners import Learner
from groundup.applications.shift import contest, month_drift, months, study, words
from groundup.applications.shift.corruptions import PIXELS, PLACES
from groundup.report import Page

LEARNER = Learner("boosting", "none", {"learning_rate": 0.2, "max_iter": 10, "max_leaf_nodes": 4})


@pytest.fixture(scope="module")
def flights(tables):
    return prepare(tables)


def _predict(flights):
    calendar = months.Calendar(flights)
    old = calendar.fit(LEARNER, calendar.rows(range(1, 5)))
    rows = calendar.rows(months.LATER)
    return months.predict(calendar, LEARNER, old, lambda text: None), flights.month[rows]


def test_no_prediction_knows_its_own_month_or_a_later_one(flights):
    event = flights.event.copy()
    event[flights.month >= 9] = 1 - event[flights.month >= 9]
    honest, month = _predict(flights)
    spoilt, _ = _predict(replace(flights, event=event))
    assert set(honest) == set(months.WAYS)
    for way in months.WAYS:
        np.testing.assert_array_equal(honest[way][month <= 9], spoilt[way][month <= 9], err_msg=way)
    for way in ("monthly", "window", "all", "fresh"):  # the check has teeth: they do learn from months that are over
        assert not np.allclose(honest[way][month > 9], spoilt[way][month > 9])
    for way in ("constant", "old", "temperature", "repaired"):
        np.testing.assert_array_equal(honest[way], spoilt[way])


def test_the_choice_knows_january_to_may_alone(flights, monkeypatch):
    monkeypatch.setattr(months, "SETTINGS", {kind: settings[:2] for kind, settings in months.SETTINGS.items()})
    event = flights.event.copy()
    event[flights.month >= 6] = 1 - event[flights.month >= 6]
    honest = months.choose(months.Calendar(flights))
    assert months.choose(months.Calendar(replace(flights, event=event))) == honest
    event[flights.month == 5] = 1 - event[flights.month == 5]
    assert months.choose(months.Calendar(replace(flights, event=event)))[1] != honest[1]


def test_platt_moves_the_level_and_a_temperature_can_not():
    rng = np.random.default_rng(0)
    z = rng.normal(-1, 1.5, 20_000)
    events = (rng.random(len(z)) < 1 / (1 + np.exp(-(z - 1)))).astype(int)  # fewer events than the scores expect
    assert months.platt(z, events)(z).mean() == pytest.approx(events.mean(), abs=1e-3)
    heat = months.two_class_temperature(z, events)
    np.testing.assert_array_equal(z / heat > 0, z > 0)  # the level of one half stays where it is
    assert abs(months.sigmoid(z / heat).mean() - events.mean()) > 0.01


def test_days_are_told_apart_only_when_something_moved(flights):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=len(flights.day)), flights.day.astype(float)])
    odd = flights.day % 2 == 1
    assert month_drift.tell_apart(x[:, :1], flights.day, odd, ~odd, rng) == pytest.approx(0.5, abs=0.05)
    # The number of the day says nothing about other days: who asked about the same days would find an area of 1.
    assert month_drift.tell_apart(x, flights.day, odd, ~odd, rng) < 0.7
    late = flights.month > 6
    assert month_drift.tell_apart(x, flights.day, ~late, late, rng) > 0.95


def test_results_are_json_and_the_page_is_made_from_them(result):
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    html = shift.add_to(Page(shift.TITLE, shift.QUESTION), stored, alone=True).html()
    digits = stored["sets"]["digits"]
    for name in ("plain", "copies", "pixels", "logistic"):
        assert f"{digits['overall'][name]['corrupted']['accuracy']['mean']:.1%}" in html
    for heading in ("Does it know?", "Would anybody notice?", "Keeping a model alive", "Model card"):
        assert heading in html
    assert "On a larger data set" not in html  # without MNIST
    assert shift.summary(stored).row_count == len(stored["names"])
    larger = copy.deepcopy(stored)
    larger["sets"]["mnist"] = digits  # where MNIST is at hand
    assert "On a larger data set" in shift.add_to(Page("", ""), larger, alone=True).html()
    inside = shift.add_to(Page("All", ""), stored).html()
    assert shift.TITLE in inside


def test_equal_seeds_give_equal_results_and_other_seeds_others(result, small, tables, monkeypatch):
    monkeypatch.setattr(study.detection, "measure", lambda *rest: result["drift"])  # once is enough of these
    monkeypatch.setattr(study.transfer, "measure", lambda *rest: result["transfer"]["moves"]["classes"])
    again = shift.run(seeds=1, seed=3, tables=tables, sizes=(300, 150))
    digits, first = again["sets"]["digits"], result["sets"]["digits"]
    assert digits["trials"] == first["trials"]
    values = first["overall"]["plain"]["corrupted"]["accuracy"]["values"]
    assert digits["overall"]["plain"]["corrupted"]["accuracy"]["values"] == values[:1]
    assert values[0] != values[1]
    assert again["months"]["months"] == result["months"]["months"]
    split = result["months"]["random_split"]["promised"]["roc_auc"]["values"]
    assert again["months"]["random_split"]["promised"]["roc_auc"]["values"] == split[:1]
    assert split[0] != split[1]
    assert shift.sentences(again)  # of one seed there is no spread to tell


def test_conditions_and_overall_agree(result):
    digits = result["sets"]["digits"]
    for name in result["names"]:
        over = np.mean([words.defined(words.at_severity(digits, name, s, "accuracy")) for s in digits["severities"]])
        assert over == pytest.approx(digits["overall"][name]["corrupted"]["accuracy"]["mean"])
    gap = digits["against_plain"]["pixels"]["corrupted"]["accuracy"]
    means = [digits["overall"][name]["corrupted"]["accuracy"]["mean"] for name in ("pixels", "plain")]
    assert gap[0] == pytest.approx(means[0] - means[1])
    assert gap[1] <= gap[0] <= gap[2]
    assert digits["against_plain"]["temperature"]["corrupted"]["accuracy"] == [0, 0, 0]
    assert result["not_to_be_had"] not in digits["ranking"]


def test_gains_of_training_count_each_corruption_once_as_shown_and_once_as_new(result):
    digits = result["sets"]["digits"]

    def gain(name, of, severities):
        rows = [row for row in digits["conditions"] if row["corruption"] in of and row["severity"] in severities]
        means = [[row["models"][one]["accuracy"]["mean"] for row in rows] for one in (name, "plain")]
        return np.mean(means[0]) - np.mean(means[1])

    for kind, severities in (("mild", (1, 3)), ("severe", (5,))):
        shown = [gain("pixels", PIXELS, severities), gain("places", PLACES, severities)]
        new = [gain("pixels", PLACES, severities), gain("places", PIXELS, severities)]
        assert digits["shown"][kind]["shown"][0] == pytest.approx(np.mean(shown))
        assert digits["shown"][kind]["not shown"][0] == pytest.approx(np.mean(new))


def test_a_lead_is_clear_when_it_holds_for_images_and_for_seeds():
    rng = np.random.default_rng(0)
    second = rng.random((5, 2, 300)) < 0.7  # (seeds, conditions, images)
    better = second | (rng.random(second.shape) < 0.3)
    assert contest._clear(better, second, [0, 1])
    assert not contest._clear(second, better, [0, 1])
    one_seed = second.copy()
    one_seed[0] = True  # the mean is better for all images, and it is the work of a single seed
    assert contest._difference(one_seed, second, [0, 1])[1] > 0
    assert not contest._clear(one_seed, second, [0, 1])


def test_words_follow_the_numbers(result):
    changed = copy.deepcopy(result)
    digits = changed["sets"]["digits"]
    digits["ranking"] = ["logistic", "plain"]
    digits["lead_clear"] = False
    digits["against_plain"]["temperature"]["corrupted"]["nll"] = [0.3, 0.2, 0.4]
    digits["against_plain"]["copies"]["corrupted"]["accuracy"] = [-0.2, -0.3, -0.1]
    digits["against_plain"]["statistics"]["corrupted"]["accuracy"] = [0.2, -0.3, 0.5]
    changed["months"]["ranking"] = ["old", *(way for way in months.WAYS if way != "old")]
    changed["transfer"]["moves"]["classes"]["against_scratch"]["tuned"] = [
        {"interval": [-0.1, -0.2, -0.05], "seeds": {"mean": -0.1}, "clear": True} for _ in (1, 5)
    ]
    said = " ".join(shift.sentences(changed))
    assert "First on all corrupted images: logistic regression" in said
    assert "call it a tie with: network, shown clean images only" in said
    assert "it makes things worse: +0.300 [+0.200, +0.400] nats" in said
    assert "copies of each image: does harm, -20.0 points [-30.0, -10.0]" in said
    assert "means and variances: no clear difference" in said
    assert "The least log loss has: the model of January to April, as it is." in said
    assert "with no number of them, and clearly worse with 1, 5" in said
    digits["lead_clear"] = True
    assert "clearly ahead of network, shown clean images only" in " ".join(shift.sentences(changed))


@pytest.mark.parametrize(
    ("interval", "more", "expected"),
    [
        ([0.1, 0.0, 0.2], True, "no clear difference"),
        ([0.1, 0.05, 0.2], True, "helps"),
        ([0.1, 0.05, 0.2], False, "does harm"),
        ([-0.1, -0.2, -0.05], False, "helps"),
    ],
)
def test_a_difference_is_judged_by_its_interval(interval, more, expected):
    assert words.judged(interval, more_is_better=more) == expected


def test_the_command_writes_page_and_numbers(result, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(shift, "run", lambda **settings: result)
    command.run("shift", 2, 3, tmp_path / "run", False)
    assert json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8")) == result
    assert (tmp_path / "run" / "report.html").stat().st_size > 100_000
    assert "at severity 5 its mean confidence is" in capsys.readouterr().out.replace("\n", " ")


def test_no_seed_is_refused():
    with pytest.raises(ValueError, match="expected at least 1"):
        shift.run(seeds=0)
