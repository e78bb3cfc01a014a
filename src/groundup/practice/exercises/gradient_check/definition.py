"""Gradient checking: two-sided, every entry, relative."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def functions(rng, dtype):
    """A cubic: its third derivative is not zero, so a one-sided quotient shows."""
    n = sizes(rng, "HW")
    x = rng.normal(size=(n["H"], n["W"]))
    weight = rng.normal(size=x.shape)
    return Case({"f": lambda a: float((weight * a**3).sum() + a[0, 0] * a[-1, -1]), "x": x, "eps": 0.01}, n)


def three_axes(rng, dtype):
    n = sizes(rng, "NCH")
    x = rng.normal(size=(n["N"], n["C"], n["H"]))[:, :2, :2]
    return Case({"f": lambda a: float(np.sin(a).prod()), "x": x.copy(), "eps": 0.01}, n)


def pairs(rng, dtype):
    n = sizes(rng, "HW")
    a = 10.0 ** rng.integers(-3, 3) * rng.normal(size=(n["H"], n["W"]))
    b = a + 0.01 * np.abs(a).max() * rng.normal(size=a.shape)
    b[0, 0] = a[0, 0] + 0.1 * np.abs(a).max()  # the largest difference is negative
    return Case({"a": a, "b": b}, n)


def zeros(rng, dtype):
    n = sizes(rng, "HW")
    return Case({"a": np.zeros((n["H"], n["W"])), "b": np.zeros((n["H"], n["W"]))}, n)


def quotient(i, up=1, down=1, over=2.0, flat=False):
    f, x, eps = i["f"], i["x"], i["eps"]
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        gradient[index] = (f(x + up * step) - f(x - down * step)) / (over * eps)
    return gradient


def everywhere(i):
    return np.full_like(i["x"], (i["f"](i["x"] + i["eps"]) - i["f"](i["x"] - i["eps"])) / (2 * i["eps"]))


EXERCISE = Exercise(
    title="Checking a gradient",
    parts=(
        Part("numerical_gradient", functions, ("gradient",), float32=False, slips=(
            Slip("one-sided", "This is the one-sided quotient (f(x + eps) - f(x)) / eps: its error is of the order of eps, "
                 "not eps².", lambda i: {"gradient": quotient(i, down=0, over=1)}),
            Slip("one-sided", "This is the one-sided quotient (f(x) - f(x - eps)) / eps: its error is of the order of eps, "
                 "not eps².", lambda i: {"gradient": quotient(i, up=0, over=1)}),
            Slip("all at once", "All entries are moved at once: one entry at a time tells whose effect it is.",
                 lambda i: {"gradient": everywhere(i)}),
            Slip("not divided", "The difference is not divided by 2 eps.", lambda i: {"gradient": quotient(i, over=1 / i["eps"])}),
        )),
        Part("numerical_gradient", three_axes, ("gradient of three axes",), float32=False),
        Part("relative_error", pairs, ("error",), float32=False, slips=(
            Slip("not relative", "The difference is not divided by the size of the numbers.",
                 lambda i: {"error": np.abs(i["a"] - i["b"]).max()}),
            Slip("sum instead of largest", "This adds all differences up: take the largest.",
                 lambda i: {"error": np.abs(i["a"] - i["b"]).sum() / max(np.abs(i["a"]).max(), np.abs(i["b"]).max())}),
            Slip("mean instead of largest", "This averages the differences: a single wrong entry among many would be lost.",
                 lambda i: {"error": np.abs(i["a"] - i["b"]).mean() / max(np.abs(i["a"]).max(), np.abs(i["b"]).max())}),
            Slip("signs cancel", "Without absolute values only differences in one direction count.",
                 lambda i: {"error": (i["a"] - i["b"]).max() / max(np.abs(i["a"]).max(), np.abs(i["b"]).max())}),
        )),
        Part("relative_error", zeros, ("error of zeros",), float32=False),
    ),
    hints=(
        "np.ndindex(*x.shape) yields every index of an array of any shape.",
        "x[index] += eps changes the learner's x: work on a copy, or put the old value back.",
        "relative_error: np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max()), but first see whether that is zero.",
    ),
)  # fmt: skip
