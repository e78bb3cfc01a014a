"""The mistakes that people make, each as a prediction of the numbers that it leads to.

They are generators over one trial, from the special to the general. Someone who forgot the mask has computed what
would be right without a mask: where a mistake amounts to other inputs, the solution itself predicts its numbers.
"""

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from groundup.practice.diagnosis.explain import Guess, Trial
from groundup.practice.diagnosis.factors import elementwise_factors, factors
from groundup.practice.diagnosis.inputs import mistaken

UPSTREAM = ("dy", "dout", "dz", "dh", "dh_new", "dhs", "upstream")
AGAIN = " after a second pass"


def guesses(trial: Trial) -> Iterator[Guess]:
    """Yield every mistake with its prediction for this trial."""
    yield from slips(trial)
    yield from accumulation(trial)
    yield from missing_reductions(trial)
    yield from borders(trial)
    yield from mixed_up(trial)
    yield from forgotten_inputs(trial)
    yield from numbers(trial)
    yield from factors(trial)
    yield from elementwise_factors(trial)
    yield from exchanged(trial)
    yield from transposed_inputs(trial)
    yield from extra_reductions(trial)
    yield from reduced_inputs(trial)
    yield from arrangement(trial)
    yield from precision(trial)


def slips(trial: Trial) -> Iterator[Guess]:
    """The mistakes that the exercise itself knows."""
    for slip in trial.slips:
        try:
            outputs = slip.compute(dict(trial.inputs))
        except Exception:  # a slip that can't be made on these inputs explains nothing
            continue
        if trial.name in outputs:
            yield Guess(slip.cause, slip.message.replace("{name}", trial.name), outputs[trial.name])


def accumulation(trial: Trial) -> Iterator[Guess]:
    """A gradient that was collected over two passes, and should be the sum of both."""
    first = trial.others.get(trial.name.removesuffix(AGAIN)) if trial.name.endswith(AGAIN) else None
    if first is None:
        return
    name = trial.name.removesuffix(AGAIN)
    yield Guess(
        "overwritten",
        f"{name} holds the second pass alone: it was overwritten. A layer adds to its gradient (+=), so that a layer "
        "that is used twice collects both parts.",
        trial.right - first,
    )
    yield Guess("not added", f"{name} still holds the first pass alone: the second was not added.", first)
    yield Guess("added twice", f"The second pass was added to {name} twice.", 2 * trial.right - first)
    yield Guess("added twice", f"The first pass was added to {name} twice.", trial.right + first)


def mixed_up(trial: Trial) -> Iterator[Guess]:
    """One thing returned in the place of another."""
    right = trial.right
    yield Guess(
        "zeros",
        f"{trial.name} is zero everywhere: it was made, but never filled." if right.ndim else f"{trial.name} is 0.",
        np.zeros_like(right),
    )
    yield Guess(
        "ones", f"{trial.name} is one everywhere." if right.ndim else f"{trial.name} is 1.", np.ones_like(right)
    )
    for other, value in trial.others.items():
        if other != trial.name and not other.startswith(trial.name):
            yield Guess(
                f"is {other}",
                f"What stands in the place of {trial.name} is {other}: is the order of what you return right?",
                value,
            )
    for name, value in trial.inputs.items():
        if name in UPSTREAM and isinstance(value, np.ndarray):
            yield Guess(
                f"is the input {name}",
                f"{trial.name} is {name} as it came, passed on unchanged: by the chain rule it is multiplied with what "
                "this step did on the way forward.",
                value,
            )
        elif isinstance(value, np.ndarray):
            yield Guess(
                "unchanged" if trial.name.startswith(name) else f"is the input {name}",
                f"{trial.name} is the input {name} as it came. If it should have been changed in place: x -= ... "
                "changes the array, x = x - ... makes a new one that nobody else sees.",
                value,
            )


def forgotten_inputs(trial: Trial) -> Iterator[Guess]:
    """An input that was not used: the upstream gradient, a mask, a bias."""
    for name, value in trial.inputs.items():
        if not isinstance(value, np.ndarray):
            continue
        if name in UPSTREAM:
            yield from _with(
                trial,
                "upstream ignored",
                f"{trial.name} would be right if {name} were 1 everywhere: the upstream gradient was ignored. By the "
                f"chain rule each local derivative is multiplied with {name}.",
                {name: np.ones_like(value)},
            )
        elif value.dtype == bool:
            for fill in (True, False):
                yield from _with(
                    trial,
                    "mask forgotten",
                    f"{trial.name} would be right without the {name}: it was forgotten.",
                    {name: np.full_like(value, fill)},
                )
            yield from _with(trial, "mask inverted", f"The {name} is used the wrong way round.", {name: ~value})
        elif np.issubdtype(value.dtype, np.floating):
            for fill in (0, 1):
                yield from _with(
                    trial,
                    f"input ignored: {name}",
                    f"{trial.name} would be right if {name} were {fill} everywhere: is {name} used?",
                    {name: np.full_like(value, fill)},
                )


