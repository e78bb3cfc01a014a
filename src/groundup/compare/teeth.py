"""Would anybody notice? Break each backward on purpose, and require the evidence to object.

A test suite that a wrong gradient passes proves nothing. Two kinds of mistakes are planted, one at a time:

- **Behaviour**: what a layer's backward returns is spoilt from outside: zeros, a factor, a sign, a transposition,
  a sum over the batch that stops after the first example, an accumulation that overwrites, an upstream gradient
  that is ignored.
- **Source**: the code of each ``*_backward`` kernel is rewritten: a term or factor dropped, a sum replaced by its
  first summand, an operator or comparison turned round, a statement left out, a transposition forgotten.

A mutant is *caught* if the gradients no longer agree with finite differences, or if it raises. Those that nothing
catches are the survivors; there must be none.
"""

import ast
import copy
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.compare.case import LayerCase
from groundup.compare.evidence import NUMERICAL_TOLERANCE
from groundup.compare.layer_evidence import make, upstream_of
from groundup.scratch.gradcheck import as_tuple, numerical_gradient, relative_error, repeatable, walk

Array = np.ndarray


@dataclass(frozen=True)
class Teeth:
    """How many mutants of what were planted, and descriptions of those that survived."""

    name: str
    mutants: int
    survivors: tuple[str, ...]


# -- the judge -----------------------------------------------------------------------------------------------


class Judge:
    """Knows the right gradients of one case, from finite differences, and tells whether a backward meets them.

    The right gradients are computed once; judging a mutant is then two forwards and two backwards.
    """

    def __init__(self, case: LayerCase, seed: int = 0) -> None:
        self.case, self.seed = case, seed
        layer, inputs = make(case, seed)
        forward = repeatable(layer)
        outputs = [np.asarray(y) for y in as_tuple(forward(*inputs))]
        self.upstream = upstream_of(outputs, seed)
        self.asked = [d is not None for d in as_tuple(layer.backward(*self.upstream))]

        def scalar() -> float:
            values = as_tuple(forward(*inputs))
            layer.train(layer.training)
            return float(sum((y * dy).sum() for y, dy in zip(values, self.upstream)))

        floats = [x for x in inputs if np.issubdtype(x.dtype, np.floating)]
        self.dinputs = [numerical_gradient(scalar, x) if ask else None for x, ask in zip(floats, self.asked)]
        self.dparameters = {name: numerical_gradient(scalar, p.data) for name, p in layer.named_parameters()}

    def objects(self, mutate: Callable[[Any], None] = lambda layer: None) -> bool:
        """Tell whether a layer, after ``mutate(layer)``, has wrong gradients or raises."""
        layer, inputs = make(self.case, self.seed)
        mutate(layer)
        forward = repeatable(layer)
        try:
            with np.errstate(all="ignore"):
                for times in (1, 2):  # the second backward must add to the first
                    forward(*inputs)
                    dinputs = as_tuple(layer.backward(*self.upstream))
                    pairs = [(d, right) for d, right in zip(dinputs, self.dinputs) if right is not None]
                    pairs += [(p.grad, times * self.dparameters[name]) for name, p in layer.named_parameters()]
                    if any(not relative_error(a, b) <= 10 * NUMERICAL_TOLERANCE for a, b in pairs):
                        return True
        except Exception:
            return True  # a mistake that stops the program does not go unnoticed
        return False


# -- mistakes of behaviour -----------------------------------------------------------------------------------

SPOILERS: dict[str, Callable[[Array], Array]] = {
    "zeros": np.zeros_like,
    "1.01 times": lambda g: 1.01 * g,
    "negated": lambda g: -g,
    "transposed": lambda g: g.T.reshape(g.shape) if g.ndim > 1 else g[::-1],
    "divided by the batch": lambda g: g / max(len(g), 2) if g.ndim else g / 2,
    "last entry missing": lambda g: np.concatenate([g[:-1], 0 * g[-1:]]),
}


