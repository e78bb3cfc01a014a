"""Writing: the candidates are the right ones, a cache changes nothing, and the same seed writes the same text."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers.generation.logits_process import TopKLogitsWarper, TopPLogitsWarper

from groundup import models
from groundup.errors import UsageError
from groundup.training.generation import distribution, generate

V = 13
# In steps of a tenth, so that some are equal, and those that are not differ by more than rounding.
LOGITS = st.lists(st.integers(-300, 300), min_size=2, max_size=20).map(lambda row: torch.tensor([row]) / 10)
TEMPERATURE = st.floats(0.05, 20)
SHARE = st.floats(0.01, 1)


@given(LOGITS, TEMPERATURE, st.none() | st.integers(1, 25), st.none() | SHARE)
def test_it_is_a_distribution_of_the_softmax_over_the_candidates(logits, temperature, k, share):
    p = distribution(logits, temperature, k, share)
    assert p.dtype == torch.float64
    assert p.sum().item() == pytest.approx(1)
    assert (p >= 0).all()
    whole = (logits.double() / temperature).softmax(-1)
    kept = p > 0
    torch.testing.assert_close(p[kept], whole[kept] / whole[kept].sum())  # scaled, in the same proportions
    assert kept[0, logits.argmax()]


@given(LOGITS, st.integers(1, 25))
def test_top_k_keeps_the_k_likeliest_and_those_as_likely_as_the_last(logits, k):
    kept = distribution(logits, top_k=k)[0] > 0
    scores = logits[0].tolist()
    last = sorted(scores, reverse=True)[:k][-1]
    assert kept.tolist() == [score >= last for score in scores]


@given(LOGITS, TEMPERATURE, SHARE)
def test_top_p_keeps_the_fewest_that_hold_the_share(logits, temperature, share):
    whole = distribution(logits, temperature)[0]
    kept = distribution(logits, temperature, top_p=share)[0] > 0
    assert whole[kept].sum().item() >= share - 1e-9
    least = whole[kept].min()
    assert whole[kept].sum().item() - least.item() < share + 1e-9  # one less would be too few
    assert (whole[~kept] <= least).all()


@given(LOGITS, st.integers(1, 25), SHARE)
def test_smaller_settings_never_add_a_candidate(logits, k, share):
    def candidates(k, share):
        return distribution(logits, 1.0, k, share) > 0

    assert not (candidates(k, share) & ~candidates(k + 1, share if k >= logits.shape[1] else 1.0)).any()
    assert not (candidates(k, share / 2) & ~candidates(k, share)).any()


@given(LOGITS, TEMPERATURE, st.integers(1, 25), SHARE)
def test_the_candidates_are_those_of_transformers(logits, temperature, k, share):
    scores = logits.double() / temperature
    none: Any = torch.zeros(1, 1, dtype=torch.long)
    theirs = TopPLogitsWarper(share)(none, TopKLogitsWarper(k)(none, scores)).softmax(-1)
    held = distribution(logits, temperature, k).sort(descending=True).values.cumsum(-1)
    on_the_edge = (held - share).abs().min() < 1e-6  # there rounding decides
    if not on_the_edge and len(logits[0].unique()) == logits.shape[1]:  # among equals the order decides
        torch.testing.assert_close(distribution(logits, temperature, k, share), theirs)


def test_a_low_temperature_sharpens_a_high_one_flattens():
    logits = torch.tensor([[2.0, 1.0, 0.0]])
    entropies = [-(p * p.log()).sum().item() for t in (0.5, 1, 2, 1000) for p in [distribution(logits, t)]]
    assert entropies == sorted(entropies)
    assert entropies[-1] == pytest.approx(math.log(3), abs=1e-5)
    certain = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    assert torch.equal(distribution(logits, 0.0), certain)
    torch.testing.assert_close(distribution(logits, 1e-300), certain)


def test_rows_do_not_influence_one_another():
    logits = torch.randn(5, V)
    whole = distribution(logits, 0.7, 6, 0.8)
    for row in range(5):
        torch.testing.assert_close(whole[row : row + 1], distribution(logits[row : row + 1], 0.7, 6, 0.8))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "--temperature is -0.1"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"temperature": float("inf")}, "--temperature is inf"),
        ({"top_k": 0}, "--top-k is 0; expected 1 or more"),
        ({"top_p": 0.0}, "--top-p is 0.0; expected above 0"),
        ({"top_p": 1.1}, "--top-p is 1.1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        distribution(torch.zeros(1, 3), **settings)


SMALL = {
    "gpt2": dict(vocabulary=V, context=12, layers=2, heads=2, width=8, dropout=0.3),
    "rnn": dict(vocabulary=V, width=4, hidden=8, layers=2, dropout=0.3),
    "lstm": dict(vocabulary=V, width=4, hidden=8, fast=False),
    "gru": dict(vocabulary=V, width=4, hidden=8),
}


def small(name) -> nn.Module:
    torch.manual_seed(1)
    model = models.create(name, **SMALL[name]).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)  # far from uniform guesses
    return model


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("start", [1, 5, 12, 20])
def test_with_a_cache_and_without_the_same_text_is_written(name, start):
    model, opening = small(name), torch.randint(V, (3, start), generator=seeded())
    kept, anew = (generate(model, opening, 30, generator=seeded(), cache=cache) for cache in (True, False))
    assert torch.equal(kept, anew)
    assert kept.shape == (3, start + 30)
    assert torch.equal(kept[:, :start], opening)


def test_a_seed_decides_the_text_and_nothing_else_does():
    model, opening = small("gpt2"), torch.zeros(2, 1, dtype=torch.long)
    one = generate(model, opening, 30, generator=seeded())
    torch.manual_seed(5)
    assert torch.equal(generate(model, opening, 30, generator=seeded()), one)
    assert not torch.equal(generate(model, opening, 30, generator=seeded(1)), one)
    assert not torch.equal(one[0], one[1])


def test_temperature_0_and_top_k_1_write_the_likeliest():
    model, opening = small("gru"), torch.tensor([[1, 2, 3]])
    written = generate(model, opening, 20, temperature=0)
    assert torch.equal(written, generate(model, opening, 20, top_k=1))
    assert torch.equal(written, generate(model, opening, 20, top_p=1e-9))
    guesses = model.eval()(written)[0].argmax(-1)
    assert torch.equal(guesses[2:-1], written[0, 3:])


def test_what_is_drawn_follows_the_distribution():
    model = small("rnn").eval()
    opening = torch.zeros(4000, 1, dtype=torch.long)
    with torch.no_grad():
        p = distribution(model(opening[:1])[:, -1], 1.3, 8, 0.9)[0]
    drawn = generate(model, opening, 1, temperature=1.3, top_k=8, top_p=0.9, generator=seeded())[:, 1]
    counts = torch.bincount(drawn, minlength=V) / 4000
    assert ((counts > 0) == (p > 0)).all()
    assert (counts - p).abs().max() < 0.035  # more than four standard errors


def test_a_full_context_goes_on_from_its_last_half():
    model = small("gpt2")
    opening = torch.randint(V, (1, 12), generator=seeded())
    seen = []
    read = model.read
    model.read = lambda tokens, memory: seen.append(tokens.shape[1]) or read(tokens, memory)  # type: ignore[union-attr]
    written = generate(model, opening, 9, temperature=0)
    assert seen == [12, 6, 1, 1, 1, 1, 1, 1, 6]
    model.eval()
    assert model(written[:, 7:13])[0, -1].argmax() == written[0, 13]


@pytest.mark.parametrize("train", [True, False])
def test_the_model_writes_without_dropout_and_keeps_its_mode(train):
    model = small("gpt2").train(train)
    opening = torch.tensor([[3]])
    assert torch.equal(generate(model, opening, 9, temperature=0), generate(model, opening, 9, temperature=0))
    assert model.training == train
    with pytest.raises(UsageError, match="--top-k"):
        generate(model, opening, 1, top_k=0)
    assert model.training == train


def test_what_makes_no_sense_is_refused():
    model = small("gru")
    with pytest.raises(ValueError, match=r"got shape \(1, 0\)"):
        generate(model, torch.zeros(1, 0, dtype=torch.long), 3)
    with pytest.raises(UsageError, match="--tokens is -1"):
        generate(model, torch.zeros(1, 1, dtype=torch.long), -1)
    with pytest.raises(UsageError, match="Linear does not write"):
        generate(nn.Linear(1, 1), torch.zeros(1, 1, dtype=torch.long), 1)
    assert generate(model, torch.tensor([[3, 4]]), 0).tolist() == [[3, 4]]
