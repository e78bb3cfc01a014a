"""Would anybody notice a mistake in an optimizer or a schedule? As in ``teeth.py``, mistakes are planted one at a time.

- **Behaviour**: the decay coupled instead of decoupled (or the other way round), an average forgotten between steps, a
  count of steps that stands still, gradients or steps slightly too large, one parameter left out.
- **Source**: the code of every function that takes part in a step is rewritten: bias correction missing, epsilon inside
  the root, a root forgotten, a term dropped, an operator or a condition turned round, a statement left out.

The judge is PyTorch's trajectory: a mutant is caught if weights or state (or learning rates) leave it, or if it raises.
"""

import ast
import inspect
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from groundup.compare import optimizer_evidence, schedule_evidence, teeth
from groundup.compare.case import OptimizerCase, ScheduleCase
from groundup.compare.evidence import PARITY_TOLERANCE
from groundup.compare.teeth import Teeth, source_mutants
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.optimizers import SGD

Spoiler = Callable[[Any], None]

# What is not part of a step: making, saving, checking. Their tests are in the evidence and in tests/scratch.
NOT_IN_A_STEP = {"__init__", "state_dict", "load_state_dict", "zero_grad", "applied", "move"}

# Mutants that change nothing; "function: before -> after", and why.
KNOWN_EQUIVALENT = {
    "newton_schulz: matrix.shape[0] > matrix.shape[1] -> matrix.shape[0] < matrix.shape[1]": (
        "for a matrix and its transpose the iteration gives the same; the choice only makes the products smaller"
    ),
}


class Judge:
    """Knows PyTorch's trajectory for one case, and tells whether ours leaves it."""

    def __init__(self, case: OptimizerCase | ScheduleCase, seed: int = 0) -> None:
        self.case, self.seed = case, seed
        evidence = optimizer_evidence if isinstance(case, OptimizerCase) else schedule_evidence
        self.right: list[Any] = evidence.steps_in_torch(case, seed, evidence.STEPS)[0]  # pyright: ignore[reportArgumentType]

    def objects(self, mutate: Spoiler = lambda optimizer: None) -> bool:
        try:
            with np.errstate(all="ignore"):
                return not all(error <= PARITY_TOLERANCE for error in self.errors(mutate))
        except Exception:
            return True  # a mistake that stops the program does not go unnoticed

    def errors(self, mutate: Spoiler) -> Iterator[float]:
        """Yield the relative errors, step by step."""
        if isinstance(self.case, ScheduleCase):
            mine = list(schedule_evidence.steps_by_hand(self.case, self.seed, schedule_evidence.STEPS))
            yield from schedule_evidence.differences(mine, self.right).values()
            return
        steps = optimizer_evidence.steps_by_hand(self.case, self.seed, optimizer_evidence.STEPS, mutate)
        for values, right in zip(steps, self.right):
            yield from (relative_error(values[name], value) for name, value in right.items())


# -- mistakes of behaviour -----------------------------------------------------------------------------------


def behaviour_mutants(case: OptimizerCase) -> Iterator[tuple[str, Spoiler]]:
    """Yield descriptions and functions that spoil an optimizer."""
    example = case.make(optimizer_evidence.parameters(case, 0))
    yield "the gradient of the first weight has the wrong sign", _before_step(_negate_first)
    yield "steps 1.01 times as large", _rescale_lr
    yield "last parameter left out", _leave_out_last
    if any(part.weight_decay and not isinstance(part, SGD) for part in example.parts):
        yield "weight decay coupled instead of decoupled, or the other way round", _flip_decay
    for i, part in enumerate(example.parts):
        for name in part.arrays:
            yield f"{name} of part {i} forgotten between steps", _after_step(lambda o, i=i, n=name: _forget(o, i, n))
        if "steps" in case.state:
            yield f"the steps of part {i} stand still", _before_step(lambda o, i=i: setattr(o.parts[i], "steps", 0))


def _negate_first(optimizer: Any) -> None:
    optimizer.parameters[0].grad.flat[0] *= -1


def _forget(optimizer: Any, part: int, name: str) -> None:
    getattr(optimizer.parts[part], name)[...] = 0


def _rescale_lr(optimizer: Any) -> None:
    for part in optimizer.parts:
        part.lr *= 1.01


def _flip_decay(optimizer: Any) -> None:
    for part in optimizer.parts:
        part.decoupled = not part.decoupled


def _before_step(change: Spoiler) -> Spoiler:
    def mutate(optimizer: Any) -> None:
        step = optimizer.step
        optimizer.step = lambda: (change(optimizer), step())

    return mutate