def numbers(trial: Trial) -> Iterator[Guess]:
    """A number among the inputs that was not used (an eps, a stride), or used as its complement (a share)."""
    for name, value in trial.inputs.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        for fill in (type(value)(0), type(value)(1)):
            yield from _with(
                trial,
                f"input ignored: {name}",
                f"{trial.name} would be right if {name} were {fill:g}: is {name} used?",
                {name: fill},
            )
        if 0 < value < 1:
            yield from _with(
                trial,
                f"1 - {name} for {name}",
                f"{trial.name} would be right if {name} were {1 - value:.4g} instead of {value:.4g}: {name} and "
                f"1 - {name} have changed places.",
                {name: 1 - value},
            )


def _with(trial: Trial, cause: str, message: str, changes: dict[str, Any]) -> Iterator[Guess]:
    """Yield what the solution gives for changed inputs, if that is another answer."""
    if trial.truth is None:
        return
    try:
        answer = trial.truth({**trial.inputs, **changes})
    except Exception:  # not every input may be changed freely
        return
    if not np.array_equal(answer, trial.right) and np.any(answer):
        yield Guess(cause, message, answer)


def exchanged(trial: Trial) -> Iterator[Guess]:
    """Two inputs of one shape, or two numbers, each used in the place of the other."""
    values = [name for name, value in trial.inputs.items() if isinstance(value, np.ndarray | float)]
    for a, b in combinations(values, 2):
        one, other = np.asarray(trial.inputs[a]), np.asarray(trial.inputs[b])
        if one.shape == other.shape and one.dtype == other.dtype:
            yield from _with(
                trial,
                f"{a} and {b} exchanged",
                f"{trial.name} would be right if {a} and {b} were exchanged.",
                {a: trial.inputs[b], b: trial.inputs[a]},
            )


def transposed_inputs(trial: Trial) -> Iterator[Guess]:
    """A square matrix used the other way round, which no error of shapes gives away."""
    for name, value in trial.inputs.items():
        if isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[0] == value.shape[1] > 1:
            yield from _with(
                trial,
                f"{name} transposed",
                f"{trial.name} would be right if {name} were transposed. It is square, so its shape fits both ways: "
                "look at the formula, whether it stands there with a ᵀ.",
                {name: value.T},
            )


def other_inputs(trial: Trial) -> Iterator[Guess]:
    """What the solution gives for inputs that someone may have used instead; many, so they are tried last."""
    for cause, how, changes in mistaken(trial.inputs):
        yield from _with(trial, cause, f"{trial.name} would be right if {how}", changes)


def missing_reductions(trial: Trial) -> Iterator[Guess]:
    """A sum or mean over an axis that was left out, or the right numbers with an axis of length 1 too many."""
    mine, right, name = trial.mine, trial.right, trial.name
    if mine.size == right.size and mine.ndim != right.ndim and mine.squeeze().shape == right.squeeze().shape:
        yield Guess(
            "extra axis" if mine.ndim > right.ndim else "axis lost",
            f"The numbers are right but the shape is {mine.shape}; expected {right.shape}. keepdims=True keeps an axis "
            "of length 1; reshape, squeeze or [:, None] mend it.",
            right.reshape(mine.shape),
        )
    elif mine.size == right.size and mine.shape != right.shape:
        yield Guess(
            "other shape",
            f"The numbers are right and in the right order, but their shape is {mine.shape}: reshape {name} to "
            f"{right.shape}.",
            right.reshape(mine.shape),
        )
    if mine.size > right.size:
        for axis in range(mine.ndim):
            for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
                if _fits(reduce(mine, axis=axis, keepdims=mine.ndim == right.ndim), right):
                    yield Guess(
                        f"not {how} over axis {axis}",
                        f"{name} has the shape {mine.shape}: not {how} over axis {axis}{_called(trial, mine, axis)}. "
                        "What was broadcast on the way forward is summed on the way back.",
                        mine,
                    )


