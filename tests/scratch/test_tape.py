"""The graph: reuse, order, freeing, errors; Parameters and optimizers; kernel pairs and formulas on the tape."""

import gc
import weakref

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.scratch import check_gradients, relative_error, tape
from groundup.scratch.tape import composed, kernels


def value(*shape: int, seed: int = 0) -> tape.Value:
    return tape.Value(np.random.default_rng(seed).standard_normal(shape))


# -- the graph -----------------------------------------------------------------------------------------------


def test_a_value_used_several_times_receives_the_sum():
    x = tape.Value([2.0, 3.0])
    (x * x + x).sum().backward()
    np.testing.assert_allclose(x.grad, [5, 7])  # 2x + 1


def test_a_gradient_moves_on_only_when_it_is_complete():
    """a feeds both b and c, and b feeds c: going back in any wrong order would lose a part."""
    x = tape.Value(0.7)
    a = x * 3
    b = tape.exp(a)
    c = a * b + b * b
    (c + a).backward()
    t = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    ta = t * 3
    tb = ta.exp()
    (ta * tb + tb * tb + ta).backward()
    assert t.grad is not None
    np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-14)


def random_graph_error(seed):
    """Return the largest relative error of the gradients in a random graph with much reuse, against PyTorch."""
    rng = np.random.default_rng(seed)
    operations = [lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - 0.5 * b, lambda a, b: a / (2 + b * b)]
    leaves = [rng.standard_normal(3) for _ in range(3)]
    mine, theirs = [tape.Value(x) for x in leaves], [torch.tensor(x, requires_grad=True) for x in leaves]
    values, tensors = list(mine), list(theirs)
    for _ in range(30):
        operation = operations[rng.integers(len(operations))]
        i, j = rng.integers(len(values), size=2)
        values.append(operation(values[i], values[j]) * 0.7)
        tensors.append(operation(tensors[i], tensors[j]) * 0.7)
    tape.stack(values).sum().backward()
    torch.stack(tensors).sum().backward()
    assert all(t.grad is not None for t in theirs)
    return max(relative_error(x.grad, t.grad.numpy()) for x, t in zip(mine, theirs) if t.grad is not None)


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_against_torch(seed):
    assert random_graph_error(seed) <= 1e-10


def test_a_wrong_order_is_noticed(monkeypatch):
    """Nearest to the loss first is not enough: a gradient would move on before it is complete."""

    def breadth_first(self):
        found, waiting = {}, [self]
        while waiting:
            value = waiting.pop(0)
            if value.pull is not None and value.number not in found:
                found[value.number] = value
                waiting += [parent for parent in value.parents if parent is not None]
        return list(found.values())[::-1]

    monkeypatch.setattr(tape.Value, "_history", breadth_first)
    assert max(map(random_graph_error, range(20))) > 1e-3


def test_every_value_on_the_way_shows_its_gradient():
    x = tape.Value(3.0)
    y = x * x
    z = 2 * y
    z.backward()
    assert (float(z.grad), float(y.grad), float(x.grad)) == (1, 2, 12)


def test_backwards_of_two_graphs_add_up():
    x = tape.Value([1.0, 2.0])
    (3 * x).sum().backward()
    (4 * x).sum().backward()
    np.testing.assert_array_equal(x.grad, [7, 7])


def test_gradients_of_two_leaves_are_two_arrays():
    """The rule of + hands the same array to both; changing one gradient must not change the other."""
    a, b = value(3), value(3)
    (a + b).sum().backward()
    a.grad *= 0
    np.testing.assert_array_equal(b.grad, np.ones(3))


def test_the_upstream_gradient_is_not_changed():
    x, upstream = value(3), np.ones(3)
    y = x * 2
    y.backward(upstream)
    y.grad *= 5
    np.testing.assert_array_equal(upstream, np.ones(3))


def test_a_chain_of_many_operations():
    x = tape.Value(1.0)
    y = x
    for _ in range(20_000):
        y = y + x
    y.backward()
    assert float(x.grad) == 20_001


def test_an_unused_chain_of_many_operations_is_forgotten():
    y = tape.Value(1.0)
    for _ in range(20_000):
        y = y + 1.0
    del y  # must not recurse either


def test_memory_is_freed_by_backward():
    x = value(3)
    hidden = tape.exp(x)
    loss = (hidden * hidden).sum()
    seen = weakref.ref(hidden), weakref.ref(loss)
    gc.disable()  # it must go without the search for cycles
    try:
        del hidden
        assert seen[0]() is not None  # the graph holds it
        loss.backward()
        assert seen[0]() is None
        del loss
        assert seen[1]() is None
    finally:
        gc.enable()


