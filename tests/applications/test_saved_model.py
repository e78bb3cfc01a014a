"""A model that was saved answers as the one that was trained, and says what it can't answer; typed as users type it."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from skops import io as skops

from groundup.applications import loans
from groundup.applications.saved_model import SavedModel
from groundup.errors import GroundupError, UsageError


@pytest.fixture(scope="module")
def models(some_loans):
    """A saved model of each kind, by what it is."""
    result = {"seed": 3, "card": {}, "models": {}}
    found = {}
    for wanted in ("logistic", "boosting", "network"):
        result["models"] = {
            key: {"validation": {"mean": float(key == wanted)}} for key in ("logistic", "boosting", "network")
        }
        found[wanted] = loans.final_model(result, some_loans)
    return found


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    return models["logistic"].save(tmp_path_factory.mktemp("loans") / "model")


@pytest.fixture
def new_rows(some_loans):
    return some_loans.drop(columns="Class").iloc[:40]


def predict(*arguments):
    command = [sys.executable, "-m", "groundup.cli", "predict", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("kind", ["logistic", "boosting", "network"])
def test_a_saved_model_answers_as_the_trained_one(models, kind, new_rows, tmp_path):
    before = models[kind]
    after = SavedModel.load(before.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(after.predict(new_rows), before.predict(new_rows), check_exact=True)
    assert before.predict(new_rows)["probability"].nunique() > 10
    plain = ("preprocessor", "model")
    assert all(
        getattr(after, f.name) == getattr(before, f.name) for f in dataclasses.fields(before) if f.name not in plain
    )


def test_a_table_of_texts_gives_the_same_scores_in_any_order_of_columns(models, new_rows):
    model = models["logistic"]
    texts = new_rows[sorted(new_rows.columns)].astype(object).map(str)
    frame, remarks = model.read(texts)
    assert remarks == []
    pd.testing.assert_frame_equal(model.predict(frame), model.predict(new_rows))


def test_the_command_scores_a_file(models, folder, new_rows, tmp_path):
    new_rows.to_csv(tmp_path / "new.csv", index=False)
    result = predict(folder, tmp_path / "new.csv", "--output", tmp_path / "scores.csv")
    assert result.returncode == 0, result.stderr
    scores = pd.read_csv(tmp_path / "scores.csv", index_col="row")
    expected = models["logistic"].predict(new_rows)
    np.testing.assert_allclose(scores["probability"], expected["probability"], atol=1e-6)
    assert scores["prediction"].tolist() == expected["prediction"].tolist()
    assert f"{(scores['prediction'] == 'bad').sum()} of them predicted Class = bad" in result.stderr
    as_json = json.loads(predict(folder.parent, tmp_path / "new.csv", "--json").stdout)
    assert [row["prediction"] for row in as_json["scores"]] == expected["prediction"].tolist()


def test_unseen_words_and_missing_cells_are_scored_and_said(models, new_rows):
    texts = new_rows.astype(object).map(str)
    texts.iloc[:3, texts.columns.get_loc("addr_state")] = "Atlantis"
    texts.iloc[5, texts.columns.get_loc("annual_inc")] = "n/a"
    frame, remarks = models["logistic"].read(texts.assign(shoe_size="43", Class="good"))
    assert np.isfinite(models["logistic"].predict(frame)["probability"]).all()
    assert "`addr_state` has 1 word never seen in training (`Atlantis`, in 3 rows)" in " ".join(remarks)
    assert "`annual_inc` is missing in 1 row" in " ".join(remarks)
    assert "Not used: `shoe_size`." in remarks  # and not the answer


def test_a_missing_word_counts_as_a_rare_one(models, new_rows):
    texts = new_rows.astype(object).map(str)
    place = texts.columns.get_loc("addr_state")
    scores = []
    for word in ("n/a", "Atlantis"):  # never seen in training: it is among the rare ones
        texts.iloc[:, place] = word
        frame, remarks = models["logistic"].read(texts)
        scores.append(models["logistic"].predict(frame)["probability"])
        assert len(remarks) == 1
    np.testing.assert_array_equal(*scores)


def test_a_threshold_that_flags_nobody_is_kept(models, new_rows, tmp_path):
    model = dataclasses.replace(models["logistic"], threshold=float("inf"))
    scores = SavedModel.load(model.save(tmp_path)).predict(new_rows)
    assert set(scores["prediction"]) == {"good"}


def test_missing_columns_are_named_with_what_they_may_be_called(models, new_rows):
    texts = new_rows.astype(object).map(str).rename(columns={"annual_inc": "annual_income"}).drop(columns="term")
    with pytest.raises(UsageError, match=r"lacks 2 columns.*`annual_inc` \(is it `annual_income`\?\), `term`|`term`.*"):
        models["logistic"].read(texts)


@pytest.mark.parametrize("cell", ["12 %", "1,200", "high", "$50"])
def test_words_among_numbers_are_shown_with_their_row(models, new_rows, cell):
    texts = new_rows.astype(object).map(str)
    texts.iloc[7, texts.columns.get_loc("int_rate")] = cell
    with pytest.raises(UsageError, match=r"`int_rate` holds '.*' in row 7; expected numbers"):
        models["logistic"].read(texts)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("", 1, "is empty"),
        ("a,b\n", 2, "no rows"),
        ("a,b\n1\n", 2, "fewer cells"),
        ("a,b\n1,2\n", 2, "lacks"),
        ("\x89PNG\r\n\x1a\n", 2, "looks like an image"),
    ],
)
def test_files_that_cannot_be_scored_get_a_clear_answer(folder, tmp_path, content, code, said):
    file = tmp_path / "new.csv"
    file.write_bytes(content.encode("latin-1"))
    result = predict(folder, file)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_the_file_itself_is_never_overwritten(folder, new_rows, tmp_path):
    file = tmp_path / "new.csv"
    new_rows.to_csv(file, index=False)
    before = file.read_bytes()
    result = predict(folder, file, "--output", file)
    assert result.returncode == 2
    assert "would be lost" in result.stderr
    assert file.read_bytes() == before


def test_a_folder_without_a_model_and_damaged_files_are_named(models, tmp_path):
    with pytest.raises(UsageError, match="groundup apply loans"):
        SavedModel.load(tmp_path)
    folder = models["boosting"].save(tmp_path / "model")
    content = (folder / "estimator.skops").read_bytes()
    (folder / "estimator.skops").write_bytes(content[: len(content) // 2])
    with pytest.raises(GroundupError, match="can't be read"):
        SavedModel.load(folder)
    (folder / "estimator.skops").unlink()
    with pytest.raises(GroundupError, match="can't be read"):
        SavedModel.load(folder)


class Evil:
    """A type that no scikit-learn model holds."""


def test_a_file_that_could_carry_code_is_not_opened(models, tmp_path):
    folder = models["logistic"].save(tmp_path / "model")
    skops.dump(Evil(), folder / "estimator.skops")
    with pytest.raises(GroundupError, match="could run code"):
        SavedModel.load(folder)


def test_another_kind_of_model_leaves_no_file_of_the_first(models, tmp_path):
    models["boosting"].save(tmp_path)
    models["network"].save(tmp_path)
    assert not (tmp_path / "estimator.skops").exists()
    models["logistic"].save(tmp_path)
    assert not (tmp_path / "network.safetensors").exists()
