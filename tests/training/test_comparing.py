"""``groundup runs``: finds runs, finished or not, says in what they differ, draws their curves."""

import json
from functools import partial
from pathlib import Path

import pytest

from groundup import training
from groundup.errors import UsageError
from groundup.training import OptimizerConfig, TextConfig, TrainConfig
from groundup.training.comparing import differences, draw, find_runs, tabulate
from groundup.training.settings import override

train = partial(training.train, progress=False, page=False)


@pytest.fixture
def some_runs(digits, text, toys, tmp_path):
    """Two finished runs on images, one on text, one that was stopped, and folders that are no runs."""
    images = TrainConfig(model="toy_images", data="digits", epochs=2, device="cpu")
    results = [
        train(images, digits, "runs/one"),
        train(override(images, {"optimizer.lr": 0.05, "seed": 10}), digits, "runs/two"),
        train(
            TrainConfig(model="toy_text", data="shakespeare_sample", epochs=1, text=TextConfig(context=8)),
            text,
            "runs/deep/text",
        ),
    ]

    class Stop(Exception):
        pass

    def stop(record):
        raise Stop

    with pytest.raises(Stop):
        train(override(images, {"epochs": 9}), digits, "runs/three", on_epoch=stop)
    for name, content in (("no json", "{"), ("another kind", '{"recipe": 3}'), ("not begun", None)):
        (tmp_path / "runs" / name).mkdir()
        if content:
            (tmp_path / "runs" / name / "config.json").write_text(content)
    return results


def test_runs_are_found_with_what_came_out(some_runs, tmp_path):
    found = find_runs([tmp_path / "runs"])
    names = [run.folder.rpartition("runs/")[2] for run in found]
    assert names == ["deep/text", "one", "three", "two"]
    text, one, three, _ = found
    assert one.validation == some_runs[0].validation
    assert one.test == {name: some_runs[0].test[name] for name in ("loss", "accuracy")}
    assert (one.state, one.epochs, one.parameters) == ("finished", 2, some_runs[0].parameters)
    assert text.test.keys() == {"loss", "perplexity"}
    assert (three.state, three.epochs, three.best_epoch, three.test) == ("epoch 1 of 9", 1, 1, {})
    assert three.validation["loss"] == three.history[0]["validation_loss"]


def test_a_table_has_columns_for_what_differs(some_runs, tmp_path):
    found = {run.folder.rpartition("/")[2]: run for run in find_runs([tmp_path / "runs"])}
    pair = [found["one"], found["two"]]
    assert differences(pair) == ["seed", "optimizer.lr"]
    rows = tabulate(pair)
    assert [row["lr"] for row in rows] == ["0.001", "0.05"]
    assert [row["seed"] for row in rows] == ["0", "10"]
    assert rows[0]["test accuracy"] == f"{some_runs[0].test['accuracy']:.2%}"
    assert "state" not in rows[0]
    assert "batch_size" not in rows[0]
    assert tabulate([found["one"], found["three"]])[1]["state"] == "epoch 1 of 9"
    assert "test perplexity" not in tabulate([found["text"]])[0]


def test_choices_of_the_same_short_name_keep_the_long_one(digits, toys):
    config = TrainConfig(model="toy_images", data="digits", epochs=1)
    train(config, digits, "runs/a")
    train(override(config, {"optimizer.name": "sgd", "schedule.name": "linear"}), digits, "runs/b")
    row = tabulate(find_runs([Path("runs")]))[1]
    assert (row["optimizer.name"], row["schedule.name"]) == ("sgd", "linear")


def test_the_command_prints_a_table_for_each_data_set(some_runs, groundup):
    code, out, err = groundup("runs")
    assert code == 0
    assert err == ""
    for words in ("digits", "shakespeare_sample", "runs/one", "epoch 1 of 9", "0.05", "validation"):
        assert words in out
    assert "…" not in out  # nothing is cut


def test_as_json(some_runs, groundup):
    code, out, _ = groundup("runs", "runs/one", "runs/two", "--json")
    assert code == 0
    document = json.loads(out)
    assert [run["folder"] for run in document["runs"]] == ["runs/one", "runs/two"]
    assert document["runs"][0]["history"] == some_runs[0].history
    assert document["differences"] == ["seed", "optimizer.lr"]


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("b/c.svg", b"<?xml"), ("d.html", b"<!doctype")])
def test_the_picture(some_runs, groundup, tmp_path, name, start):
    code, out, _ = groundup("runs", "--picture", name)
    assert code == 0
    assert f"Curves: {name}" in out
    content = (tmp_path / name).read_bytes()
    assert content.lower().startswith(start.lower())
    if name.endswith("html"):
        assert b"runs/one" in content
        assert content.count(b"<svg") == 2  # digits and Shakespeare


@pytest.mark.parametrize(
    ("words", "message"),
    [(["nowhere"], "no folder nowhere"), (["--picture", "x.gif"], "ends in .png, .svg or .html")],
)
def test_mistakes(digits, toys, groundup, words, message):
    train(TrainConfig(model="toy_images", data="digits", epochs=1), digits, "runs/a")
    code, out, err = groundup("runs", *words)
    assert code == 2
    assert message in err
    assert out == ""


def test_no_runs_yet(groundup, tmp_path):
    (tmp_path / "runs").mkdir()
    code, out, _ = groundup("runs")
    assert code == 0
    assert "groundup train" in out
    with pytest.raises(UsageError, match="nothing to draw"):
        draw([], tmp_path / "x.png")


def test_the_page_of_a_run_says_what_was_chosen_and_how_to_go_on(digits, toys):
    config = TrainConfig(
        model="toy_images", data="digits", epochs=2, clip=0.7, optimizer=OptimizerConfig(name="sgd", lr=0.02)
    )
    result = train(config, digits, page=True)
    page = (result.folder / "report.html").read_text()
    for words in (
        "optimizer.lr",
        "0.02",
        "clip",
        "0.7",
        f"groundup train --config {result.folder}/config.json",
        "<svg",
    ):
        assert words in page
    assert "patience" not in page  # it has its default
    assert f"{result.test['accuracy']:.2%}" in page
    assert (result.folder / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_damaged_file_of_curves_hides_no_run(digits, toys):
    result = train(TrainConfig(model="toy_images", data="digits", epochs=1), digits, "runs/a")
    (result.folder / "metrics.jsonl").write_text('{"epoch": 1}\n{"epo')
    (found,) = find_runs([Path("runs")])
    assert (found.history, found.test["accuracy"]) == ([], result.test["accuracy"])
