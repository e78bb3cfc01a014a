"""Every rule in the table of derivatives: against finite differences, against PyTorch, and against planted mistakes."""

import ast
import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groundup.compare import teeth
from groundup.scratch import numerical_gradient, relative_error, tape
from groundup.scratch.tape import rules, value

TOLERANCE = 1e-10


@dataclass(frozen=True)
class Case:
    """An operation of the table, the same on the tape and in PyTorch, and how to draw its inputs."""

    rule: str
    on_tape: Callable[..., Any]
    in_torch: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    positive: bool = False
    values: tuple[Any, ...] = ()  # given instead of drawn: where there is a kink, and no finite difference

    def draw(self, rng: np.random.Generator, dtype: Any = np.float64) -> list[np.ndarray]:
        arrays = (
            [rng.standard_normal(shape) for shape in self.shapes] if not self.values else map(np.array, self.values)
        )
        return [np.asarray(np.abs(x) + 0.3 if self.positive else x, dtype) for x in arrays]


def both(rule, function, *shapes, positive=False) -> Case:
    """A case that reads the same for both libraries."""
    return Case(rule, function, function, shapes, positive)


MASK = np.random.default_rng(5).random((3, 1, 7)) < 0.5
CASES = [
    *(both("add", lambda a, b: a + b, *s) for s in [((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 1, 7), (5, 1)), ((), (3,))]),
    both("add", lambda a: a + a, (3, 5)),
    both("add", lambda a: 2 + a, (3,)),
    *(both("subtract", lambda a, b: a - b, *s) for s in [((3, 5), (3, 5)), ((5,), (3, 5)), ((3, 1), (1, 5))]),
    both("subtract", lambda a: 2 - a, (3,)),
    *(both("multiply", lambda a, b: a * b, *s) for s in [((3, 5), (3, 5)), ((3, 5), ()), ((3, 1, 7), (5, 1))]),
    both("multiply", lambda a: a * a * 3, (3, 5)),
    *(both("divide", lambda a, b: a / b, *s, positive=True) for s in [((3, 5), (5,)), ((5,), (3, 5)), ((7, 1), (3,))]),
    both("divide", lambda a: 2 / a, (3,), positive=True),
    *(both("power", lambda a, b: a**b, *s, positive=True) for s in [((3, 5), (5,)), ((5,), (3, 5))]),
    *(both("power", lambda a, n=n: a**n, (3, 5)) for n in (0, 1, 2, 3, -1)),
    both("power", lambda a: 3**a, (3, 5)),
    both("negative", lambda a: -a, (3, 5)),
    *(
        both("matmul", lambda a, b: a @ b, *s)
        for s in [
            ((3, 5), (5, 7)), ((2, 3, 5), (5, 7)), ((3, 5), (2, 5, 7)), ((2, 1, 3, 5), (11, 5, 7)),
            ((5,), (5, 7)), ((3, 5), (5,)), ((5,), (5,)), ((2, 3, 5), (5,)), ((5,), (2, 5, 3)),
        ]
    ),
    Case("exp", tape.exp, torch.exp, ((3, 5),)),
    Case("log", tape.log, torch.log, ((3, 5),), positive=True),
    Case("sqrt", tape.sqrt, torch.sqrt, ((3, 5),), positive=True),
    Case("tanh", tape.tanh, torch.tanh, ((3, 5),)),
    *(
        Case("where", lambda a, b: tape.where(MASK, a, b), lambda a, b: torch.where(torch.tensor(MASK), a, b), s)
        for s in [((3, 5, 7), (3, 5, 7)), ((5, 7), (3, 1, 1)), ((), (7,))]
    ),
    *(
        Case(name, lambda a, n=name, o=o: getattr(a, n)(**o), lambda a, t=twin, o=o: t(a, **o), ((3, 5, 7),))
        for name, twin in [("sum", torch.sum), ("max", torch.amax)]
        for o in [{"axis": 0}, {"axis": -2, "keepdims": True}, {"axis": (0, 2)}, {"axis": (2, 0), "keepdims": True}]
    ),
    *(both(n, lambda a, n=n: getattr(a, n)(), (3, 5, 7)) for n in ("sum", "max")),
    *(both("sum", lambda a, axis=axis: a.mean(axis), (3, 5, 7)) for axis in (0, (1, 2), -1)),
    both("sum", lambda a: a.mean(), (3, 5, 7)),
    Case("max", lambda a: a.max(1), lambda a: a.amax(1), (), values=([[2.0, 1, 2], [0, 0, 0], [3, 4, 5]],)),  # ties
    Case("max", lambda a: a.max(), lambda a: a.amax(), (), values=([[2.0, 1, 2], [2, 0, 0]],)),
    Case("power", lambda a, b: a**b, lambda a, b: a**b, (), values=([0.0, 0, 0, 2, 2, 2], [0.0, 1, 2, 0, 1, 2])),
    both("reshape", lambda a: a.reshape(5, -1), (3, 5, 7)),
    both("reshape", lambda a: a.reshape((7, 15)), (3, 5, 7)),
    Case("transpose", lambda a: a.transpose(1, 2, 0), lambda a: a.permute(1, 2, 0), ((3, 5, 7),)),
    Case("transpose", lambda a: a.transpose(), lambda a: a.permute(2, 1, 0), ((3, 5, 7),)),
    both("transpose", lambda a: a.T, (3, 5)),
    both("swapaxes", lambda a: a.swapaxes(0, -1), (3, 5, 7)),
    both("getitem", lambda a: a[1], (3, 5)),
    both("getitem", lambda a: a[1:, ::2], (3, 5)),
    both("getitem", lambda a: a[..., None, 2], (3, 5)),
    both("getitem", lambda a: a[1, 2], (3, 5)),
    both("getitem", lambda a: a[[0, 2, 0, 0]], (3, 5)),
    both("getitem", lambda a: a[[0, 1, 0], [2, 3, 2]], (3, 5)),
    Case("getitem", lambda a: a[MASK[:, 0]], lambda a: a[torch.tensor(MASK[:, 0])], ((3, 7),)),
    *(
        Case("concatenate", lambda *a, d=d: tape.concatenate(a, d), lambda *a, d=d: torch.cat(a, d), s)
        for d, s in [(0, ((3, 5), (2, 5), (7, 5))), (-1, ((3, 5), (3, 2)))]
    ),
    Case("concatenate", lambda a: tape.concatenate([a, a]), lambda a: torch.cat([a, a]), ((3, 5),)),
    *(
        Case("stack", lambda *a, d=d: tape.stack(a, d), lambda *a, d=d: torch.stack(a, d), ((3, 5), (3, 5)))
        for d in (0, 1, -1)
    ),
]  # fmt: skip


