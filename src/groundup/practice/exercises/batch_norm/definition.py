"""Batch normalisation: statistics that depend on every example, and others that are kept for evaluation."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

GRADIENTS: tuple[str, ...] = ("dx", "dweight", "dbias")
RUNNING: tuple[str, ...] = ("running_mean", "running_var", "y in evaluation", "running_mean after evaluation")
LAYER: tuple[str, ...] = ("y", *GRADIENTS, "dweight after a second pass", "dbias after a second pass", *RUNNING)


def batch(rng, dtype):
    n = sizes(rng, "NC")
    if n["N"] == 2:  # of two examples one is always as far above the mean as the other is below
        n = {"N": n["C"], "C": 2}
    x = 2 + 1.5 * rng.normal(size=(n["N"], n["C"]))
    weight, bias = rng.uniform(0.5, 2, size=n["C"]), rng.normal(size=n["C"])
    eps = float(rng.choice([0.1, 0.3, 0.7]))  # large, so that its place shows
    return Case({"x": x.astype(dtype), "weight": weight.astype(dtype), "bias": bias.astype(dtype), "eps": eps}, n)


def far_from_zero(rng, dtype):
    case = batch(rng, dtype)
    return Case({**case.inputs, "x": case.inputs["x"] + dtype(3000)}, case.dims)


def with_upstream(rng, dtype):
    case = batch(rng, dtype)
    inputs = {"dy": rng.normal(size=case.inputs["x"].shape).astype(dtype), **case.inputs}
    del inputs["bias"]
    return Case(inputs, case.dims)


def two_batches(rng, dtype):
    case = with_upstream(rng, dtype)
    size = (case.dims["N"] + 2, case.dims["C"])  # the second batch is larger
    more = {"again": 1 + rng.normal(size=size), "dy again": rng.normal(size=size), "bias": rng.normal(size=size[1])}
    more = {name: array.astype(dtype) for name, array in more.items()}
    return Case({**case.inputs, **more, "momentum": float(rng.choice([0.1, 0.3]))}, case.dims)


def use_layer(module, inputs):
    """Train on two batches, then evaluate."""
    layer = module.BatchNorm(inputs["weight"], inputs["bias"], inputs["eps"], inputs["momentum"])
    y = layer.forward(inputs["x"])
    dx = layer.backward(inputs["dy"])
    first = layer.dweight.copy(), layer.dbias.copy()
    layer.forward(inputs["again"])
    layer.backward(inputs["dy again"])
    running = layer.running_mean.copy(), layer.running_var.copy()
    layer.training = False
    evaluated = layer.forward(inputs["x"])
    return dict(zip(LAYER, (y, dx, *first, layer.dweight, layer.dbias, *running, evaluated, layer.running_mean)))


def forward(i, axis=0, ddof=0, eps="inside", root=True, summed=False):
    """The right y, with one thing done differently: what the learner may have written."""
    x = i["x"]
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, ddof=ddof, keepdims=True)
    variance = variance * x.shape[0] if summed else variance
    below = np.sqrt(variance) + i["eps"] if eps == "outside" else np.sqrt(variance + i["eps"])
    return i["weight"] * (x - mean) / (below if root else variance + i["eps"]) + i["bias"]


def backward(
    i, mean=1, variance=1, power=1, dweight="normalized", reduce=np.mean, ddof=0, axis=0, before=None, within=None
):
    """The gradients, with one thing done differently.

    ``mean`` and ``variance`` are the weights of the two terms, ``power`` is that of the σ that all is divided by, and
    ``before`` and ``within`` stand in the place of the two x̂ of the second term.
    """
    x, dy = i["x"], i["dy"]
    centred = x - x.mean(axis=0)
    sigma = np.sqrt(x.var(axis=0, ddof=ddof) + i["eps"])
    normalized = centred / sigma
    dnormalized = dy * i["weight"]
    choice = {None: normalized, "x": x, "one": np.ones_like(x)}
    through_mean = reduce(dnormalized, axis=axis, keepdims=True)
    through_variance = choice[before] * reduce(dnormalized * choice[within], axis=axis, keepdims=True)
    dx = (dnormalized - mean * through_mean - variance * through_variance) / sigma**power
    factor = {"normalized": normalized, "x": x, "centred": centred}[dweight]
    return dict(zip(GRADIENTS, (dx, (dy * factor).sum(axis=0), dy.sum(axis=0))))


def running(i, ddof=1, start=True, last=False, root=False, evaluate="running", moves=None):
    """The running statistics and what evaluation makes of them, with one thing done differently."""
    m = i["momentum"]
    mean, variance = (0.0, 1.0) if start else (i["x"].mean(axis=0), i["x"].var(axis=0, ddof=ddof))

    def move(mean, variance, x):
        batch_variance = x.var(axis=0, ddof=ddof)
        step = 1 if last else m
        return (1 - step) * mean + step * x.mean(axis=0), (1 - step) * variance + step * (
            np.sqrt(batch_variance) if root else batch_variance
        )

    for x in (i["x"], i["again"]):
        mean, variance = move(mean, variance, x)
    last_mean, last_variance = move(mean, variance, i["x"]) if moves else (mean, variance)
    used_mean, used_variance = (last_mean, last_variance) if moves == "before" else (mean, variance)
    normalized = (i["x"] - used_mean) / np.sqrt(used_variance + i["eps"])
    y = {
        "running": i["weight"] * normalized + i["bias"],
        "batch": forward(i),
        "variance as deviation": i["weight"] * (i["x"] - mean) / (variance + i["eps"]) + i["bias"],
        "normalized": normalized,
    }[evaluate]
    return dict(zip(RUNNING, (mean, variance, y, last_mean)))


def forward_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: {"y": forward(i, **changes)})


def backward_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: backward(i, **changes))


def running_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: running(i, **changes))


EXERCISE = Exercise(
    title="Batch normalisation",
    parts=(
        Part("batch_norm_forward", batch, ("y",), slips=(
            forward_slip("wrong axis", "Each example is normalised by itself, over axis 1 (that is layer norm). Here each feature is, over "
                         "the batch: axis 0.", axis=1),
            forward_slip("wrong axis", "One mean and one variance are taken of all numbers. Each feature has its own, over the batch: axis 0.",
                         axis=None),
            forward_slip("eps outside the root", "eps is added outside the root. It stands inside: sqrt(v + eps).", eps="outside"),
            forward_slip("unbiased variance", "The variance is divided by N - 1. To normalise the batch it is divided by N.", ddof=1),
            forward_slip("sum instead of mean", "The squared deviations are added up: the variance is their mean, divided by N.", summed=True),
            forward_slip("root missing", "This divides by v + eps: the square root is missing.", root=False),
            Slip("bias scaled too", "The bias is multiplied with the weight: first scale, then add it.",
                 lambda i: {"y": forward({**i, "bias": i["weight"] * i["bias"]})}),
            Slip("mean not subtracted", "σ is the root of the mean of x²: subtract the mean before you square.", lambda i: {
                "y": i["weight"] * (i["x"] - i["x"].mean(axis=0)) / np.sqrt((i["x"] ** 2).mean(axis=0) + i["eps"]) + i["bias"]}),
            Slip("mean not subtracted", "x is divided by σ, but its mean is not subtracted.",
                 lambda i: {"y": i["weight"] * i["x"] / np.sqrt(i["x"].var(axis=0) + i["eps"]) + i["bias"]}),
        )),
        Part("batch_norm_forward", far_from_zero, ("y at a mean of 3000",)),
        Part("batch_norm_backward", with_upstream, GRADIENTS, slips=(
            backward_slip("statistics held constant", "This is dx̂ / σ: μ and σ are held constant. They depend on every x of the column, and two "
                          "more terms come from them.", mean=0, variance=0),
            backward_slip("variance held constant", "The term that comes through σ is missing: x̂ · mean of (dx̂ x̂).", variance=0),
            backward_slip("mean held constant", "The term that comes through μ is missing: the mean of dx̂.", mean=0),
            backward_slip("not divided by σ", "The bracket is right, but not divided by σ.", power=0),
            backward_slip("divided by σ²", "The bracket is divided by σ²: divide by σ. (The other σ is in x̂ already.)", power=2),
            backward_slip("sign of the terms", "The two terms are added: both are subtracted.", mean=-1, variance=-1),
            backward_slip("sign of the terms", "The term that comes through σ is added: it is subtracted.", variance=-1),
            backward_slip("sign of the terms", "The term that comes through μ is added: it is subtracted.", mean=-1),
            backward_slip("x̂ missing", "The term that comes through σ lacks the x̂ before the mean: x̂ · mean of (dx̂ x̂).", before="one"),
            backward_slip("x̂ missing", "The term that comes through σ lacks the x̂ within the mean: x̂ · mean of (dx̂ x̂).", within="one"),
            backward_slip("x instead of x̂", "The term that comes through σ has x before the mean: x̂ · mean of (dx̂ x̂).", before="x"),
            backward_slip("x instead of x̂", "The term that comes through σ has x within the mean: x̂ · mean of (dx̂ x̂).", within="x"),
            backward_slip("sums instead of means", "The two terms are sums: they are means over N.", reduce=np.sum),
            backward_slip("means over the wrong axis", "The two means run over the features, axis 1: they run over the batch, axis 0.", axis=1),
            backward_slip("means over the wrong axis", "The two means run over all numbers: each feature has its own, over the batch.", axis=None),
            backward_slip("unbiased variance", "The variance is divided by N - 1 here: it is divided by N, as in forward.", ddof=1),
            backward_slip("x instead of x̂", "dweight is made with x. γ was multiplied with x̂, the normalised x.", dweight="x"),
            Slip("dx̂ instead of dy", "dweight is made with dx̂ = γ dy: γ's own gradient has no γ in it. It is the sum of dy x̂.",
                 lambda i: {"dweight": backward({**i, "dy": i["dy"] * i["weight"]})["dweight"]}),
            Slip("dx̂ instead of dy", "dbias is made with dx̂ = γ dy: γ was not multiplied with the bias. It is the sum of dy.",
                 lambda i: {"dbias": backward({**i, "dy": i["dy"] * i["weight"]})["dbias"]}),
            backward_slip("not divided by σ", "dweight is made with x - μ. γ was multiplied with x̂ = (x - μ) / σ.", dweight="centred"),
        )),
        Part("BatchNorm", two_batches, LAYER, run=use_layer, slips=(
            running_slip("biased variance", "running_var takes the variance divided by N. For evaluation it is divided by N - 1.", ddof=0),
            running_slip("only the last batch", "The running statistics are those of the last batch: the old ones count too, by 1 - momentum.",
                         last=True),
            running_slip("starts with the first batch", "The running statistics start with those of the first batch. Here they start with 0 and 1.",
                         start=False),
            running_slip("deviation instead of variance", "running_var collects the standard deviation: it is the variance.", root=True),
            running_slip("batch statistics in evaluation", "In evaluation the batch's own mean and variance are used. Take the running ones, so that "
                         "an example does not depend on its neighbours.", evaluate="batch"),
            running_slip("root missing", "In evaluation this divides by running_var + eps: the square root is missing.",
                         evaluate="variance as deviation"),
            running_slip("moves in evaluation", "Evaluation moves the running statistics: what is tested must not be learnt from.", moves="after"),
            running_slip("moves in evaluation", "Evaluation moves the running statistics: what is tested must not be learnt from.", moves="before"),
            running_slip("weight and bias missing", "In evaluation x is normalised, but not scaled and shifted: weight and bias belong there too.",
                         evaluate="normalized"),
            Slip("running statistics in training", "In training the running statistics are used. Take the batch's own mean and variance.",
                 lambda i: {"y": i["weight"] * i["x"] / np.sqrt(1 + i["eps"]) + i["bias"]}),
        )),
    ),
    hints=(
        "x.mean(axis=0) has the shape (C,), and lines up with the rows of x. Square the deviations from it for the variance: "
        "mean(x²) - mean(x)² loses all its digits where the mean is large.",
        "Backward has three parts: dx̂ itself, its mean over the batch (through μ), and x̂ times the mean of dx̂ x̂ (through σ). "
        "If dx sums up to zero over the batch, you have the second.",
        "dx = (dx̂ - dx̂.mean(axis=0) - x̂ * (dx̂ * x̂).mean(axis=0)) / σ. In the layer x.var(axis=0, ddof=1) is the unbiased variance; "
        "return before anything is stored if not self.training.",
    ),
)  # fmt: skip
