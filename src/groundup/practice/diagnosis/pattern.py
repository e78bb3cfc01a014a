"""Where and how two arrays differ, for the mistakes that have no name."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from groundup.practice.diagnosis.explain import Trial

ROWS = 5  # entries in the table


def wrong_places(mine: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return where the difference is more than 1e-6 of the largest right number."""
    return np.abs(mine - right) > 1e-6 * max(float(np.abs(right).max(initial=0)), 1e-30)


def describe(trial: "Trial") -> str:
    """Say in a sentence or two where the numbers are wrong, and what to look at next."""
    wrong = wrong_places(trial.mine, trial.right)
    share = f"{trial.name}: {int(wrong.sum())} of {wrong.size} numbers are wrong"
    if wrong.ndim == 0:
        return f"{trial.name} is {trial.mine:.6g}; expected {trial.right:.6g}. Work one small input out on paper."
    if not wrong.all() and np.array_equal(wrong, trial.right != 0):
        return f"{share}: exactly those that are not 0. So the places are right, and their values are not."
    if not wrong.all() and not trial.mine[wrong].any():
        return f"{share}: yours are still 0 there. Is there a loop or a slice that does not reach them?"
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        lines = np.asarray(wrong.any(axis=others))
        length = len(lines)
        if length > 1 and lines.sum() == 1:
            place = int(np.argmax(lines))
            which = {0: "the first", length - 1: "the last"}.get(place, f"number {place}")
            return f"{share}, all of them in {which} of {length} along axis {axis}. Look at what happens at that edge."
        if length > 2 and lines.sum() == length - 1:
            place = int(np.argmin(lines))
            if place in (0, length - 1) and np.take(trial.right, place, axis).any():
                which = "first" if place == 0 else "last"
                return (
                    f"{share}; only the {which} of {length} along axis {axis} is right. Is something that should be "
                    "carried along, or reset, forgotten?"
                )
    if wrong.ndim == 2 and wrong.shape[0] == wrong.shape[1] and np.array_equal(wrong, np.eye(len(wrong), dtype=bool)):
        return f"{share}: those on the diagonal. Is the term of an entry's effect on itself right?"
    for name, value in trial.inputs.items():
        if isinstance(value, np.ndarray) and value.shape == wrong.shape and not wrong.all():
            for sign, where in (("negative", value < 0), ("positive", value > 0), ("zero", value == 0)):
                if where.any() and np.array_equal(wrong, where):
                    return f"{share}: exactly those where {name} is {sign}. Look at that branch of the formula."
            if value.dtype == bool and (np.array_equal(wrong, value) or np.array_equal(wrong, ~value)):
                return f"{share}: exactly those where {name} is {np.array_equal(wrong, value)}."
    if wrong.all():
        return f"{share}, and no single known mistake explains all of them. Check one entry by hand, term by term."
    return f"{share}. Check the first wrong entry of the table by hand, term by term."


def settings(trial: "Trial") -> str:
    """Say which numbers were among the inputs, so that an entry can be worked out by hand."""
    numbers = [f"{name} = {value}" for name, value in trial.inputs.items() if isinstance(value, int | float)]
    return f" Here {', '.join(numbers)}." if numbers else ""


def table(trial: "Trial") -> tuple[tuple[str, ...], ...]:
    """Return a head and the first wrong entries: index, yours, right, yours / right. A single number needs no table."""
    if trial.right.ndim == 0:
        return ()
    rows = [("index", "yours", "right", "yours / right")]
    for index in np.argwhere(wrong_places(trial.mine, trial.right))[:ROWS]:
        place = tuple(int(i) for i in index)
        mine, right = trial.mine[place], trial.right[place]
        ratio = f"{mine / right:.4g}" if right else "-"
        rows.append((str(place), f"{mine:.6g}", f"{right:.6g}", ratio))
    return tuple(rows)