def _after_step(change: Spoiler) -> Spoiler:
    def mutate(optimizer: Any) -> None:
        step = optimizer.step
        optimizer.step = lambda: (step(), change(optimizer))

    return mutate


def _leave_out_last(optimizer: Any) -> None:
    last, step = optimizer.parameters[-1], optimizer.step

    def spoilt() -> None:
        before = last.data.copy()
        step()
        last.data[...] = before

    optimizer.step = spoilt


# -- mistakes in the source ----------------------------------------------------------------------------------


def changes(node: ast.AST) -> list[ast.AST]:
    """Return what a node could be replaced with by a realistic mistake in an update or a schedule."""
    usual = teeth._changes(node)
    match node:
        case ast.BinOp(ast.Call(ast.Attribute(_, "sqrt") as root, [inside]), ast.Add(), eps):
            return [*usual, ast.Call(root, [ast.BinOp(inside, ast.Add(), eps)], [])]  # epsilon inside the root
        case ast.AugAssign(target, ast.Sub(), value):
            return [*usual, ast.AugAssign(target, ast.Add(), value)]
        case ast.Call(ast.Attribute(_, "sqrt"), [inside, *_]):
            return [inside]
        case ast.IfExp(_, body, orelse):
            return [body, orelse]
        case ast.If(test, body, orelse):
            return [ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)]
        case _:
            return usual


def rewritten(function: types.FunctionType) -> Iterator[tuple[str, types.CodeType]]:
    """Yield the mistake that takes two statements: in an update that works in place, epsilon inside the root."""
    source = textwrap.dedent(inspect.getsource(function))
    inside = re.sub(r"np\.sqrt\(v, out=buffer\)\n +buffer \+= (.+)", r"np.sqrt(v + \1, out=buffer)", source)
    if inside != source:
        namespace: dict[str, Any] = {}
        exec(compile(inside, "<mutant>", "exec"), function.__globals__, namespace)
        yield f"{function.__name__}: epsilon inside the root", namespace[function.__name__].__code__


def functions_of(case: OptimizerCase | ScheduleCase) -> list[types.FunctionType]:
    """Return the functions that take part in a step of a case's component."""
    found: list[Any] = []
    parts = case.make(optimizer_evidence.parameters(case, 0)).parts if isinstance(case, OptimizerCase) else []
    for component in [case.component, *map(type, parts)]:
        classes = component.__mro__ if isinstance(component, type) else ()
        found += [value for c in classes if c.__module__.startswith("groundup.scratch") for value in vars(c).values()]
        module = sys.modules[component.__module__]
        found += [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    unique = dict.fromkeys(f for f in found if inspect.isfunction(f) and f.__module__.startswith("groundup.scratch"))
    # Code that says super() is tied to its class and cannot be exchanged.
    return [
        f
        for f in unique
        if f.__name__ not in NOT_IN_A_STEP and "check_" not in f.__name__ and not f.__code__.co_freevars
    ]


def bite(
    cases: list[OptimizerCase | ScheduleCase],
    jury: list[OptimizerCase | ScheduleCase] | None = None,
    known: dict[str, str] = KNOWN_EQUIVALENT,
) -> list[Teeth]:
    """Plant every mutant; return, for each case and each function, how many there were and which survived.

    Parameters
    ----------
    cases : whose behaviour, and whose functions, are spoilt.
    jury : a function's mutant is caught if any of these that use it objects; by default the cases themselves.
    known : source mutants that change nothing, left out of the count.
    """
    judges = {case.name: Judge(case) for case in (jury or cases)}
    results = []
    for case in cases:
        judge = judges[case.name]
        if judge.objects():
            raise AssertionError(f"{case.name}: unchanged, it is already rejected; see `groundup compare`")
        if isinstance(case, OptimizerCase):
            mutants = list(behaviour_mutants(case))
            survivors = tuple(name for name, mutate in mutants if not judge.objects(mutate))
            results.append(Teeth(case.name, len(mutants), survivors))

    users: dict[types.FunctionType, list[str]] = {}
    for case in jury or cases:
        for function in functions_of(case):
            users.setdefault(function, []).append(case.name)
    asked = {function for case in cases for function in functions_of(case)}
    users = {function: names for function, names in users.items() if function in asked}
    for function, names in users.items():
        count, survivors, original = 0, [], function.__code__
        for description, code in [*source_mutants(function, changes), *rewritten(function)]:
            where = function.__qualname__
            if f"{where}: {description.split(': ', 1)[1]}" in known:
                continue
            count += 1
            try:
                function.__code__ = code
                caught = any(judges[name].objects() for name in names)
            finally:
                function.__code__ = original
            if not caught:
                survivors.append(description)
        if count:
            results.append(Teeth(function.__qualname__, count, tuple(survivors)))
    return results