def behaviour_mutants(case: LayerCase, judge: Judge) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield descriptions and functions that spoil ``layer.backward``."""
    for i, right in enumerate(judge.dinputs):
        if right is None:
            continue
        for name, spoil in SPOILERS.items():
            if relative_error(spoil(right), right) > 1e-3:  # transposing a constant, say, is no mistake
                yield f"input gradient {i}: {name}", _spoil_input(i, spoil)
    for parameter, right in judge.dparameters.items():
        for name, spoil in SPOILERS.items():
            if relative_error(spoil(right), right) > 1e-3:
                yield f"{parameter}: {name}", _spoil_parameter(parameter, spoil)
        yield f"{parameter}: overwritten instead of added to", _overwrite(parameter)
    yield "upstream gradient ignored", _change_upstream(np.ones_like)
    if any(dy.ndim and len(dy) > 1 for dy in judge.upstream):
        yield "sum over the batch stops after the first example", _change_upstream(_only_first)


def _only_first(dy: Array) -> Array:
    return np.concatenate([dy[:1], np.zeros_like(dy[1:])]) if dy.ndim else dy


def _wrap(layer: Any, around: Callable[..., Any]) -> None:
    backward = layer.backward
    layer.backward = lambda *dy: around(backward, *dy)


def _spoil_input(i: int, spoil: Callable[[Array], Array]) -> Callable[[Any], None]:
    def around(backward: Any, *dy: Array) -> Any:
        gradients = list(as_tuple(backward(*dy)))
        gradients[i] = spoil(gradients[i])
        return tuple(gradients)

    return lambda layer: _wrap(layer, around)


def _spoil_parameter(name: str, spoil: Callable[[Array], Array]) -> Callable[[Any], None]:
    def mutate(layer: Any) -> None:
        parameter = dict(layer.named_parameters())[name]

        def around(backward: Any, *dy: Array) -> Any:
            before = parameter.grad.copy()
            result = backward(*dy)
            parameter.grad[...] = before + spoil(parameter.grad - before)
            return result

        _wrap(layer, around)

    return mutate


def _overwrite(name: str) -> Callable[[Any], None]:
    def mutate(layer: Any) -> None:
        parameter = dict(layer.named_parameters())[name]

        def around(backward: Any, *dy: Array) -> Any:
            parameter.grad[...] = 0
            return backward(*dy)

        _wrap(layer, around)

    return mutate


def _change_upstream(change: Callable[[Array], Array]) -> Callable[[Any], None]:
    return lambda layer: _wrap(layer, lambda backward, *dy: backward(*map(change, dy)))


# -- mistakes in the source ----------------------------------------------------------------------------------


def kernels_of(case: LayerCase) -> list[types.FunctionType]:
    """Return the ``*_backward`` functions in the files of a case's layer and of all the layers inside it."""
    layer, _ = make(case, 0)
    modules = {sys.modules[type(part).__module__] for part in walk(layer)}
    return [
        function
        for module in sorted(modules, key=lambda m: m.__name__)
        for name, function in vars(module).items()
        if name.endswith("_backward") and inspect.isfunction(function) and function.__module__ == module.__name__
    ]


def source_mutants(
    function: types.FunctionType, changes: Callable[[ast.AST], list[ast.AST]] | None = None
) -> Iterator[tuple[str, types.CodeType]]:
    """Yield a description and the code of each single change to a kernel's source.

    ``changes`` says what a node could be replaced with; by default, what is a realistic mistake in a backward.
    """
    changes = changes or _changes
    source = textwrap.dedent(inspect.getsource(function))
    first_line = function.__code__.co_firstlineno
    tree = ast.parse(source)
    count = sum(1 for _ in ast.walk(tree))
    for index in range(count):
        for change in range(_MOST_CHANGES):
            mutated = copy.deepcopy(tree)
            node = next(n for i, n in enumerate(ast.walk(mutated)) if i == index)
            before = ast.unparse(node) if isinstance(node, (ast.expr, ast.stmt)) else ""
            replacement = changes(node)
            if change >= len(replacement):
                break
            mutated = _Replace(node, replacement[change]).visit(mutated)
            after = ast.unparse(ast.fix_missing_locations(mutated))
            line = first_line + getattr(node, "lineno", 1) - 1
            shown = ast.unparse(replacement[change])
            namespace: dict[str, Any] = {}
            function.__globals__["_groundup_first_summand"] = first_summand
            exec(compile(after, "<mutant>", "exec"), function.__globals__, namespace)
            yield f"{function.__name__}, line {line}: {before} -> {shown}", namespace[function.__name__].__code__


