"""The loan study: nothing leaks, equal seeds give equal results, and the verdict follows the numbers."""

import copy
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from groundup.applications import loans
from groundup.applications.loans import imbalance, views
from groundup.applications.preprocessing import split_rows
from groundup.report import Page


@pytest.fixture(scope="module")
def result(some_loans):
    return imbalance.run(seeds=2, seed=7, loans=some_loans)


@pytest.fixture(scope="module")
def prepared(some_loans):
    bad = (some_loans["Class"] == "bad").to_numpy().astype(int)
    return some_loans.drop(columns="Class"), bad, split_rows(bad, 11)


def test_features_are_computed_row_by_row(prepared):
    table = prepared[0]
    whole = views.features(table)
    pd.testing.assert_frame_equal(views.features(table.iloc[100:110]), whole.iloc[100:110])


def test_features_by_hand(prepared):
    row = prepared[0].iloc[[0]].copy()
    row = row.assign(funded_amnt=12000, int_rate=12.0, term="term_36", annual_inc=60000, total_bal_il=0)
    row = row.assign(sub_grade="B3", emp_length="emp_unk", total_il_high_credit_limit=0)
    found = views.features(row).iloc[0]
    payment = 12000 * 0.01 / (1 - 1.01**-36)  # 398.57 a month
    assert payment == pytest.approx(398.57, abs=0.01)
    assert found["payment_to_income"] == pytest.approx(np.log(12 * payment / 60000))
    assert found["months"] == 36
    assert found["sub_grade"] == 8  # A1 is 1, B1 is 6
    assert np.isnan(found["years_employed"])
    assert np.isnan(found["instalment_used"])
    broke = views.features(row.assign(annual_inc=0)).iloc[0]
    assert np.isnan(broke["income"])
    assert np.isnan(broke["payment_to_income"])


@pytest.mark.parametrize("view", imbalance.VIEWS)
def test_preprocessing_knows_the_training_rows_alone(prepared, view):
    table, _, rows = prepared
    spoiled = table.copy()
    others = np.concatenate([rows.validation, rows.test])
    spoiled.loc[others, "annual_inc"] = 9e9
    spoiled.loc[others, "int_rate"] = 99.0
    spoiled.loc[others, "addr_state"] = "nowhere"
    before, after = (imbalance.prepare(view, frame, rows) for frame in (table, spoiled))
    np.testing.assert_array_equal(before.train, after.train)
    assert fitted_state(before.preprocessor) == fitted_state(after.preprocessor)
    # The check has teeth: the same change in the training rows is noticed.
    spoiled = table.copy()
    spoiled.loc[rows.train[:50], ["annual_inc", "int_rate"]] = 99.0
    assert fitted_state(imbalance.prepare(view, spoiled, rows).preprocessor) != fitted_state(before.preprocessor)


def fitted_state(preprocessor) -> str:
    state = []
    if preprocessor.transformers_[0][2]:
        imputer, scaler = (step for _, step in preprocessor.named_transformers_["numbers"].steps)
        state += [imputer.statistics_.tolist(), scaler.mean_.tolist(), scaler.scale_.tolist()]
    if preprocessor.transformers_[1][2]:
        encoder = preprocessor.named_transformers_["categories"]
        state += [[values.tolist() for values in encoder.categories_]]
    return json.dumps(state)


def choices(chosen, table):
    return {
        key: (one.setting, one.threshold, one.platt.coef_.tolist(), one.scores(table.iloc[:20]).tolist())
        for key, one in chosen.items()
    }


def test_no_choice_depends_on_the_test_rows(prepared):
    table, bad, rows = prepared
    honest = choices(imbalance.choose_all(table, bad, rows, 1), table)
    spoiled = bad.copy()
    spoiled[rows.test] = 1 - spoiled[rows.test]
    shuffled = table.copy()
    shuffled.iloc[rows.test] = table.iloc[np.roll(rows.test, 1)].to_numpy()
    assert choices(imbalance.choose_all(shuffled, spoiled, rows, 1), table) == honest


def test_unseen_categories_are_scored(prepared):
    table, bad, rows = prepared
    strange = table.iloc[:3].assign(addr_state="XX", verification_status="?", sub_grade="Z9", emp_length="emp_99")
    for key in ("logistic", "logistic_raw"):
        candidate = imbalance.CANDIDATES[key]
        ready = imbalance.prepare(candidate.view, table, rows)
        chosen = imbalance.choose(candidate, ready, bad, rows, 0, candidate.settings[:1])
        assert np.isfinite(chosen.probabilities(chosen.scores(strange))).all()


def test_equal_seeds_give_equal_results(result, some_loans):
    assert imbalance.run(seeds=2, seed=7, loans=some_loans) == result
    other = imbalance.run(seeds=1, seed=8, loans=some_loans)
    assert other["models"]["network"]["metrics"] != result["models"]["network"]["metrics"]


