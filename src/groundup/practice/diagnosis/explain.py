"""Name the mistake, if one reproduces the learner's numbers on every input; otherwise show where they differ."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from groundup.practice.diagnosis.pattern import describe, settings, table

SAME = 1e-6  # relative to the largest number: two computations of one formula agree far better, two formulas don't


@dataclass(frozen=True)
class Trial:
    """One input, what the learner made of it and what is right; the hypotheses look at it.

    ``truth(inputs)`` returns the right answer for other inputs: what would be right if the mask were ignored is
    what someone who forgot the mask has computed.
    """

    mine: np.ndarray
    right: np.ndarray
    name: str = "gradient"
    dims: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, np.ndarray] = field(default_factory=dict)  # the right values of all outputs, by name
    truth: Callable[[dict[str, Any]], Any] | None = None
    slips: Sequence[Any] = ()  # see groundup.practice.exercise.Slip
    quantities: Mapping[str, Any] = field(default_factory=dict)  # see groundup.practice.exercise.Part


@dataclass(frozen=True)
class Explanation:
    """The cause (``"unnamed"`` if none fits), a sentence or two about it, and where it is not named a small table."""

    cause: str
    message: str
    rows: tuple[tuple[str, ...], ...] = ()  # a head and some entries: index, yours, right, yours / right


@dataclass(frozen=True)
class Guess:
    """A mistake, and what someone who makes it would have computed on one trial."""

    cause: str
    message: str
    prediction: Any


def explain_gradient(
    mine: Any,
    right: Any,
    *,
    dims: Mapping[str, int] | Sequence[Mapping[str, int]] = (),
    inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    truth: Callable[[dict[str, Any]], Any] | None = None,
    name: str = "gradient",
) -> Explanation:
    """Say what is wrong with an array, most often a gradient, given the right one.

    Parameters
    ----------
    mine, right : the two arrays; or two lists, the answers to several inputs. A cause that fits all of several
        unequal shapes is beyond doubt; with a single input another cause may fit by chance.
    dims : the sizes in the inputs by name, such as ``{"N": 5, "I": 7}``; one mapping, or one for each input. They turn
        "5 times too large" into "N times too large".
    inputs : the inputs by name, one mapping or one for each; with them
    truth : ``truth(inputs)``, the right function, which shows what a forgotten input would have given.
    name : what the array is called in the messages.

    Returns
    -------
    Explanation : cause ``"right"`` if they agree to 1e-6 of the largest number, ``"unnamed"`` if no cause is sure.
    """
    mine, right = _as_list(mine), _as_list(right)
    if len(mine) != len(right):
        raise ValueError(f"got {len(mine)} arrays and {len(right)} right ones; expected as many")
    each_dims = [dims] * len(mine) if isinstance(dims, Mapping) else list(dims) or [{}] * len(mine)
    each_inputs = [inputs] * len(mine) if isinstance(inputs, Mapping) else list(inputs) or [{}] * len(mine)
    trials = [
        Trial(np.asarray(m), np.asarray(r), name, d, i, truth=truth)
        for m, r, d, i in zip(mine, right, each_dims, each_inputs, strict=True)
    ]
    if all(same(trial.mine, trial.right) for trial in trials):
        return Explanation("right", f"{name} is right.")
    return explain(trials)


def explain(trials: Sequence[Trial]) -> Explanation:
    """Return what explains all trials, at least one of which has wrong numbers."""
    from groundup.practice.diagnosis.hypotheses import guesses, other_inputs, precision

    for trial in trials:
        if not np.issubdtype(trial.mine.dtype, np.number) and trial.mine.dtype != bool:
            return Explanation(
                "not numbers", f"{trial.name} holds {trial.mine.dtype}, expected numbers: a list of unequal rows?"
            )
        if np.isfinite(trial.right).all() and not np.isfinite(trial.mine).all():
            return _not_finite(trial)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mistake that is tried may divide by 0, or average over nothing
        if all(same(trial.mine, trial.right) for trial in trials):  # a mistake without effect here would fit
            named = _common(trials, precision)
        else:
            named = _common(trials, guesses) or _common(trials, other_inputs)
    if named:
        return Explanation(named.cause, named.message)
    worst = max(trials, key=lambda trial: -same(trial.mine, trial.right))
    if worst.mine.shape != worst.right.shape:
        return Explanation(
            "shape",
            f"{worst.name} has the shape {worst.mine.shape}; expected {worst.right.shape}{_axes(worst)}. Write the "
            "shape beside every line, and find the first that is not what you think.",
        )
    return Explanation("unnamed", describe(worst) + settings(worst), table(worst))


def same(a: Any, b: Any, tolerance: float = SAME) -> bool:
    """Whether two arrays have one shape and agree to ``tolerance`` of the largest number."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if not a.size:
        return True
    if not (np.issubdtype(a.dtype, np.number) and np.issubdtype(b.dtype, np.number)):
        return bool((a == b).all())
    if not np.isfinite(a).all() or not np.isfinite(b).all():
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.abs(np.subtract(a, b, dtype=np.float64)).max() <= tolerance * max(float(np.abs(b).max()), 1e-30))


def _fitting(trial: Trial, candidates: Iterable[Guess]) -> list[Guess]:
    """Return the guesses that reproduce the learner's numbers on this trial, the more special first."""
    return [guess for guess in candidates if same(trial.mine, guess.prediction)]


def _common(trials: Sequence[Trial], hypotheses: Callable[[Trial], Iterable[Guess]]) -> Guess | None:
    """Return the first guess that fits the first trial, and whose cause fits every other one."""
    candidates = _fitting(trials[0], hypotheses(trials[0]))
    if not candidates:  # some hypotheses run the solution many times: ask no further
        return None
    others = [{guess.cause for guess in _fitting(trial, hypotheses(trial))} for trial in trials[1:]]
    return next((guess for guess in candidates if all(guess.cause in causes for causes in others)), None)


def _not_finite(trial: Trial) -> Explanation:
    bad = ~np.isfinite(trial.mine)
    kind = "nan" if np.isnan(trial.mine).any() else "infinite"
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return Explanation(
        "not finite",
        f"{trial.name} is {kind} in {int(bad.sum())} of {bad.size} places, first at {where}. Look for exp of a large "
        "number (subtract the largest first), log of 0, a division by 0, or 0 times infinity.",
    )


def _axes(trial: Trial) -> str:
    """Return ", that is (N, C)" if each length is that of one size alone."""
    letters = [[letter for letter, n in trial.dims.items() if n == length] for length in trial.right.shape]
    if not letters or any(len(fitting) != 1 for fitting in letters):
        return ""
    return f", that is ({', '.join(letter for (letter,) in letters)})"


def _as_list(arrays: Any) -> list[Any]:
    return list(arrays) if isinstance(arrays, list | tuple) else [arrays]