def borders(trial: Trial) -> Iterator[Guess]:
    """The right numbers inside a border that should have been cut off."""
    mine, right = trial.mine, trial.right
    if mine.ndim != right.ndim or mine.shape == right.shape:
        return
    wider = [m - r for m, r in zip(mine.shape, right.shape)]
    if all(n >= 0 and n % 2 == 0 for n in wider):
        middle = tuple(slice(n // 2, n // 2 + r) for n, r in zip(wider, right.shape))
        if _fits(mine[middle], right):
            yield Guess(
                "not cropped",
                f"{trial.name} has the shape {mine.shape}, and the right numbers stand in its middle: the border that "
                f"was added as padding is still there. Cut it off: {right.shape} is expected.",
                mine,
            )


def extra_reductions(trial: Trial) -> Iterator[Guess]:
    """A sum or mean over an axis that should have stayed."""
    mine, right, name = trial.mine, trial.right, trial.name
    for axis in range(right.ndim):
        for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
            for keepdims in (False, True):
                value = reduce(right, axis=axis, keepdims=keepdims)
                shown = np.broadcast_to(value, mine.shape) if _broadcasts(value, mine) else value
                yield Guess(
                    f"{how} over axis {axis} too",
                    f"{name} is {how} over axis {axis}{_called(trial, right, axis)}, which should stay.",
                    shown,
                )
        yield Guess(
            "cumulated", f"{name} is the running sum of the right one over axis {axis}.", np.cumsum(right, axis=axis)
        )
    if right.ndim > 1:
        yield Guess(
            "summed over all axes", f"{name} is summed over everything: {right.shape} is expected.", right.sum()
        )


def reduced_inputs(trial: Trial) -> Iterator[Guess]:
    """An input summed or averaged over axes, and nothing else: most often instead of a bias's gradient."""
    for name, value in trial.inputs.items():
        if not isinstance(value, np.ndarray) or not np.issubdtype(value.dtype, np.floating) or value.ndim < 2:
            continue
        for number in range(1, value.ndim):
            for axes in combinations(range(value.ndim), number):
                for how, reduce in (("summed", np.sum), ("averaged", np.mean)):
                    over = f"{how} over {'axis' if number == 1 else 'axes'} {', '.join(map(str, axes))}"
                    yield Guess(
                        f"{name} {over}",
                        f"{trial.name} is {name} {over}: which axes should go, and which stay? Its shape is to be "
                        f"{trial.right.shape}.",
                        reduce(value, axis=axes),
                    )


def _fits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-6, atol=1e-6 * float(np.abs(b).max(initial=0))))


def _broadcasts(value: Any, to: np.ndarray) -> bool:
    try:
        return np.broadcast_shapes(np.shape(value), to.shape) == to.shape
    except ValueError:
        return False


def _called(trial: Trial, array: np.ndarray, axis: int) -> str:
    """Return " (N)" if only the size N has the length of this axis."""
    letters = [letter for letter, n in trial.dims.items() if n == array.shape[axis]]
    return f" ({letters[0]})" if len(letters) == 1 else ""


def arrangement(trial: Trial) -> Iterator[Guess]:
    """The right numbers in other places: axes exchanged, shifted by one, in reverse."""
    right, name = trial.right, trial.name
    for order in permutations(range(right.ndim)):
        if order != tuple(range(right.ndim)):
            turned = right.transpose(order)
            yield Guess("transposed", f"{name} is transposed: its axes come in the order {order}.", turned)
            if turned.size == trial.mine.size:
                yield Guess(
                    "reshaped, not transposed",
                    f"{name} has the right shape but numbers in wrong places, as reshape leaves them where transpose "
                    "is meant: reshape refills row by row, transpose exchanges axes.",
                    turned.reshape(right.shape),
                )
    for axis in range(right.ndim):
        where = f"axis {axis}{_called(trial, right, axis)}"
        if right.shape[axis] < 2:
            continue
        yield Guess("reversed", f"{name} is right in reverse order along {where}.", np.flip(right, axis))
        for step in (1, -1):
            rolled = np.roll(right, step, axis)
            yield Guess(
                "off by one", f"{name} is shifted by one along {where}: the first place holds the second's.", rolled
            )
            empty = rolled.copy()
            index: list[Any] = [slice(None)] * right.ndim
            index[axis] = 0 if step == 1 else -1
            empty[tuple(index)] = 0
            yield Guess("off by one", f"{name} is shifted by one along {where}, with zeros at the end.", empty)
            held = rolled.copy()
            held[tuple(index)] = right[tuple(index)]
            yield Guess("off by one", f"{name} is shifted by one along {where}: one stands there twice.", held)
    for offset in (1.0, -1.0):
        yield Guess("offset by 1", f"{name} is {offset:+g} off everywhere.", right + offset)
    yield Guess("absolute value", f"{name} has lost its signs.", np.abs(right))
    yield Guess("squared", f"{name} is squared.", right**2)


def precision(trial: Trial) -> Iterator[Guess]:
    """Right in the first digits alone."""
    if trial.mine.shape != trial.right.shape or not trial.right.size:
        return
    error = np.abs(trial.mine - trial.right).max() / max(np.abs(trial.right).max(), 1e-300)
    if trial.right.dtype == np.float64 and error < 1e-6:  # the caller knows it to be more than it allows
        yield Guess(
            "precision",
            f"{trial.name} is right to {error:.0e} only, float32's precision (or that of a finite difference): "
            "is something on the way computed in float32, or does a small difference of large numbers lose digits?",
            trial.mine,
        )
