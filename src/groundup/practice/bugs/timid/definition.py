"""The network ends in a softmax, and the loss has one too."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import recorded_steps, some_digits
from groundup.scratch import Linear, accuracy
from groundup.scratch.gradcheck import walk


def measure(module, healthy, seed):
    (x, y), validation = healthy.load(seed)
    rng = np.random.default_rng(seed)
    model = module.network(rng)
    module.train(model, x, y, rng)
    return accuracy(model, *validation)


def probe(module, healthy, seed):
    """A network that is wrong and sure of it must be told so with all force, whatever its layers and its loss are."""
    x, _ = some_digits(healthy, seed)
    rng = np.random.default_rng(seed)
    model = module.network(rng)
    size, planned = (sum(p.size for p in m.parameters()) for m in (model, healthy.network(rng)))
    if size > planned:
        raise AnswerError("larger", f"The network has {size} weights, in the task it had {planned}: leave its size.")
    last = [layer for layer in walk(model) if isinstance(layer, Linear)][-1]
    assert last.bias is not None
    last.weight.data[...], last.bias.data[...] = 0, 0
    last.bias.data[0] = 20  # the network is sure that everything is a 0
    with recorded_steps(hold=True) as steps:
        module.train(model, x, np.ones(len(x), int), rng)  # and everything is a 1
    push = max(-steps[0].gradient[-9], 0.0)  # of the last bias, of class 1
    if push < 0.9:
        raise AnswerError(
            "it is not told",
            "A network that takes each 1 for a 0, and is sure of it (logit 20 against 0), should be pushed back with a "
            f"gradient of 1 at the last layer; it is pushed with {push:.1g}. What is between that layer and the loss?",
        )


BUG = Bug(
    title="Often right, but never sure",
    fault="softmax twice: in the network and in the loss",
    lesson="CrossEntropy takes logits and has the softmax inside. Of probabilities it takes the softmax again: the loss "
    "can't fall below log(1 + 9/e) = 1.46 then, and who is surely wrong hardly gets a gradient.",
    edits=(
        (
            "        scratch.Linear(HIDDEN, 10, rng=rng),\n",
            "        scratch.Linear(HIDDEN, 10, rng=rng),\n        scratch.Softmax(),\n",
        ),
    ),
    here=("scratch.Softmax(),", "loss, optimizer = scratch.CrossEntropy(), scratch.SGD(model.parameters(), lr=LR)"),
    hints=(
        "Let it learn 20 digits by heart: `from groundup.practice import health`; print(health.learns_one_batch(step, 1000)), where "
        "step() takes a step on always the same digits and returns the loss. Nearly all are right then, and the loss is still "
        "above 1.4. It has a floor. Where does it come from?",
        "What does the loss expect? help(scratch.CrossEntropy). And what does it get? "
        "print(health.are_probabilities(model(x))).",
        "The loss takes logits, any numbers, and turns them into probabilities itself. So the network must not.",
    ),
    metric="validation accuracy",
    measure=measure,
    enough=0.70,
    steps=184,
    probe=probe,
)
