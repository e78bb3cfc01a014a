"""Masked language modelling: what is hidden, how often, and that nothing else is changed or counted."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from toys import small_digits, small_text

from groundup.errors import UsageError
from groundup.training import OptimizerConfig, TrainConfig, train
from groundup.training.config import TextConfig
from groundup.training.tasks.masked_text import MaskedLanguageModelling, make, mask

V = 11


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 2**32))
def test_fifteen_percent_of_each_window_are_chosen_and_nothing_else_changes(N, T, seed):
    x = torch.randint(V, (N, T), generator=seeded(seed))
    seen, places, truth = mask(x, V, seeded(seed + 1))
    K = max(1, round(0.15 * T))
    assert places.shape == truth.shape == (N, K)
    assert all(len(set(row)) == K for row in places.tolist())
    assert torch.equal(truth, x.gather(1, places))
    chosen = torch.zeros(N, T, dtype=torch.bool).scatter(1, places, True)
    assert torch.equal(seen[~chosen], x[~chosen])
    assert ((seen >= 0) & (seen <= V)).all()


def test_of_ten_chosen_eight_are_masked_one_is_exchanged_one_stays():
    x = torch.randint(V, (500, 200), generator=seeded())
    seen, places, truth = mask(x, V, seeded(1))
    put = seen.gather(1, places)
    n = put.numel()  # 15,000: a standard error of 0.0033 and 0.0025
    assert (put == V).float().mean().item() == pytest.approx(0.8, abs=0.012)
    stays = 0.1 + 0.1 / V  # the character that is drawn instead may be the same
    assert (put == truth).float().mean().item() == pytest.approx(stays, abs=0.01)
    exchanged = put[(put != V) & (put != truth)]
    assert len(exchanged) / n == pytest.approx(0.1 - 0.1 / V, abs=0.01)
    assert (torch.bincount(exchanged, minlength=V) / len(exchanged) - 1 / V).abs().max() < 0.03
    assert (torch.bincount(places.flatten(), minlength=200) / 500 - 0.15).abs().max() < 0.08  # every place alike


def test_the_generator_decides_what_is_hidden():
    x = torch.randint(V, (3, 40), generator=seeded())
    one, same, other = (mask(x, V, seeded(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, same))
    assert not torch.equal(one.places, other.places)


CONFIG = TrainConfig(
    model="bert_small",
    data="shakespeare_sample",
    model_settings={"layers": 1, "heads": 2, "width": 16},
    text=TextConfig(context=20),
    epochs=2,
    batch_size=16,
    device="cpu",
    optimizer=OptimizerConfig(lr=0.01),
)


@pytest.fixture
def task() -> MaskedLanguageModelling:
    return make(CONFIG, small_text(), torch.device("cpu"))


class Fixed(nn.Module):
    """Guesses by what it reads at a place, and remembers what it was given."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.randn(vocabulary, vocabulary, generator=seeded()))
        self.batches: list[torch.Tensor] = []

    def forward(self, tokens, *, places):
        self.batches.append(tokens)
        return self.logits[tokens.gather(1, places)]


def test_the_mask_is_one_token_more_than_the_text_has(task):
    characters = len(task.text.vocabulary)
    assert task.settings == {"vocabulary": characters + 1, "context": 20}
    batch = task.batch("training", torch.arange(8), seeded())
    assert batch.seen.max() == characters
    assert batch.truth.max() < characters
    assert task.items(batch) == 8 * 3


def test_windows_are_the_texts_and_each_batch_hides_other_places(task):
    rows = torch.tensor([2, 0])
    one, other = (task.batch("training", rows, seeded(seed)) for seed in (1, 2))
    assert not torch.equal(one.places, other.places)
    for batch in (one, other):
        text = batch.seen.scatter(1, batch.places, batch.truth)
        assert task.text.decode(text[1].numpy()) == task.text.train[task.offset : task.offset + 20]
    plain, again = (task.batch("validation", rows) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(plain, again))


def test_the_loss_is_the_mean_over_the_hidden_characters(task):
    model = Fixed(task.settings["vocabulary"])
    batch = task.batch("training", torch.arange(4), seeded())
    expected = [
        F.cross_entropy(model.logits[batch.seen[n, place]], batch.truth[n, k]).item()
        for n in range(4)
        for k, place in enumerate(batch.places[n])
    ]
    assert task.loss(model, batch).item() == pytest.approx(sum(expected) / len(expected), rel=1e-5)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_evaluation_measures_whole_windows_with_the_same_characters_hidden_each_time(task, split):
    model = Fixed(task.settings["vocabulary"]).train()
    scores, again = (task.evaluate(model, split, batch_size=3) for _ in range(2))
    assert scores == again
    assert model.training
    half = len(model.batches) // 2
    assert all(torch.equal(a, b) for a, b in zip(model.batches[:half], model.batches[half:]))
    assert sum(len(batch) for batch in model.batches[:half]) == task.sizes[split]
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]))
    assert 0 <= scores["accuracy"] <= 1
    sure = Fixed(task.settings["vocabulary"])
    sure.logits.data.fill_(-9)[:, 5] = 9
    share = task.evaluate(sure, split)["accuracy"]
    numbers = task.splits[split]
    assert share == pytest.approx((numbers == 5).float().mean().item(), abs=0.1)


def test_a_run_learns_and_ends_with_what_it_restores(tmp_path):
    result = train(CONFIG, small_text(), tmp_path / "run", progress=False)
    assert result.history[-1]["train_loss"] < result.history[0]["train_loss"]
    lines = result.sample.splitlines()
    masked, restored = lines[0].removeprefix("masked    "), lines[1].removeprefix("restored  ")
    assert len(masked) == len(restored) == 20
    assert masked.count("_") == 3
    assert all(a in (b, "_") for a, b in zip(masked, restored))
    assert "_" not in restored
    assert lines[-1].endswith("right, in the whole windows")
    assert "restored" in result.task.words(result.test)
    assert "What it makes" in (result.folder / "report.html").read_text()
    assert result.task.facts()["vocabulary"] == small_text().vocabulary


def test_images_are_refused():
    with pytest.raises(UsageError, match="bert_small learns to guess hidden characters of a text, but"):
        make(CONFIG, small_digits(), torch.device("cpu"))
