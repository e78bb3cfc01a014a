"""The second part of the loan study: nothing leaks, gaps keep their meaning, costs and groups by hand."""

import copy
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from groundup import data
from groundup.applications import loans
from groundup.applications.intervals import bootstrap
from groundup.applications.loans import (
    applicants,
    contest,
    costs,
    full,
    full_report,
    full_words,
    gaps,
    groups,
    leakage,
    learners,
    planted,
    pooled,
    probabilities,
)
from groundup.report import Page


@pytest.fixture(scope="module")
def table():
    return data.load("loans_full_schema")


@pytest.fixture(scope="module")
def some(table):
    """A fifth of the loans, all of those that are behind among them: enough events for a quick trial."""
    behind = ~table["loan_status"].isin(applicants.ON_TIME)
    return table[behind | (np.arange(len(table)) % 6 == 0)].reset_index(drop=True)


@pytest.fixture(scope="module")
def result(some):
    patch = pytest.MonkeyPatch()
    patch.setattr(pooled, "RESAMPLES", 100)
    patch.setattr(learners, "SETTINGS", {kind: settings[:1] for kind, settings in learners.SETTINGS.items()})
    yield full.run(seeds=2, seed=4, table=some)
    patch.undo()


def test_the_two_targets_are_what_is_said(table):
    found = applicants.read(table)
    assert found.behind.sum() == 178 == 67 + 66 + 38 + 7  # grace, late, later, charged off
    assert found.dear.sum() == 1446 + 335 + 58 + 12  # D, E, F, G
    assert set(table.columns) >= {*applicants.LENDER, *applicants.AFTERWARDS, *applicants.LEFT_OUT}


def test_five_rounds_test_every_loan_once_and_parts_share_none(some):
    found = applicants.read(some)
    dealt = applicants.rounds(found, 5, 3)
    assert sorted(np.concatenate([rows.test for rows in dealt])) == list(range(len(some)))
    for rows in dealt:
        assert len(set(rows.train) | set(rows.validation) | set(rows.test)) == len(some)
        assert len(rows.train) + len(rows.validation) + len(rows.test) == len(some)
        assert found.behind[rows.test].mean() == pytest.approx(found.behind.mean(), abs=0.01)
    again = applicants.rounds(found, 6, 3)
    np.testing.assert_array_equal(again[0].test, dealt[0].test)
    assert set(again[5].test) not in [set(rows.test) for rows in dealt]  # dealt anew


def test_nothing_that_was_known_later_is_among_the_features(some):
    spoiled = some.assign(
        **{name: some[name].sample(frac=1, random_state=0).to_numpy() for name in applicants.AFTERWARDS},
        loan_status="Charged Off",
        grade="G",
        sub_grade="G5",
        interest_rate=30.0,
        installment=1.0,
        issue_month="Mar-2018",
    )
    for view in (applicants.as_given, applicants.with_meaning, applicants.own_income_only, gaps.without_gaps):
        pd.testing.assert_frame_equal(view(spoiled), view(some))
        pd.testing.assert_frame_equal(view(some).iloc[50:60], view(some.iloc[50:60]))  # row by row
    honest, leaky = (leakage.columns(some, which) for which in ("lender", "afterwards"))
    assert set(leaky) - set(honest) == set(applicants.AFTERWARDS)
    assert (leakage.on_the_day(some)["balance"] == some["loan_amount"]).all()
    assert (leakage.on_the_day(some)["paid_interest"] == 0).all()


def test_each_gap_is_said_for_what_it_is(some):
    row = some.iloc[[0]].assign(
        application_type="joint",
        annual_income=20_000.0,
        annual_income_joint=80_000.0,
        debt_to_income=50.0,
        debt_to_income_joint=10.0,
        verified_income="Verified",
        verification_income_joint="Not Verified",
        months_since_last_delinq=np.nan,
        months_since_90d_late=12.0,
        emp_length=np.nan,
    )
    joint = applicants.with_meaning(row).iloc[0]
    assert joint["annual_income"] == pytest.approx(np.log1p(80_000))
    assert joint["debt_to_income"] == pytest.approx(np.log1p(10))
    assert joint["verified_income"] == "Not Verified"
    assert joint["own_share"] == pytest.approx(0.25)
    assert (joint["months_since_last_delinq"], joint["months_since_90d_late"]) == (0, 0.5)  # never; a year ago
    assert (joint["employed"], joint["emp_length"]) == (0, 0)
    alone = applicants.with_meaning(row.assign(application_type="individual")).iloc[0]
    assert alone["annual_income"] == pytest.approx(np.log1p(20_000))
    own = applicants.own_income_only(row).iloc[0]
    assert own["debt_to_income"] == pytest.approx(np.log1p(50))
    assert not applicants.with_meaning(some).isna().to_numpy().any()


