"""What a batch, a loss and a score are for each kind of problem, each against a few plain lines."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from groundup import data
from groundup.data import Text
from groundup.data.dataset import Dataset, ImageSplit
from groundup.errors import UsageError
from groundup.models.auxiliary import Classifiers
from groundup.training import ImagesConfig, TextConfig, TrainConfig, augmentation
from groundup.training.randomness import generator
from groundup.training.tasks import make_task

CPU = torch.device("cpu")


def images_task(dataset, **choices):
    smoothing = choices.pop("label_smoothing", 0.0)
    config = TrainConfig(model="lenet", data="digits", images=ImagesConfig(**choices), label_smoothing=smoothing)
    return make_task(config, CPU, dataset)


def text_task(dataset, context=8, **choices) -> Any:
    config = TrainConfig(model="gru", data="shakespeare_sample", text=TextConfig(context=context), **choices)
    return make_task(config, CPU, dataset)


# --- images ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def colours():
    rng = np.random.default_rng(0)
    split = ImageSplit(rng.integers(0, 256, (60, 3, 8, 8), dtype=np.uint8), np.arange(60) % 5, white=255)
    return Dataset(train=split, test=split, classes=tuple("abcde"), card=data.card("digits"))


def test_the_data_decide_what_the_model_looks_like(colours):
    task = images_task(colours)
    assert task.settings == {"classes": 5, "in_channels": 3, "image_size": 8}
    assert task.sizes == {"training": 54, "validation": 6, "test": 60}


def test_without_a_generator_a_batch_is_the_data_as_they_are(colours):
    task = images_task(colours, crop=2, flip=True, cutout=3, erasing=0.5, mixup=1.0)
    rows = torch.tensor([5, 0, 59])
    x, y = task.batch("test", rows)
    np.testing.assert_array_equal(x.numpy(), colours.test.x[rows.numpy()])
    assert y.tolist() == [0, 0, 4]


def test_normalised_channels_have_mean_0_and_deviation_1_over_the_training_examples(colours):
    task = images_task(colours, normalize=True)
    x, _ = task.batch("training", torch.arange(54))
    torch.testing.assert_close(x.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)
    other, _ = task.batch("test", torch.arange(60))
    assert other.mean().abs() > 1e-5  # by the statistics of the training examples, not by its own
    assert set(task.facts()) == {"data", "classes", "mean", "std"}


@pytest.mark.parametrize(
    "choices",
    [{"crop": 2}, {"flip": True}, {"cutout": 3}, {"erasing": 1.0}, {"mixup": 1.0}, {"cutmix": 1.0}],
    ids=lambda choices: next(iter(choices)),
)
def test_each_augmentation_changes_training_batches_by_the_generator_alone(colours, choices):
    task, rows = images_task(colours, **choices), torch.arange(20)
    before = torch.get_rng_state()
    one, two, three = (task.batch("training", rows, generator(0, step)) for step in (1, 1, 2))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[0], three[0])
    assert not torch.equal(one[0], task.batch("training", rows)[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_augmentations_are_applied_with_their_settings(colours, monkeypatch):
    seen = {}

    def record(name):
        function = getattr(augmentation, name)

        def call(*arguments):
            seen[name] = arguments[-1]
            return function(*arguments)

        monkeypatch.setattr(augmentation, name, call)

    for name in ("random_crop", "cutout", "random_erasing", "mixup", "cutmix"):
        record(name)
    task = images_task(colours, crop=2, cutout=3, erasing=0.25, mixup=0.4, cutmix=0.7)
    for step in range(20):
        task.batch("training", torch.arange(4), generator(step))
    assert seen == {"random_crop": 2, "cutout": 3, "random_erasing": 0.25, "mixup": 0.4, "cutmix": 0.7}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_of_blended_labels_is_their_cross_entropy(colours, smoothing):
    task = images_task(colours, mixup=1.0, label_smoothing=smoothing)
    x, y = task.batch("training", torch.arange(20), generator(0))
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
    targets = (1 - smoothing) * y + smoothing / 5
    expected = -(targets * model(x).log_softmax(dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(task.loss(model, (x, y)), expected)
    assert task.items((x, y)) == 20


def test_auxiliary_classifiers_take_part_in_the_loss(colours):
    task = images_task(colours)
    batch = task.batch("training", torch.arange(20))
    y = batch[1]
    a, b = torch.randn(20, 5), torch.randn(20, 5)

    class Deep(nn.Module):
        def forward(self, x):
            return Classifiers(a, (b,), 0.3)

    expected = F.cross_entropy(a, y) + 0.3 * F.cross_entropy(b, y)
    torch.testing.assert_close(task.loss(Deep(), batch), expected)


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alphabet():
    """A text in which no character comes twice, so that a window says where it was taken from."""
    characters = "".join(map(chr, range(200, 500)))
    return Text(characters[:250], characters[250:], data.card("shakespeare_sample"))


def test_an_epoch_sees_each_character_once_in_windows_side_by_side(alphabet):
    task = text_task(alphabet, validation=0.2)
    assert len(task.splits["training"]) == 200
    starts = set()
    for epoch in range(200):
        task.start_epoch(generator(0, epoch))
        x, y = task.batch("training", torch.arange(task.sizes["training"]), generator(0))
        assert x.shape == (24, 8)
        assert torch.equal(x.flatten(), torch.arange(x[0, 0], x[0, 0] + x.numel()))  # one after the other
        assert torch.equal(y, x + 1)  # the character after each
        assert y.max() < 200  # nothing of the validation part
        starts.add(int(x[0, 0]))
    assert starts == set(range(8))  # every place of a window comes to be its first


def test_without_a_generator_windows_begin_at_the_beginning(alphabet):
    task = text_task(alphabet)
    task.start_epoch(generator(0, 5))
    x, _ = task.batch("validation", torch.arange(task.sizes["validation"]))
    assert x[0].tolist() == list(range(225, 233))
    assert torch.equal(x.flatten(), torch.arange(225, 225 + x.numel()))


class Bigram(nn.Module):
    """Guesses from the last character alone, so windows make no difference to it."""

    def __init__(self, vocabulary):
        super().__init__()
        self.table = nn.Embedding(vocabulary, vocabulary)

    def forward(self, tokens):
        assert not self.training or tokens.shape[1] == 8
        return self.table(tokens)


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("context", [8, 7, 49])
def test_evaluation_covers_every_character_but_the_first(alphabet, context, batch_size):
    task = text_task(alphabet, context=context, validation=0.2)
    model = Bigram(len(alphabet.vocabulary))
    numbers = torch.from_numpy(alphabet.encode(alphabet.test))
    expected = F.cross_entropy(model.table(numbers[:-1]), numbers[1:]).item()
    found = task.evaluate(model, "test", batch_size)
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    assert found["perplexity"] == pytest.approx(np.exp(expected), rel=1e-5)
    assert model.training


def test_the_loss_is_a_mean_over_all_characters(alphabet):
    task = text_task(alphabet, label_smoothing=0.1)
    model = Bigram(len(alphabet.vocabulary))
    x, y = batch = task.batch("training", torch.arange(5))
    logits = model(x).flatten(0, 1)
    assert task.items(batch) == 40
    torch.testing.assert_close(task.loss(model, batch), F.cross_entropy(logits, y.flatten(), label_smoothing=0.1))


def test_a_text_too_short_for_a_window_is_refused(alphabet):
    with pytest.raises(UsageError, match=r"The validation part .* has 25 characters, too few for one window"):
        text_task(alphabet, context=25)


def test_a_text_that_is_just_long_enough_has_one_window(alphabet):
    task = text_task(replace(alphabet, train=alphabet.train[:40]), context=9, validation=0.3)
    assert task.sizes["training"] >= 1
    for epoch in range(20):
        task.start_epoch(generator(0, epoch))
        task.batch("training", torch.arange(task.sizes["training"]), generator(0))


def test_data_of_another_kind_are_refused(digits, text):
    with pytest.raises(UsageError, match=r"guess the next character of a text, but .* holds none\. Texts: shakespeare"):
        text_task(digits)
    with pytest.raises(UsageError, match="classify images"):
        images_task(text)


def test_names_are_a_text_too():
    from groundup.data import Names

    task = text_task(Names(("anna", "bert") * 20, ("carl", "dora") * 5, data.card("names")))
    assert task.text.train.startswith("\nanna\nbert\n")


# --- randomness -----------------------------------------------------------------------------------------------------


def test_generators_of_different_purposes_draw_different_numbers():
    draws = {tuple(torch.randint(1000, (4,), generator=generator(*path)).tolist()) for path in
             [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 1, 2), (0, 2, 1)]}  # fmt: skip
    assert len(draws) == 7
    assert torch.equal(*(torch.rand(3, generator=generator(5, 6, 7)) for _ in range(2)))