_MOST_CHANGES = 4
_OPPOSITE = {ast.Gt: ast.Lt, ast.Lt: ast.Gt, ast.GtE: ast.Lt, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def _changes(node: ast.AST) -> list[ast.AST]:
    """Return what a node could be replaced with by a realistic mistake."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return [left, right, ast.BinOp(left, ast.Sub(), right)]
        case ast.BinOp(left, ast.Sub(), right):
            return [left, right, ast.BinOp(left, ast.Add(), right)]
        case ast.BinOp(left, ast.Mult(), right):
            return [left, right]
        case ast.BinOp(left, ast.Div(), right):
            return [left, ast.BinOp(left, ast.Mult(), right)]
        case ast.BinOp(left, ast.Pow(), right):
            return [left]
        case ast.UnaryOp(ast.USub(), operand):
            return [operand]
        case ast.Compare(left, [operator], [right]) if type(operator) in _OPPOSITE:
            return [ast.Compare(left, [_OPPOSITE[type(operator)]()], [right])]
        case ast.Call(ast.Attribute(value, "sum" | "mean"), arguments, keywords):
            return [_first_summand(value, arguments, keywords)]
        case ast.Attribute(value, "T"):
            return [value]
        case ast.AugAssign(target, operator, value):
            dropped: list[ast.AST] = [ast.Pass()]
            if isinstance(operator, ast.Add):
                dropped.append(ast.AugAssign(target, ast.Sub(), value))
            return dropped
        case _:
            return []


def first_summand(value: Array, axis: Any) -> Array:
    """Return ``value`` with zeros everywhere but at index 0 of the summed axes: its sum forgets all other terms."""
    axes = range(value.ndim) if axis is None else np.atleast_1d(axis) % value.ndim
    keep = np.ones(value.shape, bool)
    for a in axes:
        keep &= np.arange(value.shape[a]).reshape([-1 if i == a else 1 for i in range(value.ndim)]) == 0
    return np.where(keep, value, 0)


def _first_summand(value: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> ast.AST:
    axis = next((k.value for k in keywords if k.arg == "axis"), arguments[0] if arguments else ast.Constant(None))
    first = ast.Call(ast.Name("_groundup_first_summand", ast.Load()), [value, axis], [])
    return ast.Call(ast.Attribute(first, "sum", ast.Load()), arguments, keywords)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else super().generic_visit(node)


# Source mutants that change nothing, each with the reason: nobody can notice them, and they are not counted.
KNOWN_EQUIVALENT = {
    "embedding_backward: V <= SMALL_TABLE -> V > SMALL_TABLE": "both ways give the same sums, one faster",
}

# -- the hunt ------------------------------------------------------------------------------------------------


def stopped(*arguments: Any, **options: Any) -> None:
    raise RuntimeError("this kernel was stopped, to see who runs it")


def runs(judge: Judge, kernel: types.FunctionType) -> bool:
    """Tell whether the judge's case runs a kernel: it objects when the kernel raises."""
    original = kernel.__code__
    try:
        kernel.__code__ = stopped.__code__
        return judge.objects()
    finally:
        kernel.__code__ = original


def bite(
    cases: list[LayerCase], known: dict[str, str] = KNOWN_EQUIVALENT, jury: list[LayerCase] | None = None
) -> list[Teeth]:
    """Plant every mutant and return, for each case and each kernel, how many there were and which survived.

    Parameters
    ----------
    cases : those whose backward is spoilt, and whose kernels are mutated.
    known : source mutants that change nothing (description without the line: reason), left out of the count.
    jury : a kernel's mutant is caught if any of these objects; by default ``cases``. A kernel which the jury runs,
        but none of the cases, is somebody else's and is left alone.
    """
    judges = {case.name: Judge(case) for case in cases}
    results = []
    for case in cases:
        judge = judges[case.name]
        if judge.objects():
            raise AssertionError(f"{case.name}: the unchanged backward is already rejected; see `groundup compare`")
        mutants = list(behaviour_mutants(case, judge))
        survivors = tuple(name for name, mutate in mutants if not judge.objects(mutate))
        results.append(Teeth(case.name, len(mutants), survivors))

    kernels = dict.fromkeys(kernel for case in cases for kernel in kernels_of(case))
    users: dict[types.FunctionType, list[str]] = {kernel: [] for kernel in kernels}
    for case in jury or cases:
        for kernel in kernels.keys() & kernels_of(case):
            if case.name not in judges:
                judges[case.name] = Judge(case)
            if runs(judges[case.name], kernel):
                users[kernel].append(case.name)
    ours = {case.name for case in cases}
    for kernel, names in users.items():
        if names and not ours & set(names):
            continue
        mutants, survivors, original = 0, [], kernel.__code__
        for description, code in source_mutants(kernel):
            key = description.split(": ", 1)[1]
            if f"{kernel.__name__}: {key}" in known:
                continue
            mutants += 1
            try:
                kernel.__code__ = code
                caught = any(judges[name].objects() for name in names)
            finally:
                kernel.__code__ = original
            if not caught:
                survivors.append(description)
        results.append(Teeth(kernel.__name__, mutants, tuple(survivors)))
    return results