def test_result_is_json(result):
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_majority_has_the_accuracy_that_is_stated(lending_club, result, some_loans):
    good = (lending_club["Class"] == "good").mean()
    assert good == pytest.approx(9340 / 9857)
    assert good > 0.94
    majority = result["models"]["majority"]["metrics"]
    test = result["data"]["parts"]["test"]
    assert majority["accuracy"]["mean"] == pytest.approx(1 - test["bad"] / test["rows"])
    assert majority["recall"]["mean"] == 0
    assert majority["precision"]["mean"] is None
    assert majority["average_precision"]["mean"] == pytest.approx(test["bad"] / test["rows"])


def test_naive_network_is_accurate_and_finds_next_to_nothing(result):
    naive = result["naive"]["network_plain"]
    assert naive["accuracy"]["mean"] > 0.93
    assert naive["recall"]["mean"] < 0.05
    assert result["models"]["network"]["metrics"]["recall"]["mean"] > 0.3


def test_weights_break_calibration_and_platt_repairs_it(result):
    measured = result["models"]["network"]["metrics"]
    assert measured["raw_ece"]["mean"] > 5 * measured["ece"]["mean"]


def fabricated(result, **precision):
    """The results with other average precisions, three seeds each."""
    result = copy.deepcopy(result) | {"seeds": 3}
    for key, values in precision.items():
        mean, std = float(np.mean(values)), float(np.std(values, ddof=1))
        new = {"mean": mean, "std": std, "values": values, "defined": 3}
        result["models"][key]["metrics"]["average_precision"] = new
    return result


LOW, MIDDLE, HIGH = [0.10, 0.11, 0.12], [0.20, 0.21, 0.23], [0.30, 0.32, 0.32]


@pytest.mark.parametrize("winner", ["logistic", "boosting", "network"])
def test_verdict_follows_the_numbers(result, winner):
    others = [key for key in ("logistic", "boosting", "network") if key != winner]
    fake = fabricated(result, rate=LOW, **{winner: HIGH, others[0]: MIDDLE, others[1]: LOW})
    said = " ".join(loans.sentences(fake))
    assert said.startswith(f"Best at ranking the loans: {fake['models'][winner]['name']}")
    assert f"lead over {fake['models'][others[0]]['name']}" in said
    assert "is clear" in said
    assert "clearly better than the interest rate alone" in said
    assert ("neural network does not come first" in said) == (winner != "network")


def test_verdict_calls_a_tie_a_tie(result):
    fake = fabricated(
        result, network=[0.30, 0.20, 0.31], logistic=[0.28, 0.24, 0.26], boosting=LOW, rate=[0.30, 0.35, 0.31]
    )
    said = " ".join(loans.sentences(fake))
    assert "call it a tie" in said
    assert "2 of 3 splits won" in said
    assert "not clearly better than the interest rate alone" in said


def test_verdict_of_one_split_does_not_judge(result):
    fake = copy.deepcopy(result) | {"seeds": 1}
    for model in fake["models"].values():
        model["metrics"]["average_precision"]["values"] = model["metrics"]["average_precision"]["values"][:1]
    assert "one split can't tell" in " ".join(loans.sentences(fake))


def test_page_shows_the_stored_numbers_and_loads_nothing(result):
    html = loans.add_to(Page(loans.TITLE), json.loads(json.dumps(result))).html()
    measured = result["models"]["boosting"]["metrics"]["roc_auc"]
    assert f"{measured['mean']:.3f} ± {measured['std']:.3f}" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)
    assert "url(http" not in html
    assert html.count("<svg") == html.count("aria-label=", html.index("<main>")) - html.count('role="region"')


def groundup(*arguments, folder):
    command = [sys.executable, "-m", "groundup.cli", "apply", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_command_writes_results_and_page(tmp_path):
    done = groundup("loans", "--seeds", "1", "--seed", "3", "--json", "--folder", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert (printed["seeds"], printed["seed"]) == (1, 3)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    accuracy = printed["models"]["majority"]["metrics"]["accuracy"]["mean"]
    assert f"{accuracy:.1%}" in page
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["model", "report.html", "results.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["loanz"], "Did you mean loans"), (["loans", "--seeds", "0"], "--seeds is 0"), (["loans", "--seed", "-1"], "-1")],
)
def test_wrong_usage_is_answered_in_a_sentence(tmp_path, arguments, message):
    done = groundup(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_command_alone_lists_the_studies_without_torch(tmp_path):
    done = groundup(folder=tmp_path)
    assert done.returncode == 0
    assert "loans" in done.stdout
    code = "import sys, groundup.applications.command; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
