"""ReLU and GELU: a local derivative times the upstream gradient."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

C = np.sqrt(2 / np.pi)


def inputs(rng, dtype):
    n = sizes(rng, "NC")
    return Case({"x": rng.normal(scale=1.5, size=(n["N"], n["C"])).astype(dtype)}, n)


def with_upstream(rng, dtype):
    case = inputs(rng, dtype)
    return Case({"dy": rng.normal(size=case.inputs["x"].shape).astype(dtype), **case.inputs}, case.dims)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(C * (x + 0.044715 * x**3)))


def slope(x, product=True, chain=True, inner=True):
    """The derivative of GELU, or what is left of it when a term is forgotten."""
    t = np.tanh(C * (x + 0.044715 * x**3))
    through_tanh = 0.5 * x * ((1 - t**2) if chain else 1) * (C * (1 + 3 * 0.044715 * x**2) if inner else 1)
    return 0.5 * (1 + t) + (through_tanh if product else 0)


EXERCISE = Exercise(
    title="ReLU and GELU",
    parts=(
        Part("relu_forward", inputs, ("y",), slips=(
            Slip("leaky", "Negative inputs leak through: ReLU is 0 there.", lambda i: {"y": np.maximum(0.01 * i["x"], i["x"])}),
            Slip("absolute value", "This is |x|: ReLU is 0 where x is negative.", lambda i: {"y": np.abs(i["x"])}),
            Slip("min instead of max", "This keeps what is negative.", lambda i: {"y": np.minimum(i["x"], 0)}),
        )),
        Part("relu_backward", with_upstream, ("dx",), slips=(
            Slip("gate inverted", "The gate is open where x is negative: it is open where x is positive.",
                 lambda i: {"dx": i["dy"] * (i["x"] < 0)}),
            Slip("mask of dy", "The gate looks at the sign of dy: it is open where the input x was positive.",
                 lambda i: {"dx": np.maximum(i["dy"], 0)}),
            Slip("times x", "dy is multiplied with max(x, 0), the output. The slope is 1 there, not x.",
                 lambda i: {"dx": i["dy"] * np.maximum(i["x"], 0)}),
            Slip("gate open", "dy passes where x is negative too.", lambda i: {"dx": i["dy"]}),
        )),
        Part("gelu_forward", inputs, ("y",), slips=(
            Slip("exponent", "The x³ became x².", lambda i: {"y": 0.5 * i["x"] * (1 + np.tanh(C * (i["x"] + 0.044715 * i["x"]**2)))}),
            Slip("constant", "sqrt(2/pi) is missing in front of the bracket.",
                 lambda i: {"y": 0.5 * i["x"] * (1 + np.tanh(i["x"] + 0.044715 * i["x"] ** 3))}),
            Slip("constant", "2/pi stands without its square root.",
                 lambda i: {"y": 0.5 * i["x"] * (1 + np.tanh(2 / np.pi * (i["x"] + 0.044715 * i["x"] ** 3)))}),
        )),
        Part("gelu_backward", with_upstream, ("dx",), slips=(
            Slip("derivative at the output", "This is the derivative at y, the output. It is taken at x, the input.",
                 lambda i: {"dx": i["dy"] * slope(gelu(i["x"]))}),
            Slip("term missing", "The product rule has two terms: that of the tanh is missing.",
                 lambda i: {"dx": i["dy"] * slope(i["x"], product=False)}),
            Slip("term missing", "The derivative of tanh, 1 - tanh², is missing.",
                 lambda i: {"dx": i["dy"] * slope(i["x"], chain=False)}),
            Slip("inner derivative missing", "The chain rule goes on: the derivative of u is missing.",
                 lambda i: {"dx": i["dy"] * slope(i["x"], inner=False)}),
            Slip("times the output", "dy is multiplied with GELU itself, not with its derivative.",
                 lambda i: {"dx": i["dy"] * gelu(i["x"])}),
        )),
    ),
    hints=(
        "x > 0 is an array of True and False, and counts as 1 and 0 in a product.",
        "Compute tanh u once and use it three times.",
        "For GELU: slope = 0.5 (1 + t) + 0.5 x (1 - t²) c (1 + 3 0.044715 x²), and dx = dy slope.",
    ),
)  # fmt: skip