@pytest.mark.parametrize("filling", ["mean", "indicator", "nothing"])
def test_what_fills_the_gaps_is_learned_from_the_training_rows_alone(some, filling):
    features = applicants.as_given(some)
    rows = applicants.rounds(applicants.read(some), 1, 0)[0]
    spoiled = features.copy()
    spoiled.loc[np.concatenate([rows.validation, rows.test]), ["emp_length", "annual_income"]] = 1e6
    before, after = (learners.prepare(one, rows, filling) for one in (features, spoiled))
    np.testing.assert_array_equal(before.train, after.train)
    assert np.isnan(before.train).any() == (filling == "nothing")
    spoiled.loc[rows.train[:20], "annual_income"] = 1e6
    assert not np.array_equal(learners.prepare(spoiled, rows, filling).train, before.train, equal_nan=True)


@given(st.integers(0, 10_000))
def test_areas_are_those_of_scikit_learn_also_with_ties_and_weights(seed):
    rng = np.random.default_rng(seed)
    events = np.concatenate([[0, 1], rng.integers(2, size=30)])
    scores = rng.integers(6, size=32).astype(float)
    weights = rng.integers(1, 4, size=(3, 32)).astype(float)
    expected = [roc_auc_score(events, scores, sample_weight=one) for one in weights]
    np.testing.assert_allclose(pooled.areas(events, scores, weights), expected)


def test_the_draws_are_those_of_the_bootstrap(monkeypatch):
    monkeypatch.setattr(pooled, "RESAMPLES", 60)
    rng = np.random.default_rng(1)
    pool = pooled.Pool(np.arange(80), np.repeat([0, 1], 40))
    labels, scores = rng.integers(2, size=80), rng.random(80)
    found = pool.auc(labels, [scores[:40], scores[40:]])
    expected = bootstrap(
        lambda y, s, r: float(np.mean([roc_auc_score(y[r == n], s[r == n]) for n in (0, 1)])),
        labels, scores, pool.round, resamples=60,
    )  # fmt: skip
    assert (found["value"], found["low"], found["high"]) == pytest.approx(tuple(expected))
    assert pool.gain(labels, [scores[:40], scores[40:]], [scores[:40], scores[40:]])["high"] == 0
    mean = pool.mean(scores)
    assert (mean["low"], mean["high"]) == pytest.approx(tuple(bootstrap(np.mean, scores, resamples=60))[1:])


def test_a_loan_tested_twice_is_drawn_whole(monkeypatch):
    monkeypatch.setattr(pooled, "RESAMPLES", 20)
    pool = pooled.Pool(np.tile(np.arange(10), 2), np.repeat([0, 1], 10))
    np.testing.assert_array_equal(pool.weights[:, :10], pool.weights[:, 10:])


def test_planted_gaps_are_of_their_kind_and_regression_repairs_what_can_be_repaired(some):
    features = applicants.with_meaning(some)
    values, other = features[planted.COLUMN], features[planted.GIVEN]
    for kind in ("mcar", "mar", "mnar"):
        _, mask = planted.plant(features, kind, np.random.default_rng(0))
        assert mask.mean() == pytest.approx(planted.RATE, abs=0.04)
        gap = values[mask].mean() - values[~mask].mean()
        income = other[mask].mean() - other[~mask].mean()
        assert (gap > 0.3 * values.std()) == (kind == "mnar") or kind == "mar"
        assert (income > 0.8 * other.std()) == (kind == "mar")
    found = applicants.read(some)
    dealt = applicants.rounds(found, 2, 0)
    bias = {(r["kind"], r["repair"]): abs(r["bias"]["mean"]) for r in planted.score(found, dealt, [0, 1])["rows"]}
    assert bias["mcar", "mean"] < 0.05
    assert bias["mar", "regression"] < 0.05 < bias["mar", "mean"]
    assert bias["mnar", "mean"] > 0.2
    assert bias["mnar", "regression"] > bias["mar", "regression"]