def run_on_tape(case: Case, arrays: list[np.ndarray], upstream: np.ndarray | None = None):
    """Return the result, its upstream gradient, and the gradient of each input."""
    inputs = [tape.Value(x) for x in arrays]
    y = case.on_tape(*inputs)
    if upstream is None:
        upstream = np.asarray(np.random.default_rng(1).standard_normal(y.shape), y.dtype)
    y.backward(upstream)
    return y.data, upstream, [gradient_of(x) for x in inputs]


def gradient_of(x: tape.Value) -> np.ndarray:
    assert x.grad is not None
    return x.grad


def difference_from_torch(case: Case, arrays: list[np.ndarray]) -> float:
    """Return the largest relative error of the result and of every gradient."""
    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    right = case.in_torch(*tensors)
    upstream = np.random.default_rng(1).standard_normal(tuple(right.shape))
    right.backward(torch.tensor(upstream))
    y, _, gradients = run_on_tape(case, arrays, upstream)
    errors = [relative_error(y, right.detach().numpy())]
    for gradient, t in zip(gradients, tensors, strict=True):
        assert t.grad is not None
        errors.append(relative_error(gradient, t.grad.numpy()))
    return max(errors)


def arrays_for(case: Case, dtype: Any = np.float64) -> list[np.ndarray]:
    return case.draw(np.random.default_rng(7), dtype)


