import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup import scratch as gu
from groundup.compare.cases import optimizers as cases
from groundup.compare.optimizer_teeth import bite
from groundup.scratch.parameter import Parameter

EVERY = [
    gu.SGD, gu.Adagrad, gu.RMSprop, gu.Adadelta, gu.Adam, gu.AdamW, gu.NAdam, gu.RAdam, gu.Lion, gu.Muon,
]  # fmt: skip
ELEMENTWISE = [
    lambda p: gu.SGD(p, momentum=0.9, nesterov=True),
    gu.Adagrad,
    lambda p: gu.RMSprop(p, momentum=0.9, centered=True),
    gu.Adadelta, gu.Adam, gu.AdamW, gu.NAdam, gu.RAdam, gu.Lion,
]  # fmt: skip


def matrices(seed: int = 0, dtype=np.float64) -> list[Parameter]:
    rng = np.random.default_rng(seed)
    return [Parameter(rng.standard_normal(shape).astype(dtype)) for shape in [(5, 7), (11, 3)]]


@pytest.mark.parametrize("make", EVERY)
def test_every_optimizer_descends_a_bowl(make):
    parameters = [Parameter(p.data) for p in matrices()]
    optimizer = make(parameters, lr=0.5) if make is gu.Adadelta else make(parameters, lr=0.02)
    first = sum((p.data**2).sum() for p in parameters)
    for _ in range(300):
        for p in parameters:
            p.grad[...] = p.data  # of ½‖w‖²
        optimizer.step()
    last = sum((p.data**2).sum() for p in parameters)
    assert last < 0.9 * first


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(ELEMENTWISE), st.integers(1, 50), st.integers(1, 60), st.integers(0, 99))
def test_the_size_of_blocks_and_the_number_of_parameters_change_nothing(make, block, size, seed):
    rng = np.random.default_rng(seed)
    start = rng.standard_normal(size)
    whole, pieces = [Parameter(start.copy())], [Parameter(piece.copy()) for piece in np.array_split(start, 3)]
    one, other = make(whole), make(pieces)
    other.block = block
    for _ in range(7):
        gradient = rng.standard_normal(size)
        one.grad[...] = other.grad[...] = gradient
        one.step()
        other.step()
    np.testing.assert_array_equal(one.data, other.data)


def test_adam_bias_correction_makes_the_first_step_the_learning_rate():
    p = Parameter(np.array([1.0, -2.0, 3.0]))
    optimizer = gu.Adam([p], lr=0.1)
    optimizer.grad[...] = [1e-3, -5.0, 700.0]
    optimizer.step()
    np.testing.assert_allclose(p.data, [0.9, -1.9, 2.9], rtol=1e-5)


def test_centered_rmsprop_survives_gradients_that_do_not_vary():
    p = Parameter(np.ones(100, np.float32))
    optimizer = gu.RMSprop([p], lr=1e-6, alpha=0.9, centered=True)
    optimizer.grad[...] = np.linspace(0.1, 3, 100, dtype=np.float32)
    for _ in range(500):
        optimizer.step()
    assert np.isfinite(p.data).all()


def test_newton_schulz_makes_every_singular_value_about_one():
    rng = np.random.default_rng(0)
    for shape in [(20, 50), (50, 20), (30, 30)]:
        x = gu.newton_schulz(rng.standard_normal(shape))
        values = np.linalg.svd(x, compute_uv=False)
        assert x.shape == shape
        assert (np.sort(values)[1:] > 0.6).all()  # the smallest of a square matrix may start too near zero
        assert values.max() < 1.25


def test_muon_is_pytorchs_up_to_its_rounding_to_bfloat16():
    mine, theirs = matrices(), [torch.nn.Parameter(torch.from_numpy(p.data.copy())) for p in matrices()]
    optimizer, twin = gu.Muon(mine, lr=0.02), torch.optim.Muon(theirs, lr=0.02)
    rng = np.random.default_rng(1)
    start = [p.data.copy() for p in mine]
    for _ in range(10):
        for p, q in zip(mine, theirs):
            p.grad[...] = rng.standard_normal(p.shape)
            q.grad = torch.from_numpy(p.grad.copy())
        optimizer.step()
        twin.step()
    for p, q, before in zip(mine, theirs, start):
        moved = np.abs(p.data - before).max()
        assert np.abs(p.data - q.detach().numpy()).max() < 0.03 * moved


def test_muon_refuses_what_is_no_matrix_and_says_what_to_do():
    with pytest.raises(ValueError, match=r"\(7,\).*AdamW.*Combined"):
        gu.Muon([Parameter(np.ones((3, 2))), Parameter(np.ones(7))])


def test_combined_lets_biases_go_without_decay():
    weight, bias = Parameter(np.ones((2, 3))), Parameter(np.ones(3))
    optimizer = gu.Combined(gu.SGD([weight], lr=0.1, weight_decay=0.5), gu.SGD([bias], lr=0.3))
    assert optimizer.lr == 0.1
    optimizer.step()
    np.testing.assert_allclose(weight.data, 0.95)
    np.testing.assert_array_equal(bias.data, 1)
    weight.grad[...] = bias.grad[...] = 1
    optimizer.zero_grad()
    assert not weight.grad.any()
    assert not bias.grad.any()
    with pytest.raises(ValueError, match="same Parameter"):
        gu.Combined(gu.SGD([weight]), gu.SGD([weight]))
    with pytest.raises(ValueError, match="no optimizers"):
        gu.Combined()