def test_costs_by_hand():
    behind, refused = np.array([0, 0, 1, 1]), np.array([True, False, True, False])
    refuse, miss = np.array([100.0, 200, 300, 400]), np.array([1000.0, 2000, 3000, 4000])
    np.testing.assert_array_equal(costs.cost(refused, behind, refuse, miss), [100, 0, 0, 4000])
    one = pd.DataFrame({"paid_interest": [50.0], "loan_amount": [1000], "paid_principal": [200.0]})
    assert [float(x[0]) for x in costs.money(one, lost=0.5)] == [50, 350]
    assert costs.closed_form(1, 9) == 0.1


@given(st.integers(0, 10_000))
def test_no_threshold_is_cheaper_than_the_cheapest(seed):
    rng = np.random.default_rng(seed)
    chance, behind = rng.integers(8, size=25) / 8, rng.integers(2, size=25)
    refuse, miss = rng.random(25), 5 * rng.random(25)

    def total(limit):
        return costs.cost(chance >= limit, behind, refuse, miss).sum()

    best = total(costs.cheapest(chance, behind, refuse, miss))
    assert best <= min(total(limit) for limit in [*chance, np.inf]) + 1e-9


def test_the_closed_form_is_the_cheapest_where_probabilities_are_honest():
    rng = np.random.default_rng(0)
    chance = rng.random(200_000) * 0.3
    behind = (rng.random(200_000) < chance).astype(int)
    refuse, miss = np.full(200_000, 1.0), np.full(200_000, 9.0)
    assert costs.cheapest(chance, behind, refuse, miss) == pytest.approx(costs.closed_form(1, 9), abs=0.01)
    # class weights: the same order, other probabilities, and the closed form refuses nearly everyone
    odds = 20 * chance / (1 - chance)
    assert (
        costs.cost(odds / (1 + odds) >= 0.1, behind, refuse, miss).sum()
        > 1.2 * costs.cost(chance >= 0.1, behind, refuse, miss).sum()
    )


def test_the_prior_correction_takes_weights_out_again():
    logits = np.array([-3.0, 0.0, 2.0])
    share = 0.05
    weighted = logits + np.log((1 - share) / share)  # what balanced weights do to all odds
    np.testing.assert_allclose(probabilities.correct_prior(weighted, share), logits)


def test_measures_of_a_group_by_hand():
    flagged, labels = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 1, 0, 0])
    found = groups.measures(groups.sums(flagged, labels, np.full(5, 0.3)).sum(axis=0))
    assert {name: round(float(value), 9) for name, value in found.items()} == {
        "event": 0.4, "selected": 0.6, "found": 0.5, "wrongly": round(2 / 3, 9),
        "precision": round(1 / 3, 9), "gap": 0.1,
    }  # fmt: skip
    assert groups.implied(0.4, 1 / 3, 0.5) == pytest.approx(2 / 3)  # Chouldechova's identity


def test_groups_differ_where_they_do_and_not_where_they_do_not(monkeypatch):
    monkeypatch.setattr(pooled, "RESAMPLES", 300)
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "few"], p=[0.5, 0.49, 0.01], size=4000)
    labels = (rng.random(4000) < 0.2).astype(int)
    flagged = rng.random(4000) < np.where(group == "a", 0.2, 0.1)
    pool = pooled.Pool(np.arange(4000), np.zeros(4000, int))
    rows = {row["group"]: row for row in groups.describe(pool, group, labels, flagged, np.full(4000, 0.2))}
    assert groups.judged(rows["a"], "wrongly")
    assert groups.judged(rows["a"], "found")
    assert not groups.judged(rows["b"], "gap")
    assert not groups.judged(rows["few"], "found")  # a handful of events: nothing is claimed
    expected = bootstrap(lambda f: float(f.mean()), flagged[group == "a"], resamples=300)
    assert rows["a"]["selected"]["low"] == pytest.approx(expected.low, abs=0.01)