each_case = pytest.mark.parametrize("case", CASES, ids=[f"{case.rule}-{i}" for i, case in enumerate(CASES)])


def test_every_rule_has_a_case():
    assert rules.RULES.keys() <= {case.rule for case in CASES}


@each_case
def test_against_torch(case):
    assert difference_from_torch(case, arrays_for(case)) <= TOLERANCE


@pytest.mark.parametrize("case", [case for case in CASES if not case.values], ids=lambda case: case.rule)
def test_against_finite_differences(case):
    arrays = arrays_for(case)
    _, upstream, gradients = run_on_tape(case, arrays)
    for x, gradient in zip(arrays, gradients):
        right = numerical_gradient(lambda: float((case.on_tape(*map(tape.Value, arrays)).data * upstream).sum()), x)
        assert relative_error(gradient, right) <= 1e-6


@each_case
def test_float32_stays_float32(case):
    y, _, gradients = run_on_tape(case, arrays_for(case, np.float32))
    assert [y.dtype, *(g.dtype for g in gradients)] == [np.float32] * (1 + len(gradients))


@each_case
def test_strides_and_untouched_inputs(case):
    arrays = arrays_for(case)
    views = [np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x for x in arrays]
    before = [x.copy() for x in arrays]
    y, upstream, gradients = run_on_tape(case, arrays)
    again, _, same = run_on_tape(case, views, upstream)
    assert relative_error(again, y) <= 1e-13
    for x, kept, a, b in zip(arrays, before, gradients, same):
        np.testing.assert_array_equal(x, kept)
        assert relative_error(b, a) <= 1e-13


# -- broadcasting over all shapes ----------------------------------------------------------------------------

ELEMENTWISE = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(ELEMENTWISE)),
    hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4, max_side=4),
)
def test_any_shapes_that_broadcast(name, shapes):
    case = both(name, ELEMENTWISE[name], *shapes.input_shapes, positive=True)
    assert difference_from_torch(case, arrays_for(case)) <= TOLERANCE


@settings(deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_dims=3, max_side=4))
def test_any_shapes_for_where(shapes):
    mask = np.random.default_rng(3).random(shapes.input_shapes[0]) < 0.5
    case = Case(
        "where",
        lambda a, b: tape.where(mask, a, b),
        lambda a, b: torch.where(torch.tensor(mask), a, b),
        shapes.input_shapes[1:],
    )
    assert difference_from_torch(case, arrays_for(case)) <= TOLERANCE


@settings(deadline=None)
@given(hnp.mutually_broadcastable_shapes(signature="(n,k),(k,m)->(n,m)", min_side=0, max_dims=3, max_side=4))
def test_any_shapes_for_matmul(shapes):
    case = both("matmul", lambda a, b: a @ b, *shapes.input_shapes)
    assert difference_from_torch(case, arrays_for(case)) <= TOLERANCE


@settings(deadline=None)
@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4), st.data(), st.booleans())
def test_any_axes_of_a_sum(shape, data, keepdims):
    axes = st.integers(-len(shape), len(shape) - 1)
    axis = data.draw(
        axes | st.lists(axes, min_size=1, max_size=len(shape), unique_by=lambda a: a % len(shape)).map(tuple)
    )
    for name, twin in (("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax)):
        case = Case(
            name,
            lambda a, n=name: getattr(a, n)(axis, keepdims),
            lambda a, t=twin: t(a, axis, keepdims),
            (shape,),
        )
        assert difference_from_torch(case, arrays_for(case)) <= TOLERANCE


@settings(deadline=None)
@given(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), st.data())
def test_any_index(shape, data):
    basic = hnp.basic_indices(shape, allow_newaxis=True)
    lists = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=5))
    index = data.draw(basic | lists)
    x = tape.Value(np.random.default_rng(0).standard_normal(shape))
    y = x[index]
    upstream = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(upstream)
    right = np.zeros(shape)  # the definition: every element of y goes back to where it came from
    places = np.arange(x.size).reshape(shape)[index]
    for place, dy in zip(np.ravel(places), upstream.ravel()):
        right.reshape(-1)[place] += dy
    np.testing.assert_allclose(gradient_of(x), right, rtol=1e-14)


