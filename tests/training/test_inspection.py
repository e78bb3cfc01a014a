"""``groundup evaluate``: true numbers, one look at the test split, and a page with everything on it."""

import json
import shutil
from functools import partial

import pytest

from groundup import data
from groundup.errors import GroundupError
from groundup.training import TrainConfig, inspection, train
from groundup.training.config import TextConfig
from groundup.training.tasks.images import Images
from groundup.training.tasks.text import LanguageModelling


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of one epoch on all digits."""
    folder = tmp_path_factory.mktemp("runs") / "lenet"
    train(TrainConfig(model="lenet", data="digits", epochs=1, device="cpu"), folder=folder, progress=False)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A run of a small Transformer on a text."""
    folder = tmp_path_factory.mktemp("runs") / "gpt"
    settings = dict(layers=2, width=16, heads=2)
    config = TrainConfig(
        model="gpt_small", data="shakespeare_sample", epochs=1, batch_size=256, device="cpu", model_settings=settings,
        text=TextConfig(context=32),
    )  # fmt: skip
    train(config, folder=folder, progress=False)
    return folder


@pytest.fixture
def evaluate(groundup):
    return partial(groundup, "evaluate")


def never(*_arguments):
    raise AssertionError("the model was asked again")


def summary(folder):
    return json.loads((folder / "summary.json").read_text())


def test_validation_is_measured_and_agrees_with_training(run, evaluate):
    code, out, _ = evaluate(run, "--json")
    assert code == 0
    document = json.loads(out)
    assert document == json.loads((run / "evaluation.json").read_text())
    assert (document["split"], document["rows"], document["source"]) == ("validation", 144, inspection.MEASURED)
    metrics, then = document["metrics"], summary(run)["validation"]
    assert metrics["accuracy"] == pytest.approx(then["accuracy"])
    assert metrics["loss"] == pytest.approx(then["loss"], rel=1e-5)
    assert sum(map(sum, metrics["confusion"])) == sum(row["support"] for row in metrics["per_class"]) == 144
    wrong = round(144 * (1 - metrics["accuracy"]))
    assert len(metrics["mistakes"]) == min(wrong, 24)
    assert not document["test_looked_at_again"]


def test_the_test_split_is_known_from_training_without_asking_the_model(run, evaluate, monkeypatch):
    monkeypatch.setattr(Images, "measure", never)
    code, out, _ = evaluate(run, "--split", "test", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["source"] == inspection.STORED
    assert document["rows"] == document["metrics"]["examples"] == 360
    assert document["metrics"]["confusion"] == summary(run)["test"]["confusion"]
    assert document["metrics"]["loss"] == pytest.approx(summary(run)["test"]["loss"], rel=1e-5)


def test_a_second_look_is_called_one_and_spares_a_third(run, evaluate, monkeypatch):
    (run / "predictions-test.safetensors").unlink()
    code, out, _ = evaluate(run, "--split", "test")
    assert code == 0
    assert "the test split was looked at again" in out
    assert "was looked at again" in (run / "evaluation.html").read_text()
    assert json.loads((run / "evaluation.json").read_text())["test_looked_at_again"]
    monkeypatch.setattr(Images, "measure", never)
    assert json.loads(evaluate(run, "--split", "test", "--json")[1])["source"] == inspection.STORED


def test_a_run_that_has_not_ended_has_its_first_look(run):
    (run / "predictions-test.safetensors").unlink()
    (run / "summary.json").unlink()
    assert inspection.inspect(run, "test").document["source"] == inspection.FIRST


def test_a_run_that_left_the_test_split_unseen_has_its_first_look_and_remembers_it(run, evaluate):
    (run / "predictions-test.safetensors").unlink()
    tested = summary(run)["test"]
    (run / "summary.json").write_text(json.dumps(summary(run) | {"test": {}}))
    found = inspection.inspect(run, "test")
    assert found.document["source"] == inspection.FIRST
    assert summary(run)["test"]["accuracy"] == found.document["metrics"]["accuracy"] == tested["accuracy"]
    assert inspection.inspect(run, "test").document["source"] == inspection.STORED


def test_the_page_shows_classes_calibration_mistakes_and_layers(run, evaluate):
    assert evaluate(run)[0] == 0
    page = (run / "evaluation.html").read_text()
    for text in (
        "LeNet-5 on digits", "Which classes it knows", "expected calibration error", "worst mistakes",
        "<code>c1</code>", "12 of 16 maps of 10 × 10 pixels", "--split validation",
        "Look at this split as often as you like",
    ):  # fmt: skip
        assert text in page, text
    assert "Where it looks" not in page  # it has no attention
    assert data.NOT_ORIGINAL not in page


def test_data_that_are_not_the_original_are_named_everywhere(run, evaluate, monkeypatch):
    monkeypatch.setattr(data, "unverified", lambda name: ("digits.npz",))
    _, out, _ = evaluate(run)
    assert "digits: not the original bytes" in out
    assert "The data are not the original bytes" in (run / "evaluation.html").read_text()
    assert json.loads((run / "evaluation.json").read_text())["unverified"] == ["digits.npz"]


def test_a_text_model_has_perplexity_a_sample_surprises_and_attention(writer, evaluate, monkeypatch):
    code, out, _ = evaluate(writer)
    assert code == 0
    assert "perplexity" in out
    page = (writer / "evaluation.html").read_text()
    for text in ("What it writes", "What surprises it", "head 2", "blocks.1.attention"):
        assert text in page, text
    document = json.loads((writer / "evaluation.json").read_text())
    assert document["metrics"]["loss"] == pytest.approx(summary(writer)["validation"]["loss"], rel=1e-5)
    monkeypatch.setattr(LanguageModelling, "evaluate", never)
    document = json.loads(evaluate(writer, "--split", "test", "--json")[1])
    assert (document["source"], document["metrics"]) == (inspection.SUMMARY, summary(writer)["test"])


def test_surprises_are_what_the_model_held_for_the_least_likely(writer):
    from groundup.training.text_page import surprises

    result = inspection.inspect(writer, "validation")
    assert isinstance(result.task, LanguageModelling)
    found = surprises(result.task, result.model, count=5)
    assert len(found) == 5
    text = result.task.text.train
    assert [s["probability"] for s in found] == sorted(s["probability"] for s in found)
    for s in found:
        assert s["before"] + s["truth"] in text
        assert s["probability"] <= s["confidence"]


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_what_is_no_run_is_named(run, evaluate, missing):
    (run / missing).unlink()
    code, out, err = evaluate(run)
    assert (code, out) == (1, "")
    assert {"config.json": "holds no run", "model.safetensors": "has no weights so far"}[missing] in err
    assert evaluate(run, "--split", "training")[0] == 2


@pytest.mark.parametrize("name", ["summary.json", "predictions-test.safetensors"])
def test_damaged_files_are_named(run, name):
    (run / name).write_bytes(b"\xffjunk")
    with pytest.raises(GroundupError, match=name):
        inspection.inspect(run, "test")


def test_training_itself_names_data_that_are_not_the_original(tmp_path, monkeypatch, digits, config):
    monkeypatch.setattr(data, "unverified", lambda name: ("digits.npz",))
    result = train(config, digits, tmp_path / "run", progress=False)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["unverified"] == ["digits.npz"]
    assert "The data are not the original bytes" in (tmp_path / "run" / "report.html").read_text()
    assert result.unverified == ("digits.npz",)


def test_data_without_a_name_of_ours_have_no_original():
    assert data.unverified("made up") == ()
