"""Attention: the weights with a mask, the output, and the way back through product, softmax and product."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def mask_for(rng, queries, keys):
    """Draw a mask, at least 3 by 3: in every row and every column two places are seen and one is hidden.

    One key alone would have the weight 1 and no gradient.
    """
    t, s = rng.permutation(queries)[:, None], rng.permutation(keys)
    m = min(queries, keys)
    seen = (t % m == s % m) | ((t + 1) % m == s % m)
    hidden = (t + 2) % m == s % m
    return (rng.random((queries, keys)) < 0.4) & ~seen | hidden


def weights_case(rng, dtype):
    n = sizes(rng, "NTSDE")
    while min(n["T"], n["S"]) < 3:
        n = sizes(rng, "NTSDE")
    query, key = rng.normal(size=(n["N"], n["T"], n["D"])), rng.normal(size=(n["N"], n["S"], n["D"]))
    mask = mask_for(rng, n["T"], n["S"])
    return Case({"query": query.astype(dtype), "key": key.astype(dtype), "mask": mask}, n)


def large_scores(rng, dtype):
    case = weights_case(rng, dtype)
    return Case({**case.inputs, "query": case.inputs["query"] * dtype(1000)}, case.dims)


def forward_case(rng, dtype):
    case = weights_case(rng, dtype)
    value = rng.normal(size=(case.dims["N"], case.dims["S"], case.dims["E"])).astype(dtype)
    query, key, mask = case.inputs.values()
    return Case({"query": query, "key": key, "value": value, "mask": mask}, case.dims)


def backward_case(rng, dtype):
    case = forward_case(rng, dtype)
    dy = rng.normal(size=(case.dims["N"], case.dims["T"], case.dims["E"])).astype(dtype)
    return Case({"dy": dy, **case.inputs}, case.dims)


def softmax(scores, axis=-1):
    p = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def weights(i, power=-0.5, size="D", hide="before", axis=-1, arrange=lambda key: key.swapaxes(1, 2)):
    """The weights with one thing done differently: the scale, the place of the mask, the axis, how key is turned."""
    length = {"D": i["query"].shape[2], "T": i["query"].shape[1], "S": i["key"].shape[1], "N": len(i["key"])}[size]
    scores = i["query"] @ arrange(i["key"]) * length**power
    if hide == "before":
        return softmax(np.where(i["mask"], -np.inf, scores), axis)
    if hide == "zero":
        return softmax(np.where(i["mask"], 0, scores), axis)
    return softmax(scores, axis) * ~i["mask"]


def reshaped(key):
    return key.reshape(len(key), key.shape[2], key.shape[1])


def backward(i, jacobian="full", axis=-1, scale=("dquery", "dkey"), along=lambda d: d**-0.5):
    """The gradients with one thing done differently: the softmax's, or which of the two products is scaled, and how."""
    p = weights(i)
    dp = i["dy"] @ i["value"].swapaxes(1, 2)
    ds = {
        "full": p * (dp - (p * dp).sum(axis=axis, keepdims=True)),
        "mean": p * (dp - (p * dp).mean(axis=axis, keepdims=True)),
        "unweighted": p * (dp - dp.sum(axis=axis, keepdims=True)),
        "product": p * dp,
        "diagonal": p * (1 - p) * dp,
        "none": dp,
    }[jacobian]
    factor = {name: along(i["query"].shape[-1]) if name in scale else 1 for name in ("dquery", "dkey")}
    return {
        "dquery": ds @ i["key"] * factor["dquery"],
        "dkey": ds.swapaxes(1, 2) @ i["query"] * factor["dkey"],
        "dvalue": p.swapaxes(1, 2) @ i["dy"],
    }


def weights_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: {"weights": weights(i, **changes)})


def back_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: backward(i, **changes))


HOW = "A hidden key has the score -∞, and then the softmax: e^-∞ = 0."