def test_a_state_that_does_not_fit_changes_nothing():
    adam = gu.Adam([Parameter(np.ones(3))])
    adam.grad[...] = 1
    adam.step()
    before = adam.state_dict()
    with pytest.raises(KeyError, match="Adam needs"):
        adam.load_state_dict(gu.SGD([Parameter(np.ones(3))]).state_dict())
    other = gu.Adam([Parameter(np.ones(4))], lr=5.0).state_dict()
    with pytest.raises(ValueError, match=r"shape \(4,\) in the state, \(3,\) here"):
        adam.load_state_dict(other)
    after = adam.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    combined = gu.Combined(adam)
    with pytest.raises(KeyError, match="this needs"):
        combined.load_state_dict({})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: gu.SGD(p, lr=-1), "must not be negative, got -1"),
        (lambda p: gu.SGD(p, lr=float("nan")), "got nan"),
        (lambda p: gu.SGD(p, momentum=1.0), r"momentum must be in \[0, 1\)"),
        (lambda p: gu.SGD(p, nesterov=True), "nesterov needs momentum"),
        (lambda p: gu.SGD(p, weight_decay=-0.1), "weights would grow"),
        (lambda p: gu.Adam(p, betas=(0.9, 1.0)), r"betas must be two numbers in \[0, 1\)"),
        (lambda p: gu.Adagrad(p, lr_decay=-1), "lr_decay"),
        (lambda p: gu.RMSprop(p, alpha=1.5), "alpha"),
        (lambda p: gu.Adadelta(p, rho=-0.1), "rho"),
        (lambda p: gu.NAdam(p, momentum_decay=-1), "momentum_decay"),
        (lambda p: gu.Muon(p, adjust_lr_fn="best"), "match_rms_adamw"),
        (lambda p: gu.WeightAverage(p, decay=1.0), "decay"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(matrices())


# -- clipping ------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(st.floats(1e-3, 1e3), st.integers(0, 99), st.sampled_from([np.float32, np.float64]))
def test_clipping_by_norm_keeps_the_direction_and_limits_the_length(max_norm, seed, dtype):
    parameters = matrices(seed, dtype)
    for p in parameters:
        p.grad[...] = 3 * p.data
    before = np.concatenate([p.grad.ravel() for p in parameters]).astype(np.float64)
    norm = gu.clip_grad_norm(parameters, max_norm)
    after = np.concatenate([p.grad.ravel() for p in parameters])
    assert after.dtype == dtype
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-5)
    assert np.linalg.norm(after) <= max_norm * (1 + 1e-5)
    np.testing.assert_allclose(after / np.linalg.norm(after), before / norm, rtol=1e-4, atol=1e-6)
    if norm < 0.99 * max_norm:
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_clipping_refuses_gradients_that_are_no_numbers_and_leaves_the_others(bad):
    parameters = matrices()
    parameters[0].grad[...] = 5
    parameters[1].grad[2, 1] = bad
    with pytest.raises(ValueError, match=r"shape=\(11, 3\).*smaller learning rate"):
        gu.clip_grad_norm(parameters, 1.0)
    assert (parameters[0].grad == 5).all()
    if np.isnan(bad):
        with pytest.raises(ValueError, match=r"shape=\(11, 3\).*NaN"):
            gu.clip_grad_value(parameters, 1.0)
    else:
        gu.clip_grad_value(parameters, 1.0)
        assert parameters[1].grad[2, 1] == np.sign(bad)


def test_limits_must_be_above_zero():
    for clip in (gu.clip_grad_norm, gu.clip_grad_value):
        with pytest.raises(ValueError, match="must be above 0, got 0"):
            clip(matrices(), 0)


# -- averages of weights -------------------------------------------------------------------------------------


def test_a_weight_average_is_the_average_and_gives_the_weights_back():
    parameters = matrices()
    optimizer, average = gu.SGD(parameters, lr=0.1), gu.WeightAverage(parameters, decay=0.9)
    right = optimizer.data.copy()
    for step in range(5):
        optimizer.grad[...] = step + 1
        optimizer.step()
        average.update()
        right = 0.9 * right + 0.1 * optimizer.data if step else optimizer.data.copy()
    own = optimizer.data.copy()
    with average.applied():
        np.testing.assert_allclose(optimizer.data, right, rtol=1e-12)
    np.testing.assert_array_equal(optimizer.data, own)
    with pytest.raises(ZeroDivisionError), average.applied():
        _ = 1 / 0
    np.testing.assert_array_equal(optimizer.data, own)
    optimizer.step()  # they are still in its buffer


def test_a_weight_average_continues_from_its_state():
    parameters = matrices()
    one = gu.WeightAverage(parameters, decay=0.9)
    one.update()
    other = gu.WeightAverage(matrices(seed=3), decay=0.9)
    other.load_state_dict(one.state_dict())
    assert other.steps == 1
    assert all(np.array_equal(a, b) for a, b in zip(one.average, other.average))
    with pytest.raises(KeyError):
        other.load_state_dict({})
    with pytest.raises(ValueError, match="in the state"):
        other.load_state_dict(one.state_dict() | {"average.0": np.ones(3)})


# -- the evidence has teeth ----------------------------------------------------------------------------------


def test_every_planted_mistake_in_an_optimizer_is_noticed():
    found = bite(list(cases.CASES))
    assert sum(t.mutants for t in found) > 300
    assert [f"{t.name}: {s}" for t in found for s in t.survivors] == []
