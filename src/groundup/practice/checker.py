"""Check an answer against the solution, and say what is wrong in one sentence."""

import inspect
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from groundup.errors import UsageError, unknown_name
from groundup.practice.diagnosis.explain import Trial, explain, same
from groundup.practice.exercise import Case, Exercise, Part, load, names, solution_module
from groundup.practice.runner import Report, Runner
from groundup.practice.sandbox import DRAWS, cases, import_torch, run

FLOAT32 = 1e-3  # relative to the largest number: float32 has seven digits, and a few may be lost on the way

# What a beginner may not read out of a Python error.
ADVICE = {
    "raises NameError": "A name is used that was never given a value: is it spelt the same everywhere, and imported?",
    "raises IndexError": "An index is larger than the axis is long: indices start at 0 and end one before the length.",
    "raises ModuleNotFoundError": "Only NumPy (and PyTorch, in its exercises) is needed.",
    "raises ZeroDivisionError": "Something is divided by 0 here: when does that happen, and what should come out then?",
    "raises MemoryError": "More memory was asked for than an exercise may use: is an array larger than it should be?",
    "raises RecursionError": "A function calls itself without end.",
    "raises SystemExit": "The code called exit: leave that out, the check needs what comes after.",
    "raises UnboundLocalError": "A name is read before it is given a value in this function.",
}

BRACKETS = "and, or, not and if take one truth value. For arrays: (a == 1) & (b == 1), with the brackets."
SHAPES = "Print the shapes of both sides just before this line, and write them down beside it."
SAID = (  # words of an error that tell more than its kind
    ("boolean index", "A mask in brackets picks from as many axes as it has: name the others, as in array[:, mask]."),
    ("matmul", SHAPES),
    ("broadcast", SHAPES),
    ("shapes", SHAPES),
    ("truth value of an array", BRACKETS),
    ("Boolean value of Tensor", BRACKETS),
    (
        "does not require grad",
        "It has no graph to go back through: made under no_grad, or by .item(), .detach(), .data?",
    ),
    ("can't allocate memory", ADVICE["raises MemoryError"]),
)


@dataclass(frozen=True)
class Verdict:
    """What a check found. ``cause`` is "right", the name of the mistake, or "unnamed"."""

    exercise: str
    cause: str
    message: str
    part: str = ""  # the function that it is about
    passed_parts: int = 0
    line: int | None = None
    text: str = ""  # of that line
    rows: tuple[tuple[str, ...], ...] = ()
    printed: str = ""

    @property
    def passed(self) -> bool:
        return self.cause == "right"


def check_file(name: str, path: Path, runner: Runner | None = None, seed: int | None = None) -> Verdict:
    """Check the learner's file for an exercise, in a process of its own.

    Parameters
    ----------
    name : the exercise.
    path : the file.
    runner : where to run it; by default a new one.
    seed : of the inputs; by default new inputs every time, so that nothing can be learnt by heart.
    """
    exercise = load(name)
    seed = secrets.randbelow(2**31) if seed is None else seed
    with Runner() as own:
        runner = runner or own
        runner.prepare(exercise.torch)
        import_ahead(name, exercise)
        report = runner.run(name, path.resolve(), seed)
    return judge(name, exercise, report, seed)


def import_ahead(name: str, exercise: Exercise) -> None:
    """Import what judging an answer needs, while the sandbox imports the same."""
    if exercise.compared:
        solution_module(name)
    if exercise.torch:
        import_torch()


def check(answer: Any, exercise: str | None = None, seed: int | None = None) -> Verdict:
    """Check one function or class where it stands, in a notebook for example: ``practice.check(my_softmax)``.

    It is found by its name, without ``my_`` or ``My``; its arguments may have other names than the exercise's, in the
    same order. Everything else that the exercise needs is taken from the solution. The function runs in this process,
    so an endless loop is yours to interrupt.

    Parameters
    ----------
    answer : the function or class.
    exercise : the exercise that it belongs to; needed where several have a function of that name.
    seed : of the inputs; by default new inputs every time.

    Raises
    ------
    UsageError : no exercise, or not this one, has a function of that name, or several have.
    """
    if not callable(answer) or not hasattr(answer, "__name__"):
        raise UsageError(f"practice.check takes a function or a class; got {answer!r}.")
    function = answer.__name__.removeprefix("my_").removeprefix("My")
    name = _exercise_with(function, names() if exercise is None else (exercise,))
    full = load(name)
    only = replace(full, parts=tuple(part for part in full.parts if part.name == function))
    solved = vars(solution_module(name))
    module = SimpleNamespace(**{**solved, function: _under_names_of(solved.get(function), answer)})
    seed = secrets.randbelow(2**31) if seed is None else seed
    where = getattr(getattr(answer, "__code__", None), "co_filename", "")
    verdict = judge(name, only, Report(*run(only, module, seed, where), printed=""), seed)
    from groundup.practice.show import show  # which needs Verdict

    show(verdict, only)
    return verdict


def _exercise_with(function: str, among: tuple[str, ...]) -> str:
    known: dict[str, list[str]] = {}
    for name in among:
        for part in dict.fromkeys(part.name for part in load(name).parts):
            known.setdefault(part, []).append(name)
    if function not in known:
        where = "exercise " + "".join(among) if len(among) == 1 else "exercises"
        raise unknown_name(f"function in the {where}", function, known)
    if len(known[function]) > 1:
        raise UsageError(
            f"The exercises {' and '.join(known[function])} have a {function} each. Say which is meant: "
            f'practice.check(..., exercise="{known[function][0]}").'
        )
    return known[function][0]


