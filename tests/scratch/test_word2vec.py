"""word2vec: the pairs, the noise, the loss, and what the vectors learn."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.losses.negative_sampling import negative_sampling_backward, negative_sampling_forward
from groundup.scratch.models import SkipGram
from groundup.scratch.models.word2vec import Noise, count_words, keep_probability, skip_gram_pairs, words


def test_words():
    found = words("Speak, speak.\nWe know't: 'tis -- 2 o'er\n")
    assert found == ["speak", "speak", "we", "know't", "tis", "o'er"]


def test_count_words_most_frequent_first():
    vocabulary, counts = count_words(["b", "a", "a", "c", "b", "a", "d", "d"], at_least=2)
    assert (vocabulary, counts.tolist()) == (["a", "b", "d"], [3, 2, 2])


def test_frequent_words_are_left_out_more_often():
    keep = keep_probability(np.array([9_000, 900, 90, 10]), threshold=1e-2)
    np.testing.assert_allclose(keep, [np.sqrt(0.01 / 0.9), np.sqrt(0.01 / 0.09), 1, 1])


@settings(deadline=None)
@given(st.integers(0, 23), st.integers(1, 7), st.integers(0, 99))
def test_pairs_are_those_of_the_two_loops(length, window, seed):
    tokens = np.random.default_rng(seed).integers(0, 5, length)
    center, context = skip_gram_pairs(tokens, window, np.random.default_rng(seed))
    reach = np.random.default_rng(seed).integers(1, window + 1, length)  # the first thing that is drawn
    right = Counter(
        (int(tokens[i]), int(tokens[j]))
        for i in range(length)
        for j in range(length)
        if i != j and abs(i - j) <= reach[i]
    )
    assert Counter(zip(center.tolist(), context.tolist())) == right


def test_pairs_come_in_random_order():
    center, _ = skip_gram_pairs(np.arange(1000), 3, np.random.default_rng(0))
    assert abs(np.corrcoef(center[:-1], center[1:])[0, 1]) < 0.1
    with pytest.raises(ValueError, match="window must be at least 1, got 0"):
        skip_gram_pairs(np.arange(5), 0, np.random.default_rng(0))


def test_noise_follows_the_power_of_the_counts():
    counts = np.array([1000, 100, 10, 1])
    drawn = np.bincount(Noise(counts).draw((400, 500), np.random.default_rng(0)).ravel(), minlength=4)
    np.testing.assert_allclose(drawn / drawn.sum(), counts**0.75 / (counts**0.75).sum(), atol=2e-3)


class Largest:
    """A generator whose numbers are as near to 1 as they come."""

    def random(self, shape):
        return np.full(shape, np.nextafter(1, 0))


def test_noise_stays_within_the_vocabulary():
    rng: np.random.Generator = Largest()  # pyright: ignore[reportAssignmentType]
    assert (Noise(np.arange(1, 1000)).draw((3,), rng) == 998).all()


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(0, 5), st.integers(1, 5), st.integers(0, 99))
def test_loss_is_binary_cross_entropy_of_the_scores(N, K, D, seed):
    rng = np.random.default_rng(seed)
    center, context = rng.standard_normal((N, D)), rng.standard_normal((N, 1 + K, D))
    loss, cache = negative_sampling_forward(center, context, "none")
    v, u = (torch.tensor(a, requires_grad=True) for a in (center, context))
    right = torch.zeros(N, 1 + K, dtype=torch.double)
    right[:, 0] = 1
    twin = F.binary_cross_entropy_with_logits((u * v[:, None]).sum(-1), right, reduction="none").sum(1)
    assert relative_error(loss, twin.detach().numpy()) < 1e-12
    dloss = rng.standard_normal(N)
    twin.backward(torch.from_numpy(dloss))
    for mine, t in zip(negative_sampling_backward(dloss, cache), (v, u)):
        assert t.grad is not None
        assert np.abs(mine - t.grad.numpy()).max() <= 1e-12 * max(1, float(t.grad.abs().max()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_at_large_scores(dtype):
    center = np.array([[100.0], [-100.0]], dtype)
    context = np.full((2, 3, 1), 100, dtype)
    loss = gu.NegativeSampling("none")
    np.testing.assert_array_equal(loss(center, context), [20_000, 10_000])
    dcenter, dcontext = loss.backward(np.ones(2, dtype))
    np.testing.assert_array_equal(dcenter, [[200], [-100]])
    np.testing.assert_array_equal(dcontext[..., 0], [[0, 100, 100], [100, 0, 0]])


def test_loss_of_nothing():
    loss = gu.NegativeSampling("sum")
    assert loss(np.zeros((0, 3)), np.zeros((0, 5, 3))) == 0
    assert [d.shape for d in loss.backward()] == [(0, 3), (0, 5, 3)]


@pytest.mark.parametrize(
    ("center", "context", "message"),
    [
        ((5,), (5, 2, 3), r"center: got shape \(5,\), expected \(N, D\)"),
        ((5, 3), (5, 3), r"context: got shape \(5, 3\), expected \(N, 1 \+ K, D\)"),
        ((5, 3), (7, 2, 3), r"context: got shape \(7, 2, 3\), expected \(5, 1 \+ K, 3\): center has shape \(5, 3\)"),
        ((5, 3), (5, 0, 3), "the word there is missing"),
    ],
)
def test_loss_errors(center, context, message):
    with pytest.raises(ValueError, match=message):
        gu.NegativeSampling()(np.zeros(center), np.zeros(context))


def test_loss_of_whole_numbers():
    with pytest.raises(TypeError, match="context must hold floats"):
        gu.NegativeSampling()(np.zeros((5, 3)), np.zeros((5, 2, 3), int))


def test_gradients_of_the_model():
    model = SkipGram(7, 3, rng=np.random.default_rng(0), dtype=np.float64)
    model.context.weight.data[...] = np.random.default_rng(1).standard_normal((7, 3))
    center, context = np.array([1, 3, 1, 5, 0]), np.random.default_rng(2).integers(0, 7, (5, 4))
    report = gu.check_gradients(model, center, context)
    assert report.passed, str(report)


def test_model_errors():
    model = SkipGram(7, 3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"context: got shape \(4, 2\), expected \(5, 1 \+ K\)"):
        model(np.zeros(5, int), np.zeros((4, 2), int))
    with pytest.raises(ValueError, match="found 7, but the table has 7 rows"):
        model(np.full(5, 7), np.zeros((5, 2), int))


def test_words_in_like_places_come_together():
    """Words 0 to 4 stand only next to 8, words 5 to 7 only next to 9: two groups must form."""
    rng = np.random.default_rng(0)
    members, hubs = rng.integers(0, 8, 3000), np.arange(3000)
    hubs = np.where(members < 5, 8, 9)
    noise, model = Noise(np.ones(10)), SkipGram(10, 8, rng=rng)
    loss, optimizer = gu.NegativeSampling(), gu.Adam(model.parameters(), lr=0.02)
    values = []
    for start in range(0, 3000, 30):
        center, true = members[start : start + 30], hubs[start : start + 30]
        context = np.concatenate([true[:, None], noise.draw((30, 5), rng)], axis=1)
        values.append(float(loss(*model(center, context))))
        optimizer.zero_grad()
        model.backward(*loss.backward())
        optimizer.step()
    assert values[-1] < 0.6 * values[0]
    assert values[0] == pytest.approx(6 * np.log(2))  # the scores begin at zero
    best, cosines = model.nearest(2, 4)
    assert set(best.tolist()) == {0, 1, 3, 4}
    assert (np.diff(cosines) <= 0).all()
    assert cosines[-1] > 0.8
    assert set(model.nearest(6, 2)[0].tolist()) == {5, 7}
