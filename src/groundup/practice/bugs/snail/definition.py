"""The mean is taken over N K numbers, of which only N are losses."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.diagnosis import explain_gradient
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import validation_accuracy


def probe(module, healthy, seed):
    """Loss and gradient must be the right ones, on unequal shapes."""
    rng = np.random.default_rng(seed)
    for n, k in ((7, 5), (3, 11)):
        logits, labels = rng.normal(size=(n, k)), rng.integers(k, size=n)
        start = float(module.cross_entropy(np.zeros((n, k)), labels)[0])
        if abs(start - np.log(k)) > 1e-6:
            raise AnswerError(
                "loss at the start",
                f"Where all {k} classes have the same probability, the loss is log({k}) = {np.log(k):.3f}; "
                f"cross_entropy says {start:.3f}.",
            )
        loss, dlogits = module.cross_entropy(logits, labels)
        right_loss, right = healthy.cross_entropy(logits, labels)
        if abs(float(loss) - right_loss) > 1e-6:
            raise AnswerError(
                "another loss",
                f"cross_entropy says {float(loss):.4f} for random logits where {right_loss:.4f} is right.",
            )
        found = explain_gradient(dlogits, right, dims={"N": n, "K": k}, name="dlogits")
        if found.cause != "right":
            raise AnswerError("its gradient", f"The loss is right, its gradient is not. {found.message}")


BUG = Bug(
    title="It learns, but like a snail",
    fault="wrong loss reduction: mean over N K numbers instead of N examples",
    lesson="A loss of K classes starts near log(K), whatever the data are: compare the first loss with it, always. A "
    "larger learning rate would have hidden the fault until the next number of classes.",
    edits=(
        ("    loss = -(right * log_p).sum(axis=1).mean()\n", "    loss = -(right * log_p).mean()\n"),
        ("(np.exp(log_p) - right) / len(right)", "(np.exp(log_p) - right) / right.size"),
    ),
    here=("loss = -(right * log_p).mean()", "return loss, (np.exp(log_p) - right) / right.size"),
    hints=(
        "Look at the first number that is printed. What does a network say that knows nothing, and what is its loss? "
        "`from groundup.practice import health`; print(health.starting_loss(losses[0], classes=10)).",
        "The gradient fits the loss (finite differences would agree). Then the loss itself is not the one that the "
        "docstring promises: print((right * log_p).shape). How many of these numbers are losses?",
        "right * log_p holds N K numbers, all zero but one in each row. The mean is over N examples: add up each row first. "
        "And the gradient divides by the same N.",
    ),
    metric="validation accuracy",
    measure=validation_accuracy,
    enough=0.70,
    steps=230,
    probe=probe,
)
