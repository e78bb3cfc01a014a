import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.scratch import initializers as init

DRAWS = {
    "normal": lambda shape, rng, **d: init.normal(shape, 0, 1, rng, **d),
    "uniform": lambda shape, rng, **d: init.uniform(shape, -1, 1, rng, **d),
    "truncated_normal": lambda shape, rng, **d: init.truncated_normal(shape, 0, 1, rng, **d),
    "kaiming_uniform": init.kaiming_uniform,
    "kaiming_normal": init.kaiming_normal,
    "xavier_uniform": init.xavier_uniform,
    "xavier_normal": init.xavier_normal,
    "orthogonal": init.orthogonal,
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 7), (3, 2, 5, 5)])
def test_shape_and_dtype_are_as_asked(draw, dtype, shape):
    weights = draw(shape, np.random.default_rng(0), dtype=dtype)
    assert weights.shape == shape
    assert weights.dtype == dtype


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 99))
def test_orthogonal_rows_or_columns(first, others, seed):
    weights = init.orthogonal((first, *others), np.random.default_rng(seed), gain=3.0, dtype=np.float64)
    assert weights.shape == (first, *others)
    q = weights.reshape(first, -1) / 3.0
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_every_sign_of_an_orthogonal_matrix_is_equally_likely():
    rng = np.random.default_rng(0)
    corners = np.array([init.orthogonal((3, 3), rng)[0, 0] > 0 for _ in range(2000)])
    assert abs(corners.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)  # without the signs of R, all would be negative


@settings(deadline=None, max_examples=30)
@given(st.floats(-1, 1), st.floats(0.1, 3), st.integers(0, 99))
def test_a_truncated_normal_stays_between_its_bounds(mean, std, seed):
    values = init.truncated_normal((500,), mean, std, np.random.default_rng(seed), -1.5, 1.25)
    assert values.min() >= -1.5
    assert values.max() <= 1.25


@pytest.mark.parametrize("name", init.GAINS)
@pytest.mark.parametrize("slope", [0.01, 0.2, 1.0])
def test_gains_are_pytorchs(name, slope):
    right = torch.nn.init.calculate_gain(name, slope if name == "leaky_relu" else None)
    assert init.gain(name, slope) == pytest.approx(right, rel=1e-15)


def test_fans_count_the_positions_of_a_kernel():
    assert init.fans((5, 7)) == (7, 5)
    assert init.fans((5, 7, 3, 2)) == (7 * 6, 5 * 6)
    assert init.fans((5, 7, 3)) == (7 * 3, 5 * 3)


@pytest.mark.parametrize("draw", [init.kaiming_normal, init.kaiming_uniform])
def test_fan_out_keeps_the_size_of_gradients_and_fan_in_that_of_signals(draw):
    rng = np.random.default_rng(0)
    for mode, fan in (("fan_in", 400), ("fan_out", 1000)):
        weights = draw((1000, 400), rng, mode=mode)
        assert weights.std() == pytest.approx((2 / fan) ** 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: init.fans((5,)), "is it a bias"),
        (lambda rng: init.orthogonal((5,), rng), "is it a bias"),
        (lambda rng: init.gain("rleu"), "no gain is known for 'rleu'"),
        (lambda rng: init.kaiming_normal((5, 7), rng, mode="in"), "fan_in"),
        (lambda rng: init.truncated_normal((5,), 9.0, 1.0, rng), "bounds are values"),
        (lambda rng: init.truncated_normal((5,), 0.0, 0.0, rng), "std must be above 0"),
    ],
)
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
