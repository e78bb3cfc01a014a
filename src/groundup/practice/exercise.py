"""What an exercise is: a solution with gaps, inputs to try it on, hints, and the wrong answers that it must reject.

An exercise is a folder in ``practice/exercises``:

    solution.py      a plain file; what the learner writes stands between ``# your code`` and ``# end of your code``
    definition.py    ``EXERCISE``: title, hints, and the parts that are checked, in order
    answers.py       ``WRONG`` answers with the cause that must be named, and ``RIGHT`` ones in another style

The learner's file is the solution with its gaps emptied, so task and truth cannot drift apart. The truth of every
check is what the solution computes on the same inputs; the tests hold the solutions equal to ``groundup.scratch``
and PyTorch. At the end of the road stand scripts with a fault to be found: see ``bug``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from groundup.errors import unknown_name

Inputs = dict[str, Any]  # argument name -> array, number, or None
Outputs = dict[str, Any]  # output name -> array

PRIMES = (2, 3, 5, 7, 11, 13)


@dataclass(frozen=True)
class Case:
    """Inputs to try a part on. ``dims`` names the sizes in them, such as ``{"N": 5, "I": 7}``, for the diagnosis."""

    inputs: Inputs
    dims: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Slip:
    """A mistake that only this exercise knows: what someone who makes it would compute.

    ``compute(inputs)`` returns the wrong outputs, all or some of them; ``cause`` is the name that tests use,
    ``message`` is what the learner reads, with ``{name}`` for the output that is wrong.
    """

    cause: str
    message: str
    compute: Callable[[Inputs], Outputs]


@dataclass(frozen=True)
class Part:
    """One thing that is checked, usually one function.

    Parameters
    ----------
    name : the function or class that it is about.
    cases : ``cases(rng, dtype)`` returns a fresh :class:`Case` each time, with unequal sizes.
    outputs : the names of what is compared, in this order; none where ``run`` itself judges, by an AnswerError.
    run : ``run(module, inputs)`` returns the outputs by name. By default the function ``name`` is called with the
        inputs, and what it returns (one value or a tuple) gets the names in ``outputs``. A class, an optimizer or a
        loop needs a small scene of its own.
    slips : the mistakes that only this part knows; they are tried before the general ones.
    quantities : ``quantities(inputs)`` returns by name what is multiplied element by element in the formulas, such as
        ``"1 - z"``: the diagnosis then names one that is missing, is there once too often, or stands for another.
    tolerance : largest difference allowed, relative to the largest true value, in float64.
    float32 : whether float32 inputs must give float32 outputs (not for counts, splits or tables).
    changes : inputs that the part is meant to change; all others must stay as they were.
    """

    name: str
    cases: Callable[[np.random.Generator, Any], Case]
    outputs: tuple[str, ...]
    run: Callable[[Any, Inputs], Outputs] | None = None
    slips: tuple[Slip, ...] = ()
    quantities: Callable[[Inputs], Mapping[str, Any]] | None = None
    tolerance: float = 1e-8
    float32: bool = True
    changes: tuple[str, ...] = ()

    def outcome(self, module: Any, inputs: Inputs) -> Outputs:
        """Return what ``module`` (the learner's file or the solution) makes of the inputs, by name."""
        if self.run is not None:
            return self.run(module, inputs)
        return named(getattr(module, self.name)(**inputs), self.outputs, self.name)


@dataclass(frozen=True)
class Exercise:
    """An exercise as its ``definition.py`` writes it; ``name`` is its folder's."""

    title: str
    parts: tuple[Part, ...]
    hints: tuple[str, ...]  # from a nudge to nearly the answer
    seconds: float = 10.0  # the longest that a check of it may run
    torch: bool = False  # whether the learner's file imports PyTorch
    lesson: str = ""  # what to remember, said when it is solved

    @property
    def compared(self) -> bool:
        """Whether anything is compared with the solution; scripts with a fault are judged where they run."""
        return any(part.outputs for part in self.parts)


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the solution with some lines changed, and the cause that the diagnosis must name.

    ``cause`` is a cause of the diagnosis, such as ``"factor N"``, or of a slip; or ``"unnamed"`` where no cause can
    be named. ``edits`` are pairs (text in the solution, once; what stands there instead).
    """

    about: str
    cause: str
    edits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Right:
    """A right answer in another style than the solution's, made by the same kind of edits."""

    about: str
    edits: tuple[tuple[str, str], ...]


def named(values: Any, names: tuple[str, ...], function: str) -> Outputs:
    """Give what a function returned its names; a wrong number of values is an :class:`AnswerError`."""
    if values is None:
        raise nothing_returned(function)
    if len(names) == 1:
        return {names[0]: values}
    if not isinstance(values, tuple | list) or len(values) != len(names):
        what = f"{len(values)} values" if isinstance(values, tuple | list) else f"one {type(values).__name__}"
        raise AnswerError(
            "number of values", f"{function} returned {what}; expected {len(names)}: {', '.join(names)}, in this order."
        )
    return dict(zip(names, values))


def nothing_returned(function: str) -> "AnswerError":
    """Say that a function has no return."""
    return AnswerError("returns nothing", f"{function} returned None. Did you forget the return?")


class AnswerError(Exception):
    """The learner's code ran but gave something that cannot be compared; it says what, and carries the cause."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(cause, message)
        self.cause, self.message = cause, message


def sizes(rng: np.random.Generator, letters: str) -> dict[str, int]:
    """Return a different prime for each letter: ``sizes(rng, "NIO")`` might be ``{"N": 5, "I": 2, "O": 11}``.

    Unequal primes, so that no transposition fits by chance and every wrong factor tells where it comes from.
    """
    return {letter: int(n) for letter, n in zip(letters, rng.permutation(PRIMES)[: len(letters)])}


FOLDER = Path(__file__).parent / "exercises"
START, END = "# your code", "# end of your code"
_GAP = re.compile(rf"^( *){START}\n(.*?)^ *{END}\n", re.MULTILINE | re.DOTALL)


def load(name: str) -> Exercise:
    """Return the exercise, or the bug as an exercise, called ``name``; an unknown one is an error with the nearest."""
    if name not in road():
        raise unknown_name("exercise", name, road())
    definition = import_module(f"groundup.practice.{_room(name)}.{name}.definition")
    return definition.BUG.exercise(name) if name in bugs() else definition.EXERCISE


def names() -> tuple[str, ...]:
    """Return the names of all exercises, in the order of the road."""
    from groundup.practice.exercises import ROAD

    return ROAD


def bugs() -> tuple[str, ...]:
    """Return the names of the scripts with a fault to be found."""
    from groundup.practice.bugs import BUGS

    return BUGS


def road() -> tuple[str, ...]:
    """Return the names of all that there is to solve: the exercises, then the scripts with a fault."""
    return names() + bugs()


def solution_source(name: str) -> str:
    """Return the text of the solution, without the marks around what the learner writes."""
    return _GAP.sub(r"\2", _marked_source(name))


def task_source(name: str) -> str:
    """Return the file that the learner gets: the solution with its gaps emptied, or with its fault put in."""
    if name in bugs():
        from groundup.practice.bug import load as load_bug

        return replaced(solution_source(name), load_bug(name).edits, f"the solution of {name!r}")
    return _GAP.sub(r'\1# your code\n\1raise NotImplementedError("not written yet")\n', _marked_source(name))


def _marked_source(name: str) -> str:
    return (Path(__file__).parent / _room(name) / name / "solution.py").read_text(encoding="utf-8")


def _room(name: str) -> str:
    return "bugs" if name in bugs() else "exercises"


def solution_module(name: str) -> ModuleType:
    """Return the solution as a module."""
    return import_module(f"groundup.practice.{_room(name)}.{name}.solution")


def edited(name: str, edits: tuple[tuple[str, str], ...]) -> str:
    """Return the solution's text with edits applied."""
    return replaced(solution_source(name), edits, f"the solution of {name!r}")


def replaced(source: str, edits: tuple[tuple[str, str], ...], where: str) -> str:
    """Return a text with edits applied; each must fit exactly once, so that none is lost unnoticed."""
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"{where} holds {old!r} {source.count(old)} times, not once")
        source = source.replace(old, new)
    return source
