"""An embedding: words that stand in several places collect the gradients of all of them."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def sentences(rng, n, padding):
    """Draw word numbers (N, T) in which a word stands twice, the padding at least once, and the last word never."""
    indices = rng.integers(n["V"] - 1, size=(n["N"], n["T"]))
    others = [v for v in range(1, n["V"] - 1) if v != padding]
    indices[0, 0] = indices[-1, -1] = rng.choice(others)  # at the ends, so that there is a place between
    indices[-1, 0] = padding
    return indices


def a_vocabulary(rng):
    """Sizes with at least 5 words: 0, one that stands twice, the padding, and one that stands nowhere."""
    n = sizes(rng, "NTVD")
    return n if n["V"] >= 5 else a_vocabulary(rng)


def lookup_case(rng, dtype):
    n = a_vocabulary(rng)
    weight = rng.normal(size=(n["V"], n["D"])).astype(dtype)
    return Case({"indices": sentences(rng, n, padding=1), "weight": weight}, n)


def backward_case(rng, dtype):
    n = a_vocabulary(rng)
    padding = int(rng.integers(1, n["V"] - 1))
    dy = rng.normal(size=(n["N"], n["T"], n["D"])).astype(dtype)
    indices = sentences(rng, n, padding)
    indices[0, -1] = 0  # so that a padding taken to be word 0 shows
    return Case({"dy": dy, "indices": indices, "rows": n["V"], "padding": padding}, n)


def layer_case(rng, dtype):
    case = backward_case(rng, dtype)
    n, padding = case.dims, case.inputs["padding"]
    weight = rng.normal(size=(n["V"], n["D"])).astype(dtype)
    dy = rng.normal(size=(2, n["N"], n["T"], n["D"])).astype(dtype)
    again = sentences(rng, n, padding)
    return Case(
        {"indices": case.inputs["indices"], "again": again, "weight": weight, "padding": padding, "dy": dy}, case.dims
    )


def use_layer(module, inputs):
    """One pass forward and backward, and a second one: the gradients of both must add up."""
    layer = module.Embedding(inputs["weight"], inputs["padding"])
    y = layer.forward(inputs["indices"])
    layer.backward(inputs["dy"][0])
    dweight = layer.dweight.copy()
    layer.forward(inputs["again"])
    layer.backward(inputs["dy"][1])
    return {"y": y, "dweight": dweight, "dweight after a second pass": layer.dweight}


def gradient(i, how="sum", padding=None):
    """The gradient of the table, with one thing done differently: what the learner may have written."""
    dweight = np.zeros((i["rows"], i["dy"].shape[-1]))
    for v in range(i["rows"]):
        places = i["dy"][i["indices"] == v]
        if len(places):
            dweight[v] = {
                "sum": places.sum(axis=0),
                "mean": places.mean(axis=0),
                "last": places[-1],
                "first": places[0],
            }[how]
    dweight[i["padding"] if padding is None else padding] = 0
    return {"dweight": dweight}


def padding_trained(i):
    none = {**i, "rows": i["rows"] + 1, "padding": i["rows"]}
    return {"dweight": gradient(none)["dweight"][:-1]}


def in_the_layer(i):
    """What the layer collects from its first pass if the padding is trained."""
    return padding_trained(
        {"dy": i["dy"][0], "indices": i["indices"], "rows": len(i["weight"]), "padding": i["padding"]}
    )


def hidden(i):
    return {"y": i["weight"][i["indices"]] * (i["indices"] != i["padding"])[..., None]}


EXERCISE = Exercise(
    title="An embedding, and rows that are used twice",
    parts=(
        Part("embedding_forward", lookup_case, ("y",), slips=(
            Slip("no axis", "np.take without an axis counts through all numbers of the table. Rows are wanted: axis=0, or "
                 "weight[indices].", lambda i: {"y": np.take(i["weight"], i["indices"])}),
        )),
        Part("embedding_backward", backward_case, ("dweight",), slips=(
            Slip("repeats lost", "A word that stands in several places has got the gradient of the last of them alone: NumPy "
                 "carries out a[indices] += b once for each row, however often it is named. np.add.at adds every time.",
                 lambda i: gradient(i, how="last")),
            Slip("repeats lost", "A word that stands in several places has got the gradient of the first of them alone: they add up.",
                 lambda i: gradient(i, how="first")),
            Slip("averaged over the places", "A word that stands in several places has got the mean of their gradients: they "
                 "add up.", lambda i: gradient(i, how="mean")),
            Slip("padding trained", "The row of the padding has a gradient. It fills up short sentences and must stay as it "
                 "is: set its row to zero.", padding_trained),
            Slip("padding is not 0", "Row 0 is zero, but the padding is the word whose number is given as padding.",
                 lambda i: gradient(i, padding=0)),
        )),
        Part("Embedding", layer_case, ("y", "dweight", "dweight after a second pass"), run=use_layer, slips=(
            Slip("padding hidden", "The padding's vectors come out as zeros. It is looked up as any other word; only its "
                 "gradient is zero.", hidden),
            Slip("padding trained", "The row of the padding has collected a gradient: it must stay as it is.", in_the_layer),
        )),
    ),
    hints=(
        "An array of whole numbers as an index picks rows: weight[indices] has the shape of indices, and D behind it.",
        "Which places does word v have? A loop over them is a good first answer: dweight[indices[n, t]] += dy[n, t].",
        "np.add.at(dweight, indices, dy) is that loop in one line. Then dweight[padding] = 0, and the layer adds with +=.",
    ),
)  # fmt: skip
