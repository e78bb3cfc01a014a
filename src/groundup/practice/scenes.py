"""What the scenes of several exercises share: plain numbers, and a record of what the learner's code calls.

A scene is the ``run`` of a part (see ``exercise.Part``): it puts the learner's code to use and returns what came of it.
"""

from typing import Any

import numpy as np

from groundup.practice.exercise import AnswerError


def number(value: Any) -> Any:
    """Return a single number in float64, whatever kind it came as; anything else as it is, for the check to refuse."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    single = isinstance(value, int | float | np.number) or (isinstance(value, np.ndarray) and value.ndim == 0)
    return np.float64(value) if single else value


# How the values of batches become one number wrongly: cause, message, and the number from values and batch sizes.
AVERAGES = (
    (
        "mean of batch means",
        "This is the mean over the batches, so the examples of the small last batch count more than the others. Weight "
        "each batch with its number of examples, and divide by all of them.",
        lambda values, counts: np.mean(values),
    ),
    (
        "sum of batch means",
        "These are the batches' means added up. Weight each with its number of examples, and divide by all of them.",
        lambda values, counts: np.sum(values),
    ),
    (
        "divided twice",
        "The batches' means are added up and divided by the number of examples, but a mean has been divided already: "
        "weight each with its number of examples first.",
        lambda values, counts: np.sum(values) / np.sum(counts),
    ),
    (
        "the last batch alone",
        "This is the value of the last batch alone. Collect over all batches.",
        lambda values, counts: values[-1],
    ),
    (
        "the first batch alone",
        "This is the value of the first batch alone: does a return stand in the loop?",
        lambda values, counts: values[0],
    ),
    (
        "the first batch alone",
        "Only the first batch is in this: does a return stand in the loop?",
        lambda values, counts: values[0] * counts[0] / np.sum(counts),
    ),
    (
        "last batch as large as the others",
        "Every batch is weighted as if it were full: the last may be smaller. Take the number of rows that it has.",
        lambda values, counts: np.sum(values) * counts[0] / np.sum(counts),
    ),
)


def over_examples(values: Any, counts: Any) -> Any:
    """Return the mean over all examples, from the means of batches and their sizes."""
    return np.average(values, weights=counts)


def record(calls: list[str], thing: Any, *methods: str) -> None:
    """From now on, note every call of these methods of ``thing`` in ``calls``."""
    for name in methods:
        setattr(thing, name, _noting(calls, name, getattr(thing, name)))


def _noting(calls: list[str], name: str, method: Any) -> Any:
    def noted(*arguments: Any, **settings: Any) -> Any:
        calls.append(name)
        return method(*arguments, **settings)

    return noted


def nothing_moved(calls: list[str]) -> AnswerError:
    """Say why no parameter moved in training, from the order of the calls."""
    again = calls.index(calls[0], 1) if calls and calls[0] in calls[1:] else len(calls)
    shown = ", ".join(calls[:again]) or "nothing of the four"
    text = f"No parameter moved. For each batch your code calls {shown}"
    for name in ("step", "backward"):
        if name not in calls:
            return AnswerError(f"{name} forgotten", f"{text}: {name} is missing.")
    if calls.index("step") < calls.index("backward"):
        return AnswerError(
            "step before backward",
            f"{text}: when step comes, this batch's gradients are not there yet. First backward.",
        )
    between = calls[calls.index("backward") : calls.index("step")]
    if "zero_grad" in between:
        return AnswerError(
            "zero_grad before the step", f"{text}: zero_grad takes the gradients away before step can use them."
        )
    return AnswerError("nothing moved", f"{text}. Does step get the gradients that backward gave?")
