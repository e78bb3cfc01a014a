"""A run from start to end: reproducible, honest about the splits, complete on disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from groundup import data, models
from groundup.data import Split
from groundup.errors import GroundupError, UsageError
from groundup.training import OptimizerConfig, TrainConfig, loop, run, train
from groundup.training.checkpoints import load_checkpoint, load_weights
from groundup.training.evaluation import evaluate


def weights(result):
    return (result.folder / "model.safetensors").read_bytes()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(config, digits):
    one, two = (train(config, digits, progress=False) for _ in range(2))
    other = train(replace(config, seed=1), digits, progress=False)
    assert weights(one) == weights(two)
    assert one.test == two.test
    assert weights(one) != weights(other)


def test_it_learns(digits):
    config = TrainConfig(
        model="lenet", data="digits", epochs=8, batch_size=16, device="cpu", optimizer=OptimizerConfig(lr=0.003)
    )
    result = train(config, digits, progress=False)
    assert result.history[-1]["train_loss"] < 0.3 < result.history[0]["train_loss"]
    assert result.test["accuracy"] > 0.7


def test_the_folder_tells_the_whole_run(config, digits):
    result = train(config, digits, progress=False)
    assert str(result.folder) == "runs/lenet-digits-seed0"
    assert {path.name for path in result.folder.iterdir()} == {
        "config.json", "environment.json", "metrics.jsonl", "model.safetensors", "checkpoint.pt", "summary.json",
    }  # fmt: skip
    saved = json.loads((result.folder / "config.json").read_text())
    assert TrainConfig(**{**saved, "optimizer": OptimizerConfig(**saved["optimizer"])}) == config
    assert json.loads((result.folder / "environment.json").read_text())["torch"].split("+")[0] in torch.__version__
    lines = (result.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == result.history
    assert json.loads((result.folder / "summary.json").read_text()) == json.loads(json.dumps(result.summary()))
    assert [record["epoch"] for record in result.history] == [1, 2]
    checkpoint = load_checkpoint(result.folder / "checkpoint.pt")
    assert checkpoint["history"] == result.history
    assert checkpoint["optimizer"]["state"]


def test_the_result_is_that_of_the_saved_weights_on_the_test_split(config, digits):
    result = train(config, digits, progress=False)
    torch.manual_seed(99)
    fresh = models.create("lenet", image_size=8)
    load_weights(fresh, result.folder / "model.safetensors")
    score = evaluate(fresh, torch.from_numpy(digits.test.x), torch.from_numpy(digits.test.y))
    assert score.accuracy == result.test["accuracy"] == pytest.approx((result.predictions == digits.test.y).mean())
    assert score.confusion == result.test["confusion"]
    np.testing.assert_array_equal(score.logits.numpy(), result.logits)
    assert result.parameters == 60_850


def test_the_weights_tested_are_those_of_the_best_epoch_on_validation(config, digits, monkeypatch):
    accuracies = iter([0.5, 0.9, 0.9, 0.7])
    losses = iter([1.0, 0.4, 0.3, 0.1])
    states = []

    def pretend(model, x, y):
        states.append({key: tensor.clone() for key, tensor in model.state_dict().items()})
        return replace(evaluate(model, x, y), accuracy=next(accuracies), loss=next(losses))

    monkeypatch.setattr(loop, "evaluate", pretend)
    result = train(replace(config, epochs=4), digits, progress=False)
    assert result.best_epoch == 3  # as accurate as epoch 2, with a lower loss
    state = result.model.state_dict()
    assert all(torch.equal(state[key], states[2][key]) for key in state)
    assert any(not torch.equal(state[key], states[3][key]) for key in state)


def test_the_test_split_has_no_part_in_training(config, digits):
    scrambled = replace(digits, test=Split(1 - digits.test.x[::-1].copy(), (digits.test.y + 1) % 10))
    assert weights(train(config, digits, progress=False)) == weights(train(config, scrambled, progress=False))


def test_validation_comes_from_the_training_examples_and_is_not_trained_on(config, digits, monkeypatch):
    seen = {}

    def spy(fabric, model, training, validation, *rest):
        seen.update(training=training, validation=validation)
        return loop.fit(fabric, model, training, validation, *rest)

    monkeypatch.setattr(run, "fit", spy)
    train(replace(config, validation=0.25), digits, progress=False)
    assert (len(seen["training"]), len(seen["validation"])) == (150, 50)
    rows = {split: {row.numpy().tobytes() for row in seen[split].x} for split in seen}
    assert not rows["training"] & rows["validation"]
    assert rows["training"] | rows["validation"] == {row.tobytes() for row in digits.train.x}


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
    train(config, digits, progress=False)
    epochs = torch.cat(batches).split(180)
    assert [len(batch) for batch in batches] == [64, 64, 52, 64, 64, 52]
    rows = [[row.numpy().tobytes() for row in epoch] for epoch in epochs]
    assert sorted(rows[0]) == sorted(rows[1])
    assert rows[0] != rows[1]


def test_no_run_overwrites_another(config, digits, tmp_path):
    config = replace(config, epochs=1)
    folders = [train(config, digits, folder=tmp_path / "a" / "run", progress=False).folder.name for _ in range(3)]
    assert folders == ["run", "run-2", "run-3"]


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_what_to_try(config, digits):
    x = digits.train.x.copy()
    x[:, 0, 0, 0] = np.nan
    with pytest.raises(GroundupError, match=r"loss became nan in epoch 1, by step 3.*--optimizer.lr 0.0001") as info:
        train(config, replace(digits, train=Split(x, digits.train.y)), progress=False)
    assert not isinstance(info.value, UsageError)


def test_a_learning_rate_far_too_high_stops_the_run(config, digits):
    wild = replace(config, epochs=5, optimizer=OptimizerConfig(name="sgd", lr=1e38, schedule="constant"))
    with pytest.raises(GroundupError, match="The loss became"):
        train(wild, digits, progress=False)
    assert not Path("runs/lenet-digits-seed0/summary.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "lenett"}, "no model called 'lenett'. Did you mean lenet"),
        ({"data": "digit"}, "no data set called 'digit'. Did you mean digits"),
        ({"validation": 0.0001}, "--validation 0.0001 does not work here"),
    ],
)
def test_wrong_choices_are_refused_before_anything_is_written(config, change, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        train(replace(config, **change), progress=False)
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
        "frame": "holds a table. Sets of images: digits, mnist",
        "flat": r"holds arrays of shape \(20, 64\)",
        "oblong": "square images, not 8 x 4",
        "large": "at most 32 x 32 pixels, not 40 x 40",
    }
    with pytest.raises(UsageError, match=message[broken]):
        train(config, dataset, progress=False)


def test_mnist_sized_images_run_as_they_are(config):
    generator = np.random.default_rng(0)
    x = generator.random((40, 1, 28, 28), dtype=np.float32)
    split = Split(x, np.arange(40) % 4)
    dataset = data.Dataset(train=split, test=split, classes=tuple("abcd"), card=data.card("mnist"))
    result = train(replace(config, epochs=1), dataset, progress=False)
    assert result.logits.shape == (40, 4)
    assert np.shape(result.test["confusion"]) == (4, 4)
