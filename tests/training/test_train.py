"""A run from start to end: reproducible, honest about the splits, complete on disk."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from groundup import data, models, training
from groundup.data import Split
from groundup.errors import GroundupError, UsageError
from groundup.training import OptimizerConfig, ScheduleConfig, TrainConfig
from groundup.training.checkpoints import load_last_checkpoint, load_weights
from groundup.training.evaluation import evaluate
from groundup.training.predictions import load_predictions
from groundup.training.settings import read_config
from groundup.training.tasks.images import Images

train = partial(training.train, progress=False, page=False)
resume = partial(training.resume, progress=False, page=False)


def weights(result):
    return (result.folder / "model.safetensors").read_bytes()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(config, digits):
    one, two = (train(config, digits) for _ in range(2))
    other = train(replace(config, seed=1), digits)
    assert weights(one) == weights(two)
    assert one.test == two.test
    assert weights(one) != weights(other)


def test_it_learns(digits):
    config = TrainConfig(
        model="lenet", data="digits", epochs=8, batch_size=16, device="cpu", optimizer=OptimizerConfig(lr=0.003)
    )
    result = train(config, digits)
    assert result.history[-1]["train_loss"] < 0.3 < result.history[0]["train_loss"]
    assert result.test["accuracy"] > 0.7


def test_the_folder_tells_the_whole_run(config, digits):
    result = train(config, digits, page=True)
    assert str(result.folder) == "runs/lenet-digits-seed0"
    assert {path.name for path in result.folder.iterdir()} == {
        "config.json", "environment.json", "data.json", "metrics.jsonl", "model.safetensors", "last.safetensors",
        "checkpoints", "tensorboard", "predictions-test.safetensors", "summary.json", "report.html", "curves.png",
        ".lock",
    }  # fmt: skip
    assert read_config(TrainConfig, result.folder) == config == result.config
    environment = json.loads((result.folder / "environment.json").read_text())
    assert environment["torch"].split("+")[0] in torch.__version__
    assert environment["threads"] == torch.get_num_threads()
    lines = (result.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == result.history
    assert json.loads((result.folder / "summary.json").read_text()) == json.loads(json.dumps(result.summary()))
    assert [record["epoch"] for record in result.history] == [1, 2]
    checkpoint = load_last_checkpoint(result.folder / "checkpoints")
    assert checkpoint is not None
    assert checkpoint["history"] == result.history
    assert checkpoint["optimizer"]["state"]
    described = json.loads((result.folder / "data.json").read_text())
    assert described["classes"] == list("0123456789")
    assert described["sizes"] == {"training": 180, "validation": 20, "test": 50}


def test_the_curves_for_tensorboard_are_those_of_the_history(config, digits):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = train(config, digits)
    events = EventAccumulator(str(result.folder / "tensorboard")).Reload()
    points = events.Scalars("validation_loss")
    assert [point.step for point in points] == [record["step"] for record in result.history]
    assert [point.value for point in points] == pytest.approx([r["validation_loss"] for r in result.history])
    assert {"loss", "lr", "train_loss", "validation_accuracy"} <= set(events.Tags()["scalars"])


def test_the_result_is_that_of_the_saved_weights_on_the_test_split(config, digits):
    result = train(config, digits)
    torch.manual_seed(99)
    fresh = models.create("lenet", image_size=8)
    load_weights(fresh, result.folder / "model.safetensors")
    score = evaluate(fresh, torch.from_numpy(digits.test.x), torch.from_numpy(digits.test.y))
    kept = load_predictions(result.folder, "test")
    assert score.accuracy == result.test["accuracy"]
    assert score.confusion == result.test["confusion"]
    torch.testing.assert_close(score.logits, kept["logits"], rtol=1e-4, atol=1e-5)
    assert result.parameters == 60_850


def test_the_weights_tested_are_those_of_the_best_epoch_on_validation(config, digits, monkeypatch):
    accuracies = iter([0.5, 0.9, 0.9, 0.7])
    losses = iter([1.0, 0.4, 0.3, 0.1])
    states = []

    def pretend(self, model, split):
        assert split == "validation"
        states.append({key: tensor.clone() for key, tensor in model.module.state_dict().items()})
        return {"accuracy": next(accuracies), "loss": next(losses)}

    monkeypatch.setattr(Images, "evaluate", pretend)
    result = train(replace(config, epochs=4), digits)
    assert result.best_epoch == 3  # as accurate as epoch 2, with a lower loss
    assert result.validation == {"accuracy": 0.9, "loss": 0.3}
    assert [record["best_epoch"] for record in result.history] == [1, 2, 3, 3]
    state = result.model.state_dict()
    assert all(torch.equal(state[key], states[2][key]) for key in state)
    assert any(not torch.equal(state[key], states[3][key]) for key in state)
    load_weights(result.model, result.folder / "last.safetensors")
    assert all(torch.equal(value, states[3][key]) for key, value in result.model.state_dict().items())


def test_training_stops_early_when_validation_no_longer_improves(config, digits, monkeypatch):
    losses = iter([1.0, 0.5, 0.6, 0.7, 0.4])
    pretend = lambda self, model, split: {"accuracy": 0.5, "loss": next(losses)}  # noqa: E731
    monkeypatch.setattr(Images, "evaluate", pretend)
    result = train(replace(config, epochs=9, patience=2), digits)
    assert len(result.history) == 4
    assert result.best_epoch == 2
    assert result.stopped == "2 epochs without a new best"


def test_training_stops_at_the_time_limit_with_what_it_has(config, digits):
    result = train(replace(config, epochs=50, time_limit=1e-9), digits)
    assert result.stopped == "time limit"
    assert [record["step"] for record in result.history] == [1]
    again = resume(result.folder, digits)
    assert (again.test, again.stopped, len(again.history)) == (result.test, "time limit", 1)


def test_a_finished_run_that_is_resumed_has_the_same_result(config, digits):
    result = train(config, digits)
    before = weights(result)
    again = resume(result.folder, digits)
    assert again.test == result.test
    assert again.history == result.history
    assert weights(again) == before


def test_the_test_split_can_be_left_unseen(config, digits, monkeypatch):
    measure = Images.measure

    def seen(self, model, split):
        assert split == "validation"
        return measure(self, model, split)

    with monkeypatch.context() as patch:
        patch.setattr(Images, "measure", seen)
        result = training.train(config, digits, progress=False, test=False)
    assert result.test == {}
    assert not (result.folder / "predictions-test.safetensors").exists()
    assert "The test split was left unseen." in (result.folder / "report.html").read_text()
    again = resume(result.folder, digits)  # looks at it
    assert again.test["accuracy"] > 0
    assert (again.history, weights(again)) == (result.history, weights(result))


def test_a_batch_in_parts_makes_the_same_step(digits, toys):
    # no batch normalisation, whose statistics are those of a part; the last batch does not divide evenly
    config = TrainConfig(model="lenet", data="digits", epochs=1, batch_size=50, device="cpu")
    whole, parts = (train(replace(config, accumulate=n), digits) for n in (1, 4))
    assert parts.history[0]["train_loss"] == pytest.approx(whole.history[0]["train_loss"], rel=1e-5)
    for one, two in zip(whole.model.parameters(), parts.model.parameters()):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_clipping_shortens_the_gradient(config, digits):
    # SGD with rate 1 and no momentum: each step is as long as the gradient
    plain = OptimizerConfig(name="sgd", lr=1.0, momentum=0.0)
    short = replace(config, epochs=1, clip=0.001, optimizer=plain, schedule=ScheduleConfig(name="constant"))
    result = train(short, digits)
    torch.manual_seed(0)
    start = models.create("lenet", image_size=8)
    moved = sum((one - two).square().sum() for one, two in zip(start.parameters(), result.model.parameters())) ** 0.5
    assert 0 < moved <= 0.001 * 3 + 1e-6  # three steps


def test_the_average_of_the_weights_is_what_is_measured_and_kept(config, digits):
    plain, averaged = (train(replace(config, ema=decay), digits) for decay in (0.0, 0.99))
    assert plain.history[0]["train_loss"] == averaged.history[0]["train_loss"]  # training itself does not change
    assert plain.history[0]["validation_loss"] != averaged.history[0]["validation_loss"]
    assert weights(plain) != weights(averaged)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns_and_keeps_weights_of_32_bits(precision, digits, toys):
    config = TrainConfig(
        model="toy_images", data="digits", epochs=10, batch_size=16, device="cpu", precision=precision, clip=1.0,
        optimizer=OptimizerConfig(lr=0.01),
    )  # fmt: skip
    result = train(config, digits)
    assert {parameter.dtype for parameter in result.model.parameters()} == {torch.float32}
    assert result.test["accuracy"] > 0.7
    other = train(replace(config, precision="32"), digits)
    assert other.history[0]["train_loss"] == pytest.approx(result.history[0]["train_loss"], rel=0.05)
    assert other.history[0]["train_loss"] != result.history[0]["train_loss"]


def test_where_channels_are_in_memory_makes_no_other_network(config, digits):
    one, two = (train(replace(config, channels_last=last), digits) for last in (False, True))
    assert two.history[0]["train_loss"] == pytest.approx(one.history[0]["train_loss"], rel=1e-4)
    (path,) = {two.folder / "model.safetensors"}
    load_weights(models.create("lenet", image_size=8), path)


def test_a_language_model_runs_from_start_to_end(text, toys):
    config = TrainConfig(
        model="toy_text", data="shakespeare_sample", epochs=3, batch_size=4, device="cpu",
        optimizer=OptimizerConfig(lr=0.02), model_settings={"width": 12},
    )  # fmt: skip
    config = replace(config, text=replace(config.text, context=8))
    result = train(config, text)
    assert result.model.get_submodule("embed").weight.shape == (len(text.vocabulary), 12)
    assert getattr(result.model, "config").context == 8  # noqa: B009 (from the data, as the model has such a field)
    assert result.history[-1]["validation_loss"] < result.history[0]["validation_loss"] < 4.5
    assert result.test["perplexity"] == pytest.approx(np.exp(result.test["loss"]))


def test_each_epoch_tells_its_record(config, digits):
    told = []
    result = train(config, digits, on_epoch=told.append)
    assert told == result.history

    class Enough(Exception):
        pass

    def stop(record):
        raise Enough

    with pytest.raises(Enough):
        train(config, digits, on_epoch=stop)


def test_the_test_split_has_no_part_in_training(config, digits):
    scrambled = replace(digits, test=Split(1 - digits.test.x[::-1].copy(), (digits.test.y + 1) % 10))
    assert weights(train(config, digits)) == weights(train(config, scrambled))


def test_validation_comes_from_the_training_examples_and_is_not_trained_on(config, digits):
    task = train(replace(config, validation=0.25), digits).task
    assert task.sizes == {"training": 150, "validation": 50, "test": 50}
    assert isinstance(task, Images)
    training, validation = (
        {row.numpy().tobytes() for row in task.splits[split][0]} for split in ("training", "validation")
    )
    assert not training & validation
    assert training | validation == {row.tobytes() for row in digits.train.x}


def test_each_epoch_visits_each_training_example_once_in_a_new_order(config, digits, monkeypatch):
    batches = []

    class Recorder(torch.nn.Module):
        def __init__(self, classes):
            super().__init__()
            self.inner = torch.nn.Linear(64, classes)

        def forward(self, x):
            if self.training:
                batches.append(x.detach().clone())
            return self.inner(x.flatten(1))

    monkeypatch.setattr(models, "create", lambda name, classes, **images: Recorder(classes))
    train(config, digits)
    epochs = torch.cat(batches).split(180)
    assert [len(batch) for batch in batches] == [64, 64, 52, 64, 64, 52]
    rows = [[row.numpy().tobytes() for row in epoch] for epoch in epochs]
    assert sorted(rows[0]) == sorted(rows[1])
    assert rows[0] != rows[1]


def test_no_run_overwrites_another(config, digits, tmp_path):
    config = replace(config, epochs=1)
    folders = [train(config, digits, folder=tmp_path / "a" / "run").folder.name for _ in range(3)]
    assert folders == ["run", "run-2", "run-3"]


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_what_to_try(config, digits):
    x = digits.train.x.copy()
    x[:, 0, 0, 0] = np.nan
    with pytest.raises(GroundupError, match=r"loss became nan in epoch 1, by step 3.*--optimizer.lr 0.0001") as info:
        train(config, replace(digits, train=Split(x, digits.train.y)))
    assert not isinstance(info.value, UsageError)


def test_a_learning_rate_far_too_high_stops_the_run(config, digits):
    wild = replace(config, epochs=5, optimizer=OptimizerConfig(name="sgd", lr=1e38))
    with pytest.raises(GroundupError, match="The loss became"):
        train(wild, digits)
    assert not Path("runs/lenet-digits-seed0/summary.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "lenett"}, "no model called 'lenett'. Did you mean lenet"),
        ({"data": "digit"}, "no data set called 'digit'. Did you mean digits"),
        ({"validation": 0.0001}, "--validation 0.0001 does not work here"),
        ({"model": ""}, "Name a model"),
        (
            {"model_settings": {"clases": 3}},
            "no setting called 'model_settings.clases'. Did you mean model_settings.classes",
        ),
        ({"model_settings": {"classes": "three"}}, "model_settings.classes is 'three'; expected int"),
    ],
)
def test_wrong_choices_are_refused_before_anything_is_written(config, change, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        train(replace(config, **change))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("broken", ["frame", "flat", "oblong", "large"])
def test_data_that_are_not_square_images_of_a_fitting_size_are_refused(config, digits, broken):
    shapes = {"flat": (20, 64), "oblong": (20, 1, 8, 4), "large": (20, 1, 40, 40)}
    dataset: Any
    if broken == "frame":
        dataset = {"column": [1, 2]}
    else:
        x = np.zeros(shapes[broken], dtype=np.float32)
        dataset = replace(digits, train=Split(x, np.arange(20) % 2))
    message = {
        "frame": "holds no images. Sets of images: digits, mnist",
        "flat": r"holds arrays of shape \(20, 64\)",
        "oblong": "square images, not 8 x 4",
        "large": "at most 32 x 32 pixels, not 40 x 40",
    }
    with pytest.raises(UsageError, match=message[broken]):
        train(config, dataset)


def test_mnist_sized_images_run_as_they_are(config):
    generator = np.random.default_rng(0)
    x = generator.random((40, 1, 28, 28), dtype=np.float32)
    split = Split(x, np.arange(40) % 4)
    dataset = data.Dataset(train=split, test=split, classes=tuple("abcd"), card=data.card("mnist"))
    result = train(replace(config, epochs=1), dataset)
    assert load_predictions(result.folder, "test")["logits"].shape == (40, 4)
    assert np.shape(result.test["confusion"]) == (4, 4)
