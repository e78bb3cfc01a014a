"""The gradients of the steps before are still there."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import (
    Witness,
    cosine,
    labels_of,
    recorded_steps,
    set_weights,
    some_digits,
    validation_accuracy,
)
from groundup.scratch import CrossEntropy, Sequential


def probe(module, healthy, seed):
    """The gradient of every step must be that of its batch."""
    x, y = some_digits(healthy, seed)
    rng = np.random.default_rng(seed)
    witness, model, loss = Witness(), healthy.network(rng), CrossEntropy()
    with recorded_steps(witness) as steps:
        module.train(Sequential(witness, model), x, y, rng)
    for number, step in enumerate(steps[:50], 1):
        set_weights(model, step.weights)
        model.zero_grad()
        loss(model(step.batch), labels_of(x, y, step.batch))
        model.backward(loss.backward())
        own = np.concatenate([p.grad.ravel() for p in model.parameters()])
        if cosine(step.gradient, own) < 0.999:
            raise AnswerError(
                "more than its own gradient",
                f"Step {number} gets a gradient of length {np.linalg.norm(step.gradient):.2f}; that of its batch alone "
                f"has the length {np.linalg.norm(own):.2f} and another direction. What else is in it?",
            )


BUG = Bug(
    title="The loss falls, and then runs away",
    fault="no zero_grad: gradients add up over the steps",
    lesson="backward adds to the gradients, so that a layer may be used twice; each step must start from zero. What gave "
    "it away: the gradient was more than that of its batch.",
    edits=(("            optimizer.zero_grad()\n", ""),),
    here=(
        "losses.append(float(loss(model(batch_x), batch_y)))",
        "model.backward(loss.backward())",
        "optimizer.step()",
    ),
    hints=(
        "Rule out what is right first. print(scratch.check_gradients(network(rng), x[:5])) says whether the network's "
        "gradients are right; `groundup compare CrossEntropy` and `groundup compare SGD` say it of loss and optimizer. What is left?",
        "One batch and the same weights have one gradient. Write gradient(), which does all that the loop does with one batch "
        "but optimizer.step(), and returns model[1].weight.grad.copy(); then `from groundup.practice import health` and "
        "print(health.same_twice(gradient)).",
        "backward never sets the gradients, it adds to them. Who empties them before the next batch?",
    ),
    metric="validation accuracy",
    measure=validation_accuracy,
    enough=0.70,
    steps=184,
    probe=probe,
)
