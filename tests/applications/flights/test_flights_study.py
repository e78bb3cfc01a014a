"""The flight study: the test split has no part in any choice, and words and page follow the numbers."""

import copy
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from groundup.applications import command
from groundup.applications import flights as study_module
from groundup.applications.flights import study
from groundup.applications.flights.knowledge import parts
from groundup.report import Page


def test_result_is_json(result):
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_more_seeds_only_add(result, tables):
    once = study.run(seeds=1, seed=7, tables=tables)
    assert once["trials"] == result["trials"]
    assert once["data"] == result["data"]
    for key, model in once["models"].items():
        for name, found in model["metrics"].items():
            assert found["values"][0] == result["models"][key]["metrics"][name]["values"][0], (key, name)
    network = result["models"]["network"]["metrics"]["average_precision"]["values"]
    assert network[0] != network[1]


def test_no_choice_depends_on_the_test_rows(flights, monkeypatch):
    monkeypatch.setattr(study, "SETTINGS", {kind: settings[:1] for kind, settings in study.SETTINGS.items()})
    rows = parts(flights.month)
    event, known = flights.event.copy(), flights.known.copy()
    event[rows.test] = 1 - event[rows.test]
    known.iloc[rows.test] = flights.known.iloc[np.roll(rows.test, 1)].to_numpy()
    spoiled = replace(flights, event=event, known=known.astype(flights.known.dtypes))
    honest = study.choose(flights, rows, 1, lambda line: None)
    assert study.choose(spoiled, rows, 1, lambda line: None) == honest
    # Nor does a fit: its scores are those of the same model.
    learner = replace(honest[0]["logistic"], encoding="out-of-fold")
    asked = flights.known.iloc[rows.test[:50]]
    before, after = (study.fit(learner, one, rows, 1).decision_function(asked) for one in (flights, spoiled))
    np.testing.assert_array_equal(before, after)
    # The check has teeth: validation does decide.
    event[rows.validation] = 1 - event[rows.validation]
    assert study.choose(replace(flights, event=event), rows, 1, lambda line: None) != honest


def test_leaks_promise_what_they_do_not_deliver(result):
    leak, honest = result["mistakes"]["departure_delay"], result["mistakes"]["honest"]
    assert leak["promised_roc_auc"]["mean"] > honest["promised_roc_auc"]["mean"] + 0.1
    assert leak["delivered_roc_auc"]["mean"] < 0.65
    assert leak["expected_share"]["mean"] > 0.9  # a missing delay had meant cancelled
    assert honest["delivered_roc_auc"]["mean"] > leak["delivered_roc_auc"]["mean"]
    blind = result["mistakes"]["called_punctual"]
    assert blind["promised_share"]["mean"] < honest["promised_share"]["mean"]


def test_a_rows_own_outcome_in_its_encoding_flatters_training_and_harms_the_rest(result):
    models = result["models"]
    for kind in ("logistic", "boosting"):
        wrong, right = (
            next(m["metrics"] for m in models.values() if (m["kind"], m["encoding"]) == (kind, how))
            for how in ("plain", "out-of-fold")
        )
        assert wrong["training_precision"]["mean"] > right["training_precision"]["mean"]
        assert wrong["validation_precision"]["mean"] < right["validation_precision"]["mean"]


def test_facts(result, tables):
    facts = result["data"]
    assert facts["rows"] == len(tables.flights)
    assert facts["dropped"] == 0
    assert facts["event"] == facts["late"] + facts["cancelled"] + facts["diverted"]
    assert facts["no_tail"] == facts["no_tail_cancelled"]
    assert facts["naive_block_too_short"] > 0.3 > 0.02 > facts["block_too_short"]
    assert facts["impossible_wind"] == 1


def test_nobody_knows_nothing(result):
    nobody = result["models"]["nobody"]["metrics"]
    assert nobody["roc_auc"]["mean"] == 0.5
    assert nobody["average_precision"]["mean"] == pytest.approx(result["data"]["parts"]["test"]["event"])


def fabricated(result, winner, over_second, over_board=(0.1, 0.05, 0.15)):
    """The results with another ranking and other intervals."""
    result = copy.deepcopy(result)
    others = [key for key in study.NAMES if key != winner]
    result["verdict"]["ranking"] = [winner, *others]
    for name, values in (("over_second", over_second), ("over_board", over_board)):
        result["verdict"][name] = dict(zip(("value", "low", "high"), values))
    return result


@pytest.mark.parametrize("winner", study.NAMES)
def test_verdict_follows_the_numbers(result, winner):
    clear = " ".join(study_module.sentences(fabricated(result, winner, (0.02, 0.01, 0.03))))
    assert clear.startswith("Best at ranking the flights of November and December: ")
    assert clear.partition(":")[2].split(",")[0].endswith(study.NAMES[winner])
    assert "is clear on these days: +0.020 [+0.010, +0.030]" in clear
    assert ("neural network comes" in clear) == (winner != "network")
    assert "not clearly better" not in clear
    tie = " ".join(study_module.sentences(fabricated(result, winner, (0.02, -0.01, 0.03), (0.1, -0.1, 0.2))))
    assert "call it a tie" in tie
    assert "not clearly better than the departure board" in tie


def test_page_shows_the_stored_numbers_and_loads_nothing(result):
    page = study_module.add_to(Page(study_module.TITLE), json.loads(json.dumps(result)), alone=True)
    html = page.html()
    for key in study.NAMES:
        assert f"{result['models'][key]['metrics']['average_precision']['mean']:.3f}" in html
    assert f"{result['mistakes']['departure_delay']['promised_roc_auc']['mean']:.3f}" in html
    assert "Who is hurt by an error" in html
    assert not re.search(r'(src|href)="(?!#|data:)', html)
    assert "None" not in html
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)
    assert study_module.add_to(Page("Case studies"), result).html().count("<h2") == 2  # the study, and its card


def test_command_writes_results_and_page(result, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(study_module, "run", lambda seeds, seed, progress: result | {"seeds": seeds, "seed": seed})
    command.run("flights", 3, 4, tmp_path / "out", as_json=False)
    printed = capsys.readouterr().out
    assert "gradient boosting" in printed
    assert "Best at ranking the flights" in printed
    stored = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert (stored["seeds"], stored["seed"]) == (3, 4)
    assert "Which flights come late" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_seeds_are_asked_for(tables):
    with pytest.raises(ValueError, match="seeds=0"):
        study.run(seeds=0, tables=tables)
