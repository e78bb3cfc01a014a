"""GPT: against its twin, tied weights, generation with and without a cache, learning, clear errors."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from groundup import scratch as gu
from groundup.compare import trajectory
from groundup.compare.gpt_twin import TorchGPT
from groundup.compare.workloads import WORKLOADS
from groundup.scratch.generation import generate, sample
from groundup.scratch.models import GPT

SMALL = {"vocabulary": 11, "context": 8, "layers": 2, "heads": 2, "width": 12}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def small(rng, dtype=np.float64, **options):
    sizes: dict[str, Any] = SMALL | options
    model = GPT(**sizes, rng=rng, dtype=dtype)
    for p in model.parameters():  # far from the small first weights, so that every part has something to say
        p.data += rng.normal(0, 0.3, p.shape)
    return model


def test_number_of_weights(rng):
    model = GPT(vocabulary=65, context=64, layers=4, heads=4, width=128, tied=False, rng=rng)
    twin = TorchGPT(65, 64, 4, 4, 128)
    assert sum(p.size for p in model.parameters()) == sum(p.numel() for p in twin.parameters()) == 818_176
    tied = GPT(vocabulary=65, context=64, layers=4, heads=4, width=128, tied=True, rng=rng)
    assert sum(p.size for p in tied.parameters()) == 818_176 - 65 * 128


def test_first_loss_is_that_of_guessing(rng):
    model = GPT(vocabulary=65, context=64, rng=rng)
    tokens, labels = rng.integers(0, 65, (2, 4, 64))
    loss = gu.CrossEntropy()(model(tokens).reshape(-1, 65), labels.reshape(-1))
    assert abs(loss - np.log(65)) < 0.2


def test_tied_weights_collect_both_gradients(rng):
    model = small(rng, tied=True, layers=1, width=4)
    twin = TorchGPT(11, 8, 1, 2, 4).double()
    twin.head.weight = twin.token_embedding.weight
    twin.load_state_dict({name: torch.from_numpy(w) for name, w in model.state_dict().items()})
    tokens = rng.integers(0, 11, (3, 5))
    logits = model(tokens)
    dlogits = rng.standard_normal(logits.shape)
    model.backward(dlogits)
    expected = twin(torch.from_numpy(tokens))
    expected.backward(torch.from_numpy(dlogits))
    np.testing.assert_allclose(logits, expected.detach().numpy(), rtol=1e-10, atol=1e-13)
    gradients = {name: p.grad.numpy() for name, p in twin.named_parameters() if p.grad is not None}
    for name, p in model.named_parameters():
        if name != "head.weight":  # which is token_embedding.weight
            assert gu.relative_error(p.grad, gradients[name]) < 1e-10, name
    assert gu.check_gradients(model, tokens).passed


def test_twins_stay_together_for_200_steps():
    def by_hand(rng, dtype):
        _, loss, _ = WORKLOADS["gpt"].by_hand(rng, dtype)
        model = GPT(vocabulary=65, context=64, layers=1, heads=2, width=8, tied=False, rng=rng, dtype=dtype)
        return model, loss, gu.AdamW(model.parameters(), lr=1e-3)

    def in_torch():
        _, loss, make_optimizer = WORKLOADS["gpt"].in_torch()
        return TorchGPT(65, 64, 1, 2, 8), loss, make_optimizer

    def data(rng):
        x, y = WORKLOADS["gpt"].data(rng)
        return x[:32, :7], y[:32, :7]

    workload = dataclasses.replace(WORKLOADS["gpt"], data=data, by_hand=by_hand, in_torch=in_torch, batch_size=5)
    result = trajectory.train_twins(workload, 200, tolerance=1e-8)
    assert result.agreed, result.divergence
    assert result.steps[-1].loss_by_hand < 0.9 * result.steps[0].loss_by_hand


# -- generation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [False, True])
def test_with_caches_token_by_token_equals_all_at_once(rng, tied):
    model = small(rng, tied=tied).eval()
    tokens = rng.integers(0, 11, (3, 8))
    caches = model.new_caches()
    steps = [model(tokens[:, t : t + 1], caches) for t in range(8)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), model(tokens), rtol=1e-10, atol=1e-12)


def test_greedy_generation_equals_reading_everything_anew(rng):
    model = small(rng)
    text = rng.integers(0, 11, (2, 3))
    written = generate(model, text, 5, temperature=0, rng=rng)
    assert model.training, "the mode before is restored"
    model.eval()
    for _ in range(5):
        text = np.concatenate([text, model(text)[:, -1].argmax(axis=-1)[:, None]], axis=1)
    np.testing.assert_array_equal(written, text)


def test_past_the_context_it_goes_on_from_the_last_half(rng):
    model = small(rng).eval()
    start = rng.integers(0, 11, (2, 3))
    written = generate(model, start, 20, temperature=0, rng=rng)
    text, memory = start, start
    for _ in range(20):
        if memory.shape[1] > 8:
            memory = text[:, -4:]
        token = model(memory)[:, -1].argmax(axis=-1)[:, None]
        text, memory = np.concatenate([text, token], axis=1), np.concatenate([memory, token], axis=1)
    np.testing.assert_array_equal(written, text)


def test_a_prompt_longer_than_the_context_is_cut(rng):
    model = small(rng)
    long = rng.integers(0, 11, 30)
    written = generate(model, long, 1, temperature=0, rng=rng)
    assert written.shape == (31,)
    assert written[-1] == model.eval()(long[None, -8:])[0, -1].argmax()


def test_a_seed_repeats_and_another_does_not(rng):
    model, start = small(rng), np.array([1, 2, 3])
    first, again, other = (generate(model, start, 30, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(first[:3], start)


def test_samples_follow_the_softmax(rng):
    logits = np.array([2.0, 0.0, -1.0, 1.0], np.float32)
    draws = sample(np.tile(logits, (40_000, 1)), temperature=2.0, rng=rng)
    p = np.exp(logits / 2) / np.exp(logits / 2).sum()
    np.testing.assert_allclose(np.bincount(draws, minlength=4) / 40_000, p, atol=5 * np.sqrt(0.25 / 40_000))


def test_top_k_and_temperature(rng):
    logits = rng.standard_normal((2000, 7)).astype(np.float32)
    likeliest = logits.argmax(axis=1)
    np.testing.assert_array_equal(sample(logits, top_k=1, rng=rng), likeliest)
    np.testing.assert_array_equal(sample(logits, temperature=0, rng=rng), likeliest)
    np.testing.assert_array_equal(sample(logits, temperature=1e-12, rng=rng), likeliest)
    ranks = (-logits).argsort(axis=1).argsort(axis=1)[np.arange(2000), sample(logits, top_k=3, rng=rng)]
    assert set(ranks) == {0, 1, 2}
    assert set(sample(np.full((500, 3), -1e4, np.float32), temperature=100.0, rng=rng)) == {0, 1, 2}


def test_it_learns(rng):
    """Count up modulo 7: after training, a greedy text goes on counting, past the context."""
    model = GPT(vocabulary=7, context=8, layers=1, heads=2, width=16, rng=rng)
    optimizer, loss = gu.AdamW(model.parameters(), lr=1e-2), gu.CrossEntropy()
    value = np.inf
    for _ in range(100):
        text = (rng.integers(0, 7, (16, 1)) + np.arange(9)) % 7
        value = loss(model(text[:, :-1]).reshape(-1, 7), text[:, 1:].reshape(-1))
        optimizer.zero_grad()
        model.backward(loss.backward().reshape(16, 8, 7))
        optimizer.step()
    assert value < 0.05
    np.testing.assert_array_equal(generate(model, np.array([5]), 20, temperature=0, rng=rng), (5 + np.arange(21)) % 7)


def test_errors_name_both_values(rng):
    with pytest.raises(ValueError, match="width 10 and 4 heads"):
        GPT(vocabulary=7, context=8, heads=4, width=10, rng=rng)
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        GPT(vocabulary=7, context=8, layers=0, rng=rng)
    model = small(rng)
    with pytest.raises(ValueError, match="positions 0 to 8, but only 8"):
        model(np.zeros((1, 9), int))
    with pytest.raises(ValueError, match="found 11, but the table has 11 rows"):
        model(np.full((1, 3), 11))
    with pytest.raises(ValueError, match=r"tokens: got shape \(3,\), expected \(N, T\)"):
        model(np.zeros(3, int))
    with pytest.raises(RuntimeError, match=r"eval\(\)"):
        model(np.zeros((1, 3), int), model.new_caches())
    with pytest.raises(ValueError, match="at least one token"):
        generate(model, np.zeros(0, int), 3, rng=rng)
    with pytest.raises(ValueError, match="temperature must not be negative, got -1"):
        generate(model, np.zeros(3, int), 3, temperature=-1, rng=rng)
    with pytest.raises(ValueError, match="vocabulary, 11, got 12"):
        generate(model, np.zeros(3, int), 3, top_k=12, rng=rng)
    assert model.training
