"""Softmax and cross-entropy: stable at large scores, and a gradient short enough to remember."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def scores(rng, dtype):
    n = sizes(rng, "NK")
    return Case({"logits": rng.normal(scale=3, size=(n["N"], n["K"])).astype(dtype)}, n)


def large_scores(rng, dtype):
    case = scores(rng, dtype)
    return Case({"logits": case.inputs["logits"] * dtype(300)}, case.dims)


def labelled(rng, dtype):
    case = scores(rng, dtype)
    labels = rng.integers(case.dims["K"], size=case.dims["N"])
    return Case({**case.inputs, "labels": labels}, case.dims)


def labelled_large(rng, dtype):
    case = labelled(rng, dtype)
    return Case({**case.inputs, "logits": case.inputs["logits"] * dtype(300)}, case.dims)


def p(logits, axis=1):
    e = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def one_hot(inputs):
    return np.eye(inputs["logits"].shape[1], dtype=inputs["logits"].dtype)[inputs["labels"]]


WRONG_AXIS = "The softmax runs over the batch (axis 0): each column sums to 1. It must run over the classes, axis 1."

EXERCISE = Exercise(
    title="Softmax and cross-entropy",
    parts=(
        Part("softmax", scores, ("probabilities",), slips=(
            Slip("softmax axis", WRONG_AXIS, lambda i: {"probabilities": p(i["logits"], axis=0)}),
            Slip("softmax axis", "The sum runs over the whole batch: all rows together sum to 1, instead of each row.",
                 lambda i: {"probabilities": np.exp(i["logits"]) / np.exp(i["logits"]).sum()}),
            Slip("not normalised", "These are exp(logits), not yet divided by their sum.",
                 lambda i: {"probabilities": np.exp(i["logits"])}),
            Slip("not normalised", "These are exp(logits - max), not yet divided by their sum.",
                 lambda i: {"probabilities": np.exp(i["logits"] - i["logits"].max(axis=1, keepdims=True))}),
        )),
        Part("softmax", large_scores, ("probabilities of large scores",)),
        Part("cross_entropy", labelled, ("loss",), slips=(
            Slip("softmax axis", WRONG_AXIS,
                 lambda i: {"loss": -np.log(p(i["logits"], axis=0)[one_hot(i) == 1]).mean()}),
            Slip("softmax twice", "The softmax was applied twice: to the logits, and again to the probabilities.",
                 lambda i: {"loss": -np.log(p(p(i["logits"]))[one_hot(i) == 1]).mean()}),
            Slip("mean over classes too", "The mean runs over all N K numbers, of which only N are not zero: it is K "
                 "times too small. Take the log-probability of the true class alone, then the mean over N.",
                 lambda i: {"loss": -(np.log(p(i["logits"])) * one_hot(i)).mean()}),
        )),
        Part("cross_entropy", labelled_large, ("loss at large scores",)),
        Part("cross_entropy_backward", labelled, ("dlogits",), slips=(
            Slip("one-hot missing", "The one-hot labels were not subtracted: this is p / N.",
                 lambda i: {"dlogits": p(i["logits"]) / len(i["labels"])}),
            Slip("softmax axis", WRONG_AXIS,
                 lambda i: {"dlogits": (p(i["logits"], axis=0) - one_hot(i)) / len(i["labels"])}),
            Slip("softmax twice", "The softmax was applied twice: to the logits, and again to the probabilities.",
                 lambda i: {"dlogits": (p(p(i["logits"])) - one_hot(i)) / len(i["labels"])}),
        )),
        Part("cross_entropy_backward", labelled_large, ("dlogits at large scores",)),
    ),
    hints=(
        "keepdims=True keeps the axis that was reduced with length 1, so that the division lines up with the rows.",
        "logits[np.arange(N), labels] picks one number from each row: the one of the true class.",
        "For the gradient: start from softmax(logits), subtract 1 at the true classes, divide by N.",
    ),
)  # fmt: skip
