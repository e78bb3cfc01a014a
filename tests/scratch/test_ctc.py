"""CTC: the sum over all paths, PyTorch's values, repeats, empty and impossible targets."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.compare.layer_evidence import strided
from groundup.scratch import naive
from groundup.scratch.gradcheck import check_gradients

inf = np.inf
seeds = st.integers(0, 2**32 - 1)
reductions = st.sampled_from(["mean", "sum", "none"])
dtypes = st.sampled_from([np.float32, np.float64])
quick = settings(max_examples=60, deadline=None)


def tolerance(dtype):
    return 2e-5 if dtype == np.float32 else 1e-10


def ctc_inputs(rng, T, N, C, S, blank, dtype: Any = np.float64):
    log_p = gu.log_softmax(rng.standard_normal((T, N, C))).astype(dtype)
    symbols = [c for c in range(C) if c != blank]
    return log_p, rng.choice(symbols, (N, S)), rng.integers(1, T + 1, N), rng.integers(0, S + 1, N)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(2, 3), st.integers(0, 3), seeds)
def test_ctc_is_the_sum_over_all_paths(T, N, C, S, seed):
    rng = np.random.default_rng(seed)
    blank = int(rng.integers(0, C))
    log_p, targets, times, lengths = ctc_inputs(rng, T, N, C, S, blank)
    each = gu.CTC("none", blank=blank)(log_p, targets, times, lengths)
    for n in range(N):
        right = naive.ctc(log_p[: times[n], n], targets[n, : lengths[n]].tolist(), blank)
        assert each[n] == pytest.approx(right, rel=1e-12, abs=1e-14)


@quick
@given(
    st.integers(1, 13),
    st.integers(1, 4),
    st.integers(2, 4),
    st.integers(0, 5),
    dtypes,
    reductions,
    st.booleans(),
    seeds,
)
def test_ctc_of_log_softmax_is_pytorchs(T, N, C, S, dtype, reduction, zero_infinity, seed):
    """Values with and without impossible targets; gradients of the logits where PyTorch's are numbers."""
    rng = np.random.default_rng(seed)
    blank = int(rng.integers(0, C))
    log_p, targets, times, lengths = ctc_inputs(rng, T, N, C, S, blank, dtype)
    loss = gu.CTC(reduction, blank=blank, zero_infinity=zero_infinity)
    value = loss(strided(log_p), strided(targets), times, lengths)
    logits = torch.tensor(log_p, requires_grad=True)
    y, t, s = map(torch.tensor, (targets, times, lengths))
    right = F.ctc_loss(logits.log_softmax(-1), y, t, s, blank, reduction, zero_infinity)
    np.testing.assert_allclose(value, right.detach().numpy(), rtol=tolerance(dtype), atol=tolerance(dtype))

    dloss = np.asarray(rng.standard_normal(right.shape), dtype)
    right.backward(torch.tensor(dloss))
    d = loss.backward(dloss)
    assert d.dtype == dtype
    assert np.isfinite(d).all()
    through = d - np.exp(log_p) * d.sum(axis=-1, keepdims=True)
    assert logits.grad is not None
    theirs = logits.grad.numpy()
    valid = np.isfinite(theirs)
    assert valid.all() or not zero_infinity
    np.testing.assert_allclose(through[valid], theirs[valid], atol=tolerance(dtype) * max(1, np.abs(dloss).max()))


def test_ctc_gradient_of_any_numbers():
    """Against finite differences, with log_probs that are no distribution, where PyTorch's gradient is another."""
    rng = np.random.default_rng(0)
    targets, times, lengths = np.array([[1, 1, 2], [3, 1, 0], [0, 0, 0]]), np.array([7, 5, 6]), np.array([3, 1, 0])
    report = check_gradients(gu.CTC(), rng.standard_normal((7, 3, 5)), targets, times, lengths)
    assert report.passed, str(report)


def test_ctc_repeats_need_a_blank_between():
    log_p = np.log(np.full((3, 1, 2), 0.5))
    loss = gu.CTC("none")
    one = np.ones(1, int)
    assert loss(log_p, np.array([[1, 1]]), 3 * one, 2 * one) == pytest.approx(np.log(8))  # only 1_1
    assert loss(log_p, np.array([[1]]), 3 * one, one) == pytest.approx(np.log(8 / 6))  # 1__ _1_ __1 11_ _11 111
    assert loss(log_p, np.array([[1, 1]]), 2 * one, 2 * one) == inf  # two times are too few
    np.testing.assert_array_equal(loss.backward(np.ones(1)), np.zeros((3, 1, 2)))


def test_ctc_of_an_empty_target_is_all_blanks():
    log_p = gu.log_softmax(np.random.default_rng(0).standard_normal((5, 2, 3)))
    for targets in (np.zeros((2, 0), int), np.full((2, 4), 77)):  # what lies beyond the length is not read
        loss = gu.CTC("none")
        each = loss(log_p, targets, np.array([5, 3]), np.array([0, 0]))
        np.testing.assert_allclose(each, [-log_p[:, 0, 0].sum(), -log_p[:3, 1, 0].sum()])
        d = loss.backward(np.ones(2))
        np.testing.assert_allclose(d[:, 0, 0], -1)
        np.testing.assert_allclose(d[:, 1, 0], [-1, -1, -1, 0, 0])
        np.testing.assert_array_equal(d[..., 1:], 0)


def test_ctc_with_an_impossible_target_in_the_batch():
    """It makes the mean infinite, or counts as 0; the gradients of the others stay what they are."""
    log_p = gu.log_softmax(np.random.default_rng(0).standard_normal((4, 2, 3)))
    inputs = (log_p, np.array([[1, 1, 1], [1, 2, 1]]), np.array([4, 4]), np.array([3, 3]))
    loss, forgiving = gu.CTC(), gu.CTC(zero_infinity=True)
    assert loss(*inputs) == inf
    alone = gu.CTC("sum")
    assert forgiving(*inputs) == pytest.approx(alone(log_p[:, 1:], *(a[1:] for a in inputs[1:])) / 6)
    d = loss.backward()
    np.testing.assert_array_equal(d, forgiving.backward())
    np.testing.assert_array_equal(d[:, 0], 0)
    np.testing.assert_allclose(d[:, 1:], alone.backward() / 6)


def test_ctc_of_hundreds_of_times_does_not_underflow():
    """The probability of each path is about 1e-1000, which no float64 holds."""
    rng = np.random.default_rng(0)
    log_p = gu.log_softmax(5 * rng.standard_normal((400, 2, 11))).astype(np.float32)
    inputs = (rng.integers(1, 11, (2, 40)), np.array([400, 311]), np.array([40, 23]))
    loss = gu.CTC("none")
    y, t, s = map(torch.tensor, inputs)
    right = F.ctc_loss(torch.tensor(log_p).double(), y, t, s, reduction="none")
    np.testing.assert_allclose(loss(log_p, *inputs), right.numpy(), rtol=1e-5)
    d = loss.backward(np.ones(2))
    np.testing.assert_allclose(d[:, 0].sum(-1), -1, rtol=1e-2)  # at each time one symbol or blank; α, β ~ 1e3 ± 1e-4
    assert (d[311:, 1] == 0).all()