EXERCISE = Exercise(
    title="Attention",
    parts=(
        Part("attention_weights", weights_case, ("weights",), slips=(
            weights_slip("scale forgotten", "The scores are not divided by √D: the width of a query and a key.", power=0),
            weights_slip("multiplied by √D", "The scores are multiplied by √D. They are divided by it.", power=0.5),
            weights_slip("divided by D", "The scores are divided by D. It is the root, √D.", power=-1),
            *(weights_slip("root of another size", f"The scores are divided by √{size}. It is √D: D numbers are added up in each "
                           "product.", size=size) for size in "NTS"),
            weights_slip("mask filled with 0", f"Hidden keys have the score 0, and e⁰ is 1, not 0. {HOW}", hide="zero"),
            weights_slip("mask after the softmax", "Hidden keys are cleared after the softmax: the rows no longer sum to 1. "
                         f"{HOW}", hide="after"),
            weights_slip("softmax axis", "The softmax runs over the queries: each column sums to 1. It runs over the keys, the "
                         "last axis, so that each query shares out one whole.", axis=1),
            weights_slip("softmax axis", "All shares of an example together sum to 1: each row must, that is each query for itself.",
                         axis=(1, 2)),
            weights_slip("reshaped, not transposed", "key is reshaped to (N, D, S), which refills it row by row. Exchange its axes: "
                         "key.transpose(0, 2, 1).", arrange=reshaped),
            Slip("not normalised", "These are the scores: the softmax is missing.",
                 lambda i: {"weights": i["query"] @ i["key"].swapaxes(1, 2) * i["query"].shape[-1] ** -0.5}),
        )),
        Part("attention_weights", large_scores, ("weights of large scores",)),
        Part("attention_forward", forward_case, ("y",), slips=(
            Slip("softmax forgotten", "The values are weighted with the scores: with the softmax of them, attention_weights.",
                 lambda i: {"y": i["query"] @ i["key"].swapaxes(1, 2) * i["query"].shape[-1] ** -0.5 @ i["value"]}),
        )),
        Part("attention_backward", backward_case, ("dquery", "dkey", "dvalue"), slips=(
            back_slip("sum of the row forgotten", "{name} goes through the softmax by p dp alone: every share lowers the others, "
                      "so subtract the sum of p dp over the row.", jacobian="product"),
            back_slip("p (1 - p)", "{name} goes through the softmax by p (1 - p), the slope of a share at its own score. It moves "
                      "with all scores of its row: ds = p (dp - sum of p dp over the row).", jacobian="diagonal"),
            back_slip("softmax's gradient forgotten", "{name} is made with dp, the gradient of the weights. The softmax comes "
                      "between: ds = p (dp - sum of p dp over the row).", jacobian="none"),
            back_slip("sum of dp without p", "What is subtracted from dp is its sum over the row, each dp times its p.",
                      jacobian="unweighted"),
            back_slip("mean for the sum", "What is subtracted from dp is the sum of p dp over the row, not its mean.",
                      jacobian="mean"),
            back_slip("softmax axis", "The sum of p dp runs over the queries: it runs over the keys, as the softmax did.", axis=1),
            back_slip("scale forgotten", "The √D of the scores is missing on the way back: {name} is divided by it too.", scale=()),
            back_slip("divided by D", "{name} is divided by D, the root taken twice: on the way back each is divided by √D once.",
                      along=lambda d: 1 / d),
        )),
    ),
    hints=(
        "query @ key.transpose(0, 2, 1) has the shape (N, T, S). np.where(mask, -np.inf, scores) hides.",
        "Every sum of the softmax runs over the last axis, with keepdims=True. 7 ** 0.5 is a plain number, np.sqrt(7) a "
        "float64.",
        "Backwards: call attention_weights again for p; dvalue = p.transpose(0, 2, 1) @ dy; dp = dy @ value.transpose(0, 2, 1); "
        "ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True)); then two products, both divided by √D.",
    ),
)  # fmt: skip
