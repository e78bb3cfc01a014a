"""The right numbers times something: a number everywhere, or a quantity of the formula element by element."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from groundup.practice.diagnosis.explain import Guess, Trial


def factors(trial: Trial) -> Iterator[Guess]:
    """The right numbers, times something: a size in the inputs, a number among them, or a constant."""
    if trial.mine.shape != trial.right.shape or not trial.right.size:
        return
    right = trial.right.astype(np.float64)
    denominator = float((right**2).sum())
    if denominator == 0:
        return
    found = float((right * trial.mine).sum()) / denominator
    if found == 0 or np.isclose(found, 1, rtol=1e-6):
        return
    if np.abs(trial.mine - found * right).max() > 1e-6 * np.abs(trial.mine).max():
        return  # no factor at all
    if np.isclose(found, -1, rtol=1e-6):
        yield Guess("sign", f"{trial.name} has the wrong sign everywhere.", -right)
    for name, value in named_factors(trial).items():
        for sign, minus in ((1, ""), (-1, "-")):
            if np.isclose(found, sign * value, rtol=1e-6):
                yield Guess(f"factor {minus}{name}", _factor_message(trial, minus + name, found), found * right)
    yield Guess(f"factor {found:.4g}", f"{trial.name} is {found:.6g} times the right one, everywhere.", found * right)


def named_factors(trial: Trial) -> dict[str, float]:
    """Return the factors that have a name here: constants, sizes and their products, numbers among the inputs."""
    found: dict[str, float] = {"2": 2.0, "1/2": 0.5, "sqrt(2)": 2**0.5, "1/sqrt(2)": 2**-0.5}
    found |= {"1/log(2)": 1 / np.log(2), "log(2)": np.log(2)}
    numbers = {
        name: float(value)
        for name, value in trial.inputs.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value
    }
    for name, n in trial.dims.items():
        found |= {name: n, f"1/{name}": 1 / n, f"sqrt({name})": n**0.5, f"1/sqrt({name})": n**-0.5}
        if n > 1:
            found |= {f"({name}-1)/{name}": (n - 1) / n, f"{name}/({name}-1)": n / (n - 1)}
        found |= {f"2 {name}": 2 * n, f"2/{name}": 2 / n}
    for name, value in numbers.items():
        found |= {name: value, f"1/{name}": 1 / value, f"{name}²": value**2}
        if value < 1:
            rest = 1 - value
            found |= {f"1-{name}": rest, f"1/(1-{name})": 1 / rest, f"(1-{name})²": rest**2}
            found |= {f"{name} (1-{name})": value * rest, f"(1-{name})/{name}": rest / value}
    for (a, n), (b, m) in combinations(trial.dims.items(), 2):
        found |= {f"{a} {b}": n * m, f"1/({a} {b})": 1 / (n * m), f"{a}/{b}": n / m, f"{b}/{a}": m / n}
    for names in combinations(trial.dims, 3):
        product = float(np.prod([trial.dims[name] for name in names]))
        found |= {" ".join(names): product, f"1/({' '.join(names)})": 1 / product}
    return {name: value for name, value in found.items() if not np.isclose(value, 1)}


def _factor_message(trial: Trial, name: str, found: float) -> str:
    size = f"{found:.6g} times" if abs(found) > 1 else f"1/{1 / found:.6g} of"
    message = f"{trial.name} is {size} the right one, everywhere, and that is {name} on every input"
    bare = name.removeprefix("-")
    if bare in trial.dims:
        return message + f": did you sum over {bare} where the mean is meant, or forget to divide by {bare}?"
    if bare.startswith("1/") and bare[2:] in trial.dims:
        return message + f": did you average over {bare[2:]} where the sum is meant, or divide by {bare[2:]} twice?"
    if bare in ("2", "1/2"):
        return (
            message
            + ": is something counted twice? Or a 2 lost or extra: a square's derivative is 2x, half a square's x?"
        )
    return message + "."


def elementwise_factors(trial: Trial) -> Iterator[Guess]:
    """A quantity of the formula that is not multiplied with, or once too often, or in the place of another."""
    for name, value in trial.quantities.items():
        if np.shape(value) != trial.right.shape:
            continue
        yield Guess(f"factor missing: {name}", f"{trial.name} lacks the factor {name}.", trial.right / value)
        yield Guess(
            f"factor too many: {name}",
            f"{trial.name} has been multiplied with {name} once too often.",
            trial.right * value,
        )
        for other, instead in trial.quantities.items():
            if other != name and np.shape(instead) == trial.right.shape:
                yield Guess(
                    f"{other} for {name}",
                    f"{trial.name} has the factor {other} where {name} belongs.",
                    trial.right / value * instead,
                )