def _under_names_of(solution: Any, answer: Any) -> Any:
    """Return the answer as a function that can be called by the names of the solution's arguments."""
    if not (inspect.isfunction(answer) and inspect.isfunction(solution)):
        return answer
    arguments = inspect.signature(solution)

    def renamed(*values: Any, **more: Any) -> Any:
        return answer(*arguments.bind(*values, **more).args)

    return renamed


def judge(name: str, exercise: Exercise, report: Report, seed: int) -> Verdict:
    """Compare a report with what the solution gives on the same inputs; the first mistake is the verdict."""
    truth = solution_module(name) if exercise.compared else None
    drawn = {(p, d): (part, case) for p, d, part, case in cases(exercise, seed)}
    records = {(record["part"], record["draw"]): record for record in report.records}
    for p, part in enumerate(exercise.parts):
        about = partial(Verdict, name, part=part.name, passed_parts=p, printed=report.printed)
        mine = [records[key] for key in sorted(records) if key[0] == p]
        failed = next((record["failure"] for record in mine if "failure" in record), None)
        if failed:
            return about(
                failed["cause"], _failure_message(failed), line=failed.get("line"), text=failed.get("text", "")
            )
        if not mine:  # the file ended before this part
            return about("ended", "The check ended before this part.")
        rights = {}
        for record in mine:
            _, case = drawn[p, record["draw"]]
            rights[record["draw"]] = _truth(part, truth, case)
        wrong = _wrong_output(part, truth, mine, rights, drawn, report.arrays, p)
        if wrong is not None:
            return about(wrong.cause, wrong.message, rows=wrong.rows)
        changed = next((record["changed"] for record in mine if record["changed"]), None)
        if changed:
            return about(
                f"changes {changed[0]}",
                f"{part.name} changes its input {changed[0]}, which others still need. Work on a new array "
                f"({changed[0]} = {changed[0]} * 2 makes one, {changed[0]} *= 2 changes the old one).",
            )
        lower = _wrong_dtype(part, mine, rights, report.arrays, p)
        if lower:
            return about(*lower)
    return Verdict(name, "right", "Everything is right.", passed_parts=len(exercise.parts), printed=report.printed)


def _truth(part: Part, module: Any, case: Case) -> dict[str, np.ndarray]:
    if not part.outputs:  # it has judged by itself
        return {}
    copies = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in case.inputs.items()}
    outputs = part.outcome(module, copies)
    return {
        k: np.asarray(v.detach().cpu().numpy() if hasattr(v, "detach") else v)
        for k, v in outputs.items()
        if k in part.outputs
    }


def _wrong_output(
    part: Part, module: Any, mine: Sequence[dict], rights: dict, drawn: dict, arrays: dict[str, np.ndarray], p: int
) -> Any:
    """Return the explanation of the first output with wrong numbers in float64, or None."""
    for output in part.outputs:
        trials = []
        for record in mine:
            d = record["draw"]
            if DRAWS[d] is not np.float64:
                continue
            case: Case = drawn[p, d][1]
            trials.append(
                Trial(
                    mine=arrays[f"{p}/{d}/{output}"],
                    right=rights[d][output],
                    name=output,
                    dims=case.dims,
                    inputs=case.inputs,
                    others=rights[d],
                    truth=lambda inputs, output=output: _truth(part, module, Case(inputs))[output],
                    slips=part.slips,
                    quantities=part.quantities(case.inputs) if part.quantities else {},
                )
            )
        if not all(same(trial.mine, trial.right, part.tolerance) for trial in trials):
            return explain(trials)
    return None


def _wrong_dtype(
    part: Part, mine: Sequence[dict], rights: dict, arrays: dict[str, np.ndarray], p: int
) -> tuple[str, str] | None:
    """Return cause and message if float32 in does not give float32 out, or gives numbers that have lost digits."""
    for record in mine:
        d = record["draw"]
        if DRAWS[d] is not np.float32:
            continue
        for output in part.outputs:
            value, right = arrays[f"{p}/{d}/{output}"], rights[d][output]
            if value.dtype != right.dtype:
                return "dtype", (
                    f"{output} is {value.dtype} for float32 inputs; expected {right.dtype}. Most often an array made "
                    "inside is float64 (np.zeros, np.eye, np.ones): give it dtype=x.dtype, or use np.zeros_like. So "
                    "is what np.sqrt makes of a plain number: write 5**0.5."
                )
            if not same(value, right, FLOAT32):
                return "float32", (
                    f"{output} is right in float64 but not in float32: digits are lost, most often where a "
                    "small difference of large numbers is taken, or where a large number overflows."
                )
    return None


def _failure_message(failed: dict[str, Any]) -> str:
    cause, message = failed["cause"], failed["message"]
    if cause == "not written yet":
        return "This part is still to be written."
    if cause == "syntax":
        return f"Python can't read the file: {message}."
    if cause.startswith("raises"):
        error, message = cause.removeprefix("raises "), message.strip()
        advice = next((advice for words, advice in SAID if words in message), ADVICE.get(cause, ""))
        said = error if message == error else f"{error}: {message}"
        return f"{said}. {advice}".replace("..", ".").strip()
    return message
