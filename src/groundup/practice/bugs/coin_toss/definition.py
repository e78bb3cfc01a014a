"""The digits are shuffled, their labels are not."""

from unittest.mock import patch

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import Witness, labels_of, some_digits, validation_accuracy
from groundup.scratch import CrossEntropy, Sequential


def probe(module, healthy, seed):
    """Every digit that reaches the network must come with the label that it has."""
    x, y = some_digits(healthy, seed)
    rng = np.random.default_rng(seed)
    witness, labels, real = Witness(), [], CrossEntropy.forward

    def forward(self, logits, given):
        labels.append(np.array(given))
        return real(self, logits, given)

    with patch.object(CrossEntropy, "forward", forward):
        module.train(Sequential(witness, healthy.network(rng)), x, y, rng)
    given, own = np.concatenate(labels), labels_of(x, y, np.concatenate(witness.seen))
    wrong = np.flatnonzero(given != own)
    if len(wrong):
        raise AnswerError(
            "labels of others",
            f"Of {len(own)} digits shown to the network {len(wrong)} came with a label that is not theirs, such as a "
            f"{own[wrong[0]]} that was called {given[wrong[0]]}.",
        )


BUG = Bug(
    title="Whatever it learns from, it guesses",
    fault="shuffled labels: inputs are shuffled without their labels",
    lesson="Inputs and labels are one thing in two arrays: give both the same order, or shuffle places and look both up. "
    "What gave it away: chance accuracy on the training data themselves, and rows whose label is another's.",
    edits=(("x, y = x[order], y[order]", "x = x[order]"),),
    here=("order = rng.permutation(len(x))", "x = x[order]"),
    hints=(
        "Does it learn at all? `from groundup.practice import health` and print(health.learns_one_batch(step)), where "
        "step() takes a step on always the same 32 digits and returns the loss. It does: so network, loss and optimizer "
        "are right. What is different when there are many batches?",
        "Look at what reaches the network: print(health.keeps_its_label(x0, y0, batch_x, batch_y)), with x0, y0 the data as "
        "load gave them.",
        "After order = ... the digits stand in a new order. In which order do the labels stand?",
    ),
    metric="validation accuracy",
    measure=validation_accuracy,
    enough=0.70,
    steps=184,
    probe=probe,
)
