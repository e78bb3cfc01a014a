"""Broadcasting and its reverse: the sum that so many gradients need."""

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def rows(rng, dtype):
    n = sizes(rng, "NC")
    x = rng.normal(size=(n["N"], n["C"])).astype(dtype)
    scale = rng.uniform(0.5, 2, size=n["N"]).astype(dtype)
    return Case({"x": x, "mean": rng.normal(size=n["C"]).astype(dtype), "scale": scale}, n)


def stretched(*pattern):
    """Return cases in which the shape has these axes: a letter for a size, 1 for a stretched axis."""

    def case(rng, dtype):
        n = sizes(rng, "NHC")
        shape = tuple(1 if letter == 1 else n[letter] for letter in pattern)
        return Case({"dy": rng.normal(size=(n["N"], n["H"], n["C"])).astype(dtype), "shape": shape}, n)

    return case


def averaged(inputs):
    dy, shape = inputs["dy"], inputs["shape"]
    lead = dy.ndim - len(shape)
    dy = dy.mean(axis=tuple(range(lead)))
    return dy.mean(axis=tuple(a for a, length in enumerate(shape) if length == 1), keepdims=True)


MEAN = "The copies' gradients are averaged. They add up: each copy had an effect of its own."


def part(output, *pattern):
    return Part(
        "unbroadcast",
        stretched(*pattern),
        (output,),
        slips=(Slip("mean instead of sum", MEAN, lambda i: {output: averaged(i)}),),
    )


EXERCISE = Exercise(
    title="Broadcasting, and its reverse",
    parts=(
        Part("standardise", rows, ("y",)),
        part("gradient of a vector (C,)", "C"),
        part("gradient of a matrix (H, C)", "H", "C"),
        part("gradient of (N, 1, C)", "N", 1, "C"),
        part("gradient of (1, C)", 1, "C"),
        part("gradient of (H, 1)", "H", 1),
        part("gradient of (N, H, C), not stretched", "N", "H", "C"),
    ),
    hints=(
        "scale[:, None] has the shape (N, 1): it lines up with the rows.",
        "Two things may have happened to x: axes were added on its left, and axes of length 1 were stretched.",
        "First sum over axis 0 until dy has as many axes as shape. Then, for each axis where shape has a 1: "
        "dy.sum(axis=axis, keepdims=True).",
    ),
)