def test_every_state_has_a_region_and_small_ones_are_put_together(table):
    found = groups.groupings(table)["state"]
    sizes = pd.Series(found).value_counts()
    assert sizes.min() >= groups.LARGE
    assert "other states" not in sizes.index
    assert sum(map(len, (states.split() for states in groups.REGIONS.values()))) == 51  # with the District of Columbia


def test_no_choice_depends_on_the_test_rows(some, monkeypatch):
    monkeypatch.setattr(contest, "NAMES", {"logistic": "", "boosting": ""})
    found = applicants.read(some)
    dealt = applicants.rounds(found, 1, 0)
    test = dealt[0].test
    behind = found.behind.copy()
    behind[test] = 1 - behind[test]
    spoiled = applicants.Applicants(
        some.assign(paid_interest=some["paid_interest"].mask(np.isin(np.arange(len(some)), test), 0)),
        behind,
        found.dear,
    )
    plays = [contest.play(one, dealt, [0], "behind", lambda text: None)[0] for one in (found, spoiled)]
    assert plays[0].best == plays[1].best
    np.testing.assert_array_equal(plays[0].chance, plays[1].chance)
    (one, means), (other, other_means) = (costs.thresholds(p, a) for p, a in zip(plays, (found, spoiled)))
    assert means == other_means
    assert all(np.array_equal(one[rule], other[rule]) for rule in costs.RULES)


def test_results_are_json_and_the_page_is_made_from_them(result, some):
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    assert stored["data"]["behind"] == 178
    assert full_words.summary(stored).row_count == 4
    assert stored["over_time"]["train"] + stored["over_time"]["test"] == len(some)
    html = full_report.add_to(Page(loans.TITLE), stored).html()
    for one in stored["contest"]["dear"]["auc"].values():
        assert f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" in html
    assert not re.search(r"nan|None|\*[a-z]", re.sub(r"<style.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL))


def test_the_facts_that_the_study_is_about_come_out(result):
    auc = {(one["learner"], one["set"]): one["auc"]["value"] for one in result["leakage"]["rows"]}
    assert auc["logistic", "afterwards"] > auc["logistic", "application"] + 0.05
    assert auc["logistic", "delivered"] < auc["logistic", "afterwards"] - 0.05
    rules = {one["rule"]: one for one in result["costs"]["application"]["rules"]}
    assert (rules["all"]["refused"], rules["all"]["against_all"]["value"], rules["none"]["refused"]) == (0, 0, 1)
    assert rules["half"]["refused"] < 0.3 * rules["balanced"]["refused"]
    ece = {
        one["way"]: one["ece"]["mean"]
        for one in result["probabilities"]["dear"]["rows"]
        if one["learner"] == "logistic"
    }
    assert ece["weights"] > 3 * max(ece["prior"], ece["platt"])
    assert result["proxies"]["behind"]["told"]["has a mortgage"]["mean"] > 0.8
    for row in result["groups"]["dear"]["groups"]["homeownership"]:
        four = (row[name]["value"] for name in ("event", "precision", "found"))
        assert groups.implied(*four) == pytest.approx(row["wrongly"]["value"])


def test_sentences_follow_the_numbers(result):
    fake = copy.deepcopy(result)
    one = fake["contest"]["behind"]
    one |= {"ranking": ["boosting", "logistic", "network"], "tie": True}
    one["over_rate"] = {"value": -0.1, "low": -0.2, "high": -0.05}
    said = " ".join(full_words.sentences(fake))
    assert "call it a tie between gradient boosting" in said
    assert "worse than the lender's interest rate alone" in said
    one["over_rate"] = {"value": -0.1, "low": -0.2, "high": 0.05}
    assert "More has the lender's interest rate alone" in " ".join(full_words.sentences(fake))
    one |= {"tie": False, "over_rate": {"value": 0.1, "low": 0.05, "high": 0.2}}
    said = " ".join(full_words.sentences(fake))
    assert "is ahead of logistic regression" in said
    assert "better than the lender's interest rate alone" in said
    for side in fake["costs"].values():
        for rule in side["rules"]:
            rule["against_all"] = {"value": -5.0, "low": -9.0, "high": -1.0}
    assert "What saves money" in " ".join(full_words.sentences(fake))


def test_wrong_seeds_are_refused():
    with pytest.raises(ValueError, match="seeds=0"):
        full.run(seeds=0)
