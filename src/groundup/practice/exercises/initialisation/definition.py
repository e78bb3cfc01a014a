"""Initialisation: the spread that keeps a signal's strength."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, named, sizes


def linear(rng, dtype):
    n = sizes(rng, "OI")
    return Case({"shape": (n["O"], n["I"]), "seed": int(rng.integers(1000, 9999))}, n)


def convolution(rng, dtype):
    n = sizes(rng, "OCK")
    return Case({"shape": (n["O"], n["C"], n["K"], n["K"]), "seed": int(rng.integers(1000, 9999))}, n)


def call_fans(module, inputs):
    return named(module.fans(inputs["shape"]), ("fan_in", "fan_out"), "fans")


def draw(function, output):
    def run(module, inputs):
        return {output: getattr(module, function)(np.random.default_rng(inputs["seed"]), inputs["shape"])}

    return run


def normal(i, scale):
    o, c, *field = i["shape"]
    k = int(np.prod(field))
    return {"weight": np.random.default_rng(i["seed"]).normal(size=i["shape"]) * scale(o * k, c * k)}


def uniform(i, limit):
    o, c, *field = i["shape"]
    k = int(np.prod(field))
    a = limit(o * k, c * k)
    return {"weight": np.random.default_rng(i["seed"]).uniform(-a, a, size=i["shape"])}


HE = (
    Slip("fans exchanged", "This divides by fan_out: count the inputs of a unit, fan_in.",
         lambda i: normal(i, lambda o, c: np.sqrt(2 / o))),
    Slip("variance as deviation", "2 / fan_in is the variance: its root is the standard deviation.",
         lambda i: normal(i, lambda o, c: 2 / c)),
    Slip("not scaled", "This is the normal distribution with deviation 1, not scaled at all.",
         lambda i: normal(i, lambda o, c: 1)),
    Slip("Xavier's deviation", "1 / fan_in is the variance for a layer without ReLU: here it is 2 / fan_in.",
         lambda i: normal(i, lambda o, c: np.sqrt(1 / c))),
    Slip("field forgotten", "The kernel's K x K places are not counted in fan_in.",
         lambda i: normal(i, lambda o, c: np.sqrt(2 / i["shape"][1]))),
)  # fmt: skip
XAVIER = (
    Slip("variance as limit", "sqrt(2 / (fan_in + fan_out)) is the standard deviation. A uniform distribution from -a to a "
         "has the deviation a / sqrt(3), so a = sqrt(6 / (fan_in + fan_out)).",
         lambda i: uniform(i, lambda o, c: np.sqrt(2 / (o + c)))),
    Slip("fan_in alone", "Only fan_in is used: Xavier's limit has the sum of both.",
         lambda i: uniform(i, lambda o, c: np.sqrt(6 / c))),
    Slip("root missing", "The limit is the root of 6 / (fan_in + fan_out).", lambda i: uniform(i, lambda o, c: 6 / (o + c))),
    Slip("field forgotten", "The kernel's K x K places are not counted in the fans.",
         lambda i: uniform(i, lambda o, c: np.sqrt(6 / sum(i["shape"][:2])))),
)  # fmt: skip


def weight_part(function, cases, slips):
    return Part(function, cases, ("weight",), run=draw(function, "weight"), slips=slips, float32=False)


EXERCISE = Exercise(
    title="Where weights start",
    parts=(
        Part("fans", linear, ("fan_in", "fan_out"), run=call_fans, float32=False),
        Part(
            "fans",
            convolution,
            ("fan_in", "fan_out"),
            run=call_fans,
            slips=(
                Slip(
                    "kernel forgotten",
                    "The kernel's K x K places are not counted.",
                    lambda i: {"fan_in": i["shape"][1], "fan_out": i["shape"][0]},
                ),
            ),
            float32=False,
        ),
        weight_part("he_normal", linear, HE),
        weight_part("he_normal", convolution, HE),
        weight_part("xavier_uniform", linear, XAVIER),
        weight_part("xavier_uniform", convolution, XAVIER),
    ),
    hints=(
        "shape[2:] is empty for a linear layer, and the product of nothing is 1.",
        "rng.normal(size=shape) has the standard deviation 1: multiply by the one that you want.",
        "he_normal: times sqrt(2 / fan_in). xavier_uniform: a = sqrt(6 / (fan_in + fan_out)).",
    ),
)