def test_memory_is_freed_without_backward():
    x = value(3)
    y = tape.exp(x)
    seen = weakref.ref(y)
    gc.disable()
    try:
        z = y * y
        del y, z
        assert seen() is None
    finally:
        gc.enable()


def test_second_use_of_a_graph():
    x = value(3)
    loss = (x * x).sum()
    loss.backward()
    kept = x.grad.copy()
    with pytest.raises(RuntimeError, match=r"already used.*run forward again"):
        loss.backward()
    np.testing.assert_array_equal(x.grad, kept)


def test_second_use_of_a_part_of_a_graph():
    x = value(3)
    hidden = x * x
    first, second = hidden.sum(), (hidden * 3).sum()
    first.backward()
    kept = x.grad.copy()
    with pytest.raises(RuntimeError, match="already used"):
        second.backward()
    np.testing.assert_array_equal(x.grad, kept)  # found before anything was added


def test_backward_starts_from_a_scalar():
    y = value(2, 3) * 2
    with pytest.raises(ValueError, match=r"scalar loss, got shape \(2, 3\)"):
        y.backward()
    with pytest.raises(ValueError, match=r"upstream gradient has shape \(3,\), the value \(2, 3\)"):
        y.backward(np.ones(3))
    y.backward(np.ones((2, 3)))


# -- constants and no_grad -----------------------------------------------------------------------------------


def test_no_grad_records_nothing():
    x = value(3)
    with tape.no_grad():
        y = (x * x).sum()
    assert y.parents == ()
    with pytest.raises(RuntimeError, match="no_grad"):
        y.backward()
    z = (x * y).sum()  # outside, y is a constant
    z.backward()
    np.testing.assert_allclose(x.grad, np.full(3, float(y)))
    assert y.grad is None


def test_no_grad_nests_decorates_and_survives_errors():
    x = value(3)

    @tape.no_grad()
    def evaluate():
        return x * 2

    assert evaluate().parents == ()
    with tape.no_grad():
        with tape.no_grad():
            pass
        assert (x * 2).parents == ()
    with pytest.raises(KeyError), tape.no_grad():
        raise KeyError
    assert (x * 2).parents == (x, None)


def test_arrays_and_numbers_are_constants():
    x = value(2, 3)
    a = np.ones((2, 3))
    for y in (a * x, x * a, np.float64(2) * x, 2 - x, a @ x.T, a / (x * x)):
        assert isinstance(y, tape.Value)
        y.backward(np.ones(y.shape))
    with pytest.raises(RuntimeError, match="plain arrays only"):
        tape.exp(a).backward(a)


@pytest.mark.parametrize("constant", [2, 2.0, np.float64(2), np.arange(3), np.array([True, False, True]), np.sqrt(2)])
def test_constants_do_not_change_float32(constant):
    x = tape.Value(np.ones(3, np.float32))
    y = constant * x + x / np.sqrt(3)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


def test_a_gradient_has_the_dtype_of_its_value():
    x, y = tape.Value(np.ones(3, np.float32)), tape.Value(np.ones(3))
    z = x * y
    z.sum().backward()
    assert (z.dtype, x.grad.dtype, y.grad.dtype) == (np.float64, np.float32, np.float64)


def test_dtypes_meet_as_in_numpy():
    single = tape.Value(np.ones(3, np.float32))
    assert (single * np.ones(3)).dtype == np.float64  # an array of constants counts, a number does not
    assert (tape.Value(2.0) * np.ones(3, np.float32)).dtype == np.float64
    assert (single.sum() * np.ones(3, int)).dtype == np.float32
    assert float(tape.exp(0)) == 1.0


# -- errors that teach ---------------------------------------------------------------------------------------


def test_integers_have_no_gradient():
    with pytest.raises(TypeError, match="floats, got int64"):
        tape.Value([1, 2])
    with pytest.raises(TypeError, match="got a Value"):
        tape.Value(value(3))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (lambda x: x + np.ones(5), r"add of shapes \(2, 3\) and \(5,\): compared from the right"),
        (lambda x: x @ x, r"matmul of shapes \(2, 3\) and \(2, 3\): .*transpose"),
        (lambda x: x.reshape(5), r"reshape of shapes \(2, 3\): cannot reshape"),
        (lambda x: x.sum(4), r"sum of shapes \(2, 3\): axis 4"),
        (lambda x: tape.where(np.ones(5, bool), x, 0), r"where of shapes \(2, 3\) and \(\)"),
    ],
)
def test_shapes_that_do_not_fit(operation, message):
    with pytest.raises(ValueError, match=message):
        operation(value(2, 3))


def test_numpy_functions_are_refused():
    with pytest.raises(TypeError):
        np.exp(value(3))  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="gradients do not flow through NumPy"):
        np.asarray(value(3))
    with pytest.raises(TypeError):
        assert value(3) > 0  # type: ignore[operator]


