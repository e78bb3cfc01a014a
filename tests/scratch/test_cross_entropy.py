"""Cross-entropy, NLL and the softmax: definitions, extreme logits, masked classes, ignored labels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.compare.layer_evidence import strided

inf = np.inf
seeds = st.integers(0, 2**32 - 1)
reductions = st.sampled_from(["mean", "sum", "none"])
dtypes = st.sampled_from([np.float32, np.float64])
quick = settings(max_examples=60, deadline=None)


def tolerance(dtype):
    return 2e-5 if dtype == np.float32 else 1e-10


def naive_cross_entropy(logits, labels, weight, ignore_index, smoothing):
    """Return the losses (N, ...) and how much each counts, one position after the other."""
    each, amounts = np.zeros(labels.shape), np.zeros(labels.shape)
    for place in np.ndindex(labels.shape):
        label, z = labels[place], logits[(place[0], slice(None), *place[1:])]
        if label == ignore_index:
            continue
        log_p = z - np.log(np.sum(np.exp(z)))
        amounts[place] = weight[label]
        each[place] = -(1 - smoothing) * weight[label] * log_p[label] - smoothing * np.mean(weight * log_p)
    return each, amounts


@quick
@given(
    st.integers(1, 7), st.integers(1, 7), st.lists(st.integers(1, 3), max_size=2), dtypes, reductions,
    st.sampled_from([0.0, 0.3]), st.booleans(), st.sampled_from([-100, 0, 255]), seeds,
)  # fmt: skip
def test_cross_entropy_is_its_definition(n, c, more, dtype, reduction, smoothing, weighted, ignore_index, seed):
    rng = np.random.default_rng(seed)
    logits = strided((2 * rng.standard_normal((n, c, *more))).astype(dtype))
    labels = rng.integers(0, c, (n, *more))
    labels[rng.random(labels.shape) < 0.2] = ignore_index
    weight = rng.random(c) + 0.1 if weighted else None
    loss = gu.CrossEntropy(reduction, weight=weight, ignore_index=ignore_index, label_smoothing=smoothing)
    value = loss(logits, labels)
    each, amounts = naive_cross_entropy(
        logits.astype(np.float64), labels, np.ones(c) if weight is None else weight, ignore_index, smoothing
    )
    if reduction == "mean":
        each = each.sum() / amounts.sum() if amounts.sum() else np.nan
    right = np.sum(each) if reduction == "sum" else each
    # Relative, but near a loss of 0 (one class only) to the logits, which are of the order of 1.
    np.testing.assert_allclose(value, right, rtol=tolerance(dtype), atol=tolerance(dtype))

    twin = torch.tensor(logits, requires_grad=True)
    w = None if weight is None else torch.tensor(weight, dtype=twin.dtype)
    options = {"reduction": reduction, "ignore_index": ignore_index, "label_smoothing": smoothing}
    theirs = F.cross_entropy(twin, torch.tensor(labels), w, **options)
    dloss = np.asarray(rng.standard_normal(theirs.shape), dtype)
    theirs.backward(torch.tensor(dloss))
    mine = loss.backward(dloss)
    assert mine.shape == logits.shape
    assert mine.dtype == dtype
    assert twin.grad is not None
    # The mean of nothing: PyTorch's gradient is NaN if there are weights or smoothing, ours always zeros.
    want = np.nan_to_num(twin.grad.numpy(), nan=0.0) if not amounts.any() else twin.grad.numpy()
    # One class only: the gradient is 0 but for rounding, so measure that against the upstream gradient.
    assert np.abs(mine - want).max() <= tolerance(dtype) * max(1, np.abs(dloss).max())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
def test_all_ignored(smoothing, weight):
    loss = gu.CrossEntropy(weight=weight, label_smoothing=smoothing)
    assert np.isnan(loss(np.ones((2, 3)), np.array([-100, -100])))
    np.testing.assert_array_equal(loss.backward(), np.zeros((2, 3)))
    loss.reduction = "sum"
    assert loss(np.ones((2, 3)), np.array([-100, -100])) == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_cross_entropy_at_extreme_logits(smoothing):
    """±1e4 in float32: one class beats the others by 20,000 nats, and that is what it costs to be wrong."""
    logits = np.array([[1e4, -1e4, -1e4, -1e4], [1e4, 1e4, -1e4, -1e4], [0, 1e4, 0, 0], [-1e4] * 4], np.float32)
    for label in range(4):
        loss = gu.CrossEntropy("none", label_smoothing=smoothing)
        mine = loss(logits, np.full(4, label))
        z = torch.tensor(logits.astype(np.float64), requires_grad=True)
        right = F.cross_entropy(z, torch.full((4,), label), reduction="none", label_smoothing=smoothing)
        right.sum().backward()
        np.testing.assert_allclose(mine, right.detach().numpy(), rtol=1e-6)
        assert z.grad is not None
        np.testing.assert_allclose(loss.backward(np.ones(4)), z.grad.numpy(), atol=1e-6)


def test_masked_classes_are_as_if_they_were_not_there():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((5, 7)), rng.integers(0, 4, 5)
    masked = logits.copy()
    masked[:, 4:] = -inf
    small, large = gu.CrossEntropy(), gu.CrossEntropy()
    assert large(masked, labels) == pytest.approx(small(logits[:, :4], labels), rel=1e-14)
    d = large.backward()
    np.testing.assert_allclose(d[:, :4], small.backward(), rtol=1e-13)
    np.testing.assert_array_equal(d[:, 4:], 0)
    np.testing.assert_allclose(gu.log_softmax(masked)[:, :4], gu.log_softmax(logits[:, :4]), rtol=1e-14)
    # a soft target that gives the masked classes nothing
    target = np.eye(7)[labels]
    assert large(masked, target) == pytest.approx(small(logits[:, :4], labels), rel=1e-14)
    np.testing.assert_allclose(large.backward()[:, :4], small.backward(), rtol=1e-13, atol=1e-16)


def test_the_right_class_is_masked():
    loss = gu.CrossEntropy("none")
    assert loss(np.array([[0.0, 0.0, -inf]]), np.array([2])) == inf
    np.testing.assert_allclose(loss.backward(np.ones(1)), [[0.5, 0.5, -1]])


def test_rows_where_every_class_is_masked():
    """No class is possible: infinite surprise and a finite gradient; if the row is ignored, nothing at all."""
    logits = np.array([[-inf, -inf, -inf], [0.0, 1.0, 2.0]])
    np.testing.assert_allclose(gu.logsumexp(logits), [-inf, np.log(np.exp([0, 1, 2]).sum())])
    np.testing.assert_array_equal(gu.log_softmax(logits)[0], [-inf] * 3)
    loss = gu.CrossEntropy()
    assert loss(logits, np.array([1, 0])) == inf
    assert np.isfinite(loss.backward()).all()
    for smoothing in (0.0, 0.1):
        loss = gu.CrossEntropy(label_smoothing=smoothing)
        alone = gu.CrossEntropy(label_smoothing=smoothing)
        assert loss(logits, np.array([-100, 0])) == pytest.approx(alone(logits[1:], np.array([0])))
        np.testing.assert_allclose(loss.backward(), np.concatenate([np.zeros((1, 3)), alone.backward()]), atol=1e-16)


def test_nll_of_log_softmax_is_cross_entropy():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((11, 7)), rng.integers(0, 7, 11)
    nll, cross_entropy = gu.NLL(weight=np.arange(1.0, 8.0)), gu.CrossEntropy(weight=np.arange(1.0, 8.0))
    log_p = gu.log_softmax(logits)
    assert nll(log_p, labels) == pytest.approx(cross_entropy(logits, labels), rel=1e-14)
    d = nll.backward()
    np.testing.assert_allclose(d - np.exp(log_p) * d.sum(1, keepdims=True), cross_entropy.backward(), atol=1e-16)


def test_ignored_positions_may_hold_infinities():
    log_p = np.array([[-inf, -inf], [-1.0, -2.0]])
    loss = gu.NLL()
    assert loss(log_p, np.array([-100, 1])) == 2
    np.testing.assert_array_equal(loss.backward(), [[0, 0], [0, -1]])


@quick
@given(st.integers(1, 7), st.floats(-1e4, 1e4), dtypes, seeds)
def test_softmax_does_not_see_a_shift(c, by, dtype, seed):
    z = np.random.default_rng(seed).integers(-8, 8, (3, c)).astype(dtype)  # whole numbers: shifts are exact
    by = dtype(round(by))
    np.testing.assert_array_equal(gu.log_softmax(z + by), gu.log_softmax(z))
    np.testing.assert_allclose(np.exp(gu.log_softmax(z)).sum(-1), 1, rtol=1e-5)
