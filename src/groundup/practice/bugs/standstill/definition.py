"""The learning rate shrinks after every step instead of after every epoch."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import recorded_steps, some_digits, validation_accuracy


def probe(module, healthy, seed):
    """The learning rate must stay within an epoch, and be DECAY times as large in the next."""
    x, y = some_digits(healthy, seed)
    rng = np.random.default_rng(seed)
    with recorded_steps() as steps:
        module.train(healthy.network(rng), x, y, rng)
    epoch = -(-len(x) // healthy.BATCH)
    for number, step in enumerate(steps):
        planned = steps[0].lr * healthy.DECAY ** (number // epoch)
        if abs(step.lr - planned) > 1e-6 * planned:
            raise AnswerError(
                "not the plan",
                f"The learning rate begins with {steps[0].lr:g}. In step {number + 1}, that is in epoch "
                f"{number // epoch + 1}, it is {step.lr:.2g}; by the plan in the docstring it would be {planned:.2g}.",
            )


BUG = Bug(
    title="After a moment, nothing moves",
    fault="learning rate: it shrinks after every step instead of every epoch",
    lesson="Print the learning rate that is used, not the one that was set. A healthy step moves the weights by about a "
    "thousandth of their size; these moved by nothing.",
    edits=(("\n        optimizer.lr *= DECAY", "\n            optimizer.lr *= DECAY"),),
    here=("optimizer.lr *= DECAY",),
    hints=(
        "Is it the gradient that is gone, or the step? `from groundup.practice import health`; print(health.gradients(model)) "
        "before a late step: there is a gradient.",
        "print(health.moves(model, optimizer.step)) instead of optimizer.step(), in the first step and in the last: how far "
        "does each weight move? A step is the learning rate times the gradient; which of the two is it?",
        "Print optimizer.lr in each epoch, and see how far that line is indented.",
    ),
    metric="validation accuracy",
    measure=validation_accuracy,
    enough=0.75,
    steps=138,
    probe=probe,
)