# -- would anybody notice? -----------------------------------------------------------------------------------


def noticed() -> bool:
    """Tell whether any case disagrees with PyTorch, or raises."""
    for case in CASES:
        try:
            with np.errstate(all="ignore"):
                if not difference_from_torch(case, arrays_for(case)) <= TOLERANCE:
                    return True
        except Exception:
            return True  # a mistake that stops the program does not go unnoticed
    return False


EVERY_RULE = [(name, i) for name, entry in rules.RULES.items() for i in range(1, len(entry))]


@pytest.mark.parametrize("spoiler", teeth.SPOILERS)
@pytest.mark.parametrize(("name", "i"), EVERY_RULE)
def test_a_spoilt_rule_is_noticed(name, i, spoiler, monkeypatch):
    entry = list(rules.RULES[name])
    rule = entry[i]
    entry[i] = lambda *arguments, **options: teeth.SPOILERS[spoiler](rule(*arguments, **options))
    monkeypatch.setitem(rules.RULES, name, tuple(entry))
    assert noticed()


@pytest.mark.parametrize(("name", "i"), EVERY_RULE)
def test_an_ignored_upstream_gradient_is_noticed(name, i, monkeypatch):
    entry = list(rules.RULES[name])
    rule = entry[i]
    entry[i] = lambda dy, *arguments, **options: rule(np.ones_like(dy), *arguments, **options)
    monkeypatch.setitem(rules.RULES, name, tuple(entry))
    assert noticed()


def source_mutants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a description of each single change to ``rules.py``, and the changed module's contents."""
    tree = ast.parse(inspect.getsource(rules))
    for index, original in enumerate(ast.walk(tree)):
        for change in range(len(teeth._changes(original))):
            mutated = copy.deepcopy(tree)
            node = next(n for i, n in enumerate(ast.walk(mutated)) if i == index)
            replacement = teeth._changes(node)[change]
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
                continue
            before, after = ast.unparse(node), ast.unparse(replacement)
            mutated = ast.fix_missing_locations(teeth._Replace(node, replacement).visit(mutated))
            contents: dict[str, Any] = {"_groundup_first_summand": teeth.first_summand}
            exec(compile(mutated, "<mutant>", "exec"), contents)
            yield f"line {getattr(node, 'lineno', 0)}: {before} -> {after}", contents


def test_no_change_to_the_source_of_the_rules_survives(monkeypatch):
    assert not noticed()
    survivors, count = [], 0
    for description, contents in source_mutants():
        count += 1
        monkeypatch.setattr(value, "RULES", contents["RULES"])
        monkeypatch.setattr(value, "unbroadcast", contents["unbroadcast"])
        if not noticed():
            survivors.append(description)
    assert survivors == []
    assert count >= 40


@pytest.mark.parametrize(
    "unbroadcast",
    [
        lambda dy, shape: dy,  # forgotten
        lambda dy, shape: np.broadcast_to(rules.unbroadcast(dy[:1], shape), shape) if dy.ndim else dy,  # first only
        lambda dy, shape: rules.unbroadcast(dy, shape) / max(1, np.size(dy)) * np.prod(shape),  # mean, not sum
    ],
    ids=["forgotten", "only the first", "mean"],
)
def test_broken_broadcasting_is_noticed(unbroadcast, monkeypatch):
    monkeypatch.setattr(value, "unbroadcast", unbroadcast)
    assert noticed()


def test_overwriting_instead_of_adding_is_noticed(monkeypatch):
    def overwrite(self, gradient, source):
        self.grad = np.array(gradient)

    monkeypatch.setattr(tape.Value, "_receive", overwrite)
    assert noticed()