def test_a_mask_is_boolean():
    x = value(3)
    with pytest.raises(TypeError, match="booleans"):
        tape.where(x.data, x, 0)
    with pytest.raises(TypeError, match="booleans"):
        tape.where(x, x, 0)


def test_a_value_can_be_walked_through_and_shown():
    x = value(2, 3)
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    assert "shape=(2, 3)" in repr(x)
    assert float(tape.Value(2.5)) == 2.5
    with pytest.raises(TypeError):
        list(tape.Value(1.0))


# -- Parameters and optimizers -------------------------------------------------------------------------------


def test_a_parameter_is_a_leaf():
    p = gu.Parameter(np.array([1.0, 2.0]))
    buffer = p.grad
    assert tape.Value(p).grad is buffer
    for _ in range(2):
        (tape.Value(p) * 3 + p * tape.Value([1.0, 1.0])).sum().backward()
    assert p.grad is buffer
    np.testing.assert_array_equal(p.grad, [8, 8])


def test_a_parameter_that_an_optimizer_has_moved():
    p = gu.Parameter(np.array([1.0, 2.0]))
    leaf = tape.Value(p)
    loss = (leaf * leaf).sum()
    optimizer = gu.SGD([p], lr=0.25)  # flattens: p.data and p.grad are now other arrays
    loss.backward()
    np.testing.assert_array_equal(p.grad, [2, 4])
    optimizer.step()
    np.testing.assert_array_equal((leaf * 1.0).data, [0.5, 1])


# -- kernel pairs --------------------------------------------------------------------------------------------


def t(x):
    return torch.tensor(x.data if isinstance(x, tape.Value) else x, requires_grad=isinstance(x, tape.Value))


