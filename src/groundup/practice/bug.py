"""Find the bug: a script that runs, complains of nothing, and learns poorly because of one silent fault.

A bug is a folder in ``practice/bugs``:

    solution.py      the healthy script
    definition.py    ``BUG``: the edit that makes it ill, hints, the metric, and what must be true of a mended one
    answers.py       ``WRONG`` mendings, such as training longer, with the cause that must be named, and ``RIGHT`` ones

The learner's file is the healthy script with the fault put in, so the two cannot drift apart. The check
calls the functions of the learner's file with seeds of its own. It asks two things: is the script as good as the
healthy one, in as many steps, and is the fault gone? The second by what the script does, not by how it is written.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from difflib import unified_diff
from importlib import import_module
from pathlib import Path
from typing import Any

from groundup.practice.exercise import (
    AnswerError,
    Case,
    Exercise,
    Inputs,
    Outputs,
    Part,
    replaced,
    solution_module,
    solution_source,
    task_source,
)
from groundup.practice.probes import counted_steps


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A script with a fault.

    Parameters
    ----------
    title : what one sees, in half a sentence; it must not give the fault away.
    fault : what it is.
    lesson : what to remember, shown when it is mended.
    edits : pairs (text in the healthy script, once; what stands there in the learner's).
    here : the lines of the learner's script that count as the place of the fault.
    hints : from a nudge to nearly the answer; they lead through the tools of the project.
    metric : what ``measure`` returns, in words; the more the better.
    measure : ``measure(module, healthy, seed)`` trains with the functions of the learner's module, and with the
        healthy module's where the learner's could cheat (data, size of the network).
    enough : what the healthy script reaches with every seed, and the ill one with none.
    steps : how many steps of the optimizer the healthy script takes while it is measured.
    probe : ``probe(module, healthy, seed)`` raises an :class:`AnswerError` that names what remains of the fault.
    torch : whether the script imports PyTorch.
    """

    title: str
    fault: str
    lesson: str
    edits: tuple[tuple[str, str], ...]
    here: tuple[str, ...]
    hints: tuple[str, ...]
    metric: str
    measure: Callable[[Any, Any, int], float]
    enough: float
    steps: int
    probe: Callable[[Any, Any, int], None]
    torch: bool = False

    def exercise(self, name: str) -> Exercise:
        """Return it as an exercise of one part, so that everything that knows exercises knows bugs."""

        def run(module: Any, inputs: Inputs) -> Outputs:
            self.examine(name, module, inputs["seed"])
            return {}

        part = Part("script", lambda rng, dtype: Case({"seed": int(rng.integers(10_000))}), (), run, float32=False)
        return Exercise(self.title, (part,), self.hints, seconds=20.0, torch=self.torch, lesson=self.lesson)

    def examine(self, name: str, module: Any, seed: int) -> None:
        """Raise an :class:`AnswerError` that says what is still wrong with a script, or return if nothing is."""
        healthy = solution_module(name)
        for function in functions(solution_source(name)):
            if not callable(getattr(module, function, None)):
                raise AnswerError("renamed", f"There is no function {function} any more, and the check calls it.")
        with counted_steps() as taken:
            value = self.measure(module, healthy, seed)
        score = f"{self.metric[0].upper()}{self.metric[1:]}: {value:.2f}; healthy is {self.enough:.2f} or more."
        if Path(module.__file__ or "").read_text(encoding="utf-8") == task_source(name):
            raise AnswerError("untouched", f"The script is as it was. {score} `groundup practice hint` leads further.")
        try:
            self.probe(module, healthy, seed)
        except AnswerError as error:
            raise AnswerError(error.cause, f"{score} {error.message}") from None
        if taken[0] > self.steps:
            raise AnswerError(
                "longer",
                f"It takes {taken[0]} steps where {self.steps} are enough: leave the number of epochs and the size of "
                "the batches as they were.",
            )
        if not value >= self.enough:
            raise AnswerError("poor", f"{score} What was wrong is mended, but something else now holds it back.")

    def is_here(self, line: str) -> bool:
        """Whether a line of the script is where the fault lies."""
        return line.strip() in self.here


def load(name: str) -> Bug:
    """Return the bug called ``name``."""
    return import_module(f"groundup.practice.bugs.{name}.definition").BUG


def functions(source: str) -> list[str]:
    """Return the names of the functions and classes that a script defines, but ``main``: the check calls them."""
    defined = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return [node.name for node in defined if node.name != "main"]


def fix(name: str) -> str:
    """Return the lines that make the learner's script healthy, as a diff without its head."""
    lines = unified_diff(task_source(name).splitlines(), solution_source(name).splitlines(), lineterm="", n=1)
    return "\n".join(list(lines)[2:])


def answer(name: str, edits: tuple[tuple[str, str], ...]) -> str:
    """Return the learner's script with edits applied: an answer, right or wrong."""
    return replaced(task_source(name), edits, f"the task of {name!r}")
