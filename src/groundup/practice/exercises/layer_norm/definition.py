"""Layer normalisation: each place by itself, and a weight that differs from feature to feature."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

GRADIENTS: tuple[str, ...] = ("dx", "dweight", "dbias")
LAYER: tuple[str, ...] = ("y", *GRADIENTS, "dweight after a second pass", "dbias after a second pass")


def tokens(rng, dtype):
    n = sizes(rng, "NTD")
    if n["D"] == 2:  # of two features one is always as far above the mean as the other is below
        n = {"N": n["N"], "T": 2, "D": n["T"]}
    x = 2 + 1.5 * rng.normal(size=(n["N"], n["T"], n["D"]))
    weight, bias = rng.uniform(0.5, 2, size=n["D"]), rng.normal(size=n["D"])
    eps = float(rng.choice([0.1, 0.3, 0.7]))  # large, so that its place shows
    return Case({"x": x.astype(dtype), "weight": weight.astype(dtype), "bias": bias.astype(dtype), "eps": eps}, n)


def far_from_zero(rng, dtype):
    case = tokens(rng, dtype)
    return Case({**case.inputs, "x": case.inputs["x"] + dtype(3000)}, case.dims)


def with_upstream(rng, dtype):
    case = tokens(rng, dtype)
    inputs = {"dy": rng.normal(size=case.inputs["x"].shape).astype(dtype), **case.inputs}
    del inputs["bias"]
    return Case(inputs, case.dims)


def two_passes(rng, dtype):
    case = tokens(rng, dtype)
    again, dy, dy_again = rng.normal(size=(3, *case.inputs["x"].shape)).astype(dtype)
    return Case({**case.inputs, "again": again, "dy": dy, "dy again": dy_again}, case.dims)


def use_layer(module, inputs):
    """One pass forward and backward, and a second one: the gradients of both must add up."""
    layer = module.LayerNorm(inputs["weight"], inputs["bias"], inputs["eps"])
    y = layer.forward(inputs["x"])
    dx = layer.backward(inputs["dy"])
    first = layer.dweight.copy(), layer.dbias.copy()
    layer.forward(inputs["again"])
    layer.backward(inputs["dy again"])
    return dict(zip(LAYER, (y, dx, *first, layer.dweight, layer.dbias)))


def forward(i, axis: int | tuple[int, ...] = -1, ddof=0, eps="inside", root=True, centre=True, summed=False):
    """The right y, with one thing done differently: what the learner may have written."""
    x = i["x"]
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, ddof=ddof, keepdims=True)
    variance = variance * x.shape[-1] if summed else variance
    below = np.sqrt(variance) + i["eps"] if eps == "outside" else np.sqrt(variance + i["eps"])
    return i["weight"] * (x - (mean if centre else 0)) / (below if root else variance + i["eps"]) + i["bias"]


def backward(
    i,
    mean=1,
    variance=1,
    power=1,
    dweight="normalized",
    reduce=np.mean,
    axis=-1,
    outside=False,
    ddof=0,
    before=None,
    within=None,
):
    """The gradients, with one thing done differently.

    ``mean`` and ``variance`` are the weights of the two terms, ``power`` is that of the σ that all is divided by, and
    ``before`` and ``within`` stand in the place of the two x̂ of the second term.
    """
    x, dy = i["x"], i["dy"]
    centred = x - x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt(x.var(axis=-1, keepdims=True, ddof=ddof) + i["eps"])
    normalized = centred / sigma
    dnormalized = dy * (1 if outside else i["weight"])
    choice = {None: normalized, "x": x, "one": np.ones_like(x)}
    through_mean = reduce(dnormalized, axis=axis, keepdims=True)
    through_variance = choice[before] * reduce(dnormalized * choice[within], axis=axis, keepdims=True)
    dx = (dnormalized - mean * through_mean - variance * through_variance) / sigma**power
    dx = dx * (i["weight"] if outside else 1)
    factor = {"normalized": normalized, "x": x, "centred": centred}[dweight]
    return dict(zip(GRADIENTS, (dx, (dy * factor).sum(axis=(0, 1)), dy.sum(axis=(0, 1)))))


def forward_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: {"y": forward(i, **changes)})


def backward_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: backward(i, **changes))


EXERCISE = Exercise(
    title="Layer normalisation",
    parts=(
        Part("layer_norm_forward", tokens, ("y",), slips=(
            forward_slip("wrong axis", "The mean and variance are taken over the batch, axis 0 (as in batch norm). Each place is normalised by "
                         "itself, over its features: the last axis.", axis=0),
            forward_slip("wrong axis", "The mean and variance are taken over the places of a sequence, axis 1. Each place is normalised by itself, "
                         "over its features: the last axis.", axis=1),
            forward_slip("wrong axis", "The mean and variance are taken over the places of a sequence too. Each place is normalised by itself, over "
                         "the last axis alone.", axis=(1, 2)),
            forward_slip("wrong axis", "The mean and variance are taken over batch and places (as in batch norm). Each place is normalised by itself, "
                         "over its features: the last axis.", axis=(0, 1)),
            forward_slip("wrong axis", "One mean and one variance are taken of all numbers. Each place has its own, over the last axis.", axis=(0, 1, 2)),
            forward_slip("eps outside the root", "eps is added outside the root. It stands inside: sqrt(v + eps).", eps="outside"),
            forward_slip("unbiased variance", "The variance is divided by D - 1: it is divided by D. (torch.std and ddof=1 divide by D - 1.)", ddof=1),
            forward_slip("sum instead of mean", "The squared deviations are added up: the variance is their mean, divided by D.", summed=True),
            forward_slip("root missing", "This divides by v + eps: the square root is missing.", root=False),
            forward_slip("mean not subtracted", "x is divided by σ, but its mean is not subtracted.", centre=False),
            Slip("mean not subtracted", "x is divided by the root of the mean of x² (that is RMS norm): subtract the mean first.", lambda i: {
                "y": i["weight"] * i["x"] / np.sqrt((i["x"] ** 2).mean(axis=-1, keepdims=True) + i["eps"]) + i["bias"]}),
            Slip("bias scaled too", "The bias is multiplied with the weight: first scale, then add it.",
                 lambda i: {"y": forward({**i, "bias": i["weight"] * i["bias"]})}),
        )),
        Part("layer_norm_forward", far_from_zero, ("y at a mean of 3000",)),
        Part("layer_norm_backward", with_upstream, GRADIENTS, slips=(
            backward_slip("statistics held constant", "This is dx̂ / σ: μ and σ are held constant. They depend on every x of the place, and two more "
                          "terms come from them.", mean=0, variance=0),
            backward_slip("variance held constant", "The term that comes through σ is missing: x̂ · mean of (dx̂ x̂).", variance=0),
            backward_slip("mean held constant", "The term that comes through μ is missing: the mean of dx̂.", mean=0),
            backward_slip("weight outside the means", "The weight is multiplied in at the end. In batch norm it may be, here it differs within each "
                          "mean: multiply dy with it first.", outside=True),
            backward_slip("not divided by σ", "The bracket is right, but not divided by σ.", power=0),
            backward_slip("divided by σ²", "The bracket is divided by σ²: divide by σ. (The other σ is in x̂ already.)", power=2),
            backward_slip("sign of the terms", "The two terms are added: both are subtracted.", mean=-1, variance=-1),
            backward_slip("sign of the terms", "The term that comes through σ is added: it is subtracted.", variance=-1),
            backward_slip("sign of the terms", "The term that comes through μ is added: it is subtracted.", mean=-1),
            backward_slip("x̂ missing", "The term that comes through σ lacks the x̂ before the mean: x̂ · mean of (dx̂ x̂).", before="one"),
            backward_slip("x̂ missing", "The term that comes through σ lacks the x̂ within the mean: x̂ · mean of (dx̂ x̂).", within="one"),
            backward_slip("x instead of x̂", "The term that comes through σ has x before the mean: x̂ · mean of (dx̂ x̂).", before="x"),
            backward_slip("x instead of x̂", "The term that comes through σ has x within the mean: x̂ · mean of (dx̂ x̂).", within="x"),
            backward_slip("sums instead of means", "The two terms are sums: they are means over D.", reduce=np.sum),
            backward_slip("means over the wrong axis", "The two means run over the batch, axis 0: they run over the features, the last axis.", axis=0),
            backward_slip("means over the wrong axis", "The two means run over the places, axis 1: they run over the features, the last axis.", axis=1),
            backward_slip("means over the wrong axis", "The two means run over all numbers: each place has its own, over the last axis.", axis=None),
            backward_slip("unbiased variance", "The variance is divided by D - 1 here: it is divided by D, as in forward.", ddof=1),
            backward_slip("x instead of x̂", "dweight is made with x. γ was multiplied with x̂, the normalised x.", dweight="x"),
            Slip("dx̂ instead of dy", "dweight is made with dx̂ = γ dy: γ's own gradient has no γ in it. It is the sum of dy x̂.",
                 lambda i: {"dweight": backward({**i, "dy": i["dy"] * i["weight"]})["dweight"]}),
            Slip("dx̂ instead of dy", "dbias is made with dx̂ = γ dy: γ was not multiplied with the bias. It is the sum of dy.",
                 lambda i: {"dbias": backward({**i, "dy": i["dy"] * i["weight"]})["dbias"]}),
            backward_slip("not divided by σ", "dweight is made with x - μ. γ was multiplied with x̂ = (x - μ) / σ.", dweight="centred"),
        )),
        Part("LayerNorm", two_passes, LAYER, run=use_layer),
    ),
    hints=(
        "x.mean(axis=-1, keepdims=True) has the shape (N, T, 1), and lines up with the places of x.",
        "weight and bias (D,) line up with the last axis by themselves. Their gradients are sums over the two axes that they were "
        "stretched along: .sum(axis=(0, 1)).",
        "With dx̂ = dy * weight: dx = (dx̂ - dx̂.mean(-1, keepdims=True) - x̂ * (dx̂ * x̂).mean(-1, keepdims=True)) / σ.",
    ),
)  # fmt: skip