IDS = np.array([[1, 4, 1], [0, 4, 4]])
LABELS = np.array([1, 0, 6, 3, 3])
KERNELS = {
    "linear": ([value(5, 3), value(7, 3), value(7)], {}, F.linear),
    "conv2d": (
        [value(2, 3, 7, 5), value(4, 3, 3, 2), value(4)], {"stride": (2, 1), "padding": (1, 0)},
        lambda *a: F.conv2d(*a, stride=(2, 1), padding=(1, 0)),
    ),
    "max_pool2d": ([value(2, 3, 7, 5)], {"kernel": (3, 2)}, lambda x: F.max_pool2d(x, (3, 2))),
    "relu": ([value(5, 3)], {}, F.relu),
    "gelu": ([value(5, 3)], {}, F.gelu),
    "softmax": ([value(5, 3)], {"dim": 0}, lambda x: F.softmax(x, 0)),
    "embedding": ([IDS, value(5, 3)], {}, F.embedding),
    "layer_norm": ([value(5, 3), value(3), value(3, seed=1)], {}, lambda x, w, b: F.layer_norm(x, (3,), w, b)),
    "cross_entropy": ([value(5, 7), LABELS], {"reduction": "sum"}, lambda x, y: F.cross_entropy(x, y, reduction="sum")),
    "mse": ([value(5, 7), np.ones((5, 7))], {}, F.mse_loss),
    "triplet_margin": ([value(5, 7), value(5, 7, seed=1), value(5, 7, seed=2)], {}, F.triplet_margin_loss),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_pairs_on_the_tape(name):
    inputs, options, twin = KERNELS[name]
    inputs = [tape.Value(x.data) if isinstance(x, tape.Value) else x for x in inputs]
    y = getattr(tape, name)(*inputs, **options)
    upstream = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(upstream)
    tensors = [t(x) for x in inputs]
    right = twin(*tensors)
    right.backward(torch.tensor(upstream))
    assert relative_error(y.data, right.detach().numpy()) <= 1e-10
    for x, tensor in zip(inputs, tensors):
        if isinstance(x, tape.Value):
            assert tensor.grad is not None
            assert relative_error(x.grad, tensor.grad.numpy()) <= 1e-10


def test_every_kernel_pair_has_its_name():
    assert {"linear", "conv2d", "cross_entropy", "gelu", "embedding"} <= set(kernels.names())
    assert set(kernels.names()) <= set(dir(tape))
    assert tape.linear.__name__ == "linear"
    with pytest.raises(AttributeError, match="'layernorm'; did you mean layer_norm"):
        _ = tape.layernorm


def test_a_weight_that_is_left_out():
    x, weight = value(5, 3), value(7, 3)
    tape.linear(x, weight, None).sum().backward()
    np.testing.assert_allclose(weight.grad, np.tile(x.data.sum(0), (7, 1)))


def test_arguments_by_name_and_constants_among_them():
    x, weight, bias = value(5, 3), np.ones((7, 3)), gu.Parameter(np.zeros(7))
    tape.linear(bias=bias, weight=weight, x=x).sum().backward()
    np.testing.assert_array_equal(bias.grad, np.full(7, 5.0))
    np.testing.assert_array_equal(x.grad, np.full((5, 3), 7.0))


def test_a_gradient_that_the_kernel_does_not_give():
    with pytest.raises(TypeError, match="mse_backward gives no gradient for 'target'"):
        tape.mse(value(5), value(5)).backward()


def test_a_kernel_with_a_gradient_of_the_wrong_shape():
    def double_forward(x):
        return 2 * x, None

    def double_backward(dy, cache):
        return 2 * dy.sum(axis=0)

    with pytest.raises(
        ValueError, match=r"double_backward gives a gradient of shape \(3,\) to a value of shape \(2, 3"
    ):
        tape.wrap(double_forward, double_backward)(value(2, 3)).sum().backward()


def test_a_kernel_with_several_results_is_refused():
    with pytest.raises(TypeError, match="returns 2 arrays"):
        tape.wrap(lambda x: ((x, x), None), lambda dy, cache: dy)(value(3))


# -- composed formulas, and layers made of them --------------------------------------------------------------

MASK = np.tril(np.ones((5, 5), bool))
X, GAIN, SHIFT = value(5, 7), value(7, seed=1), value(7, seed=2)
FORMULAS = {
    "relu": (composed.relu, tape.relu, [X]),
    "sigmoid": (composed.sigmoid, tape.sigmoid, [X]),
    "gelu": (composed.gelu, tape.gelu_tanh, [X]),
    "softmax": (composed.softmax, tape.softmax, [X]),
    "layer_norm": (composed.layer_norm, tape.layer_norm, [X, GAIN, SHIFT]),
    "cross_entropy": (lambda x: composed.cross_entropy(x, LABELS), lambda x: tape.cross_entropy(x, LABELS), [X]),
    "attention": (
        lambda q, k, v: composed.attention(q, k, v, MASK),
        lambda q, k, v: tape.softmax(q @ k.T / np.sqrt(7) + np.where(MASK, 0, -np.inf)) @ v,
        [X, value(5, 7, seed=3), value(5, 7, seed=4)],
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_composed_formulas_agree_with_the_kernel_pairs(name):
    composition, by_hand, inputs = FORMULAS[name]
    results = []
    for function in (composition, by_hand):
        values = [tape.Value(x.data) for x in inputs]
        y = function(*values)
        y.backward(np.random.default_rng(1).standard_normal(y.shape))
        results.append([y.data, *(v.grad for v in values)])
    for mine, right in zip(*results, strict=True):
        assert relative_error(mine, right) <= 1e-10


def test_a_formula_is_a_layer():
    rng = np.random.default_rng(0)
    swish = tape.Formula(lambda x, beta: x / (1 + tape.exp(-beta * x)), beta=np.array([1.5]))
    model = gu.Sequential(gu.Linear(7, 5, rng=rng), swish, gu.Linear(5, 3, rng=rng))
    report = check_gradients(model, rng.standard_normal((11, 7)))
    assert report.passed, str(report)
    assert "1.beta" in model.state_dict()
    assert set(report.errors) == {"dx", "0.weight", "0.bias", "1.beta", "2.weight", "2.bias"}


def test_a_formula_with_several_inputs_and_outputs():
    layer = tape.Formula(lambda a, b, ids, w: ((a * w)[ids], (a + b, b)[0]), w=np.ones(3))
    rng = np.random.default_rng(0)
    report = check_gradients(layer, rng.standard_normal((5, 3)), rng.standard_normal((5, 3)), np.array([1, 1, 4]))
    assert report.passed, str(report)


def test_a_formula_in_evaluation_keeps_nothing():
    layer = tape.Formula(lambda x: x * x).eval()
    np.testing.assert_array_equal(layer(np.array([3.0])), [9])
    with pytest.raises(RuntimeError, match="evaluation"):
        layer.backward(np.ones(1))


def test_a_formula_shares_parameters():
    linear = gu.Linear(7, 5, rng=np.random.default_rng(0), dtype=np.float64)
    assert linear.bias is not None
    formula = tape.Formula(lambda x, weight, bias: x @ weight.T + bias, weight=linear.weight, bias=linear.bias)
    x, dy = value(11, 7).data, value(11, 5).data
    linear(x)
    linear.backward(dy)
    right = linear.weight.grad.copy()
    formula(x)
    formula.backward(dy)
    assert relative_error(linear.weight.grad, 2 * right) <= 1e-12


def test_a_formula_does_not_shadow_the_layer():
    with pytest.raises(ValueError, match="'training'"):
        tape.Formula(lambda x: x, training=np.ones(1))
