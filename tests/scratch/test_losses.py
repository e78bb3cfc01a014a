"""All losses: reductions, the edges of the numbers, and errors. Cross-entropy and CTC have files of their own."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.compare.layer_evidence import strided
from groundup.scratch import losses
from groundup.scratch.gradcheck import check_gradients, relative_error
from groundup.scratch.losses import binary, cross_entropy, ctc, divergence, metric, regression

inf = np.inf
seeds = st.integers(0, 2**32 - 1)
reductions = st.sampled_from(["mean", "sum", "none"])
dtypes = st.sampled_from([np.float32, np.float64])
quick = settings(max_examples=60, deadline=None)


def tolerance(dtype):
    return 2e-5 if dtype == np.float32 else 1e-10


# -- every loss ------------------------------------------------------------------------------------------------


def test_everything_public_is_listed_and_losses_have_a_line():
    for name in losses.__all__:
        value = getattr(losses, name)
        assert getattr(gu, name) is value
        assert not inspect.isclass(value) or issubclass(value, gu.Loss)


def test_pairs_are_adjacent():
    for module in (regression, binary, cross_entropy, divergence, metric, ctc):
        names = [name for name, value in vars(module).items() if name.endswith(("_forward", "_backward"))]
        for forward, backward in zip(names[::2], names[1::2], strict=True):
            assert forward.removesuffix("_forward") == backward.removesuffix("_backward")


LOSSES = {name: getattr(losses, name) for name in losses.__all__ if inspect.isclass(getattr(losses, name))}
del LOSSES["Loss"]


def example_of(name, rng, n=5, dtype: Any = np.float64):
    """Inputs for any of the losses."""
    x, z = rng.standard_normal((2, n, 7)).astype(dtype)
    classes, signs = rng.integers(0, 7, n), rng.choice([-1, 1], (n, 7))
    p = rng.random((n, 7))
    return {
        "CTC": (
            rng.standard_normal((11, n, 7)).astype(dtype),
            rng.integers(1, 7, (n, 3)),
            np.full(n, 9),
            np.full(n, 2),
        ),
        "NLL": (x, classes),
        "CrossEntropy": (x, classes),
        "BCEWithLogits": (x, p),
        "Focal": (x, signs > 0),
        "Hinge": (x, signs),
        "KLDivergence": (x, p),
        "CosineEmbedding": (x, z, signs[:, 0]),
        "TripletMargin": (x, z, rng.standard_normal((n, 7)).astype(dtype)),
        "NegativeSampling": (x, rng.standard_normal((n, 3, 7)).astype(dtype)),
    }.get(name, (x, z))


def gradients(loss, dloss: Any = 1.0):
    result = loss.backward(dloss)
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reductions_belong_together(name, dtype):
    """The sum is the sum of the losses, and each gradient that of the number returned."""
    inputs = example_of(name, np.random.default_rng(1), dtype=dtype)
    none, total, mean = (LOSSES[name](r) for r in ("none", "sum", "mean"))
    each = none(*inputs)
    assert each.dtype == dtype
    assert float(total(*inputs)) == pytest.approx(each.sum(), rel=1e-5)
    value = mean(*inputs)
    assert value.dtype == dtype
    scale = 2 if name == "CTC" else 1  # its mean first divides by the target's length
    assert float(value) == pytest.approx(each.mean() / scale, rel=1e-5)
    of_none, of_sum, of_mean = gradients(none, np.ones_like(each)), gradients(total, 3.0), gradients(mean)
    for a, b, c in zip(of_none, of_sum, of_mean, strict=True):
        assert a.dtype == b.dtype == c.dtype == dtype
        assert relative_error(b, 3 * a) < 1e-5
        assert relative_error(c, a / each.size / scale) < 1e-5


@pytest.mark.parametrize("name", LOSSES)
def test_empty_batch(name):
    """No example: the sum is 0, the mean NaN as in PyTorch, and the gradient empty; nothing warns."""
    inputs = example_of(name, np.random.default_rng(1), n=0)
    assert LOSSES[name]("sum")(*inputs) == 0
    loss = LOSSES[name]()
    assert np.isnan(loss(*inputs))
    assert all(d.size == 0 and d.shape == x.shape for d, x in zip(gradients(loss), inputs))


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_of_every_loss_at_once(name):
    for reduction in LOSSES[name].reductions:
        report = check_gradients(LOSSES[name](reduction), *example_of(name, np.random.default_rng(3)))
        assert report.passed, str(report)


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_reduction(name):
    with pytest.raises(ValueError, match=r"reduction must be .*'none', got 'average'"):
        LOSSES[name]("average")


@pytest.mark.parametrize("name", LOSSES)
def test_integer_predictions(name):
    x, *rest = example_of(name, np.random.default_rng(1))
    with pytest.raises(TypeError, match="must hold floats, got int64"):
        LOSSES[name]()(np.zeros(x.shape, np.int64), *rest)


@pytest.mark.parametrize("name", ["MSE", "L1", "Huber", "BCEWithLogits", "Focal", "Hinge", "KLDivergence"])
def test_unequal_shapes(name):
    with pytest.raises(ValueError, match=r"target: got shape \(5,\), expected \(5, 1\)"):
        LOSSES[name]()(np.zeros((5, 1)), np.ones(5))


def test_target_takes_the_dtype_of_the_prediction():
    x = np.ones((2, 3), np.float32)
    for name in ("MSE", "L1", "Huber", "BCEWithLogits", "Focal", "KLDivergence"):
        for target in (np.ones((2, 3)), np.ones((2, 3), int)):
            loss = LOSSES[name]()
            assert loss(x, target).dtype == np.float32
            assert loss.backward().dtype == np.float32


def test_weights_are_state_under_pytorchs_names():
    loss = gu.BCEWithLogits(pos_weight=[1, 2, 3])
    assert list(loss.state_dict()) == ["pos_weight"]
    assert loss.astype(np.float64).state_dict()["pos_weight"].dtype == np.float64
    assert gu.CrossEntropy().state_dict() == {}
    assert list(gu.CrossEntropy(weight=[1.0, 2.0]).state_dict()) == ["weight"]
    assert gu.BCEWithLogits().state_dict() == {}, "one instance's buffers must not leak into another's"


def test_float64_weights_leave_float32_alone():
    x = np.ones((2, 3), np.float32)
    for loss, target in (
        (gu.CrossEntropy(weight=[1.0, 2.0, 3.0]), np.array([0, 2])),
        (gu.CrossEntropy(weight=[1.0, 2.0, 3.0], label_smoothing=0.1), np.array([0, 2])),
        (gu.CrossEntropy(weight=[1.0, 2.0, 3.0]), x / 3),
        (gu.NLL(weight=[1.0, 2.0, 3.0]), np.array([0, 2])),
        (gu.BCEWithLogits(weight=[1.0, 2.0, 3.0], pos_weight=[1.0, 2.0, 3.0]), x),
    ):
        assert loss(x, target).dtype == np.float32
        assert loss.backward().dtype == np.float32


# -- elementwise losses ----------------------------------------------------------------------------------------

ELEMENTWISE = {
    "MSE": lambda x, y, r: F.mse_loss(x, y, reduction=r),
    "L1": lambda x, y, r: F.l1_loss(x, y, reduction=r),
    "Huber": lambda x, y, r: F.huber_loss(x, y, reduction=r),
    "BCEWithLogits": lambda x, y, r: F.binary_cross_entropy_with_logits(x, y, reduction=r),
}


@quick
@given(st.sampled_from(sorted(ELEMENTWISE)), st.lists(st.integers(1, 5), max_size=4), dtypes, reductions, seeds)
def test_elementwise_losses_are_pytorchs(name, shape, dtype, reduction, seed):
    rng = np.random.default_rng(seed)
    x, y = strided(np.asarray(3 * rng.standard_normal(shape), dtype)), strided(np.asarray(rng.random(shape), dtype))
    loss = LOSSES[name](reduction)
    value = loss(x, y)
    tensor = torch.tensor(x, requires_grad=True)
    right = ELEMENTWISE[name](tensor, torch.tensor(y), reduction)
    assert relative_error(np.asarray(value), right.detach().numpy()) < tolerance(dtype)
    dloss = np.asarray(rng.standard_normal(right.shape), dtype)
    right.backward(torch.tensor(dloss))
    assert tensor.grad is not None
    assert relative_error(np.asarray(loss.backward(dloss)), tensor.grad.numpy()) < tolerance(dtype)


def test_huber_joins_smoothly():
    """Just inside and outside of delta, value and slope agree; far inside it is half of MSE, far outside L1's slope."""
    x = np.array([-1e9, -2.000001, -1.999999, 0.5, 1.999999, 2.000001, 1e9])
    loss = gu.Huber("none", delta=2.0)
    np.testing.assert_allclose(loss(x, 0 * x), [2e9 - 2, 2, 2, 0.125, 2, 2, 2e9 - 2], rtol=1e-5)
    np.testing.assert_allclose(loss.backward(np.ones(7)), [-2, -2, -2, 0.5, 2, 2, 2], rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bce_and_focal_tails(dtype):
    """Tails keep their digits: at logit -20 a no costs e⁻²⁰, not 0, and at ±1e4 everything is finite."""
    x = np.array([-1e4, -20, 0, 20, 1e4], dtype)
    tail = np.exp(-20)
    bce = gu.BCEWithLogits("none")
    np.testing.assert_allclose(bce(x, np.zeros(5)), [0, tail, np.log(2), 20 + tail, 1e4], rtol=1e-6)
    np.testing.assert_allclose(bce.backward(np.ones(5)), [0, tail, 0.5, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(bce(x, np.ones(5)), [1e4, 20 + tail, np.log(2), tail, 0], rtol=1e-6)
    np.testing.assert_allclose(bce.backward(np.ones(5)), [-1, -1, -0.5, -tail, 0], rtol=1e-6)

    focal = gu.Focal("none", alpha=None)
    np.testing.assert_allclose(focal(x, np.ones(5)), [1e4, 20, np.log(2) / 4, tail**3, 0], rtol=1e-5)
    # the slope at 0: -q² (2 p s + q) with p = q = 1/2 and s = log 2
    slopes = [-1, -1, -(np.log(2) + 0.5) / 4, -3 * tail**3, 0]
    np.testing.assert_allclose(focal.backward(np.ones(5)), slopes, rtol=1e-5)


def test_focal_without_focus_is_bce():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((11, 7)), rng.integers(0, 2, (11, 7))
    assert float(gu.Focal(gamma=0, alpha=None)(x, y)) == pytest.approx(float(gu.BCEWithLogits()(x, y)), rel=1e-14)
    assert float(gu.Focal(gamma=0, alpha=0.5)(x, y)) == pytest.approx(float(gu.BCEWithLogits()(x, y)) / 2, rel=1e-14)


def test_hinge_of_the_textbook():
    loss = gu.Hinge("none")
    scores, target = np.array([2.0, 0.25, -1.0, 3.0, -3.0]), np.array([1, 1, 1, -1, -1])
    np.testing.assert_array_equal(loss(scores, target), [0, 0.75, 2, 4, 0])
    np.testing.assert_array_equal(loss.backward(np.ones(5)), [0, -1, -1, 1, 0])


# -- divergence and distances ----------------------------------------------------------------------------------


def test_kl_divergence_of_a_distribution_from_itself_is_zero():
    log_p = gu.log_softmax(np.random.default_rng(0).standard_normal((5, 7)))
    for loss, target in ((gu.KLDivergence("batchmean"), np.exp(log_p)), (gu.KLDivergence(log_target=True), log_p)):
        assert loss(log_p, target) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("log_target", [False, True])
def test_kl_divergence_where_nothing_is_expected(log_target):
    """0 log 0 = 0, and what never happens may be thought impossible; what happens may not."""
    p = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    log_q = np.array([[np.log(0.25), np.log(0.75), -inf], [0.0, -inf, -inf], [0.0, -inf, -inf]])
    with np.errstate(divide="ignore"):
        target = np.log(p) if log_target else p
    loss = gu.KLDivergence("none", log_target=log_target)
    each = loss(log_q, target)
    np.testing.assert_allclose(each.sum(axis=1), [0.5 * np.log(2) + 0.5 * np.log(2 / 3), inf, 0])
    np.testing.assert_array_equal(loss.backward(np.ones((3, 3))), -p)


def test_cosine_of_vectors_without_direction():
    zero, x = np.zeros((2, 3)), np.ones((2, 3))
    loss = gu.CosineEmbedding("none")
    np.testing.assert_allclose(loss(zero, zero, np.array([1, -1])), [1, 0])
    assert all(np.isfinite(d).all() for d in loss.backward(np.ones(2)))
    assert np.isfinite(loss(zero, x, np.array([1, -1]))).all()
    assert all(np.isfinite(d).all() for d in loss.backward(np.ones(2)))


def test_cosine_of_long_and_short_vectors_in_float32():
    """A cosine knows no length: 1e15 (whose fourth power overflows) and 1e-3 give what 1 gives."""
    rng = np.random.default_rng(0)
    x, z, signs = rng.standard_normal((5, 7)), rng.standard_normal((5, 7)), np.array([1, -1, 1, -1, 1])
    right = gu.CosineEmbedding("none")(x, z, signs)
    for scale in (1e15, 1e-3):
        a, b = (scale * x).astype(np.float32), (scale * z).astype(np.float32)
        np.testing.assert_allclose(gu.CosineEmbedding("none")(a, b, signs), right, rtol=1e-4, atol=1e-6)


def test_triplet_of_equal_points():
    """Where a distance is zero it has no direction: the gradient is 0, not NaN."""
    x = np.ones((2, 3))
    loss = gu.TripletMargin(eps=0.0)
    assert loss(x, x, x) == 1
    assert all(np.array_equal(d, np.zeros((2, 3))) for d in loss.backward())


# -- errors that teach -----------------------------------------------------------------------------------------

x53, y5 = np.zeros((5, 3)), np.zeros(5, int)
log_p = np.zeros((7, 2, 3))
ctc_rest = (np.ones((2, 4), int), np.array([7, 5]), np.array([4, 2]))


@pytest.mark.parametrize(
    ("loss", "inputs", "error", "message"),
    [
        (gu.CrossEntropy(), (x53, y5 + 3), ValueError, "found 3, expected 0 to 2: do the labels start at 1"),
        (gu.CrossEntropy(), (x53, y5 - 1), ValueError, "found -1, expected 0 to 2"),
        (gu.CrossEntropy(), (x53, y5 * 1.0), TypeError, "whole numbers"),
        (gu.CrossEntropy(), (x53, y5 > 0), TypeError, "whole numbers"),
        (gu.CrossEntropy(), (x53, y5[:3]), ValueError, r"labels: got shape \(3,\), expected \(5,\)"),
        (gu.CrossEntropy(), (x53, np.zeros((5, 3), int)), ValueError, "argmax"),
        (gu.CrossEntropy(), (np.zeros((2, 5, 3)), np.zeros((2, 5), int)), ValueError, "moveaxis"),
        (gu.CrossEntropy(), (np.zeros(3), np.zeros(1, int)), ValueError, r"expected \(N, C\)"),
        (gu.CrossEntropy(), (np.zeros((5, 0)), y5), ValueError, r"expected \(N, C\)"),
        (gu.CrossEntropy(weight=[1, 2]), (x53, y5), ValueError, "one weight for each of the 3 classes"),
        (gu.NLL(), (x53, y5 + 3), ValueError, "found 3, expected 0 to 2"),
        (gu.NLL(), (x53, x53), ValueError, "labels: got shape"),
        (gu.BCEWithLogits(), (x53, x53 + 2), ValueError, "found 2.0, expected 0 to 1"),
        (gu.BCEWithLogits(), (x53, x53 - 1), ValueError, r"\(target \+ 1\) / 2"),
        (gu.BCEWithLogits(), (x53, x53 * np.nan), ValueError, "found nan"),
        (gu.BCEWithLogits(pos_weight=[1, 2]), (x53, x53), ValueError, "pos_weight: got shape"),
        (gu.BCEWithLogits(weight=np.ones((2, 5, 3))), (x53, x53), ValueError, "weight: got shape"),
        (gu.Focal(), (x53, x53 + 0.5), ValueError, "found 0.5, expected 0 or 1"),
        (gu.Hinge(), (x53, x53), ValueError, r"2 \* target - 1"),
        (gu.Hinge(), (x53, x53 + 2), ValueError, "found 2.0, expected -1 or"),
        (gu.KLDivergence(), (x53, x53 - 1), ValueError, "log_target=True"),
        (gu.CosineEmbedding(), (x53, x53[:, :2], y5 + 1), ValueError, r"x2: got shape \(5, 2\), expected \(5, 3\)"),
        (gu.CosineEmbedding(), (x53, x53, y5), ValueError, "expected -1 or"),
        (gu.CosineEmbedding(), (x53, x53, y5[:4] + 1), ValueError, r"target: got shape \(4,\), expected \(5,\)"),
        (gu.TripletMargin(), (x53, x53, x53[:4]), ValueError, "negative: got shape"),
        (gu.TripletMargin(), (x53[0], x53[0], x53[0]), ValueError, r"expected \(N, D\)"),
        (gu.CTC(), (log_p[0], *ctc_rest), ValueError, r"expected \(T, N, C\): time comes first"),
        (gu.CTC(blank=3), (log_p, *ctc_rest), ValueError, "blank is 3"),
        (gu.CTC(blank=1), (log_p, *ctc_rest), ValueError, "found 1, which is the blank"),
        (gu.CTC(), (log_p, ctc_rest[0] * 3, *ctc_rest[1:]), ValueError, "targets: found 3, expected 0 to 2"),
        (gu.CTC(), (log_p, ctc_rest[0] * 1.0, *ctc_rest[1:]), TypeError, "targets must hold whole numbers"),
        (gu.CTC(), (log_p, ctc_rest[0][0], *ctc_rest[1:]), ValueError, "targets: got shape"),
        (gu.CTC(), (log_p, ctc_rest[0], np.array([8, 5]), ctc_rest[2]), ValueError, "input_lengths: found 8"),
        (gu.CTC(), (log_p, ctc_rest[0], np.array([0, 5]), ctc_rest[2]), ValueError, "found 0, expected 1 to 7"),
        (gu.CTC(), (log_p, ctc_rest[0], np.array([7]), ctc_rest[2]), ValueError, "one length for each example"),
        (gu.CTC(), (log_p, *ctc_rest[:2], np.array([4, 5])), ValueError, "target_lengths: found 5, expected 0 to 4"),
        (gu.CTC(), (log_p, *ctc_rest[:2], np.array([4.0, 2.0])), TypeError, "target_lengths must hold whole"),
    ],
)  # fmt: skip
def test_bad_input(loss, inputs, error, message):
    with pytest.raises(error, match=message):
        loss(*inputs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gu.Huber(delta=0.0), "delta must be above 0, got 0"),
        (lambda: gu.CrossEntropy(label_smoothing=1.5), "label_smoothing must be 0 to 1, got 1.5"),
        (lambda: gu.Focal(gamma=-1.0), "gamma must be at least 0, got -1"),
        (lambda: gu.Focal(alpha=2.0), "alpha must be 0 to 1"),
        (lambda: gu.Hinge(margin=-1.0), "margin must be above 0"),
        (lambda: gu.CosineEmbedding(margin=2.0), "margin must be -1 to 1"),
        (lambda: gu.TripletMargin(margin=0.0), "margin must be above 0"),
        (lambda: gu.TripletMargin(eps=-1.0), "eps must be at least 0"),
        (lambda: gu.CTC(blank=-1), "blank must be an index"),
        (lambda: gu.MSE("batchmean"), "reduction must be 'mean', 'sum' or 'none', got 'batchmean'"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_repr():
    assert repr(gu.MSE()) == "MSE()"
    assert repr(gu.CTC("sum")) == "CTC(reduction='sum')"
