import numpy as np
import pytest

from groundup.scratch import SGD, Parameter, flatten


def three(dtype=np.float64) -> list[Parameter]:
    rng = np.random.default_rng(0)
    return [Parameter(rng.standard_normal(shape).astype(dtype)) for shape in [(3, 5), (7,), ()]]


def test_parameters_become_views_of_one_buffer_and_keep_their_values():
    parameters = three()
    before = [p.data.copy() for p in parameters]
    parameters[1].grad[...] = 2
    data, grad = flatten(parameters)
    assert data.shape == grad.shape == (3 * 5 + 7 + 1,)
    for p, values in zip(parameters, before):
        assert np.array_equal(p.data, values)
        assert np.shares_memory(p.data, data)
        assert np.shares_memory(p.grad, grad)
    assert grad.sum() == 2 * 7
    data[...] = 4
    assert all((p.data == 4).all() for p in parameters)


def test_flattening_again_gives_the_same_buffers():
    parameters = three()
    data, grad = flatten(parameters)
    again, grad_again = flatten(parameters)
    assert again.ctypes.data == data.ctypes.data
    assert grad_again.ctypes.data == grad.ctypes.data
    assert again.shape == data.shape


def test_a_run_of_neighbours_shares_the_larger_buffer():
    parameters = three()
    data, _ = flatten(parameters)
    part, _ = flatten(parameters[1:])
    assert np.shares_memory(part, data)
    assert part.shape == (8,)
    assert np.shares_memory(parameters[0].data, data)


@pytest.mark.parametrize("order", [[0, 2], [1, 0], [2, 1, 0]])
def test_parameters_that_are_not_neighbours_move_to_a_buffer_of_their_own(order):
    parameters = three()
    before = [p.data.copy() for p in parameters]
    data, _ = flatten(parameters)
    part, grad = flatten([parameters[i] for i in order])
    assert not np.shares_memory(part, data)
    assert np.array_equal(part, np.concatenate([before[i].ravel() for i in order]))
    assert grad.shape == part.shape


def test_a_superset_moves_and_the_old_optimizer_says_so():
    parameters = three()
    optimizer = SGD(parameters[:2])
    flatten(parameters)
    with pytest.raises(RuntimeError, match="parameters have moved"):
        optimizer.step()


def test_an_optimizer_notices_that_any_of_its_parameters_moved():
    parameters = three()
    optimizer = SGD(parameters)
    flatten([parameters[2], parameters[1]])  # the first one stays
    with pytest.raises(RuntimeError, match="parameters have moved"):
        optimizer.step()


def test_an_optimizer_notices_a_gradient_that_was_replaced():
    parameters = three()
    optimizer = SGD(parameters)
    parameters[1].grad = np.ones(7)
    with pytest.raises(RuntimeError, match="parameters have moved"):
        optimizer.step()


def test_two_optimizers_over_the_same_parameters_reach_the_same_weights():
    parameters = three()
    first, second = SGD(parameters, lr=1.0), SGD(parameters, lr=1.0)
    first.grad[...] = 1
    before = first.data.copy()
    first.step()
    second.step()
    assert np.allclose(parameters[0].data.ravel(), before[:15] - 2)


def test_wrong_parameters_are_refused():
    with pytest.raises(ValueError, match="no parameters"):
        flatten([])
    p = Parameter(np.ones(3))
    with pytest.raises(ValueError, match="given twice"):
        flatten([p, p])
    with pytest.raises(ValueError, match=r"float32.*float64.*astype"):
        flatten([p, Parameter(np.ones(3, np.float32))])
    with pytest.raises(TypeError, match="int64"):
        Parameter(np.arange(3))


def test_a_gradient_set_to_zero_is_zero_whoever_looks():
    p = Parameter(np.ones((2, 3)))
    p.grad += 5
    p.zero_grad()
    np.testing.assert_array_equal(p.grad, np.zeros((2, 3)))
    p.grad[...] = 7
    _, grad = flatten([p])
    p.zero_grad()
    assert np.shares_memory(p.grad, grad)
    np.testing.assert_array_equal(grad, np.zeros(6))


def test_a_blank_gradient_is_written_once_and_then_added_to():
    p, x = Parameter(np.ones((2, 3))), np.arange(6.0).reshape(2, 3)
    p.grad += 5
    assert p.blank() is None  # there is something in it: nobody may write over that
    p.zero_grad()
    memory = p.blank()
    assert memory is not None
    np.copyto(memory, x)
    p.add(memory)
    assert p.blank() is None
    p.add(x)
    np.testing.assert_array_equal(p.grad, 2 * x)
    p.zero_grad()
    p.blank()  # asked for, and not used
    np.testing.assert_array_equal(p.grad, 0 * x)
    p.add(x)
    np.testing.assert_array_equal(p.grad, x)
